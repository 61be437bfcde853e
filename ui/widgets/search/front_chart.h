// Loss against density: the front with its proven bound, plans as points, the plan in use, and the two limits as lines that
// can be dragged. Limits and handles are drawn over the chart, so that a drag repaints no series.
#pragma once

#include <QChartView>
#include <QStringList>

#include <optional>
#include <vector>

class QLineSeries;
class QScatterSeries;
class QValueAxis;

namespace moa {

struct FrontChartPoint {
    enum class Kind { Front, Other, Best, Own };
    QString name;
    Kind kind = Kind::Front;
    double density = 0, loss = 0; ///< nats
    double bound = 0;             ///< proven, nats; of the front
    bool isBroken = false;        ///< breaks a bound: faint
    QString tip = {};
    bool operator==(const FrontChartPoint&) const = default;
};

class FrontChart : public QChartView {
    Q_OBJECT
public:
    explicit FrontChart(QWidget* parent = nullptr);

    /// Any order; the front is drawn by density.
    void setPoints(std::vector<FrontChartPoint> points);
    void setLimits(double density, std::optional<double> loss);
    /// The front belongs to other bounds: dimmed.
    void setStale(bool stale);
    void setSelected(const QString& name);
    /// Further points of a choice of several.
    void setMarked(const QStringList& names);
    void setAxisTitles(const QString& density, const QString& loss);
    const QString& selected() const { return m_selected; }
    const std::vector<FrontChartPoint>& points() const { return m_points; }
    // In the viewport.
    QPoint densityHandle() const;
    QPoint lossHandle() const;
    QPoint placeOf(const QString& name) const;
    quint64 paints() const { return m_paints; } ///< so far; tests wait for them

signals:
    void densityDragged(double density);
    void lossDragged(std::optional<double> nats); ///< nothing: dragged off the top
    void chosen(const QString& name);
    void chosenMany(const QStringList& names); ///< a drag over points
    void opened(const QString& name);  ///< double click
    void applied(const QString& name); ///< Enter

protected:
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    bool viewportEvent(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    enum class Drag { None, Density, Loss, Points };
    void restyle();
    void scale();
    void dragTo(QPointF at);
    Drag lineAt(QPointF at) const;
    int pointAt(QPointF at) const; ///< −1: none
    QPointF place(double density, double loss) const;
    void drawFeasible(QPainter& painter) const;
    void drawPoints(QPainter& painter) const;
    void drawLimits(QPainter& painter) const;
    void drawBox(QPainter& painter) const;
    QStringList namesIn(const QRectF& box) const;
    void drawLabel(QPainter& painter, const QRectF& box, const QString& text) const;
    void choose(int step);
    void updateName();

    QLineSeries *m_front, *m_bound;
    QValueAxis *m_x, *m_y;
    QString m_xTitle, m_yTitle;
    std::vector<FrontChartPoint> m_points;
    double m_density = 0.5;
    std::optional<double> m_loss;
    QString m_selected;
    bool m_stale = false;
    Drag m_drag = Drag::None;
    QRectF m_box; ///< of a drag over points
    QStringList m_marked;
    quint64 m_paints = 0;
};

} // namespace moa
