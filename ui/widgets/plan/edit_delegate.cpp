// Painting of a step by PlanEditsModel's roles.
#include "ui/widgets/plan/edit_delegate.h"

#include "ui/viewmodels/plan_edits_model.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/theme.h"

#include <QPainter>

namespace moa {
namespace {

constexpr int kRail = 16, kText = 30, kDot = 5, kPadY = 5;

} // namespace

void EditDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    using State = PlanEditsModel::State;
    const Theme& theme = Theme::instance();
    const auto state = State(index.data(PlanEditsModel::StateRole).toInt());
    const QRectF box(option.rect);
    painter->save();
    if (state == State::Current)
        painter->fillRect(option.rect, theme.color(Role::AccentSoft));
    else if (option.state & QStyle::State_MouseOver)
        painter->fillRect(option.rect, theme.color(Role::Hover));
    painter->setRenderHint(QPainter::Antialiasing);
    const QPointF dot(box.left() + kRail, box.top() + kPadY + QFontMetrics(theme.font(TextStyle::Table)).height() / 2.0);
    painter->setPen(QPen(theme.color(Role::Border), 1.5));
    const bool isLast = index.row() + 1 == index.model()->rowCount();
    painter->drawLine(QPointF(dot.x(), index.row() == 0 ? dot.y() : box.top()), QPointF(dot.x(), isLast ? dot.y() : box.bottom()));
    painter->setPen(QPen(theme.color(state == State::Current ? Role::Accent : Role::Strong), 1.5));
    painter->setBrush(theme.color(state == State::Current ? Role::Accent : Role::Surface));
    painter->drawEllipse(dot, kDot, kDot);
    const bool undone = state == State::Undone;
    const QString detail = index.data(PlanEditsModel::DetailRole).toString();
    const double line = QFontMetrics(theme.font(TextStyle::Table)).height();
    drawText(*painter, {box.left() + kText, box.top() + kPadY, box.width() - kText - 4, line}, index.data().toString(),
             state == State::Current ? TextStyle::Key : TextStyle::Table, undone ? Role::Text3 : Role::Text);
    double top = box.top() + kPadY + line;
    for (const QString& numbers : detail.split(QLatin1Char('\n'), Qt::SkipEmptyParts)) {
        drawText(*painter, {box.left() + kText, top, box.width() - kText - 4, line}, numbers, TextStyle::Caption, undone ? Role::Text3 : Role::Text2);
        top += line;
    }
    if (option.state & QStyle::State_HasFocus) {
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(theme.color(Role::Accent), 2));
        painter->drawRoundedRect(box.adjusted(2, 2, -2, -2), metrics::kCellRadius, metrics::kCellRadius);
    }
    painter->restore();
}

QSize EditDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    const int line = QFontMetrics(Theme::instance().font(TextStyle::Table)).height();
    const QString detail = index.data(PlanEditsModel::DetailRole).toString();
    const QStringList lines = detail.split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    int wide = textWidth(index.data().toString(), TextStyle::Key);
    for (const QString& numbers : lines) wide = std::max(wide, textWidth(numbers, TextStyle::Caption));
    return {kText + wide + 8, (1 + int(lines.size())) * line + 2 * kPadY};
}

} // namespace moa
