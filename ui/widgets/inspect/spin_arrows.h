// The two small chevrons at the right of a spin box, in the theme's colours: a style sheet can only show
// pictures of fixed colours there. Replaces the box's own buttons; keys and wheel stay the box's.
#pragma once

#include <QWidget>

class QAbstractSpinBox;

namespace moa {

class SpinArrows : public QWidget {
    Q_OBJECT
public:
    static constexpr int kWidth = 16; ///< px at the right end of the box
    explicit SpinArrows(QAbstractSpinBox* box);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    QAbstractSpinBox* m_box;
};

} // namespace moa
