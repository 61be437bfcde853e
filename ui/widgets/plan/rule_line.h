// Span over length of one rule as a line with two handles: α at length 0, β at N. Dense, the plan compared with and the
// layer's other heads lie under it; profiled lengths are marked, what lies beyond them is shaded and dashed. Files:
// rule_line.cpp state and painting, rule_line_input.cpp mouse, keys, accessibility. Non-goal: changing a plan.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/core/plan.h"
#endif
#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

namespace moa {

class RuleLine : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    enum class Part { None, Alpha, Beta, Line };
    Q_ENUM(Part)
    /// A line of another head or plan.
    struct Other {
        Rule rule;
        QString label; ///< "KV0 KV3"
        bool operator==(const Other&) const = default;
    };
    struct Scene {
        Rule rule;
        int sink = kDefaultSink;
        std::int64_t n = 4096; ///< tokens
        std::vector<std::int64_t> profiled; ///< lengths with measured influence, ascending; empty: none known
        std::vector<Other> layer;           ///< the other heads of the layer, one a rule
        std::optional<Other> compared;
        bool pinned = false;
        bool operator==(const Scene&) const = default;
    };

    explicit RuleLine(QWidget* parent = nullptr);

    void setScene(Scene scene);
    const Scene& scene() const { return m_scene; }
    /// Steps of a drag: α in tokens, β as a share of N. Without: 64 tokens of the span.
    void setGrid(double alphaStep, double betaStep);
    void setSnaps(bool on) { m_snaps = on; }
    /// A pinned head was to be moved: the handle shakes its head.
    void refuse();

    QRectF plotRect() const { return m_plot; }
    QPointF handleAt(Part part) const; ///< Alpha or Beta
    QSize sizeHint() const override { return {520, 320}; }
    QSize minimumSizeHint() const override { return {260, 170}; }

    int itemCount() const override { return 2; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_active == Part::Beta ? 1 : 0; }
    void setItemValue(int index, double value) override;

    void paintTo(QPainter& painter);

signals:
    void dragBegan(moa::RuleLine::Part part);
    void ruleDragged(double alpha, double beta);
    void dragEnded();
    void dragCancelled();
    /// One key: a whole edit.
    void stepped(moa::RuleLine::Part part, double alpha, double beta);

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void layOut();
    double x(double n) const { return m_plot.left() + n / m_mostN * m_plot.width(); }
    double y(double span) const { return m_plot.bottom() - span / m_mostSpan * m_plot.height(); }
    double held(const Rule& rule, double n) const; ///< span that the clamps leave, tokens
    QPolygonF curve(const Rule& rule, double from, double to) const;
    std::int64_t lastProfiled() const { return m_scene.profiled.empty() ? 0 : m_scene.profiled.back(); }
    Part partAt(QPointF at) const;
    Rule dragged(QPointF at, Qt::KeyboardModifiers modifiers) const;
    void paintAxes(QPainter& painter);
    void paintBeyond(QPainter& painter);
    void paintLengths(QPainter& painter);
    void paintOthers(QPainter& painter);
    void paintRule(QPainter& painter);
    void paintHandle(QPainter& painter, Part part);
    QString tip(QPointF at) const;

    Scene m_scene;
    double m_alphaStep = 1024, m_betaStep = 0.125;
    bool m_snaps = true;
    QRectF m_plot;
    double m_mostN = 1, m_mostSpan = 1;
    Part m_hovered = Part::None, m_dragging = Part::None, m_active = Part::Alpha;
    bool m_alphaUsed = false, m_betaUsed = false; ///< the labels have done their work
    QPointF m_pressedAt;
    Rule m_pressedRule;
    QTimer m_shake;
    int m_shakes = 0;
};

} // namespace moa
