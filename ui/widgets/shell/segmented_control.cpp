// Segments, their keys and their frame.
#include "ui/widgets/shell/segmented_control.h"

#include "ui/widgets/shell/painting.h"
#include "ui/widgets/tab_order.h"

#include <QEvent>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

class Segment : public QAbstractButton {
public:
    explicit Segment(const QString& text) {
        setText(text);
        setCheckable(true);
        setAttribute(Qt::WA_Hover);
        setFocusPolicy(Qt::StrongFocus);
        setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    }
    QSize sizeHint() const override {
        const int line = QFontMetrics(Theme::instance().font(TextStyle::Key)).height();
        return {textWidth(text(), TextStyle::Key) + 18, std::max(22, line + 6)};
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = Theme::instance();
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
        if (isChecked() || (underMouse() && isEnabled())) {
            painter.setPen(isChecked() ? QPen(theme.color(Role::Strong)) : Qt::NoPen);
            painter.setBrush(theme.color(isChecked() ? Role::Surface : Role::Hover));
            painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
        }
        drawText(painter, rect(), text(), isChecked() ? TextStyle::Key : TextStyle::Table,
                 !isEnabled()  ? Role::Text3
                 : isChecked() ? Role::Text
                               : Role::Text2,
                 Qt::AlignCenter);
        if (hasFocus()) drawFocusRing(painter, box.adjusted(2, 2, -2, -2), metrics::kChipRadius - 2);
    }
};

} // namespace

SegmentedControl::SegmentedControl(const QString& name, QWidget* parent) : QWidget(parent) {
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(2, 2, 2, 2);
    m_row->setSpacing(2);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        for (QAbstractButton* segment : m_segments) segment->updateGeometry();
        update();
    });
}

int SegmentedControl::addSegment(const QString& text, const QString& toolTip) {
    auto* made = new Segment(text);
    made->setToolTip(toolTip);
    made->setAccessibleName(text);
    made->installEventFilter(this);
    const int index = count();
    connect(made, &QAbstractButton::clicked, this, [this, index] { choose(index); });
    m_row->addWidget(made);
    tabAfter(m_segments.empty() ? static_cast<QWidget*>(this) : m_segments.back(), made);
    m_segments.push_back(made);
    if (m_current < 0) setCurrent(0);
    return index;
}

void SegmentedControl::clear() {
    for (QAbstractButton* segment : m_segments) {
        segment->hide();
        m_row->removeWidget(segment);
        segment->deleteLater(); // later: it may be the sender
    }
    m_segments.clear();
    m_current = -1;
}

void SegmentedControl::setCurrent(int index) {
    if (index < 0 || index >= count()) return;
    m_current = index;
    for (int i = 0; i < count(); ++i) m_segments[std::size_t(i)]->setChecked(i == index);
}

void SegmentedControl::setSegmentEnabled(int index, bool enabled, const QString& reason) {
    if (index < 0 || index >= count()) return;
    m_segments[std::size_t(index)]->setEnabled(enabled);
    if (!reason.isEmpty() || enabled) m_segments[std::size_t(index)]->setToolTip(reason);
}

void SegmentedControl::choose(int index) {
    const bool moved = index != m_current;
    setCurrent(index); // also where it was current: the click unchecked it
    if (moved) emit chosen(index);
}

bool SegmentedControl::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Right ? 1 : key == Qt::Key_Left ? -1 : 0;
        if (step != 0) {
            const auto at = std::find(m_segments.begin(), m_segments.end(), watched) - m_segments.begin();
            for (auto i = at + step; i >= 0 && i < count(); i += step)
                if (m_segments[std::size_t(i)]->isEnabled()) {
                    m_segments[std::size_t(i)]->setFocus(Qt::TabFocusReason);
                    choose(int(i));
                    break;
                }
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void SegmentedControl::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(Role::Border));
    painter.setBrush(theme.color(Role::Window));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::kControlRadius,
                            metrics::kControlRadius);
}

} // namespace moa
