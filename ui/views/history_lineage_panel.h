// Where the current run's plan comes from and what became of it.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif
#include "ui/widgets/panel.h"

class QLabel;

namespace moa {

class LineageView;

class HistoryLineagePanel : public Panel {
    Q_OBJECT
public:
    explicit HistoryLineagePanel(HistoryModel& model, QWidget* parent = nullptr);

    LineageView& view() { return *m_view; }

signals:
    /// A plan or a profile in the graph: the runs of it are to be found.
    void queryAsked(const QString& query);

private:
    void refresh();
    void open(int index);

    HistoryModel& m_model;
    LineageView* m_view;
    QLabel* m_note;
    std::vector<QString> m_queries; ///< of each mark; empty: it is a run
};

} // namespace moa
