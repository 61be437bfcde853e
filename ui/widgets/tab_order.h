// Where Tab goes for controls that are made late or inserted between others.
#pragma once

#include <QWidget>

namespace moa {

/// `widget` stands right after `before` in the order of Tab; either may take no focus itself. Both in one window.
inline void tabAfter(QWidget* before, QWidget* widget) {
    // QWidget::setTabOrder() ignores widgets that take no focus, and moves nothing behind the last of a chain.
    const Qt::FocusPolicy policies[] = {before->focusPolicy(), widget->focusPolicy()};
    before->setFocusPolicy(Qt::TabFocus);
    widget->setFocusPolicy(Qt::TabFocus);
    QWidget::setTabOrder(before, widget);
    before->setFocusPolicy(policies[0]);
    widget->setFocusPolicy(policies[1]);
}

} // namespace moa
