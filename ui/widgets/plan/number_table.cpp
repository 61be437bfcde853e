// View and delegate.
#include "ui/widgets/plan/number_table.h"

#include "ui/viewmodels/plan_table_model.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/plain_table.h"
#include "ui/widgets/theme.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kCellPad = 8, kButtonWidth = 28, kLeastBar = 48, kIcon = 14;

using Emphasis = PlanTableModel::Emphasis;

/// Less is blue and more red-brown, as everywhere for spans and bytes; the sign is always printed too.
QColor diverging(double share) {
    const auto& ramp = Theme::instance().ramp(Ramp::Difference);
    return QColor(ramp[std::size_t(std::lround((std::clamp(share, -1.0, 1.0) + 1) / 2 * (kMapColours - 1)))]);
}

Role roleOf(Emphasis emphasis, bool isFirst) {
    switch (emphasis) {
    case Emphasis::Less: return Role::Ok;
    case Emphasis::More: return Role::Error;
    case Emphasis::Faint: return Role::Text3;
    case Emphasis::Current: return Role::Text;
    case Emphasis::None: break;
    }
    return isFirst ? Role::Text : Role::Text2;
}

class NumberDelegate : public QStyledItemDelegate {
public:
    explicit NumberDelegate(NumberTable& table) : QStyledItemDelegate(&table), m_table(table) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const auto emphasis = Emphasis(index.data(PlanTableModel::EmphasisRole).toInt());
        painter->save();
        const auto ofRow = Emphasis(index.siblingAtColumn(0).data(PlanTableModel::EmphasisRole).toInt());
        paintPlainCell(*painter, option, ofRow == Emphasis::Current);
        const QRectF box = QRectF(option.rect).adjusted(kCellPad, 0, -kCellPad, 0);
        switch (m_table.columns()[std::size_t(index.column())].kind) {
        case NumberTable::ColumnKind::Text: {
            const bool strong = emphasis == Emphasis::Current;
            drawText(*painter, box, index.data().toString(), strong ? TextStyle::Key : TextStyle::Table, roleOf(emphasis, index.column() == 0),
                     Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()));
            break;
        }
        case NumberTable::ColumnKind::Bar: paintBar(*painter, QRectF(option.rect), index.data(PlanTableModel::NumberRole).toDouble()); break;
        case NumberTable::ColumnKind::Button:
            drawIcon(*painter, m_table.columns()[std::size_t(index.column())].icon, Role::Text2, QRectF(option.rect).center(), kIcon);
            break;
        }
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return {kLeastBar, Theme::instance().rowHeight(TextStyle::Table)};
    }

private:
    void paintBar(QPainter& painter, const QRectF& cell, double value) const {
        const double middle = cell.center().x(), half = cell.width() / 2 - 2;
        const double share = value / std::max(m_table.barRange(), 1e-12);
        painter.fillRect(QRectF(middle, cell.top() + 3, 1, cell.height() - 6), Theme::instance().color(Role::Border));
        const double width = std::clamp(share, -1.0, 1.0) * half;
        painter.fillRect(QRectF(std::min(middle, middle + width), cell.center().y() - 5, std::max(std::abs(width), 1.0), 10),
                         diverging(share * 0.85));
    }
    NumberTable& m_table;
};

} // namespace

NumberTable::NumberTable(const QString& name, std::vector<Column> columns, QWidget* parent)
    : QTableView(parent), m_columns(std::move(columns)) {
    setAccessibleName(name);
    setItemDelegate(new NumberDelegate(*this));
    setUpPlainTable(*this);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(this, &QTableView::clicked, this, [this](const QModelIndex& index) {
        if (m_columns[std::size_t(index.column())].kind == ColumnKind::Button)
            emit buttonPressed(index.row());
        else
            emit rowChosen(index.row());
    });
    connect(&Theme::instance(), &Theme::changed, this, &NumberTable::restyle);
    // A bar that comes or goes takes room from the columns.
    connect(verticalScrollBar(), &QScrollBar::rangeChanged, this, &NumberTable::restyle);
    restyle();
}

void NumberTable::setModel(QAbstractItemModel* model) {
    QTableView::setModel(model);
    restyle();
}

void NumberTable::setBarRange(double most) {
    if (most == m_barRange) return;
    m_barRange = most;
    viewport()->update();
}

void NumberTable::setNarrow(bool narrow) {
    for (int c = 0; c < int(m_columns.size()); ++c) setColumnHidden(c, narrow && m_columns[std::size_t(c)].isExtra);
    restyle();
}

int NumberTable::columnWidthOf(int column) const {
    if (isColumnHidden(column)) return 0;
    const Column& spec = m_columns[std::size_t(column)];
    if (spec.kind == ColumnKind::Button) return kButtonWidth;
    const QString header = model() != nullptr ? model()->headerData(column, Qt::Horizontal).toString() : QString();
    const QFontMetrics head(horizontalHeader()->font());
    const int text = std::max(textWidth(spec.widest, TextStyle::Key), head.horizontalAdvance(header) + 4) + 2 * kCellPad;
    return spec.kind == ColumnKind::Bar ? std::max(text, kLeastBar) : text;
}

void NumberTable::restyle() {
    stylePlainTable(*this);
    if (model() == nullptr) return;
    int taken = 0, open = -1;
    for (int c = 0; c < model()->columnCount(); ++c) {
        if (isColumnHidden(c)) continue;
        if (m_columns[std::size_t(c)].widest.isEmpty() && m_columns[std::size_t(c)].kind != ColumnKind::Button && open < 0) {
            open = c;
            continue;
        }
        const int width = columnWidthOf(c);
        setColumnWidth(c, width);
        taken += width;
    }
    if (open >= 0) setColumnWidth(open, std::max(viewport()->width() - taken, columnWidthOf(open)));
    viewport()->update();
}

QSize NumberTable::sizeHint() const {
    int width = 0;
    for (int c = 0; c < int(m_columns.size()); ++c) width += columnWidthOf(c);
    const int rows = model() != nullptr ? model()->rowCount() : 0;
    return {width, horizontalHeader()->height() + rows * verticalHeader()->defaultSectionSize()};
}

QSize NumberTable::minimumSizeHint() const {
    // The last column stays whole beside a bar.
    const int bar = verticalScrollBarPolicy() == Qt::ScrollBarAlwaysOff ? 0 : verticalScrollBar()->sizeHint().width();
    return {sizeHint().width() + bar, horizontalHeader()->height() + 2 * verticalHeader()->defaultSectionSize()};
}

void NumberTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    restyle();
}

void NumberTable::focusInEvent(QFocusEvent* event) {
    QTableView::focusInEvent(event);
    if (!currentIndex().isValid() && model() != nullptr && model()->rowCount() > 0) setCurrentIndex(model()->index(0, 0));
}

void NumberTable::keyPressEvent(QKeyEvent* event) {
    const int row = currentIndex().row();
    if (row >= 0 && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) return emit rowChosen(row);
    const bool hasButton = std::ranges::any_of(m_columns, [](const Column& column) { return column.kind == ColumnKind::Button; });
    if (row >= 0 && hasButton && event->key() == Qt::Key_T) return emit buttonPressed(row);
    QTableView::keyPressEvent(event);
}

} // namespace moa
