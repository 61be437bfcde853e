#!/usr/bin/env bash
# Sets everything up on a bare Debian 12 or Ubuntu 24.04 and does the main job: `moa demo` on the embedded model.
#
#   ./packaging/run.sh [--yes] [--no-install] [arguments of moa demo …]
#
# --yes         install missing packages without asking
# --no-install  never call apt: the machine is ready
. "$(dirname "$0")/setup.sh"

parse_arguments "$@"
install_packages run
build release -DMOA_TESTS=OFF
say "moa demo"
exec build/release/bin/moa demo ${extra_arguments[@]+"${extra_arguments[@]}"}
