// A short word or number in a soft rounded box: "Saving held by Q22", "stale".
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

namespace moa {

class Chip : public QWidget {
    Q_OBJECT
public:
    explicit Chip(QWidget* parent = nullptr);
    /// `ink` on `soft`, e.g. Role::Sparse on Role::SparseSoft. Empty text hides the chip.
    void setText(const QString& text, Role ink, Role soft);
    const QString& text() const { return m_text; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
    Role m_ink = Role::Text2, m_soft = Role::Sunken;
};

} // namespace moa
