// Memory against input length, dense and under the plan, with the device's limit and the longest input that fits.
// The marker at N is draggable: it changes N everywhere.
#pragma once

#include <QChartView>

#include <vector>

class QLineSeries;
class QLogValueAxis;
class QValueAxis;

namespace moa {

struct FitCurve {
    std::vector<QPointF> points;   ///< (tokens, GiB or MiB), ascending
    qint64 longest = 0;            ///< longest N that fits; 0: none, −1: every N up to the context does
};

class FitChart : public QChartView {
    Q_OBJECT
public:
    explicit FitChart(QWidget* parent = nullptr);

    /// `limit` in the points' unit, 0: not known. `plan` without points: dense alone.
    void setCurves(const FitCurve& dense, const FitCurve& plan, double limit, const QString& unit);
    void setLength(qint64 n);

signals:
    void lengthDragged(qint64 n);

protected:
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void restyle();
    qint64 lengthAt(double x) const;
    void move(qint64 n);

    QLineSeries *m_denseSeries, *m_planSeries;
    QLogValueAxis* m_x;
    QValueAxis* m_y;
    FitCurve m_dense, m_plan;
    double m_limit = 0;
    QString m_unit;
    qint64 m_length = 4096;
    bool m_dragging = false;
};

/// "4k", "61k", "512": k = 1,024.
QString shortTokens(qint64 tokens);

} // namespace moa
