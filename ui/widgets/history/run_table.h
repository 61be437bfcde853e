// The table of runs: any number of rows over a model that reads them in windows. Columns move, hide and keep their widths;
// a click on a header sorts. Ctrl and Shift extend the selection, Enter and a double click open, Space tags.
#pragma once

#include <QTableView>

class QMenu;

namespace moa {

class RunTable : public QTableView {
    Q_OBJECT
public:
    /// What the model says beside texts, and how its columns are named and shown at first.
    struct Roles {
        int icon, tone, prefix, widest;
        int firstHidden;     ///< columns from here on are hidden at first
        int stretch;         ///< the column that takes what is left
        bool (*isSortable)(int column);
    };
    explicit RunTable(const Roles& roles, QWidget* parent = nullptr);

    void setModel(QAbstractItemModel* model) override;
    /// Order, widths, hidden columns, sort.
    QByteArray layoutState() const;
    /// False: damaged, or of other columns; nothing is changed.
    bool restoreLayout(const QByteArray& state);
    void resetColumns();
    /// A checkable entry a column, then "Reset columns".
    void fillColumnMenu(QMenu* menu);
    QList<int> selectedRows() const; ///< ascending
    /// Selects exactly these, without a signal; the first of `rows` that is `current` becomes the current one.
    void selectRows(const QList<int>& rows, int current);
    /// Rows between the edges of the view.
    std::pair<int, int> visibleRows() const;

signals:
    void selectionChangedByUser();
    void rowOpened(int row);
    void tagAsked();
    void baselineAsked(int row);
    void layoutChangedByUser();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void restyle();
    void sizeColumns();
    void stretchColumn();
    void showHeaderMenu(const QPoint& at);

    Roles m_roles;
    bool m_quiet = false, m_userSized = false;
};

} // namespace moa
