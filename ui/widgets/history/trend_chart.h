// One measure over time, or over plans: points with their errors, the chosen runs marked, the band of the usual values shaded.
// A click on a point chooses its run; `.` and `,` walk over the points.
#pragma once

#include <QChartView>

#include <optional>
#include <vector>

class QLineSeries;
class QValueAxis;

namespace moa {

struct TrendMark {
    qint64 run = 0;
    double x = 0, y = 0; ///< x: days since 1970, or the number of a plan
    std::optional<double> error = {};
    QString tip = {};
    bool isChosen = false;
    bool operator==(const TrendMark&) const = default;
};

class TrendChart : public QChartView {
    Q_OBJECT
public:
    explicit TrendChart(QWidget* parent = nullptr);

    /// `categories`: names of x = 0, 1, … (plans); empty: x is time, and a line joins the points.
    void setMarks(std::vector<TrendMark> marks, const QStringList& categories, const QString& name);
    const std::vector<TrendMark>& marks() const { return m_marks; }
    QPoint placeOf(qint64 run) const; ///< in the viewport; (−1, −1): not shown

signals:
    void chosen(qint64 run);

protected:
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    bool viewportEvent(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void restyle();
    void scale();
    QPointF place(double x, double y) const;
    int markAt(QPointF at) const; ///< −1: none near
    void drawBand(QPainter& painter) const;
    void drawLabels(QPainter& painter) const;
    void updateName();

    QLineSeries* m_line;
    QValueAxis *m_x, *m_y;
    std::vector<TrendMark> m_marks;
    QStringList m_categories;
    QString m_name;
    int m_current = -1;
};

} // namespace moa
