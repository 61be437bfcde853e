// What all pages share: the model in use, the plan, length N, the prompt, the selection, and what is known of the heads.
// Pages read from here and ask here; the engine's answers arrive here. GUI thread.
#pragma once

#include "ui/jobs/engine.h"
#include "ui/viewmodels/plan_document.h"
#include "ui/viewmodels/selection_model.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moa {

/// Something a page must say: what stopped, and what the user can do about it (ids of actions).
struct Problem {
    QString page; ///< "model", "inspect"
    QString title, text;
    QStringList actions;
};

class Workspace : public QObject {
    Q_OBJECT
public:
    explicit Workspace(Engine& engine, QObject* parent = nullptr);

    Engine& engine() { return m_engine; }
    SelectionModel& selection() { return m_selection; }
    PlanDocument& plan() { return m_plan; }

    // The model: chosen (its files are known), and loaded.

    const std::optional<ModelFacts>& model() const { return m_model; }
    const std::optional<LoadedModel>& loaded() const { return m_loaded; }
    bool isLoaded() const { return m_loaded && m_model && m_loaded->facts.path == m_model->path; }
    Job* loading() const { return m_loading; }
    /// Reads the files and makes the model the one in use; nothing is loaded. `thenLoad`: load it at once.
    void chooseModel(const QString& path, bool thenLoad = false);
    void load();
    void eject();
    const QList<DeviceFacts>& devices() const { return m_devices; }

    // Length and batch.

    std::int64_t length() const { return m_length; }
    void setLength(std::int64_t n);
    int batch() const { return m_batch; }
    void setBatch(int batch);

    // Prompt and capture.

    std::shared_ptr<const PromptValue> prompt() const { return m_prompt; }
    void openPrompt(const QString& path, const QString& page = QStringLiteral("inspect")); ///< `page`: where problems are told
    void pastePrompt(const QString& text);
    /// As one turn of a user, in the model's own template where it has one. Problems go to `page`.
    void askPrompt(const QString& text, const QString& page);
    /// `questions`: the earliest of so many is asked.
    void samplePrompt(const QString& task, std::int64_t tokens, int questions = 1, const QString& page = QStringLiteral("inspect"));
    void needlePrompt(const NeedleQuestion& question, int length, int depth, int sample, const QString& page);
    /// The last `tokens` of the present prompt, or a sample of that length.
    void shortenPrompt(std::int64_t tokens, const QString& page);
    /// Captures the prompt's attention again, e.g. after a cancel. No-op without prompt or loaded model.
    void capture();
    Job* capturing() const { return m_capturing; }
    /// What reading the present prompt takes the loaded model; nothing: it was not read yet.
    std::optional<double> prefillSeconds() const { return isLoaded() && m_prompt ? m_prefillSeconds : std::nullopt; }
    // Numbers of their rows in the history; 0: none is kept, or not written yet.
    qint64 captureRun() const { return m_engine.history.run(m_captureTicket); }
    qint64 influenceRun() const { return m_promptInfluence ? m_engine.history.run(m_influenceTicket) : 0; }

    // Influence: of the profiled length nearest to N, or of the present prompt once measured.

    std::shared_ptr<const InfluenceCurves> influence() const;
    /// The lengths of the profile in use, ascending; empty: none is open.
    const QList<std::shared_ptr<const InfluenceCurves>>& profile() const { return m_profile; }
    /// Whether a bundled model's own profile is read with it (no, unless said).
    void setUsesStoredProfiles(bool on) { m_usesStoredProfiles = on; }
    void openProfile(const QString& path);
    void measureInfluence();

    // Plans.

    void openPlan(const QString& path);
    /// A plan that was read already, e.g. imported: as openPlan() where it fits the model.
    void usePlan(const PlanValue& plan) { onPlan(plan); }
    void savePlan(const QString& path);
    /// Where `plan` comes from: JSON of the passport's parts "search" and "profile", written with it if it is saved as it
    /// is.
    void noteOrigin(const SparsePlan& plan, const QByteArray& parts);
    /// The last plan with unsaved edits that did not fit a model chosen after it; null: none. Each waits to be saved.
    const PlanValue* planSetAside() const { return m_setAside.empty() ? nullptr : &m_setAside.back().plan; }
    void savePlanSetAside(const QString& path);

    // Figures of the plan at N, exact.

    double density() const;
    std::int64_t kvBytes(const SparsePlan& plan) const; ///< at the batch; 0 without a model
    /// Of keys and values on the device in use: 4 on the CPU, 2 on a card.
    int bytesPerValue() const;
    /// Estimated loss increase, nats per token; nothing without influence.
    std::optional<double> estimatedLoss(const SparsePlan& plan) const;

signals:
    void modelChanged();  ///< another model is chosen
    void loadedChanged(); ///< loaded, being loaded, or ejected
    void devicesChanged();
    void lengthChanged(); ///< N or the batch
    void promptChanged();
    void captureChanged(); ///< a capture began, went on or ended
    void influenceChanged();
    void ejectedBytes(quint64 before, quint64 after);
    void problem(const moa::Problem& problem);
    void stopping(); ///< the model goes: what works on it stops
    void notice(const QString& title, const QString& text);
    void planSaved(const QString& path);
    void planSetAsideChanged();
    void fileOpened(const QString& kind, const QString& path); ///< for the list of recent files

private:
    void connectEngine();
    void onFacts(const ModelFacts& facts);
    void onPrompt(const PromptValue& prompt);
    void onPlan(const PlanValue& plan);
    void onProfile(const QString& path, const QList<std::shared_ptr<const InfluenceCurves>>& lengths);
    void dropPlan(const PlanValue& plan, bool edited, const std::optional<ModelFacts>& model);
    void tellShapes(const QString& name, const SparsePlan& plan, const QString& page,
                    const QStringList& actions);
    void stopWork();
    /// A row of the history that ends with `job`.
    RunTicket record(const QString& command, Job* job, QJsonObject settings);
    void tell(Job* job, const QString& page, const QString& title, const QStringList& actions = {});

    Engine& m_engine;
    SelectionModel m_selection;
    PlanDocument m_plan;
    struct SetAside {
        PlanValue plan;
        std::optional<ModelFacts> model;
    };
    std::vector<SetAside> m_setAside;
    std::pair<SparsePlan, QByteArray> m_origin; ///< empty: not known
    std::optional<ModelFacts> m_model;
    std::optional<LoadedModel> m_loaded;
    QList<DeviceFacts> m_devices;
    QString m_choosing;
    QString m_promptPage = QStringLiteral("inspect"); ///< that asked for the prompt
    QString m_promptFile; ///< asked for and not answered yet; empty: the prompt comes from elsewhere
    bool m_loadWhenChosen = false, m_usesStoredProfiles = false;
    Job *m_loading = nullptr, *m_capturing = nullptr, *m_measuring = nullptr;
    RunTicket m_captureTicket = 0, m_influenceTicket = 0;
    std::int64_t m_length = 4096;
    int m_batch = 1;
    std::shared_ptr<const PromptValue> m_prompt;
    std::optional<double> m_prefillSeconds;
    QList<std::shared_ptr<const InfluenceCurves>> m_profile;
    std::shared_ptr<const InfluenceCurves> m_promptInfluence;
};

} // namespace moa
