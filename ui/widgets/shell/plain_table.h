// The look and manners that the pages' tables share: rows without a grid, fixed columns set by their owner, headers in the
// caption's type.
#pragma once

class QPainter;
class QStyleOptionViewItem;
class QTableView;

namespace moa {

/// Once, in the constructor.
void setUpPlainTable(QTableView& table);
/// Fonts, heights and colours; also after Theme::changed.
void stylePlainTable(QTableView& table);
/// The ground of a cell, selected or under the pointer, and the line below it; leaves the pen on that line's colour.
void paintPlainCell(QPainter& painter, const QStyleOptionViewItem& option, bool isCurrent = false);

} // namespace moa
