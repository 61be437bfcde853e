// A short text that outlives the program: written whole or not at all, synced, read with doubt. Any thread.
#pragma once

#include <QByteArray>
#include <QString>

namespace moa {

/// Folders are made where they are missing. Throws FileError where the disk refuses.
void keepText(const QString& path, const QByteArray& text);
/// Empty where there is no such file, it cannot be read, or it is over 64 KiB.
QByteArray keptText(const QString& path);

} // namespace moa
