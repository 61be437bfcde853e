// Settings of QTableView and its headers.
#include "ui/widgets/shell/plain_table.h"

#include "ui/widgets/theme.h"

#include <QHeaderView>
#include <QPainter>
#include <QStyleOption>
#include <QTableView>

namespace moa {

void setUpPlainTable(QTableView& table) {
    table.setShowGrid(false);
    table.setFrameShape(QFrame::NoFrame);
    table.setSelectionBehavior(QAbstractItemView::SelectRows);
    table.setSelectionMode(QAbstractItemView::SingleSelection);
    table.setEditTriggers(QAbstractItemView::NoEditTriggers);
    table.setTabKeyNavigation(false);
    table.setMouseTracking(true);
    table.setWordWrap(false);
    table.setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    table.setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table.verticalHeader()->hide();
    table.verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    table.horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    table.horizontalHeader()->setHighlightSections(false);
    table.horizontalHeader()->setSectionsClickable(false);
}

void stylePlainTable(QTableView& table) {
    const Theme& theme = Theme::instance();
    table.verticalHeader()->setDefaultSectionSize(theme.rowHeight(TextStyle::Table));
    table.horizontalHeader()->setFixedHeight(theme.rowHeight(TextStyle::Caption) + 4);
    QFont head = theme.font(TextStyle::Caption);
    head.setWeight(QFont::DemiBold);
    table.horizontalHeader()->setFont(head);
}

void paintPlainCell(QPainter& painter, const QStyleOptionViewItem& option, bool isCurrent) {
    const Theme& theme = Theme::instance();
    if (isCurrent || option.state & QStyle::State_Selected)
        painter.fillRect(option.rect, theme.color(Role::AccentSoft));
    else if (option.state & QStyle::State_MouseOver)
        painter.fillRect(option.rect, theme.color(Role::Hover));
    painter.setPen(theme.color(Role::Grid));
    painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
}

} // namespace moa
