// What opens above the bell: the notices so far, newest first, each with its time and its primary action.
#pragma once

#include "ui/widgets/shell/notices.h"

class QScrollArea;

namespace moa {

class NoticeList : public QWidget {
    Q_OBJECT
public:
    NoticeList(const std::vector<Notice>& notices, QWidget* window);
    ~NoticeList() override;

    /// Its size with the shadow, at most `most` px high.
    QSize wantedSize(int most) const;

signals:
    void closed();
    void clearRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeRow(const Notice& notice);

    QWidget *m_rows, *m_head;
    QScrollArea* m_scroll;
    bool m_closing = false;
};

} // namespace moa
