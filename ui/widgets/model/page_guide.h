// The pages of the program, one a row: icon, name, what it is for, whether it can be used now, and its key.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct PageLine {
    QString icon, name, purpose;
    QString state; ///< "ready", "needs a model"
    bool isReady = false;
    QString key;
};

class PageGuide : public QWidget {
    Q_OBJECT
public:
    explicit PageGuide(QWidget* parent = nullptr);

    void setLines(const std::vector<PageLine>& lines);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int rowHeight() const;

    std::vector<PageLine> m_lines;
};

} // namespace moa
