#!/usr/bin/env bash
# Sets everything up on a bare Debian 12 or Ubuntu 24.04 and does the main job: with a display the workbench opens on
# the embedded model, without one `moa demo` runs and the workbench shows itself in pictures.
#
#   ./packaging/run.sh [--yes] [--no-install] [arguments …]
#
# --yes         install missing packages without asking
# --no-install  never call apt: the machine is ready
# Other arguments go to the program: moa-workbench with a display, moa demo without.
. "$(dirname "$0")/setup.sh"

parse_arguments "$@"
install_packages run
build release -DMOA_TESTS=OFF
programs=build/release/bin
if [ -x $programs/moa-workbench ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "moa-workbench"
    exec $programs/moa-workbench --demo ${extra_arguments[@]+"${extra_arguments[@]}"}
fi
say "moa demo"
$programs/moa demo ${extra_arguments[@]+"${extra_arguments[@]}"}
if [ -x $programs/moa-workbench ]; then
    say "moa-workbench --tour moa-tour: pictures of the workbench, since there is no display"
    $programs/moa-workbench --tour moa-tour
    say "Pictures and timings are in moa-tour"
fi
