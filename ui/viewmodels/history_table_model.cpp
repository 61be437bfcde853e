#include "ui/viewmodels/history_table_model.h"

#include "ui/viewmodels/history_text.h"

#include <algorithm>
#include <unordered_map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr std::size_t kMostWindows = 48, kMostAsked = 4;

struct ColumnFacts {
    const char* id;
    const char* title;
    const char* widest;
    RunKey key;
    const char* measure; ///< of RunKey::Measure
    bool isSortable, isNumber;
};
constexpr ColumnFacts kColumns[] = {
    {"run", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Run"), "#100000", RunKey::Run, "", true, false},
    {"when", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "When"), "Yesterday 00:00", RunKey::Started, "", true, false},
    {"kind", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Kind"), "Benchmark", RunKey::Command, "", true, false},
    {"plan", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Plan or data"), "balanced-50", RunKey::Plan, "", true, false},
    {"length", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "N"), "131,072", RunKey::Length, "", true, true},
    {"density", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Density"), "0.0000", RunKey::Density, "", true, true},
    {"measure", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Measure"), "retrieval 0.0000", RunKey::Measure, "", true, true},
    {"speed", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "tok/s"), "0000.0", RunKey::Measure, "decode_tok_s", true, true},
    {"kv", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "KV GiB"), "0.0000", RunKey::Measure, "kv_bytes", true, true},
    {"time", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Time"), "0:00:00", RunKey::Seconds, "", true, true},
    {"result", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Result"), "Diverged at 58", RunKey::Status, "", true, false},
    {"tags", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Tags"), "baseline, for-report", RunKey::Run, "", false, false},
    {"note", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Note"), "a note of a few words", RunKey::Run, "", false, false},
    {"model", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Model"), "Llama-3.1-8B-Instruct", RunKey::Model, "", true, false},
    {"device", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Device"), "cuda:0 NVIDIA H100", RunKey::Device, "", true, false},
    {"seed", QT_TRANSLATE_NOOP("moa::HistoryTableModel", "Seed"), "00000000", RunKey::Run, "", false, true},
};
static_assert(std::size(kColumns) == HistoryTableModel::Count);

} // namespace

HistoryTableModel::HistoryTableModel(HistoryModel& model, QObject* parent)
    : QAbstractTableModel(parent), m_model(model), m_runs(model.found().runs) {
    m_ask.setSingleShot(true);
    m_ask.setInterval(0); // after the frame that saw the gaps: one question for all of them
    connect(&m_ask, &QTimer::timeout, this, &HistoryTableModel::askWanted);
    connect(&model, &HistoryModel::foundChanged, this, &HistoryTableModel::onFound);
    connect(&model.reader(), &HistoryReader::rowsRead, this, &HistoryTableModel::onRows);
}

void HistoryTableModel::onFound() {
    const HistoryFound& found = m_model.found();
    m_asked = false;
    m_wanted.clear();
    if (*found.runs == *m_runs) { // the same runs: what they say may be new, what is shown stays meanwhile
        m_runs = found.runs;
        m_request = found.request;
        const std::deque<int> shown = std::exchange(m_kept, {});
        for (std::size_t i = shown.size() > kMostAsked ? shown.size() - kMostAsked : 0; i < shown.size(); ++i) m_wanted.push_back(shown[i]);
        for (const int window : shown)
            if (std::ranges::find(m_wanted, window) == m_wanted.end()) m_windows.remove(window);
        if (!m_wanted.empty()) m_ask.start();
        return;
    }
    beginResetModel();
    m_runs = found.runs;
    m_request = found.request;
    m_windows.clear();
    m_kept.clear();
    endResetModel();
}

int HistoryTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_runs->size());
}

const RunRow* HistoryTableModel::rowAt(int row) const {
    const auto window = m_windows.constFind(row / kWindow);
    if (window == m_windows.constEnd()) return nullptr;
    const auto at = std::size_t(row % kWindow);
    return at < window->size() ? &(*window)[at] : nullptr;
}

bool HistoryTableModel::isRead(int first, int last) const {
    for (int window = first / kWindow; window <= last / kWindow; ++window)
        if (!m_windows.contains(window)) return false;
    return true;
}

int HistoryTableModel::rowOf(RunId run) const {
    const auto at = std::ranges::find(*m_runs, run);
    return at == m_runs->end() ? -1 : int(at - m_runs->begin());
}

void HistoryTableModel::want(int window) const {
    std::erase(m_wanted, window);
    m_wanted.push_back(window);
    if (!m_asked && !m_ask.isActive()) m_ask.start();
}

void HistoryTableModel::askWanted() {
    if (m_wanted.empty() || m_asked) return;
    // What was looked at last is looked at still; what a scroll flew over is not.
    std::vector<std::pair<int, std::vector<RunId>>> windows;
    for (std::size_t i = 0; i < kMostAsked && !m_wanted.empty(); ++i) {
        const auto first = std::size_t(m_wanted.back()) * kWindow;
        m_wanted.pop_back();
        if (first >= m_runs->size()) continue;
        const std::size_t last = std::min(first + kWindow, m_runs->size());
        windows.emplace_back(int(first), std::vector<RunId>(m_runs->begin() + std::ptrdiff_t(first), m_runs->begin() + std::ptrdiff_t(last)));
    }
    m_wanted.clear();
    if (windows.empty()) return;
    m_asked = true;
    m_model.reader().readRows(m_request, std::move(windows));
}

void HistoryTableModel::onRows(const HistoryRows& answer) {
    if (answer.request != m_request) return;
    m_asked = false;
    const int window = answer.first / kWindow;
    // Rows of runs that were removed meanwhile are left out of the answer; theirs stay blank.
    std::unordered_map<std::int64_t, const RunRow*> byRun;
    for (const RunRow& row : answer.rows) byRun[row.summary.id.value] = &row;
    const int last = std::min(answer.first + kWindow, rowCount()) - 1;
    std::vector<RunRow> rows;
    for (int row = answer.first; row <= last; ++row) {
        const auto found = byRun.find(runAt(row).value);
        if (found != byRun.end())
            rows.push_back(*found->second);
        else
            rows.emplace_back().summary.id = runAt(row);
    }
    m_windows[window] = std::move(rows);
    std::erase(m_kept, window);
    m_kept.push_back(window);
    while (m_kept.size() > kMostWindows) {
        m_windows.remove(m_kept.front());
        m_kept.pop_front();
    }
    if (last >= answer.first) emit dataChanged(index(answer.first, 0), index(last, Count - 1));
    if (!m_wanted.empty()) m_ask.start();
}

QString HistoryTableModel::text(const RunRow& row, int column) const {
    namespace ht = history_text;
    const RunSummary& s = row.summary;
    switch (column) {
    case Run: return u"#%1"_s.arg(s.id.value);
    case When: return ht::when(s.started);
    case Kind: return ht::kind(s.command);
    case Subject: {
        if (!s.planName.empty()) {
            QString name = ht::plain(s.planName);
            if (name.endsWith(u".json"_s)) name.chop(5);
            return name;
        }
        const bool isDense = s.command == "score" || s.command == "generate" || s.command == "retrieval";
        return isDense ? tr("Dense") : QString();
    }
    case Length: return row.length ? ht::tokens(*row.length) : QString();
    case Density: return row.density ? ht::density(*row.density) : QString();
    case Measure: return row.headline ? ht::number(row.headline->value) : QString();
    case Speed: return row.decodeTokensPerSecond ? QLocale().toString(*row.decodeTokensPerSecond, 'f', 1) : QString();
    case KvBytes: return row.kvBytes ? ht::gib(*row.kvBytes) : QString();
    case Time: return row.seconds ? ht::duration(*row.seconds) : QString();
    case Result: {
        QString outcome = ht::plain(row.outcome);
        if (!outcome.isEmpty()) outcome[0] = outcome[0].toUpper();
        return outcome;
    }
    case Tags: {
        QString tags;
        for (const std::string& tag : row.tags) tags += (tags.isEmpty() ? QString() : u", "_s) + ht::plain(tag, 64);
        return tags;
    }
    case Note: return ht::plain(row.note);
    case ModelName: return ht::plain(s.modelName);
    case Device: return ht::plain(s.device);
    case Seed: return s.seed ? QString::number(*s.seed) : QString();
    default: return {};
    }
}

HistoryTableModel::Tone HistoryTableModel::tone(const RunRow& row, int column) {
    if (column == Run || column == Kind) return Tone::Plain;
    if (column != Result) return row.summary.planName.empty() && column == Subject ? Tone::Faint : Tone::Plain;
    switch (row.summary.status) {
    case RunStatus::Running: return Tone::Running;
    case RunStatus::Failed:
    case RunStatus::Infeasible: return Tone::Bad;
    case RunStatus::Cancelled:
    case RunStatus::Interrupted:
    case RunStatus::TimeLimit: return Tone::Warned;
    case RunStatus::Done: break;
    }
    return Tone::Plain;
}

QString HistoryTableModel::spoken(const RunRow& row) const {
    QStringList parts{tr("Run %1").arg(row.summary.id.value), text(row, Kind), text(row, Subject)};
    if (row.headline) parts.append(history_text::measure(row.headline->name) + u' ' + text(row, Measure));
    parts.append(text(row, Result));
    parts.removeAll(QString());
    return parts.join(u", "_s);
}

QVariant HistoryTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignVCenter | (kColumns[index.column()].isNumber ? Qt::AlignRight : Qt::AlignLeft));
    const RunRow* row = rowAt(index.row());
    if (row == nullptr) {
        if (role == Qt::DisplayRole) {
            want(index.row() / kWindow);
            if (index.column() == Run) return u"#%1"_s.arg(runAt(index.row()).value);
        }
        return role == Qt::AccessibleTextRole ? QVariant(tr("Run %1, being read").arg(runAt(index.row()).value)) : QVariant();
    }
    switch (role) {
    case Qt::DisplayRole: return text(*row, index.column());
    case Qt::AccessibleTextRole: {
        if (index.column() == Run) return spoken(*row);
        const QString said = text(*row, index.column());
        return tr(kColumns[index.column()].title) + u' ' + (said.isEmpty() ? tr("none") : said);
    }
    case Qt::ToolTipRole: {
        if (index.column() == When) return history_text::exactTime(row->summary.started);
        if (index.column() == Result) return history_text::toolTip(history_text::plainLines(row->outcome));
        if (index.column() == Measure && row->headline)
            return history_text::toolTip(tr("%1, run %2").arg(history_text::measure(row->headline->name)).arg(row->summary.id.value));
        return history_text::toolTip(text(*row, index.column()));
    }
    case IconRole: return index.column() == Kind ? history_text::icon(row->summary.command) : QString();
    case ToneRole: return int(tone(*row, index.column()));
    case PrefixRole: return index.column() == Measure && row->headline ? history_text::measure(row->headline->name) : QString();
    default: return {};
    }
}

QVariant HistoryTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= Count) return {};
    if (role == Qt::DisplayRole) return tr(kColumns[section].title);
    if (role == WidestRole) return QString::fromUtf8(kColumns[section].widest);
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignVCenter | (kColumns[section].isNumber ? Qt::AlignRight : Qt::AlignLeft));
    return {};
}

bool HistoryTableModel::isSortable(int column) {
    return column >= 0 && column < Count && kColumns[column].isSortable;
}

QString HistoryTableModel::columnId(int column) {
    return QString::fromLatin1(kColumns[column].id);
}

void HistoryTableModel::sort(int column, Qt::SortOrder order) {
    if (!isSortable(column)) return;
    m_model.setOrder({kColumns[column].key, order == Qt::DescendingOrder, kColumns[column].measure});
}

} // namespace moa
