#include "ui/widgets/history/tag_row.h"

#include "ui/widgets/tab_order.h"

#include <QCompleter>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostTag = 64, kMostShown = 6;
constexpr int kMostWidth = 110;

} // namespace

TagRow::TagRow(QWidget* parent) : QWidget(parent), m_row(new QHBoxLayout), m_field(new QLineEdit) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    m_row->setSpacing(4);
    m_row->addStretch(1);
    column->addLayout(m_row);
    column->addWidget(m_field);
    m_field->setAccessibleName(tr("Add a tag"));
    m_field->setPlaceholderText(tr("Add a tag"));
    m_field->setMaxLength(int(kMostTag));
    connect(m_field, &QLineEdit::returnPressed, this, [this] {
        const QString tag = m_field->text().trimmed();
        m_field->clear();
        if (!tag.isEmpty()) emit added(tag);
    });
}

void TagRow::setWritable(bool on) {
    m_writable = on;
    m_field->setEnabled(on);
    for (QPushButton* button : findChildren<QPushButton*>()) button->setEnabled(on);
}

void TagRow::setKnown(const QStringList& tags) {
    if (tags == m_known) return;
    m_known = tags;
    auto* completer = new QCompleter(tags, m_field);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    delete m_field->completer();
    m_field->setCompleter(completer);
}

void TagRow::setTags(const QStringList& tags) {
    if (tags == m_tags) return;
    m_tags = tags;
    for (QPushButton* button : findChildren<QPushButton*>()) {
        button->hide();
        m_row->removeWidget(button);
        button->deleteLater(); // later: it may be the sender
    }
    QWidget* before = this;
    for (qsizetype i = 0; i < std::min(m_tags.size(), kMostShown); ++i) {
        const QString tag = m_tags[i];
        auto* button = new QPushButton;
        button->setProperty("small", true);
        const QFontMetrics font(button->font());
        button->setText(font.elidedText(QString(tag).replace(u'&', u"&&"_s), Qt::ElideMiddle, kMostWidth) + u" ×"_s);
        button->setAccessibleName(tr("Remove tag %1").arg(tag));
        button->setToolTip(u"<p style='white-space:pre-wrap'>"_s + tr("Remove tag %1").arg(tag).toHtmlEscaped() + u"</p>"_s);
        button->setEnabled(m_writable);
        connect(button, &QPushButton::clicked, this, [this, tag] { emit removed(tag); });
        m_row->insertWidget(int(i), button);
        tabAfter(before, button);
        before = button;
    }
}

} // namespace moa
