#!/usr/bin/env bash
# Measures this project and its peers side by side on one GPU, alternating, and collects the figures.
#   tests/bench/gpu/run.sh OUT_DIR [--bin DIR]     OUT_DIR gets log.jsonl and <card>.json
# Without --bin the benches are compiled first (build.sh). Peers need PyTorch; without it they are left out. With MOA set
# to the program, profiles of a 7B shape are measured too, beside the published method.
set -uo pipefail
cd "$(dirname "$0")/../../.."
out=$1
bin=$out/build
[ "${2:-}" = --bin ] && bin=$3 || tests/bench/gpu/build.sh "$bin" decode_bench prefill_bench backward_bench heatmap_bench
log=$out/log.jsonl
mkdir -p "$out" && : >"$log"
# note NAME COMMAND…: every JSON line of the command, marked with who measured it.
note() {
    local who=$1
    shift
    "$@" 2>>"$out/errors.txt" | sed "s/^{/{\"by\": \"$who\", /" | tee -a "$log"
}
peer=(python3 tests/bench/gpu/peers/sparse_peers.py)
cases=(4096:0:1 8192:0:1 16384:0:1 4096:0:0.5 8192:0:0.5 16384:0:0.5 4096:0:0.25 8192:0:0.25)
peer_cases=(30:4096:1 15:8192:1 7:16384:1 60:4096:0.5 30:8192:0.5 14:16384:0.5 116:4096:0.25 56:8192:0.25)
python3 -c 'import torch' 2>/dev/null && has_peer=1 || has_peer=0
for round in 1 2; do
    note moa "$bin/decode_bench" "${cases[@]}"
    [ $has_peer = 1 ] && note torch "${peer[@]}" decode "${peer_cases[@]}"
done
note moa "$bin/decode_bench" 4096:1:1 4096:1:0.5 16384:1:0.5 131072:1:0.5 4096:0:0.5:five 8192:0:0.5:five 4096:0:0.5:mixed \
    4096:8:1 4096:8:0.5 4096:30:1 4096:30:0.5
note moa "$bin/heatmap_bench" 32768:1024 131072:1024 8192:1024
prefill=(8192:128:1 8192:128:0.5 8192:128:0.25 16384:128:1 16384:128:0.5 16384:128:0.25 32768:128:1 32768:128:0.5 32768:128:0.25)
note moa "$bin/prefill_bench" "${prefill[@]}" 8192:64:1 8192:128:1:portable whole:4096 whole:16384
if [ $has_peer = 1 ]; then
    note torch "${peer[@]}" prefill
    note moa "$bin/prefill_bench" "${prefill[@]}"
    note torch "${peer[@]}" prefill 8192
fi
note moa "$bin/backward_bench" 2048:128 4096:128 8192:128 8192:64 8192:128:4
if [ -n "${MOA:-}" ]; then
    profile() {
        "$MOA" bench profile --shape llama-7b --context "$1" --device cuda --json --no-db | tr -d '\n'
        echo
    }
    for n in 2048 4096 8192 32768 131072; do note moa profile $n; done
    [ $has_peer = 1 ] && note torch python3 tests/bench/gpu/peers/published_profile.py
fi
python3 tests/bench/gpu/collect.py "$log" "$out"
