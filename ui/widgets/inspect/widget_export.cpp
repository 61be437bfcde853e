// Rendering and writing of exports.
#include "ui/widgets/inspect/widget_export.h"

#include "engine/core/error.h"
#include "engine/core/file_target.h"

#include <QApplication>
#include <QBuffer>
#include <QClipboard>
#include <QPainter>
#include <QPointer>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QWidget>

#include <algorithm>

namespace moa {
namespace {

void write(const QString& path, const QByteArray& bytes) {
    requireFileTarget(path.toStdString());
    QSaveFile file(path);
    const bool written =
        file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
    if (!written)
        throw FileError(path.toStdString(), "", "cannot be written: " + file.errorString().toStdString());
}

/// Takes the keyboard focus away while it lives: rings do not belong in a picture.
class Unfocused {
public:
    explicit Unfocused(QWidget& widget) {
        QWidget* focused = QApplication::focusWidget();
        if (!focused || (focused != &widget && !widget.isAncestorOf(focused))) return;
        m_focused = focused;
        focused->clearFocus();
    }
    ~Unfocused() {
        if (m_focused) m_focused->setFocus();
    }
    Unfocused(const Unfocused&) = delete;
    Unfocused& operator=(const Unfocused&) = delete;

private:
    QPointer<QWidget> m_focused;
};

} // namespace

QImage pictureOf(QWidget& widget, double scale) {
    const Unfocused unfocused(widget);
    scale = std::clamp(scale, 0.5, 8.0);
    QImage image((QSizeF(widget.size()) * scale).toSize().expandedTo({1, 1}),
                 QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.fill(Qt::transparent);
    widget.render(&image);
    return image;
}

void savePng(QWidget& widget, const QString& path, const ExportNote& note, double scale) {
    QImage image = pictureOf(widget, scale);
    image.setText(QStringLiteral("Title"), note.title);
    image.setText(QStringLiteral("Description"), note.description);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    if (!image.save(&buffer, "PNG")) throw FileError(path.toStdString(), "", "the picture cannot be encoded");
    write(path, bytes);
}

QByteArray svgOf(QWidget& widget, const ExportNote& note) {
    const Unfocused unfocused(widget);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setSize(widget.size());
    generator.setViewBox(widget.rect());
    generator.setTitle(note.title);
    generator.setDescription(note.description);
    QPainter painter(&generator);
    widget.render(&painter);
    painter.end();
    return bytes;
}

void saveSvg(QWidget& widget, const QString& path, const ExportNote& note) {
    write(path, svgOf(widget, note));
}

void copyPicture(QWidget& widget, double scale) {
    QApplication::clipboard()->setImage(pictureOf(widget, scale));
}

} // namespace moa
