// The strip right of the heatmap: resolution ladder, viewport, colour keys and the mass that the plan keeps.
// Scrolls where it is higher than its place.
#pragma once

#include "ui/widgets/inspect/heatmap_image.h"

#include <QScrollArea>
#include <QWidget>

#include <optional>

class QLabel;

namespace moa {

class HeatmapCanvas;
class Minimap;
class ResolutionLadder;

/// One colour ramp with its numbers.
class ColourKey : public QWidget {
    Q_OBJECT
public:
    enum class Kind { Attention, Evidence, Influence };
    explicit ColourKey(Kind kind, QWidget* parent = nullptr);
    void setLook(const HeatLook& look);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString title() const;
    QStringList ticks() const;
    QRgb colourAt(double t) const;

    Kind m_kind;
    HeatLook m_look;
};

class HeatmapStrip : public QScrollArea {
    Q_OBJECT
public:
    explicit HeatmapStrip(QWidget* parent = nullptr);
    /// Wires ladder, minimap and keys to a canvas, both ways; the canvas must outlive the strip.
    void follow(HeatmapCanvas& canvas);
    ResolutionLadder* ladder() { return m_ladder; }
    Minimap* minimap() { return m_minimap; }
    void setLook(const HeatLook& look);
    void setInfluenceShown(bool shown);
    /// Shares of the row's attention at N, 0 … 1: kept by the mask; hidden in the single strongest block.
    /// Nothing: not known, the block is hidden.
    void setMassKept(std::optional<double> kept, double worstBlock = 0);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void showEvent(QShowEvent* event) override;

private:
    void restyle();
    QLabel* heading(const QString& text);

    ResolutionLadder* m_ladder;
    Minimap* m_minimap;
    ColourKey *m_attention, *m_evidence, *m_influence;
    QWidget* m_mass;
    QLabel *m_massValue, *m_massNote;
    QList<QLabel*> m_headings;
};

} // namespace moa
