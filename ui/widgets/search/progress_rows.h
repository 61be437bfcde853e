// Work in parts as rows: a name, how far it is, how long it took, and a bar. Green once a part is finished.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct ProgressRow {
    QString name;  ///< "4k"
    QString count; ///< "31 of 50"
    QString time;  ///< "0:21"; empty: none
    double share = 0; ///< 0 … 1
    bool operator==(const ProgressRow&) const = default;
};

class ProgressRows : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit ProgressRows(const QString& name, QWidget* parent = nullptr);
    void setRows(std::vector<ProgressRow> rows);
    const std::vector<ProgressRow>& rows() const { return m_rows; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
    int itemCount() const override { return int(m_rows.size()); }
    AccessibleItem item(int index) const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int rowHeight() const;
    std::vector<ProgressRow> m_rows;
};

} // namespace moa
