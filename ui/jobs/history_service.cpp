// Values of the interface as rows of the store.
#include "ui/jobs/history_service.h"

#include "engine/core/error.h"
#include "engine/plan/plan_file.h"

#include <QJsonDocument>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace moa {
namespace {

std::string jsonText(const QJsonObject& object) {
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

RunStatus statusOf(JobState state) {
    return state == JobState::Done        ? RunStatus::Done
           : state == JobState::Cancelled ? RunStatus::Cancelled
                                          : RunStatus::Failed;
}

/// Of a run of the model with these weights; nothing: it measured no speed, or its plan cannot be read any more.
std::optional<DecodeSpeed> speedOf(const RunDetail& run, const std::string& sha) {
    if (!run.model || run.model->sha256 != sha) return {};
    const auto at = std::ranges::find(run.measurements, "decode_tok_s", &Measurement::name);
    if (at == run.measurements.end() || !(at->value > 0)) return {};
    const QJsonObject context = QJsonDocument::fromJson(QByteArray::fromStdString(at->context)).object();
    DecodeSpeed speed;
    speed.length = context[QStringLiteral("length")].toInteger(context[QStringLiteral("prompt_tokens")].toInteger());
    speed.tokensPerSecond = at->value;
    speed.device = QString::fromStdString(run.summary.backend);
    speed.run = run.summary.id.value;
    if (run.plan) {
        try {
            speed.plan = parsePlan(run.plan->json, "history").plan;
        } catch (const Error&) {
            return {};
        }
    }
    return speed;
}

} // namespace

struct HistoryService::Open {
    std::optional<History> history;
    std::shared_ptr<MemoryHistory> memory; ///< in its place, once the file cannot be written
    std::map<RunTicket, RunId> runs;
    std::map<RunTicket, RunStart> begun; ///< of these runs: memory must know them too

    History& use(const HistoryOptions& options) {
        if (!history) history = History::open(options.file.empty() ? History::defaultPath() : options.file);
        return *history;
    }
};

namespace {

/// Not the file's fault, nor the caller's: a disk or a folder that takes nothing.
bool isOfTheDisk(StoreProblem problem) {
    return problem == StoreProblem::ReadOnly || problem == StoreProblem::Full || problem == StoreProblem::Failed;
}

} // namespace

HistoryService::HistoryService(DeviceWorker& files, std::shared_ptr<EngineState> state, HistoryOptions options,
                               QObject* parent)
    : QObject(parent), m_files(files), m_state(std::move(state)), m_options(std::move(options)),
      m_open(std::make_shared<Open>()) {}

HistoryService::~HistoryService() = default;

void HistoryService::write(const QString& title, std::function<void(JobContext&)> work) {
    Job* job = m_files.submit(title, false, std::move(work));
    connect(job, &Job::finished, this, [this, job] {
        if (job->state() != JobState::Failed || m_told) return;
        m_told = true; // the next run would fail in the same way
        emit failed(job->error());
    });
}

void HistoryService::record(JobContext& context, const std::function<void(History&)>& change) {
    Open& open = *m_open;
    if (open.memory == nullptr) {
        try {
            return change(open.use(m_options));
        } catch (const StoreError& error) {
            if (!isOfTheDisk(error.problem())) throw;
            open.memory = std::make_shared<MemoryHistory>();
            const std::lock_guard lock(open.memory->mutex);
            open.runs.clear();
            for (const auto& [ticket, start] : open.begun) open.runs[ticket] = open.memory->history.begin(start);
            context.post([this, memory = open.memory, why = QString::fromUtf8(error.what())] { emit wentToMemory(memory, why); });
        }
    }
    const std::lock_guard lock(open.memory->mutex);
    change(open.memory->history);
}

RunTicket HistoryService::begin(const RunNote& note) {
    if (!m_options.isKept) return 0;
    const RunTicket ticket = ++m_last;
    const TimePoint began = currentTime();
    write(tr("Recording a run"), [this, ticket, note, began, state = m_state, open = m_open](JobContext& context) {
        RunStart start;
        start.command = note.command.toStdString();
        // Hashed here: a second per GB, the first time.
        start.model = ModelRef{note.model.name.toStdString(), state->files(note.model.path.toStdString())->sha256(),
                               note.model.config};
        start.device = (note.device.id + QLatin1Char(' ') + note.device.name).toStdString();
        start.backend = note.device.id.section(QLatin1Char(':'), 0, 0).toStdString();
        start.versions = {{"qt", qVersion()}};
        start.settings = jsonText(note.settings);
        if (note.plan)
            start.plan = PlanRef{note.plan->name.toStdString(), planText(makePlanFile(note.plan->plan, {})), "", note.plan->path.isEmpty() ? "edit" : "file", {}};
        start.started = began;
        record(context, [&](History& history) { open->runs[ticket] = history.begin(start); });
        open->begun[ticket] = start;
        // A number of the memory's own would name another run of the file.
        context.post([this, ticket, number = open->memory ? qint64(0) : qint64(open->runs[ticket].value)] {
            if (number != 0) m_runs.insert(ticket, number);
            emit recorded(ticket, number);
        });
    });
    return ticket;
}

void HistoryService::finish(RunTicket ticket, const RunOutcome& outcome) {
    if (ticket == 0) return;
    write(tr("Recording a result"), [this, ticket, outcome, open = m_open](JobContext& context) {
        if (!open->runs.contains(ticket)) return; // its row could not be begun, which was told
        RunEnd end;
        end.status = statusOf(outcome.state);
        end.error = outcome.error.toStdString();
        end.result = jsonText(outcome.result);
        end.measurements = outcome.measurements;
        record(context, [&](History& history) { history.finish(open->runs.at(ticket), end); });
        open->runs.erase(ticket);
        open->begun.erase(ticket);
    });
}

void HistoryService::readSpeeds(const ModelFacts& model) {
    if (!m_options.isKept) return;
    m_files.interact(
        QStringLiteral("decode speeds"),
        [this, model, state = m_state, open = m_open, options = m_options](const std::stop_token& stop) {
            constexpr int kRuns = 400; // looked at, newest first
            if (!std::filesystem::exists(options.file.empty() ? History::defaultPath() : options.file)) return; // made by the first run
            const std::string sha = state->files(model.path.toStdString())->sha256();
            History& history = open->use(options);
            RunFilter filter;
            filter.modelName = model.name.toStdString();
            filter.limit = kRuns;
            QList<DecodeSpeed> speeds;
            for (const RunSummary& run : history.list(filter)) {
                if (stop.stop_requested()) return;
                if (run.measurements == 0 || (run.command != "generate" && run.command != "bench")) continue;
                if (const auto speed = speedOf(history.show(run.id), sha)) speeds.append(*speed);
            }
            m_files.post([this, path = model.path, speeds] { emit speedsRead(path, speeds); });
        },
        [](const JobError&) {}); // no speeds then; a run that cannot be written will say so
}

Job* HistoryService::edit(const QString& title, const QString& file, std::function<void(History&, JobContext&)> change) {
    const std::string path = file.toStdString();
    Job* job = m_files.submit(title, false, [path, open = m_open, options = m_options, change = std::move(change)](JobContext& context) {
        if (path == kMemoryFile) {
            if (open->memory == nullptr) throw Error("nothing is kept in memory");
            const std::lock_guard lock(open->memory->mutex);
            return change(open->memory->history, context);
        }
        const std::string own = options.file.empty() ? History::defaultPath() : options.file;
        if (options.isKept && (path.empty() || path == own)) return change(open->use(options), context);
        History other = History::open(path.empty() ? own : path);
        change(other, context);
    });
    connect(job, &Job::finished, this, [this, job] {
        if (job->state() == JobState::Failed) return emit editFailed(job->title(), job->error());
        emit edited();
    });
    return job;
}

void HistoryService::addTags(const QString& file, const std::vector<RunId>& runs, const QStringList& tags) {
    std::vector<std::string> names;
    for (const QString& tag : tags) names.push_back(tag.toStdString());
    edit(tr("Tagging runs"), file, [runs, names](History& history, JobContext&) { history.addTags(runs, names); });
}

void HistoryService::removeTags(const QString& file, const std::vector<RunId>& runs, const QStringList& tags) {
    std::vector<std::string> names;
    for (const QString& tag : tags) names.push_back(tag.toStdString());
    edit(tr("Removing tags"), file, [runs, names](History& history, JobContext&) { history.removeTags(runs, names); });
}

void HistoryService::setNote(const QString& file, RunId run, const QString& text) {
    edit(tr("Writing a note"), file, [run, note = text.toStdString()](History& history, JobContext&) { history.setNote(run, note); });
}

Job* HistoryService::importRuns(const QString& file, const QString& from) {
    return edit(tr("Importing runs"), file, [this, from = from.toStdString()](History& history, JobContext& context) {
        const ImportReport report = history.importFile(from, [&context](std::int64_t done, std::int64_t total) {
            context.report({"runs", done, total});
            return !context.stop().stop_requested();
        });
        if (!report.isComplete) context.markCancelled();
        context.post([this, report] { emit imported(report.runs, report.known); });
    });
}

void HistoryService::saveMemory(const QString& path) {
    edit(tr("Saving the runs in memory"), QString::fromLatin1(kMemoryFile), [this, path](History& history, JobContext& context) {
        history.backup(path.toStdString());
        context.post([this, path] { emit savedMemory(path); });
    });
}

} // namespace moa
