#include "app/cli/sampling_options.h"

namespace moa::cli {

void addSamplingOptions(CLI::App& command, SamplingOptions& options) {
    const std::string group = "Sampling (greedy unless --temperature is above 0)";
    command.add_option("--temperature", options.temperature, "flatter above 1, sharper below")
        ->group(group)
        ->check(CLI::Range(0.0, 100.0));
    command.add_option("--top-k", options.topK, "only the k most likely tokens; 0: all")
        ->group(group)
        ->check(CLI::Range(0, 1 << 26));
    command.add_option("--top-p", options.topP, "only the likeliest tokens that make up this probability")
        ->group(group)
        ->check(CLI::Range(0.0, 1.0));
    command
        .add_option("--min-p", options.minP, "only tokens with this share of the likeliest one's probability")
        ->group(group)
        ->check(CLI::Range(0.0, 1.0));
}

Json samplingJson(const SamplingOptions& options) {
    return {{"temperature", options.temperature},
            {"top_k", options.topK},
            {"top_p", options.topP},
            {"min_p", options.minP}};
}

} // namespace moa::cli
