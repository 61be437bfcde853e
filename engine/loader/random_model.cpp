#include "engine/loader/random_model.h"

#include <algorithm>
#include <random>

namespace moa {

namespace {

std::size_t elementsOf(const RequiredWeight& weight) {
    std::size_t count = 1;
    for (const std::int64_t n : weight.shape) count *= static_cast<std::size_t>(n);
    return count;
}

/// Halves of either sign between 2⁻⁷ and 2⁻⁵, which keep activations small through many layers.
std::vector<std::uint16_t> noise(std::size_t count) {
    constexpr std::size_t kDrawn = std::size_t(1) << 20; // values drawn; they repeat
    std::minstd_rand random(1);
    std::vector<std::uint16_t> values(count);
    for (std::size_t i = 0; i < std::min(count, kDrawn); ++i)
        values[i] = static_cast<std::uint16_t>((random() & 0x83ff) | ((8 + random() % 2) << 10));
    for (std::size_t i = kDrawn; i < count; ++i) values[i] = values[i - kDrawn];
    return values;
}

/// What the tensors view.
struct RandomWeights {
    std::vector<std::uint16_t> noise, ones;
    std::vector<TensorView> views;
};

} // namespace

std::shared_ptr<const Model> randomModel(const ModelConfig& config) {
    const std::vector<RequiredWeight> required = requiredWeights(config);
    std::size_t most = 0;
    for (const RequiredWeight& weight : required) most = std::max(most, elementsOf(weight));
    auto memory = std::make_shared<RandomWeights>();
    memory->noise = noise(most);
    memory->ones.assign(static_cast<std::size_t>(config.hidden), 0x3c00); // 1 as a half
    memory->views.reserve(required.size());
    Weights weights;
    for (const RequiredWeight& weight : required) {
        TensorView view;
        view.name = weight.name;
        view.type = TensorType::F16;
        view.shape = weight.shape;
        view.data = reinterpret_cast<const std::byte*>((weight.shape.size() == 1 ? memory->ones : memory->noise).data());
        view.bytes = 2 * elementsOf(weight);
        memory->views.push_back(std::move(view));
        weights.byName.emplace(weight.name, &memory->views.back());
        weights.usedBytes += memory->views.back().bytes;
    }
    weights.files.push_back(memory);
    auto model = std::make_shared<Model>(
        config, Tokenizer::fromJson(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})", "noise"),
        std::move(weights));
    model->name = "noise";
    model->config.dtype = DType::F16;
    return model;
}

} // namespace moa
