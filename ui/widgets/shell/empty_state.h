// What a panel shows while it has nothing to show: one sentence, one primary button, one shortcut.
#pragma once

#include <QAction>
#include <QPointer>
#include <QWidget>

class QLabel;
class QPushButton;

namespace moa {

class EmptyState : public QWidget {
    Q_OBJECT
public:
    /// `icon` of resources/icons; empty: none.
    explicit EmptyState(const QString& icon = {}, QWidget* parent = nullptr);

    void setSentence(const QString& sentence);
    /// The button does what the action does, is enabled as it is, and names its key below.
    void setPrimary(QAction* action);
    /// Without an action: the button sends `primaryClicked`; an empty text hides it.
    void setPrimary(const QString& text, const QString& key = {});
    /// A second, plain button ("Paste text").
    QPushButton* addSecondary(const QString& text);

signals:
    void primaryClicked();

private:
    void restyle();

    QString m_iconName;
    QPointer<QAction> m_action; ///< what the button stands for
    QLabel *m_icon, *m_sentence, *m_key;
    QPushButton* m_primary;
    QWidget* m_buttons;
};

} // namespace moa
