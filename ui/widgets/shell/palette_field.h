// The field at the right of the menu bar that opens the command palette. It looks like a search field and is
// a button: the palette takes the typing.
#pragma once

#include <QAbstractButton>

namespace moa {

class PaletteField : public QAbstractButton {
    Q_OBJECT
public:
    explicit PaletteField(QWidget* parent = nullptr);

    void setKey(const QString& key);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_key;
};

} // namespace moa
