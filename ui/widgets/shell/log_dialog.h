// What the program did, line by line: the model of the log and the dialog that shows it and copies from it.
#pragma once

#include <QAbstractListModel>
#include <QDateTime>
#include <QDialog>

#include <deque>

class QListView;

namespace moa {

enum class LogLevel { Info, Warning, Error };

/// The newest lines, at most kMostLines; older ones go.
class LogModel : public QAbstractListModel {
    Q_OBJECT
public:
    static constexpr int kMostLines = 5000;

    explicit LogModel(QObject* parent = nullptr) : QAbstractListModel(parent) {}

    void append(const QString& text, LogLevel level = LogLevel::Info);
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    struct Line {
        QDateTime at;
        LogLevel level;
        QString text;
    };
    std::deque<Line> m_lines;
};

class LogDialog : public QDialog {
    Q_OBJECT
public:
    explicit LogDialog(LogModel* model, QWidget* parent = nullptr);

    /// Puts the selected lines, or all when none is selected, on the clipboard.
    void copy() const;

private:
    LogModel* m_model;
    QListView* m_list;
};

} // namespace moa
