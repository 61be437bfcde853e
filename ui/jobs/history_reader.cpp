// Questions as requests of a worker: a newer one of a topic takes an older one's place.
#include "ui/jobs/history_reader.h"

#include "ui/jobs/history_query.h"

#include "engine/plan/plan_file.h"
#include "store/report/html_report.h"

#include <sstream>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBusyMs = 2000;
constexpr std::size_t kMostRepeats = 6, kMostTrend = 2000;

std::vector<RunPassport::Repeat> repeatsOf(History& history, RunSearch& search, const RunDetail& detail, qint64& more) {
    const std::string query = "rerun:" + std::to_string(detail.summary.id.value);
    std::vector<RunId> runs = search.find(parseQuery(query)).runs;
    if (detail.summary.rerunOf) runs.push_back(*detail.summary.rerunOf);
    more = runs.size() > kMostRepeats ? qint64(runs.size() - kMostRepeats) : 0;
    if (runs.size() > kMostRepeats) runs.resize(kMostRepeats);
    std::vector<RunPassport::Repeat> repeats;
    for (const RunId run : runs) repeats.push_back({history.show(run).summary, history.diff(detail.summary.id, run)});
    return repeats;
}

std::shared_ptr<const RunPassport> passportOf(History& history, RunSearch& search, RunId run) {
    auto passport = std::make_shared<RunPassport>();
    passport->detail = history.show(run);
    passport->repeats = repeatsOf(history, search, passport->detail, passport->moreRepeats);
    if (passport->detail.summary.plan) passport->lineage = lineageOf(history, *passport->detail.summary.plan);
    return passport;
}

QByteArray exportText(History& history, const QString& format, const std::vector<RunId>& runs, std::size_t baseline) {
    std::ostringstream out;
    if (format == u"csv"_s)
        history.exportCsv(out, runs);
    else if (format == u"json"_s)
        history.exportJson(out, runs);
    else if (format == u"md"_s)
        out << markdownOf(compareRuns(history, runs, baseline), false);
    else
        out << htmlReport(history, runs, baseline);
    return QByteArray::fromStdString(out.str());
}

} // namespace

struct HistoryReader::Reading {
    std::string file; ///< empty: none
    std::optional<History> own;
    std::shared_ptr<MemoryHistory> memory; ///< read instead, under its mutex
    std::optional<RunSearch> search;

    History& history() { return memory ? memory->history : *own; }
    /// False: there is no file yet. Throws StoreError.
    bool open() {
        if (search) return true;
        if (!memory && !openFile()) return false;
        search.emplace(history());
        return true;
    }
    bool openFile() {
        try {
            own.emplace(History::open(file, OpenMode::ReadOnly, kBusyMs));
        } catch (const StoreError& error) {
            if (error.problem() == StoreProblem::Missing) return false;
            if (error.problem() != StoreProblem::ReadOnly) throw;
            History::open(file, OpenMode::ReadWrite, kBusyMs); // an older schema: upgraded once, by who may write
            own.emplace(History::open(file, OpenMode::ReadOnly, kBusyMs));
        }
        return true;
    }
    void close() {
        search.reset();
        own.reset();
    }
};

HistoryReader::HistoryReader(HistoryOptions options, QObject* parent)
    : QObject(parent), m_reading(std::make_shared<Reading>()) {
    if (!options.isKept) {
        m_state = HistoryState::Off;
        return;
    }
    try {
        m_file = QString::fromStdString(options.file.empty() ? History::defaultPath() : options.file);
        m_reading->file = m_file.toStdString();
    } catch (const Error& error) {
        m_state = HistoryState::Failed;
        m_trouble = QString::fromUtf8(error.what());
    }
}

HistoryReader::~HistoryReader() {
    m_worker.shutDown();
}

void HistoryReader::setState(HistoryState state, const QString& trouble) {
    if (state == m_state && trouble == m_trouble) return;
    m_state = state;
    m_trouble = trouble;
    emit stateChanged();
}

void HistoryReader::open(const QString& file) {
    reopen(file, nullptr);
}

void HistoryReader::openMemory(std::shared_ptr<MemoryHistory> memory) {
    reopen(QString::fromLatin1(kMemoryFile), std::move(memory));
}

void HistoryReader::reopen(const QString& file, std::shared_ptr<MemoryHistory> memory) {
    m_file = file;
    m_state = HistoryState::Unread;
    m_trouble.clear();
    m_worker.interact(u"open"_s, [reading = m_reading, path = file.toStdString(), memory = std::move(memory)](const std::stop_token&) {
        reading->close();
        reading->file = path;
        reading->memory = memory;
    });
    emit stateChanged();
}

void HistoryReader::ask(const QString& topic, const QString& what,
                        std::function<void(History&, RunSearch&, std::stop_token)> read) {
    if (m_file.isEmpty()) return;
    m_worker.interact(topic, [this, what, reading = m_reading, read = std::move(read)](const std::stop_token& stop) {
        HistoryState state = HistoryState::Missing;
        QString trouble;
        try {
            std::unique_lock<std::mutex> lock;
            if (reading->memory) lock = std::unique_lock(reading->memory->mutex);
            if (reading->open()) {
                const bool isNewer = reading->history().outcome() == SchemaOutcome::NewerCompatible;
                state = isNewer ? HistoryState::ReadOnly : HistoryState::Ready;
                answer([this, state] { setState(state, {}); });
                return read(reading->history(), *reading->search, stop);
            }
        } catch (const UsageError& error) { // a run that is gone meanwhile
            return answer([this, what, message = QString::fromUtf8(error.what())] { emit failed(what, message); });
        } catch (const Error& error) {
            reading->close(); // opened anew at the next question
            state = HistoryState::Failed;
            trouble = QString::fromUtf8(error.what());
        }
        answer([this, state, trouble] { setState(state, trouble); });
    });
}

quint64 HistoryReader::find(const QString& query, const RunOrder& order) {
    const quint64 request = ++m_request;
    ask(u"find"_s, tr("Finding runs"), [this, request, query, order](History&, RunSearch& search, const std::stop_token& stop) {
        const QByteArray utf8 = query.toUtf8();
        const Query parsed = parseQuery({utf8.constData(), std::size_t(utf8.size())}, localClock());
        HistoryFound answered;
        answered.request = request;
        RunList list = search.find(parsed, order);
        if (list.problem) answered.fault = faultOf(query, *list.problem);
        answered.all = list.all;
        answered.runs = std::make_shared<const std::vector<RunId>>(std::move(list.runs));
        if (stop.stop_requested()) return;
        answered.facets = search.facets(parsed);
        answered.measures = search.measures();
        answer([this, answered] {
            if (answered.request == m_request) emit found(answered);
        });
    });
    return request;
}

void HistoryReader::readRows(quint64 request, std::vector<std::pair<int, std::vector<RunId>>> windows) {
    ask(u"rows"_s, tr("Reading rows"), [this, request, windows = std::move(windows)](History&, RunSearch& search, const std::stop_token&) {
        for (const auto& [first, runs] : windows)
            answer([this, rows = HistoryRows{request, first, search.rows(runs)}] {
                if (rows.request == m_request) emit rowsRead(rows);
            });
    });
}

void HistoryReader::readPassport(RunId run) {
    ask(u"passport"_s, tr("Run %1").arg(run.value), [this, run](History& history, RunSearch& search, const std::stop_token& stop) {
        const auto passport = passportOf(history, search, run);
        if (!stop.stop_requested()) answer([this, passport] { emit passportRead(passport); });
    });
}

void HistoryReader::compare(const std::vector<RunId>& runs, std::size_t baseline) {
    ask(u"compare"_s, tr("Comparing runs"), [this, runs, baseline](History& history, RunSearch&, const std::stop_token& stop) {
        const auto comparison = std::make_shared<const RunComparison>(compareRuns(history, runs, baseline));
        if (!stop.stop_requested()) answer([this, comparison] { emit compared(comparison); });
    });
}

void HistoryReader::readTrend(const std::string& measure, const std::vector<RunId>& only) {
    ask(u"trend"_s, tr("Reading a measure"), [this, measure, only](History& history, RunSearch&, const std::stop_token& stop) {
        const Trend trend = measureTrend(history, measure, only, kMostTrend);
        if (!stop.stop_requested()) answer([this, trend] { emit trendRead(trend); });
    });
}

void HistoryReader::complete(const QString& query) {
    ask(u"complete"_s, tr("Completing"), [this, query](History&, RunSearch& search, const std::stop_token&) {
        const QByteArray utf8 = query.toUtf8();
        const QStringList texts = completed(query, search.complete({utf8.constData(), std::size_t(utf8.size())}));
        answer([this, query, texts] { emit completions(query, texts); });
    });
}

void HistoryReader::readPlan(RunId run) {
    ask(u"plan"_s, tr("The plan of run %1").arg(run.value), [this, run](History& history, RunSearch&, const std::stop_token&) {
        const RunDetail detail = history.show(run);
        if (!detail.plan) throw UsageError("it ran without a plan");
        std::optional<int> kvHeads;
        if (detail.model && detail.model->shape.kvHeads > 0) kvHeads = detail.model->shape.kvHeads;
        PlanValue value;
        value.name = QString::fromStdString(detail.plan->name);
        if (value.name.endsWith(u".json"_s)) value.name.chop(5);
        try {
            value.plan = parsePlan(detail.plan->json, detail.plan->name, kvHeads).plan;
        } catch (const Error& error) { // the history itself is sound
            throw UsageError(error.what());
        }
        value.notes.append(tr("From run %1 of the history.").arg(run.value));
        answer([this, value, run] { emit planRead(value, run.value); });
    });
}

void HistoryReader::write(const QString& format, const std::vector<RunId>& runs, std::size_t baseline) {
    ask(u"write "_s + format, tr("Exporting runs"), [this, format, runs, baseline](History& history, RunSearch&, const std::stop_token&) {
        const QByteArray text = exportText(history, format, runs, baseline);
        answer([this, format, text] { emit written(format, text); });
    });
}

void HistoryReader::look() {
    ask(u"look"_s, tr("Reading the history"), [this](History&, RunSearch& search, const std::stop_token&) {
        if (search.refresh()) answer([this] { emit changedOutside(); });
    });
}

} // namespace moa
