// Cumulative share of a head's attention and influence within a distance of the query, over log distance,
// with the window marked and the values at the mark printed.
#pragma once

#include <QChartView>

#include <vector>

QT_BEGIN_NAMESPACE
class QCategoryAxis;
class QLineSeries;
class QValueAxis;
QT_END_NAMESPACE

namespace moa {

class DistanceProfile : public QChartView {
    Q_OBJECT
public:
    explicit DistanceProfile(QWidget* parent = nullptr);

    /// Shares from 0 to 1 within `distances` (tokens, ≥ 1, rising) of the query. Influence may be empty: not
    /// known. std::invalid_argument where sizes differ or distances do not rise.
    void setCurves(std::vector<double> distances, std::vector<double> attention,
                   std::vector<double> influence);
    /// The plan's window w and span S of the head; 0: none.
    void setWindow(qint64 window, qint64 span);
    /// Distance of the crosshair, dashed; −1: none.
    void setDistance(qint64 distance);
    /// Share within `distance`, linear in log distance between the points; NaN without curves.
    double attentionWithin(double distance) const { return within(m_attention, distance); }
    double influenceWithin(double distance) const { return within(m_influence, distance); }

    QSize sizeHint() const override { return {340, 320}; }
    QSize minimumSizeHint() const override { return {200, 110}; }

protected:
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void restyle();
    void refill();
    void labelDistances();
    void updateName();
    double within(const std::vector<double>& shares, double distance) const;
    void paintMark(QPainter& painter);
    QString tipAt(QPoint at) const;

    std::vector<double> m_distances, m_attention, m_influence;
    qint64 m_window = 0, m_span = 0, m_distance = -1;
    QLineSeries *m_attentionLine, *m_influenceLine;
    QCategoryAxis* m_x;
    QValueAxis* m_y;
};

} // namespace moa
