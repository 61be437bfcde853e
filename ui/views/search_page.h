// The Search page: profile, bounds and solver at the left; the front and its plans; the chosen plan and what limits it.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/viewmodels/search_model.h"
#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/shell/dock_page.h"

class QLabel;
class QPushButton;
class QStackedWidget;

namespace moa {

class ActionRegistry;
class CandidateTable;
class EmptyState;
class PriceRows;
class SearchBoundsPanel;
class SearchChecksPanel;
class SearchFrontPanel;
class SearchMeasuredPanel;
class SearchProfilePanel;
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
    SearchProfilePanel& profile() { return *m_profile; }
    SearchMeasuredPanel& measured() { return *m_measured; }
    SearchChecksPanel& checks() { return *m_checks; }
    /// A profile that was open when the program ended last: the empty page offers it.
    void offerProfile(const QString& path);

signals:
    void planRequested();                ///< the plan in use is to be seen
    void passportRequested();            ///< bounds from a plan's file

private:
    QWidget* leftColumn(ActionRegistry& actions);
    QWidget* centreColumn();
    QWidget* plansPanel();
    void makeEmptyState(ActionRegistry& actions);
    void rightColumn();
    void choose(const QString& name);
    void chooseMany(const QStringList& names);
    QStringList chosenNames() const;
    bool apply(const QString& name);
    void measure(int length);
    void openChosen();
    void refreshMeasured();
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
    SearchProfilePanel* m_profile = nullptr;
    SearchResultPanel* m_result = nullptr;
    SearchMeasuredPanel* m_measured = nullptr;
    SearchChecksPanel* m_checks = nullptr;
    EmptyState* m_empty = nullptr;
    QPushButton *m_explore = nullptr, *m_open = nullptr, *m_validate = nullptr, *m_first = nullptr;
    PriceRows* m_prices = nullptr;
    QLabel* m_noPrices = nullptr;
    QStackedWidget* m_stack = nullptr;
    QString m_chosen; ///< name of the candidate; the best one where it is gone
    QStringList m_many; ///< with further ones, to be measured together
};

} // namespace moa
