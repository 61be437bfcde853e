// Fields and buttons of the context bar.
#include "ui/widgets/shell/context_bar.h"

#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QAction>
#include <QEvent>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QToolButton>

#include <algorithm>

namespace moa {
namespace {

constexpr int kSide = 12, kDot = 8, kChevron = 14;

} // namespace

ContextField::ContextField(const QString& caption, bool elides, QWidget* parent)
    : QAbstractButton(parent), m_caption(caption), m_elides(elides) {
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(elides ? QSizePolicy::Preferred : QSizePolicy::Fixed, QSizePolicy::Preferred);
    connect(this, &QAbstractButton::clicked, this, &ContextField::openMenu);
    describe();
}

void ContextField::setValue(const ContextValue& value) {
    m_value = value;
    describe();
    updateGeometry();
    update();
}

void ContextField::describe() {
    const QString shown =
        m_value.note.isEmpty() ? m_value.value : tr("%1, %2").arg(m_value.value, m_value.note);
    const QString name = tr("%1: %2").arg(m_caption, shown);
    setText(m_value.value);
    setToolTip(m_value.toolTip.isEmpty() ? name : m_value.toolTip);
    if (name == accessibleName()) return;
    setAccessibleName(name);
}

void ContextField::setMenuProvider(std::function<void(QMenu*)> fill) {
    m_fill = std::move(fill);
    update();
}

void ContextField::openMenu() {
    if (!m_fill) return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setToolTipsVisible(true);
    menu->setAccessibleName(m_caption);
    m_fill(menu);
    if (menu->isEmpty()) {
        delete menu;
        return;
    }
    menu->setMinimumWidth(std::min(width(), 280));
    menu->popup(mapToGlobal(QPoint(0, height())));
}

int ContextField::widthFor(int valueWidth) const {
    int line = valueWidth;
    if (m_value.dot) line += kDot + 6;
    if (!m_value.note.isEmpty()) line += 6 + textWidth(m_value.note, TextStyle::Table);
    QFont caption = Theme::instance().font(TextStyle::Chip);
    caption.setCapitalization(QFont::AllUppercase);
    line = std::max(line, QFontMetrics(caption).horizontalAdvance(m_caption) + 1);
    return kSide + line + 10 + kChevron + kSide;
}

QSize ContextField::sizeHint() const {
    const Theme& theme = Theme::instance();
    const int height = QFontMetrics(theme.font(TextStyle::Chip)).height() +
                       QFontMetrics(theme.font(TextStyle::PanelTitle)).height() + 10;
    return {widthFor(textWidth(m_value.value, TextStyle::PanelTitle)), height};
}

QSize ContextField::minimumSizeHint() const {
    const QSize full = sizeHint();
    if (!m_elides) return full;
    const int shortest = std::min(textWidth(m_value.value, TextStyle::PanelTitle), 72);
    return {widthFor(shortest), full.height()};
}

void ContextField::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse() && isEnabled() && m_fill) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Hover));
        painter.drawRoundedRect(QRectF(rect()).adjusted(3, 2, -3, -2), metrics::kControlRadius,
                                metrics::kControlRadius);
    }
    QFont caption = theme.font(TextStyle::Chip);
    caption.setCapitalization(QFont::AllUppercase);
    const int captionHeight = QFontMetrics(caption).height();
    const int valueHeight = QFontMetrics(theme.font(TextStyle::PanelTitle)).height();
    const qreal top = (height() - captionHeight - valueHeight) / 2.0;
    painter.setFont(caption);
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(QRectF(kSide, top, width() - 2 * kSide, captionHeight), Qt::AlignLeft | Qt::AlignVCenter,
                     m_caption);
    const QRectF line(kSide, top + captionHeight, width() - 2 * kSide - kChevron - 6, valueHeight);
    qreal x = line.left();
    if (m_value.dot) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(*m_value.dot));
        painter.drawEllipse(QRectF(x, line.center().y() - kDot / 2.0, kDot, kDot));
        x += kDot + 6;
    }
    const int noteWidth = m_value.note.isEmpty() ? 0 : textWidth(m_value.note, TextStyle::Table) + 6;
    QString value = m_value.value;
    if (m_elides)
        value = QFontMetrics(theme.font(TextStyle::PanelTitle))
                    .elidedText(value, Qt::ElideMiddle, std::max(1, int(line.right() - x) - noteWidth));
    x += drawText(painter, {x, line.top(), line.right() - x, line.height()}, value, TextStyle::PanelTitle,
                  isEnabled() ? Role::Text : Role::Text3);
    if (noteWidth > 0)
        drawText(painter, {x + 6, line.top(), line.right() - x, line.height()}, m_value.note,
                 TextStyle::Table, m_value.noteRole);
    if (m_fill)
        drawIcon(painter, QStringLiteral("chevron-down"), Role::Text3,
                 {width() - kSide - kChevron / 2.0, line.center().y()}, kChevron);
    if (hasFocus()) drawFocusRing(painter, QRectF(rect()).adjusted(5, 4, -5, -4));
}

void ContextField::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Down) {
        openMenu();
        return;
    }
    QAbstractButton::keyPressEvent(event);
}

bool ContextField::event(QEvent* event) {
    if (event->type() == QEvent::HoverEnter || event->type() == QEvent::HoverLeave) update();
    return QAbstractButton::event(event);
}

ContextBar::ContextBar(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Context"));
    const std::array captions{tr("Model"), tr("Plan"), tr("Length N"), tr("Prompt"), tr("Selected head")};
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(4, 0, 8, 1);
    row->setSpacing(1);
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        const bool name = i == std::size_t(ContextItem::Model) || i == std::size_t(ContextItem::Plan) ||
                          i == std::size_t(ContextItem::Prompt);
        m_fields[i] = new ContextField(captions[i], name);
        m_fields[i]->setValue({tr("None")});
    }
    const auto button = [this](const QString& name) {
        auto* made = new QToolButton;
        made->setObjectName(name);
        made->setToolButtonStyle(Qt::ToolButtonIconOnly);
        made->setAutoRaise(true);
        made->setIconSize({16, 16});
        made->setFixedSize(metrics::kControl, metrics::kControl);
        return made;
    };
    m_back = button(QStringLiteral("context.back"));
    m_forward = button(QStringLiteral("context.forward"));
    m_pin = button(QStringLiteral("context.pin"));
    for (const ContextItem item :
         {ContextItem::Model, ContextItem::Plan, ContextItem::Length, ContextItem::Prompt})
        row->addWidget(field(item));
    row->addStretch(1);
    row->addWidget(m_back);
    row->addWidget(m_forward);
    row->addSpacing(8);
    row->addWidget(field(ContextItem::Head));
    row->addWidget(m_pin);
    m_pin->hide();
    connect(&Theme::instance(), &Theme::changed, this, &ContextBar::restyle);
    restyle();
}

void ContextBar::setValue(ContextItem item, const ContextValue& value) {
    field(item)->setValue(value);
    update();
}

void ContextBar::setMenuProvider(ContextItem item, std::function<void(QMenu*)> fill) {
    field(item)->setMenuProvider(std::move(fill));
}

void ContextBar::openMenu(ContextItem item) {
    field(item)->openMenu();
}

void ContextBar::setActions(QAction* back, QAction* forward, QAction* pin) {
    bind(m_back, back);
    bind(m_forward, forward);
    bind(m_pin, pin);
    restyle();
}

void ContextBar::bind(QToolButton* button, QAction* action) {
    if (!action) return;
    // Not setDefaultAction: the icon is the bar's own, since it says whether the head is pinned.
    const auto follow = [button, action] {
        button->setEnabled(action->isEnabled());
        button->setToolTip(action->toolTip());
        button->setAccessibleName(action->toolTip().section(QLatin1Char('\n'), 0, 0));
    };
    connect(action, &QAction::changed, button, follow);
    connect(button, &QToolButton::clicked, action, &QAction::trigger);
    follow();
}

void ContextBar::setPin(bool available, bool pinned) {
    m_pinned = pinned;
    m_pin->setVisible(available);
    restyle();
}

void ContextBar::restyle() {
    for (ContextField* f : m_fields) f->updateGeometry();
    setFixedHeight(std::max(45, field(ContextItem::Model)->sizeHint().height() + 1));
    m_back->setIcon(Theme::instance().icon(QStringLiteral("back")));
    m_forward->setIcon(Theme::instance().icon(QStringLiteral("forward")));
    m_pin->setIcon(Theme::instance().icon(m_pinned ? QStringLiteral("pin-filled") : QStringLiteral("pin"),
                                          m_pinned ? Role::Pinned : Role::Text2));
    update();
}

void ContextBar::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.fillRect(rect(), theme.color(Role::Surface));
    painter.setPen(theme.color(Role::Border));
    painter.drawLine(0, height() - 1, width(), height() - 1);
    for (const ContextItem item : {ContextItem::Model, ContextItem::Plan, ContextItem::Length}) {
        const int x = field(item)->geometry().right() + 1;
        painter.drawLine(x, 10, x, height() - 11);
    }
    const int x = field(ContextItem::Head)->geometry().left() - 4;
    painter.drawLine(x, 10, x, height() - 11);
}

} // namespace moa
