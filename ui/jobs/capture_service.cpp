// Captures and summaries on the device's thread; tiles and rows on the views' thread.
#include "ui/jobs/capture_service.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/backend/cuda/cuda_module.h"
#include "engine/capture/card_tiles.h"
#include "engine/core/error.h"
#include "engine/profile/profile_sum.h"
#include "ui/jobs/with_gradients.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace moa {
namespace {

constexpr std::size_t kGathered = 16; ///< tiles between two looks at what views want

/// The causal tiles under a rectangle of cells.
std::vector<TileKey> tilesUnder(const AttentionOf& of, int block, const QRect& cells) {
    constexpr int side = TileKey::kCells;
    std::vector<TileKey> keys;
    for (int row = cells.top() / side; row <= cells.bottom() / side; ++row)
        for (int col = cells.left() / side; col <= std::min(row, cells.right() / side); ++col)
            keys.push_back({of.layer, of.kvHead, of.queryHead, block, row, col});
    return keys;
}

/// A tile's part of the rectangle into the rectangle's values.
void copyCells(const AttentionTile& tile, const TileKey& key, const QRect& cells, bool useMax, std::vector<float>& values) {
    if (tile.blank()) return; // zeros already
    constexpr int side = TileKey::kCells;
    const std::vector<float>& from = useMax ? tile.max : tile.mean;
    const QRect part = cells & QRect(key.col * side, key.row * side, side, side);
    for (int y = part.top(); y <= part.bottom(); ++y)
        std::copy_n(from.data() + (y - key.row * side) * side + (part.left() - key.col * side), part.width(),
                    values.data() + std::size_t(y - cells.top()) * std::size_t(cells.width()) +
                        std::size_t(part.left() - cells.left()));
}

} // namespace

CaptureService::CaptureService(DeviceWorker& jobs, DeviceWorker& views, std::shared_ptr<EngineState> state,
                               QObject* parent)
    : QObject(parent), m_jobs(jobs), m_views(views), m_state(std::move(state)) {}

quint64 CaptureService::bytesNeeded(const ModelConfig& config, std::int64_t tokens) {
    return captureBytes(config, tokens, false);
}

std::shared_ptr<const CapturedLayer> CaptureService::layer(quint64 generation, int index) const {
    const std::lock_guard lock(m_mutex);
    if (generation != m_generation || index < 0 || std::size_t(index) >= m_layers.size()) return nullptr;
    return m_layers[std::size_t(index)];
}

void CaptureService::drop() {
    const std::lock_guard lock(m_mutex);
    ++m_generation;
    m_layers.clear();
    m_tiles.clear();
}

Job* CaptureService::capture(const std::shared_ptr<const PromptValue>& prompt, int firstLayer) {
    drop();
    const quint64 generation = m_generation;
    return m_jobs.submit(tr("Capturing attention of %1").arg(prompt->name), true,
                         [this, generation, prompt, firstLayer, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        {
            const std::lock_guard lock(m_mutex);
            if (generation == m_generation) m_layers.assign(std::size_t(model.config().layers), nullptr);
        }
        using Clock = std::chrono::steady_clock;
        const Clock::time_point begun = Clock::now();
        Clock::duration elsewhere{}; // a pause, a view's request
        const Completion done = captureLayers(
            model, prompt->ids, nullptr, {},
            [&](LayerIndex index, std::shared_ptr<const CapturedLayer> captured) {
                {
                    const std::lock_guard lock(m_mutex);
                    if (generation != m_generation) return;
                    m_layers[std::size_t(index.value)] = std::move(captured);
                }
                context.post([this, generation, l = index.value] { emit layerReady(generation, l); });
            },
            context.stop(), [&](const Progress& p) {
                const Clock::time_point left = Clock::now();
                context.report({"Capture layers", p.done, p.total});
                elsewhere += Clock::now() - left;
            });
        context.mark(done);
        if (done != Completion::Done) return;
        const double seconds = std::chrono::duration<double>(Clock::now() - begun - elsewhere).count();
        context.post([this, prompt, seconds] { emit prefilled(prompt, seconds); });
        summarize(generation, firstLayer, context);
    });
}

void CaptureService::summarize(quint64 generation, int firstLayer, JobContext& context) {
    const ModelConfig& config = m_state->model().config();
    const int threads = m_state->options().threads > 0 ? m_state->options().threads : availableThreads();
    std::vector<int> order(std::size_t(config.layers));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_partition(order, [&](int l) { return l == firstLayer; });
    std::int64_t done = 0;
    for (const int l : order) {
        const auto captured = layer(generation, l);
        if (!captured) return;
        // A few heads at a time: between them the job can be paused and cancelled.
        for (int first = 0; first < config.heads; first += threads) {
            std::vector<HeadIndex> heads;
            for (int h = first; h < std::min(config.heads, first + threads); ++h) heads.emplace_back(h);
            const Completion completion = computeHeadStatistics(
                *captured, heads, threads, 0, context.stop(),
                [&](HeadIndex head, std::shared_ptr<const HeadStatistics> statistics) {
                    context.post([this, generation, l, h = head.value, statistics] {
                        emit headReady(generation, l, h, statistics);
                    });
                });
            context.mark(completion);
            if (completion == Completion::Cancelled) return;
            done += std::int64_t(heads.size());
            context.report({"Summarise heads", done, std::int64_t(config.layers) * config.heads});
        }
    }
}

Job* CaptureService::measureInfluence(const std::shared_ptr<const PromptValue>& prompt, std::int64_t lossLast) {
    return m_jobs.submit(tr("Measuring influence on %1").arg(prompt->name), false,
                         [this, prompt, lossLast, state = m_state](JobContext& context) {
        const WithGradients place(*state, context);
        LanguageModel& model = place.model();
        const ModelConfig& config = model.config();
        const auto n = std::int64_t(prompt->ids.size());
        if (n < 2) throw UsageError("influence needs a prompt of at least two tokens");
        FinishedSample sample;
        sample.costs = SampleCosts(config.layers, config.heads, n);
        BackwardSample work{.ids = prompt->ids, .costs = &sample.costs};
        work.lossBegin = lossLast > 0 ? std::max<std::int64_t>(1, n - lossLast) : 1;
        work.observer = [&](const LayerAttention& attention) {
            context.report({"Backward pass", config.layers - attention.layer.value, config.layers});
            return !context.stop().stop_requested();
        };
        context.mark(context.stop().stop_requested() ? Completion::Cancelled : Completion::Done);
        if (context.stop().stop_requested()) return;
        context.report({"Forward pass", 0, 1});
        const BackwardResult result = model.backward(work, context.stop());
        context.mark(result.completion);
        if (result.completion == Completion::Cancelled || context.stop().stop_requested()) return;
        sample.loss = result.loss;
        ProfileSum sum(config.layers, config.heads, config.kvHeads, int(n), kDefaultSink);
        sum.add(sample);
        ProfileData profile;
        profile.layers = config.layers;
        profile.heads = config.heads;
        profile.kvHeads = config.kvHeads;
        const auto curves = std::make_shared<const InfluenceCurves>(profile, sum.finish(), prompt->name);
        context.post([this, prompt, curves] { emit influenceReady(prompt, curves); });
    });
}

void CaptureService::wantTiles(std::vector<TileKey> keys) {
    m_views.interact(QStringLiteral("tiles"), [this, generation = m_generation.load(),
                                               keys = std::move(keys)](const std::stop_token& stop) {
        const TileReady keep = [&](const TileKey& key, std::shared_ptr<const AttentionTile> tile) {
            m_tiles.put(generation, key, std::move(tile));
            m_views.post([this, generation, key] { emit tileReady(generation, key); });
        };
        for (std::size_t begin = 0; begin < keys.size() && !stop.stop_requested();) {
            std::size_t end = begin;
            std::vector<TileKey> missing;
            for (; end < keys.size() && keys[end].layer == keys[begin].layer; ++end)
                if (!m_tiles.get(generation, keys[end])) missing.push_back(keys[end]);
            if (const auto captured = layer(generation, keys[begin].layer); captured && !missing.empty())
                compute(*captured, missing, stop, keep);
            begin = end;
        }
    });
}

void CaptureService::compute(const CapturedLayer& captured, const std::vector<TileKey>& keys, const std::stop_token& stop,
                             const TileReady& onTile) {
    if (TileDevice* card = cardFor(captured)) {
        try {
            computeTilesOnCard(*card, captured, keys, onTile);
            return;
        } catch (const Error&) {
            m_card.reset(); // no room beside the model: the processor serves, and the card is not asked again
            m_cardFailed = true;
        }
    }
    computeTiles(captured, keys, availableThreads(), stop, onTile);
}

/// The card that the capture's model ran on; null: none, or its tiles are the processor's.
TileDevice* CaptureService::cardFor(const CapturedLayer& captured) {
    const int card = m_state->card();
    if (card < 0 || m_cardFailed || !hasCardTiles(captured)) return nullptr;
    if (!m_card) {
        try {
            m_card = openCudaTiles(card);
        } catch (const Error&) {
            m_cardFailed = true;
        }
    }
    return m_card.get();
}

std::shared_ptr<const AttentionTile> CaptureService::cachedTile(const TileKey& key) {
    return m_tiles.get(m_generation, key);
}

void CaptureService::pooled(const AttentionOf& of, int block, const QRect& cells, bool useMax, QObject* context,
                            std::function<void(std::optional<std::vector<float>>)> then) {
    const auto values = std::make_shared<std::vector<float>>();
    Job* job = m_views.submit(tr("Gathering attention"), false, [this, of, block, cells, useMax, values,
                                                                  generation = m_generation.load()](JobContext& work) {
        values->resize(std::size_t(cells.width()) * std::size_t(cells.height()));
        const std::vector<TileKey> keys = tilesUnder(of, block, cells);
        for (std::size_t begin = 0; begin < keys.size(); begin += kGathered) {
            const auto captured = layer(generation, of.layer);
            if (!captured || work.stop().stop_requested()) return work.markCancelled();
            std::vector<TileKey> missing;
            for (std::size_t i = begin; i < std::min(begin + kGathered, keys.size()); ++i) {
                if (const auto tile = m_tiles.get(generation, keys[i]))
                    copyCells(*tile, keys[i], cells, useMax, *values);
                else
                    missing.push_back(keys[i]);
            }
            compute(*captured, missing, work.stop(), [&](const TileKey& key, std::shared_ptr<const AttentionTile> tile) {
                copyCells(*tile, key, cells, useMax, *values);
                m_tiles.put(generation, key, std::move(tile));
            });
            work.checkpoint();
        }
    });
    connect(job, &Job::finished, context, [job, values, then = std::move(then)] {
        then(job->state() == JobState::Done ? std::optional(std::move(*values)) : std::nullopt);
    });
}

void CaptureService::wantRow(const AttentionOf& of, int query) {
    m_views.interact(QStringLiteral("row"), [this, generation = m_generation.load(), of, query](const std::stop_token&) {
        const auto captured = layer(generation, of.layer);
        if (!captured || query < 0 || query >= captured->n) return;
        RowValue row{of, query, attentionRow(*captured, KvHeadIndex(of.kvHead), of.queryHead, query)};
        m_views.post([this, generation, row = std::move(row)] { emit rowReady(generation, row); });
    });
}

} // namespace moa
