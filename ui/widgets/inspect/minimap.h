// The whole head in small with the heatmap's view as a frame; click or drag moves the view there.
#pragma once

#include "ui/widgets/inspect/head_thumbnail.h"

#include <QImage>
#include <QWidget>

namespace moa {

class Minimap : public QWidget {
    Q_OBJECT
public:
    static constexpr int kSide = 96; ///< px
    explicit Minimap(QWidget* parent = nullptr);
    /// std::invalid_argument where values are not side².
    void setThumbnail(Thumbnail thumbnail, const ThumbnailMask& mask, const HeatLook& look);
    void setMask(const ThumbnailMask& mask);
    /// What the heatmap shows (x keys, y queries) of how many tokens.
    void setView(const QRect& tokens, int of);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

signals:
    void centreRequested(int query, int key);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void ask(QPointF at);
    QRectF picture() const { return {3, 3, kSide, kSide}; }
    QString caption() const;

    Thumbnail m_thumbnail;
    ThumbnailMask m_mask;
    HeatLook m_look;
    QImage m_image;
    QRect m_view;
    int m_tokens = 0;
};

} // namespace moa
