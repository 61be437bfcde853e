// A small raised box of names and numbers about one point: the read-out of a canvas.
#pragma once

#include "ui/widgets/theme.h"

#include <QList>
#include <QWidget>

namespace moa {

class ReadOut : public QWidget {
    Q_OBJECT
public:
    struct Line {
        QString label, value;
        Role role = Role::Text; ///< of the value; the label is grey unless the role is not Text
        bool operator==(const Line&) const = default;
    };

    explicit ReadOut(QWidget* parent = nullptr);
    /// E.g. "Query 32,448 · key 9,152". Widens to what the text needs; numbers never elide.
    void setContent(const QString& title, const QList<Line>& lines);
    const QString& title() const { return m_title; }
    const QList<Line>& lines() const { return m_lines; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_title;
    QList<Line> m_lines;
};

} // namespace moa
