// Painting of the load stages.
#include "ui/widgets/model/load_stages.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

namespace moa {

LoadStages::LoadStages(QWidget* parent) : QWidget(parent) {
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void LoadStages::setStages(const std::vector<LoadStage>& stages) {
    m_stages = stages;
    QStringList said;
    for (const LoadStage& stage : stages)
        said.append(stage.fraction >= 1 ? tr("%1 done").arg(stage.title)
                                        : stage.fraction > 0 ? tr("%1 running").arg(stage.title) : stage.title);
    setAccessibleName(said.join(QStringLiteral(", ")));
    update();
}

QSize LoadStages::sizeHint() const {
    const Theme& theme = Theme::instance();
    int width = 0;
    for (const LoadStage& stage : m_stages) width = std::max(width, textWidth(stage.title, TextStyle::Key));
    return {(width + 34) * std::max(1, int(m_stages.size())), 10 + theme.rowHeight(TextStyle::Key) + theme.rowHeight(TextStyle::Caption) - 6};
}

void LoadStages::paintEvent(QPaintEvent*) {
    if (m_stages.empty()) return;
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double slot = double(width() + 10) / double(m_stages.size());
    for (std::size_t i = 0; i < m_stages.size(); ++i) {
        const LoadStage& stage = m_stages[i];
        const bool done = stage.fraction >= 1, begun = stage.fraction > 0;
        const QRectF track(slot * double(i), 0, slot - 10, 6);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(track, 3, 3);
        painter.setBrush(theme.color(done ? Role::Ok : Role::Accent));
        painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(track.width() * std::min(1.0, stage.fraction), 6)), 3, 3);
        double left = track.left();
        const QRectF title(left, 10, track.width(), theme.rowHeight(TextStyle::Key) - 4);
        if (done) {
            drawIcon(painter, QStringLiteral("check"), Role::Ok, QPointF(left + 7, title.center().y()), 14);
            left += 18;
        }
        drawText(painter, QRectF(left, title.top(), track.width(), title.height()), stage.title, TextStyle::Key,
                 begun ? Role::Text : Role::Text3);
        drawText(painter, QRectF(left, title.bottom(), track.width(), theme.rowHeight(TextStyle::Caption) - 4), stage.note,
                 TextStyle::Caption, Role::Text2);
    }
}

} // namespace moa
