// Hints of the base style.
#include "ui/widgets/shell/workbench_style.h"

#include <QApplication>

namespace moa {

WorkbenchStyle::WorkbenchStyle() : QProxyStyle(QStringLiteral("fusion")) {}

int WorkbenchStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                              QStyleHintReturn* result) const {
    switch (hint) {
    case SH_ToolTip_WakeUpDelay:
        return kToolTipDelayMs;
    case SH_UnderlineShortcut:
        return QApplication::queryKeyboardModifiers() & Qt::AltModifier ? 1 : 0;
    default:
        return QProxyStyle::styleHint(hint, option, widget, result);
    }
}

void installWorkbenchStyle() {
    QApplication::setStyle(new WorkbenchStyle);
}

} // namespace moa
