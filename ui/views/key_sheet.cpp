// Rows of the key sheet and its table.
#include "ui/views/key_sheet.h"

#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/theme.h"

#include <QHeaderView>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

KeySheetModel::KeySheetModel(const ActionRegistry& registry, QObject* parent)
    : QAbstractTableModel(parent), m_registry(registry) {
    refresh();
}

void KeySheetModel::refresh() {
    beginResetModel();
    m_rows.clear();
    std::vector<const ActionSpec*> global;
    for (const ActionSpec& spec : m_registry.specs())
        if (!spec.shortcut.isEmpty() && spec.scope == ActionScope::Global) global.push_back(&spec);
    std::stable_sort(global.begin(), global.end(), [](const ActionSpec* a, const ActionSpec* b) {
        return a->menu != b->menu ? a->menu < b->menu : a->group < b->group;
    });
    for (const ActionSpec* spec : global) {
        QString where = ActionRegistry::menuTitle(spec->menu);
        where.remove(QLatin1Char('&'));
        m_rows.push_back({ActionRegistry::keyText(*spec), ActionRegistry::plainText(*spec), where});
    }
    const QString canvas = tr("Focused canvas");
    for (const ActionSpec& spec : m_registry.specs())
        if (!spec.shortcut.isEmpty() && spec.scope == ActionScope::Canvas)
            m_rows.push_back({ActionRegistry::keyText(spec), ActionRegistry::plainText(spec), canvas});
    for (const KeyHint& hint : m_registry.keyHints()) m_rows.push_back({hint.keys, hint.text, canvas});
    endResetModel();
}

int KeySheetModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

int KeySheetModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant KeySheetModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const Row& row = m_rows[std::size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return index.column() == Keys ? row.keys : index.column() == Text ? row.text : row.where;
    case Qt::FontRole:
        return Theme::instance().font(index.column() == Keys ? TextStyle::Key : TextStyle::Table);
    case Qt::ForegroundRole:
        return Theme::instance().color(index.column() == Where ? Role::Text2 : Role::Text);
    default:
        return {};
    }
}

QVariant KeySheetModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == Keys ? tr("Keys") : section == Text ? tr("Action") : tr("Where");
}

KeySheet::KeySheet(const ActionRegistry& registry, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Keys"));
    resize(620, 640);
    m_model = new KeySheetModel(registry, this);
    auto* filtered = new QSortFilterProxyModel(this);
    filtered->setSourceModel(m_model);
    filtered->setFilterCaseSensitivity(Qt::CaseInsensitive);
    filtered->setFilterKeyColumn(-1);
    m_filter = new QLineEdit;
    m_filter->setPlaceholderText(tr("Filter by key or action"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setAccessibleName(m_filter->placeholderText());
    connect(m_filter, &QLineEdit::textChanged, filtered, &QSortFilterProxyModel::setFilterFixedString);
    m_table = new QTableView;
    m_table->setModel(filtered);
    m_table->setAccessibleName(tr("Keys"));
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(KeySheetModel::Keys, QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setSectionResizeMode(KeySheetModel::Text, QHeaderView::Stretch);
    m_table->horizontalHeader()->setSectionResizeMode(KeySheetModel::Where, QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->setTabKeyNavigation(false);
    m_table->setStyleSheet(QStringLiteral("QTableView::item { padding: 0 8px; }")); // as the header's
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 12, 12, 12);
    column->setSpacing(8);
    column->addWidget(m_filter);
    column->addWidget(m_table, 1);
    connect(&Theme::instance(), &Theme::changed, this, &KeySheet::restyle);
    restyle();
}

void KeySheet::restyle() {
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(Theme::instance().rowHeight());
    m_table->viewport()->update();
}

void KeySheet::showEvent(QShowEvent* event) {
    m_model->refresh();
    QDialog::showEvent(event);
}

} // namespace moa
