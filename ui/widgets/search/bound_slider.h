// One bound as a row: name, track, handle, a tick where the best plan is, and the exact value that can be typed nowhere
// else but reached by keys. With two handles: a range. The far right may mean "no limit".
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <functional>
#include <optional>

namespace moa {

class BoundSlider : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    /// `name` at the left ("4k"), `spoken` for screen readers ("Loss limit at 4,096 tokens").
    BoundSlider(const QString& name, const QString& spoken, QWidget* parent = nullptr);

    /// Values from `least` to `most` in `step`s; `curve` > 1 gives small values more of the track.
    void setRange(double least, double most, double step, double curve = 1);
    /// How a value reads.
    void setText(std::function<QString(double)> text, const QString& widest);
    /// The far right is "no limit"; the text for it.
    void setOffText(const QString& text);
    void setTwoHandles(bool on) { m_two = on; }
    void setTick(std::optional<double> tick);
    /// Faint: it follows another bound until it is moved.
    void setFollowing(bool on);

    // No signals.
    void setValue(double value); ///< the upper handle
    void setLower(double value);
    void setOff(bool off);

    double value() const { return m_value; }
    double lower() const { return m_lower; }
    bool isOff() const { return m_off; }
    QPoint handle(bool lower = false) const; ///< where it is

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {150, sizeHint().height()}; }
    int itemCount() const override { return m_two ? 2 : 1; }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_two && m_onLower ? 1 : 0; }
    void setItemValue(int index, double value) override;

signals:
    void moved(double value, bool off); ///< the upper handle, by the user
    void lowerMoved(double value);
    void reset(); ///< Delete or double click: back to what it follows

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QRectF track() const;
    double positionOf(double value) const; ///< 0 … 1
    double valueAt(double x) const;
    void moveTo(double value, bool lower, bool mayOff = true);
    void step(double steps);
    QString shown() const;
    int textWidthNeeded() const;

    QString m_name, m_spoken, m_widest, m_offText;
    std::function<QString(double)> m_text;
    double m_least = 0, m_most = 1, m_step = 0.01, m_curve = 1, m_value = 1, m_lower = 0;
    std::optional<double> m_tick;
    bool m_two = false, m_off = false, m_following = false, m_onLower = false, m_dragging = false;
};

} // namespace moa
