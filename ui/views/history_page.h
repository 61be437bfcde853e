// The History page: facets; the runs that a query finds over the comparison of the chosen ones; a run's passport, a measure and
// the lineage of its plan.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#include "ui/viewmodels/workspace.h"
#endif
#include "ui/views/history_files.h"
#include "ui/widgets/shell/dock_page.h"

class QSettings;
class QStackedWidget;

namespace moa {

class ActionRegistry;
class EmptyState;
class FacetList;
class HistoryComparePanel;
class HistoryLineagePanel;
class HistoryRunPanel;
class HistoryRunsPanel;
class HistoryTrendPanel;

class HistoryPage : public DockPage {
    Q_OBJECT
public:
    /// `settings` keep columns and queries; null: nothing is kept.
    HistoryPage(Workspace& workspace, ActionRegistry& actions, QSettings* settings, QWidget* parent = nullptr);

    HistoryModel& model() { return m_model; }
    HistoryRunsPanel& runs() { return *m_runs; }
    HistoryComparePanel& comparison() { return *m_compare; }
    HistoryRunPanel& run() { return *m_run; }
    HistoryTrendPanel& trend() { return *m_trend; }
    HistoryLineagePanel& lineage() { return *m_lineage; }
    FacetList& facets() { return *m_facets; }
    HistoryFiles& files() { return m_files; }
    void focusQuery();
    /// Opens what a run used: reopenAsked() once its passport is read.
    void reopen(qint64 run);

signals:
    void reopenAsked(const moa::RunPassport& passport);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* leftColumn();
    QWidget* centreColumn(ActionRegistry& actions);
    void rightColumn();
    void refresh();
    void refreshFacets();

    Workspace& m_workspace;
    HistoryModel m_model;
    HistoryFiles m_files;
    FacetList* m_facets = nullptr;
    HistoryRunsPanel* m_runs = nullptr;
    HistoryComparePanel* m_compare = nullptr;
    HistoryRunPanel* m_run = nullptr;
    HistoryTrendPanel* m_trend = nullptr;
    HistoryLineagePanel* m_lineage = nullptr;
    EmptyState* m_empty = nullptr;
    QWidget* m_left = nullptr;
    QStackedWidget* m_stack = nullptr;
    qint64 m_reopen = 0; ///< the run whose passport is waited for; 0: none
};

} // namespace moa
