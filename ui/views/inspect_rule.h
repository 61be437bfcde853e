// Right column of the Inspect page: the rule of the selected head and its price, attention by distance, and the query
// heads that share the rule. Everything follows a drag in the same frame.
#pragma once

#include "ui/viewmodels/inspect_model.h"

#include <QObject>

class QLabel;

namespace moa {

class Chip;
class DistanceProfile;
class DockPage;
class GroupTruth;
class LineLegend;
class Panel;
class RuleCostPanel;

class InspectRule : public QObject {
    Q_OBJECT
public:
    /// Adds its panels to the page's right column.
    InspectRule(InspectModel& model, DockPage& page);

signals:
    void planRequested(); ///< the selected head is to be edited on the Plan page

private:
    void connectRule();
    void refresh();
    void refreshCurves();
    void refreshCosts();

    InspectModel& m_model;
    DockPage& m_page;
    LineLegend *m_attentionLegend, *m_influenceLegend;
    RuleCostPanel* m_rule;
    DistanceProfile* m_distance;
    GroupTruth* m_group;
    Panel *m_distancePanel, *m_groupPanel;
    QLabel *m_distanceNote, *m_holder;
};

} // namespace moa
