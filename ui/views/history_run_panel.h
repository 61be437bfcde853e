// One run: what it started from and where it ran, what it measured, how its repetitions came out; tags and a note; Reproduce,
// Open and a report.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif
#include "ui/widgets/panel.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace moa {

class Chip;
class RunFacts;
class TagRow;

class HistoryRunPanel : public Panel {
    Q_OBJECT
public:
    explicit HistoryRunPanel(HistoryModel& model, QWidget* parent = nullptr);

    RunFacts& facts() { return *m_facts; }
    TagRow& tags() { return *m_tags; }
    QPlainTextEdit& note() { return *m_note; }
    QPushButton& reproduceButton() { return *m_reproduce; }
    /// Where a tag is typed.
    void focusTags();

signals:
    void openAsked();
    void reportAsked();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void refresh();
    void refreshActions();
    void saveNote();

    HistoryModel& m_model;
    Chip* m_chip;
    QPushButton *m_reproduce, *m_open, *m_report;
    QLabel *m_hint, *m_none;
    RunFacts* m_facts;
    TagRow* m_tags;
    QPlainTextEdit* m_note;
    QWidget* m_content;
    qint64 m_noteRun = 0; ///< whose note is in the field
    QString m_savedNote;
};

} // namespace moa
