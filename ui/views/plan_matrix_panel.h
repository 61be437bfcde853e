// Left column of the Plan page: the span matrix and its keys, what its colours show, and the legend of its marks.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/widgets/panel.h"

namespace moa {

class MatrixLegend;
class SegmentedControl;
class SpanMatrix;

class PlanMatrixPanel : public Panel {
    Q_OBJECT
public:
    explicit PlanMatrixPanel(PlanDesk& desk, QWidget* parent = nullptr);

    void refresh(); ///< everything, as plan, N, selection and influence are now
    SpanMatrix& matrix() { return *m_matrix; }
    SegmentedControl& shown() { return *m_shown; }

signals:
    void headOpened();
    void spanTimesRequested(); ///< a file of kernel times is to be opened
    /// Something could not be done, in words for the status line.
    void said(const QString& text);

private:
    enum class Show { Span, Change, Influence, Time };
    void connectMatrix();
    void reshape();
    void refreshLook();
    void lookForTime();
    double value(HeadRef head, std::int64_t span) const;

    PlanDesk& m_desk;
    SpanMatrix* m_matrix;
    SegmentedControl* m_shown;
    MatrixLegend* m_legend;
    std::int64_t m_lookFor = -1; ///< N that the look was made for
    Show m_lookShown = Show::Span;
    std::size_t m_lookTimes = 0; ///< points of the span times that it was made for
};

} // namespace moa
