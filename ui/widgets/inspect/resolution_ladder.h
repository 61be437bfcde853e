// The steps of a heatmap's resolution, coarse to fine, with the one on view marked; choosing one zooms to it.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"

#include <QWidget>

#include <vector>

namespace moa {

class ResolutionLadder : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit ResolutionLadder(QWidget* parent = nullptr);
    void setSteps(std::vector<int> tokensPerCell); ///< coarse to fine
    void setCurrent(int block);
    int current() const { return m_current; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

    int itemCount() const override { return int(m_steps.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override;

signals:
    void blockChosen(int block);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRect rowRect(int row) const;
    static QString nameOf(int block);

    std::vector<int> m_steps;
    int m_current = 0;
};

} // namespace moa
