// The Compare page: dense and sparse answers side by side, the token where they part, the head to blame, what a fix costs.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#include "ui/viewmodels/needle_model.h"
#endif
#include "ui/widgets/shell/dock_page.h"

class QStackedWidget;

namespace moa {

class ActionRegistry;
class AlternativesPopover;
class CompareBlamePanel;
class CompareControls;
class CompareEvidence;
class CompareKlPanel;
class CompareMessage;
class CompareNeedlePanel;
class ComparePane;
class ComparePairPanel;
class CompareSavingPanel;
class EmptyState;

class ComparePage : public DockPage {
    Q_OBJECT
public:
    ComparePage(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    CompareModel& model() { return m_model; }
    CompareControls& controls() { return *m_controls; }
    ComparePane& pane(bool dense) { return dense ? *m_dense : *m_sparse; }
    CompareEvidence& evidence() { return *m_evidence; }
    CompareKlPanel& kl() { return *m_kl; }
    CompareBlamePanel& blame() { return *m_blame; }
    CompareMessage& message() { return *m_message; }
    CompareMessage& firstMessage() { return *m_first; }
    CompareNeedlePanel& needles() { return *m_needles; }
    NeedleModel& needleModel() { return m_needleModel; }
    AlternativesPopover& popover() { return *m_popover; }
    /// Compares on the prompt's last `tokens`, or on a sample of that length.
    void shorten(std::int64_t tokens);

signals:
    void inspectAsked();
    void planAsked(); ///< a file of one

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* work();
    QWidget* start(ActionRegistry& actions);
    void connectPanes();
    void connectModel();
    void addExports();
    void refresh();
    void refreshStart();
    void showAlternatives(ComparePane& pane, int token, bool takesFocus);
    void send(const QString& text);
    void usePlanHalf();
    void arrange(WidthClass width);

    Workspace& m_workspace;
    CompareModel m_model;
    NeedleModel m_needleModel;
    ActionRegistry& m_actions;
    QStackedWidget* m_stack = nullptr;
    EmptyState* m_empty = nullptr;
    CompareControls* m_controls = nullptr;
    ComparePane *m_dense = nullptr, *m_sparse = nullptr;
    CompareEvidence* m_evidence = nullptr;
    CompareKlPanel* m_kl = nullptr;
    ComparePairPanel *m_bytes = nullptr, *m_speed = nullptr;
    CompareSavingPanel* m_saving = nullptr;
    CompareBlamePanel* m_blame = nullptr;
    CompareNeedlePanel* m_needles = nullptr;
    CompareMessage *m_message = nullptr, *m_first = nullptr; ///< in the work, and before there is a prompt
    AlternativesPopover* m_popover = nullptr;
    int m_popoverToken = -1; ///< that the popover is about
    bool m_runsWhenReady = false; ///< the prompt that was asked for here is on its way
    bool m_thenBlames = false;    ///< it is a needle's: up to the divergence, then blame
};

} // namespace moa
