// A large thumbnail of the head under the pointer with its numbers: a child of the window, not a window of
// its own.
#pragma once

#include "ui/widgets/inspect/head_thumbnail.h"

#include <QStringList>
#include <QWidget>

namespace moa {

class HeadMagnifier : public QWidget {
    Q_OBJECT
public:
    static constexpr int kPicture = 192; ///< px
    explicit HeadMagnifier(QWidget* window);
    /// Shows beside `cell` (in the window) without covering it.
    void showFor(const QRect& cell, const QString& title, const QStringList& lines,
                 const Thumbnail& thumbnail, const ThumbnailMask& mask, const HeatLook& look);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_title;
    QStringList m_lines;
    QImage m_image;
};

} // namespace moa
