// The history as a page reads it, on a thread of its own with its own read-only connection: found runs with facets,
// windows of rows, passports, comparisons, charts. Every answer is a queued signal; a newer question of a kind replaces
// an older one, so stale answers never come. Non-goal: writing (HistoryService).
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/history_service.h"
#include "ui/jobs/history_values.h"
#include "ui/jobs/values.h"

#include <QObject>
#include <QStringList>

namespace moa {

class HistoryReader : public QObject {
    Q_OBJECT
public:
    explicit HistoryReader(HistoryOptions options, QObject* parent = nullptr);
    ~HistoryReader() override;

    HistoryState state() const { return m_state; }
    /// Why it cannot be read; empty while it can.
    const QString& trouble() const { return m_trouble; }
    /// The file that is read; empty where none is kept.
    const QString& file() const { return m_file; }
    /// Reads another file from now on.
    void open(const QString& file);
    /// Reads what is kept in memory from now on.
    void openMemory(std::shared_ptr<MemoryHistory> memory);
    bool isMemory() const { return m_file == QLatin1String(kMemoryFile); }

    // Questions. Answers come as the signals below; a question that fails is answered by stateChanged() or failed().

    /// The number of the answer.
    quint64 find(const QString& query, const RunOrder& order);
    /// Windows of rows: first row and the runs from there on.
    void readRows(quint64 request, std::vector<std::pair<int, std::vector<RunId>>> windows);
    void readPassport(RunId run);
    void compare(const std::vector<RunId>& runs, std::size_t baseline);
    /// Of these runs; all where none are given.
    void readTrend(const std::string& measure, const std::vector<RunId>& only);
    void complete(const QString& query);
    /// The plan of a run, to be opened.
    void readPlan(RunId run);
    /// Text of a file to save: "json", "csv" (of the runs), "md" (their comparison), "html" (a report of them).
    void write(const QString& format, const std::vector<RunId>& runs, std::size_t baseline);
    /// Whether others wrote since: changedOutside() says so.
    void look();

signals:
    void stateChanged();
    void found(const moa::HistoryFound& answer);
    void rowsRead(const moa::HistoryRows& rows);
    void passportRead(const std::shared_ptr<const moa::RunPassport>& passport);
    void compared(const std::shared_ptr<const moa::RunComparison>& comparison);
    void trendRead(const moa::Trend& trend);
    void completions(const QString& query, const QStringList& texts);
    void planRead(const moa::PlanValue& plan, qint64 run);
    void written(const QString& format, const QByteArray& text);
    void changedOutside();
    /// A question about runs that are gone, or a file that broke meanwhile.
    void failed(const QString& what, const QString& message);

private:
    struct Reading; ///< the open history; reader's thread
    /// Runs `read` with the open history and search on the reader's thread; nothing where there is none.
    void ask(const QString& topic, const QString& what, std::function<void(History&, RunSearch&, std::stop_token)> read);
    void reopen(const QString& file, std::shared_ptr<MemoryHistory> memory);
    void setState(HistoryState state, const QString& trouble);
    void answer(std::function<void()> deliver) { m_worker.post(std::move(deliver)); }

    HistoryState m_state = HistoryState::Unread;
    QString m_trouble, m_file;
    std::shared_ptr<Reading> m_reading;
    quint64 m_request = 0;
    DeviceWorker m_worker; ///< last: its end waits for what uses the rest
};

} // namespace moa
