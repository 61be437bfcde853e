// Rows of the bell's list.
#include "ui/widgets/shell/notice_list.h"

#include "ui/widgets/shell/painting.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

NoticeList::NoticeList(const std::vector<Notice>& notices, QWidget* window) : QWidget(window) {
    setAccessibleName(tr("Notices"));
    setFocusPolicy(Qt::StrongFocus);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kShadow + 1, kShadow + 1, kShadow + 1, kShadow + 1);
    column->setSpacing(0);
    m_head = new QWidget;
    auto* head = new QHBoxLayout(m_head);
    head->setContentsMargins(metrics::kPad, 6, 8, 6);
    auto* title = new QLabel(tr("Notices"));
    styleLabel(title, TextStyle::PanelTitle, Role::Text);
    head->addWidget(title, 1);
    if (!notices.empty()) {
        auto* clear = new QPushButton(tr("Clear"));
        clear->setProperty("small", true);
        connect(clear, &QPushButton::clicked, this, [this] {
            emit clearRequested();
            emit closed();
        });
        head->addWidget(clear);
    }
    column->addWidget(m_head);
    m_rows = new QWidget;
    auto* rows = new QVBoxLayout(m_rows);
    rows->setContentsMargins(metrics::kPad, 4, metrics::kPad, 8);
    rows->setSpacing(10);
    for (const Notice& notice : notices) rows->addWidget(makeRow(notice));
    if (notices.empty()) {
        auto* none = new QLabel(tr("Finished jobs are kept here."));
        styleLabel(none, TextStyle::Table, Role::Text2);
        rows->addWidget(none);
    }
    m_scroll = new QScrollArea;
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidget(m_rows);
    m_scroll->viewport()->setAutoFillBackground(false); // setWidget turned it on
    m_rows->setAutoFillBackground(false);
    column->addWidget(m_scroll, 1);
    qApp->installEventFilter(this); // a press outside closes
    connect(&Theme::instance(), &Theme::changed, this, &NoticeList::closed);
}

NoticeList::~NoticeList() {
    qApp->removeEventFilter(this);
}

QWidget* NoticeList::makeRow(const Notice& notice) {
    auto* row = new QWidget;
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(8);
    auto* icon = new QLabel;
    icon->setPixmap(Theme::instance()
                        .icon(notice.failed ? QStringLiteral("warning") : QStringLiteral("check"),
                              notice.failed ? Role::Error : Role::Ok)
                        .pixmap(16, 16));
    line->addWidget(icon, 0, Qt::AlignTop);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(2);
    const auto add = [&](const QString& text, TextStyle style, Role role) {
        auto* label = new QLabel(text);
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        styleLabel(label, style, role);
        texts->addWidget(label);
    };
    add(notice.title, TextStyle::Key, Role::Text);
    add(notice.text, TextStyle::Table, Role::Text2);
    add(QLocale().toString(notice.at.time(), QLocale::ShortFormat), TextStyle::Caption, Role::Text3);
    line->addLayout(texts, 1);
    if (!notice.primary.text.isEmpty()) {
        auto* button = new QPushButton(notice.primary.text);
        button->setProperty("small", true);
        connect(button, &QPushButton::clicked, this, [this, run = notice.primary.run] {
            emit closed();
            if (run) run();
        });
        line->addWidget(button, 0, Qt::AlignTop);
    }
    return row;
}

QSize NoticeList::wantedSize(int most) const {
    const int wide = NoticeCard::kWidth + 2 * kShadow;
    const int inner = wide - 2 * kShadow - 2;
    const int rows = std::max(m_rows->layout()->heightForWidth(inner), m_rows->sizeHint().height());
    return {wide, std::min(most, rows + m_head->sizeHint().height() + 2 * kShadow + 4)};
}

void NoticeList::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape)
        emit closed();
    else
        QWidget::keyPressEvent(event);
}

bool NoticeList::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::MouseButtonPress) {
        const auto* pressed = qobject_cast<QWidget*>(watched);
        const QPoint at = mapFromGlobal(static_cast<QMouseEvent*>(event)->globalPosition().toPoint());
        // The bell toggles the list itself.
        const bool bell = pressed && pressed->objectName() == QLatin1String("status.bell");
        if (pressed && !rect().contains(at) && !bell && !m_closing) {
            m_closing = true; // the same press reaches the parents of what was pressed
            emit closed();
        }
    }
    return QWidget::eventFilter(watched, event);
}

void NoticeList::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    drawPopover(painter, QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow));
    painter.setPen(Theme::instance().color(Role::Grid));
    const int y = m_head->geometry().bottom() + 1;
    painter.drawLine(kShadow + 1, y, width() - kShadow - 2, y);
}

} // namespace moa
