// Enter sends.
#include "ui/views/compare_message.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>

namespace moa {

CompareMessage::CompareMessage(QWidget* parent) : QWidget(parent), m_line(new QLineEdit), m_send(new QPushButton(tr("Send"))) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(m_line, 1);
    row->addWidget(m_send);
    connect(m_line, &QLineEdit::returnPressed, this, &CompareMessage::send);
    connect(m_send, &QPushButton::clicked, this, &CompareMessage::send);
    connect(m_line, &QLineEdit::textChanged, this, [this](const QString& text) { m_send->setEnabled(m_line->isEnabled() && !text.trimmed().isEmpty()); });
    setPurpose(false, {});
}

void CompareMessage::setPurpose(bool isFollowUp, const QString& reason) {
    const QString text = isFollowUp ? tr("Message to both") : tr("Prompt for both");
    m_line->setAccessibleName(text);
    m_line->setPlaceholderText(!reason.isEmpty() ? reason : isFollowUp ? tr("A further message to both…") : tr("Type a prompt for both…"));
    m_line->setEnabled(reason.isEmpty());
    m_send->setEnabled(reason.isEmpty() && !m_line->text().trimmed().isEmpty());
}

void CompareMessage::send() {
    const QString text = m_line->text();
    if (text.trimmed().isEmpty()) return;
    m_line->clear();
    emit sent(text);
}

} // namespace moa
