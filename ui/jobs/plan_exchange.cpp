// The engine's importers and exporters, and their reports in words.
#include "ui/jobs/plan_exchange.h"

#include "engine/plan/plan_check.h"
#include "engine/plan/plan_file.h"
#include "engine/plan/plan_io_duo.h"
#include "engine/plan/plan_io_published.h"

#include <QDir>
#include <QFileInfo>

#include <array>

namespace moa {
namespace {

constexpr std::size_t kNamed = 6; ///< heads listed in a report

bool isDuo(const QString& path) {
    return path.endsWith(QStringLiteral(".tsv"), Qt::CaseInsensitive);
}

/// "L0 · KV1, L3 · KV0 and 12 more".
QString listed(const QStringList& heads) {
    if (heads.size() <= qsizetype(kNamed)) return heads.join(QStringLiteral(", "));
    return PlanExchange::tr("%1 and %2 more").arg(heads.first(kNamed).join(QStringLiteral(", "))).arg(heads.size() - qsizetype(kNamed));
}

QString headText(int layer, int kvHead) {
    return PlanExchange::tr("L%1 · KV%2").arg(layer).arg(kvHead);
}

/// What is to be said of a plan however it came in.
QStringList groupNotes(const SparsePlan& plan) {
    const auto split = disagreements(plan, {});
    if (split.empty()) return {};
    QStringList heads;
    for (const Disagreement& d : split) heads << headText(d.layer.value, d.kvHead.value);
    return {PlanExchange::tr("In %1 of %2 KV heads the query heads' rules differ, and each holds the widest of its own: %3.")
                .arg(split.size())
                .arg(plan.layers * plan.kvHeads)
                .arg(listed(heads))};
}

} // namespace

PlanExchange::PlanExchange(DeviceWorker& worker, QObject* parent) : QObject(parent), m_worker(worker) {}

void PlanExchange::run(const QString& topic, const QString& path, std::function<void()> work) {
    m_worker.interact(
        topic, [work = std::move(work)](const std::stop_token&) { work(); },
        [this, path](const JobError& error) { emit failed(path, error); });
}

void PlanExchange::importPlan(const PlanImport& request) {
    run(QStringLiteral("import ") + request.path, request.path, [this, request] {
        PlanValue value{QFileInfo(request.path).completeBaseName(), {}, {}, {}};
        if (isDuo(request.path)) {
            const DuoImport read = importDuo(readDuo(request.path.toStdString()), {}, request.heads);
            value.name = QFileInfo(request.path).dir().dirName();
            value.plan = read.file.plan;
            value.notes << tr("%1 of %2 KV heads stay full; the sink is %3 tokens.").arg(read.fullHeads).arg(value.plan.layers * value.plan.kvHeads).arg(value.plan.sink);
            for (const std::string& note : read.notes) value.notes << QString::fromStdString(note);
        } else {
            const PlanFile file = readPlan(request.path.toStdString(), request.kvHeads);
            value.plan = file.plan;
            if (!file.hasPassport()) {
                value.plan.sink = request.sink;
                value.notes << tr("The file does not say its sink: %1 tokens are assumed.").arg(request.sink);
                if (!file.kvHeadsKnown) value.notes << tr("It does not say its KV heads either: every query head stands alone.");
            }
        }
        value.notes << groupNotes(value.plan);
        m_worker.post([this, value] { emit imported(value); });
    });
}

void PlanExchange::readComparison(const QString& path, std::optional<int> kvHeads) {
    run(QStringLiteral("compare ") + path, path, [this, path, kvHeads] {
        const PlanValue value{QFileInfo(path).completeBaseName(), path, readPlan(path.toStdString(), kvHeads).plan, {}};
        m_worker.post([this, value] { emit comparisonRead(value); });
    });
}

void PlanExchange::exportPlan(const QString& path, const SparsePlan& plan, std::int64_t n) {
    run(QStringLiteral("export ") + path, path, [this, path, plan, n] {
        QStringList notes;
        if (isDuo(path)) {
            const std::array lengths{n};
            const DuoExport written = exportDuo(plan, lengths);
            writeDuo(QFileInfo(path).path().toStdString(), written.pattern);
            const int lost = written.report["lost"].get<int>();
            QStringList heads;
            for (const auto& head : written.report["heads"]) heads << headText(head["layer"].get<int>(), head["kv_head"].get<int>());
            notes << (lost == 0 ? tr("Every head has its equal there.") : tr("%1 heads have no equal there: %2.").arg(lost).arg(listed(heads)));
        } else {
            exportPublished(path.toStdString(), plan);
            notes << tr("Passport and pins are left out.");
            if (plan.sink != kDefaultSink) notes << tr("The sink of %1 tokens is not written: published tools use %2.").arg(plan.sink).arg(kDefaultSink);
        }
        m_worker.post([this, path, notes] { emit exported(path, notes); });
    });
}

void PlanExchange::readPassport(const QString& path) {
    run(QStringLiteral("passport ") + path, path, [this, path] {
        const PlanFile file = readPlan(path.toStdString());
        const QString text = file.hasPassport() ? QString::fromStdString(file.document[kPassportKey].dump(2)) : QString();
        m_worker.post([this, path, text] { emit passportRead(path, text); });
    });
}

void PlanExchange::readSearch(const QString& path) {
    run(QStringLiteral("search ") + path, path, [this, path] {
        const nlohmann::json search = readPlan(path.toStdString()).passport("search");
        const QByteArray text = search.is_object() ? QByteArray::fromStdString(search.dump()) : QByteArray();
        m_worker.post([this, path, text] { emit searchRead(path, text); });
    });
}

} // namespace moa
