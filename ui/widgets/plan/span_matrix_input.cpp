// Mouse, keys and accessibility of the matrix.
#include "ui/widgets/plan/span_matrix.h"

#include "ui/widgets/inspect/paint_tools.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <optional>

namespace moa {
namespace {

constexpr int kMostTyped = 12;

/// "6144", "6k", "1.5k"; nothing where it is no number of tokens.
std::optional<qint64> tokensOf(QString text) {
    const bool thousands = text.endsWith(QLatin1Char('k'), Qt::CaseInsensitive);
    if (thousands) text.chop(1);
    bool ok = false;
    const double number = text.toDouble(&ok) * (thousands ? 1024 : 1);
    if (!ok || number < 0 || number > double(qint64(1) << 30)) return {};
    return qint64(std::llround(number));
}

} // namespace

HeadRef SpanMatrix::clamped(HeadRef head) const {
    return {std::clamp(head.layer, 0, m_layers - 1), std::clamp(head.kvHead, 0, m_kvHeads - 1)};
}

std::pair<SpanMatrix::Hit, HeadRef> SpanMatrix::hit(QPoint at) const {
    if (itemCount() == 0) return {Hit::Nothing, {}};
    const int layer = (at.y() - cellRect({0, 0}).top()) / std::max(m_rowHeight, 1);
    const int kvHead = (at.x() - m_labelWidth) / std::max(m_cellWidth, 1);
    const bool inHeader = at.y() < m_headerHeight, inLabels = at.x() < m_labelWidth;
    if (inHeader && inLabels) return {Hit::Corner, {}};
    if (inHeader) return {kvHead < m_kvHeads ? Hit::Column : Hit::Nothing, {0, kvHead}};
    if (layer < 0 || layer >= m_layers) return {Hit::Nothing, {}};
    if (inLabels) return {Hit::Row, {layer, 0}};
    return {kvHead < m_kvHeads ? Hit::Cell : Hit::Nothing, {layer, kvHead}};
}

std::set<HeadRef> SpanMatrix::box(HeadRef a, HeadRef b) const {
    std::set<HeadRef> heads;
    for (int l = std::min(a.layer, b.layer); l <= std::max(a.layer, b.layer); ++l)
        for (int g = std::min(a.kvHead, b.kvHead); g <= std::max(a.kvHead, b.kvHead); ++g) heads.insert({l, g});
    return heads;
}

void SpanMatrix::select(std::set<HeadRef> heads, HeadRef current) {
    heads.insert(current);
    if (heads == m_selected && current == m_current) return;
    m_selected = std::move(heads);
    m_current = current;
    m_typed.clear();
    ensureVisible(current);
    announceCurrent(this);
    viewport()->update();
    emit selectionChanged();
}

void SpanMatrix::selectBand(Hit band, HeadRef at, Qt::KeyboardModifiers modifiers) {
    if (band == Hit::Corner) return select(box({0, 0}, {m_layers - 1, m_kvHeads - 1}), m_current);
    const bool rows = band == Hit::Row;
    const bool extend = modifiers & Qt::ShiftModifier;
    const int from = extend ? (rows ? m_anchor.layer : m_anchor.kvHead) : (rows ? at.layer : at.kvHead);
    const int to = rows ? at.layer : at.kvHead;
    std::set<HeadRef> heads = rows ? box({from, 0}, {to, m_kvHeads - 1}) : box({0, from}, {m_layers - 1, to});
    const HeadRef current = rows ? HeadRef{to, 0} : HeadRef{0, to};
    if (!extend) m_anchor = current;
    if (modifiers & Qt::ControlModifier) heads.insert(m_selected.begin(), m_selected.end());
    select(std::move(heads), current);
}

void SpanMatrix::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const auto [what, head] = hit(event->position().toPoint());
    if (what == Hit::Nothing) return;
    if (what != Hit::Cell) return selectBand(what, head, event->modifiers());
    if (event->modifiers() & Qt::ShiftModifier) {
        m_before.clear();
        m_boxing = true;
        return select(box(m_anchor, head), head);
    }
    if (event->modifiers() & Qt::ControlModifier) {
        std::set<HeadRef> heads = m_selected;
        if (heads.contains(head) && heads.size() > 1) {
            heads.erase(head);
            m_anchor = *heads.begin();
            return select(heads, *heads.begin());
        }
        m_before = heads;
        m_anchor = head;
        m_boxing = true;
        heads.insert(head);
        return select(heads, head);
    }
    m_before.clear();
    m_anchor = head;
    m_boxing = true;
    select({head}, head);
}

void SpanMatrix::mouseMoveEvent(QMouseEvent* event) {
    if (!m_boxing || !(event->buttons() & Qt::LeftButton)) return;
    const QPoint at = event->position().toPoint();
    const HeadRef head = clamped({(at.y() - cellRect({0, 0}).top()) / m_rowHeight, (at.x() - m_labelWidth) / m_cellWidth});
    std::set<HeadRef> heads = box(m_anchor, head);
    heads.insert(m_before.begin(), m_before.end());
    select(std::move(heads), head);
}

void SpanMatrix::mouseReleaseEvent(QMouseEvent*) {
    m_boxing = false;
}

void SpanMatrix::mouseDoubleClickEvent(QMouseEvent* event) {
    if (hit(event->position().toPoint()).first == Hit::Cell) emit opened();
}

void SpanMatrix::moveCurrent(HeadRef to, bool extend) {
    to = clamped(to);
    if (extend) return select(box(m_anchor, to), to);
    m_anchor = to;
    select({to}, to);
}

void SpanMatrix::commitTyped() {
    const QString text = std::exchange(m_typed, {});
    viewport()->update();
    if (const auto span = tokensOf(text))
        emit spanTyped(*span);
    else
        emit typingRefused(text);
}

bool SpanMatrix::typeKey(QKeyEvent* event) {
    const QString text = event->text();
    const bool isDigit = text.size() == 1 && text[0] >= QLatin1Char('0') && text[0] <= QLatin1Char('9');
    const bool goesOn = !m_typed.isEmpty() && (text == QLatin1String(".") || text.compare(QLatin1String("k"), Qt::CaseInsensitive) == 0);
    if ((event->modifiers() & ~(Qt::ShiftModifier | Qt::KeypadModifier)) == 0 && (isDigit || goesOn)) {
        if (m_typed.size() < kMostTyped) m_typed += text;
    } else if (m_typed.isEmpty()) {
        return false;
    } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Tab) {
        commitTyped();
    } else if (event->key() == Qt::Key_Escape) {
        m_typed.clear();
    } else if (event->key() == Qt::Key_Backspace) {
        m_typed.chop(1);
    } else {
        return false;
    }
    viewport()->update();
    return true;
}

bool SpanMatrix::editKey(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return emit copyRequested(), true;
    if (event->matches(QKeySequence::Paste)) return emit pasteRequested(), true;
    if (event->matches(QKeySequence::SelectAll)) return select(box({0, 0}, {m_layers - 1, m_kvHeads - 1}), m_current), true;
    const Qt::KeyboardModifiers modifiers = event->modifiers() & ~Qt::KeypadModifier;
    if (modifiers == Qt::ControlModifier && event->key() == Qt::Key_D) return emit fillRequested(), true;
    if (event->text() == QLatin1String("}")) return emit widenedToInfluence(), true;
    if (modifiers != Qt::NoModifier) return false;
    switch (event->key()) {
    case Qt::Key_BracketLeft: return emit stepped(-1), true;
    case Qt::Key_BracketRight: return emit stepped(1), true;
    case Qt::Key_P:
    case Qt::Key_Space: return emit pinToggled(), true;
    case Qt::Key_R: return emit resetRequested(), true;
    default: return false;
    }
}

bool SpanMatrix::moveKey(QKeyEvent* event) {
    const bool extend = event->modifiers() & Qt::ShiftModifier, far = event->modifiers() & Qt::ControlModifier;
    const int page = std::max((viewport()->height() - m_headerHeight) / m_rowHeight - 1, 1);
    HeadRef to = m_current;
    switch (event->key()) {
    case Qt::Key_Left: to.kvHead = far ? 0 : to.kvHead - 1; break;
    case Qt::Key_Right: to.kvHead = far ? m_kvHeads - 1 : to.kvHead + 1; break;
    case Qt::Key_Up: to.layer = far ? 0 : to.layer - 1; break;
    case Qt::Key_Down: to.layer = far ? m_layers - 1 : to.layer + 1; break;
    case Qt::Key_PageUp: to.layer -= page; break;
    case Qt::Key_PageDown: to.layer += page; break;
    case Qt::Key_Home: to = far ? HeadRef{} : HeadRef{to.layer, 0}; break;
    case Qt::Key_End: to = {far ? m_layers - 1 : to.layer, m_kvHeads - 1}; break;
    case Qt::Key_Escape:
        if (m_selected.size() < 2) return false;
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter: return emit opened(), true;
    default: return false;
    }
    moveCurrent(to, extend);
    return true;
}

void SpanMatrix::keyPressEvent(QKeyEvent* event) {
    if (itemCount() == 0 || !(typeKey(event) || editKey(event) || moveKey(event))) QAbstractScrollArea::keyPressEvent(event);
}

bool SpanMatrix::event(QEvent* event) {
    // What is typed here is no shortcut of the window: Esc ends the typing, P pins the selection.
    if (event->type() == QEvent::ShortcutOverride) {
        auto* key = static_cast<QKeyEvent*>(event);
        const bool isLetter = key->modifiers() == Qt::NoModifier && (key->key() == Qt::Key_P || key->key() == Qt::Key_R || key->key() == Qt::Key_Space);
        if (!m_typed.isEmpty() || isLetter || key->matches(QKeySequence::Copy) || key->matches(QKeySequence::Paste)) event->accept();
    }
    // Tab ends a typed span as in a spreadsheet.
    if (event->type() == QEvent::KeyPress && !m_typed.isEmpty() && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Tab) {
        commitTyped();
        return true;
    }
    return QAbstractScrollArea::event(event);
}

bool SpanMatrix::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) return true; // HoverTip says it sooner
    return QAbstractScrollArea::viewportEvent(event);
}

void SpanMatrix::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    layOut();
    if (itemCount()) ensureVisible(m_current);
}

void SpanMatrix::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    announceCurrent(this);
    viewport()->update();
}

void SpanMatrix::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    m_typed.clear();
    viewport()->update();
}

QString SpanMatrix::sentence(HeadRef head) const {
    const Cell& cell = m_cells[std::size_t(index(head))];
    QStringList parts{tr("Layer %1").arg(head.layer), tr("KV head %1").arg(head.kvHead), tr("span %1").arg(paint::count(cell.span))};
    if (m_look.name != tr("Span")) parts << tr("%1 %2").arg(m_look.name.toLower(), cellText(cell));
    parts << (cell.pinned ? tr("pinned") : tr("not pinned"));
    if (cell.edited) parts << tr("edited");
    return parts.join(QStringLiteral(", "));
}

AccessibleItem SpanMatrix::item(int index) const {
    AccessibleItem item;
    item.name = sentence(headOf(index));
    item.rect = cellRect(headOf(index)).translated(viewport()->pos());
    item.selected = m_selected.contains(headOf(index));
    return item;
}

void SpanMatrix::activateItem(int index) {
    if (index >= 0 && index < itemCount()) moveCurrent(headOf(index), false);
}

} // namespace moa
