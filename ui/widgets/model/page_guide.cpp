// Painting of the guide.
#include "ui/widgets/model/page_guide.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kIcon = 20, kGap = 16, kKeyRoom = 72;

} // namespace

PageGuide::PageGuide(QWidget* parent) : QWidget(parent) {
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void PageGuide::setLines(const std::vector<PageLine>& lines) {
    m_lines = lines;
    QStringList said;
    for (const PageLine& line : lines)
        said.append(tr("%1: %2, %3, %4").arg(line.name, line.purpose, line.state, line.key));
    setAccessibleName(said.join(QStringLiteral("; ")));
    updateGeometry();
    update();
}

int PageGuide::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Body) + 20;
}

QSize PageGuide::sizeHint() const {
    int width = 0;
    for (const PageLine& line : m_lines)
        width = std::max(width, textWidth(line.name, TextStyle::PanelTitle) + textWidth(line.purpose, TextStyle::Body) +
                                    textWidth(line.state, TextStyle::Table));
    return {width + kIcon + 4 * kGap + kKeyRoom, int(m_lines.size()) * rowHeight()};
}

void PageGuide::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    int names = 0;
    for (const PageLine& line : m_lines) names = std::max(names, textWidth(line.name, TextStyle::PanelTitle));
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        const PageLine& line = m_lines[i];
        const QRectF box(0, double(i) * rowHeight(), width(), rowHeight());
        if (i > 0) {
            painter.setPen(theme.color(Role::Grid));
            painter.drawLine(box.topLeft(), box.topRight());
        }
        drawIcon(painter, line.icon, line.isReady ? Role::Accent : Role::Text2, {kIcon / 2.0 + 4, box.center().y()}, kIcon);
        double left = kIcon + kGap;
        drawText(painter, box.adjusted(left, 0, 0, 0), line.name, TextStyle::PanelTitle, Role::Text);
        left += names + kGap;
        drawText(painter, box.adjusted(left, 0, 0, 0), line.purpose, TextStyle::Body, Role::Text2);
        drawText(painter, box.adjusted(0, 0, -kKeyRoom, 0), line.state, TextStyle::Table, line.isReady ? Role::Ok : Role::Text2,
                 Qt::AlignRight | Qt::AlignVCenter);
        drawKey(painter, {width() - 4.0, box.center().y()}, line.key);
    }
}

} // namespace moa
