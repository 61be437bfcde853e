#!/usr/bin/env bash
# Makes one relocatable tar.xz of the programs and what they need, to run on another x86-64 Linux machine with nothing
# installed but (for the GPU) the NVIDIA driver and the CUDA runtime libraries. glibc and libstdc++ are the machine's.
#
#   ./packaging/bundle.sh [BUILD_FOLDER] [FILE.tar.xz]     default: build/release moa-workbench-bundle.tar.xz
#
# Unpack it anywhere and start bin/moa or bin/moa-workbench: small scripts that set the paths.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-build/release}
target=${2:-moa-workbench-bundle.tar.xz}
[ -x "$build/bin/moa" ] || { echo "bundle.sh: $build/bin/moa is not there; build first" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/moa-workbench
mkdir -p "$root"/{bin,programs,lib,plugins/platforms,fonts,share}

# Libraries of the machine, its driver and the CUDA runtime stay out.
left_out='/(ld-linux|libc|libm|libdl|librt|libpthread|libresolv|libstdc\+\+|libgcc_s|libcuda|libcudart|libnvidia[a-z-]*|libcublas|libcublasLt)[.-]'
copy_libraries() {
    ldd "$@" 2>/dev/null | awk '/=> \// { print $3 }' | sort -u | { grep -Ev "$left_out" || true; } | while read -r library; do
        cp -Lu "$library" "$root/lib/"
    done
}

for program in moa moa-workbench libmoa_cuda.so; do
    [ -e "$build/bin/$program" ] || continue
    cp "$build/bin/$program" "$root/programs/"
    strip "$root/programs/$program"
    copy_libraries "$build/bin/$program"
done
if [ -e "$build/bin/moa-workbench" ]; then
    plugins=$(qmake6 -query QT_INSTALL_PLUGINS 2>/dev/null || echo /usr/lib/x86_64-linux-gnu/qt6/plugins)
    for plugin in offscreen minimal xcb; do
        [ -e "$plugins/platforms/libq$plugin.so" ] || continue
        cp "$plugins/platforms/libq$plugin.so" "$root/plugins/platforms/"
        copy_libraries "$plugins/platforms/libq$plugin.so"
    done
    cp /usr/share/fonts/truetype/dejavu/DejaVuSans{,-Bold,Mono}.ttf "$root/fonts/"
    for face in Regular Medium SemiBold; do
        font=/usr/share/fonts/opentype/inter/Inter-$face.otf
        if [ -e "$font" ]; then cp "$font" "$root/fonts/"; fi
    done
fi
cp -r resources/models resources/texts resources/README.md "$root/share/"
cp LICENSE README.md "$root/"

cat > "$root/share/fonts.conf.in" <<'CONF'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>@ROOT@/fonts</dir><dir>/usr/share/fonts</dir><cachedir prefix="xdg">moa-workbench-fonts</cachedir></fontconfig>
CONF
cat > "$root/bin/start" <<'START'
#!/bin/sh
# Sets the paths of the bundle and starts the program of the link's name.
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
state=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/moa-workbench-bundle
mkdir -p "$state" 2>/dev/null || state=$(mktemp -d)
sed "s#@ROOT@#$root#" "$root/share/fonts.conf.in" > "$state/fonts.conf"
export LD_LIBRARY_PATH="$root/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export QT_PLUGIN_PATH="$root/plugins" FONTCONFIG_FILE="$state/fonts.conf" MOA_RESOURCES="$root/share"
exec "$root/programs/$(basename "$0")" "$@"
START
chmod +x "$root/bin/start"
for program in moa moa-workbench; do
    if [ -e "$root/programs/$program" ]; then ln -s start "$root/bin/$program"; fi
done

tar -C "$work" -cJf "$target" moa-workbench
printf '%s: %s MiB\n' "$target" "$(($(stat -c %s "$target") / 1048576))"
