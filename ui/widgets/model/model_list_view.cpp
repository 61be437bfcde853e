// Rows of the model list and their keys.
#include "ui/widgets/model/model_list_view.h"

#include "ui/viewmodels/model_list.h"
#include "ui/widgets/shell/painting.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>

namespace moa {
namespace {

Role stateRole(const QModelIndex& index) {
    switch (ModelList::StateKind(index.data(ModelList::StateKindRole).toInt())) {
    case ModelList::StateKind::Loading: return Role::Accent;
    case ModelList::StateKind::Loaded: return Role::Ok;
    case ModelList::StateKind::Plain: return Role::Text2;
    }
    return Role::Text2;
}

} // namespace

QSize ModelRowDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    const Theme& theme = Theme::instance();
    return {200, theme.rowHeight(TextStyle::PanelTitle) + theme.rowHeight(TextStyle::Caption) + 4};
}

QRect ModelRowDelegate::ejectRect(const QRect& row) {
    return {row.right() - 36, row.top() + (row.height() - 24) / 2, 24, 24};
}

void ModelRowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::instance();
    painter->save();
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    if (selected) {
        painter->fillRect(option.rect, theme.color(Role::AccentSoft));
        painter->fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), theme.color(Role::Accent));
    } else if (option.state.testFlag(QStyle::State_MouseOver)) {
        painter->fillRect(option.rect, theme.color(Role::Hover));
    }
    const QRect row = option.rect;
    drawIcon(*painter, QStringLiteral("model"), selected ? Role::Accent : Role::Text2,
             QPointF(row.left() + 24, row.center().y()), 18);
    const bool loaded = index.data(ModelList::LoadedRole).toBool();
    const QString state = index.data(ModelList::StateRole).toString();
    const int right = loaded ? ejectRect(row).left() - 4 : row.right() - 12;
    const int stateWidth = textWidth(state, TextStyle::Chip);
    const int left = row.left() + 44;
    const int top = row.top() + 4, first = theme.rowHeight(TextStyle::PanelTitle) - 2;
    const QRectF nameBox(left, top, right - stateWidth - 8 - left, first);
    painter->setFont(theme.font(TextStyle::PanelTitle));
    painter->setPen(theme.color(Role::Text));
    painter->drawText(nameBox, Qt::AlignLeft | Qt::AlignVCenter,
                      painter->fontMetrics().elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideMiddle,
                                                        int(nameBox.width())));
    drawText(*painter, QRectF(right - stateWidth, top, stateWidth, first), state, TextStyle::Chip,
             stateRole(index));
    drawText(*painter, QRectF(left, top + first, right - left, theme.rowHeight(TextStyle::Caption) - 2),
             index.data(ModelList::DetailRole).toString(), TextStyle::Caption, Role::Text2);
    if (loaded) drawIcon(*painter, QStringLiteral("eject"), Role::Text2, ejectRect(row).center(), 16);
    painter->setPen(theme.color(Role::Grid));
    painter->drawLine(row.left() + 12, row.bottom(), row.right() - 12, row.bottom());
    if (selected && option.state.testFlag(QStyle::State_HasFocus))
        drawFocusRing(*painter, QRectF(row).adjusted(4, 4, -4, -5));
    painter->restore();
}

ModelListView::ModelListView(QWidget* parent) : QListView(parent) {
    setItemDelegate(new ModelRowDelegate(this));
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMouseTracking(true);
    setAccessibleName(tr("Models"));
    connect(&Theme::instance(), &Theme::changed, this, [this] { doItemsLayout(), viewport()->update(); });
    connect(this, &QListView::doubleClicked, this,
            [this](const QModelIndex& index) { emit loadAsked(index.data(ModelList::PathRole).toString()); });
}

void ModelListView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QListView::currentChanged(current, previous);
    if (current.isValid()) emit chosen(current.data(ModelList::PathRole).toString());
}

void ModelListView::keyPressEvent(QKeyEvent* event) {
    const QString path = currentIndex().data(ModelList::PathRole).toString();
    if (!path.isEmpty() && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter))
        emit loadAsked(path);
    else if (!path.isEmpty() && event->key() == Qt::Key_Delete)
        emit removeAsked(path);
    else
        QListView::keyPressEvent(event);
}

void ModelListView::mouseReleaseEvent(QMouseEvent* event) {
    const QModelIndex index = indexAt(event->pos());
    if (index.data(ModelList::LoadedRole).toBool() && ModelRowDelegate::ejectRect(visualRect(index)).contains(event->pos()))
        emit ejectAsked();
    else
        QListView::mouseReleaseEvent(event);
}

bool ModelListView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        const QModelIndex index = indexAt(help->pos());
        if (index.isValid())
            QToolTip::showText(help->globalPos(),
                               index.data(ModelList::LoadedRole).toBool() &&
                                       ModelRowDelegate::ejectRect(visualRect(index)).contains(help->pos())
                                   ? tr("Eject (Ctrl+Shift+E)")
                                   : index.data(Qt::ToolTipRole).toString(),
                               this);
        return true;
    }
    return QListView::viewportEvent(event);
}

} // namespace moa
