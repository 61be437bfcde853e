// Cells as text, refreshed with every answer; rows that stay keep their place and selection.
#include "ui/viewmodels/search_table_model.h"

#include <QLocale>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace search_text {

QString density(double value) {
    return QLocale().toString(value, 'f', 4);
}

QString loss(double nats) {
    const double size = std::abs(nats);
    int decimals = 4;
    if (size > 0 && size < 0.0995) decimals = std::clamp(2 - int(std::floor(std::log10(size))), 4, 9);
    return QLocale().toString(size, 'f', decimals).prepend(nats < 0 ? u"−"_s : QString());
}

QString signedLoss(double nats) {
    return nats < 0 ? loss(nats) : u'+' + loss(nats);
}

QString gap(std::optional<double> gap) {
    if (!gap) return u"–"_s;
    const double percent = std::max(*gap, 0.0) * 100;
    if (percent > 0 && percent < 0.005) return u"< 0.01%"_s;
    return QLocale().toString(percent, 'f', percent < 10 ? 2 : 0) + u'%';
}

QString shortLength(int tokens) {
    return tokens >= 1024 && tokens % 512 == 0 ? QLocale().toString(tokens / 1024.0, 'g', 4) + u'k' : QString::number(tokens);
}

} // namespace search_text

SearchTableModel::SearchTableModel(SearchModel& model, QObject* parent) : QAbstractTableModel(parent), m_model(model) {
    connect(&model, &SearchModel::candidatesChanged, this, &SearchTableModel::refresh);
    connect(&model, &SearchModel::subjectChanged, this, &SearchTableModel::refresh);
    connect(&model.workspace(), &Workspace::modelChanged, this, &SearchTableModel::refresh);
    connect(&model.workspace(), &Workspace::lengthChanged, this, &SearchTableModel::refresh);
    refresh();
}

SearchTableModel::Row SearchTableModel::row(const SearchCandidate& candidate) const {
    Row row;
    const auto density = candidate.price.density.find(m_model.objectiveLength());
    row.cells << candidate.name
              << (density == candidate.price.density.end() ? u"–"_s : search_text::density(density->second));
    for (const int length : m_model.subject().lengths) {
        const auto loss = candidate.price.loss.find(length);
        row.cells << (loss == candidate.price.loss.end() ? u"–"_s : search_text::loss(loss->second));
    }
    if (m_model.workspace().model())
        row.cells << QLocale().toString(double(m_model.workspace().kvBytes(candidate.plan)) / (1 << 20), 'f', 1);
    const QString broken = m_model.broken(candidate, true);
    row.stateTip = m_model.broken(candidate);
    row.isBest = candidate.kind == SearchCandidate::Kind::Best;
    row.isOwn = candidate.kind == SearchCandidate::Kind::Document;
    row.isBroken = !broken.isEmpty();
    row.cells << QLocale().toString(candidate.price.rules) << search_text::gap(candidate.gap);
    const auto measured = m_measured.find(candidate.name);
    if (m_measuredAt > 0) row.cells << (measured == m_measured.end() ? u"–"_s : measured->second);
    row.cells << (row.isBroken ? broken : row.isOwn ? tr("In use") : measured != m_measured.end() ? tr("Validated") : tr("Feasible"));
    return row;
}

void SearchTableModel::refresh() {
    QStringList headers{tr("Plan"), tr("Density")};
    for (const int length : m_model.subject().lengths) headers << search_text::shortLength(length);
    if (m_model.workspace().model()) headers << tr("KV MiB");
    headers << tr("Rules") << tr("Gap");
    if (m_measuredAt > 0) headers << tr("Held out %1").arg(search_text::shortLength(m_measuredAt));
    headers << tr("State");
    std::vector<Row> rows;
    for (const SearchCandidate& candidate : m_model.candidates()) rows.push_back(row(candidate));
    const bool same = headers == m_headers && rows.size() == m_rows.size() &&
                      std::ranges::equal(rows, m_rows, {}, [](const Row& r) { return r.cells.front(); },
                                         [](const Row& r) { return r.cells.front(); });
    if (!same) {
        beginResetModel();
        m_headers = headers;
        m_rows = std::move(rows);
        endResetModel();
        return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
        if (rows[k] == m_rows[k]) continue;
        m_rows[k] = rows[k];
        emit dataChanged(index(int(k), 0), index(int(k), columnCount() - 1));
    }
}

void SearchTableModel::setMeasured(int length, const std::map<QString, QString>& losses) {
    if (length == m_measuredAt && losses == m_measured) return;
    m_measuredAt = length;
    m_measured = losses;
    refresh();
}

int SearchTableModel::rowOf(const QString& name) const {
    const auto at = std::ranges::find(m_rows, name, [](const Row& r) { return r.cells.front(); });
    return at == m_rows.end() ? -1 : int(at - m_rows.begin());
}

QVariant SearchTableModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const Row& row = m_rows[std::size_t(index.row())];
    const bool isText = index.column() == Name || index.column() == columnCount() - 1;
    switch (role) {
    case Qt::DisplayRole: return row.cells[index.column()];
    case Qt::TextAlignmentRole: return int((isText ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::AccessibleTextRole: {
        const bool isLoss = index.column() >= FirstLoss && index.column() < FirstLoss + int(m_model.subject().lengths.size());
        return u"%1 %2"_s.arg(isLoss ? tr("Loss %1").arg(m_headers[index.column()]) : m_headers[index.column()], row.cells[index.column()]);
    }
    case Qt::ToolTipRole:
        if (index.column() == columnCount() - 1 && !row.stateTip.isEmpty()) return row.stateTip;
        if (index.column() >= FirstLoss && index.column() < FirstLoss + int(m_model.subject().lengths.size()))
            return tr("Estimated loss increase at %1 tokens, nats per token").arg(m_model.subject().lengths[std::size_t(index.column() - FirstLoss)]);
        return {};
    case IsBestRole: return row.isBest;
    case IsBrokenRole: return row.isBroken;
    case IsOwnRole: return row.isOwn;
    default: return {};
    }
}

QVariant SearchTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    if (role == Qt::DisplayRole) return m_headers[section];
    if (role == Qt::ToolTipRole && section >= FirstLoss && section < FirstLoss + int(m_model.subject().lengths.size()))
        return tr("Estimated loss increase at %1 tokens, nats per token").arg(m_model.subject().lengths[std::size_t(section - FirstLoss)]);
    if (role == Qt::TextAlignmentRole)
        return int((section == Name || section == columnCount() - 1 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

} // namespace moa
