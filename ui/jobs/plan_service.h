// Plan and profile files for the interface. Plans open without a model.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/influence.h"
#include "ui/jobs/values.h"

#include <optional>

namespace moa {

class PlanService : public QObject {
    Q_OBJECT
public:
    PlanService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    /// `kvHeads`: of the model in use, for published files that do not say. Answers with planRead() or failed().
    void openPlan(const QString& path, std::optional<int> kvHeads);
    /// Writes atomically; keys of the file that was opened stay. `origin`: JSON of the passport's parts "search" and
    /// "profile"; empty: as the file has them, where its rules are these. Answers with planSaved() or failed().
    void savePlan(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model, const QByteArray& origin = {});
    /// The same for a plan that is not in use any more. Answers with planKept() or failed().
    void keepPlan(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model);
    /// The profile that lies in a bundled model's folder under its name, of exactly these weights. Answers with
    /// storedProfileRead() where there is one, failed() where it is damaged.
    void openStoredProfile(const QString& model);
    /// A stored profile, all its lengths. Answers with profileRead() or failed().
    void openProfile(const QString& path);

signals:
    void planRead(const moa::PlanValue& plan);
    void planSaved(const QString& path, const moa::SparsePlan& plan);
    void planKept(const QString& path);
    void storedProfileRead(const QString& model, const QList<std::shared_ptr<const moa::InfluenceCurves>>& lengths);
    void profileRead(const QString& path, const QList<std::shared_ptr<const moa::InfluenceCurves>>& lengths);
    void failed(const QString& path, const moa::JobError& error);

private:
    void write(const QString& path, const PlanValue& plan, const std::optional<ModelFacts>& model, const QByteArray& origin);
    QList<std::shared_ptr<const InfluenceCurves>> curvesOf(const ProfileData& profile, const QString& name);
    void run(const QString& topic, const QString& path, std::function<void()> work);

    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
