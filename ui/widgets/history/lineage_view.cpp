#include "ui/widgets/history/lineage_view.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLane = 14, kLeft = 7, kMostLanes = 6;
constexpr qreal kDot = 4.5;

} // namespace

LineageView::LineageView(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setAccessibleName(tr("Lineage"));
    setFocusPolicy(Qt::NoFocus);
    setMouseTracking(true);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void LineageView::setMarks(std::vector<LineageMark> marks) {
    if (marks == m_marks) return;
    m_marks = std::move(marks);
    const auto focus = std::ranges::find(m_marks, true, &LineageMark::isFocus);
    m_current = focus == m_marks.end() ? 0 : int(focus - m_marks.begin());
    setFocusPolicy(m_marks.empty() ? Qt::NoFocus : Qt::StrongFocus);
    assignLanes();
    updateGeometry();
    update();
}

/// The last mark that another one leads to goes on in its lane; those before stand in free ones beside it.
void LineageView::assignLanes() {
    m_lanes.assign(m_marks.size(), 0);
    m_laneCount = 1;
    std::vector<int> busyUntil(kMostLanes, -1); // last row that a lane leads to
    for (std::size_t i = 0; i < m_marks.size(); ++i) {
        int lane = -1;
        for (const int from : m_marks[i].from) {
            const bool isLast = std::none_of(m_marks.begin() + std::ptrdiff_t(i) + 1, m_marks.end(), [from](const LineageMark& later) {
                return std::ranges::find(later.from, from) != later.from.end();
            });
            if (!isLast) continue;
            lane = m_lanes[std::size_t(from)];
            break;
        }
        if (lane < 0) {
            const auto free = std::ranges::find_if(busyUntil, [&](int last) { return last < int(i); });
            lane = free == busyUntil.end() ? kMostLanes - 1 : int(free - busyUntil.begin());
        }
        m_lanes[i] = lane;
        m_laneCount = std::max(m_laneCount, lane + 1);
        int last = int(i);
        for (std::size_t j = i + 1; j < m_marks.size(); ++j)
            if (std::ranges::find(m_marks[j].from, int(i)) != m_marks[j].from.end()) last = int(j);
        busyUntil[std::size_t(lane)] = std::max(busyUntil[std::size_t(lane)], last);
    }
}

QRect LineageView::rowRect(int index) const {
    const int h = Theme::instance().rowHeight(TextStyle::Table) + 4;
    return {0, index * h, width(), h};
}

QPointF LineageView::dot(int index) const {
    return {qreal(kLeft + m_lanes[std::size_t(index)] * kLane), QRectF(rowRect(index)).center().y()};
}

QSize LineageView::sizeHint() const {
    return {260, rowRect(0).height() * int(m_marks.size())};
}

void LineageView::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(Role::Strong), 1.5));
    painter.setBrush(Qt::NoBrush);
    for (int i = 0; i < int(m_marks.size()); ++i)
        for (const int from : m_marks[std::size_t(i)].from) {
            const QPointF a = dot(from), b = dot(i);
            QPainterPath path(a);
            if (a.x() == b.x()) {
                path.lineTo(b);
            } else { // down in its own lane, then over in the last row's half
                const qreal bend = b.y() - rowRect(0).height();
                path.lineTo(a.x(), std::max(bend, a.y()));
                path.cubicTo(QPointF(a.x(), b.y() - 6), QPointF(b.x(), std::max(bend, a.y()) + 6), b);
            }
            painter.drawPath(path);
        }
    const int text = kLeft + m_laneCount * kLane + 2;
    for (int i = 0; i < int(m_marks.size()); ++i) {
        const LineageMark& mark = m_marks[std::size_t(i)];
        painter.setPen(QPen(theme.color(Role::Surface), 2));
        painter.setBrush(theme.color(mark.role));
        painter.drawEllipse(dot(i), kDot + (mark.isFocus ? 1.5 : 0), kDot + (mark.isFocus ? 1.5 : 0));
        const QRectF row = QRectF(rowRect(i)).adjusted(text, 0, 0, 0);
        const QFontMetrics keys(theme.font(TextStyle::Key)), table(theme.font(TextStyle::Table));
        const QString title = keys.elidedText(mark.title, Qt::ElideMiddle, int(row.width() * 0.6));
        qreal x = drawText(painter, row, title, TextStyle::Key, mark.isRun ? Role::Accent : Role::Text) + 7;
        x += drawText(painter, row.adjusted(x, 0, 0, 0), mark.kind, TextStyle::Table, Role::Text2) + 8;
        const QString detail = table.elidedText(mark.detail, Qt::ElideMiddle, std::max(int(row.width() - x), 0));
        drawText(painter, row.adjusted(x, 0, 0, 0), detail, TextStyle::Table, Role::Text, Qt::AlignRight | Qt::AlignVCenter);
        if (hasFocus() && i == m_current) paint::focusRing(painter, QRectF(rowRect(i)).adjusted(1, 1, -1, -1));
    }
}

bool LineageView::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int index = help->pos().y() / std::max(rowRect(0).height(), 1);
        if (index >= 0 && index < int(m_marks.size()))
            QToolTip::showText(help->globalPos(), u"<p style='white-space:pre-wrap'>"_s + m_marks[std::size_t(index)].tip.toHtmlEscaped() + u"</p>"_s, this);
        return true;
    }
    return QWidget::event(event);
}

void LineageView::mousePressEvent(QMouseEvent* event) {
    const int index = event->pos().y() / std::max(rowRect(0).height(), 1);
    if (event->button() != Qt::LeftButton || index < 0 || index >= int(m_marks.size())) return;
    m_current = index;
    update();
    emit opened(index);
}

void LineageView::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_marks.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up: m_current = std::max(m_current - 1, 0); break;
    case Qt::Key_Down: m_current = std::min(m_current + 1, last); break;
    case Qt::Key_Home: m_current = 0; break;
    case Qt::Key_End: m_current = last; break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (last >= 0) emit opened(m_current);
        return;
    default: return QWidget::keyPressEvent(event);
    }
    announceCurrent(this);
    update();
}

void LineageView::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void LineageView::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem LineageView::item(int index) const {
    const LineageMark& mark = m_marks[std::size_t(index)];
    QStringList parts{mark.title, mark.kind, mark.detail};
    parts.removeAll(QString());
    return {.role = QAccessible::ListItem, .name = parts.join(u", "_s), .rect = rowRect(index), .selected = index == m_current};
}

} // namespace moa
