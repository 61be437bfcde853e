// Mouse, keys and accessibility of running text.
#include "ui/widgets/compare/token_flow.h"

#include "ui/widgets/inspect/token_text.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>

#include <algorithm>

namespace moa {

int TokenFlow::tokenAt(QPoint at) const {
    const QPointF point = QPointF(at) + QPointF(0, verticalScrollBar()->value());
    const auto part = std::ranges::find_if(m_parts, [&](const Part& p) { return p.box.contains(point); });
    return part == m_parts.end() ? -1 : part->token;
}

void TokenFlow::choose(int index) {
    if (index < 0 || index >= int(m_tokens.size())) return;
    setCurrent(index);
    emit chosen(index);
}

void TokenFlow::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(tokenAt(event->position().toPoint()));
}

void TokenFlow::mouseMoveEvent(QMouseEvent* event) {
    const int token = tokenAt(event->position().toPoint());
    if (token == m_hovered) return;
    m_hovered = token;
    m_rest.start();
}

bool TokenFlow::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave && m_hovered >= 0) {
        m_hovered = -1;
        m_rest.start();
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void TokenFlow::move(int index) {
    index = std::clamp(index, 0, int(m_tokens.size()) - 1);
    if (index != m_current) choose(index);
}

void TokenFlow::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_tokens.size()) - 1, step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    if (last < 0) return event->ignore();
    if (event->matches(QKeySequence::Copy)) {
        QString text;
        for (const FlowToken& token : m_tokens)
            if (!token.special) text += token.text;
        QGuiApplication::clipboard()->setText(text);
        return;
    }
    /// The nearest token a line up or down.
    const auto line = [this](int by) {
        const QRect from = tokenRect(std::max(m_current, 0));
        const int wanted = tokenAt(QPoint(from.center().x(), from.center().y() + by * lineHeight()));
        if (wanted >= 0) move(wanted);
    };
    switch (event->key()) {
    case Qt::Key_Left: return move(m_current - step);
    case Qt::Key_Right:
        // At the end of what is written the page makes one more.
        if (m_current >= last && step == 1) return event->ignore();
        return move(m_current + step);
    case Qt::Key_Up: return line(-1);
    case Qt::Key_Down: return line(1);
    case Qt::Key_Home: return move(0);
    case Qt::Key_End: return move(last);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current >= 0 && event->modifiers() == Qt::NoModifier) return emit opened(m_current);
        return event->ignore();
    default: event->ignore();
    }
}

void TokenFlow::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    layOut();
    ensureVisible(m_current);
}

void TokenFlow::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    announceCurrent(this);
    viewport()->update();
}

void TokenFlow::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

AccessibleItem TokenFlow::item(int index) const {
    const FlowToken& token = m_tokens[std::size_t(index)];
    AccessibleItem item;
    item.role = QAccessible::ListItem;
    item.name = token.spoken.isEmpty() ? tr("Token %1, %2").arg(index).arg(tokenSymbols(token.text)) : token.spoken;
    item.rect = tokenRect(index).translated(viewport()->pos());
    item.selected = index == m_current;
    return item;
}

} // namespace moa
