// The banner's row, its stack and its announcement.
#include "ui/widgets/shell/banner_area.h"

#include "ui/widgets/shell/painting.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

QLabel* line(const QString& text, TextStyle style, bool wraps) {
    auto* label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    label->setFont(Theme::instance().font(style));
    label->setWordWrap(wraps);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

} // namespace

BannerArea::BannerArea(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::kPad, metrics::kPad, metrics::kPad, 0);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    hide();
    connect(&Theme::instance(), &Theme::changed, this, &BannerArea::rebuild);
}

int BannerArea::post(const Banner& banner, const QWidget* failed) {
    const int number = m_next++;
    m_banners.push_back({number, banner});
    rebuild();
    const QWidget* focused = QApplication::focusWidget();
    if (failed && focused && (failed == focused || failed->isAncestorOf(focused)) && m_close)
        m_close->setFocus(Qt::OtherFocusReason);
    QAccessibleEvent alert(this, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
    return number;
}

void BannerArea::dismiss(int number) {
    const auto gone = std::remove_if(m_banners.begin(), m_banners.end(),
                                     [number](const Entry& e) { return e.number == number; });
    if (gone == m_banners.end()) return;
    m_banners.erase(gone, m_banners.end());
    rebuild();
}

void BannerArea::clear() {
    m_banners.clear();
    rebuild();
}

void BannerArea::rebuild() {
    if (m_row) {
        m_row->hide();
        m_row->deleteLater(); // later: an action's own button may be the sender
    }
    m_row = nullptr;
    m_close = nullptr;
    setVisible(!m_banners.empty());
    if (m_banners.empty()) return;
    const Entry entry = m_banners.back();
    const Banner& banner = entry.banner;
    const Theme& theme = Theme::instance();
    const bool error = banner.kind == BannerKind::Error;
    m_row = new QWidget;
    auto* row = new QHBoxLayout(m_row);
    row->setContentsMargins(14, 8, 8, 8);
    row->setSpacing(8);
    auto* icon = new QLabel;
    icon->setPixmap(theme.icon(QStringLiteral("warning"), error ? Role::Error : Role::Warn).pixmap(20, 20));
    row->addWidget(icon);
    row->addSpacing(4);
    m_texts = new QBoxLayout(QBoxLayout::LeftToRight);
    m_texts->setSpacing(2);
    m_title = line(banner.title, TextStyle::PanelTitle, true);
    m_detail = line(banner.detail, TextStyle::Body, true);
    m_texts->addWidget(m_title);
    m_texts->addWidget(m_detail, 1);
    row->addLayout(m_texts, 1);
    const auto addButton = [&](const QString& text) {
        auto* button = new QPushButton(text);
        row->addWidget(button);
        return button;
    };
    if (m_banners.size() > 1)
        connect(addButton(tr("%1 more").arg(m_banners.size() - 1)), &QPushButton::clicked, this,
                &BannerArea::showOthers);
    for (std::size_t i = 0; i < std::min<std::size_t>(2, banner.actions.size()); ++i) {
        const BannerAction action = banner.actions[i];
        QPushButton* button = addButton(action.text);
        if (!action.icon.isEmpty()) button->setIcon(theme.icon(action.icon));
        connect(button, &QPushButton::clicked, this, [this, action, number = entry.number] {
            if (action.dismisses) dismiss(number);
            if (action.run) action.run();
        });
    }
    if (banner.hasLog)
        connect(addButton(tr("Show log")), &QPushButton::clicked, this, &BannerArea::logRequested);
    m_close = new QToolButton;
    m_close->setObjectName(QStringLiteral("banner.close"));
    m_close->setIcon(theme.icon(QStringLiteral("close")));
    m_close->setIconSize({14, 14});
    m_close->setToolTip(tr("Dismiss"));
    m_close->setAccessibleName(tr("Dismiss: %1").arg(banner.title));
    connect(m_close, &QToolButton::clicked, this, [this, number = entry.number] { dismiss(number); });
    row->addWidget(m_close);
    m_row->setMinimumHeight(48);
    layout()->addWidget(m_row);
    setAccessibleName(tr("%1. %2").arg(banner.title, banner.detail));
    fit();
    update();
}

void BannerArea::fit() {
    if (!m_row) return;
    // One line where both texts fit beside the buttons; else the detail goes under the title.
    const int title = textWidth(m_title->text(), TextStyle::PanelTitle);
    const int detail = textWidth(m_detail->text(), TextStyle::Body);
    int buttons = 0;
    for (const QAbstractButton* button : m_row->findChildren<QAbstractButton*>())
        buttons += button->sizeHint().width() + m_row->layout()->spacing();
    const int room = width() - 2 * metrics::kPad - 70 - buttons;
    const bool oneLine = title + 12 + detail <= room;
    m_texts->setDirection(oneLine ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    m_texts->setSpacing(oneLine ? 12 : 2);
    m_title->setMinimumWidth(oneLine ? title : 0);
}

void BannerArea::resizeEvent(QResizeEvent*) {
    fit();
}

void BannerArea::showOthers() {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (auto it = m_banners.rbegin() + 1; it != m_banners.rend(); ++it)
        connect(menu->addAction(it->banner.title), &QAction::triggered, this, [this, number = it->number] {
            const auto chosen = std::find_if(m_banners.begin(), m_banners.end(),
                                             [number](const Entry& e) { return e.number == number; });
            if (chosen == m_banners.end()) return;
            std::rotate(chosen, chosen + 1, m_banners.end()); // to the front of the stack
            rebuild();
        });
    menu->addSeparator();
    connect(menu->addAction(tr("Dismiss all")), &QAction::triggered, this, &BannerArea::clear);
    menu->popup(QCursor::pos());
}

bool BannerArea::event(QEvent* event) {
    if (event->type() == QEvent::LayoutRequest) update();
    return QWidget::event(event);
}

void BannerArea::paintEvent(QPaintEvent*) {
    if (!m_row) return;
    const Theme& theme = Theme::instance();
    const bool error = m_banners.back().banner.kind == BannerKind::Error;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(error ? Role::Error : Role::Warn));
    painter.setBrush(theme.color(error ? Role::ErrorSoft : Role::WarnSoft));
    painter.drawRoundedRect(QRectF(m_row->geometry()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::kPanelRadius,
                            metrics::kPanelRadius);
}

} // namespace moa
