// See hf_rope.h.
#include "engine/loader/hf_rope.h"

#include "engine/loader/hf_numbers.h"
#include "engine/loader/rope_scaling.h"

namespace moa {

namespace {

void refusePartial(const JsonView& json) {
    if (const auto part = json.find("partial_rotary_factor"); part && part->number() != 1.0)
        part->fail("expected 1: partial rotary embeddings are not supported");
}

/// Tokens of the context before it was stretched: in the scaling, or in the config itself.
double originalContext(const JsonView& root, const JsonView& scaling, const ModelConfig& config) {
    for (const JsonView* json : {&scaling, &root})
        if (const auto value = json->find("original_max_position_embeddings"))
            return static_cast<double>(value->integer(1, 1 << 24));
    return config.context;
}

std::vector<double> divisorsAt(const JsonView& scaling, const char* key, int headDim) {
    const JsonView list = scaling.at(key);
    if (list.size() != static_cast<std::size_t>(headDim / 2))
        list.fail("expected " + std::to_string(headDim / 2) + " numbers, found " + std::to_string(list.size()));
    std::vector<double> divisors;
    for (std::size_t i = 0; i < list.size(); ++i) {
        divisors.push_back(list[i].number());
        if (!(divisors.back() > 0)) list[i].fail("expected a positive number");
    }
    return divisors;
}

void readLlama3(const JsonView& scaling, ModelConfig& config) {
    const Llama3Scaling s{positiveAt(scaling, "factor"), positiveAt(scaling, "low_freq_factor"),
                          positiveAt(scaling, "high_freq_factor"),
                          static_cast<double>(scaling.at("original_max_position_embeddings").integer(1, 1 << 24))};
    if (s.highFrequency <= s.lowFrequency) scaling.at("high_freq_factor").fail("expected more than low_freq_factor");
    config.ropeDivisors = llama3Divisors({config.ropeTheta, config.headDim}, s);
}

void readYarn(const JsonView& root, const JsonView& scaling, ModelConfig& config) {
    YarnScaling s;
    s.factor = positiveAt(scaling, "factor");
    s.originalContext = originalContext(root, scaling, config);
    s.fastTurns = positiveOr(scaling, "beta_fast", s.fastTurns);
    s.slowTurns = positiveOr(scaling, "beta_slow", s.slowTurns);
    if (const auto truncate = scaling.find("truncate")) s.truncate = truncate->flag();
    config.ropeDivisors = yarnDivisors({config.ropeTheta, config.headDim}, s);
    const bool both = scaling.find("mscale") && scaling.find("mscale_all_dim");
    const double byScale = both ? yarnAmplitude(s.factor, positiveAt(scaling, "mscale")) /
                                      yarnAmplitude(s.factor, positiveAt(scaling, "mscale_all_dim"))
                                : yarnAmplitude(s.factor);
    config.ropeAmplitude = positiveOr(scaling, "attention_factor", byScale);
}

void readLongRope(const JsonView& root, const JsonView& scaling, ModelConfig& config) {
    config.ropeDivisors = divisorsAt(scaling, "short_factor", config.headDim);
    config.ropeLongDivisors = divisorsAt(scaling, "long_factor", config.headDim);
    const double original = originalContext(root, scaling, config);
    config.ropeOriginalContext = static_cast<int>(original);
    const double factor = positiveOr(scaling, "factor", config.context / original);
    config.ropeAmplitude = positiveOr(scaling, "attention_factor", longRopeAmplitude(factor, original));
}

void readScaling(const JsonView& root, const JsonView& scaling, ModelConfig& config) {
    config.ropeTheta = positiveOr(scaling, "rope_theta", config.ropeTheta);
    refusePartial(scaling);
    auto kind = scaling.find("rope_type");
    if (!kind) kind = scaling.find("type");
    const std::string name = kind ? kind->text() : "default";
    if (name == "default") return;
    if (name == "linear") {
        config.ropeDivisors = linearDivisors(config.headDim, positiveAt(scaling, "factor"));
    } else if (name == "llama3") {
        readLlama3(scaling, config);
    } else if (name == "yarn") {
        readYarn(root, scaling, config);
    } else if (name == "longrope" || name == "su") {
        readLongRope(root, scaling, config);
    } else if (name != "dynamic") { // which changes nothing up to the trained context, our limit
        kind->fail("expected \"default\", \"linear\", \"dynamic\", \"llama3\", \"yarn\" or \"longrope\", found \"" + name + "\"");
    }
    config.ropeScaling = name == "su" ? "longrope" : name;
}

} // namespace

void readHfRope(const JsonView& root, ModelConfig& config) {
    config.ropeTheta = positiveOr(root, "rope_theta", 10000.0);
    refusePartial(root);
    for (const char* key : {"rope_scaling", "rope_parameters"})
        if (const auto scaling = root.find(key)) readScaling(root, *scaling, config);
}

} // namespace moa
