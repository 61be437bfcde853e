// The Plan page's tables: a name, numbers that never elide, and where asked a column of bars around zero and one with a
// button a row. Reads PlanTableModel's roles. Arrows move, Enter activates, T presses the row's button.
#pragma once

#include <QTableView>

#include <vector>

namespace moa {

class NumberTable : public QTableView {
    Q_OBJECT
public:
    enum class ColumnKind { Text, Bar, Button };
    struct Column {
        ColumnKind kind = ColumnKind::Text;
        QString widest = {};  ///< the column is made for it; empty: takes what is left
        QString icon = {};    ///< of a button
        QString tip = {};     ///< of a button
        bool isExtra = false; ///< left out where there is little room
    };

    NumberTable(const QString& name, std::vector<Column> columns, QWidget* parent = nullptr);

    void setModel(QAbstractItemModel* model) override;
    /// Half the bars' range.
    void setBarRange(double most);
    void setNarrow(bool narrow);
    double barRange() const { return m_barRange; }
    const std::vector<Column>& columns() const { return m_columns; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void rowChosen(int row);  ///< clicked, or Enter
    void buttonPressed(int row);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    void restyle();
    int columnWidthOf(int column) const;

    std::vector<Column> m_columns;
    double m_barRange = 1;
};

} // namespace moa
