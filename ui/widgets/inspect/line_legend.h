// A line's colour and its name, for the header of a chart.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

namespace moa {

class LineLegend : public QWidget {
    Q_OBJECT
public:
    LineLegend(const QString& name, Role role, QWidget* parent = nullptr);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_name;
    Role m_role;
};

} // namespace moa
