// KV heads to blame for a token, worst first: span, attention that the rule discards, KL if the head were widened. A
// click or the arrows choose a row, Enter opens it, Shift+Enter scores it widened.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QAbstractScrollArea>

#include <optional>
#include <vector>

namespace moa {

class BlameTable : public QAbstractScrollArea, public AccessibleItems {
    Q_OBJECT
public:
    struct Row {
        QString head;                   ///< "L14 · KV5"
        QString span;                   ///< "6k"
        double discarded = 0;           ///< 0 … 1
        std::optional<double> widened;  ///< KL, nats; nothing: not scored
        bool mends = false;             ///< its KL fell to a tenth
        QString spoken = {};
        bool operator==(const Row&) const = default;
    };
    explicit BlameTable(QWidget* parent = nullptr);

    void setRows(std::vector<Row> rows);
    const std::vector<Row>& rows() const { return m_rows; }
    void setCurrent(int row); ///< −1: none; no signal
    int current() const { return m_current; }
    QRect rowRect(int row) const; ///< in the viewport

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    int itemCount() const override { return int(m_rows.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override { choose(index); }

signals:
    void chosen(int row);
    void scoreAsked(int row);
    void opened(int row);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Columns {
        double head, span, bar, value, widened; ///< right ends, but of `bar` its left one
    };
    Columns columns() const;
    int headerHeight() const;
    int rowAt(QPoint at) const;
    void choose(int row);
    void scaleBars();
    void paintHeader(QPainter& painter) const;
    void paintRow(QPainter& painter, int row) const;

    std::vector<Row> m_rows;
    int m_current = -1;
};

} // namespace moa
