// Left panel of the Inspect page: all heads as thumbnails or as one number each.
#pragma once

#include "ui/viewmodels/inspect_model.h"
#include "ui/widgets/panel.h"

class QComboBox;

namespace moa {

class HeadsGrid;

class InspectHeads : public Panel {
    Q_OBJECT
public:
    explicit InspectHeads(InspectModel& model, QWidget* parent = nullptr);

    HeadsGrid& grid() { return *m_grid; }

signals:
    void headOpened(); ///< Enter: the heatmap takes the focus

private:
    enum class Show { Attention, Entropy, Distance, SinkMass, Influence, Span };
    void reshape();
    void refreshThumbnail(HeadRef head);
    void refreshMarks();
    void refreshStatistic();
    void followSelection();
    std::optional<double> value(HeadRef head, Show what) const;

    InspectModel& m_model;
    HeadsGrid* m_grid;
    QComboBox* m_show;
    bool m_following = false;
};

} // namespace moa
