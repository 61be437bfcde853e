// The line where a prompt, or a further message to both sides, is typed.
#pragma once

#include <QWidget>

class QLineEdit;
class QPushButton;

namespace moa {

class CompareMessage : public QWidget {
    Q_OBJECT
public:
    explicit CompareMessage(QWidget* parent = nullptr);
    /// `isFollowUp`: a conversation goes on; else it begins. `reason`: why nothing can be sent now; empty: it can.
    void setPurpose(bool isFollowUp, const QString& reason);
    QLineEdit& line() { return *m_line; }

signals:
    void sent(const QString& text); ///< not empty

private:
    void send();
    QLineEdit* m_line;
    QPushButton* m_send;
};

} // namespace moa
