// Measured losses as bars with their standard error, a row each. Solid as every measurement; what is stale is grey and says
// so.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct MeasuredBar {
    QString name;  ///< "3k · Best"
    QString value; ///< "+0.0121 ± 0.0013"
    double loss = 0, error = 0; ///< nats
    bool isOwn = false;         ///< the plan in use
    bool isStale = false;
    QString tip = {};           ///< the run, and what else it measured
    bool operator==(const MeasuredBar&) const = default;
};

class MeasuredBars : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit MeasuredBars(QWidget* parent = nullptr);
    void setBars(std::vector<MeasuredBar> bars);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
    int itemCount() const override { return int(m_bars.size()); }
    AccessibleItem item(int index) const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int rowHeight() const;
    std::vector<MeasuredBar> m_bars;
};

} // namespace moa
