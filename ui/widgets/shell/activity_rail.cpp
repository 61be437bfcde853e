// Buttons of the activity rail and the keys that walk it.
#include "ui/widgets/shell/activity_rail.h"

#include "ui/widgets/shell/painting.h"

#include <QEvent>
#include <QFontMetrics>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

constexpr int kIcon = 22, kBadge = 8;

} // namespace

RailButton::RailButton(const QString& id, const QString& icon, const QString& title, QWidget* parent)
    : QAbstractButton(parent), m_id(id), m_icon(icon) {
    setObjectName(QStringLiteral("rail.") + id);
    setText(title);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    describe();
}

void RailButton::setBadge(bool on, const QString& why) {
    if (on == m_badge && why == m_badgeText) return;
    m_badge = on;
    m_badgeText = on ? why : QString();
    describe();
    update();
}

void RailButton::setKey(const QKeySequence& key) {
    m_key = key;
    describe();
}

void RailButton::describe() {
    const QString key = m_key.toString(QKeySequence::NativeText);
    QString tip = key.isEmpty() ? text() : tr("%1 (%2)").arg(text(), key);
    if (!m_badgeText.isEmpty()) tip += QLatin1Char('\n') + m_badgeText;
    setToolTip(tip);
    setAccessibleName(m_badge ? tr("%1, %2").arg(text(), m_badgeText.isEmpty() ? tr("news") : m_badgeText)
                              : text());
}

QSize RailButton::sizeHint() const {
    const int line = QFontMetrics(Theme::instance().font(TextStyle::Chip)).height();
    return {metrics::kRailWidth - 12, std::max(56, kIcon + line + 17)};
}

void RailButton::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool current = isChecked();
    const QRectF box = QRectF(rect()).adjusted(3, 0, -3, 0);
    if (current || underMouse()) {
        painter.setPen(current && theme.isHighContrast() ? QPen(theme.color(Role::Accent), 2) : Qt::NoPen);
        painter.setBrush(theme.color(current ? Role::AccentSoft : Role::Hover));
        painter.drawRoundedRect(box, metrics::kPanelRadius, metrics::kPanelRadius);
    }
    const int line = QFontMetrics(theme.font(TextStyle::Chip)).height();
    const qreal top = (height() - kIcon - 5 - line) / 2.0;
    const Role role = current ? Role::Accent : Role::Text2;
    drawIcon(painter, m_icon, role, {width() / 2.0, top + kIcon / 2.0}, kIcon);
    QFont font = theme.font(TextStyle::Chip);
    if (current) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(theme.color(role));
    painter.drawText(QRectF(-6, top + kIcon + 5, width() + 12, line), Qt::AlignCenter | Qt::TextDontClip,
                     text());
    if (m_badge) {
        painter.setPen(QPen(theme.color(current ? Role::AccentSoft : Role::Surface), 2));
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawEllipse(QPointF(width() / 2.0 + kIcon / 2.0 + 3, top + 2), kBadge / 2.0 + 1,
                            kBadge / 2.0 + 1);
    }
    if (hasFocus()) drawFocusRing(painter, box.adjusted(3, 3, -3, -3));
}

bool RailButton::event(QEvent* event) {
    if (event->type() == QEvent::HoverEnter || event->type() == QEvent::HoverLeave) update();
    return QAbstractButton::event(event);
}

ActivityRail::ActivityRail(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Pages"));
    m_column = new QVBoxLayout(this);
    m_column->setContentsMargins(3, 8, 4, 8);
    m_column->setSpacing(6);
    m_column->addStretch(1);
    connect(&Theme::instance(), &Theme::changed, this, &ActivityRail::restyle);
    restyle();
}

RailButton* ActivityRail::make(const QString& id, const QString& icon, const QString& title,
                               const QKeySequence& key) {
    auto* made = new RailButton(id, icon, title);
    made->setKey(key);
    made->installEventFilter(this);
    connect(made, &QAbstractButton::clicked, this, [this, id] { emit activated(id); });
    return made;
}

void ActivityRail::addPage(const QString& id, const QString& icon, const QString& title,
                           const QKeySequence& key) {
    RailButton* made = make(id, icon, title, key);
    made->setCheckable(true);
    // Exclusive by setCurrent, not by a group: a click asks, the owner decides.
    connect(made, &QAbstractButton::toggled, made, qOverload<>(&QWidget::update));
    m_column->insertWidget(int(m_pages.size()), made);
    m_pages.push_back(made);
    restyle();
}

void ActivityRail::addFoot(const QString& id, const QString& icon, const QString& title,
                           const QKeySequence& key) {
    RailButton* made = make(id, icon, title, key);
    m_column->addWidget(made);
    m_foot.push_back(made);
    restyle();
}

void ActivityRail::setCurrent(const QString& id) {
    for (RailButton* b : m_pages) b->setChecked(b->id() == id);
}

void ActivityRail::setBadge(const QString& id, bool on, const QString& why) {
    if (RailButton* b = button(id)) b->setBadge(on, why);
}

RailButton* ActivityRail::button(const QString& id) const {
    for (const auto* list : {&m_pages, &m_foot})
        for (RailButton* b : *list)
            if (b->id() == id) return b;
    return nullptr;
}

bool ActivityRail::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
        if (step != 0) {
            std::vector<RailButton*> all = m_pages;
            all.insert(all.end(), m_foot.begin(), m_foot.end());
            const auto at = std::find(all.begin(), all.end(), watched);
            const auto next = (at - all.begin()) + step;
            if (at != all.end() && next >= 0 && next < std::ptrdiff_t(all.size()))
                all[std::size_t(next)]->setFocus(Qt::TabFocusReason);
            return true;
        }
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            static_cast<QAbstractButton*>(watched)->click();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void ActivityRail::restyle() {
    int widest = metrics::kRailWidth;
    for (const auto* list : {&m_pages, &m_foot})
        for (const RailButton* b : *list)
            widest = std::max(widest, textWidth(b->text(), TextStyle::Chip) + 14);
    setFixedWidth(widest);
    updateGeometry();
    update();
}

void ActivityRail::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.fillRect(rect(), theme.color(Role::Surface));
    painter.setPen(theme.color(Role::Border));
    painter.drawLine(width() - 1, 0, width() - 1, height());
    for (const RailButton* b : m_pages)
        if (b->isChecked())
            painter.fillRect(QRectF(0, b->y() + 10, 3, b->height() - 20), theme.color(Role::Accent));
}

} // namespace moa
