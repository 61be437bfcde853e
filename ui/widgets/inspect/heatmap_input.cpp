// Mouse, wheel and keys of the heatmap.
#include "ui/widgets/inspect/heatmap_canvas.h"

#include "ui/widgets/theme.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr double kKeyZoom = 1.25, kWheelZoom = 1.0015; ///< per key, per eighth of a degree of the wheel
constexpr double kKeyPan = 0.125;                      ///< of the view
constexpr qint64 kSinkStep = 64, kLeastWindow = 64;

} // namespace

MaskEdge HeatmapCanvas::edgeAt(QPointF px) const {
    if (!m_plot.contains(px)) return MaskEdge::None;
    return m_geometry.edgeAt(toView(px), m_mask, metrics::kDragTolerance);
}

void HeatmapCanvas::setHotEdge(MaskEdge edge) {
    if (edge == m_hotEdge) return;
    m_hotEdge = edge;
    if (edge == MaskEdge::None)
        unsetCursor();
    else if (!heldBecause(edge).isEmpty())
        setCursor(Qt::ForbiddenCursor);
    else
        setCursor(edge == MaskEdge::Window ? Qt::SizeBDiagCursor : Qt::SizeHorCursor);
    update();
}

void HeatmapCanvas::updateHover(QPointF px) {
    m_pointer = px;
    m_pointerInside = true;
    setHotEdge(edgeAt(px));
    if (m_loupe) {
        m_wishTimer.start();
        update();
    }
}

void HeatmapCanvas::mousePressEvent(QMouseEvent* event) {
    m_pressed = m_pointer = event->position();
    if (event->button() == Qt::MiddleButton) {
        m_drag = Drag::Pan;
        setCursor(Qt::ClosedHandCursor);
        return;
    }
    if (event->button() != Qt::LeftButton || m_drag != Drag::None) return;
    setHotEdge(edgeAt(m_pressed));
    if (m_hotEdge == MaskEdge::None) {
        m_drag = m_plot.contains(m_pressed) ? Drag::Click : Drag::None;
        return;
    }
    if (!heldBecause(m_hotEdge).isEmpty()) return refuseEdge(m_pressed);
    m_drag = Drag::Edge;
    m_maskAtDragStart = m_mask;
    const QPointF view = toView(m_pressed);
    const bool window = m_hotEdge == MaskEdge::Window;
    m_dragTokens = window ? m_mask.span() : m_mask.sink;
    m_grabOffset = window ? double(m_mask.window) - m_geometry.distanceAt(view)
                          : m_mask.sink - m_geometry.keyAt(view.x());
    emit edgeDragStarted(m_hotEdge);
    update();
}

void HeatmapCanvas::refuseEdge(QPointF px) {
    QToolTip::showText(mapToGlobal(px.toPoint()), heldBecause(m_hotEdge), this);
    emit edgeRefused(m_hotEdge);
}

void HeatmapCanvas::mouseMoveEvent(QMouseEvent* event) {
    const QPointF px = event->position();
    switch (m_drag) {
    case Drag::None:
        updateHover(px);
        break;
    case Drag::Edge:
        dragEdge(px, event->modifiers());
        break;
    case Drag::Pan:
        m_geometry.panBy(px - m_pointer);
        m_pointer = px;
        viewMoved();
        break;
    case Drag::Click:
        if ((px - m_pressed).manhattanLength() < QApplication::startDragDistance()) break;
        m_drag = Drag::Select;
        [[fallthrough]];
    case Drag::Select:
        select(px);
        break;
    }
}

void HeatmapCanvas::dragEdge(QPointF px, Qt::KeyboardModifiers modifiers) {
    const QPointF view = toView(px);
    const qint64 tokens = m_geometry.tokens();
    MaskShape wanted = m_mask;
    if (m_hotEdge == MaskEdge::Window) {
        const double distance = m_geometry.distanceAt(view) + m_grabOffset;
        const qint64 most = std::max(tokens - m_mask.sink, kLeastWindow);
        wanted.window = std::clamp(qint64(std::llround(distance)), kLeastWindow, most);
        m_dragTokens = wanted.span();
    } else {
        const double key = m_geometry.keyAt(view.x()) + m_grabOffset;
        wanted.sink =
            int(std::clamp(qint64(std::llround(key / kSinkStep)) * kSinkStep, qint64(0), 4 * kSinkStep));
        m_dragTokens = wanted.sink;
    }
    // Follows the pointer unless whoever listens answers with a snapped mask.
    setMask(wanted);
    emit edgeDragged(m_hotEdge, m_dragTokens, modifiers);
}

void HeatmapCanvas::cancelEdgeDrag() {
    m_drag = Drag::None;
    setMask(m_maskAtDragStart);
    emit edgeDragCancelled(m_hotEdge);
    update();
}

void HeatmapCanvas::select(QPointF px) {
    const auto tokenAt = [&](QPointF at) {
        const QPointF view = toView(at);
        const int last = std::max(m_geometry.tokens() - 1, 0);
        return QPoint(std::clamp(int(std::floor(m_geometry.keyAt(view.x()))), 0, last),
                      std::clamp(int(std::floor(m_geometry.queryAt(view.y()))), 0, last));
    };
    const QPoint a = tokenAt(m_pressed), b = tokenAt(px);
    m_selection = QRect(QPoint(std::min(a.x(), b.x()), std::min(a.y(), b.y())),
                        QPoint(std::max(a.x(), b.x()), std::max(a.y(), b.y())));
    update();
}

void HeatmapCanvas::mouseReleaseEvent(QMouseEvent* event) {
    const Drag ended = m_drag;
    const bool middle = event->button() == Qt::MiddleButton;
    if (ended == Drag::None || middle != (ended == Drag::Pan)) return;
    m_drag = Drag::None;
    switch (ended) {
    case Drag::Edge:
        emit edgeDragFinished(m_hotEdge, m_dragTokens);
        break;
    case Drag::Select:
        emit selectionMade(m_selection, event->modifiers());
        break;
    case Drag::Click:
        if (const auto pair = m_geometry.pairAt(toView(event->position())))
            moveCrosshair(pair->y(), pair->x(), false);
        break;
    case Drag::Pan:
        unsetCursor();
        break;
    case Drag::None:
        break;
    }
    updateHover(event->position());
    update();
}

void HeatmapCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || !m_source || !m_plot.contains(event->position())) return;
    m_geometry.zoomLadder(event->modifiers() & Qt::ShiftModifier ? -1 : 1, toView(event->position()),
                          m_source->ladder());
    viewMoved();
}

void HeatmapCanvas::wheelEvent(QWheelEvent* event) {
    const bool zooms = bool(event->modifiers() & Qt::ControlModifier) != m_wheelZooms;
    const QPointF pixels = event->pixelDelta();
    if (zooms) {
        zoomBy(std::pow(kWheelZoom, event->angleDelta().y()), event->position());
    } else {
        QPointF delta = pixels.isNull() ? QPointF(event->angleDelta()) / 2 : pixels;
        if (event->modifiers() & Qt::ShiftModifier) delta = {delta.y(), delta.x()};
        m_geometry.panBy(delta);
        viewMoved();
    }
    event->accept();
}

void HeatmapCanvas::leaveEvent(QEvent*) {
    m_pointerInside = false;
    if (m_drag != Drag::Edge) setHotEdge(MaskEdge::None);
}

void HeatmapCanvas::focusOutEvent(QFocusEvent* event) {
    m_loupe = false; // the key's release goes elsewhere
    QWidget::focusOutEvent(event);
}

void HeatmapCanvas::moveCrosshair(int query, int key, bool reveal) {
    if (m_geometry.tokens() == 0) return;
    query = std::clamp(query, 0, m_geometry.tokens() - 1);
    key = std::clamp(key, 0, query);
    setCrosshair(query, key);
    if (reveal) {
        m_geometry.reveal(query, key);
        viewMoved();
    }
    emit crosshairMoved(query, key);
}

QPoint HeatmapCanvas::loupePair() const {
    if (m_pointerInside && m_plot.contains(m_pointer))
        if (const auto pair = m_geometry.pairAt(toView(m_pointer))) return *pair;
    return {m_key, m_query};
}

bool HeatmapCanvas::navigationKey(int key, Qt::KeyboardModifiers modifiers) {
    const bool shift = modifiers & Qt::ShiftModifier;
    const int cells = (shift ? 10 : 1) * block();
    const int query = std::max(m_query, 0), at = std::max(m_key, 0);
    const QPointF centre = m_plot.center();
    // Sideways along the keys; with Shift along the queries.
    const auto pan = [&](double direction) {
        const double px = direction * kKeyPan * m_plot.width();
        m_geometry.panBy(shift ? QPointF(0, px) : QPointF(px, 0));
        viewMoved();
    };
    switch (key) {
    case Qt::Key_W:
        zoomBy(kKeyZoom, centre);
        return true;
    case Qt::Key_S:
        zoomBy(1 / kKeyZoom, centre);
        return true;
    case Qt::Key_A:
        pan(1);
        return true;
    case Qt::Key_D:
        pan(-1);
        return true;
    case Qt::Key_F:
        shift ? centreOnCrosshair() : fit();
        return true;
    case Qt::Key_Left:
        moveCrosshair(query, at - cells, true);
        return true;
    case Qt::Key_Right:
        moveCrosshair(query, at + cells, true);
        return true;
    case Qt::Key_Up:
        moveCrosshair(query - cells, at, true);
        return true;
    case Qt::Key_Down:
        moveCrosshair(query + cells, at, true);
        return true;
    case Qt::Key_Home:
        moveCrosshair(query, 0, true);
        return true;
    case Qt::Key_End:
        moveCrosshair(query, query, true);
        return true;
    default:
        return false;
    }
}

bool HeatmapCanvas::editKey(int key, Qt::KeyboardModifiers modifiers) {
    switch (key) {
    case Qt::Key_BracketLeft:
        emit stepRequested(-1);
        return true;
    case Qt::Key_BracketRight:
        if (modifiers & Qt::ShiftModifier)
            emit widenRequested();
        else
            emit stepRequested(1);
        return true;
    case Qt::Key_BraceRight:
        emit widenRequested();
        return true; // Shift+] on many layouts
    case Qt::Key_P:
        emit pinRequested();
        return true;
    case Qt::Key_R:
        emit resetRequested();
        return true;
    case Qt::Key_Period:
        emit peakRequested(1);
        return true;
    case Qt::Key_Comma:
        emit peakRequested(-1);
        return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        emit opened();
        return true;
    default:
        return false;
    }
}

bool HeatmapCanvas::layerKey(int key) {
    static constexpr std::pair<Qt::Key, HeatLayer> kKeys[] = {{Qt::Key_T, HeatLayer::Attention},
                                                              {Qt::Key_I, HeatLayer::Influence},
                                                              {Qt::Key_E, HeatLayer::Evidence},
                                                              {Qt::Key_L, HeatLayer::Log},
                                                              {Qt::Key_K, HeatLayer::HideSink}};
    for (const auto& [letter, layer] : kKeys) {
        if (key != letter) continue;
        setLayer(layer, !this->layer(layer));
        emit layerChanged(layer, this->layer(layer));
        return true;
    }
    return false;
}

void HeatmapCanvas::escape() {
    if (m_drag == Drag::Edge) {
        cancelEdgeDrag();
    } else if (m_drag == Drag::Select || !m_selection.isEmpty()) {
        m_drag = Drag::None;
        m_selection = {};
        emit selectionMade({}, Qt::NoModifier);
        update();
    } else {
        emit cleared();
    }
}

void HeatmapCanvas::keyPressEvent(QKeyEvent* event) {
    const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    if (event->key() == Qt::Key_Escape) {
        escape();
    } else if (plain && event->key() == Qt::Key_Z) {
        m_loupe = true;
        m_wishTimer.start();
        update();
    } else if (!plain || (!navigationKey(event->key(), event->modifiers()) &&
                          !editKey(event->key(), event->modifiers()) && !layerKey(event->key()))) {
        QWidget::keyPressEvent(event);
    }
}

void HeatmapCanvas::keyReleaseEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Z && !event->isAutoRepeat()) {
        m_loupe = false;
        update();
    } else {
        QWidget::keyReleaseEvent(event);
    }
}

} // namespace moa
