// Values of the interface as rows of the store.
#include "ui/jobs/history_service.h"

#include "store/history/history.h"

#include <QJsonDocument>

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

} // namespace

struct HistoryService::Open {
    std::optional<History> history;
    std::map<RunTicket, RunId> runs;

    History& use(const HistoryOptions& options) {
        if (!history) history = History::open(options.file.empty() ? History::defaultPath() : options.file);
        return *history;
    }
};

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

RunTicket HistoryService::begin(const RunNote& note) {
    if (!m_options.isKept) return 0;
    const RunTicket ticket = ++m_last;
    const TimePoint began = currentTime();
    write(tr("Recording a run"), [this, ticket, note, began, state = m_state, open = m_open,
                                  options = m_options](JobContext& context) {
        RunStart start;
        start.command = note.command.toStdString();
        // Hashed here: a second per GB, the first time.
        start.model = ModelRef{note.model.name.toStdString(), state->files(note.model.path.toStdString())->sha256(),
                               note.model.config};
        start.device = (note.device.id + QLatin1Char(' ') + note.device.name).toStdString();
        start.backend = note.device.id.section(QLatin1Char(':'), 0, 0).toStdString();
        start.versions = {{"qt", qVersion()}};
        start.settings = jsonText(note.settings);
        start.started = began;
        const RunId run = open->use(options).begin(start);
        open->runs[ticket] = run;
        context.post([this, ticket, number = qint64(run.value)] {
            m_runs.insert(ticket, number);
            emit recorded(ticket, number);
        });
    });
    return ticket;
}

void HistoryService::finish(RunTicket ticket, const RunOutcome& outcome) {
    if (ticket == 0) return;
    write(tr("Recording a result"), [ticket, outcome, open = m_open, options = m_options](JobContext&) {
        const auto run = open->runs.find(ticket);
        if (run == open->runs.end()) return; // its row could not be begun, which was told
        RunEnd end;
        end.status = statusOf(outcome.state);
        end.error = outcome.error.toStdString();
        end.result = jsonText(outcome.result);
        end.measurements = outcome.measurements;
        open->use(options).finish(run->second, end);
        open->runs.erase(run);
    });
}

} // namespace moa
