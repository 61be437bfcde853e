// The look and manners that the pages' tables share: rows without a grid, fixed columns set by their owner, headers in the
// caption's type.
#pragma once

class QTableView;

namespace moa {

/// Once, in the constructor.
void setUpPlainTable(QTableView& table);
/// Fonts, heights and colours; also after Theme::changed.
void stylePlainTable(QTableView& table);

} // namespace moa
