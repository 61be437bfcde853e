// What the History page is about: the query with its facets and order, the chosen runs, the current one's passport, the
// comparison and the chart. Asks the reader, drops answers to older questions, keeps queries in the settings.
#pragma once

#include "ui/jobs/engine.h"
#include "ui/jobs/history_reader.h"

#include <QObject>
#include <QSettings>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

namespace moa {

class HistoryModel : public QObject {
    Q_OBJECT
public:
    /// `settings` keep recent queries; null: nothing is kept.
    explicit HistoryModel(Engine& engine, QSettings* settings = nullptr, QObject* parent = nullptr);

    HistoryReader& reader() { return m_reader; }
    /// The page is looked at: its first question is asked now, and others' runs are looked for.
    void setActive(bool active);

    // The query.

    const QString& query() const { return m_query; }
    void setQuery(const QString& query);
    void toggleFacet(const QString& field, const QString& value);
    void clearQuery() { setQuery({}); }
    /// The present query goes to the front of the recent ones.
    void rememberQuery();
    const QStringList& recentQueries() const { return m_recent; }
    const RunOrder& order() const { return m_order; }
    void setOrder(const RunOrder& order);

    /// The last answer.
    const HistoryFound& found() const { return m_found; }
    bool isCurrent() const { return m_found.request == m_asked; }

    // Runs chosen in the table, in its order; the current one is shown at the right.

    const std::vector<RunId>& chosen() const { return m_chosen; }
    std::optional<RunId> current() const { return m_current; }
    void choose(std::vector<RunId> runs, std::optional<RunId> current);
    /// One run, whether the query finds it or not.
    void show(RunId run) { choose({run}, run); }
    /// Null while it is read, and where no run is chosen.
    std::shared_ptr<const RunPassport> passport() const { return m_passport; }

    // The comparison of 2 to 6 chosen runs.

    std::shared_ptr<const RunComparison> comparison() const { return m_comparison; }
    std::optional<RunId> baseline() const;
    void setBaseline(RunId run);
    /// Of the comparison, to be pasted in a report; empty without one.
    QString comparisonMarkdown(bool differencesOnly) const;

    // The chart: one measure over the runs that the query finds, or over all uses of the current run's plan.

    const Trend& trend() const { return m_trend; }
    const std::string& measure() const { return m_measure; }
    void setMeasure(const std::string& measure);
    bool isTrendOfPlan() const { return m_trendOfPlan; }
    void setTrendOfPlan(bool on);

    // Changes. Answers come as refreshed answers of the questions above, or as problem().

    bool canWrite() const { return m_reader.state() == HistoryState::Ready; }
    void addTag(const QString& tag);     ///< to all chosen runs
    void removeTag(const QString& tag);  ///< from all chosen runs
    void setNote(RunId run, const QString& text);
    void importRuns(const QString& from);
    /// Why the current run cannot be repeated; empty: it can.
    QString reproduceObstacle() const;
    void reproduce();
    Job* reproducing() const { return m_reproducing; }
    /// Report of the last reproduction in this session, of the current run; null: none.
    const DriftReport* drift() const;

signals:
    void stateChanged();
    void queryChanged();
    void foundChanged();
    void chosenChanged();
    void passportChanged();
    void comparisonChanged();
    void trendChanged();
    void reproducingChanged();
    void problem(const QString& title, const QString& text);
    void notice(const QString& title, const QString& text);

private:
    void connectReader();
    void connectWrites();
    void ask();
    void askComparison();
    void askTrend();
    std::size_t baselineIndex() const;
    void onDrift(const DriftReport& report);

    Engine& m_engine;
    HistoryReader& m_reader;
    QSettings* m_settings;
    QString m_query;
    QStringList m_recent;
    RunOrder m_order;
    HistoryFound m_found;
    quint64 m_asked = 0;
    std::vector<RunId> m_chosen;
    std::optional<RunId> m_current, m_baseline;
    std::shared_ptr<const RunPassport> m_passport;
    std::shared_ptr<const RunComparison> m_comparison;
    Trend m_trend;
    std::string m_measure;
    bool m_trendOfPlan = false, m_measureChosen = false;
    std::vector<DriftReport> m_drifts;
    Job* m_reproducing = nullptr;
    QTimer m_look;
    bool m_active = false;
};

} // namespace moa
