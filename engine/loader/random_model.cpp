#include "engine/loader/random_model.h"

#include <algorithm>
#include <random>

namespace moa {

/// Owns what its tensors view.
class RandomModel : public Model {
public:
    explicit RandomModel(const ModelConfig& modelConfig)
        : Model(modelConfig, Tokenizer::fromJson(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})",
                                                 "noise")) {
        name = "noise";
        config.dtype = DType::F16;
        const std::vector<RequiredWeight> required = requiredWeights(config);
        std::size_t most = 0;
        for (const RequiredWeight& weight : required) most = std::max(most, elementsOf(weight));
        fillNoise(most);
        m_ones.assign(static_cast<std::size_t>(config.hidden), 0x3c00); // 1 as a half
        m_views.reserve(required.size());
        for (const RequiredWeight& weight : required) {
            const auto& block = weight.shape.size() == 1 ? m_ones : m_noise;
            TensorView view{weight.name, TensorType::F16, weight.shape, reinterpret_cast<const std::byte*>(block.data()),
                            2 * elementsOf(weight)};
            weightBytes += view.bytes;
            m_views.push_back(std::move(view));
            m_weights[weight.name] = &m_views.back();
        }
    }

private:
    static std::size_t elementsOf(const RequiredWeight& weight) {
        std::size_t count = 1;
        for (const std::int64_t n : weight.shape) count *= static_cast<std::size_t>(n);
        return count;
    }

    /// Halves of either sign between 2⁻⁷ and 2⁻⁵, which keep activations small through many layers.
    void fillNoise(std::size_t count) {
        constexpr std::size_t kDrawn = std::size_t(1) << 20; // values drawn; they repeat
        std::minstd_rand random(1);
        m_noise.resize(count);
        for (std::size_t i = 0; i < std::min(count, kDrawn); ++i)
            m_noise[i] = static_cast<std::uint16_t>((random() & 0x83ff) | ((8 + random() % 2) << 10));
        for (std::size_t i = kDrawn; i < count; ++i) m_noise[i] = m_noise[i - kDrawn];
    }

    std::vector<std::uint16_t> m_noise, m_ones;
    std::vector<TensorView> m_views;
};

std::shared_ptr<const Model> randomModel(const ModelConfig& config) {
    return std::make_shared<const RandomModel>(config);
}

} // namespace moa
