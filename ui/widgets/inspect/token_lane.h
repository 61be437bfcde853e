// One line of tokens around a position: chips filled by attention, underlined where the plan hides them,
// special tokens dashed. Click or arrows choose one, drag chooses a range, Ctrl+C copies the text.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/inspect/heatmap_image.h"

#include <QList>
#include <QWidget>

namespace moa {

struct LaneToken {
    QString text;         ///< as decoded, untouched
    bool special = false; ///< of the tokenizer, not of the text
    bool masked = false;  ///< hidden from the query by the plan
    float weight = -1;    ///< attention of the query on it; negative: none, no fill
};

class TokenLane : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    /// `kind` is the word a screen reader hears before a position, e.g. "Key".
    explicit TokenLane(const QString& kind, QWidget* parent = nullptr);

    /// Left of the chips: a name and a note under it, e.g. "Query tokens", "32,439 to 32,451". An empty note
    /// shows the positions on view.
    void setTitle(const QString& title, const QString& note = {});
    /// Tokens `first`, first + 1 … of the text; the lane shows as many as fit around the current one.
    void setTokens(int first, QList<LaneToken> tokens);
    void setCurrent(int position); ///< −1: none
    int current() const { return m_current; }
    void setSelection(int first, int last); ///< inclusive; first > last: none
    std::pair<int, int> selection() const { return {m_selectionFirst, m_selectionLast}; }
    void setLook(const HeatLook& look);

    std::pair<int, int> shownRange() const; ///< first and last position on view; (0, −1): none
    QRect chipRect(int position) const;     ///< empty where it is not on view
    /// Width of the title column, shared with the row profile below.
    static int titleWidth();
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {titleWidth() + 120, sizeHint().height()}; }

    int itemCount() const override { return int(m_chips.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override;

    void paintTo(QPainter& painter);

signals:
    void currentChanged(int position);
    void rangeSelected(int first, int last); ///< inclusive; first > last: cleared

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Chip {
        int position = 0;
        QString shown;
        QRect rect;
    };
    const LaneToken& tokenOf(int position) const { return m_tokens[position - m_first]; }
    bool has(int position) const { return position >= m_first && position < m_first + m_tokens.size(); }
    bool isSelected(int position) const {
        return position >= m_selectionFirst && position <= m_selectionLast;
    }
    void layOut();
    void paintChip(QPainter& painter, const Chip& chip);
    int positionAt(QPoint at, bool nearest) const; ///< −1: none
    void moveCurrent(int position);
    void copy() const;
    QString sentence(int position) const;

    QString m_kind, m_title, m_note;
    int m_first = 0, m_current = -1, m_selectionFirst = 0, m_selectionLast = -1, m_pressed = -1;
    QList<LaneToken> m_tokens;
    QList<Chip> m_chips;
    HeatLook m_look;
    int m_wheel = 0;
};

} // namespace moa
