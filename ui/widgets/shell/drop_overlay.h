// What a drag over the window shows: the window lights up and names what a drop would do.
#pragma once

#include <QWidget>

namespace moa {

class DropOverlay : public QWidget {
    Q_OBJECT
public:
    explicit DropOverlay(QWidget* window);

    /// Covers its parent; `accepted` false: the text says why nothing would happen.
    void showFor(const QString& what, bool accepted);
    const QString& text() const { return m_text; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
    bool m_accepted = true;
};

} // namespace moa
