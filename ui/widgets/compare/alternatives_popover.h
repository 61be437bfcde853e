// What both sides would have written at a token: the likeliest tokens of each with their probabilities. A frameless child
// of the page beside the token; Enter on a token asks to continue both texts from it, B asks for blame, Esc closes.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <array>
#include <vector>

namespace moa {

class AlternativesPopover : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    struct Choice {
        int token = 0;
        QString text;
        double probability = 0;
        bool isChosen = false; ///< what this side wrote
    };
    struct Content {
        QString title;    ///< "Token 58, first divergence"
        QString kl;       ///< "KL 3.42 nats"
        QString denseName, sparseName;
        std::vector<Choice> dense, sparse;
    };
    explicit AlternativesPopover(QWidget* parent);

    /// Beside `token`, a rectangle of the parent, inside of `within`.
    void present(const Content& content, const QRect& token, const QRect& within);
    /// Rows of one side; empty where it is closed.
    const std::vector<Choice>& choices(bool dense) const { return dense ? m_content.dense : m_content.sparse; }
    QRect rowRect(bool dense, int row) const;

    int itemCount() const override { return int(m_content.dense.size() + m_content.sparse.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_side * int(m_content.dense.size()) + m_row; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override;

signals:
    void continueAsked(int token);
    void blameAsked();
    void closed(bool hadFocus);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool event(QEvent* event) override;

private:
    const std::vector<Choice>& side(int index) const { return index == 0 ? m_content.dense : m_content.sparse; }
    void close();
    void paintSide(QPainter& painter, int index) const;
    int rowsTop() const;

    Content m_content;
    int m_side = 0, m_row = 0;
};

} // namespace moa
