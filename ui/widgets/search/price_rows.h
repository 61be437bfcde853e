// "What limits this plan": limits with what loosening each by a step saves, dearest first, as rows with bars. A click or
// Enter asks for the control of that limit.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct PriceRow {
    QString name;   ///< "Density at 4k"
    QString step;   ///< "+0.01"
    QString saving; ///< "−0.0031"
    double share = 0; ///< of the dearest
    QString spoken;
    bool operator==(const PriceRow&) const = default;
};

class PriceRows : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit PriceRows(QWidget* parent = nullptr);
    void setRows(std::vector<PriceRow> rows);
    const std::vector<PriceRow>& rows() const { return m_rows; }
    QRect rowRect(int row) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
    int itemCount() const override { return int(m_rows.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override { emit chosen(index); }

signals:
    void chosen(int row);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int rowHeight() const;
    std::vector<PriceRow> m_rows;
    int m_current = 0;
};

} // namespace moa
