// Notice cards, their time on show and their place.
#include "ui/widgets/shell/notices.h"

#include "ui/widgets/shell/notice_list.h"
#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

constexpr int kGap = 8, kIconSpace = 52;

} // namespace

NoticeCard::NoticeCard(const Notice& notice, QWidget* parent) : QWidget(parent), m_notice(notice) {
    setAccessibleName(tr("%1. %2").arg(notice.title, notice.text));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kShadow + kIconSpace, kShadow + 10, kShadow + 10, kShadow + 14);
    column->setSpacing(4);
    auto* top = new QHBoxLayout;
    m_title = new QLabel(notice.title);
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    m_close = new QToolButton;
    m_close->setObjectName(QStringLiteral("notice.close"));
    m_close->setIconSize({12, 12});
    m_close->setToolTip(tr("Dismiss"));
    m_close->setAccessibleName(tr("Dismiss: %1").arg(notice.title));
    connect(m_close, &QToolButton::clicked, this, &NoticeCard::finished);
    top->addWidget(m_title, 1);
    top->addWidget(m_close, 0, Qt::AlignTop);
    column->addLayout(top);
    m_text = new QLabel(notice.text);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    column->addWidget(m_text);
    addButtons(column);
    setFixedWidth(kWidth + 2 * kShadow);
    for (QWidget* child : findChildren<QWidget*>()) child->installEventFilter(this);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (isHeld())
            m_timer.start(); // no leave event is promised for a pointer that was there before the card
        else
            emit finished();
    });
    connect(&Theme::instance(), &Theme::changed, this, &NoticeCard::restyle);
    restyle();
}

void NoticeCard::addButtons(QVBoxLayout* column) {
    if (m_notice.primary.text.isEmpty() && m_notice.secondary.text.isEmpty()) return;
    column->addSpacing(4);
    auto* buttons = new QHBoxLayout;
    column->addLayout(buttons);
    buttons->setSpacing(8);
    const auto addButton = [&](const NoticeAction& action, bool primary) {
        if (action.text.isEmpty()) return;
        auto* button = new QPushButton(action.text);
        button->setProperty("primary", primary);
        connect(button, &QPushButton::clicked, this, [this, run = action.run] {
            emit finished();
            if (run) run();
        });
        buttons->addWidget(button);
    };
    addButton(m_notice.primary, true);
    addButton(m_notice.secondary, false);
    buttons->addStretch(1);
}

void NoticeCard::restyle() {
    styleLabel(m_title, TextStyle::PanelTitle, Role::Text);
    styleLabel(m_text, TextStyle::Table, Role::Text2);
    m_close->setIcon(Theme::instance().icon(QStringLiteral("close")));
    update();
}

void NoticeCard::setLifetime(int ms) {
    m_timer.start(ms);
}

bool NoticeCard::isHeld() const {
    const QWidget* focused = QApplication::focusWidget();
    return underMouse() || (focused && isAncestorOf(focused));
}

void NoticeCard::resume() {
    if (!isHeld() && !m_timer.isActive()) m_timer.start();
}

void NoticeCard::enterEvent(QEnterEvent*) {
    m_timer.stop();
}

void NoticeCard::leaveEvent(QEvent*) {
    QTimer::singleShot(0, this, [this] { resume(); }); // underMouse() is up to date then
}

bool NoticeCard::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::FocusIn)
        m_timer.stop();
    else if (event->type() == QEvent::FocusOut)
        QTimer::singleShot(0, this, [this] { resume(); });
    return QWidget::eventFilter(watched, event);
}

void NoticeCard::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    const QRectF box = QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow);
    drawPopover(painter, box);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(m_notice.failed ? Role::ErrorSoft : Role::OkSoft));
    const QPointF centre(box.left() + 28, box.top() + 30);
    painter.drawEllipse(centre, 14, 14);
    drawIcon(painter, m_notice.failed ? QStringLiteral("warning") : QStringLiteral("check"),
             m_notice.failed ? Role::Error : Role::Ok, centre, 16);
}

NoticeStack::NoticeStack(QWidget* window) : QObject(window), m_window(window) {
    window->installEventFilter(this);
}

void NoticeStack::setBottomInset(int px) {
    m_inset = px;
    place();
}

void NoticeStack::post(Notice notice) {
    if (!notice.at.isValid()) notice.at = QDateTime::currentDateTime();
    m_kept.insert(m_kept.begin(), notice);
    if (m_kept.size() > kMostKept) m_kept.pop_back();
    setUnread(m_unread + 1);
    while (m_cards.size() >= std::size_t(kMostShown)) drop(m_cards.front());
    auto* card = new NoticeCard(notice, m_window);
    connect(card, &NoticeCard::finished, this, [this, card] { drop(card); });
    m_cards.push_back(card);
    card->setLifetime(m_lifetime);
    card->show();
    place();
    QAccessibleEvent alert(card, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
    if (!m_window->isActiveWindow()) {
        QApplication::alert(m_window);
        emit postedUnseen(notice.title, notice.text);
    }
}

void NoticeStack::drop(NoticeCard* card) {
    const auto it = std::find(m_cards.begin(), m_cards.end(), card);
    if (it == m_cards.end()) return;
    m_cards.erase(it);
    if (card) {
        card->hide();
        card->deleteLater();
    }
    place();
}

void NoticeStack::setUnread(int unread) {
    if (unread == m_unread) return;
    m_unread = unread;
    emit unreadChanged(unread);
}

void NoticeStack::toggleList() {
    if (m_list) {
        closeList();
        return;
    }
    setUnread(0);
    auto* list = new NoticeList(m_kept, m_window);
    connect(list, &NoticeList::closed, this, &NoticeStack::closeList);
    connect(list, &NoticeList::clearRequested, this, &NoticeStack::clear);
    m_list = list;
    place();
    list->show();
    list->raise();
    list->setFocus(Qt::PopupFocusReason);
}

void NoticeStack::closeList() {
    if (!m_list) return;
    m_list->hide();
    m_list->deleteLater(); // later: it may be the sender
    m_list = nullptr;
}

void NoticeStack::clear() {
    m_kept.clear();
    while (!m_cards.empty()) drop(m_cards.back());
    setUnread(0);
}

bool NoticeStack::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_window && event->type() == QEvent::Resize) place();
    return QObject::eventFilter(watched, event);
}

void NoticeStack::place() {
    int bottom = m_window->height() - m_inset - kGap + kShadow;
    const int right = m_window->width() - 12 + kShadow;
    if (m_list) {
        const QSize size = static_cast<NoticeList*>(m_list.data())->wantedSize(bottom - 60);
        m_list->setGeometry(right - size.width(), bottom - size.height(), size.width(), size.height());
        m_list->raise();
    }
    for (auto it = m_cards.rbegin(); it != m_cards.rend(); ++it) {
        NoticeCard* card = *it;
        if (!card) continue;
        const int height = std::max(card->heightForWidth(card->width()), card->minimumSizeHint().height());
        card->setGeometry(right - card->width(), bottom - height, card->width(), height);
        if (!m_list) card->raise();
        bottom -= height - 2 * kShadow + kGap;
    }
}

} // namespace moa
