// The line at the foot of the window: device, memory, the running job with pause and Cancel, the queue, and
// at the right autosave, log and notices. Setters in, signals out; it knows a job by its number only.
#pragma once

#include <QWidget>

#include <optional>
#include <vector>

class QLabel;
class QProgressBar;
class QToolButton;

namespace moa {

class ElidingLabel;
class MemoryBar;
struct MemoryUse;

/// One line about a job: "Profiling 64k · 31 of 50 samples", "2 min 14 s left".
struct JobLine {
    quint64 id = 0;
    QString title;
    QString stage = {};    ///< empty: none
    double fraction = -1;  ///< 0 … 1; −1: not known
    QString timeLeft = {}; ///< empty: not known
    bool canPause = false, paused = false;
    bool cancelling = false; ///< asked to stop; Cancel is disabled and says so
};

class StatusBar : public QWidget {
    Q_OBJECT
public:
    explicit StatusBar(QWidget* parent = nullptr);

    /// `icon` of resources/icons ("gpu", "cpu"); `toolTip`: driver and the like.
    void setDevice(const QString& icon, const QString& name, const QString& toolTip = {});
    void setMemory(const MemoryUse& use);
    /// nullopt: nothing runs, the idle text shows.
    void setJob(const std::optional<JobLine>& job);
    /// What waits behind it, in order; shown by a button while there is any.
    void setQueue(const std::vector<JobLine>& queue);
    /// "Ready", "Idle. Last job: profile 64k, 09:44:21". `failed`: in the colour and with the icon of an error.
    void setIdleText(const QString& text, bool failed = false);
    /// "Autosaved 09:41:07"; empty: none.
    void setSavedText(const QString& text);
    void setNoticeCount(int unread);

    QToolButton* logButton() const { return m_log; }
    QToolButton* bellButton() const { return m_bell; }

signals:
    void cancelRequested(quint64 jobId);
    void pauseRequested(quint64 jobId, bool pause);
    void logRequested();
    void noticesRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void restyle();
    void showQueue();
    void applyJob();
    void restyleIdle();
    void fit();

    QLabel *m_deviceIcon, *m_jobText, *m_timeLeft, *m_idleIcon, *m_idle, *m_saved;
    ElidingLabel* m_device;
    MemoryBar* m_memory;
    QProgressBar* m_progress;
    QToolButton *m_pause, *m_log, *m_bell, *m_queueButton, *m_cancel;
    QWidget* m_divider;
    std::optional<JobLine> m_job;
    std::vector<JobLine> m_queue;
    QString m_deviceIconName, m_savedText;
    bool m_lastFailed = false;
};

} // namespace moa
