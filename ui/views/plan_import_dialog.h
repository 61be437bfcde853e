// What an import needs to know that the file may not say (the sink), and a plan's passport as text.
#pragma once

#include <QDialog>

#include <functional>

namespace moa {

/// Asks for a file and a sink in tokens, then calls `use`; blocks nothing.
void askForImport(QWidget* parent, std::function<void(const QString& path, int sink)> use);
/// A window with a passport's JSON; `text` empty: says that there is none.
void showPassport(QWidget* parent, const QString& name, const QString& text);

} // namespace moa
