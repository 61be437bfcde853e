// Map between two lines of words.
#include "ui/views/compare_needle_panel.h"

#include "ui/widgets/compare/needle_map.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

CompareNeedlePanel::CompareNeedlePanel(NeedleModel& model, QWidget* parent)
    : Panel(tr("Needle"), parent), m_model(model), m_task(new QComboBox), m_show(new SegmentedControl(tr("Show"))), m_note(new QLabel),
      m_chosen(new QLabel), m_map(new NeedleMap), m_empty(new EmptyState), m_run(new QPushButton), m_open(new QPushButton(tr("Open cell"))) {
    for (const char* task : {"lines", "facts", "passkey"}) m_task->addItem(QLatin1String(task));
    m_task->setAccessibleName(tr("Task"));
    m_show->addSegment(tr("Sparse"), tr("Score under the plan"));
    m_show->addSegment(tr("Dense"), tr("Score of dense attention"));
    m_show->addSegment(u"Δ"_s, tr("Score under the plan less that of dense attention"));
    addHeaderWidget(m_task);
    addHeaderWidget(m_show);
    for (QPushButton* button : {m_run, m_open}) button->setProperty("small", true);
    m_open->setToolTip(tr("Compares on the cell's prompt up to the divergence, and blames heads for it"));
    auto* foot = new QHBoxLayout;
    foot->setSpacing(8);
    foot->addWidget(m_chosen, 1);
    foot->addWidget(m_open);
    foot->addWidget(m_run);
    body()->setContentsMargins(10, 8, 10, 8);
    body()->setSpacing(6);
    m_note->setWordWrap(true);
    body()->addWidget(m_empty, 1);
    body()->addWidget(m_note);
    body()->addWidget(m_map, 1);
    body()->addLayout(foot);
    connect(m_empty, &EmptyState::primaryClicked, &model, &NeedleModel::measure);
    connect(m_task, &QComboBox::currentTextChanged, &model, &NeedleModel::setTask);
    connect(m_show, &SegmentedControl::chosen, this, [this](int index) { m_map->setShow(NeedleMap::Show(index)); });
    connect(m_run, &QPushButton::clicked, &model, [this] { m_model.job() != nullptr ? m_model.cancel() : m_model.measure(); });
    connect(m_open, &QPushButton::clicked, this, &CompareNeedlePanel::askToOpen);
    connect(m_map, &NeedleMap::opened, this, &CompareNeedlePanel::askToOpen);
    connect(m_map, &NeedleMap::chosen, this, &CompareNeedlePanel::refreshChosen);
    connect(&model, &NeedleModel::changed, this, &CompareNeedlePanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &CompareNeedlePanel::refresh);
    refresh();
}

void CompareNeedlePanel::askToOpen() {
    const int columns = m_map->tableShape().width();
    if (columns > 0) emit openAsked(m_map->current() / columns, m_map->current() % columns);
}

void CompareNeedlePanel::refresh() {
    const NeedleQuestion& question = m_model.question();
    QStringList depths, lengths;
    for (int d = 0; d < question.depths; ++d) depths << tr("%1%").arg(m_model.depthPercent(d));
    for (const int n : question.lengths) lengths << paint::axisTokens(n);
    std::vector<NeedleMap::Cell> cells;
    for (int d = 0; d < question.depths; ++d)
        for (int k = 0; k < int(question.lengths.size()); ++k) {
            const NeedleValue* value = m_model.cell(d, k);
            cells.push_back(value == nullptr ? NeedleMap::Cell{} : NeedleMap::Cell{value->dense, value->sparse});
        }
    const bool empty = question.lengths.empty();
    m_map->setVisible(!empty);
    if (!empty) m_map->setCells(depths, lengths, std::move(cells));
    const QString obstacle = m_model.obstacle();
    const bool runs = m_model.job() != nullptr;
    styleLabel(m_note, TextStyle::Caption, m_model.isStale() ? Role::Warn : Role::Text2);
    m_note->setText(m_model.isStale() ? tr("Measured before the plan was edited.") : tr("Score of 100. Colour is the change from dense."));
    m_empty->setSentence(!obstacle.isEmpty() ? obstacle : tr("Hides a fact at ten depths of prompts up to N, and asks for it dense and under the plan."));
    m_empty->setPrimary(empty && obstacle.isEmpty() ? tr("Run grid") : QString());
    m_empty->setVisible(empty);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_note, m_chosen, m_run}) widget->setVisible(!empty);
    m_run->setText(runs ? tr("Stop") : m_model.hasCells() && !m_model.isComplete() && !m_model.isStale() ? tr("Go on") : tr("Run grid"));
    m_run->setEnabled(runs || obstacle.isEmpty());
    m_task->setEnabled(!runs);
    m_show->setVisible(!empty);
    refreshChosen();
}

void CompareNeedlePanel::refreshChosen() {
    styleLabel(m_chosen, TextStyle::Key, Role::Text);
    const int columns = m_map->tableShape().width();
    const NeedleValue* value = columns == 0 ? nullptr : m_model.cell(m_map->current() / columns, m_map->current() % columns);
    m_open->setEnabled(value != nullptr && m_model.job() == nullptr && m_model.obstacle().isEmpty());
    m_open->setVisible(columns > 0);
    m_chosen->setText(value == nullptr ? QString()
                                       : tr("%1%, %2: %3, dense %4")
                                             .arg(m_model.depthPercent(value->depth))
                                             .arg(paint::axisTokens(value->length))
                                             .arg(std::lround(value->sparse))
                                             .arg(std::lround(value->dense)));
}

} // namespace moa
