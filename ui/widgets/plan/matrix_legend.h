// Below the matrix: the colour ramp with its ends, and what the marks mean, with how many there are.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

namespace moa {

class MatrixLegend : public QWidget {
    Q_OBJECT
public:
    explicit MatrixLegend(QWidget* parent = nullptr);
    void setRamp(Ramp ramp, const QString& low, const QString& high);
    void setCounts(int pinned, int edited);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Ramp m_ramp = Ramp::Attention;
    QString m_low, m_high;
    int m_pinned = 0, m_edited = 0;
};

} // namespace moa
