// Drawing of the palette's rows.
#include "ui/widgets/shell/palette_delegate.h"

#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/palette_model.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kLeft = 46; ///< where titles start

/// The title in pieces of equal look; returns where it ends.
qreal drawTitle(QPainter& painter, const QRectF& box, const QString& title, const QList<int>& matched,
                bool enabled) {
    const Theme& theme = Theme::instance();
    QFont plain = theme.font(TextStyle::Body), strong = plain;
    strong.setWeight(QFont::DemiBold);
    qreal x = box.left();
    for (int from = 0; from < title.size();) {
        const bool hit = matched.contains(from);
        int to = from + 1;
        while (to < title.size() && matched.contains(to) == hit) ++to;
        const QString piece = title.mid(from, to - from);
        painter.setFont(hit ? strong : plain);
        painter.setPen(theme.color(!enabled ? Role::Text3 : hit ? Role::Accent : Role::Text));
        painter.drawText(QRectF(x, box.top(), box.right() - x, box.height()),
                         Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, piece);
        x += QFontMetricsF(hit ? strong : plain).horizontalAdvance(piece);
        from = to;
    }
    return x;
}

} // namespace

void PaletteDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const {
    const Theme& theme = Theme::instance();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF row(option.rect);
    if (index.data(PaletteModel::HeadingRole).toBool()) {
        QFont font = theme.font(TextStyle::Chip);
        font.setWeight(QFont::DemiBold);
        painter->setFont(font);
        painter->setPen(theme.color(Role::Text2));
        painter->drawText(row.adjusted(18, 4, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                          index.data(Qt::DisplayRole).toString());
        painter->restore();
        return;
    }
    const bool current = option.state & QStyle::State_Selected;
    const bool hovered = option.state & QStyle::State_MouseOver;
    const QString reason = index.data(PaletteModel::ReasonRole).toString();
    const bool enabled = index.flags() & Qt::ItemIsEnabled;
    if (current || hovered) {
        painter->setPen(current ? QPen(theme.color(Role::Accent)) : Qt::NoPen);
        painter->setBrush(theme.color(current ? Role::AccentSoft : Role::Hover));
        painter->drawRoundedRect(row.adjusted(8.5, 0.5, -8.5, -0.5), metrics::kControlRadius,
                                 metrics::kControlRadius);
    }
    drawIcon(*painter, index.data(PaletteModel::IconRole).toString(), current ? Role::Accent : Role::Text2,
             {row.left() + 26, row.center().y()}, 16);
    qreal right = row.right() - 18;
    const QString key = index.data(PaletteModel::KeyRole).toString();
    if (!key.isEmpty()) right -= drawKey(*painter, {right, row.center().y()}, key) + 10;
    const QRectF line(row.left() + kLeft, row.top(), right - row.left() - kLeft, row.height());
    painter->setClipRect(line);
    const qreal end = drawTitle(*painter, line, index.data(Qt::DisplayRole).toString(),
                                index.data(PaletteModel::PositionsRole).value<QList<int>>(), enabled);
    QString detail = index.data(PaletteModel::DetailRole).toString();
    if (!reason.isEmpty()) detail = reason;
    if (!detail.isEmpty())
        drawText(*painter, {end + 12, line.top(), line.right() - end - 12, line.height()}, detail,
                 TextStyle::Table, reason.isEmpty() ? Role::Text2 : Role::Warn);
    painter->restore();
}

QSize PaletteDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    const Theme& theme = Theme::instance();
    const bool heading = index.data(PaletteModel::HeadingRole).toBool();
    const int line = QFontMetrics(theme.font(heading ? TextStyle::Chip : TextStyle::Body)).height();
    return {200, line + (heading ? 16 : 15)};
}

} // namespace moa
