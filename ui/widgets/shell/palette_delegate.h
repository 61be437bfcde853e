// How a row of the command palette looks: icon, title with its matched letters in accent, detail, key or
// reason.
#pragma once

#include <QStyledItemDelegate>

namespace moa {

class PaletteDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

} // namespace moa
