// Layout and painting of a read-out.
#include "ui/widgets/inspect/read_out.h"

#include "ui/widgets/inspect/paint_tools.h"

#include <QPainter>

namespace moa {
namespace {

constexpr int kMinWidth = 150, kColumnGap = 16, kPadX = 8, kPadY = 5;

int lineHeight() {
    return QFontMetrics(Theme::instance().font(TextStyle::Caption)).height() + 3;
}

} // namespace

ReadOut::ReadOut(QWidget* parent) : QWidget(parent) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void ReadOut::setContent(const QString& title, const QList<Line>& lines) {
    if (title == m_title && lines == m_lines) return;
    m_title = title;
    m_lines = lines;
    QStringList said{title};
    for (const Line& line : lines) said << line.label + QLatin1Char(' ') + line.value;
    setAccessibleName(said.join(QStringLiteral(", ")));
    updateGeometry();
    update();
}

QSize ReadOut::sizeHint() const {
    const Theme& theme = Theme::instance();
    const QFontMetrics label(theme.font(TextStyle::Caption)), bold(theme.font(TextStyle::Key));
    int width = std::max(kMinWidth, bold.horizontalAdvance(m_title));
    for (const Line& line : m_lines)
        width = std::max(width, label.horizontalAdvance(line.label) + kColumnGap +
                                    bold.horizontalAdvance(line.value));
    return {width + 2 * kPadX + 1, bold.height() + 4 + int(m_lines.size()) * lineHeight() + 2 * kPadY};
}

void ReadOut::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    paint::labelBox(painter, rect(), Role::Strong);
    const QRect inside = rect().adjusted(kPadX, kPadY, -kPadX, -kPadY);
    QFont bold = theme.font(TextStyle::Key);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::Text));
    const int titleHeight = QFontMetrics(bold).height();
    painter.drawText(QRect(inside.x(), inside.y(), inside.width(), titleHeight),
                     Qt::AlignLeft | Qt::AlignVCenter, m_title);
    QFont caption = theme.font(TextStyle::Caption), value = caption;
    value.setWeight(QFont::DemiBold);
    int y = inside.y() + titleHeight + 4;
    for (const Line& line : m_lines) {
        const QRect row(inside.x(), y, inside.width(), lineHeight());
        const bool plain = line.role == Role::Text;
        painter.setFont(caption);
        painter.setPen(theme.color(plain ? Role::Text2 : line.role));
        painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, line.label);
        painter.setFont(value);
        painter.setPen(theme.color(line.role));
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, line.value);
        y += lineHeight();
    }
}

} // namespace moa
