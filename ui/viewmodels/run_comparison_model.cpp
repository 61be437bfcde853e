#include "ui/viewmodels/run_comparison_model.h"

#include "ui/viewmodels/history_text.h"

namespace moa {

using namespace Qt::StringLiterals;

RunComparisonModel::RunComparisonModel(HistoryModel& model, QObject* parent) : QAbstractTableModel(parent), m_model(model) {
    connect(&model, &HistoryModel::comparisonChanged, this, &RunComparisonModel::refresh);
    refresh();
}

void RunComparisonModel::refresh() {
    beginResetModel();
    m_comparison = m_model.comparison();
    m_rows.clear();
    if (m_comparison)
        for (std::size_t i = 0; i < m_comparison->rows.size(); ++i)
            if (!m_differencesOnly || m_comparison->rows[i].differs) m_rows.push_back(i);
    endResetModel();
}

void RunComparisonModel::setDifferencesOnly(bool on) {
    if (on == m_differencesOnly) return;
    m_differencesOnly = on;
    refresh();
}

int RunComparisonModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_comparison ? 0 : int(m_comparison->runs.size()) + 1;
}

std::optional<RunId> RunComparisonModel::runOf(int column) const {
    if (!m_comparison || column < 1 || column > int(m_comparison->runs.size())) return std::nullopt;
    return m_comparison->runs[std::size_t(column - 1)].id;
}

QString RunComparisonModel::cellText(const ComparisonCell& cell) const {
    QString text = cell.value ? history_text::number(*cell.value) : history_text::plain(cell.text);
    if (text.isEmpty()) return u"–"_s;
    if (cell.error) text += u" ± "_s + history_text::number(*cell.error);
    return text;
}

QVariant RunComparisonModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
    const ComparisonRow& line = row(index.row());
    if (index.column() == 0) {
        const QString name = history_text::plain(line.name) + (line.unit.empty() ? QString() : u", "_s + history_text::plain(line.unit, 20));
        if (role == Qt::DisplayRole) return name;
        if (role == Qt::ToolTipRole) return history_text::toolTip(history_text::plain(line.group) + u": "_s + name);
        return {};
    }
    const ComparisonCell& cell = line.cells[std::size_t(index.column() - 1)];
    switch (role) {
    case Qt::DisplayRole: return cellText(cell);
    case Qt::ToolTipRole: return history_text::toolTip(history_text::plainLines(cell.text));
    case TickRole: return int(cell.tick);
    case Qt::AccessibleTextRole: {
        const QString said = cell.tick == Tick::Worse    ? tr(", worse than the baseline")
                             : cell.tick == Tick::Better ? tr(", better than the baseline")
                             : cell.tick == Tick::Differs ? tr(", differs")
                                                          : QString();
        return tr("%1, run %2: %3%4").arg(history_text::plain(line.name)).arg(runOf(index.column())->value).arg(cellText(cell), said);
    }
    default: return {};
    }
}

QVariant RunComparisonModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section >= columnCount()) return {};
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignVCenter | Qt::AlignLeft);
    if (section == 0) return role == Qt::DisplayRole ? tr("Field") : QVariant();
    const RunSummary& run = m_comparison->runs[std::size_t(section - 1)];
    const bool isBaseline = std::size_t(section - 1) == m_comparison->baseline;
    if (role == BaselineRole) return isBaseline;
    if (role == Qt::DisplayRole) {
        QString when = history_text::when(run.started);
        if (!when.isEmpty()) when[0] = when[0].toLower();
        return u"#%1, %2"_s.arg(run.id.value).arg(when) + (isBaseline ? tr(", baseline") : QString());
    }
    if (role == Qt::ToolTipRole && !isBaseline) return tr("Right click: make it the baseline");
    return {};
}

} // namespace moa
