// Memory of a run as stacked bars on one axis, dense over plan, with the device's limit as a line.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

namespace moa {

/// One bar: parts from the left, in bytes.
struct MemoryBarValue {
    QString name;
    Role role = Role::Dense; ///< of the KV part and the name
    quint64 weights = 0, kv = 0, activations = 0;
    quint64 total() const { return weights + kv + activations; }
};

class MemoryChart : public QWidget {
    Q_OBJECT
public:
    explicit MemoryChart(QWidget* parent = nullptr);

    /// `usable`: bytes the device has for this; 0: not known. `limitName`: "CPU usable".
    void setBars(const std::vector<MemoryBarValue>& bars, quint64 usable, const QString& limitName);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {320, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    struct Layout;
    Layout layOut() const;

    std::vector<MemoryBarValue> m_bars;
    quint64 m_usable = 0;
    QString m_limitName;
};

/// "14.96 GiB", "237.4 MiB": two decimals at GiB, one below.
QString bytesText(quint64 bytes);

} // namespace moa
