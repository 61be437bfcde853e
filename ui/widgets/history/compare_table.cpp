#include "ui/widgets/history/compare_table.h"

#include "ui/viewmodels/run_comparison_model.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/plain_table.h"

#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>

namespace moa {
namespace {

constexpr int kPad = 12, kTick = 3, kLeast = 120;

Role tickRole(Tick tick) {
    return tick == Tick::Worse ? Role::Sparse : tick == Tick::Better ? Role::Ok : Role::Strong;
}

class CompareDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Theme& theme = Theme::instance();
        painter->save();
        if (option.state & QStyle::State_MouseOver) painter->fillRect(option.rect, theme.color(Role::Hover));
        painter->setPen(theme.color(Role::Grid));
        painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
        const QRectF box = QRectF(option.rect).adjusted(kPad, 0, -4, 0);
        const auto tick = Tick(index.data(RunComparisonModel::TickRole).toInt());
        const bool differs = index.column() > 0 && tick != Tick::Same;
        if (differs) {
            const QRectF mark(option.rect.left() + 3, option.rect.top() + 6, kTick, option.rect.height() - 13);
            painter->fillRect(mark, theme.color(tickRole(tick)));
        }
        const TextStyle style = differs ? TextStyle::Key : TextStyle::Table;
        const QFontMetrics font(theme.font(style));
        drawText(*painter, box, font.elidedText(index.data().toString(), Qt::ElideMiddle, int(box.width())), style,
                 index.column() == 0 ? Role::Text2 : Role::Text);
        if (option.state & QStyle::State_HasFocus) drawFocusRing(*painter, QRectF(option.rect).adjusted(3, 3, -3, -3));
        painter->restore();
    }
};

/// The baseline's title in accent, the others' in the plan's colour.
class CompareHeader : public QHeaderView {
public:
    explicit CompareHeader(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) {}

protected:
    void paintSection(QPainter* painter, const QRect& rect, int section) const override {
        const Theme& theme = Theme::instance();
        painter->save();
        painter->fillRect(rect, theme.color(Role::Surface));
        painter->setPen(theme.color(Role::Grid));
        painter->drawLine(rect.bottomLeft(), rect.bottomRight());
        const bool baseline = model()->headerData(section, Qt::Horizontal, RunComparisonModel::BaselineRole).toBool();
        const QFontMetrics metrics(theme.font(TextStyle::Key));
        const QRectF box = QRectF(rect).adjusted(kPad, 0, -4, 0);
        drawText(*painter, box, metrics.elidedText(model()->headerData(section, Qt::Horizontal).toString(), Qt::ElideRight, int(box.width())),
                 TextStyle::Key, section == 0 ? Role::Text2 : baseline ? Role::Accent : Role::Sparse);
        painter->restore();
    }
};

} // namespace

CompareTable::CompareTable(QWidget* parent) : QTableView(parent) {
    setAccessibleName(tr("Comparison"));
    setItemDelegate(new CompareDelegate(this));
    setHorizontalHeader(new CompareHeader(this));
    setUpPlainTable(*this);
    setSelectionMode(NoSelection);
    horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(horizontalHeader(), &QHeaderView::customContextMenuRequested, this, [this](const QPoint& at) {
        askBaseline(horizontalHeader()->logicalIndexAt(at), horizontalHeader()->mapToGlobal(at));
    });
    connect(&Theme::instance(), &Theme::changed, this, &CompareTable::restyle);
    restyle();
}

void CompareTable::setModel(QAbstractItemModel* model) {
    QTableView::setModel(model);
    connect(model, &QAbstractItemModel::modelReset, this, &CompareTable::sizeColumns);
    sizeColumns();
}

void CompareTable::restyle() {
    const Theme& theme = Theme::instance();
    verticalHeader()->setDefaultSectionSize(theme.rowHeight(TextStyle::Table));
    horizontalHeader()->setFixedHeight(theme.rowHeight(TextStyle::Table) + 2);
    sizeColumns();
    viewport()->update();
}

void CompareTable::sizeColumns() {
    if (model() == nullptr || model()->columnCount() == 0) return;
    const int runs = model()->columnCount() - 1;
    int names = kLeast;
    for (int row = 0; row < model()->rowCount(); ++row)
        names = std::max(names, textWidth(model()->index(row, 0).data().toString(), TextStyle::Table) + kPad + 8);
    names = std::min(names, viewport()->width() * 2 / 5);
    setColumnWidth(0, names);
    for (int c = 1; c <= runs; ++c) {
        const int title = textWidth(model()->headerData(c, Qt::Horizontal).toString(), TextStyle::Key) + kPad + 8;
        setColumnWidth(c, std::max({title, kLeast, (viewport()->width() - names) / runs}));
    }
}

void CompareTable::askBaseline(int column, const QPoint& at) {
    if (column < 1) return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QAction* action = menu->addAction(tr("Make baseline"));
    action->setEnabled(!model()->headerData(column, Qt::Horizontal, RunComparisonModel::BaselineRole).toBool());
    connect(action, &QAction::triggered, this, [this, column] { emit baselineAsked(column); });
    menu->popup(at);
}

void CompareTable::contextMenuEvent(QContextMenuEvent* event) {
    const bool byMouse = event->reason() == QContextMenuEvent::Mouse;
    askBaseline(byMouse ? columnAt(event->pos().x()) : currentIndex().column(), event->globalPos());
}

void CompareTable::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_B && currentIndex().column() > 0) return emit baselineAsked(currentIndex().column());
    QTableView::keyPressEvent(event);
}

void CompareTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    sizeColumns();
}

void CompareTable::focusInEvent(QFocusEvent* event) {
    QTableView::focusInEvent(event);
    if (!currentIndex().isValid() && model() != nullptr && model()->rowCount() > 0) setCurrentIndex(model()->index(0, 0));
}

} // namespace moa
