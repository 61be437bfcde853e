// Device memory as one bar: used, what the plan would need, and the whole, with the numbers beside it.
#pragma once

#include <QWidget>

namespace moa {

/// In bytes. `plan`: the share of `used` that belongs to the plan's KV cache, drawn in its colour; 0: none.
struct MemoryUse {
    quint64 used = 0, plan = 0, total = 0;
};

/// "20.3", "0.42": GiB with one decimal, two below 1 GiB, so that small models do not read as 0.1.
QString gibText(quint64 bytes);

class MemoryBar : public QWidget {
    Q_OBJECT
public:
    explicit MemoryBar(QWidget* parent = nullptr);

    void setUse(const MemoryUse& use);
    /// The numbers at the right of the bar; off: the bar alone, for panels that print them elsewhere.
    void setNumbersShown(bool on);
    QSize sizeHint() const override;
    /// A shorter bar, the numbers whole.
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString numbers() const;
    int numbersWidth() const;

    MemoryUse m_use;
    bool m_numbers = true;
};

} // namespace moa
