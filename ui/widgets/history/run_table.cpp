#include "ui/widgets/history/run_table.h"

#include "ui/viewmodels/history_table_model.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/plain_table.h"

#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>

#include <algorithm>

namespace moa {
namespace {

constexpr int kPad = 6, kIcon = 14, kIconGap = 7;

Role roleOf(HistoryTableModel::Tone tone) {
    using Tone = HistoryTableModel::Tone;
    switch (tone) {
    case Tone::Faint: return Role::Text3;
    case Tone::Good: return Role::Ok;
    case Tone::Bad: return Role::Error;
    case Tone::Running: return Role::Accent;
    case Tone::Warned: return Role::Sparse;
    case Tone::Plain: break;
    }
    return Role::Text;
}

class RunDelegate : public QStyledItemDelegate {
public:
    RunDelegate(const RunTable::Roles& roles, QObject* parent) : QStyledItemDelegate(parent), m_roles(roles) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Theme& theme = Theme::instance();
        painter->save();
        paintPlainCell(*painter, option);
        QRectF box = QRectF(option.rect).adjusted(kPad, 0, -kPad, 0);
        painter->setClipRect(option.rect);
        if (const QString icon = index.data(m_roles.icon).toString(); !icon.isEmpty()) {
            drawIcon(*painter, icon, Role::Dense, QPointF(box.left() + kIcon / 2.0, box.center().y()), kIcon);
            box.setLeft(box.left() + kIcon + kIconGap);
        }
        const Qt::Alignment align(index.data(Qt::TextAlignmentRole).toInt());
        const QString text = index.data().toString();
        const Role role = roleOf(HistoryTableModel::Tone(index.data(m_roles.tone).toInt()));
        if (align & Qt::AlignRight) { // numbers are never elided
            if (const QString prefix = index.data(m_roles.prefix).toString(); !prefix.isEmpty()) {
                const QRectF room = box.adjusted(0, 0, -textWidth(text, TextStyle::Table) - 6, 0);
                const QFontMetrics font(theme.font(TextStyle::Caption));
                drawText(*painter, room, font.elidedText(prefix, Qt::ElideRight, int(room.width())), TextStyle::Caption, Role::Text3, align);
            }
            drawText(*painter, box, text, TextStyle::Table, role, align);
        } else {
            const QFontMetrics font(theme.font(TextStyle::Table));
            drawText(*painter, box, font.elidedText(text, Qt::ElideMiddle, int(box.width())), TextStyle::Table, role, align);
        }
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return {40, Theme::instance().rowHeight(TextStyle::Table)};
    }

private:
    RunTable::Roles m_roles;
};

} // namespace

RunTable::RunTable(const Roles& roles, QWidget* parent) : QTableView(parent), m_roles(roles) {
    setAccessibleName(tr("Runs"));
    setItemDelegate(new RunDelegate(roles, this));
    setUpPlainTable(*this);
    setSelectionMode(ExtendedSelection);
    QHeaderView* head = horizontalHeader();
    head->setSectionResizeMode(QHeaderView::Interactive);
    head->setSectionsMovable(true);
    head->setSectionsClickable(true);
    head->setSortIndicatorShown(true);
    head->setSortIndicator(1, Qt::DescendingOrder);
    head->setContextMenuPolicy(Qt::CustomContextMenu);
    head->setMinimumSectionSize(40);
    head->setStyleSheet(QStringLiteral("QHeaderView::section { font-size: 11px; padding: 4px 6px; }"));
    connect(head, &QHeaderView::customContextMenuRequested, this, [this](const QPoint& at) { showHeaderMenu(at); });
    connect(head, &QHeaderView::sortIndicatorChanged, this, [this](int column, Qt::SortOrder order) {
        if (m_quiet || model() == nullptr) return;
        if (m_roles.isSortable(column)) model()->sort(column, order);
        emit layoutChangedByUser();
    });
    connect(head, &QHeaderView::sectionMoved, this, [this] {
        if (!m_quiet) emit layoutChangedByUser();
    });
    connect(head, &QHeaderView::sectionResized, this, [this] {
        if (m_quiet) return;
        m_userSized = true;
        emit layoutChangedByUser();
    });
    connect(this, &QTableView::doubleClicked, this, [this](const QModelIndex& index) { emit rowOpened(index.row()); });
    connect(&Theme::instance(), &Theme::changed, this, &RunTable::restyle);
}

void RunTable::setModel(QAbstractItemModel* model) {
    QTableView::setModel(model);
    resetColumns();
    restyle();
}

void RunTable::resetColumns() {
    m_quiet = true;
    for (int c = 0; c < model()->columnCount(); ++c) {
        horizontalHeader()->moveSection(horizontalHeader()->visualIndex(c), c);
        setColumnHidden(c, c >= m_roles.firstHidden);
    }
    m_quiet = m_userSized = false;
    sizeColumns();
}

QByteArray RunTable::layoutState() const {
    return horizontalHeader()->saveState();
}

bool RunTable::restoreLayout(const QByteArray& state) {
    const QByteArray before = layoutState();
    m_quiet = true;
    bool good = !state.isEmpty() && horizontalHeader()->restoreState(state) && horizontalHeader()->count() == model()->columnCount();
    int shown = 0;
    for (int c = 0; c < model()->columnCount(); ++c) shown += !isColumnHidden(c) && columnWidth(c) > 0;
    good = good && shown > 0;
    if (!good) horizontalHeader()->restoreState(before);
    m_quiet = false;
    m_userSized = good;
    const int sorted = horizontalHeader()->sortIndicatorSection();
    if (good && m_roles.isSortable(sorted)) model()->sort(sorted, horizontalHeader()->sortIndicatorOrder());
    return good;
}

void RunTable::restyle() {
    const Theme& theme = Theme::instance();
    verticalHeader()->setDefaultSectionSize(theme.rowHeight(TextStyle::Table));
    QFont head = theme.font(TextStyle::Caption);
    head.setWeight(QFont::DemiBold);
    horizontalHeader()->setFont(head);
    horizontalHeader()->setFixedHeight(theme.rowHeight(TextStyle::Caption) + 4);
    if (!m_userSized) sizeColumns();
    viewport()->update();
}

void RunTable::sizeColumns() {
    if (model() == nullptr) return;
    m_quiet = true;
    const QFontMetrics head(horizontalHeader()->font());
    constexpr int kSortMark = 4;
    for (int c = 0; c < model()->columnCount(); ++c) {
        const int title = head.horizontalAdvance(model()->headerData(c, Qt::Horizontal).toString()) + 2 * kPad + kSortMark;
        const int text = textWidth(model()->headerData(c, Qt::Horizontal, m_roles.widest).toString(), TextStyle::Table) + 2 * kPad;
        const bool isKind = c == HistoryTableModel::Kind;
        const int width = std::max(title, text + (isKind ? kIcon + kIconGap : 0));
        if (!isColumnHidden(c)) setColumnWidth(c, width);
    }
    m_quiet = false;
    stretchColumn();
}

void RunTable::stretchColumn() {
    // What is left goes to the column with names; a user's own widths stay as they are.
    if (m_userSized || isColumnHidden(m_roles.stretch)) return;
    int taken = 0;
    for (int c = 0; c < model()->columnCount(); ++c)
        if (c != m_roles.stretch && !isColumnHidden(c)) taken += columnWidth(c);
    const int least = textWidth(model()->headerData(m_roles.stretch, Qt::Horizontal, m_roles.widest).toString(), TextStyle::Table) + 2 * kPad;
    m_quiet = true;
    setColumnWidth(m_roles.stretch, std::max(viewport()->width() - taken, least));
    m_quiet = false;
}

void RunTable::showHeaderMenu(const QPoint& at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    fillColumnMenu(menu);
    menu->popup(horizontalHeader()->mapToGlobal(at));
}

void RunTable::fillColumnMenu(QMenu* menu) {
    menu->clear();
    int shown = 0;
    for (int c = 0; c < model()->columnCount(); ++c) shown += !isColumnHidden(c);
    for (int c = 0; c < model()->columnCount(); ++c) {
        QAction* action = menu->addAction(model()->headerData(c, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!isColumnHidden(c));
        action->setEnabled(isColumnHidden(c) || shown > 1); // the last one stays
        connect(action, &QAction::toggled, this, [this, c](bool on) {
            setColumnHidden(c, !on);
            if (!m_userSized) sizeColumns();
            emit layoutChangedByUser();
        });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Reset columns")), &QAction::triggered, this, [this] {
        resetColumns();
        emit layoutChangedByUser();
    });
}

QList<int> RunTable::selectedRows() const {
    QList<int> rows;
    if (selectionModel() == nullptr) return rows;
    for (const QItemSelectionRange& range : selectionModel()->selection())
        for (int row = range.top(); row <= range.bottom(); ++row) rows.append(row);
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    return rows;
}

void RunTable::selectRows(const QList<int>& rows, int current) {
    m_quiet = true;
    QItemSelection selection;
    const int last = model()->columnCount() - 1;
    for (const int row : rows)
        if (row >= 0) selection.select(model()->index(row, 0), model()->index(row, last));
    if (current >= 0) selectionModel()->setCurrentIndex(model()->index(current, 0), QItemSelectionModel::NoUpdate);
    selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    m_quiet = false;
}

std::pair<int, int> RunTable::visibleRows() const {
    const int first = rowAt(0), last = rowAt(viewport()->height() - 1);
    return {std::max(first, 0), last >= 0 ? last : model()->rowCount() - 1};
}

void RunTable::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) {
    QTableView::selectionChanged(selected, deselected);
    if (!m_quiet) emit selectionChangedByUser();
}

void RunTable::keyPressEvent(QKeyEvent* event) {
    const int row = currentIndex().row();
    switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (row >= 0) emit rowOpened(row);
        return;
    case Qt::Key_Space:
        if (row >= 0) emit tagAsked();
        return;
    default: QTableView::keyPressEvent(event);
    }
}

void RunTable::focusInEvent(QFocusEvent* event) {
    QTableView::focusInEvent(event);
    if (!currentIndex().isValid() && model() != nullptr && model()->rowCount() > 0) setCurrentIndex(model()->index(0, 0));
}

void RunTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    if (model() != nullptr) stretchColumn();
}

void RunTable::contextMenuEvent(QContextMenuEvent* event) {
    const int row = event->reason() == QContextMenuEvent::Mouse ? rowAt(event->pos().y()) : currentIndex().row();
    if (row < 0) return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    connect(menu->addAction(tr("Open")), &QAction::triggered, this, [this, row] { emit rowOpened(row); });
    connect(menu->addAction(tr("Tag…")), &QAction::triggered, this, &RunTable::tagAsked);
    connect(menu->addAction(tr("Make baseline")), &QAction::triggered, this, [this, row] { emit baselineAsked(row); });
    menu->popup(event->globalPos());
}

} // namespace moa
