// The runs that the query finds: its line, what is wrong with it, the table, and what is said where it finds nothing.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#include "ui/viewmodels/history_table_model.h"
#endif
#include "ui/widgets/panel.h"

class QLabel;
class QSettings;
class QStackedWidget;
class QToolButton;

namespace moa {

class EmptyState;
class QueryLine;
class RunTable;

class HistoryRunsPanel : public Panel {
    Q_OBJECT
public:
    /// `settings` keep the columns; null: nothing is kept.
    HistoryRunsPanel(HistoryModel& model, QSettings* settings, QWidget* parent = nullptr);

    QueryLine& field() { return *m_field; }
    RunTable& table() { return *m_table; }
    HistoryTableModel& rows() { return m_rows; }
    QToolButton& exportButton() { return *m_export; }
    /// Buttons without texts, where the header is short.
    void setNarrow(bool narrow);
    void focusQuery();

signals:
    void opened(qint64 run);
    void tagAsked();
    void importAsked();

private:
    void connectTable();
    void refresh();
    void refreshFault();
    void reselect();
    void takeSelection();
    QToolButton* menuButton(const QString& text, const QString& icon);

    HistoryModel& m_model;
    QSettings* m_settings;
    HistoryTableModel m_rows;
    QueryLine* m_field;
    QLabel* m_fault;
    RunTable* m_table;
    QStackedWidget* m_stack;
    EmptyState* m_none;
    QToolButton *m_columns, *m_export, *m_import;
};

} // namespace moa
