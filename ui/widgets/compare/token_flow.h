// Tokens as running text that wraps at words: every token can be pointed at, chosen, filled. Dense and sparse answers, and
// the prompt around the evidence, are drawn with it. Files: token_flow.cpp state, layout, painting; token_flow_input.cpp
// mouse, keys, accessibility.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QAbstractScrollArea>
#include <QTimer>

#include <vector>

namespace moa {

struct FlowToken {
    enum class Fill {
        None,
        Alert, ///< soft: worth a look
        First, ///< strong: the first one that differs
        After, ///< soft: written after it
        Shade, ///< by `shade`
    };
    QString text{}; ///< as decoded, untouched
    Fill fill = Fill::None;
    double shade = 0; ///< 0 … 1 of what the plan hides
    bool special = false;
    bool muted = false;  ///< said by somebody else
    QString spoken = {}; ///< for a screen reader; empty: the text
    bool operator==(const FlowToken&) const = default;
};

class TokenFlow : public QAbstractScrollArea, public AccessibleItems {
    Q_OBJECT
public:
    /// `tone`: Role::Dense or Role::Sparse, for fills and the caret. `style`: of the text.
    TokenFlow(const QString& name, Role tone, TextStyle style, QWidget* parent = nullptr);

    void setTokens(std::vector<FlowToken> tokens);
    const std::vector<FlowToken>& tokens() const { return m_tokens; }
    void setCurrent(int index); ///< −1: none; no signal
    int current() const { return m_current; }
    void setCaret(bool on);     ///< more is being written
    /// Said in place of the text while there is none.
    void setPlaceholder(const QString& text);
    /// Scrolls as another flow does: lines stay side by side.
    void followScroll(TokenFlow& other);
    /// The first part of a token in the viewport; empty: there is none.
    QRect tokenRect(int index) const;
    int contentHeight() const { return m_height; }

    QSize sizeHint() const override { return {320, 160}; }
    QSize minimumSizeHint() const override;
    int itemCount() const override { return int(m_tokens.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override { choose(index); }

signals:
    void chosen(int index);
    void hovered(int index); ///< the pointer rests on a token; −1: it left
    void opened(int index);  ///< Enter

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    /// What of a token stands on one line.
    struct Part {
        int token = 0;
        QString text;
        QRectF box;  ///< in the content
        bool isSymbol = false; ///< of something invisible
    };
    struct Word;
    void restyle();
    void layOut();
    void place(const Word& word);
    std::vector<Word> words() const;
    void paintPart(QPainter& painter, const Part& part) const;
    int tokenAt(QPoint at) const; ///< −1: none
    void choose(int index);
    void move(int index);
    void ensureVisible(int index);
    int lineHeight() const;

    Role m_tone;
    TextStyle m_style;
    QString m_placeholder;
    std::vector<FlowToken> m_tokens;
    std::vector<Part> m_parts;
    std::vector<int> m_firstPart; ///< by token
    QPointF m_pen;                ///< where the next part goes
    int m_current = -1, m_height = 0, m_hovered = -1;
    bool m_caret = false;
    QTimer m_rest; ///< until a pointer counts as resting
};

} // namespace moa
