// The best plan against the proven bound while a solve runs: two step lines over seconds that meet when it is proven.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

class SolveTrace : public QWidget {
    Q_OBJECT
public:
    struct Moment {
        double seconds = 0, plan = 0, bound = 0; ///< nats; bound below 0: not known
        bool operator==(const Moment&) const = default;
    };
    explicit SolveTrace(QWidget* parent = nullptr);
    void setMoments(std::vector<Moment> moments);

    QSize sizeHint() const override { return {280, 92}; }
    QSize minimumSizeHint() const override { return {120, 84}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Moment> m_moments;
};

} // namespace moa
