// The palette's line, list, preview and place.
#include "ui/widgets/shell/command_palette.h"

#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/palette_delegate.h"
#include "ui/widgets/shell/palette_model.h"

#include <QAccessible>
#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

constexpr int kWidth = 760;

} // namespace

CommandPalette::CommandPalette(QWidget* window) : QWidget(window) {
    m_model = new PaletteModel(this);
    m_line = new QLineEdit;
    m_line->setFrame(false);
    m_line->setPlaceholderText(tr("Find an action, head, plan or run"));
    m_line->installEventFilter(this);
    m_count = new QLabel;
    m_top = new QWidget;
    auto* top = new QHBoxLayout(m_top);
    top->setContentsMargins(44, 8, 14, 8);
    top->addWidget(m_line, 1);
    top->addWidget(m_count);
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new PaletteDelegate(m_list));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setMouseTracking(true);
    m_list->setAccessibleName(tr("Results"));
    m_nothing = new QLabel(tr("Nothing matches. Fewer letters find more."));
    m_nothing->setContentsMargins(18, 12, 18, 12);
    m_hints = new QLabel(tr("Up, Down choose     Enter runs     Tab previews on the page     Esc closes"));
    m_filters = new QLabel(tr("> @ # :  filter by actions, heads, plans, runs"));
    m_foot = new QWidget;
    auto* foot = new QHBoxLayout(m_foot);
    foot->setContentsMargins(18, 6, 14, 8);
    foot->addWidget(m_hints);
    foot->addStretch(1);
    foot->addWidget(m_filters);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kShadow + 1, kShadow + 1, kShadow + 1, kShadow + 1);
    column->setSpacing(0);
    column->addWidget(m_top);
    column->addSpacing(5);
    column->addWidget(m_list, 1);
    column->addWidget(m_nothing);
    column->addSpacing(5);
    column->addWidget(m_foot);
    connect(m_line, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_model->setQuery(text);
        chooseRow(m_model->firstItem());
        place();
    });
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) {
        chooseRow(index.row());
        runCurrent();
    });
    connect(&Theme::instance(), &Theme::changed, this, &CommandPalette::restyle);
    hide();
    restyle();
}

CommandPalette::~CommandPalette() = default;

void CommandPalette::addSource(PaletteSource source) {
    m_model->addSource(std::move(source));
}

void CommandPalette::open(const QString& query) {
    if (!isVisible()) {
        m_focusBefore = QApplication::focusWidget();
        qApp->installEventFilter(this); // a press outside closes
    }
    m_model->refresh();
    m_line->setText(query);
    m_model->setQuery(query); // also where the text was the same before
    chooseRow(m_model->firstItem());
    place();
    show();
    raise();
    m_line->setFocus(Qt::PopupFocusReason);
    m_line->setCursorPosition(int(query.size()));
}

void CommandPalette::dismiss() {
    if (!isVisible()) return;
    undoPreview();
    qApp->removeEventFilter(this);
    const bool hadFocus = isAncestorOf(QApplication::focusWidget());
    hide();
    if (hadFocus && m_focusBefore) m_focusBefore->setFocus(Qt::PopupFocusReason);
}

void CommandPalette::place() {
    const QSize room = parentWidget()->size();
    const int rows = m_model->rowCount();
    int content = 0;
    for (int i = 0; i < rows && content < room.height(); ++i) content += m_list->sizeHintForRow(i);
    m_list->setVisible(rows > 0);
    m_nothing->setVisible(rows == 0);
    const int fixed = 2 * (kShadow + 1) + 10 + m_top->sizeHint().height() + m_foot->sizeHint().height() +
                      (rows == 0 ? m_nothing->sizeHint().height() : 0);
    const int wide = std::min(kWidth, room.width() - 40) + 2 * kShadow;
    const int top = int(room.height() * 0.15);
    const int high = std::min(fixed + content + 2, room.height() - top - 24);
    setGeometry((room.width() - wide) / 2, top - kShadow, wide, high);
    const int both = m_hints->sizeHint().width() + m_filters->sizeHint().width() + 60;
    m_filters->setVisible(both < wide - 2 * kShadow);
    raise(); // above notices
}

void CommandPalette::chooseRow(int row) {
    if (!m_model->item(row)) row = -1;
    m_list->setCurrentIndex(m_model->index(row));
    if (row >= 0) {
        // With the heading above the first item in sight.
        m_list->scrollTo(m_model->index(row == m_model->firstItem() ? 0 : row));
    }
    updateText();
}

void CommandPalette::choose(int step) {
    const int rows = m_model->rowCount();
    if (m_model->firstItem() < 0) return;
    int row = m_list->currentIndex().row();
    do row = (row + step + rows) % rows;
    while (!m_model->item(row));
    chooseRow(row);
}

void CommandPalette::updateText() {
    const int results = m_model->resultCount();
    m_count->setText(results == 1 ? tr("1 result") : tr("%1 results").arg(QLocale().toString(results)));
    const PaletteItem* item = m_model->item(m_list->currentIndex().row());
    QString name = tr("Command palette, %1").arg(m_count->text());
    if (item) {
        name = tr("%1, %2").arg(name, item->title);
        if (!item->enabled) name = tr("%1, not available: %2").arg(name, item->reason);
    }
    m_line->setAccessibleName(name);
    setAccessibleName(name);
    QAccessibleEvent event(m_line, QAccessible::NameChanged);
    QAccessible::updateAccessibility(&event);
}

void CommandPalette::runCurrent() {
    const PaletteItem* there = m_model->item(m_list->currentIndex().row());
    if (!there || !there->enabled) return;
    const PaletteItem item = *there;
    m_previewing = false; // what was shown is now what is wanted
    dismiss();
    emit activated(item);
}

void CommandPalette::preview() {
    const PaletteItem* item = m_model->item(m_list->currentIndex().row());
    if (!item || !item->enabled) return;
    undoPreview();
    m_previewing = true;
    emit previewed(*item);
}

bool CommandPalette::undoPreview() {
    if (!m_previewing) return false;
    m_previewing = false;
    emit previewUndone();
    return true;
}

bool CommandPalette::lineKey(int key) {
    const int page = std::max(1, m_list->viewport()->height() / std::max(1, m_list->sizeHintForRow(0)) - 1);
    switch (key) {
    case Qt::Key_Down:
        choose(1);
        return true;
    case Qt::Key_Up:
        choose(-1);
        return true;
    case Qt::Key_PageDown:
        for (int i = 0; i < page; ++i) choose(1);
        return true;
    case Qt::Key_PageUp:
        for (int i = 0; i < page; ++i) choose(-1);
        return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        runCurrent();
        return true;
    case Qt::Key_Tab:
        preview();
        return true;
    case Qt::Key_Backtab:
        undoPreview();
        return true;
    case Qt::Key_Escape:
        if (!undoPreview()) dismiss();
        return true;
    default:
        return false;
    }
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_line && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (lineKey(key->key())) return true;
    } else if (event->type() == QEvent::MouseButtonPress && isVisible()) {
        // By place, not by receiver: a press that a child ignores goes on to its parents.
        const auto* pressed = qobject_cast<QWidget*>(watched);
        const QPoint at = mapFromGlobal(static_cast<QMouseEvent*>(event)->globalPosition().toPoint());
        if (pressed && pressed->window() == window() && !rect().contains(at)) dismiss();
    }
    return QWidget::eventFilter(watched, event);
}

void CommandPalette::restyle() {
    const Theme& theme = Theme::instance();
    QFont typed = theme.font(TextStyle::Body);
    typed.setPixelSize(16);
    m_line->setFont(typed);
    m_line->setStyleSheet(
        QStringLiteral("QLineEdit, QLineEdit:focus { border: 0; padding: 2px 0; background: %1; }")
            .arg(theme.color(Role::Raised).name()));
    m_list->setStyleSheet(
        QStringLiteral("QListView { background: %1; }").arg(theme.color(Role::Raised).name()));
    for (QLabel* label : {m_count, m_hints, m_filters}) styleLabel(label, TextStyle::Caption, Role::Text2);
    styleLabel(m_nothing, TextStyle::Body, Role::Text2);
    if (isVisible()) place();
    update();
}

void CommandPalette::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    const QRectF box = QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow);
    drawPopover(painter, box);
    drawIcon(painter, QStringLiteral("magnifier"), Role::Accent,
             {box.left() + 26, m_top->geometry().center().y() + 0.5}, 18);
    painter.setPen(theme.color(Role::Grid));
    const int above = m_top->geometry().bottom() + 1, below = m_foot->geometry().top() - 1;
    painter.drawLine(int(box.left()) + 1, above, int(box.right()) - 2, above);
    painter.drawLine(int(box.left()) + 1, below, int(box.right()) - 2, below);
}

} // namespace moa
