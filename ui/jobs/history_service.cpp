// Values of the interface as rows of the store.
#include "ui/jobs/history_service.h"

#include "engine/core/error.h"
#include "engine/plan/plan_file.h"
#include "store/history/history.h"

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
        if (note.plan)
            start.plan = PlanRef{note.plan->name.toStdString(), planText(makePlanFile(note.plan->plan, {})), "", note.plan->path.isEmpty() ? "edit" : "file", {}};
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

} // namespace moa
