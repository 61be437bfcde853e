#include "ui/widgets/history/run_facts.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QApplication>
#include <QClipboard>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kAbove = 12, kGap = 10;

} // namespace

RunFacts::RunFacts(const QString& name, QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setAccessibleName(name);
    setFocusPolicy(Qt::NoFocus);
    setMouseTracking(true);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void RunFacts::setFacts(std::vector<RunFact> facts) {
    if (facts == m_facts) return;
    m_facts = std::move(facts);
    m_current = std::clamp(m_current, 0, std::max(int(m_facts.size()) - 1, 0));
    setFocusPolicy(m_facts.empty() ? Qt::NoFocus : Qt::StrongFocus);
    updateGeometry();
    update();
}

int RunFacts::height(int index) const {
    return Theme::instance().rowHeight(TextStyle::Table) - 2 + (m_facts[std::size_t(index)].isHeading && index > 0 ? kAbove : 0);
}

int RunFacts::top(int index) const {
    int y = 0;
    for (int i = 0; i < index; ++i) y += height(i);
    return y;
}

int RunFacts::at(int y) const {
    int from = 0;
    for (int i = 0; i < int(m_facts.size()); ++i) {
        if (y >= from && y < from + height(i)) return i;
        from += height(i);
    }
    return -1;
}

QSize RunFacts::sizeHint() const {
    return {260, top(int(m_facts.size()))};
}

void RunFacts::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    int y = 0;
    for (int i = 0; i < int(m_facts.size()); ++i) {
        const RunFact& fact = m_facts[std::size_t(i)];
        const int h = height(i), line = theme.rowHeight(TextStyle::Table) - 2;
        const QRectF box(0, y + h - line, width(), line);
        if (fact.isHeading) {
            if (i > 0) {
                painter.setPen(theme.color(Role::Grid));
                painter.drawLine(QPointF(0, y + 5.5), QPointF(width(), y + 5.5));
            }
            drawText(painter, box, fact.name, TextStyle::Key, Role::Text);
        } else {
            const qreal name = drawText(painter, box, fact.name, TextStyle::Table, fact.run > 0 ? Role::Accent : Role::Text2);
            const TextStyle style = fact.isMono ? TextStyle::Mono : TextStyle::Table;
            QRectF room = box.adjusted(name + kGap, 0, 0, 0);
            const QFontMetrics font(theme.font(style));
            const QString value = font.elidedText(fact.value, Qt::ElideMiddle, int(room.width()));
            drawText(painter, room, value, style, fact.role, Qt::AlignRight | Qt::AlignVCenter);
            room.setRight(room.right() - textWidth(value, style) - kGap);
            const QFontMetrics table(theme.font(TextStyle::Table));
            drawText(painter, room, table.elidedText(fact.middle, Qt::ElideRight, int(room.width())), TextStyle::Table, Role::Text);
        }
        if (hasFocus() && i == m_current) paint::focusRing(painter, QRectF(0, y + h - line, width(), line).adjusted(1, 1, -1, -1));
        y += h;
    }
}

bool RunFacts::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int index = at(help->pos().y());
        if (index >= 0 && !m_facts[std::size_t(index)].isHeading) {
            const RunFact& fact = m_facts[std::size_t(index)];
            const QString text = fact.full.isEmpty() ? fact.value : fact.full;
            QToolTip::showText(help->globalPos(), u"<p style='white-space:pre-wrap'>"_s + text.left(4000).toHtmlEscaped() + u"</p>"_s, this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

void RunFacts::mousePressEvent(QMouseEvent* event) {
    const int index = at(event->pos().y());
    if (event->button() != Qt::LeftButton || index < 0) return;
    m_current = index;
    update();
    if (m_facts[std::size_t(index)].run > 0) emit runAsked(m_facts[std::size_t(index)].run);
}

void RunFacts::walk(int step) {
    int next = m_current + step;
    while (next >= 0 && next < int(m_facts.size()) && m_facts[std::size_t(next)].isHeading) next += step;
    if (next < 0 || next >= int(m_facts.size())) return;
    m_current = next;
    announceCurrent(this);
    update();
}

void RunFacts::keyPressEvent(QKeyEvent* event) {
    if (m_facts.empty()) return QWidget::keyPressEvent(event);
    const RunFact& fact = m_facts[std::size_t(m_current)];
    if (event->matches(QKeySequence::Copy)) return QApplication::clipboard()->setText(fact.full.isEmpty() ? fact.value : fact.full);
    switch (event->key()) {
    case Qt::Key_Up: return walk(-1);
    case Qt::Key_Down: return walk(1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (fact.run > 0) emit runAsked(fact.run);
        return;
    default: QWidget::keyPressEvent(event);
    }
}

void RunFacts::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void RunFacts::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem RunFacts::item(int index) const {
    const RunFact& fact = m_facts[std::size_t(index)];
    QString name = fact.name;
    for (const QString& part : {fact.middle, fact.full.isEmpty() ? fact.value : fact.full})
        if (!part.isEmpty()) name += u": "_s + part;
    return {.role = QAccessible::ListItem, .name = name, .rect = QRect(0, top(index), width(), height(index)), .selected = index == m_current};
}

} // namespace moa
