// The base style of the program under Theme's sheet: Fusion on every platform, tooltips after 400 ms,
// mnemonics underlined only while Alt is held.
#pragma once

#include <QProxyStyle>

namespace moa {

class WorkbenchStyle : public QProxyStyle {
    Q_OBJECT
public:
    static constexpr int kToolTipDelayMs = 400;

    WorkbenchStyle();
    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                  QStyleHintReturn* result) const override;
};

/// Makes it the application's style. Call after the QApplication and before the first Theme::instance(),
/// which takes the palette it finds for the desktop's.
void installWorkbenchStyle();

} // namespace moa
