// The large heatmap of one head: attention tiles, the plan's mask with draggable edges, evidence that the
// mask hides, influence cells, crosshair, selection, loupe and read-out. Setters in, signals out; a frame is
// composed from the source's tiles within milliseconds and never waits for one. Files: heatmap_canvas.cpp
// state and painting, heatmap_input.cpp mouse and keys, heatmap_texts.cpp words.
#pragma once

#include "ui/viewmodels/heatmap_source.h"
#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/inspect/head_thumbnail.h"
#include "ui/widgets/inspect/heatmap_geometry.h"
#include "ui/widgets/inspect/heatmap_image.h"
#include "ui/widgets/inspect/heatmap_scene.h"

#include <QImage>
#include <QPointer>
#include <QTimer>
#include <QWidget>

#include <vector>

namespace moa {

class ReadOut;

/// What can be switched on and off; the letter is the key.
enum class HeatLayer {
    Attention, ///< T
    Influence, ///< I
    Evidence,  ///< E
    Log,       ///< L
    HideSink,  ///< K
};

class HeatmapCanvas : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit HeatmapCanvas(QWidget* parent = nullptr);
    ~HeatmapCanvas() override;

    /// Not owned. Null: an empty canvas. A source with the same number of tokens keeps the view.
    void setSource(HeatmapSource* source);
    /// The head's mask. During a drag this is the snapped answer to edgeDragged.
    void setMask(const MaskShape& mask);
    const MaskShape& mask() const { return m_mask; }
    /// Why a hand cannot move this edge, said where it tries to; empty: it can. A held window edge wears a pin.
    void setHeld(MaskEdge edge, const QString& why);
    /// Shown with the window edge, e.g. "2,048 + 0.125 N".
    void setRuleText(const QString& text);
    /// −1, −1: none. Does not move the view and emits nothing.
    void setCrosshair(int query, int key);
    int query() const { return m_query; }
    int key() const { return m_key; }
    void setSelection(const QRect& tokens); ///< x keys, y queries; empty: none
    void setLayer(HeatLayer layer, bool on);
    bool layer(HeatLayer layer) const;
    void setPooling(Pooling pooling);
    /// Weights at the ends of the attention ramp; 0 < floor < top.
    void setWeightRange(double floor, double top);
    /// Hidden weights from `floor` count as evidence; `top` is the ramp's end.
    void setEvidenceRange(double floor, double top);
    /// Influence at profile resolution: [side][side] values from 0 to 1 (queries × keys) over the whole text,
    /// side ≤ 128. Another size than side² is refused with std::invalid_argument. Empty: none.
    void setInfluence(std::vector<float> cells, int side);
    /// false (default): the wheel pans and Ctrl+wheel zooms; true: the other way round.
    void setWheelZooms(bool on) { m_wheelZooms = on; }

    void fit();
    void centreOnCrosshair();
    void zoomBy(double factor, QPointF anchorPx); ///< about a point of the widget
    void showTokens(const QRectF& tokens);        ///< x keys, y queries
    /// Zooms about the crosshair, or the view's middle, until `block` tokens a cell suit.
    void showBlock(int block);
    void centreOn(int query, int key);
    /// The whole head in small, from the tiles at hand: at most 64 cells a side, pooled by maximum.
    Thumbnail overview() const;

    const HeatmapGeometry& geometry() const { return m_geometry; }
    const HeatLook& look() const { return m_look; }
    const HeatmapSource* source() const { return m_source; }
    QRectF plotRect() const { return m_plot; } ///< in the widget
    int block() const;                         ///< tokens a cell of the current zoom
    bool isDragging() const { return m_drag == Drag::Edge; }
    const ReadOut& readOut() const { return *m_readOut; }

    /// Share of the causal view painted at the resolution that suits the zoom, 0 … 1.
    double exactShare() const { return m_image.exactShare(); }
    /// Milliseconds of each paint since the last clear (the newest kFrames).
    std::vector<double> frameTimes() const { return m_frameTimes; }
    void clearFrameTimes() { m_frameTimes.clear(); }
    static constexpr std::size_t kFrames = 4096;

    QSize sizeHint() const override { return {620, 600}; }
    QSize minimumSizeHint() const override { return {240, 220}; }

    int itemCount() const override;
    AccessibleItem item(int index) const override;
    int currentItem() const override;
    void setItemValue(int index, double value) override;

    /// The same picture through any painter (PNG, SVG), without focus ring.
    void paintTo(QPainter& painter);

signals:
    void crosshairMoved(int query, int key);
    void selectionMade(QRect tokens, Qt::KeyboardModifiers modifiers); ///< x keys, y queries
    void viewChanged();                                                ///< pan, zoom, size or text
    void layerChanged(moa::HeatLayer layer, bool on);                  ///< by key
    void lookChanged(); ///< any layer, range or pooling, or the theme
    void maskChanged();
    void tilesChanged(); ///< at most once in a few milliseconds
    void edgeDragStarted(moa::MaskEdge edge);
    /// Wanted span c = w + s of the window edge, or wanted sink of the sink edge, in tokens as under the
    /// pointer.
    void edgeDragged(moa::MaskEdge edge, qint64 tokens, Qt::KeyboardModifiers modifiers);
    void edgeDragFinished(moa::MaskEdge edge, qint64 tokens);
    void edgeDragCancelled(moa::MaskEdge edge);
    void edgeRefused(moa::MaskEdge edge); ///< somebody tried to move a held edge
    void stepRequested(int steps);     ///< `[` −1, `]` +1
    void widenRequested();             ///< Shift+`]`: to the influence span
    void pinRequested();               ///< P
    void resetRequested();             ///< R
    void peakRequested(int direction); ///< `.` +1, `,` −1
    void opened();                     ///< Enter
    void cleared();                    ///< Esc with nothing left to cancel

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    enum class Drag { None, Edge, Pan, Click, Select };

    void restyle();
    void layOut();
    void viewMoved();
    void placeReadOut();
    void sendWishes();
    void readSource();
    void paintInfluence(QPainter& painter);
    void buildInfluenceImage();
    HeatmapScene describe() const;

    QPointF toView(QPointF widgetPx) const { return widgetPx - m_plot.topLeft(); }
    MaskEdge edgeAt(QPointF widgetPx) const;
    void setHotEdge(MaskEdge edge);
    const QString& heldBecause(MaskEdge edge) const { return edge == MaskEdge::Sink ? m_sinkHeld : m_windowHeld; }
    void refuseEdge(QPointF widgetPx);
    void updateHover(QPointF widgetPx);
    void dragEdge(QPointF widgetPx, Qt::KeyboardModifiers modifiers);
    void cancelEdgeDrag();
    void select(QPointF widgetPx);
    void moveCrosshair(int query, int key, bool reveal);
    bool navigationKey(int key, Qt::KeyboardModifiers modifiers);
    bool editKey(int key, Qt::KeyboardModifiers modifiers);
    bool layerKey(int key);
    void escape();
    QPoint loupePair() const; ///< x key, y query; (−1, −1): none

    void updateReadOut();
    QString tipAt(QPoint widgetPx) const;
    QString pairSentence(int query, int key) const;
    qint64 shownSpan() const;                     ///< a full window is larger than any text
    double influenceAt(int query, int key) const; ///< negative: none

    QPointer<HeatmapSource> m_source;
    HeatmapGeometry m_geometry;
    HeatmapImage m_image;
    HeatLook m_look;
    MaskShape m_mask, m_maskAtDragStart;
    QString m_ruleText, m_windowHeld, m_sinkHeld;
    QRectF m_plot;
    int m_query = -1, m_key = -1;
    QRect m_selection;
    std::vector<float> m_influence;
    int m_influenceSide = 0;
    bool m_showInfluence = false, m_wheelZooms = false, m_loupe = false;
    QImage m_influenceImage;

    Drag m_drag = Drag::None;
    MaskEdge m_hotEdge = MaskEdge::None;
    qint64 m_dragTokens = 0;
    double m_grabOffset = 0; ///< tokens between the pointer and the edge when it was taken
    QPointF m_pressed, m_pointer;
    bool m_pointerInside = false;

    ReadOut* m_readOut;
    QTimer m_wishTimer;
    std::vector<TileId> m_wishes;
    std::vector<double> m_frameTimes;
};

} // namespace moa

Q_DECLARE_METATYPE(moa::MaskEdge)
