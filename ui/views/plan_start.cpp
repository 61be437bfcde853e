// A sentence and three ways in.
#include "ui/views/plan_start.h"

#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>

namespace moa {

using namespace Qt::StringLiterals;

PlanStart::PlanStart(ActionRegistry& actions, QWidget* parent) : QWidget(parent), m_text(new QLabel(tr("Start from a plan."))) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(metrics::kPad, 6, 8, 6);
    row->setSpacing(8);
    m_text->setWordWrap(true);
    row->addWidget(m_text, 1);
    const auto add = [&](const QString& text, bool primary) {
        auto* button = new QPushButton(text);
        button->setProperty("small", true);
        button->setProperty("primary", primary);
        row->addWidget(button);
        return button;
    };
    const auto follow = [&](QPushButton* button, const QString& id) {
        QAction* action = actions.action(id);
        if (action == nullptr) return button->hide();
        button->setToolTip(action->toolTip());
        connect(button, &QPushButton::clicked, action, &QAction::trigger);
    };
    follow(add(tr("Uniform 50%"), true), u"plan.uniform"_s);
    connect(add(tr("Search"), false), &QPushButton::clicked, this, &PlanStart::searchRequested);
    follow(add(tr("Import plan…"), false), u"plan.import"_s);
    connect(&Theme::instance(), &Theme::changed, this, &PlanStart::restyle);
    restyle();
}

void PlanStart::restyle() {
    styleLabel(m_text, TextStyle::Table, Role::Text2);
}

void PlanStart::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintPanelFrame(painter, rect());
}

} // namespace moa
