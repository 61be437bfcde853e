#include "ui/widgets/history/facet_list.h"

#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QLocale>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QStyledItemDelegate>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBox = 15, kPad = 12, kGap = 8, kAboveHeading = 10;

class FacetDelegate : public QStyledItemDelegate {
public:
    explicit FacetDelegate(FacetList& list) : QStyledItemDelegate(&list), m_list(list) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const FacetEntry& entry = m_list.entries()[std::size_t(index.row())];
        const Theme& theme = Theme::instance();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        if (entry.isHeading) {
            if (index.row() > 0) {
                painter->setPen(theme.color(Role::Grid));
                painter->drawLine(QPointF(option.rect.left() + kPad, option.rect.top() + 3.5), QPointF(option.rect.right() - kPad, option.rect.top() + 3.5));
            }
            drawText(*painter, QRectF(option.rect).adjusted(kPad, kAboveHeading, -kPad, 0), entry.title, TextStyle::Key, Role::Text2);
            painter->restore();
            return;
        }
        if (option.state & QStyle::State_MouseOver) painter->fillRect(option.rect, theme.color(Role::Hover));
        const QRectF row(option.rect);
        paintBox(*painter, QRectF(row.left() + kPad, row.center().y() - kBox / 2.0, kBox, kBox), entry.isChosen);
        const QString count = QLocale().toString(entry.count);
        const int numbers = textWidth(count, TextStyle::Table);
        drawText(*painter, row.adjusted(0, 0, -kPad, 0), count, TextStyle::Table, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
        const QRectF room = row.adjusted(kPad + kBox + kGap, 0, -kPad - numbers - kGap, 0);
        const QFontMetrics font(theme.font(TextStyle::Table));
        drawText(*painter, room, font.elidedText(entry.title, Qt::ElideMiddle, int(room.width())), TextStyle::Table, Role::Text);
        if (option.state & QStyle::State_HasFocus && m_list.hasFocus()) drawFocusRing(*painter, row.adjusted(6, 3, -6, -3));
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const override {
        const bool heading = m_list.entries()[std::size_t(index.row())].isHeading;
        return {120, Theme::instance().rowHeight(TextStyle::Table) + (heading ? kAboveHeading : 0)};
    }

private:
    static void paintBox(QPainter& painter, const QRectF& box, bool checked) {
        const Theme& theme = Theme::instance();
        painter.setPen(QPen(theme.color(checked ? Role::Accent : Role::Control), 1));
        painter.setBrush(theme.color(checked ? Role::Accent : Role::Surface));
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
        if (!checked) return;
        painter.setPen(QPen(theme.color(Role::OnAccent), 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.drawPolyline(QPolygonF({box.topLeft() + QPointF(4, 7.7), box.topLeft() + QPointF(6.6, 10.4), box.topLeft() + QPointF(11.2, 4.8)}));
    }
    FacetList& m_list;
};

} // namespace

FacetList::FacetList(QWidget* parent) : QListWidget(parent) {
    setAccessibleName(tr("Filter"));
    setItemDelegate(new FacetDelegate(*this));
    setFrameShape(QFrame::NoFrame);
    setMouseTracking(true);
    setSelectionMode(NoSelection);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(ScrollPerPixel);
    setEditTriggers(NoEditTriggers);
    connect(&Theme::instance(), &Theme::changed, this, [this] { scheduleDelayedItemsLayout(); });
}

void FacetList::setEntries(std::vector<FacetEntry> entries) {
    if (entries == m_entries) return;
    const int row = currentRow();
    const FacetEntry now = row >= 0 && row < int(m_entries.size()) ? m_entries[std::size_t(row)] : FacetEntry{};
    const int scrolled = verticalScrollBar()->value();
    const QSignalBlocker quiet(this);
    const bool sameRows = entries.size() == m_entries.size();
    m_entries = std::move(entries);
    if (!sameRows) {
        clear();
        for (std::size_t i = 0; i < m_entries.size(); ++i) new QListWidgetItem(this);
    }
    for (int i = 0; i < int(m_entries.size()); ++i) {
        const FacetEntry& entry = m_entries[std::size_t(i)];
        QListWidgetItem* line = item(i);
        line->setFlags(entry.isHeading ? Qt::NoItemFlags : Qt::ItemIsEnabled | Qt::ItemIsSelectable);
        line->setData(Qt::AccessibleTextRole, entry.isHeading     ? entry.title
                                              : entry.isChosen ? tr("%1, %2 runs, chosen").arg(entry.title).arg(entry.count)
                                                               : tr("%1, %2 runs").arg(entry.title).arg(entry.count));
        line->setToolTip(entry.isHeading ? QString() : u"<p style='white-space:pre-wrap'>"_s + entry.title.toHtmlEscaped() + u"</p>"_s);
    }
    setCurrentRow(rowOf(now.field, now.value));
    scheduleDelayedItemsLayout();
    verticalScrollBar()->setValue(scrolled);
    viewport()->update();
}

int FacetList::rowOf(const QString& field, const QString& value) const {
    const auto at = std::ranges::find_if(m_entries, [&](const FacetEntry& e) { return !e.isHeading && e.field == field && e.value == value; });
    return at == m_entries.end() ? -1 : int(at - m_entries.begin());
}

void FacetList::toggleRow(int row) {
    if (row < 0 || row >= int(m_entries.size()) || m_entries[std::size_t(row)].isHeading) return;
    const FacetEntry entry = m_entries[std::size_t(row)]; // the answer makes the list anew
    emit toggled(entry.field, entry.value);
}

void FacetList::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space || event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return toggleRow(currentRow());
    QListWidget::keyPressEvent(event);
}

void FacetList::mouseReleaseEvent(QMouseEvent* event) {
    QListWidget::mouseReleaseEvent(event);
    if (event->button() != Qt::LeftButton) return;
    const QModelIndex at = indexAt(event->pos());
    if (at.isValid()) toggleRow(at.row());
}

void FacetList::focusInEvent(QFocusEvent* event) {
    QListWidget::focusInEvent(event);
    if (currentRow() < 0 && count() > 1) setCurrentRow(1);
}

} // namespace moa
