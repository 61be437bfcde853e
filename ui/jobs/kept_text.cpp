// QSaveFile writes beside the target, syncs and renames.
#include "ui/jobs/kept_text.h"

#include "engine/core/error.h"
#include "engine/core/file_target.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace moa {

void keepText(const QString& path, const QByteArray& text) {
    requireFileTarget(path.toStdString());
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        throw FileError(path.toStdString(), "", "cannot be written: " + file.errorString().toStdString());
}

QByteArray keptText(const QString& path) {
    constexpr qint64 kMost = 64 << 10;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly) || file.size() > kMost) return {};
    return file.read(kMost);
}

} // namespace moa
