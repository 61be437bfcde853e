#!/usr/bin/env bash
# Peak memory and time of `moa profile` on the embedded model, one process per length, as JSON lines.
#   tests/bench/profile_memory.sh [MOA] [LENGTH…]      default: build/release/bin/moa 1024 2048 4096
set -euo pipefail
moa=${1:-build/release/bin/moa}
shift || true
[ $# -gt 0 ] || set -- 1024 2048 4096
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for length in "$@"; do
    "$moa" profile moa-tiny -o "$folder/$length.profile" --lengths "$length" --samples 2 --json --quiet --no-db |
        tr -d '\n' | sed -E "s/.*\"peak_bytes\": ?([0-9]+).*\"seconds_per_sample\": ?\{[^:]*: ?([0-9.]+).*/{\"length\": $length, \"peak_bytes\": \1, \"seconds_per_sample\": \2}/"
    echo
done
