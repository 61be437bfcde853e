// Layout and frame of a panel.
#include "ui/widgets/panel.h"

#include "ui/widgets/tab_order.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPixmap>
#include <QResizeEvent>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

/// What a scrolling body asks for at most: a share of a low window, more of a high one, px.
int mostAsked(int windowHeight) {
    return std::max(windowHeight * 14 / 100, windowHeight - 620); // four of them fit into a column of the lowest window
}

/// As high as its content where the window is high enough for that; never narrower than the content.
class BodyScroll : public QScrollArea {
public:
    using QScrollArea::QScrollArea;
    QSize sizeHint() const override {
        const int wanted = widget()->sizeHint().width();
        return {wanted, contentHeight(isVisible() ? width() : wanted)};
    }
    QSize minimumSizeHint() const override {
        const int least = widget()->minimumSizeHint().width();
        return {least, std::min(contentHeight(isVisible() ? width() : least), mostAsked(window()->height()))};
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override {
        const bool seen = QScrollArea::eventFilter(watched, event);
        if (watched == widget() && event->type() == QEvent::LayoutRequest) updateGeometry();
        return seen;
    }
    void resizeEvent(QResizeEvent* event) override {
        QScrollArea::resizeEvent(event);
        if (event->oldSize().width() != event->size().width()) updateGeometry(); // its lines may break elsewhere
    }

private:
    int contentHeight(int width) const {
        return widget()->hasHeightForWidth() ? widget()->heightForWidth(width) : widget()->sizeHint().height();
    }
};

} // namespace

void paintPanelFrame(QPainter& painter, const QRect& rect) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(Role::Border));
    painter.setBrush(theme.color(Role::Surface));
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), metrics::kPanelRadius,
                            metrics::kPanelRadius);
    painter.restore();
}

Panel::Panel(const QString& title, QWidget* parent) : QWidget(parent) {
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(1, 1, 1, 1);
    outer->setSpacing(0);
    m_headerBox = new QWidget;
    m_header = new QHBoxLayout(m_headerBox);
    m_header->setContentsMargins(metrics::kPad, 0, 8, 0);
    m_header->setSpacing(8);
    m_mark = new QLabel;
    m_mark->hide();
    m_title = new QLabel;
    m_title->setTextFormat(Qt::PlainText);
    m_note = new QLabel;
    m_note->setTextFormat(Qt::PlainText);
    m_note->hide();
    m_menu = new QMenu(this);
    m_menuButton = new QToolButton;
    m_menuButton->setPopupMode(QToolButton::InstantPopup);
    m_menuButton->setMenu(m_menu);
    m_menuButton->hide();
    m_header->addWidget(m_mark);
    m_header->addWidget(m_title);
    m_header->addWidget(m_note);
    m_header->addStretch(1);
    m_header->addWidget(m_menuButton);
    m_body = new QVBoxLayout;
    m_body->setSpacing(0);
    setBodyMargins(metrics::kPad);
    outer->addWidget(m_headerBox);
    outer->addSpacing(1); // the rule under the header
    outer->addLayout(m_body, 1);
    setTitle(title);
    connect(&Theme::instance(), &Theme::changed, this, &Panel::restyle);
    restyle();
}

void Panel::setTitle(const QString& title) {
    m_title->setText(title);
    setAccessibleName(title);
    m_menuButton->setAccessibleName(tr("More actions of %1").arg(title));
    m_menuButton->setToolTip(m_menuButton->accessibleName());
}

void Panel::setMark(Role role) {
    m_markRole = role;
    m_mark->show();
    restyle();
}

void Panel::setNote(const QString& note) {
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

void Panel::addHeaderWidget(QWidget* widget) {
    QWidget* before = m_note;
    for (int i = 0; i + 1 < m_header->count(); ++i)
        if (QWidget* stands = m_header->itemAt(i)->widget()) before = stands;
    m_header->insertWidget(m_header->count() - 1, widget);
    tabAfter(before, widget);
}

QMenu* Panel::menu() {
    m_menuButton->show();
    return m_menu;
}

void Panel::setBodyMargins(int px) {
    m_body->setContentsMargins(px, px, px, px);
}

void Panel::scrollBody() {
    auto* scroll = new BodyScroll;
    auto* content = new QWidget;
    layout()->removeItem(m_body);
    m_body->setParent(nullptr);
    content->setLayout(m_body);
    scroll->setWidget(content);
    content->setAutoFillBackground(false); // setWidget() had turned it on
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus); // what is in it has it, and is brought into view
    scroll->viewport()->setAutoFillBackground(false);
    static_cast<QVBoxLayout*>(layout())->addWidget(scroll, 1);
}

void Panel::restyle() {
    const Theme& theme = Theme::instance();
    m_title->setFont(theme.font(TextStyle::PanelTitle));
    m_note->setFont(theme.font(TextStyle::Table));
    QPalette palette = m_note->palette();
    palette.setColor(QPalette::WindowText, theme.color(Role::Text2));
    m_note->setPalette(palette);
    if (m_markRole) {
        constexpr int kMark = 10;
        QPixmap square(kMark, kMark);
        square.fill(theme.color(*m_markRole));
        m_mark->setPixmap(square);
    }
    m_headerBox->setFixedHeight(theme.panelHeaderHeight());
    m_menuButton->setIcon(theme.icon(QStringLiteral("more"), Role::Text2));
    update();
}

void Panel::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    paintPanelFrame(painter, rect());
    painter.setPen(theme.color(Role::Grid));
    painter.drawLine(1, m_headerBox->geometry().bottom() + 1, width() - 2, m_headerBox->geometry().bottom() + 1);
}

} // namespace moa
