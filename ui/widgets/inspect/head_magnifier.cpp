// Layout and painting of the magnifier.
#include "ui/widgets/inspect/head_magnifier.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kGap = 8, kAway = 10;

} // namespace

HeadMagnifier::HeadMagnifier(QWidget* window) : QWidget(window) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    hide();
}

void HeadMagnifier::showFor(const QRect& cell, const QString& title, const QStringList& lines,
                            const Thumbnail& thumbnail, const ThumbnailMask& mask, const HeatLook& look) {
    const Theme& theme = Theme::instance();
    m_title = title;
    m_lines = lines;
    const double dpr = devicePixelRatioF();
    m_image = thumbnail.values.empty()
                  ? QImage()
                  : thumbnailImage(thumbnail, mask, look, (QSizeF(kPicture, kPicture) * dpr).toSize());
    m_image.setDevicePixelRatio(dpr);
    const QFontMetrics bold(theme.font(TextStyle::Key)), plain(theme.font(TextStyle::Caption));
    int width = std::max(bold.horizontalAdvance(title), m_image.isNull() ? 0 : kPicture);
    for (const QString& line : lines) width = std::max(width, plain.horizontalAdvance(line));
    const int height =
        bold.height() + int(lines.size()) * (plain.height() + 2) + (m_image.isNull() ? 0 : kPicture + kGap);
    resize(width + 2 * kGap + 2, height + 2 * kGap);
    const QRect room = parentWidget()->rect();
    const auto within = [](int wanted, int low, int size, int high) {
        return std::clamp(wanted, low, std::max(low, high - size));
    };
    const int middleX =
        within(cell.center().x() - this->width() / 2, room.left() + 4, this->width(), room.right() - 4);
    const int middleY =
        within(cell.center().y() - this->height() / 2, room.top() + 4, this->height(), room.bottom() - 4);
    if (cell.right() + kAway + this->width() <= room.right())
        move(cell.right() + kAway, middleY);
    else if (cell.left() - kAway - this->width() >= room.left())
        move(cell.left() - kAway - this->width(), middleY);
    else if (cell.bottom() + kAway + this->height() <= room.bottom())
        move(middleX, cell.bottom() + kAway);
    else
        move(middleX, std::max(cell.top() - kAway - this->height(), room.top()));
    raise();
    show();
    update();
}

void HeadMagnifier::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    paint::labelBox(painter, rect(), Role::Strong, metrics::kControlRadius);
    const QRect inside = rect().adjusted(kGap, kGap, -kGap, -kGap);
    painter.setFont(theme.font(TextStyle::Key));
    painter.setPen(theme.color(Role::Text));
    int y = inside.top();
    const int titleHeight = painter.fontMetrics().height();
    painter.drawText(QRect(inside.left(), y, inside.width(), titleHeight), Qt::AlignLeft | Qt::AlignVCenter,
                     m_title);
    y += titleHeight;
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text2));
    const int lineHeight = painter.fontMetrics().height() + 2;
    for (const QString& line : m_lines) {
        painter.drawText(QRect(inside.left(), y, inside.width(), lineHeight),
                         Qt::AlignLeft | Qt::AlignVCenter, line);
        y += lineHeight;
    }
    if (m_image.isNull()) return;
    const QRect picture(inside.left(), y + kGap, kPicture, kPicture);
    painter.fillRect(picture, theme.color(Role::Surface));
    painter.drawImage(picture.topLeft(), m_image);
    painter.setPen(theme.color(Role::Border));
    painter.drawRect(picture.adjusted(0, 0, -1, -1));
}

} // namespace moa
