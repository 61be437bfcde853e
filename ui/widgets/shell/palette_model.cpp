// Collects, matches, ranks and lays out the palette's rows.
#include "ui/widgets/shell/palette_model.h"

#include <QIcon>

#include <algorithm>
#include <array>

namespace moa {
namespace {

std::optional<PaletteKind> filterOf(const QString& query) {
    if (query.isEmpty()) return {};
    switch (query.front().unicode()) {
    case u'>':
        return PaletteKind::Action;
    case u'@':
        return PaletteKind::Head;
    case u'#':
        return PaletteKind::Plan;
    case u':':
        return PaletteKind::Run;
    default:
        return {};
    }
}

QString iconOf(const PaletteItem& item) {
    if (!item.icon.isEmpty()) return item.icon;
    switch (item.kind) {
    case PaletteKind::Action:
        return QStringLiteral("chevron-right");
    case PaletteKind::Head:
        return QStringLiteral("inspect");
    case PaletteKind::Plan:
        return QStringLiteral("plan");
    case PaletteKind::Run:
        return QStringLiteral("history");
    }
    return {};
}

} // namespace

QString PaletteModel::kindName(PaletteKind kind) {
    switch (kind) {
    case PaletteKind::Action:
        return tr("Actions");
    case PaletteKind::Head:
        return tr("Heads");
    case PaletteKind::Plan:
        return tr("Plans");
    case PaletteKind::Run:
        return tr("Runs");
    }
    return {};
}

void PaletteModel::addSource(PaletteSource source) {
    m_sources.push_back(std::move(source));
}

void PaletteModel::refresh() {
    beginResetModel();
    m_rows.clear(); // they point into m_known
    m_known.clear();
    for (const PaletteSource& source : m_sources) {
        if (source.followsQuery) continue;
        for (PaletteItem& item : source.items({})) {
            FuzzyText text(item.title, item.detail + QLatin1Char(' ') + item.keywords);
            m_known.push_back({std::move(item), std::move(text)});
        }
    }
    rebuild();
    endResetModel();
}

void PaletteModel::setQuery(const QString& query) {
    beginResetModel();
    m_query = query;
    rebuild();
    endResetModel();
}

void PaletteModel::rebuild() {
    m_rows.clear();
    m_results = 0;
    const std::optional<PaletteKind> filter = filterOf(m_query);
    const QString words = (filter ? m_query.mid(1) : m_query).trimmed();
    m_following.clear();
    for (const PaletteSource& source : m_sources)
        if (source.followsQuery)
            for (PaletteItem& item : source.items(words)) {
                FuzzyText text(item.title, item.detail + QLatin1Char(' ') + item.keywords);
                m_following.push_back({std::move(item), std::move(text)});
            }
    const FuzzyQuery query(words);
    std::array<std::vector<Hit>, 4> hits;
    FuzzyMatch match;
    for (const auto* list : {&m_following, &m_known})
        for (const Known& known : *list) {
            if (filter && known.item.kind != *filter) continue;
            if (query.match(known.text, match, false))
                hits[std::size_t(known.item.kind)].push_back({&known, match.score});
        }
    addSection(kindName(PaletteKind::Action), hits[0], query);
    addSection(kindName(PaletteKind::Head), hits[1], query);
    const bool both = !hits[2].empty() && !hits[3].empty();
    const QString heading =
        both ? tr("Plans and runs") : kindName(hits[3].empty() ? PaletteKind::Plan : PaletteKind::Run);
    hits[2].insert(hits[2].end(), hits[3].begin(), hits[3].end());
    addSection(heading, hits[2], query);
}

void PaletteModel::addSection(const QString& heading, std::vector<Hit>& hits, const FuzzyQuery& query) {
    if (hits.empty()) return;
    m_results += int(hits.size());
    const std::size_t most = std::size_t(query.isEmpty() ? kMostWithoutQuery : kMostPerSection);
    const auto better = [](const Hit& a, const Hit& b) {
        if (a.known->item.enabled != b.known->item.enabled) return a.known->item.enabled;
        return a.score > b.score;
    };
    std::stable_sort(hits.begin(), hits.end(), better);
    if (hits.size() > most) hits.resize(most);
    m_rows.push_back({nullptr, heading, {}});
    FuzzyMatch match;
    for (const Hit& hit : hits) {
        query.match(hit.known->text, match, true);
        m_rows.push_back({hit.known, {}, match.positions});
    }
}

const PaletteItem* PaletteModel::item(int row) const {
    if (row < 0 || row >= int(m_rows.size()) || !m_rows[std::size_t(row)].known) return nullptr;
    return &m_rows[std::size_t(row)].known->item;
}

int PaletteModel::firstItem() const {
    for (int i = 0; i < int(m_rows.size()); ++i)
        if (m_rows[std::size_t(i)].known) return i;
    return -1;
}

int PaletteModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= int(m_rows.size())) return {};
    const Row& row = m_rows[std::size_t(index.row())];
    if (!row.known) {
        if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole) return row.heading;
        return role == HeadingRole ? QVariant(true) : QVariant();
    }
    const PaletteItem& item = row.known->item;
    switch (role) {
    case Qt::DisplayRole:
        return item.title;
    case Qt::ToolTipRole:
        return item.reason.isEmpty() ? QVariant() : QVariant(item.reason);
    case Qt::AccessibleTextRole: {
        QString text = item.title;
        for (const QString& part : {item.detail, item.key, item.enabled ? QString() : item.reason})
            if (!part.isEmpty()) text = tr("%1, %2").arg(text, part);
        return text;
    }
    case KindRole:
        return int(item.kind);
    case IdRole:
        return item.id;
    case DetailRole:
        return item.detail;
    case KeyRole:
        return item.key;
    case ReasonRole:
        return item.enabled ? QString() : item.reason;
    case IconRole:
        return iconOf(item);
    case PositionsRole:
        return QVariant::fromValue(QList<int>(row.positions.begin(), row.positions.end()));
    case HeadingRole:
        return false;
    default:
        return {};
    }
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex& index) const {
    const PaletteItem* there = index.isValid() ? item(index.row()) : nullptr;
    if (!there) return Qt::NoItemFlags;
    Qt::ItemFlags flags = Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
    if (there->enabled) flags |= Qt::ItemIsEnabled;
    return flags;
}

} // namespace moa
