// KL divergence per token as bars on a logarithmic axis: peaks in colour, an alert line, a flag at the first token that
// differs. A click or the arrows choose a token, `.` and `,` its peaks.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

class KlChart : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    struct Bar {
        double kl = 0;         ///< nats
        bool isPeak = false;
        bool isFaint = false;  ///< of different texts: no divergence of the plan alone
        QString spoken = {};
        bool operator==(const Bar&) const = default;
    };
    explicit KlChart(QWidget* parent = nullptr);

    /// `room`: tokens that the axis has room for at least; `alert` in nats; `first` −1: none differs.
    void setBars(std::vector<Bar> bars, int room, double alert, int first);
    void setCurrent(int index); ///< −1: none; no signal
    QRectF barRect(int index) const;
    const std::vector<Bar>& bars() const { return m_bars; }

    QSize sizeHint() const override { return {480, 140}; }
    QSize minimumSizeHint() const override { return {200, 56}; }
    int itemCount() const override { return int(m_bars.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::Chart; }
    void activateItem(int index) override { choose(index); }

signals:
    void chosen(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QRectF plot() const;
    double y(double kl) const;
    int indexAt(double x) const;
    void choose(int index);
    void paintAxes(QPainter& painter) const;
    void paintFlag(QPainter& painter) const;

    std::vector<Bar> m_bars;
    int m_room = 1, m_first = -1, m_current = -1;
    double m_alert = 0;
};

} // namespace moa
