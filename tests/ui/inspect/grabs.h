// Pictures of widgets under test in the folder $MOA_GRABS, for a person to look at; nothing without it.
#pragma once

#include <QSize>

#include <functional>

class QWidget;

namespace moa::test {

/// English numbers, a tidy application font: once per test program.
void prepare();
/// Grabs `widget` as NAME-light.png, NAME-dark.png and the same with DejaVu Sans, at `size`.
void grabThemes(QWidget& widget, const char* name, QSize size);

} // namespace moa::test
