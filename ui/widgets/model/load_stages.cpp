// Painting of the load stages.
#include "ui/widgets/model/load_stages.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

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
    updateGeometry();
    update();
}

int LoadStages::stageWidth() const {
    int width = 0;
    for (const LoadStage& stage : m_stages) width = std::max(width, textWidth(stage.title, TextStyle::Key));
    return width + 34;
}

int LoadStages::stageHeight() const {
    const Theme& theme = Theme::instance();
    return 10 + theme.rowHeight(TextStyle::Key) + theme.rowHeight(TextStyle::Caption) - 6;
}

/// As many stages side by side as keep their titles whole.
int LoadStages::columns(int width) const {
    const int count = std::max(1, int(m_stages.size()));
    return std::clamp(width / std::max(1, stageWidth()), 1, count);
}

QSize LoadStages::sizeHint() const {
    return {stageWidth() * std::max(1, int(m_stages.size())), stageHeight()};
}

QSize LoadStages::minimumSizeHint() const {
    return {stageWidth(), stageHeight()};
}

int LoadStages::heightForWidth(int width) const {
    const int across = columns(width), count = std::max(1, int(m_stages.size()));
    return (count + across - 1) / across * stageHeight();
}

void LoadStages::paintEvent(QPaintEvent*) {
    if (m_stages.empty()) return;
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int across = columns(width());
    const double slot = double(width() + 10) / across;
    for (std::size_t i = 0; i < m_stages.size(); ++i) {
        const LoadStage& stage = m_stages[i];
        const bool done = stage.fraction >= 1, begun = stage.fraction > 0;
        const double top = double(int(i) / across) * stageHeight();
        const QRectF track(slot * (int(i) % across), top, slot - 10, 6);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(track, 3, 3);
        painter.setBrush(theme.color(done ? Role::Ok : Role::Accent));
        painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(track.width() * std::min(1.0, stage.fraction), 6)), 3, 3);
        double left = track.left();
        const QRectF title(left, top + 10, track.width(), theme.rowHeight(TextStyle::Key) - 4);
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
