// Layout and states of the status bar.
#include "ui/widgets/shell/status_bar.h"

#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QProgressBar>
#include <QToolButton>

#include <algorithm>

namespace moa {
namespace {

/// A vertical hairline between two groups.
class Divider : public QWidget {
public:
    using QWidget::QWidget;
    QSize sizeHint() const override { return {1, 16}; }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter(this).fillRect(0, 6, 1, height() - 12, Theme::instance().color(Role::Border));
    }
};

QToolButton* toolButton(const char* name) {
    auto* made = new QToolButton;
    made->setObjectName(QLatin1String(name));
    made->setAutoRaise(true);
    made->setIconSize({14, 14});
    made->setFixedHeight(metrics::kSmallControl);
    return made;
}

QLabel* plainLabel() {
    auto* made = new QLabel;
    made->setTextFormat(Qt::PlainText);
    return made;
}

} // namespace

StatusBar::StatusBar(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Status"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(metrics::kPad, 1, 8, 0);
    row->setSpacing(8);
    m_deviceIcon = new QLabel;
    m_device = new ElidingLabel;
    m_memory = new MemoryBar;
    m_divider = new Divider;
    m_idleIcon = new QLabel;
    m_idle = plainLabel();
    m_jobText = plainLabel();
    m_progress = new QProgressBar;
    m_progress->setTextVisible(false);
    m_progress->setMinimumWidth(40);
    m_progress->setMaximumWidth(140);
    m_progress->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_timeLeft = plainLabel();
    m_pause = toolButton("status.pause");
    m_cancel = toolButton("status.cancel");
    m_cancel->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_queueButton = toolButton("status.queue");
    m_queueButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_saved = plainLabel();
    m_log = toolButton("status.log");
    m_log->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_log->setText(tr("Log"));
    m_log->setToolTip(tr("What the program did"));
    m_bell = toolButton("status.bell");
    m_bell->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    for (QWidget* w :
         std::initializer_list<QWidget*>{m_deviceIcon, m_device, m_memory, m_divider, m_idleIcon, m_idle,
                                         m_jobText, m_progress, m_timeLeft, m_pause, m_cancel, m_queueButton})
        row->addWidget(w);
    row->addStretch(1);
    for (QWidget* w :
         {static_cast<QWidget*>(m_saved), static_cast<QWidget*>(m_log), static_cast<QWidget*>(m_bell)})
        row->addWidget(w);
    connect(m_pause, &QToolButton::clicked, this, [this] {
        if (m_job) emit pauseRequested(m_job->id, !m_job->paused);
    });
    connect(m_cancel, &QToolButton::clicked, this, [this] {
        if (m_job) emit cancelRequested(m_job->id);
    });
    connect(m_queueButton, &QToolButton::clicked, this, &StatusBar::showQueue);
    connect(m_log, &QToolButton::clicked, this, &StatusBar::logRequested);
    connect(m_bell, &QToolButton::clicked, this, &StatusBar::noticesRequested);
    connect(&Theme::instance(), &Theme::changed, this, &StatusBar::restyle);
    restyle(); // before any part is shown: a font set between two polishes of a style sheet is lost
    setDevice(QStringLiteral("cpu"), tr("CPU"));
    setMemory({});
    setIdleText(tr("Ready"));
    setNoticeCount(0);
    setSavedText({});
    setQueue({});
    setJob({});
}

void StatusBar::setDevice(const QString& icon, const QString& name, const QString& toolTip) {
    m_deviceIconName = icon;
    m_device->setText(name);
    m_deviceIcon->setToolTip(toolTip);
    m_deviceIcon->setAccessibleName(tr("Device"));
    m_deviceIcon->setPixmap(Theme::instance().icon(icon, Role::Ok).pixmap(16, 16));
}

void StatusBar::setMemory(const MemoryUse& use) {
    m_memory->setUse(use);
    m_memory->setVisible(use.total > 0);
}

void StatusBar::setJob(const std::optional<JobLine>& job) {
    m_job = job;
    applyJob();
}

void StatusBar::applyJob() {
    const bool runs = m_job.has_value();
    for (QWidget* w : std::initializer_list<QWidget*>{m_jobText, m_progress, m_cancel}) w->setVisible(runs);
    m_idleIcon->setVisible(!runs);
    m_idle->setVisible(!runs);
    m_timeLeft->setVisible(runs && !m_job->timeLeft.isEmpty());
    m_pause->setVisible(runs && m_job->canPause);
    if (!runs) return;
    const JobLine& job = *m_job;
    m_jobText->setText(job.stage.isEmpty() ? job.title : tr("%1 · %2").arg(job.title, job.stage));
    const bool known = job.fraction >= 0;
    m_progress->setRange(0, known ? 1000 : 0);
    if (known) m_progress->setValue(int(std::clamp(job.fraction, 0.0, 1.0) * 1000));
    m_progress->setAccessibleName(job.title);
    m_timeLeft->setText(job.timeLeft);
    const QString verb = job.paused ? tr("Resume %1") : tr("Pause %1");
    m_pause->setIcon(Theme::instance().icon(job.paused ? QStringLiteral("play") : QStringLiteral("pause")));
    m_pause->setToolTip(verb.arg(job.title));
    m_pause->setAccessibleName(verb.arg(job.title));
    m_cancel->setText(job.cancelling ? tr("Cancelling") : tr("Cancel"));
    m_cancel->setEnabled(!job.cancelling);
    m_cancel->setAccessibleName(tr("Cancel %1").arg(job.title));
    m_cancel->setToolTip(tr("Stops %1 and keeps what it has finished (Shift+F5)").arg(job.title));
    fit();
}

void StatusBar::setQueue(const std::vector<JobLine>& queue) {
    m_queue = queue;
    m_queueButton->setVisible(!queue.empty());
    m_queueButton->setText(tr("%1 queued").arg(queue.size()));
    m_queueButton->setToolTip(tr("Jobs that wait for the device"));
}

void StatusBar::showQueue() {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const JobLine& job : m_queue) {
        QAction* line =
            menu->addAction(Theme::instance().icon(QStringLiteral("cancel")), tr("Cancel %1").arg(job.title));
        connect(line, &QAction::triggered, this, [this, id = job.id] { emit cancelRequested(id); });
    }
    menu->popup(m_queueButton->mapToGlobal(QPoint(0, -menu->sizeHint().height())));
}

void StatusBar::setIdleText(const QString& text, bool failed) {
    m_idle->setText(text);
    m_lastFailed = failed;
    restyleIdle();
}

void StatusBar::restyleIdle() {
    styleLabel(m_idle, TextStyle::Table, m_lastFailed ? Role::Error : Role::Text2);
    const QString icon = m_lastFailed ? QStringLiteral("error") : QStringLiteral("check");
    m_idleIcon->setPixmap(Theme::instance().icon(icon, m_lastFailed ? Role::Error : Role::Ok).pixmap(14, 14));
    m_idleIcon->setAccessibleName(m_lastFailed ? tr("Failed") : tr("No error"));
}

void StatusBar::setSavedText(const QString& text) {
    m_savedText = text;
    m_saved->setText(text);
    fit();
}

void StatusBar::setNoticeCount(int unread) {
    m_bell->setText(QString::number(unread));
    const QString name = unread == 1 ? tr("1 new notice") : tr("%1 new notices").arg(unread);
    m_bell->setAccessibleName(name);
    m_bell->setToolTip(name);
}

void StatusBar::restyle() {
    const Theme& theme = Theme::instance();
    m_device->setStyle(TextStyle::Key, Role::Text);
    styleLabel(m_jobText, TextStyle::Key, Role::Text);
    for (QLabel* label : {m_timeLeft, m_saved}) styleLabel(label, TextStyle::Table, Role::Text2);
    m_deviceIcon->setPixmap(theme.icon(m_deviceIconName, Role::Ok).pixmap(16, 16));
    restyleIdle();
    for (QToolButton* button : {m_log, m_bell, m_queueButton, m_cancel})
        button->setFont(theme.font(TextStyle::Table));
    m_log->setIcon(theme.icon(QStringLiteral("log")));
    m_bell->setIcon(theme.icon(QStringLiteral("bell")));
    m_queueButton->setIcon(theme.icon(QStringLiteral("chevron-up")));
    m_progress->setFixedHeight(8);
    m_progress->setStyleSheet(QStringLiteral("QProgressBar { background: %1; border: 0; border-radius: 3px; }"
                                             "QProgressBar::chunk { background: %2; border-radius: 3px; }")
                                  .arg(theme.color(Role::Sunken).name(), theme.color(Role::Accent).name()));
    setFixedHeight(std::max(30, QFontMetrics(theme.font(TextStyle::Table)).height() + 14));
    applyJob();
    update();
}

void StatusBar::fit() {
    // Autosave is the least of these lines: it goes first where room is short.
    m_saved->setVisible(!m_savedText.isEmpty());
    if (layout()->sizeHint().width() > width()) m_saved->hide();
}

void StatusBar::resizeEvent(QResizeEvent*) {
    fit();
}

void StatusBar::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.fillRect(rect(), theme.color(Role::Surface));
    painter.setPen(theme.color(Role::Border));
    painter.drawLine(0, 0, width(), 0);
}

} // namespace moa
