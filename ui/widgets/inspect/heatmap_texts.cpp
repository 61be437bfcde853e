// Words of the heatmap: read-out, tooltips and what a screen reader hears.
#include "ui/widgets/inspect/heatmap_canvas.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/read_out.h"

#include <algorithm>

namespace moa {
namespace {

enum Item { kCell, kWindowSlider, kSinkSlider, kItems };

constexpr int kBlockTokens = 64, kMostSink = 4 * kBlockTokens;

} // namespace

double HeatmapCanvas::influenceAt(int query, int key) const {
    if (m_influenceSide == 0 || m_geometry.tokens() == 0) return -1;
    const auto cell = [&](int token) {
        return std::size_t(qint64(token) * m_influenceSide / m_geometry.tokens());
    };
    return m_influence[cell(query) * std::size_t(m_influenceSide) + cell(key)];
}

void HeatmapCanvas::updateReadOut() {
    if (m_query < 0 || !m_source) {
        m_readOut->hide();
        return;
    }
    QList<ReadOut::Line> lines;
    int used = 1;
    const float exact = m_image.valueAt(m_query, m_key, 1, &used);
    if (exact >= 0 && used == 1) lines.append({tr("Attention"), paint::weight(double(exact))});
    if (const int block = this->block(); block > 1 || used > 1) {
        const float pooled = m_image.valueAt(m_query, m_key, block, &used);
        const QString name =
            m_look.pooling == Pooling::Max ? tr("Block max, %1 tokens") : tr("Block mean, %1 tokens");
        if (pooled >= 0) lines.append({name.arg(used), paint::weight(double(pooled))});
    }
    if (const double influence = influenceAt(m_query, m_key); influence >= 0)
        lines.append({tr("Influence"), paint::number(influence, 2)});
    const qint64 distance = qint64(m_query) - m_key;
    if (m_mask.hides(m_query, m_key))
        lines.append({tr("Outside window by"), paint::count(distance - m_mask.window + 1), Role::Sparse});
    else
        lines.append({tr("Distance"), paint::count(distance)});
    m_readOut->setContent(tr("Query %1 · key %2").arg(paint::count(m_query), paint::count(m_key)), lines);
    placeReadOut();
}

void HeatmapCanvas::placeReadOut() {
    // The upper right is the empty half of a fitted map; in a zoomed view the box gives way to the crosshair.
    const QSize size = m_readOut->sizeHint();
    const QPointF cross(m_plot.left() + m_geometry.xOf(m_key + 0.5),
                        m_plot.top() + m_geometry.yOf(m_query + 0.5));
    QRectF box(QPointF(m_plot.right() - size.width() - 6, m_plot.top() + 6), size);
    if (box.adjusted(-12, -12, 12, 12).contains(cross)) box.moveBottom(m_plot.bottom() - 6);
    m_readOut->setGeometry(box.toRect());
    m_readOut->setVisible(size.width() + 12 < m_plot.width());
}

QString HeatmapCanvas::pairSentence(int query, int key) const {
    QStringList parts{tr("Query %1").arg(paint::count(query)), tr("key %1").arg(paint::count(key))};
    int used = 1;
    const float weight = m_image.valueAt(query, key, 1, &used);
    if (weight >= 0 && used == 1)
        parts << tr("attention %1").arg(paint::weight(double(weight)));
    else if (weight >= 0)
        parts << (m_look.pooling == Pooling::Max ? tr("largest attention in %1 × %1 tokens %2")
                                                 : tr("mean attention in %1 × %1 tokens %2"))
                     .arg(QString::number(used), paint::weight(double(weight)));
    if (m_showInfluence)
        if (const double influence = influenceAt(query, key); influence >= 0)
            parts << tr("influence %1").arg(paint::number(influence, 2));
    if (m_mask.hides(query, key))
        parts << tr("outside window by %1").arg(paint::count(qint64(query) - key - m_mask.window + 1));
    return parts.join(QStringLiteral(", "));
}

QString HeatmapCanvas::tipAt(QPoint px) const {
    if (!m_plot.contains(px) || m_drag != Drag::None) return {};
    if (m_hotEdge != MaskEdge::None) {
        const QString what = m_hotEdge == MaskEdge::Window ? tr("Window edge, span %1").arg(paint::count(shownSpan()))
                                                           : tr("Sink %1").arg(paint::count(m_mask.sink));
        const QString& held = heldBecause(m_hotEdge);
        return held.isEmpty() ? what : what + QLatin1String(". ") + held;
    }
    const auto pair = m_geometry.pairAt(toView(px));
    return pair ? pairSentence(pair->y(), pair->x()) : QString();
}

qint64 HeatmapCanvas::shownSpan() const {
    return std::min<qint64>(m_mask.span(), m_geometry.tokens());
}

int HeatmapCanvas::itemCount() const {
    return m_geometry.tokens() == 0 ? 0 : m_mask.window > 0 ? kItems : kWindowSlider;
}

int HeatmapCanvas::currentItem() const {
    if (m_drag == Drag::Edge) return m_hotEdge == MaskEdge::Window ? kWindowSlider : kSinkSlider;
    return m_query >= 0 ? kCell : -1;
}

AccessibleItem HeatmapCanvas::item(int index) const {
    AccessibleItem item;
    if (index == kCell) {
        item.role = QAccessible::Cell;
        item.selected = m_query >= 0;
        item.name = m_query >= 0 ? pairSentence(m_query, m_key) : tr("No cell chosen");
        const QRectF cell = m_geometry.rectOf(QRectF(m_key, m_query, 1, 1)).translated(m_plot.topLeft());
        item.rect = cell.toAlignedRect();
        return item;
    }
    item.role = QAccessible::Slider;
    if (index == kSinkSlider) {
        item.name = tr("Sink edge, %1 tokens").arg(paint::count(m_mask.sink));
        item.rect = m_plot.toAlignedRect();
        item.value = m_mask.sink;
        item.maximum = kMostSink;
        item.step = kBlockTokens;
        return item;
    }
    item.name = tr("Window edge, span %1").arg(paint::count(shownSpan()));
    item.rect = m_plot.toAlignedRect();
    item.value = double(shownSpan());
    item.minimum = m_mask.sink + kBlockTokens;
    item.maximum = std::max(m_geometry.tokens(), m_mask.sink + kBlockTokens);
    item.step = kBlockTokens;
    return item;
}

void HeatmapCanvas::setItemValue(int index, double value) {
    if (index == kCell || m_mask.window <= 0) return;
    const MaskEdge edge = index == kSinkSlider ? MaskEdge::Sink : MaskEdge::Window;
    if (!heldBecause(edge).isEmpty()) return emit edgeRefused(edge);
    const AccessibleItem slider = item(index);
    const qint64 tokens = qint64(std::clamp(value, slider.minimum, slider.maximum));
    emit edgeDragStarted(edge);
    setMask(edge == MaskEdge::Sink ? MaskShape{m_mask.window, int(tokens)} : MaskShape{tokens - m_mask.sink, m_mask.sink});
    emit edgeDragged(edge, tokens, Qt::NoModifier);
    emit edgeDragFinished(edge, tokens);
}

} // namespace moa
