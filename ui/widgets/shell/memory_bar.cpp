// Drawing of the memory bar.
#include "ui/widgets/shell/memory_bar.h"

#include "ui/widgets/shell/painting.h"

#include <QFontMetrics>
#include <QLocale>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kBarWidth = 150, kLeastBar = 48, kBarHeight = 8;

} // namespace

QString gibText(quint64 bytes) {
    const double gib = double(bytes) / double(1ull << 30);
    return QLocale().toString(gib, 'f', gib < 1 ? 2 : 1);
}

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setUse({});
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void MemoryBar::setUse(const MemoryUse& use) {
    m_use = use;
    setAccessibleName(tr("Memory, %1").arg(numbers()));
    setToolTip(use.plan > 0
                   ? tr("%1 in use, %2 GiB of it the plan's KV cache").arg(numbers(), gibText(use.plan))
                   : tr("%1 in use").arg(numbers()));
    updateGeometry();
    update();
}

void MemoryBar::setNumbersShown(bool on) {
    m_numbers = on;
    updateGeometry();
    update();
}

QString MemoryBar::numbers() const {
    return m_use.total == 0 ? tr("not known")
                            : tr("%1 of %2 GiB").arg(gibText(m_use.used), gibText(m_use.total));
}

QSize MemoryBar::sizeHint() const {
    const int height = std::max(20, QFontMetrics(Theme::instance().font(TextStyle::Table)).height());
    return {(m_numbers ? kBarWidth : kLeastBar) + numbersWidth(), height};
}

QSize MemoryBar::minimumSizeHint() const {
    return {kLeastBar + numbersWidth(), sizeHint().height()};
}

int MemoryBar::numbersWidth() const {
    return m_numbers ? 8 + textWidth(numbers(), TextStyle::Table) : 0;
}

void MemoryBar::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const qreal width = this->width() - numbersWidth();
    const QRectF bar(0.5, height() / 2.0 - kBarHeight / 2.0, width - 1, kBarHeight);
    painter.setPen(theme.isHighContrast() ? QPen(theme.color(Role::Border)) : Qt::NoPen);
    painter.setBrush(theme.color(Role::Sunken));
    painter.drawRoundedRect(bar, 3, 3);
    if (m_use.total > 0) {
        const auto share = [&](quint64 bytes) {
            return std::min(1.0, double(bytes) / double(m_use.total)) * bar.width();
        };
        painter.setPen(Qt::NoPen);
        const qreal used = share(m_use.used);
        if (used > 0) {
            painter.setBrush(theme.color(Role::Strong));
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), std::max(used, 3.0), bar.height()), 3, 3);
        }
        const qreal plan = std::min(share(m_use.plan), used);
        if (plan > 0) {
            painter.setBrush(theme.color(Role::Sparse));
            painter.drawRect(QRectF(bar.left() + used - std::max(plan, 2.0), bar.top(), std::max(plan, 2.0),
                                    bar.height()));
        }
    }
    if (m_numbers)
        drawText(painter, {width + 8, 0, this->width() - width - 8, qreal(height())}, numbers(),
                 TextStyle::Table, Role::Text2);
}

} // namespace moa
