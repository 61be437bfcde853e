// Names and values of a run under headings, a line each; long values lose their middle and say all in a tooltip. Arrows walk
// over the lines, Ctrl+C copies a value, Enter follows one that leads to a run.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct RunFact {
    QString name, value;
    QString full = {};       ///< of the tooltip and of Ctrl+C; empty: the value
    Role role = Role::Text;  ///< of the value
    bool isMono = false, isHeading = false;
    qint64 run = 0;          ///< a click goes there; 0: nowhere
    QString middle = {};     ///< between name and value, e.g. a measure
    bool operator==(const RunFact&) const = default;
};

class RunFacts : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit RunFacts(const QString& name, QWidget* parent = nullptr);

    void setFacts(std::vector<RunFact> facts);
    const std::vector<RunFact>& facts() const { return m_facts; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }

    int itemCount() const override { return int(m_facts.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }

signals:
    void runAsked(qint64 run);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int top(int index) const;
    int height(int index) const;
    int at(int y) const; ///< −1: none
    void walk(int step);

    std::vector<RunFact> m_facts;
    int m_current = 0;
};

} // namespace moa
