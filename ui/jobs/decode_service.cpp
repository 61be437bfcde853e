// Decode steps under one mask or another.
#include "ui/jobs/decode_service.h"

#include "engine/core/error.h"
#include "engine/model/sequence.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <chrono>

namespace moa {
namespace {

constexpr int kWarmUp = 2, kSteps = 15, kSpanSteps = 9;
constexpr std::int64_t kLongEnough = 8192; ///< tokens from which keys show beside the rest of a small model's step
constexpr double kSeen = 1.02; ///< of a narrow step, from which a wide one is no noise
constexpr qint64 kLargestFile = 1 << 20;

/// Seconds of decode steps with about `length` tokens held, ascending; none: cancelled.
std::vector<double> stepSeconds(LanguageModel& model, const MaskSource& mask, std::int64_t length, int steps, JobContext& context) {
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
    return seconds;
}

/// Steps under windows of one width, as the cost of one KV head: what no key costs is taken off.
SpanTimes spanTimesOf(std::vector<std::pair<std::int64_t, double>> steps, int kvHeads) {
    // More keys never cost less: what sticks out before a quicker step is noise.
    for (std::size_t i = steps.size() - 1; i > 0; --i) steps[i - 1].second = std::min(steps[i - 1].second, steps[i].second);
    const auto& [firstSpan, first] = steps.front();
    const auto& [lastSpan, last] = steps.back();
    // Through the ends: the difference of two short steps is mostly noise.
    const double base = first - (last - first) / double(lastSpan - firstSpan) * double(firstSpan);
    SpanTimes times;
    for (const auto& [span, seconds] : steps) times.points.emplace_back(span, (seconds - base) / kvHeads);
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
            const std::vector<double> seconds = stepSeconds(model, one ? MaskSource::plan(*one) : MaskSource::dense(), length, kSteps, context);
            if (seconds.empty()) return context.markCancelled();
            const DecodeSpeed speed{one, length, 1 / seconds[seconds.size() / 2], QString::fromStdString(model.backend().device().kind), 0};
            context.post([this, speed] { emit measured(speed); });
        }
        context.report({"Decode", 2, 2});
    });
}

Job* DecodeService::measureSpans(std::int64_t length) {
    return m_worker.submit(tr("Measuring kernel times"), false, [this, length, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        const ModelConfig& config = model.config();
        const std::int64_t longest = std::max<std::int64_t>(length, std::min<std::int64_t>(kLongEnough, config.context));
        std::vector<std::int64_t> spans;
        for (std::int64_t span = 2 * kBlock; span < longest; span *= 2) spans.push_back(span);
        spans.push_back(roundUpToBlock(longest));
        if (spans.size() < 2) throw UsageError("kernel times need a length over " + std::to_string(2 * kBlock) + " tokens");
        std::vector<std::pair<std::int64_t, double>> steps;
        for (const std::int64_t span : spans) {
            context.report({"Kernel times", std::int64_t(steps.size()), std::int64_t(spans.size())});
            const SparsePlan plan = uniformPlan(config.layers, config.heads, config.kvHeads, {double(span), 0});
            const std::vector<double> seconds = stepSeconds(model, MaskSource::plan(plan), longest, kSpanSteps, context);
            if (seconds.empty()) return context.markCancelled();
            steps.emplace_back(span, seconds.front()); // other work on the machine only makes a step longer
        }
        if (steps.back().second < kSeen * steps.front().second)
            throw UsageError("steps under wide and narrow windows take equally long at " + std::to_string(longest) +
                             " tokens: choose a longer N, or a quieter moment");
        SpanTimes times = spanTimesOf(steps, config.layers * config.kvHeads);
        times.origin = tr("measured on %1 at %2 tokens").arg(QString::fromStdString(model.backend().device().kind)).arg(longest);
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
