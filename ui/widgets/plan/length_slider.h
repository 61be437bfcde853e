// Length N on a scale of powers of two, with a tick a doubling; profiled lengths are marked. Wheel needs focus first.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <cstdint>
#include <vector>

namespace moa {

class LengthSlider : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit LengthSlider(QWidget* parent = nullptr);

    /// Tokens, 1 ≤ least < most.
    void setRange(std::int64_t least, std::int64_t most);
    void setLength(std::int64_t n); ///< no signal
    void setProfiled(std::vector<std::int64_t> lengths);
    std::int64_t length() const { return m_length; }
    QPoint handle() const; ///< where it is

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }
    int itemCount() const override { return 1; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return 0; }
    void setItemValue(int index, double value) override;

signals:
    void moved(qint64 n);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    double at(std::int64_t n) const;
    void moveTo(std::int64_t n);
    void moveBySteps(int steps);

    std::int64_t m_least = 256, m_most = 131072, m_length = 4096;
    std::vector<std::int64_t> m_profiled;
};

} // namespace moa
