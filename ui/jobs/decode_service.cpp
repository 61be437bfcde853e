// Medians of decode steps.
#include "ui/jobs/decode_service.h"

#include "engine/core/error.h"
#include "engine/model/sequence.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace moa {
namespace {

constexpr int kWarmUp = 2, kSteps = 15, kQuickSteps = 7;
constexpr qint64 kLargestFile = 1 << 20;

/// Median seconds of one decode step with about `length` tokens held; nothing: cancelled.
std::optional<double> stepSeconds(LanguageModel& model, const MaskSource& mask, std::int64_t length, int steps, JobContext& context) {
    const std::int64_t held = std::max<std::int64_t>(std::min<std::int64_t>(length, model.config().context) - steps - kWarmUp, 1);
    Sequence sequence(model, mask, length);
    sequence.advance(held);
    const std::vector<int> token{1};
    ForwardItem item{&sequence, token, 1};
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUp + steps; ++i) {
        context.checkpoint();
        const auto begun = std::chrono::steady_clock::now();
        if (model.forward(std::span(&item, 1), [](std::size_t, std::int64_t, std::span<const float>) {}, context.stop()) == Completion::Cancelled)
            return {};
        if (i >= kWarmUp) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    }
    std::ranges::sort(seconds);
    return seconds[seconds.size() / 2];
}

/// Steps under windows of one width, as the cost of one KV head: what no key costs is taken off.
SpanTimes spanTimesOf(const std::vector<std::pair<std::int64_t, double>>& steps, int kvHeads) {
    const auto& [firstSpan, first] = steps.front();
    const auto& [lastSpan, last] = steps.back();
    // Through the ends: the difference of two short steps is mostly noise.
    const double slope = std::max(0.0, (last - first) / double(lastSpan - firstSpan));
    const double base = first - slope * double(firstSpan);
    SpanTimes times;
    double least = 0;
    for (const auto& [span, seconds] : steps) {
        least = std::max(least, (seconds - base) / kvHeads); // more keys never cost less: what dips is noise
        times.points.emplace_back(span, least);
    }
    return times;
}

SpanTimes readSpanTimes(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly) || file.size() > kLargestFile) throw FileError(path.toStdString(), "", "a readable file");
    const auto bad = [&] { return FileError(path.toStdString(), "", "a JSON list of [span in tokens, seconds], spans ascending"); };
    SpanTimes times;
    for (const QJsonValue& value : QJsonDocument::fromJson(file.readAll()).array()) {
        const QJsonArray point = value.toArray();
        const double span = point.at(0).toDouble(-1), seconds = point.at(1).toDouble(-1);
        if (point.size() != 2 || span < 1 || span > 1e9 || seconds < 0 || (!times.isEmpty() && span <= double(times.points.back().first))) throw bad();
        times.points.emplace_back(std::int64_t(span), seconds);
    }
    if (times.isEmpty()) throw bad();
    times.origin = QFileInfo(path).fileName();
    return times;
}

} // namespace

double SpanTimes::seconds(std::int64_t cache) const {
    if (points.size() == 1) return points.front().second;
    auto right = std::ranges::lower_bound(points, cache, {}, [](const auto& p) { return p.first; });
    right = std::clamp(right, points.begin() + 1, points.end() - 1);
    const auto left = right - 1;
    const double share = double(cache - left->first) / double(right->first - left->first);
    return std::max(left->second + share * (right->second - left->second), 0.0);
}

DecodeService::DecodeService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

Job* DecodeService::measure(const SparsePlan& plan, std::int64_t length) {
    return m_worker.submit(tr("Measuring decode speed at %1 tokens").arg(length), false, [this, plan, length, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        int done = 0;
        for (const std::optional<SparsePlan>& one : {std::optional<SparsePlan>(plan), std::optional<SparsePlan>()}) {
            context.report({"Decode", done++, 2});
            const auto seconds = stepSeconds(model, one ? MaskSource::plan(*one) : MaskSource::dense(), length, kSteps, context);
            if (!seconds) return context.markCancelled();
            const DecodeSpeed speed{one, length, 1 / *seconds, QString::fromStdString(model.backend().device().kind), 0};
            context.post([this, speed] { emit measured(speed); });
        }
        context.report({"Decode", 2, 2});
    });
}

Job* DecodeService::measureSpans(std::int64_t length) {
    return m_worker.submit(tr("Measuring kernel times to %1 tokens").arg(length), false, [this, length, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        const ModelConfig& config = model.config();
        std::vector<std::int64_t> spans;
        for (std::int64_t span = 2 * kBlock; span < length; span *= 2) spans.push_back(span);
        spans.push_back(roundUpToBlock(length));
        if (spans.size() < 2) throw UsageError("kernel times need a length over " + std::to_string(2 * kBlock) + " tokens");
        std::vector<std::pair<std::int64_t, double>> steps;
        for (const std::int64_t span : spans) {
            context.report({"Kernel times", std::int64_t(steps.size()), std::int64_t(spans.size())});
            const SparsePlan plan = uniformPlan(config.layers, config.heads, config.kvHeads, {double(span), 0});
            const auto seconds = stepSeconds(model, MaskSource::plan(plan), length, kQuickSteps, context);
            if (!seconds) return context.markCancelled();
            steps.emplace_back(span, *seconds);
        }
        SpanTimes times = spanTimesOf(steps, config.layers * config.kvHeads);
        times.origin = tr("measured on %1 at %2 tokens").arg(QString::fromStdString(model.backend().device().kind)).arg(length);
        context.post([this, times] { emit spanTimesReady(times); });
    });
}

void DecodeService::openSpanTimes(const QString& path) {
    m_worker.interact(
        QStringLiteral("span times ") + path,
        [this, path](const std::stop_token&) {
            const SpanTimes times = readSpanTimes(path);
            m_worker.post([this, times] { emit spanTimesReady(times); });
        },
        [this, path](const JobError& error) { emit failed(path, error); });
}

} // namespace moa
