// The stages of a load: a bar and two lines for each, done, running or to come.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct LoadStage {
    QString title, note;
    double fraction = 0; ///< 0: to come, 1: done
};

class LoadStages : public QWidget {
    Q_OBJECT
public:
    explicit LoadStages(QWidget* parent = nullptr);
    void setStages(const std::vector<LoadStage>& stages);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<LoadStage> m_stages;
};

} // namespace moa
