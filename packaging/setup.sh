# Shared by run.sh and test.sh (sourced, not run): their common flags, system packages, configure and build.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install=yes
assume_yes=no
extra_arguments=()

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# parse_arguments "$@": takes --no-install and --yes, leaves the rest in extra_arguments.
parse_arguments() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --no-install) install=no ;;
            --yes) assume_yes=yes ;;
            --) shift; extra_arguments+=("$@"); return ;;
            *) extra_arguments+=("$1") ;;
        esac
        shift
    done
}

# packages NEED…: names from dependencies.txt for this system.
packages() {
    local column=2
    if grep -qs '^ID=ubuntu$' /etc/os-release; then column=3; fi
    awk -v needs=" $* " -v column="$column" \
        '!/^#/ && NF && index(needs, " " $1 " ") { print ($column == "=" ? $2 : $column) }' \
        packaging/dependencies.txt
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NEED…: installs what is missing through apt, asking once where somebody can answer.
install_packages() {
    [ "$install" = yes ] || return 0
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "This system has no apt. Install the counterparts of packaging/dependencies.txt, then use --no-install."
    local missing=() name
    for name in $(packages "$@"); do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "Missing packages. As root: apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    say "Packages to install with apt: ${missing[*]}"
    if [ "$assume_yes" = no ] && [ -t 0 ] && [ -t 2 ]; then
        local answer
        read -r -p "Install them now? [Y/n] " answer
        case "$answer" in [nN]*) die "Nothing installed. Use --no-install on a machine that is ready." ;; esac
    fi
    "${as_root[@]}" apt-get -q update >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}" >&2
}

# build PRESET [CMAKE_OPTION…]: configures and builds a preset of CMakePresets.json.
build() {
    local preset=$1
    shift
    say "Building preset $preset"
    cmake --preset "$preset" "$@" >&2 || return 1 # a caller that tests the outcome turns off `set -e`
    cmake --build --preset "$preset" >&2
}
