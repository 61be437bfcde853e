#!/usr/bin/env bash
# Sets everything up like run.sh, then runs every test: the release build, then the quick tests once more
# under the address and undefined-behaviour sanitizers.
#
#   ./packaging/test.sh [--yes] [--no-install] [arguments of ctest …]
#
# With CI set in the environment, warnings are errors.
. "$(dirname "$0")/setup.sh"

parse_arguments "$@"
install_packages run test

options=(-DMOA_TESTS=ON "-DMOA_WERROR=$([ -n "${CI:-}" ] && echo ON || echo OFF)")
jobs=$(nproc)
summary=()
failed=0

# stage NAME COMMAND…: runs it, notes how it ended and how long it took; later stages run all the same.
stage() {
    local name=$1 started=$SECONDS outcome=passed
    shift
    "$@" || { outcome=FAILED; failed=1; }
    summary+=("$(printf '%-28s %-7s %4d s' "$name" "$outcome" $((SECONDS - started)))")
}

tests() {
    local preset=$1
    shift
    say "Testing preset $preset"
    ctest --preset "$preset" --parallel "$jobs" "$@" ${extra_arguments[@]+"${extra_arguments[@]}"}
}

stage "fetch smollm2" ./packaging/fetch-model.sh smollm2
stage "build release" build release "${options[@]}"
stage "test release" tests release
# The sanitizers check the engine; the GPU and the window have runs of their own (CONTRIBUTING.md). Warnings were errors
# above: instrumented code makes GCC see some that are not there.
stage "build asan" build asan -DMOA_TESTS=ON -DMOA_WERROR=OFF -DMOA_GUI=OFF -DMOA_CUDA=OFF
stage "test asan (without slow)" tests asan --label-exclude '^(slow|gpu)$'

say "Summary"
printf '%s\n' "${summary[@]}"
exit $failed
