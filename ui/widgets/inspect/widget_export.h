// A widget as PNG, SVG or picture on the clipboard, with a note of where its numbers come from. Numbers
// themselves (NPY, CSV) are exported by whoever has them.
#pragma once

#include <QByteArray>
#include <QImage>
#include <QString>

class QWidget;

namespace moa {

/// Written into the file: title and "run 412, balanced-50, N 32,768".
struct ExportNote {
    QString title, description;
};

/// The widget as it is on the screen without its focus ring, `scale` device pixels a px (at most 8).
QImage pictureOf(QWidget& widget, double scale = 2);
/// Written whole or not at all; FileError says why.
void savePng(QWidget& widget, const QString& path, const ExportNote& note, double scale = 2);
/// The same strokes as vectors: the bytes of an SVG file.
QByteArray svgOf(QWidget& widget, const ExportNote& note);
/// svgOf() as a file. FileError as above.
void saveSvg(QWidget& widget, const QString& path, const ExportNote& note);
void copyPicture(QWidget& widget, double scale = 2);

} // namespace moa
