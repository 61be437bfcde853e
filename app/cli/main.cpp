// `moa`: the headless program. Everything is in program.h.
#include "app/cli/cancel_signal.h"
#include "app/cli/program.h"

int main(int argc, char** argv) {
    moa::cli::CancelSignal cancel;
    return moa::cli::runProgram({argv + 1, argv + argc}, cancel);
}
