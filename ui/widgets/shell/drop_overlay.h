// What a drag over the window shows: the window lights up and names what a drop would do.
#pragma once

#include <QWidget>

namespace moa {

class DropOverlay : public QWidget {
    Q_OBJECT
public:
    explicit DropOverlay(QWidget* window);

    /// Covers its parent.
    void showFor(const QString& what);
    const QString& text() const { return m_text; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
};

} // namespace moa
