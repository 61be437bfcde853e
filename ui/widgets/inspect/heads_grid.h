// Layers × KV heads: a thumbnail or one number per head, its window edge, pins, and the influence that falls
// outside the window per layer. Where rows would be under 14 px the rows scroll and the header stays. Files:
// heads_grid.cpp state and painting, heads_grid_input.cpp mouse, keys and accessibility.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/inspect/head_thumbnail.h"
#include "ui/widgets/theme.h"

#include <QAbstractScrollArea>
#include <QTimer>

#include <functional>
#include <vector>

namespace moa {

class HeadMagnifier;

class HeadsGrid : public QAbstractScrollArea, public AccessibleItems {
    Q_OBJECT
public:
    struct Head {
        int layer = 0, kvHead = 0;
        bool operator==(const Head&) const = default;
    };
    /// One number per head instead of thumbnails.
    struct Statistic {
        QString name;              ///< "Entropy", as read out
        std::vector<float> values; ///< [L][G]; NaN: not known yet
        double low = 0, high = 1;  ///< ends of the ramp
        Ramp ramp = Ramp::Attention;
        std::function<QString(double)> text; ///< short enough for a cell, e.g. "6k"
    };

    explicit HeadsGrid(QWidget* parent = nullptr);

    /// Another model: forgets all that was set. std::invalid_argument below 1 × 1 or above 4096 heads a side.
    void setShape(int layers, int kvHeads);
    int layers() const { return m_layers; }
    int kvHeads() const { return m_kvHeads; }
    /// std::invalid_argument where values are not side² or side > 64.
    void setThumbnail(Head head, Thumbnail thumbnail);
    void setLook(const HeatLook& look);
    /// Empty values: back to thumbnails. std::invalid_argument where values are neither empty nor [L][G].
    void setStatistic(Statistic statistic);
    /// w of each head in tokens, [L][G], with the sink and the length they are drawn at. Empty: no plan.
    void setWindows(std::vector<qint64> windows, int sink, int tokens);
    void setPinned(std::vector<bool> pinned); ///< [L][G], empty: none
    /// Influence outside the window, [L][G], scaled so that 1 is the model's largest. Empty: not known.
    void setInfluence(std::vector<float> outside);
    void setCurrent(Head head); ///< also selects it alone; scrolls it into view, emits nothing
    Head current() const { return m_current; }
    std::vector<Head> selected() const;
    void setSelected(const std::vector<Head>& heads);

    QRect cellRect(Head head) const; ///< in the viewport
    bool scrolls() const;
    QSize sizeHint() const override { return {276, 400}; }
    QSize minimumSizeHint() const override { return {180, 120}; }

    int itemCount() const override { return m_layers * m_kvHeads; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return itemCount() ? index(m_current) : -1; }
    QSize tableShape() const override { return {m_kvHeads, m_layers}; }
    QAccessible::Role canvasRole() const override { return QAccessible::Table; }
    void activateItem(int index) override;

    /// The whole grid through any painter (PNG, SVG).
    void paintTo(QPainter& painter);

signals:
    void currentChanged(int layer, int kvHead);
    void selectionChanged();                ///< see selected()
    void pinToggled(int layer, int kvHead); ///< Space or P on a head
    void opened(int layer, int kvHead);     ///< Enter or double click

protected:
    bool viewportEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int index(Head head) const { return head.layer * m_kvHeads + head.kvHead; }
    Head headOf(int index) const { return {index / m_kvHeads, index % m_kvHeads}; }
    bool hasStatistic() const { return !m_statistic.values.empty(); }
    void restyle();
    void layOut();
    QRect rowLabelRect(int layer) const;
    QRect influenceRect(int layer) const;
    std::pair<int, Head> hit(QPoint at) const; ///< what: −1 nothing, 0 head, 1 row label, 2 column label
    void paintHeader(QPainter& painter);
    void paintRow(QPainter& painter, int layer);
    void paintCell(QPainter& painter, Head head);
    void paintNumber(QPainter& painter, Head head, const QRect& cell);
    void paintMarks(QPainter& painter, Head head, const QRect& cell);
    void paintInfluence(QPainter& painter, int layer);
    bool refreshImage(int index, QSize size, double dpr);
    ThumbnailMask maskOf(int index) const;
    float layerInfluence(int layer) const;

    void moveCurrent(Head to, bool extend);
    void selectBox(Head a, Head b, bool add);
    void ensureVisible(Head head);
    void showMagnifier();
    void hideMagnifier();
    QString sentence(Head head) const;
    qint64 spanOf(std::size_t at) const;

    int m_layers = 0, m_kvHeads = 0, m_sink = 0, m_tokens = 0;
    std::vector<Thumbnail> m_thumbnails;
    std::vector<QImage> m_images; ///< of thumbnails at cell size; null: to be made
    std::vector<qint64> m_windows;
    std::vector<bool> m_pinned, m_selected, m_selectedBefore;
    std::vector<float> m_influence;
    Statistic m_statistic;
    HeatLook m_look;
    Head m_current, m_anchor, m_hovered{-1, -1};
    bool m_boxing = false;

    int m_labelWidth = 0, m_headerHeight = 0, m_influenceWidth = 0, m_cellWidth = 1, m_rowHeight = 1;
    QTimer m_hoverTimer;
    HeadMagnifier* m_magnifier = nullptr;
};

} // namespace moa
