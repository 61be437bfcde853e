// One line of a file, model or device name that loses its middle where room is short and then has a tooltip.
// Not for numbers: those widen their column.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

namespace moa {

class ElidingLabel : public QWidget {
    Q_OBJECT
public:
    explicit ElidingLabel(const QString& text = {}, QWidget* parent = nullptr);

    void setText(const QString& text);
    const QString& text() const { return m_text; }
    void setStyle(TextStyle style, Role role);
    bool isElided() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void updateToolTip();

    QString m_text;
    TextStyle m_style = TextStyle::Table;
    Role m_role = Role::Text;
};

} // namespace moa
