// The window filled with the story of the design pictures, and pictures of it for people to look at.
#pragma once

#include "ui/views/shell_window.h"

#include <QString>

#include <memory>

class QWidget;

namespace moa::test {

/// A page of plain panels, so that the shell has something to hold.
QWidget* samplePage(const QString& title);

/// Six pages, context, device, a job: what the design shows.
void fillShell(ShellWindow& window);

/// Waits until the window has been laid out and painted.
void settle();

/// Saves the widget as <MOA_GRABS>/<name>.png; nothing without that variable.
void grabTo(QWidget& widget, const QString& name);

/// Calls `look` for light and dark, with the default font and DejaVu Sans, at 1600 × 1000 and 1180 × 720;
/// `name` says which. The theme is put back after.
void forEachLook(ShellWindow& window, const std::function<void(const QString& name)>& look);

} // namespace moa::test
