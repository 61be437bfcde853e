#include "ui/widgets/history/query_line.h"

#include "ui/widgets/theme.h"

#include <QAbstractItemView>
#include <QAction>
#include <QCompleter>
#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QSignalBlocker>
#include <QStringListModel>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

QueryLine::QueryLine(QWidget* parent)
    : QLineEdit(parent), m_completer(new QCompleter(this)), m_offers(new QStringListModel(this)), m_icon(addAction(QIcon(), LeadingPosition)) {
    setAccessibleName(tr("Query"));
    setPlaceholderText(tr("kl>0.05 plan:balanced after:2026-01-01"));
    setToolTip(tr("Words, field:value, number>x, \"a phrase\", -not (Ctrl+F). Down: recent queries"));
    setClearButtonEnabled(true);
    setMaxLength(1 << 15);
    m_completer->setModel(m_offers);
    m_completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    m_completer->setWidget(this);
    connect(this, &QLineEdit::textEdited, this, [this](const QString& text) {
        setFault(0, 0); // until the answer says where it is
        emit queryTyped(text);
        emit completionsAsked(text);
    });
    connect(this, &QLineEdit::textChanged, this, [this](const QString& text) { // the clear button is no edit
        if (text.isEmpty()) emit queryTyped(text);
    });
    connect(this, &QLineEdit::returnPressed, this, &QueryLine::committed);
    connect(m_completer, QOverload<const QString&>::of(&QCompleter::activated), this, [this](const QString& text) {
        setText(text);
        emit queryTyped(text);
        emit completionsAsked(text);
    });
    connect(&Theme::instance(), &Theme::changed, this, &QueryLine::restyle);
    restyle();
}

void QueryLine::restyle() {
    setFont(Theme::instance().font(TextStyle::Mono));
    m_icon->setIcon(Theme::instance().icon(u"magnifier"_s, Role::Text3));
    updateGeometry();
}

QSize QueryLine::sizeHint() const {
    return {330, QLineEdit::sizeHint().height()};
}

void QueryLine::setQuery(const QString& query) {
    if (text() == query) return;
    const QSignalBlocker quiet(this);
    setText(query);
}

void QueryLine::offer(const QStringList& queries) {
    // One that is written already needs no offer.
    const bool useless = queries.isEmpty() || (queries.size() == 1 && queries.front() == text());
    m_offers->setStringList(useless ? QStringList() : queries);
    if (useless || !hasFocus()) return m_completer->popup()->hide();
    m_completer->complete();
    m_completer->popup()->setCurrentIndex({}); // Enter means the text as typed, until one is chosen
}

void QueryLine::setFault(qsizetype begin, qsizetype end) {
    if (begin == m_begin && end == m_end) return;
    m_begin = begin;
    m_end = end;
    update();
}

void QueryLine::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Down && !m_completer->popup()->isVisible()) {
        if (text().isEmpty())
            offer(m_recent);
        else
            emit completionsAsked(text());
        return;
    }
    if (event->key() == Qt::Key_Escape && !m_completer->popup()->isVisible() && !text().isEmpty()) return clear();
    QLineEdit::keyPressEvent(event);
}

void QueryLine::paintEvent(QPaintEvent* event) {
    QLineEdit::paintEvent(event);
    if (!hasFault()) return;
    // A wavy line under the part; where the text is scrolled, the cursor's place tells by how much.
    const QFontMetrics metrics(font());
    const int origin = cursorRect().center().x() - metrics.horizontalAdvance(text().left(cursorPosition()));
    const int from = origin + metrics.horizontalAdvance(text().left(m_begin));
    const int to = std::max(origin + metrics.horizontalAdvance(text().left(m_end)), from + 6);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::instance().color(Role::Error), 1.2));
    QPainterPath wave;
    const qreal y = height() - 5.5;
    wave.moveTo(from, y);
    for (int x = from, i = 0; x < to; x += 3, ++i) wave.lineTo(x + 3, y + (i % 2 == 0 ? -2 : 0));
    painter.setClipRect(rect().adjusted(26, 0, -26, 0));
    painter.drawPath(wave);
}

} // namespace moa
