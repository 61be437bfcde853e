// "Start from a plan": the strip above the rule editor while no plan is in use.
#pragma once

#include <QWidget>

class QLabel;

namespace moa {

class ActionRegistry;

class PlanStart : public QWidget {
    Q_OBJECT
public:
    explicit PlanStart(ActionRegistry& actions, QWidget* parent = nullptr);

signals:
    void searchRequested();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void restyle();
    QLabel* m_text;
};

} // namespace moa
