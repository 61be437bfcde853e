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
    QSize minimumSizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int stageWidth() const; ///< least, with the title whole
    int stageHeight() const;
    int columns(int width) const;

    std::vector<LoadStage> m_stages;
};

} // namespace moa
