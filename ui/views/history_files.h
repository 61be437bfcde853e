// Files that the History page writes and reads: a report, exports of runs, the comparison, an import. Asks for the file and
// hands the text to the exports' thread.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif

#include <QObject>
#include <QHash>
#include <QWidget>

class QMenu;

namespace moa {

class HistoryFiles : public QObject {
    Q_OBJECT
public:
    HistoryFiles(HistoryModel& model, ExportService& exports, QWidget& page);

    /// Entries for the chosen runs, or for those that the query finds.
    void fillMenu(QMenu* menu);
    void askReport();
    void askImport();
    /// `format` of HistoryReader::write(), to `path`.
    void save(const QString& format, const QString& path);

private:
    void ask(const QString& format);
    std::vector<RunId> runsFor(const QString& format) const;

    HistoryModel& m_model;
    ExportService& m_exports;
    QWidget& m_page;
    QHash<QString, QString> m_waiting; ///< format → file
};

} // namespace moa
