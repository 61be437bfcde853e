// Attention of one query over all keys: bars pooled by maximum per pixel, the window's band, masked peaks in
// orange.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/inspect/heatmap_geometry.h"
#include "ui/widgets/inspect/heatmap_image.h"

#include <QWidget>

#include <functional>
#include <vector>

namespace moa {

class RowProfile : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit RowProfile(QWidget* parent = nullptr);

    /// Weights of keys 0 … query (as many as there are); the axis runs over `tokens`. Empty: nothing to show.
    void setRow(int query, std::vector<float> weights, int tokens);
    void setMask(const MaskShape& mask);
    void setLook(const HeatLook& look); ///< log, hideSink and the ranges count
    void setKey(int key);               ///< marked; −1: none
    int key() const { return m_key; }
    /// Text of a token for the label at the strongest hidden key; may be empty.
    void setTokenText(std::function<QString(int)> text);

    int query() const { return m_query; }
    int hiddenPeak() const { return m_peak; } ///< strongest key that the plan hides from the query; −1: none
    QRectF plotRect() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

    int itemCount() const override { return m_key >= 0 && m_key < int(m_weights.size()) ? 1 : 0; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return itemCount() - 1; }

    void paintTo(QPainter& painter);

signals:
    void keyChanged(int key);
    void rangeSelected(int first, int last); ///< keys, inclusive
    void peakRequested(int direction);       ///< `.` +1, `,` −1

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    double xOf(double key) const;
    int keyAt(double x) const; ///< clamped to the row
    void findPeak();
    void moveKey(int key);
    void paintBars(QPainter& painter);
    void paintLabels(QPainter& painter);
    QString sentence(int key) const;

    int m_query = -1, m_tokens = 0, m_key = -1, m_peak = -1;
    std::vector<float> m_weights;
    MaskShape m_mask;
    HeatLook m_look;
    std::function<QString(int)> m_tokenText;
    int m_pressed = -1, m_rangeEnd = -1;
};

} // namespace moa
