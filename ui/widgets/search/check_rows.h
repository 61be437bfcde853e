// Answers on retrieval tasks as rows: dense and plan as shares of right answers, the change, and below them both 95%
// intervals on one scale from 0 to 1. Solid as every measurement; what is stale is grey and says so.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

/// A share of right answers and its 95% interval.
struct CheckShare {
    double value = 0, low = 0, high = 1;
    bool operator==(const CheckShare&) const = default;
};

struct CheckRow {
    QString name; ///< "lines 1.5k"
    QString plan;
    CheckShare dense, share;
    bool isOwn = false; ///< the plan in use
    bool isStale = false;
    QString tip = {};
    bool operator==(const CheckRow&) const = default;
};

class CheckRows : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit CheckRows(QWidget* parent = nullptr);
    void setRows(std::vector<CheckRow> rows);
    const std::vector<CheckRow>& rows() const { return m_rows; }
    /// As the columns show them: dense, plan, change.
    static QStringList texts(const CheckRow& row);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
    int itemCount() const override { return int(m_rows.size()); }
    AccessibleItem item(int index) const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int headHeight() const;
    int rowHeight() const;
    QRect rowRect(int row) const;
    void paintRow(QPainter& painter, const CheckRow& row, const QRectF& box);

    std::vector<CheckRow> m_rows;
};

} // namespace moa
