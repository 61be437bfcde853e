// The rail at the left: one button a page, in the order of the work, and Settings at the foot. A badge says
// that a job of that page runs or that its result is unseen.
#pragma once

#include <QAbstractButton>
#include <QKeySequence>
#include <QWidget>

#include <vector>

class QVBoxLayout;

namespace moa {

/// One entry: icon over title, a bar at the left edge while it is current.
class RailButton : public QAbstractButton {
    Q_OBJECT
public:
    RailButton(const QString& id, const QString& icon, const QString& title, QWidget* parent = nullptr);

    const QString& id() const { return m_id; }
    bool hasBadge() const { return m_badge; }
    /// `why` is read out and shown in the tooltip, e.g. "Search runs".
    void setBadge(bool on, const QString& why = {});
    void setKey(const QKeySequence& key);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    void describe();

    QString m_id, m_icon, m_badgeText;
    QKeySequence m_key;
    bool m_badge = false;
};

class ActivityRail : public QWidget {
    Q_OBJECT
public:
    explicit ActivityRail(QWidget* parent = nullptr);

    void addPage(const QString& id, const QString& icon, const QString& title, const QKeySequence& key);
    /// An entry at the foot that is no page; `activated` is sent for it, it never becomes current.
    void addFoot(const QString& id, const QString& icon, const QString& title, const QKeySequence& key);
    void setCurrent(const QString& id);
    void setBadge(const QString& id, bool on, const QString& why = {});
    RailButton* button(const QString& id) const; ///< nullptr: no such entry

signals:
    void activated(const QString& id);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    RailButton* make(const QString& id, const QString& icon, const QString& title, const QKeySequence& key);
    void restyle();

    QVBoxLayout* m_column;
    std::vector<RailButton*> m_pages, m_foot;
};

} // namespace moa
