// The sheet that `?` opens: every key of the program, from the action registry, with a line to filter it.
#pragma once

#include <QAbstractTableModel>
#include <QDialog>

#include <vector>

class QLineEdit;
class QTableView;

namespace moa {

class ActionRegistry;

/// Keys and what they do, in the order of the menus; then the letters of a focused canvas, then its other
/// keys.
class KeySheetModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Keys, Text, Where, ColumnCount };

    explicit KeySheetModel(const ActionRegistry& registry, QObject* parent = nullptr);

    /// Reads the registry again.
    void refresh();
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row {
        QString keys, text, where;
    };
    const ActionRegistry& m_registry;
    std::vector<Row> m_rows;
};

class KeySheet : public QDialog {
    Q_OBJECT
public:
    explicit KeySheet(const ActionRegistry& registry, QWidget* parent = nullptr);

    QLineEdit* filter() const { return m_filter; }
    QTableView* table() const { return m_table; }

protected:
    void showEvent(QShowEvent* event) override;

private:
    void restyle();

    KeySheetModel* m_model;
    QLineEdit* m_filter;
    QTableView* m_table;
};

} // namespace moa
