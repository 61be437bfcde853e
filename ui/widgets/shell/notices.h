// Notices of finished jobs: at most three at the bottom right for 8 seconds each, longer while the pointer or
// the focus is on one; all of them stay under the bell. Frameless children of the window.
#pragma once

#include <QDateTime>
#include <QPointer>
#include <QString>
#include <QTimer>
#include <QWidget>

#include <functional>
#include <vector>

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace moa {

struct NoticeAction {
    QString text;
    std::function<void()> run;
};

struct Notice {
    QString title;                             ///< "Profile finished, 64k"
    QString text = {};                         ///< "50 samples in 9 min 46 s. Influence is ready."
    NoticeAction primary = {}, secondary = {}; ///< no text: no button
    bool failed = false;                       ///< the job ended early; the icon says so
    QDateTime at = {};                         ///< set by NoticeStack::post
};

/// One notice on show.
class NoticeCard : public QWidget {
    Q_OBJECT
public:
    NoticeCard(const Notice& notice, QWidget* parent);
    static constexpr int kWidth = 368; ///< without its shadow
    void setLifetime(int ms);

signals:
    void finished(); ///< its time is over, or it was closed

protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    bool isHeld() const;
    void resume();
    void restyle();
    void addButtons(QVBoxLayout* column);

    QLabel *m_title, *m_text;
    QToolButton* m_close;
    Notice m_notice;
    QTimer m_timer;
};

class NoticeStack : public QObject {
    Q_OBJECT
public:
    static constexpr int kMostShown = 3, kMostKept = 100, kLifetimeMs = 8000;

    /// `window` is where the cards lie, `bottomInset` px above its lower edge (the status bar).
    explicit NoticeStack(QWidget* window);
    void setBottomInset(int px);
    void setLifetime(int ms) { m_lifetime = ms; } ///< of notices posted later

    void post(Notice notice);
    /// Newest first.
    const std::vector<Notice>& kept() const { return m_kept; }
    int unread() const { return m_unread; }
    int shown() const { return int(m_cards.size()); }
    /// Opens the list under the bell, or closes it; the notices in it count as read.
    void toggleList();
    void clear();

signals:
    void unreadChanged(int unread);
    /// Posted while the window was not active: the desktop may be told.
    void postedUnseen(const QString& title, const QString& text);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void place();
    void closeList();
    void drop(NoticeCard* card);
    void setUnread(int unread);

    QWidget* m_window;
    std::vector<Notice> m_kept;
    std::vector<QPointer<NoticeCard>> m_cards; ///< oldest first
    QPointer<QWidget> m_list;
    int m_inset = 30, m_unread = 0, m_lifetime = kLifetimeMs;
};

} // namespace moa
