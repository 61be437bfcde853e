// The Search page: profile, bounds and solver at the left; the front and its plans; the chosen plan and what limits it.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/viewmodels/search_model.h"
#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/shell/dock_page.h"

class QLabel;
class QStackedWidget;

namespace moa {

class ActionRegistry;
class CandidateTable;
class PriceRows;
class SearchBoundsPanel;
class SearchFrontPanel;
class SearchResultPanel;
class SearchSolvePanel;

class SearchPage : public DockPage {
    Q_OBJECT
public:
    SearchPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    SearchModel& model() { return m_model; }
    SearchMeasurements& measurements() { return m_measurements; }
    SearchBoundsPanel& bounds() { return *m_bounds; }
    SearchFrontPanel& front() { return *m_front; }
    SearchSolvePanel& solver() { return *m_solver; }
    CandidateTable& table() { return *m_table; }

private:
    QWidget* leftColumn(ActionRegistry& actions);
    QWidget* centreColumn(ActionRegistry& actions);
    void rightColumn();
    void choose(const QString& name);
    void apply(const QString& name);
    const SearchCandidate* candidate(const QString& name) const;
    void refresh();
    void refreshPrices();

    Workspace& m_workspace;
    SearchModel m_model;
    SearchTableModel m_rows;
    SearchMeasurements m_measurements;
    SearchBoundsPanel* m_bounds = nullptr;
    SearchSolvePanel* m_solver = nullptr;
    SearchFrontPanel* m_front = nullptr;
    CandidateTable* m_table = nullptr;
    SearchResultPanel* m_result = nullptr;
    PriceRows* m_prices = nullptr;
    QLabel* m_noPrices = nullptr;
    QStackedWidget* m_stack = nullptr;
    QString m_chosen; ///< name of the candidate; the best one where it is gone
};

} // namespace moa
