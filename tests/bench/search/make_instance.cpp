// Writes a synthetic search instance as JSON for `moa search --tables`:
//   make_search_instance SHAPE SEED FILE, e.g. llama-7b 1 instance.json
#include "engine/core/error.h"
#include "engine/plan/tables_file.h"
#include "engine/search/synthetic_instance.h"

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: make_search_instance SHAPE SEED FILE\n");
        return 2;
    }
    try {
        const moa::SearchInstance made =
            moa::syntheticInstance(moa::syntheticShape(argv[1]), std::stoull(argv[2]));
        moa::writeSearchTables(argv[3], {made.layers, made.kvHeads, made.rules, made.lengths,
                                         made.extraDensityLengths, made.loss, made.density});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "make_search_instance: %s\n", e.what());
        return 1;
    }
    return 0;
}
