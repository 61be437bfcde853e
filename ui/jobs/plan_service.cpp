// Reading and writing on the worker thread.
#include "ui/jobs/plan_service.h"

#include "engine/plan/plan_check.h"
#include "engine/plan/plan_file.h"
#include "engine/profile/profile_file.h"

#include <QFileInfo>

#include <filesystem>

namespace moa {
namespace {

constexpr const char* kProfileSuffix = ".moaprofile";

} // namespace

PlanService::PlanService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

void PlanService::run(const QString& topic, const QString& path, std::function<void()> work) {
    m_worker.interact(
        topic, [work = std::move(work)](const std::stop_token&) { work(); },
        [this, path](const JobError& error) { emit failed(path, error); });
}

void PlanService::openPlan(const QString& path, std::optional<int> kvHeads) {
    run(QStringLiteral("plan ") + path, path, [this, path, kvHeads] {
        const PlanFile file = readPlan(path.toStdString(), kvHeads);
        PlanValue value{QFileInfo(path).completeBaseName(), path, file.plan, {}};
        if (!file.hasPassport())
            value.notes.append(tr("The file has no passport: a sink of %1 tokens is assumed.").arg(file.plan.sink));
        const std::size_t split = disagreements(file.plan, {}).size();
        if (split > 0)
            value.notes.append(tr("In %1 of %2 KV heads the query heads' rules differ; each holds the widest of its own.")
                                   .arg(split)
                                   .arg(file.plan.layers * file.plan.kvHeads));
        m_worker.post([this, value] { emit planRead(value); });
    });
}

void PlanService::savePlan(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model, const QByteArray& origin) {
    run(QStringLiteral("save ") + path, path, [this, path, plan, model, origin] {
        write(path, plan, model, origin);
        m_worker.post([this, path, saved = plan.plan] { emit planSaved(path, saved); });
    });
}

void PlanService::keepPlan(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model) {
    run(QStringLiteral("keep ") + path, path, [this, path, plan, model] {
        write(path, plan, model, {});
        m_worker.post([this, path] { emit planKept(path); });
    });
}

void PlanService::write(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model, const QByteArray& origin) {
    PlanFile file;
    if (!plan.path.isEmpty() && std::filesystem::exists(plan.path.toStdString()))
        file = readPlan(plan.path.toStdString(), plan.plan.kvHeads);
    if (file.hasPassport()) {
        // What was measured and searched belongs to the rules and the sink that were there before.
        const bool same = file.plan.rules == plan.plan.rules && file.plan.sink == plan.plan.sink;
        file.plan = plan.plan;
        if (!same) {
            file.document[kPassportKey].erase("search");
            file.document[kPassportKey].erase("measurements");
        }
    } else {
        Passport passport;
        if (model) {
            passport.modelName = model->name.toStdString();
            passport.modelSha256 = m_state->files(model->path.toStdString())->sha256();
            passport.headDim = model->config.headDim;
        }
        file = makePlanFile(plan.plan, passport);
    }
    if (!origin.isEmpty()) file.document[kPassportKey].update(nlohmann::json::parse(origin.toStdString()));
    writePlan(path.toStdString(), file);
}

QList<std::shared_ptr<const InfluenceCurves>> PlanService::curvesOf(const ProfileData& profile, const QString& name) {
    QList<std::shared_ptr<const InfluenceCurves>> lengths;
    for (const auto& [length, at] : profile.lengths)
        lengths.append(std::make_shared<const InfluenceCurves>(profile, at, tr("%1, %2 samples").arg(name).arg(at.samples)));
    return lengths;
}

void PlanService::openProfile(const QString& path) {
    run(QStringLiteral("profile ") + path, path, [this, path] {
        const ProfileData profile = readProfile(path.toStdString());
        m_worker.post([this, path, lengths = curvesOf(profile, QFileInfo(path).fileName())] { emit profileRead(path, lengths); });
    });
}

void PlanService::openStoredProfile(const QString& model) {
    run(QStringLiteral("stored profile"), model, [this, model] {
        const auto files = m_state->files(model.toStdString());
        const std::filesystem::path path = files->path / (files->name + kProfileSuffix);
        if (!std::filesystem::exists(path)) return;
        const ProfileData profile = readProfile(path);
        if (profile.modelSha256 != files->sha256()) return; // of other weights under the same name
        m_worker.post([this, model, lengths = curvesOf(profile, QString::fromStdString(path.filename().string()))] {
            emit storedProfileRead(model, lengths);
        });
    });
}

} // namespace moa
