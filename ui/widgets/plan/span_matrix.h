// Layers × KV heads as a spreadsheet: one number a cell, pins, edited marks; density and rules per layer at the right.
// Selects like a spreadsheet (click, box, row, column, Shift, Ctrl), takes typed spans and step keys. Files:
// span_matrix.cpp state and painting, span_matrix_input.cpp mouse, keys, accessibility. Non-goal: knowing rules.
#pragma once

#include "ui/viewmodels/selection_model.h"
#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QAbstractScrollArea>

#include <functional>
#include <set>
#include <vector>

namespace moa {

class SpanMatrix : public QAbstractScrollArea, public AccessibleItems {
    Q_OBJECT
public:
    struct Cell {
        double value = 0;    ///< what is shown; NaN: not known
        qint64 span = 0;     ///< tokens, for the read-out
        bool pinned = false, edited = false;
        bool operator==(const Cell&) const = default;
    };
    struct Row {
        double density = 0; ///< 0 … 1
        int rules = 1;
        bool overLimit = false; ///< more rules than allowed
        bool operator==(const Row&) const = default;
    };
    /// How values look and read.
    struct Look {
        QString name;              ///< "Span"
        double low = 0, high = 1;  ///< ends of the ramp
        Ramp ramp = Ramp::Attention;
        std::function<QString(double)> text; ///< for a cell: "6k"
    };

    explicit SpanMatrix(QWidget* parent = nullptr);

    /// Another plan: forgets what was set. std::invalid_argument below 1 × 1 or above 4096 a side.
    void setShape(int layers, int kvHeads);
    int layers() const { return m_layers; }
    int kvHeads() const { return m_kvHeads; }
    /// [L][G]; only cells that differ are painted again. std::invalid_argument for another count.
    void setCells(std::vector<Cell> cells);
    void setRows(std::vector<Row> rows); ///< [L]
    void setLook(Look look);
    const Look& look() const { return m_look; }

    HeadRef current() const { return m_current; }
    const std::set<HeadRef>& selected() const { return m_selected; }
    void setSelection(const std::set<HeadRef>& heads, HeadRef current); ///< no signal
    /// The text being typed; empty: none.
    QString typed() const { return m_typed; }

    QRect cellRect(HeadRef head) const; ///< in the viewport
    QRect rowHeaderRect(int layer) const;
    QRect columnHeaderRect(int kvHead) const;
    QSize sizeHint() const override { return {496, 500}; }
    QSize minimumSizeHint() const override { return {220, 160}; }

    int itemCount() const override { return m_layers * m_kvHeads; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return itemCount() ? index(m_current) : -1; }
    QSize tableShape() const override { return {m_kvHeads, m_layers}; }
    QAccessible::Role canvasRole() const override { return QAccessible::Table; }
    void activateItem(int index) override;

    void paintTo(QPainter& painter); ///< everything, through any painter

signals:
    void selectionChanged();         ///< see selected(), current()
    void stepped(int steps);         ///< + widens
    void widenedToInfluence();
    void spanTyped(qint64 span);
    void typingRefused(const QString& text); ///< no number of tokens
    void pinToggled();
    void resetRequested();
    void copyRequested();
    void pasteRequested();
    void fillRequested();
    void opened();                   ///< Enter or double click

protected:
    bool viewportEvent(QEvent* event) override;
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    enum class Hit { Nothing, Cell, Row, Column, Corner };
    int index(HeadRef head) const { return head.layer * m_kvHeads + head.kvHead; }
    HeadRef headOf(int index) const { return {index / m_kvHeads, index % m_kvHeads}; }
    HeadRef clamped(HeadRef head) const;
    std::pair<Hit, HeadRef> hit(QPoint at) const;
    std::set<HeadRef> box(HeadRef a, HeadRef b) const;
    void select(std::set<HeadRef> heads, HeadRef current);
    void selectBand(Hit band, HeadRef at, Qt::KeyboardModifiers modifiers);
    void moveCurrent(HeadRef to, bool extend);
    void ensureVisible(HeadRef head);
    bool typeKey(QKeyEvent* event);
    bool editKey(QKeyEvent* event);
    bool moveKey(QKeyEvent* event);
    void commitTyped();
    QString sentence(HeadRef head) const;
    QString cellText(const Cell& cell) const;

    void restyle();
    void layOut();
    void paintHeader(QPainter& painter);
    void paintRow(QPainter& painter, int layer, const QRect& dirty);
    void paintCell(QPainter& painter, HeadRef head, const QRect& rect);
    void paintTyped(QPainter& painter);

    int m_layers = 0, m_kvHeads = 0;
    std::vector<Cell> m_cells;
    std::vector<Row> m_rows;
    Look m_look;
    std::set<HeadRef> m_selected, m_before; ///< m_before: what a Ctrl drag adds to
    HeadRef m_current, m_anchor;
    QString m_typed;
    bool m_boxing = false;
    bool m_textFits = true;

    int m_labelWidth = 0, m_headerHeight = 0, m_densityWidth = 0, m_rulesWidth = 0, m_cellWidth = 1, m_rowHeight = 1;
};

} // namespace moa
