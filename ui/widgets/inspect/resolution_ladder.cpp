// Painting and input of the ladder.
#include "ui/widgets/inspect/resolution_ladder.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kRim = 3, kDot = 11, kTextGap = 10;

} // namespace

ResolutionLadder::ResolutionLadder(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(tr("Resolution"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QString ResolutionLadder::nameOf(int block) {
    return block == 1 ? tr("Exact tokens") : tr("%1-token blocks").arg(block);
}

void ResolutionLadder::setSteps(std::vector<int> tokensPerCell) {
    if (tokensPerCell == m_steps) return;
    m_steps = std::move(tokensPerCell);
    updateGeometry();
    update();
}

void ResolutionLadder::setCurrent(int block) {
    if (block == m_current) return;
    m_current = block;
    announceCurrent(this);
    update();
}

QSize ResolutionLadder::sizeHint() const {
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Key));
    int widest = 0;
    for (const int block : m_steps) widest = std::max(widest, metrics.horizontalAdvance(nameOf(block)));
    return {2 * kRim + kDot + kTextGap + widest,
            2 * kRim + int(m_steps.size()) * Theme::instance().rowHeight(TextStyle::Caption)};
}

QRect ResolutionLadder::rowRect(int row) const {
    const int height = Theme::instance().rowHeight(TextStyle::Caption);
    return {kRim, kRim + row * height, width() - 2 * kRim, height};
}

void ResolutionLadder::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double x = kRim + kDot / 2.0 + 1;
    if (m_steps.size() > 1) {
        painter.setPen(QPen(theme.color(Role::Border), 2));
        painter.drawLine(QPointF(x, rowRect(0).center().y()),
                         QPointF(x, rowRect(int(m_steps.size()) - 1).center().y()));
    }
    for (int row = 0; row < int(m_steps.size()); ++row) {
        const bool current = m_steps[std::size_t(row)] == m_current;
        const QRectF line = rowRect(row);
        painter.setPen(QPen(theme.color(current ? Role::Accent : Role::Strong), 2));
        painter.setBrush(theme.color(current ? Role::Accent : Role::Surface));
        painter.drawEllipse(QPointF(x, line.center().y()), kDot / 2.0 - 1, kDot / 2.0 - 1);
        painter.setFont(theme.font(current ? TextStyle::Key : TextStyle::Caption));
        painter.setPen(theme.color(current ? Role::Text : Role::Text2));
        painter.drawText(line.adjusted(kDot + kTextGap, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         nameOf(m_steps[std::size_t(row)]));
    }
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()).adjusted(-1, -1, 1, 1));
}

void ResolutionLadder::activateItem(int index) {
    if (index < 0 || index >= itemCount()) return;
    setCurrent(m_steps[std::size_t(index)]);
    emit blockChosen(m_current);
}

void ResolutionLadder::mousePressEvent(QMouseEvent* event) {
    for (int row = 0; row < itemCount(); ++row)
        if (event->button() == Qt::LeftButton && rowRect(row).contains(event->position().toPoint()))
            activateItem(row);
}

void ResolutionLadder::keyPressEvent(QKeyEvent* event) {
    const int row = currentItem();
    switch (event->key()) {
    case Qt::Key_Up:
        activateItem(std::max(row - 1, 0));
        return;
    case Qt::Key_Down:
        activateItem(std::min(row + 1, itemCount() - 1));
        return;
    case Qt::Key_Home:
        activateItem(0);
        return;
    case Qt::Key_End:
        activateItem(itemCount() - 1);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

AccessibleItem ResolutionLadder::item(int index) const {
    AccessibleItem item;
    item.role = QAccessible::ListItem;
    item.name = nameOf(m_steps[std::size_t(index)]);
    item.rect = rowRect(index);
    item.selected = m_steps[std::size_t(index)] == m_current;
    return item;
}

int ResolutionLadder::currentItem() const {
    const auto found = std::ranges::find(m_steps, m_current);
    return found == m_steps.end() ? -1 : int(found - m_steps.begin());
}

} // namespace moa
