// Runs side by side: a row a field, a column a run. A grey tick: it differs from the baseline; orange: it is worse; green:
// better. A right click on a column (or B in it) makes it the baseline.
#pragma once

#include <QTableView>

namespace moa {

class CompareTable : public QTableView {
    Q_OBJECT
public:
    explicit CompareTable(QWidget* parent = nullptr);
    void setModel(QAbstractItemModel* model) override;

signals:
    void baselineAsked(int column);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    void restyle();
    void sizeColumns();
    void askBaseline(int column, const QPoint& at);
};

} // namespace moa
