// Cards of the welcome page.
#include "ui/views/model_welcome.h"

#include "ui/views/model_sidebar.h"
#include "ui/widgets/model/page_guide.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kCards = 3; ///< what fits side by side in the narrowest window

/// What can be opened with one click. Whoever calls connects the button.
QPushButton* addCard(QHBoxLayout& cards, const QString& title, const QString& detail, const QString& button) {
    auto* card = new Panel(title);
    auto* text = new QLabel(detail);
    text->setWordWrap(true);
    styleLabel(text, TextStyle::Table, Role::Text2);
    auto* open = new QPushButton(button);
    card->body()->setSpacing(12);
    card->body()->addWidget(text);
    card->body()->addStretch(1);
    card->body()->addWidget(open, 0, Qt::AlignLeft);
    cards.addWidget(card, 1);
    return open;
}

void addLastWorkspace(QHBoxLayout& cards, QAction& restore, const QString& detail) {
    if (cards.count() == kCards) {
        QLayoutItem* leastUseful = cards.takeAt(kCards - 1);
        leastUseful->widget()->hide();
        leastUseful->widget()->deleteLater();
        delete leastUseful;
    }
    QPushButton* button = addCard(cards, ModelWelcome::tr("Last workspace"), detail, ModelWelcome::tr("Restore workspace"));
    button->setToolTip(restore.toolTip());
    QObject::connect(button, &QPushButton::clicked, &restore, &QAction::trigger);
}

} // namespace

ModelWelcome::ModelWelcome(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_models(models), m_cards(new QHBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    auto* drop = new DropZone(tr("Drop a model to begin"),
                              tr("A folder with safetensors, or one file, GGUF too. It is read in place and never copied.\n"
                                 "You see what it needs in memory before anything is loaded."), true);
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
    column->addWidget(drop, 1);
    m_cards->setSpacing(metrics::kGutter);
    column->addLayout(m_cards);
    auto* pages = new Panel(tr("How the pages build on each other"));
    auto* guide = new PageGuide;
    guide->setLines({{u"model"_s, tr("Model"), tr("Memory before load, device, eject"), tr("ready"), true, u"Ctrl+1"_s},
                     {u"inspect"_s, tr("Inspect"), tr("What each head sees and what its window hides"), tr("needs a model"),
                      false, u"Ctrl+2"_s}});
    pages->body()->addWidget(guide);
    column->addWidget(pages);
    const auto refresh = [this, last = actions.action(u"workspace.last"_s),
                          detail = actions.spec(u"workspace.last"_s) != nullptr ? actions.spec(u"workspace.last"_s)->detail : QString()] {
        refreshCards();
        if (last != nullptr && last->isEnabled()) addLastWorkspace(*m_cards, *last, detail);
    };
    connect(&m_models, &QAbstractItemModel::rowsInserted, this, refresh);
    connect(&m_models, &QAbstractItemModel::rowsRemoved, this, refresh);
    connect(&Theme::instance(), &Theme::changed, this, refresh);
    refresh();
}

void ModelWelcome::refreshCards() {
    while (QLayoutItem* item = m_cards->takeAt(0)) {
        if (item->widget() != nullptr) {
            item->widget()->hide(); // it may outlive this by a turn of the event loop
            item->widget()->deleteLater();
        }
        delete item;
    }
    for (int row = 0; row < std::min(kCards, m_models.rowCount()); ++row) {
        const QModelIndex index = m_models.index(row);
        const QString name = index.data().toString(), path = index.data(ModelList::PathRole).toString();
        QPushButton* open = addCard(*m_cards, name, index.data(ModelList::DetailRole).toString(),
                                    row == 0 ? tr("Open %1").arg(name) : tr("Estimate and open"));
        open->setProperty("primary", row == 0);
        connect(open, &QPushButton::clicked, this, [this, path, row] { m_workspace.chooseModel(path, row == 0); });
    }
}

} // namespace moa
