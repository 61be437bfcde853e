// Cards of the welcome page.
#include "ui/views/model_welcome.h"

#include "ui/views/model_sidebar.h"
#include "ui/widgets/model/facts_table.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

ModelWelcome::ModelWelcome(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_models(models), m_cards(new QHBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    auto* drop = new DropZone(tr("Drop a model to begin"),
                              tr("A folder with safetensors, or one file. It is read in place and never copied.\n"
                                 "You see what it needs in memory before anything is loaded."));
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    for (const QString& id : {u"model.open"_s, u"plan.open"_s}) {
        QAction* action = actions.action(id);
        auto* button = new QPushButton(ActionRegistry::plainText(*actions.spec(id)));
        button->setToolTip(action->toolTip());
        connect(button, &QPushButton::clicked, action, &QAction::trigger);
        buttons->addWidget(button);
    }
    buttons->addStretch(1);
    drop->foot()->addLayout(buttons);
    connect(drop, &DropZone::clicked, actions.action(u"model.open"_s), &QAction::trigger);
    column->addWidget(drop, 3);
    m_cards->setSpacing(metrics::kGutter);
    column->addLayout(m_cards);
    auto* pages = new Panel(tr("How the pages build on each other"));
    auto* facts = new FactsTable;
    facts->setFacts({{tr("Model: memory before load, device, eject"), tr("ready · Ctrl+1"), Role::Ok},
                     {tr("Inspect: what each head sees and what its window hides"), tr("needs a model · Ctrl+2"), Role::Text2}});
    pages->body()->addWidget(facts);
    column->addWidget(pages);
    column->addStretch(2);
    connect(&m_models, &QAbstractItemModel::rowsInserted, this, &ModelWelcome::refreshCards);
    connect(&m_models, &QAbstractItemModel::rowsRemoved, this, &ModelWelcome::refreshCards);
    connect(&Theme::instance(), &Theme::changed, this, &ModelWelcome::refreshCards);
    refreshCards();
}

void ModelWelcome::refreshCards() {
    while (QLayoutItem* item = m_cards->takeAt(0)) {
        if (item->widget() != nullptr) item->widget()->deleteLater();
        delete item;
    }
    constexpr int kCards = 3;
    for (int row = 0; row < std::min(kCards, m_models.rowCount()); ++row) {
        const QModelIndex index = m_models.index(row);
        auto* card = new Panel(index.data().toString());
        auto* detail = new QLabel(index.data(ModelList::DetailRole).toString());
        styleLabel(detail, TextStyle::Table, Role::Text2);
        auto* open = new QPushButton(row == 0 ? tr("Open %1").arg(index.data().toString()) : tr("Estimate and open"));
        open->setProperty("primary", row == 0);
        const QString path = index.data(ModelList::PathRole).toString();
        connect(open, &QPushButton::clicked, this, [this, path, row] { m_workspace.chooseModel(path, row == 0); });
        card->body()->setSpacing(12);
        card->body()->addWidget(detail);
        card->body()->addWidget(open, 0, Qt::AlignLeft);
        m_cards->addWidget(card);
    }
}

} // namespace moa
