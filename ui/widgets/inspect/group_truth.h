// The query heads that share one KV head: the span each needs against the one rule they get.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"

#include <QList>
#include <QWidget>

namespace moa {

class GroupTruth : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    struct HeadSpan {
        int queryHead = 0;
        qint64 span = 0; ///< tokens that keep the wanted share of the head's influence
    };

    explicit GroupTruth(QWidget* parent = nullptr);
    /// `rule`: the span the group has, `tokens`: the length that the bars run to, `keptPercent`: share that
    /// `span` keeps. No heads: an empty widget.
    void setHeads(QList<HeadSpan> heads, qint64 rule, qint64 tokens, int keptPercent = 95);
    /// What `span` keeps, for the line above the bars; influence unless told otherwise.
    void setCaption(const QString& caption);
    /// The rule alone, as while an edge is dragged.
    void setRule(qint64 rule);
    void setCurrent(int queryHead); ///< −1: the group's mean
    /// The query head without which the rule could be narrower: the one with the largest span if it needs
    /// more than the rule and more than any other; −1: none.
    int holder() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    int heightForWidth(int width) const override;

    int itemCount() const override { return int(m_heads.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override;

    void paintTo(QPainter& painter);

signals:
    void headChosen(int queryHead);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRect rowRect(int row) const;
    QRect barRect(int row) const;
    QString caption() const;
    QString conclusion() const;
    int wrappedHeight(const QString& text, int width) const;
    QString sentence(int row) const;
    double xOf(qint64 span) const;

    QString m_caption; ///< empty: of influence
    QList<HeadSpan> m_heads;
    qint64 m_rule = 0, m_tokens = 1;
    int m_keptPercent = 95, m_current = -1;
};

} // namespace moa
