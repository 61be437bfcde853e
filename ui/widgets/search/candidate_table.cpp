// View and delegate.
#include "ui/widgets/search/candidate_table.h"

#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/plain_table.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>

namespace moa {
namespace {

constexpr int kPad = 8;

class CandidateDelegate : public QStyledItemDelegate {
public:
    CandidateDelegate(CandidateTable::Roles roles, QObject* parent) : QStyledItemDelegate(parent), m_roles(roles) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        painter->save();
        paintPlainCell(*painter, option);
        const bool broken = index.data(m_roles.broken).toBool(), own = index.data(m_roles.own).toBool();
        const bool isName = index.column() == 0, isState = index.column() == index.model()->columnCount() - 1;
        const Role role = isState ? (broken ? Role::Error : own ? Role::Sparse : Role::Ok) : isName && own ? Role::Sparse : Role::Text;
        const bool strong = isName || index.data(m_roles.best).toBool();
        drawText(*painter, QRectF(option.rect).adjusted(kPad, 0, -kPad, 0), index.data().toString(), strong ? TextStyle::Key : TextStyle::Table,
                 role, Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()));
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const override {
        return {textWidth(index.data().toString(), TextStyle::Key) + 2 * kPad + 2, Theme::instance().rowHeight(TextStyle::Table)};
    }

private:
    CandidateTable::Roles m_roles;
};

} // namespace

CandidateTable::CandidateTable(Roles roles, QWidget* parent) : QTableView(parent) {
    setAccessibleName(tr("Candidate plans"));
    setItemDelegate(new CandidateDelegate(roles, this));
    setUpPlainTable(*this);
    setSelectionMode(ExtendedSelection);
    connect(this, &QTableView::doubleClicked, this, [this](const QModelIndex& index) { emit rowOpened(index.row()); });
    connect(&Theme::instance(), &Theme::changed, this, &CandidateTable::restyle);
    restyle();
}

void CandidateTable::setModel(QAbstractItemModel* model) {
    QTableView::setModel(model);
    connect(model, &QAbstractItemModel::modelReset, this, &CandidateTable::sizeColumns);
    connect(model, &QAbstractItemModel::dataChanged, this, &CandidateTable::sizeColumns);
    sizeColumns();
}

void CandidateTable::select(int row) {
    if (row == currentIndex().row()) return;
    m_quiet = true;
    if (row < 0)
        clearSelection();
    else
        selectRow(row);
    m_quiet = false;
}

void CandidateTable::selectAlso(const std::vector<int>& rows) {
    m_quiet = true;
    for (const int row : rows) selectionModel()->select(model()->index(row, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
    m_quiet = false;
}

std::vector<int> CandidateTable::selectedRows() const {
    std::vector<int> rows;
    if (selectionModel() == nullptr) return rows;
    for (const QModelIndex& index : selectionModel()->selectedRows()) rows.push_back(index.row());
    std::ranges::sort(rows);
    return rows;
}

void CandidateTable::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) {
    QTableView::selectionChanged(selected, deselected);
    if (!m_quiet) emit selectionChosen();
}

void CandidateTable::restyle() {
    const Theme& theme = Theme::instance();
    stylePlainTable(*this);
    QPalette colours = palette();
    colours.setColor(QPalette::Base, theme.color(Role::Surface));
    colours.setColor(QPalette::Button, theme.color(Role::Surface));
    colours.setColor(QPalette::ButtonText, theme.color(Role::Text2));
    setPalette(colours);
    horizontalHeader()->setPalette(colours);
    sizeColumns();
}

void CandidateTable::sizeColumns() {
    if (model() == nullptr) return;
    const QFontMetrics head(horizontalHeader()->font());
    std::vector<int> widths;
    int sum = 0;
    for (int c = 0; c < model()->columnCount(); ++c) {
        int width = head.horizontalAdvance(model()->headerData(c, Qt::Horizontal).toString()) + 2 * kPad + 6;
        for (int r = 0; r < model()->rowCount(); ++r)
            width = std::max(width, textWidth(model()->index(r, c).data().toString(), TextStyle::Key) + 2 * kPad + 2);
        widths.push_back(width);
        sum += width;
    }
    // What is left goes to all alike; what is too much scrolls: numbers never elide.
    const int spare = std::max(viewport()->width() - sum, 0) / std::max(model()->columnCount(), 1);
    for (int c = 0; c < model()->columnCount(); ++c)
        if (columnWidth(c) != widths[std::size_t(c)] + spare) setColumnWidth(c, widths[std::size_t(c)] + spare);
}

void CandidateTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    sizeColumns();
}

void CandidateTable::keyPressEvent(QKeyEvent* event) {
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && currentIndex().isValid()) {
        emit rowApplied(currentIndex().row());
        return;
    }
    QTableView::keyPressEvent(event);
}

void CandidateTable::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QTableView::currentChanged(current, previous);
    if (!m_quiet && current.isValid() && current.row() != previous.row()) emit rowChosen(current.row());
}

} // namespace moa
