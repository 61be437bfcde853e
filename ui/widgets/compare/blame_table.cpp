// Rows under a header that stays.
#include "ui/widgets/compare/blame_table.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPad = 12, kGap = 10, kBar = 8, kShown = 7;

QString klText(double nats) {
    return QLocale().toString(nats, 'f', nats < 0.0995 ? 3 : 2);
}

} // namespace

BlameTable::BlameTable(QWidget* parent) : QAbstractScrollArea(parent) {
    registerCanvases();
    setAccessibleName(tr("Heads to blame"));
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setAutoFillBackground(false);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        scaleBars();
        updateGeometry();
    });
}

void BlameTable::setRows(std::vector<Row> rows) {
    if (rows == m_rows) return;
    m_rows = std::move(rows);
    m_current = std::min(m_current, int(m_rows.size()) - 1);
    scaleBars();
}

void BlameTable::setCurrent(int row) {
    row = std::clamp(row, -1, int(m_rows.size()) - 1);
    if (row == m_current) return;
    m_current = row;
    if (row >= 0) {
        const QRect rect = rowRect(row);
        if (rect.top() < headerHeight())
            verticalScrollBar()->setValue(verticalScrollBar()->value() - headerHeight() + rect.top());
        else if (rect.bottom() > viewport()->height())
            verticalScrollBar()->setValue(verticalScrollBar()->value() + rect.bottom() - viewport()->height() + 1);
    }
    announceCurrent(this);
    viewport()->update();
}

int BlameTable::headerHeight() const {
    return Theme::instance().rowHeight(TextStyle::Caption);
}

QSize BlameTable::sizeHint() const {
    return {320, headerHeight() + kShown * Theme::instance().rowHeight(TextStyle::Table)};
}

QSize BlameTable::minimumSizeHint() const {
    return {260, headerHeight() + 3 * Theme::instance().rowHeight(TextStyle::Table)};
}

void BlameTable::scaleBars() {
    const int content = int(m_rows.size()) * Theme::instance().rowHeight(TextStyle::Table);
    const int room = viewport()->height() - headerHeight();
    verticalScrollBar()->setRange(0, std::max(0, content - room));
    verticalScrollBar()->setPageStep(room);
    verticalScrollBar()->setSingleStep(Theme::instance().rowHeight(TextStyle::Table));
    viewport()->update();
}

QRect BlameTable::rowRect(int row) const {
    const int high = Theme::instance().rowHeight(TextStyle::Table);
    return {0, headerHeight() + row * high - verticalScrollBar()->value(), viewport()->width(), high};
}

int BlameTable::rowAt(QPoint at) const {
    if (at.y() < headerHeight()) return -1;
    const int row = (at.y() - headerHeight() + verticalScrollBar()->value()) / Theme::instance().rowHeight(TextStyle::Table);
    return row < int(m_rows.size()) ? row : -1;
}

BlameTable::Columns BlameTable::columns() const {
    Columns at{};
    at.head = kPad + std::max(textWidth(u"L00 · KV00"_s, TextStyle::Key), textWidth(tr("KV head"), TextStyle::Caption)) + kGap;
    at.span = at.head + std::max(textWidth(u"100k"_s, TextStyle::Table), textWidth(tr("Span"), TextStyle::Caption));
    at.bar = at.span + kGap;
    at.widened = viewport()->width() - kPad;
    at.value = at.widened - std::max(textWidth(u"00.00"_s, TextStyle::Key), textWidth(tr("KL widened"), TextStyle::Caption)) - kGap;
    return at;
}

void BlameTable::paintHeader(QPainter& painter) const {
    const Theme& theme = Theme::instance();
    const Columns at = columns();
    const int high = headerHeight();
    painter.fillRect(QRect(0, 0, viewport()->width(), high), theme.color(Role::Surface));
    drawText(painter, QRectF(kPad, 0, at.head, high), tr("KV head"), TextStyle::Caption, Role::Text2);
    drawText(painter, QRectF(0, 0, at.span, high), tr("Span"), TextStyle::Caption, Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    drawText(painter, QRectF(at.bar, 0, at.value - at.bar, high),
             textWidth(tr("Attention discarded"), TextStyle::Caption) <= at.value - at.bar ? tr("Attention discarded") : tr("Discarded"),
             TextStyle::Caption, Role::Text2);
    drawText(painter, QRectF(0, 0, at.widened, high), tr("KL widened"), TextStyle::Caption, Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    paint::hairline(painter, {0, double(high) - 1}, {double(viewport()->width()), double(high) - 1}, Role::Grid);
}

void BlameTable::paintRow(QPainter& painter, int row) const {
    const Theme& theme = Theme::instance();
    const Row& what = m_rows[std::size_t(row)];
    const QRect rect = rowRect(row);
    const Columns at = columns();
    const bool current = row == m_current;
    if (current) painter.fillRect(rect, theme.color(Role::AccentSoft));
    const double top = rect.top(), high = rect.height();
    drawText(painter, QRectF(kPad, top, at.head, high), what.head, current ? TextStyle::Key : TextStyle::Table, Role::Text);
    drawText(painter, QRectF(0, top, at.span, high), what.span, TextStyle::Table, Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    const int value = textWidth(u"0.000"_s, TextStyle::Key);
    const QRectF track(at.bar, rect.center().y() - kBar / 2.0, at.value - at.bar - value - 6, kBar);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Sunken));
    if (track.width() > 8) painter.drawRoundedRect(track, 2, 2);
    painter.setBrush(theme.color(Role::Sparse));
    if (track.width() > 8)
        painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(std::max(track.width() * std::clamp(what.discarded, 0.0, 1.0), 2.0), kBar)), 2, 2);
    drawText(painter, QRectF(0, top, at.value, high), QLocale().toString(what.discarded, 'f', 3), TextStyle::Key, Role::Text,
             Qt::AlignRight | Qt::AlignVCenter);
    drawText(painter, QRectF(0, top, at.widened, high), what.widened ? klText(*what.widened) : u"–"_s,
             what.mends ? TextStyle::Key : TextStyle::Table, what.mends ? Role::Ok : Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    paint::hairline(painter, {double(kPad), double(rect.bottom())}, {double(rect.right()) - kPad, double(rect.bottom())}, Role::Grid);
}

void BlameTable::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    for (int row = 0; row < int(m_rows.size()); ++row)
        if (rowRect(row).intersects(viewport()->rect())) paintRow(painter, row);
    paintHeader(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(viewport()->rect()), metrics::kControlRadius);
}

void BlameTable::choose(int row) {
    if (row < 0 || row >= int(m_rows.size())) return;
    setCurrent(row);
    emit chosen(row);
}

void BlameTable::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(rowAt(event->position().toPoint()));
}

void BlameTable::mouseDoubleClickEvent(QMouseEvent* event) {
    if (const int row = rowAt(event->position().toPoint()); row >= 0) emit opened(row);
}

void BlameTable::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_rows.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up: return choose(std::max(m_current - 1, 0));
    case Qt::Key_Down: return choose(std::min(m_current + 1, last));
    case Qt::Key_Home: return choose(0);
    case Qt::Key_End: return choose(last);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current < 0) return;
        if (event->modifiers() & Qt::ShiftModifier)
            emit scoreAsked(m_current);
        else
            emit opened(m_current);
        return;
    default: event->ignore();
    }
}

void BlameTable::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    scaleBars();
}

void BlameTable::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    announceCurrent(this);
    viewport()->update();
}

void BlameTable::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

AccessibleItem BlameTable::item(int index) const {
    return {.role = QAccessible::ListItem, .name = m_rows[std::size_t(index)].spoken,
            .rect = rowRect(index).translated(viewport()->pos()), .selected = index == m_current};
}

} // namespace moa
