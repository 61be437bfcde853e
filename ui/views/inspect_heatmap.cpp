// The canvas' link to selection and plan; edge drags as gestures of the plan.
#include "ui/views/inspect_heatmap.h"

#include "ui/views/inspect_export.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/inspect/heatmap_strip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStackedLayout>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString ruleText(const Rule& rule) {
    if (rule.beta == 0) return paint::number(rule.alpha, 0);
    const QString slope = rule.beta == 1 ? u"N"_s : u"%1 N"_s.arg(paint::number(rule.beta, 3));
    return rule.alpha == 0 ? slope : u"%1 + %2"_s.arg(paint::number(rule.alpha, 0), slope);
}

} // namespace

InspectHeatmap::InspectHeatmap(InspectModel& model, ActionRegistry& actions, QWidget* parent)
    : Panel(tr("Attention"), parent), m_model(model), m_canvas(new HeatmapCanvas),
      m_group(new SegmentedControl(tr("Query heads"))), m_hint(new QLabel) {
    makeLayers();
    auto* shown = new QWidget;
    auto* column = new QVBoxLayout(shown);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* top = new QHBoxLayout;
    top->addWidget(m_group);
    top->addStretch(1);
    top->addWidget(m_hint);
    column->addLayout(top);
    auto* row = new QHBoxLayout;
    row->setSpacing(12);
    row->addWidget(m_canvas, 1);
    m_strip = new HeatmapStrip;
    m_strip->follow(*m_canvas);
    row->addWidget(m_strip);
    m_legends = menu()->addAction(tr("Legends and viewport"));
    m_legends->setCheckable(true);
    m_legends->setChecked(true);
    connect(m_legends, &QAction::toggled, m_strip, &QWidget::setVisible);
    column->addLayout(row, 1);
    auto* pages = new QWidget;
    m_stack = new QStackedLayout(pages);
    m_stack->addWidget(makeEmpty(actions));
    m_stack->addWidget(shown);
    setBodyMargins(8);
    body()->addWidget(pages, 1);
    m_hint->setText(tr("Drag the edge to change the span. Ctrl+wheel zooms, F fits."));
    m_canvas->setSource(&m_model.attention());
    m_group->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connectCanvas();
    Workspace& workspace = m_model.workspace();
    new PanelExport(*this, workspace, [this] { return heatmapContent(m_model, *m_canvas); });
    connect(&workspace.selection(), &SelectionModel::changed, this, &InspectHeatmap::refreshHead);
    connect(&m_model, &InspectModel::reset, this, &InspectHeatmap::refreshHead);
    connect(&workspace, &Workspace::captureChanged, this, &InspectHeatmap::refreshHead);
    connect(&workspace.plan(), &PlanDocument::changed, this, &InspectHeatmap::refreshMask);
    connect(&m_model, &InspectModel::summaryReady, this, &InspectHeatmap::refreshMask);
    connect(&workspace, &Workspace::influenceChanged, this, &InspectHeatmap::refreshInfluence);
    const auto restyle = [this] { styleLabel(m_hint, TextStyle::Caption, Role::Text2); };
    connect(&Theme::instance(), &Theme::changed, this, restyle);
    restyle();
    refreshHead();
}

void InspectHeatmap::makeLayers() {
    const std::pair<HeatLayer, QString> layers[] = {{HeatLayer::Attention, tr("Attention")},
                                                    {HeatLayer::Influence, tr("Influence")},
                                                    {HeatLayer::Evidence, tr("Masked-out evidence")},
                                                    {HeatLayer::Log, tr("Log")},
                                                    {HeatLayer::HideSink, tr("Hide sink")}};
    const QString keys = u"TIELK"_s;
    for (int i = 0; i < int(std::size(layers)); ++i) {
        auto* box = new QCheckBox(layers[i].second);
        const HeatLayer layer = layers[i].first;
        box->setToolTip(tr("%1 (%2)").arg(layers[i].second, QString(keys[i])));
        box->setChecked(m_canvas->layer(layer));
        connect(box, &QCheckBox::toggled, this, [this, layer](bool on) { m_canvas->setLayer(layer, on); });
        addHeaderWidget(box);
        m_layers.emplace_back(layer, box);
        QAction* action = menu()->addAction(layers[i].second);
        action->setCheckable(true);
        action->setChecked(box->isChecked());
        connect(action, &QAction::toggled, box, &QCheckBox::setChecked);
        connect(box, &QCheckBox::toggled, action, &QAction::setChecked);
        m_layerActions.push_back(action);
    }
    connect(m_canvas, &HeatmapCanvas::layerChanged, this, [this](HeatLayer layer, bool on) {
        for (const auto& [which, box] : m_layers)
            if (which == layer) {
                box->setChecked(on); // the canvas ignores what it has already
            }
    });
}

void InspectHeatmap::setNarrow(bool narrow) {
    for (const auto& [layer, box] : m_layers) box->setVisible(!narrow);
    m_hint->setVisible(!narrow);
    m_legends->setChecked(!narrow); // the picture needs the room; the menu shows them
}

QWidget* InspectHeatmap::makeEmpty(ActionRegistry& actions) {
    auto* empty = new EmptyState(u"inspect"_s);
    const auto refresh = [this, empty, &actions] {
        const bool loaded = m_model.workspace().isLoaded();
        empty->setSentence(loaded ? tr("Choose a prompt to capture attention.") : tr("Load a model to look into its heads."));
        empty->setPrimary(actions.action(loaded ? u"prompt.sample"_s : u"model.load"_s));
    };
    connect(empty->addSecondary(tr("Open a text…")), &QPushButton::clicked, actions.action(u"prompt.open"_s), &QAction::trigger);
    connect(&m_model.workspace(), &Workspace::loadedChanged, empty, refresh);
    connect(&m_model.workspace(), &Workspace::modelChanged, empty, refresh);
    refresh();
    return empty;
}

void InspectHeatmap::connectCanvas() {
    Workspace& workspace = m_model.workspace();
    PlanDocument& plan = workspace.plan();
    connect(m_group, &SegmentedControl::chosen, this,
            [this](int index) { m_model.workspace().selection().selectQueryHead(index - 1); });
    connect(m_canvas, &HeatmapCanvas::crosshairMoved, this,
            [this](int query, int key) { m_model.workspace().selection().pointAt(query, key); });
    connect(m_canvas, &HeatmapCanvas::edgeDragStarted, this, &InspectHeatmap::beginDrag);
    connect(m_canvas, &HeatmapCanvas::edgeRefused, this, &InspectHeatmap::beginDrag); // the plan tells of the pin
    connect(m_canvas, &HeatmapCanvas::edgeDragged, this, &InspectHeatmap::onDrag);
    connect(m_canvas, &HeatmapCanvas::edgeDragFinished, this, [&plan] { plan.endGesture(); });
    connect(m_canvas, &HeatmapCanvas::edgeDragCancelled, this, [&plan] { plan.cancelGesture(); });
    connect(m_canvas, &HeatmapCanvas::stepRequested, this, &InspectHeatmap::step);
    connect(m_canvas, &HeatmapCanvas::pinRequested, this, [this, &plan] {
        const Selection& now = m_model.workspace().selection().now();
        plan.setPinned(now.heads, !plan.isPinned(now.current));
    });
    connect(m_canvas, &HeatmapCanvas::resetRequested, this,
            [this, &plan] { plan.resetRules(m_model.workspace().selection().now().heads); });
    connect(m_canvas, &HeatmapCanvas::widenRequested, this, [this] { m_model.widenToNeeded(m_model.tokens()); });
}

bool InspectHeatmap::beginDrag(MaskEdge edge) {
    PlanDocument& plan = m_model.workspace().plan();
    return edge == MaskEdge::Sink
               ? plan.beginSinkGesture(tr("Drag sink edge"))
               : plan.beginGesture(m_model.workspace().selection().now().current, tr("Drag window edge"));
}

void InspectHeatmap::onDrag(MaskEdge edge, qint64 tokens, Qt::KeyboardModifiers modifiers) {
    PlanDocument& plan = m_model.workspace().plan();
    if (edge == MaskEdge::Sink) return plan.previewSink(int(tokens));
    const std::int64_t n = m_model.tokens();
    const std::int64_t step = modifiers.testFlag(Qt::ControlModifier) ? kBlock : InspectModel::gridStep(n);
    const std::int64_t span = std::clamp<std::int64_t>((tokens + step / 2) / step * step, plan.plan().sink + kBlock,
                                                       roundUpToBlock(n));
    const HeadRef head = m_model.workspace().selection().now().current;
    plan.preview(plan.ruleWithSpan(head, span, n, modifiers.testFlag(Qt::ShiftModifier)));
}

void InspectHeatmap::step(int steps) {
    PlanDocument& plan = m_model.workspace().plan();
    const Selection& now = m_model.workspace().selection().now();
    const std::int64_t n = m_model.tokens(), grid = InspectModel::gridStep(n);
    const std::int64_t span = std::min(plan.span(now.current, n), roundUpToBlock(n));
    const std::int64_t next = std::clamp<std::int64_t>(span + steps * grid, plan.plan().sink + kBlock, roundUpToBlock(n));
    if (next == span) return;
    plan.setRule({now.current}, plan.ruleWithSpan(now.current, next, n, false), steps < 0 ? tr("Narrow") : tr("Widen"));
}

void InspectHeatmap::refreshHead() {
    Workspace& workspace = m_model.workspace();
    const Selection& now = workspace.selection().now();
    const bool comes = m_model.hasCapture() && m_stack->currentIndex() == 0;
    const bool focusComes = comes && m_stack->currentWidget()->isAncestorOf(QApplication::focusWidget());
    m_stack->setCurrentIndex(m_model.hasCapture() ? 1 : 0);
    if (focusComes) m_canvas->setFocus(Qt::OtherFocusReason); // who asked for a prompt looks there
    setTitle(workspace.model() ? tr("L%1 · KV%2").arg(now.current.layer).arg(now.current.kvHead) : tr("Attention"));
    const int group = workspace.model() ? workspace.model()->config.groupSize() : 1;
    const int first = now.current.kvHead * group;
    if (m_groupOf != first || m_group->count() != group + 1) {
        m_groupOf = first;
        m_group->clear();
        m_group->addSegment(tr("Group mean"), tr("Mean over the query heads that share this KV head"));
        for (int h = 0; h < group; ++h) m_group->addSegment(tr("Q%1").arg(first + h));
    }
    m_group->setCurrent(now.queryHead + 1);
    m_group->setVisible(group > 1);
    m_canvas->setCrosshair(now.query, now.key);
    refreshMask();
    refreshInfluence();
}

void InspectHeatmap::refreshMask() {
    const HeadRef head = m_model.workspace().selection().now().current;
    const PlanDocument& plan = m_model.workspace().plan();
    m_canvas->setMask({m_model.window(head), m_model.sink()});
    m_canvas->setHeld(MaskEdge::Window, plan.isPinned(head) ? tr("Pinned. P unpins.") : QString());
    m_canvas->setHeld(MaskEdge::Sink, plan.pins().empty() ? QString() : tr("The sink is the whole plan's, and a head is pinned."));
    m_canvas->setRuleText(ruleText(plan.rule(head)));
    m_strip->setMassKept(m_model.massKept(head));
}

void InspectHeatmap::refreshInfluence() {
    const auto curves = m_model.workspace().influence();
    const Selection& now = m_model.workspace().selection().now();
    std::vector<float> cells;
    int side = 0;
    if (curves && curves->mapCells() > 0 && now.current.layer < curves->layers()) {
        side = curves->mapCells();
        cells.assign(std::size_t(side) * std::size_t(side), 0.f);
        const int group = curves->groupSize();
        for (int h = 0; h < group; ++h) {
            if (now.queryHead >= 0 && h != now.queryHead) continue;
            const auto map = curves->map(LayerIndex(now.current.layer), HeadIndex(now.current.kvHead * group + h));
            for (std::size_t i = 0; i < map.size(); ++i) cells[i] += map[i];
        }
        const float most = *std::ranges::max_element(cells);
        if (most > 0)
            for (float& cell : cells) cell /= most;
    }
    m_canvas->setInfluence(std::move(cells), side);
}

} // namespace moa
