// The recorded decode step against a whole Llama in double precision: token by token from an empty cache,
// past the point where rings wrap, alone (matrix-vector kernels) and in a batch of different texts (cuBLAS).
#include "engine/backend/cuda/random_weights.h"
#include "engine/core/error.h"
#include "kernels/reference/reference_layers.h"
#include "tests/kernels/cuda/cuda_fixture.h"

#include <numeric>

namespace moa::test {
namespace {

ModelConfig smallConfig() {
    ModelConfig c;
    c.layers = 2, c.heads = 4, c.kvHeads = 2, c.headDim = 64;
    c.hidden = 256, c.intermediate = 384, c.vocab = 512;
    c.dtype = DType::F16;
    return c;
}

/// Weights brought back from the card.
std::vector<double> values(const void* device, std::int64_t count) {
    std::vector<Bits> bits(static_cast<std::size_t>(count));
    EXPECT_EQ(cudaMemcpy(bits.data(), device, bits.size() * 2, cudaMemcpyDeviceToHost), cudaSuccess);
    return toDoubles(bits, Element::F16);
}

using Matrix = std::vector<double>; ///< row-major

/// x [n][in] · Wᵀ, W [out][in].
Matrix multiply(const Matrix& x, const Matrix& w, std::int64_t in, std::int64_t out) {
    const auto n = static_cast<std::int64_t>(x.size()) / in;
    Matrix y(static_cast<std::size_t>(n * out));
    for (std::int64_t r = 0; r < n; ++r)
        for (std::int64_t c = 0; c < out; ++c)
            y[static_cast<std::size_t>(r * out + c)] =
                std::inner_product(x.begin() + r * in, x.begin() + (r + 1) * in, w.begin() + c * in, 0.0);
    return y;
}

Matrix normed(const Matrix& x, const Matrix& weight, const ModelConfig& c) {
    Matrix y(x.size());
    reference::rmsNorm(x.data(), weight.data(), static_cast<std::int64_t>(x.size()) / c.hidden, c.hidden,
                       static_cast<double>(c.rmsNormEps), y.data());
    return y;
}

void addTo(Matrix& x, const Matrix& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

/// Logits of the last token of `tokens` under windows [L][G].
Matrix lastLogits(const ModelConfig& c, const cuda::DecoderWeights& w, const std::vector<int>& tokens,
                  const std::vector<std::int64_t>& windows, std::int64_t sink) {
    const auto n = static_cast<std::int64_t>(tokens.size());
    const std::int64_t d = c.headDim, cols = (c.heads + 2 * c.kvHeads) * d, kvBegin = c.heads * d;
    const Matrix table = values(w.embedding, c.vocab * c.hidden);
    Matrix x;
    for (const int t : tokens)
        x.insert(x.end(), table.begin() + t * c.hidden, table.begin() + (t + 1) * c.hidden);
    reference::RopeSpec spec;
    spec.theta = c.ropeTheta;
    const auto frequencies = reference::ropeFrequencies(d, spec);
    for (int l = 0; l < c.layers; ++l) {
        const auto& layer = w.layers[static_cast<std::size_t>(l)];
        const Matrix qkv = multiply(normed(x, values(layer.attentionNorm, c.hidden), c),
                                    values(layer.qkv, cols * c.hidden), c.hidden, cols);
        const auto head = [&](std::int64_t column, bool rotates) {
            Matrix rows;
            for (std::int64_t r = 0; r < n; ++r)
                rows.insert(rows.end(), qkv.begin() + r * cols + column, qkv.begin() + r * cols + column + d);
            std::vector<std::int64_t> positions(tokens.size());
            std::iota(positions.begin(), positions.end(), 0);
            if (rotates) reference::rope(rows.data(), n, d, positions.data(), frequencies);
            return rows;
        };
        Matrix attended(static_cast<std::size_t>(n * c.heads * d));
        for (int h = 0; h < c.heads; ++h) {
            const int g = h / c.groupSize();
            const Matrix q = head(h * d, true), k = head(kvBegin + g * d, true),
                         v = head(kvBegin + (c.kvHeads + g) * d, false);
            Matrix o(q.size()), lse(tokens.size());
            reference::Mask mask;
            mask.sink = sink, mask.window = windows[static_cast<std::size_t>(l * c.kvHeads + g)];
            reference::attentionForward({q.data(), k.data(), v.data()},
                                        {n, d, 1 / std::sqrt(static_cast<double>(d))}, mask, o.data(),
                                        lse.data());
            for (std::int64_t r = 0; r < n; ++r)
                std::copy_n(o.begin() + r * d, d, attended.begin() + (r * c.heads + h) * d);
        }
        addTo(x, multiply(attended, values(layer.output, c.hidden * c.heads * d), c.heads * d, c.hidden));
        const Matrix gateUp =
            multiply(normed(x, values(layer.mlpNorm, c.hidden), c),
                     values(layer.gateUp, 2 * c.intermediate * c.hidden), c.hidden, 2 * c.intermediate);
        Matrix inner(static_cast<std::size_t>(n * c.intermediate));
        for (std::int64_t r = 0; r < n; ++r)
            reference::swiglu(gateUp.data() + r * 2 * c.intermediate,
                              gateUp.data() + (r * 2 + 1) * c.intermediate, c.intermediate,
                              inner.data() + r * c.intermediate);
        addTo(x, multiply(inner, values(layer.down, c.hidden * c.intermediate), c.intermediate, c.hidden));
    }
    const Matrix last(x.end() - c.hidden, x.end());
    return multiply(normed(last, values(w.norm, c.hidden), c), values(w.head, c.vocab * c.hidden), c.hidden,
                    c.vocab);
}

std::vector<float> logitsOf(cuda::Decoder& decoder, std::size_t count) {
    std::vector<float> host(count);
    decoder.readLogits(host);
    return host;
}

class DecoderTest : public CudaTest {
protected:
    /// Feeds texts of the given lengths, shorter ones joining later, and compares the logits of their last
    /// tokens.
    static void check(const std::vector<int>& lengths) {
        const ModelConfig c = smallConfig();
        const cuda::RandomWeights weights(c, 5, 0.06f);
        const std::vector<std::int64_t> windows{64, 128, 4096, 64};
        cuda::DecoderLayout layout;
        layout.sequences = static_cast<int>(lengths.size()), layout.positions = 512, layout.sink = 64;
        for (std::size_t s = 0; s < lengths.size(); ++s)
            for (const std::int64_t w : windows) layout.windows.push_back(std::min<std::int64_t>(w, 512));
        cuda::Decoder decoder(c, weights.weights(), layout);
        EXPECT_EQ(decoder.kvBytes(), cacheBytes(c, layout));
        std::vector<std::vector<int>> texts;
        for (std::size_t s = 0; s < lengths.size(); ++s) {
            auto& text = texts.emplace_back();
            for (int i = 0; i < lengths[s]; ++i)
                text.push_back((i * 37 + static_cast<int>(s) * 101 + i * i) % c.vocab);
        }
        const int most = *std::max_element(lengths.begin(), lengths.end());
        for (int step = 0; step < most; ++step) {
            std::vector<std::int32_t> positions, tokens;
            for (std::size_t s = 0; s < lengths.size(); ++s) {
                const int at = step - (most - lengths[s]); // all end together
                positions.push_back(std::max(at, -1));
                tokens.push_back(at >= 0 ? texts[s][static_cast<std::size_t>(at)] : 0);
            }
            decoder.setState(positions, tokens);
            decoder.step();
        }
        const auto logits = logitsOf(decoder, lengths.size() * static_cast<std::size_t>(c.vocab));
        const auto chosen = decoder.tokens();
        for (std::size_t s = 0; s < lengths.size(); ++s) {
            const std::vector<double> seen(logits.begin() + static_cast<long>(s) * c.vocab,
                                           logits.begin() + static_cast<long>(s + 1) * c.vocab);
            EXPECT_LE(normalisedError(seen, lastLogits(c, weights.weights(), texts[s], windows, 64)), 5e-3)
                << "text " << s;
            EXPECT_EQ(chosen[s], std::max_element(seen.begin(), seen.end()) - seen.begin());
        }
    }
};

/// A prompt at once and then token by token, beside a sequence that is somewhere else.
TEST_F(DecoderTest, PrefillThenSteps) {
    for (const int sequences : {1, 2}) {
        const ModelConfig c = smallConfig();
        const cuda::RandomWeights weights(c, 5, 0.06f);
        const std::vector<std::int64_t> windows{64, 128, 4096, 64};
        cuda::DecoderLayout layout;
        layout.sequences = sequences, layout.positions = 512, layout.sink = 64;
        for (int s = 0; s < sequences; ++s)
            for (const std::int64_t w : windows) layout.windows.push_back(std::min<std::int64_t>(w, 512));
        cuda::Decoder decoder(c, weights.weights(), layout);
        const std::vector<std::int32_t> idle(static_cast<std::size_t>(sequences), -1), none(idle.size(), 0);
        decoder.setState(idle, none);
        std::vector<int> text;
        for (int i = 0; i < 230; ++i) text.push_back((i * 53 + i * i) % c.vocab);
        const int sequence = sequences - 1;
        decoder.prefill(sequence, text);
        for (int step = 0; step < 5; ++step) {
            const auto logits = logitsOf(decoder, static_cast<std::size_t>(sequences * c.vocab));
            const std::vector<double> seen(logits.begin() + sequence * c.vocab,
                                           logits.begin() + (sequence + 1) * c.vocab);
            EXPECT_LE(normalisedError(seen, lastLogits(c, weights.weights(), text, windows, 64)), 5e-3)
                << text.size() << " tokens, " << sequences << " sequences";
            text.push_back(decoder.tokens()[static_cast<std::size_t>(sequence)]);
            decoder.step();
        }
        EXPECT_THROW(decoder.prefill(sequence, {}), UsageError);
    }
}

TEST_F(DecoderTest, OneText) {
    check({200});
}
TEST_F(DecoderTest, TextsOfDifferentLengths) {
    check({200, 63, 1, 129});
}

} // namespace
} // namespace moa::test
