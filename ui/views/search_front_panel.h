// The front of loss against density, with why there is no plan above it where there is none.
#pragma once

#include "ui/viewmodels/search_model.h"
#include "ui/widgets/panel.h"

class QHBoxLayout;
class QLabel;
class QWidget;

namespace moa {

class FrontChart;
class LineLegend;

class SearchFrontPanel : public Panel {
    Q_OBJECT
public:
    explicit SearchFrontPanel(SearchModel& model, QWidget* parent = nullptr);

    FrontChart& chart() { return *m_chart; }
    void select(const QString& name);
    /// The legend goes below the chart where the header is short.
    void setNarrow(bool narrow);

signals:
    void chosen(const QString& name);
    void chosenMany(const QStringList& names);
    void opened(const QString& name);
    void applied(const QString& name);

private:
    void refresh();
    void refreshReason();
    QString remedyText(const SearchRemedy& remedy) const;

    SearchModel& m_model;
    FrontChart* m_chart;
    QLabel* m_legend;
    QWidget* m_none;
    QLabel* m_reason;
    QHBoxLayout* m_remedies;
};

} // namespace moa
