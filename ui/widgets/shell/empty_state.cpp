// Layout of the empty state.
#include "ui/widgets/shell/empty_state.h"

#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {

EmptyState::EmptyState(const QString& icon, QWidget* parent) : QWidget(parent), m_iconName(icon) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(12);
    column->addStretch(1);
    m_icon = new QLabel;
    m_icon->setAlignment(Qt::AlignCenter);
    m_icon->setVisible(!icon.isEmpty());
    m_sentence = new QLabel;
    m_sentence->setTextFormat(Qt::PlainText);
    m_sentence->setWordWrap(true);
    m_sentence->setAlignment(Qt::AlignCenter);
    m_primary = new QPushButton;
    m_primary->setProperty("primary", true);
    m_primary->hide();
    connect(m_primary, &QPushButton::clicked, this, &EmptyState::primaryClicked);
    m_buttons = new QWidget;
    auto* row = new QHBoxLayout(m_buttons);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addStretch(1);
    row->addWidget(m_primary);
    row->addStretch(1);
    m_key = new QLabel;
    m_key->setAlignment(Qt::AlignCenter);
    m_key->hide();
    for (QWidget* w : std::initializer_list<QWidget*>{m_icon, m_sentence, m_buttons, m_key})
        column->addWidget(w);
    column->addStretch(1);
    restyle();
    connect(&Theme::instance(), &Theme::changed, this, &EmptyState::restyle);
}

void EmptyState::setSentence(const QString& sentence) {
    m_sentence->setText(sentence);
    setAccessibleName(sentence);
}

void EmptyState::setPrimary(QAction* action) {
    if (m_action == action) return;
    if (m_action) {
        disconnect(m_action, nullptr, this, nullptr);
        disconnect(this, &EmptyState::primaryClicked, m_action, nullptr);
    }
    m_action = action;
    const auto follow = [this, action] {
        setPrimary(action->text().section(QLatin1Char('\t'), 0, 0),
                   action->shortcut().toString(QKeySequence::NativeText));
        m_primary->setEnabled(action->isEnabled());
        m_primary->setToolTip(action->toolTip());
    };
    connect(action, &QAction::changed, this, follow);
    connect(this, &EmptyState::primaryClicked, action, &QAction::trigger);
    follow();
}

void EmptyState::setPrimary(const QString& text, const QString& key) {
    m_primary->setText(text);
    m_primary->setVisible(!text.isEmpty());
    m_key->setText(key.isEmpty() ? QString() : tr("or press %1").arg(key));
    m_key->setVisible(!key.isEmpty());
}

QPushButton* EmptyState::addSecondary(const QString& text) {
    auto* button = new QPushButton(text);
    auto* row = static_cast<QHBoxLayout*>(m_buttons->layout());
    row->insertWidget(row->count() - 1, button);
    return button;
}

void EmptyState::restyle() {
    styleLabel(m_sentence, TextStyle::Body, Role::Text2);
    styleLabel(m_key, TextStyle::Caption, Role::Text3);
    if (!m_iconName.isEmpty())
        m_icon->setPixmap(Theme::instance().icon(m_iconName, Role::Accent).pixmap(32, 32));
}

} // namespace moa
