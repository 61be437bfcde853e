// Tables of a profile turned into lookups.
#include "ui/jobs/influence.h"

#include "engine/core/error.h"
#include "engine/search/loss_tables.h"

#include <algorithm>

namespace moa {
namespace {

std::size_t at2(std::int64_t row, int columns, std::int64_t column) {
    return std::size_t(row) * std::size_t(columns) + std::size_t(column);
}

int sinkChoice(int sink) {
    return std::clamp(sink / kBlock, 0, kSinkChoices - 1);
}

} // namespace

InfluenceCurves::InfluenceCurves(const ProfileData& profile, const ProfileLength& at, QString origin)
    : m_origin(std::move(origin)), m_length(at.length), m_samples(at.samples), m_sink(profile.sink),
      m_layers(profile.layers), m_heads(profile.heads), m_kvHeads(profile.kvHeads), m_windows(at.windows),
      m_mapCells(at.mapCells), m_maps(at.influence) {
    const std::size_t heads = std::size_t(m_layers) * std::size_t(m_heads);
    const std::size_t buckets = std::size_t(m_windows);
    const bool shaped = m_kvHeads > 0 && m_heads % m_kvHeads == 0 && m_windows == (m_length + kBlock - 1) / kBlock &&
                        m_sink >= 0 && m_sink % kBlock == 0 && m_sink / kBlock < kSinkChoices;
    const std::size_t samples = std::size_t(m_samples) * std::size_t(m_layers) * std::size_t(m_kvHeads) * (buckets + 1);
    const bool costed = at.costSamples.empty() ? at.cost.size() == heads * kSinkChoices * (buckets + 1)
                                               : at.costSamples.size() == samples;
    if (!shaped || !costed || at.hist.size() != heads * kSinkChoices * buckets ||
        (!m_maps.empty() && m_maps.size() != heads * std::size_t(m_mapCells) * std::size_t(m_mapCells)))
        throw Error("profile: length " + std::to_string(at.length) + ": its arrays do not have their stated sizes");
    readTails(at);
    readLosses(profile, at);
    for (int l = 0; l < m_layers; ++l)
        for (int g = 0; g < m_kvHeads; ++g) {
            double total = 0;
            for (int h = 0; h < groupSize(); ++h) total += headOutside(l, g * groupSize() + h, 0, m_sink);
            m_largest = std::max(m_largest, total);
        }
}

void InfluenceCurves::readTails(const ProfileLength& at) {
    const std::size_t rows = std::size_t(m_layers) * std::size_t(m_heads) * kSinkChoices, buckets = std::size_t(m_windows);
    m_tail.assign(rows * (buckets + 1), 0);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t b = buckets; b-- > 0;)
            m_tail[row * (buckets + 1) + b] = m_tail[row * (buckets + 1) + b + 1] + at.hist[row * buckets + b];
}

void InfluenceCurves::readLosses(const ProfileData& profile, const ProfileLength& at) {
    const bool sampled = !at.costSamples.empty();
    const std::size_t heads = std::size_t(m_layers) * std::size_t(m_heads);
    const bool hasRows = at.cost.size() == heads * kSinkChoices * (std::size_t(m_windows) + 1);
    m_loss.resize(std::size_t(lossRow(kSinkChoices, 0, 0)) * (std::size_t(m_windows) + 1));
    const auto lossAt = [&](Estimate estimate, int k, int l, int g, int b) {
        return ruleLoss(profile, at, estimate, k * kBlock, LayerIndex(l), KvHeadIndex(g), b);
    };
    const int own = m_sink / kBlock;
    for (int k = 0; k < kSinkChoices; ++k)
        for (int l = 0; l < m_layers; ++l)
            for (int g = 0; g < m_kvHeads; ++g)
                for (int b = 1; b <= m_windows; ++b) {
                    double loss = lossAt(sampled ? Estimate::Joint : Estimate::JointRows, k, l, g, b);
                    if (sampled && k != own && hasRows) {
                        const double rows = lossAt(Estimate::JointRows, k, l, g, b);
                        const double ownRows = lossAt(Estimate::JointRows, own, l, g, b);
                        loss = ownRows > 0 ? loss * rows / ownRows : rows;
                    }
                    m_loss[at2(lossRow(k, l, g), m_windows + 1, b)] = float(loss);
                }
}

double InfluenceCurves::loss(LayerIndex layer, KvHeadIndex kvHead, std::int64_t window, int sink) const {
    if (window + sink >= denseCache(m_length, sink)) return 0;
    const std::int64_t b = std::clamp<std::int64_t>(window / kBlock, 1, m_windows);
    return m_loss[at2(lossRow(sinkChoice(sink), layer.value, kvHead.value), m_windows + 1, b)];
}

double InfluenceCurves::loss(const WindowMap& windows) const {
    double sum = 0;
    for (int l = 0; l < m_layers; ++l)
        for (int g = 0; g < m_kvHeads; ++g)
            sum += loss(LayerIndex(l), KvHeadIndex(g), windows.window(LayerIndex(l), KvHeadIndex(g)), windows.sink);
    return sum;
}

double InfluenceCurves::headOutside(int layer, int head, std::int64_t window, int sink) const {
    const std::int64_t b = std::clamp<std::int64_t>((window + kBlock - 1) / kBlock, 0, m_windows);
    const std::int64_t row = (std::int64_t(layer) * m_heads + head) * kSinkChoices + sinkChoice(sink);
    return m_tail[at2(row, m_windows + 1, b)];
}

double InfluenceCurves::outside(LayerIndex layer, KvHeadIndex kvHead, std::int64_t window, int sink) const {
    double sum = 0;
    for (int h = 0; h < groupSize(); ++h) sum += headOutside(layer.value, kvHead.value * groupSize() + h, window, sink);
    return m_largest > 0 ? sum / m_largest : 0;
}

double InfluenceCurves::headShareOutside(LayerIndex layer, HeadIndex head, std::int64_t window, int sink) const {
    const double all = headOutside(layer.value, head.value, 0, sink);
    return all > 0 ? headOutside(layer.value, head.value, window, sink) / all : 0;
}

std::int64_t InfluenceCurves::spanKeeping(LayerIndex layer, HeadIndex head, double share, int sink) const {
    for (std::int64_t b = 1; b <= m_windows; ++b)
        if (headShareOutside(layer, head, b * kBlock, sink) <= 1 - share) return sink + b * kBlock;
    return sink + std::int64_t(m_windows) * kBlock;
}

std::span<const float> InfluenceCurves::map(LayerIndex layer, HeadIndex head) const {
    const std::size_t cells = std::size_t(m_mapCells) * std::size_t(m_mapCells);
    if (m_maps.empty()) return {};
    return std::span(m_maps).subspan((std::size_t(layer.value) * std::size_t(m_heads) + std::size_t(head.value)) * cells,
                                     cells);
}

} // namespace moa
