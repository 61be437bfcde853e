// The line's and the boxes' gestures as one undo step each.
#include "ui/views/plan_rule_panel.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/spin_arrows.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kEditRestMs = 500;

} // namespace

PlanRulePanel::PlanRulePanel(PlanDesk& desk, ActionRegistry& actions, QWidget* parent)
    : Panel(tr("Rule"), parent), m_desk(desk), m_line(new RuleLine) {
    const auto tool = [&](const QString& id) {
        auto* button = new QToolButton;
        if (QAction* action = actions.action(id)) button->setDefaultAction(action);
        button->setAutoRaise(true);
        addHeaderWidget(button);
        return button;
    };
    m_undo = tool(u"edit.undo"_s);
    m_redo = tool(u"edit.redo"_s);
    m_pin = new QPushButton(tr("Pin head"));
    m_pin->setProperty("small", true);
    m_pin->setToolTip(tr("Keep the rule of the selected heads as it is, here and in every search (P)"));
    addHeaderWidget(m_pin);
    connect(m_pin, &QPushButton::clicked, &desk, &PlanDesk::togglePins);
    body()->setSpacing(8);
    body()->addWidget(numbersRow());
    body()->addWidget(m_line, 1);
    body()->addWidget(applyRow());
    connectLine();
    connectNumbers();
    connect(&Theme::instance(), &Theme::changed, this, &PlanRulePanel::restyle);
    restyle();
}

QWidget* PlanRulePanel::numbersRow() {
    m_alpha = new QSpinBox;
    m_alpha->setGroupSeparatorShown(true);
    m_alpha->setSuffix(tr(" α"));
    m_alpha->setAccessibleName(tr("Alpha, tokens"));
    m_alpha->setToolTip(tr("α: tokens of the span at any length"));
    m_beta = new QDoubleSpinBox;
    m_beta->setDecimals(4);
    m_beta->setRange(0, 1);
    m_beta->setSuffix(tr(" β"));
    m_beta->setAccessibleName(tr("Beta, share of the length"));
    m_beta->setToolTip(tr("β: how much the span grows per token of the length"));
    for (QAbstractSpinBox* box : {static_cast<QAbstractSpinBox*>(m_alpha), static_cast<QAbstractSpinBox*>(m_beta)}) {
        box->setKeyboardTracking(false);
        new SpinArrows(box);
        box->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    }
    m_plus = new QLabel(u"+"_s);
    m_times = new QLabel(tr("× N"));
    m_snap = new QCheckBox(tr("Snap to grid"));
    m_snap->setChecked(true);
    m_snap->setToolTip(tr("Drags move α by 1/32 of N and β by 0.125; off: by 64 tokens (also while Ctrl is held)"));
    m_span = new QLabel;
    const auto line = [](std::initializer_list<QWidget*> widgets, int stretchAfter) {
        auto* part = new QWidget;
        auto* row = new QHBoxLayout(part);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(8);
        for (QWidget* widget : widgets) row->addWidget(widget);
        row->insertStretch(stretchAfter, 1);
        return part;
    };
    auto* box = new QWidget;
    m_numbers = new QBoxLayout(QBoxLayout::LeftToRight, box);
    m_numbers->setContentsMargins(0, 0, 0, 0);
    m_numbers->setSpacing(8);
    m_numbers->addWidget(line({m_alpha, m_plus, m_beta, m_times}, 4));
    m_numbers->addWidget(line({m_snap, m_span}, 1), 1);
    return box;
}

void PlanRulePanel::setNarrow(bool narrow) {
    m_numbers->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_applyLabel->setVisible(!narrow);
}

QWidget* PlanRulePanel::applyRow() {
    m_applyLabel = new QLabel(tr("Apply to"));
    m_applyTo = new SegmentedControl(tr("Apply to"));
    m_applyTo->addSegment(tr("This head"));
    m_applyTo->addSegment(tr("Same rule"), tr("All heads that have this rule now"));
    m_applyTo->addSegment(tr("Layer"), tr("All heads of this layer"));
    m_applyTo->addSegment(tr("Selection"), tr("All heads selected in the matrix"));
    connect(m_applyTo, &SegmentedControl::chosen, this, [this](int index) { m_desk.setApplyTo(ApplyTo(index)); });
    auto* box = new QWidget;
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(m_applyLabel);
    row->addWidget(m_applyTo);
    row->addStretch(1);
    return box;
}

void PlanRulePanel::connectLine() {
    PlanDocument& document = m_desk.document();
    connect(m_line, &RuleLine::dragBegan, this, [this, &document](RuleLine::Part part) {
        document.beginGestureOf(m_desk.targets(), part == RuleLine::Part::Beta ? tr("Drag β") : tr("Drag α"));
    });
    connect(m_line, &RuleLine::ruleDragged, this, [&document](double alpha, double beta) { document.preview({alpha, beta}); });
    connect(m_line, &RuleLine::dragEnded, &document, &PlanDocument::endGesture);
    connect(m_line, &RuleLine::dragCancelled, &document, &PlanDocument::cancelGesture);
    connect(m_line, &RuleLine::stepped, this, [this, &document](RuleLine::Part part, double alpha, double beta) {
        document.setRule(m_desk.targets(), {alpha, beta}, part == RuleLine::Part::Beta ? tr("Step β") : tr("Step α"));
    });
    connect(&document, &PlanDocument::refused, m_line, &RuleLine::refuse);
    connect(m_snap, &QCheckBox::toggled, m_line, &RuleLine::setSnaps);
}

void PlanRulePanel::connectNumbers() {
    PlanDocument& document = m_desk.document();
    m_idle.setSingleShot(true);
    m_idle.setInterval(kEditRestMs);
    connect(&m_idle, &QTimer::timeout, &document, &PlanDocument::endGesture);
    const auto edit = [this, &document] {
        // The other number as the rule has it: the box may show it rounded.
        const Rule now = document.rule(m_desk.current());
        if (!document.isInGesture() && !document.beginGestureOf(m_desk.targets(), tr("Edit rule"))) return refreshNumbers();
        m_idle.start();
        if (sender() == m_alpha)
            document.preview({double(m_alpha->value()), now.beta});
        else
            document.preview({now.alpha, m_beta->value()});
    };
    const auto finish = [this, &document] {
        if (!m_idle.isActive()) return;
        m_idle.stop();
        document.endGesture();
    };
    connect(m_alpha, &QSpinBox::valueChanged, this, edit);
    connect(m_beta, &QDoubleSpinBox::valueChanged, this, edit);
    connect(m_alpha, &QSpinBox::editingFinished, this, finish);
    connect(m_beta, &QDoubleSpinBox::editingFinished, this, finish);
}

RuleLine::Scene PlanRulePanel::scene() const {
    const PlanDocument& document = m_desk.document();
    const SparsePlan& plan = document.plan();
    const HeadRef head = m_desk.current();
    const std::int64_t n = m_desk.length();
    RuleLine::Scene scene;
    scene.rule = widestRule(plan, head, n);
    scene.sink = plan.sink;
    scene.n = n;
    scene.pinned = document.isPinned(head);
    for (const auto& curves : m_desk.workspace().profile()) scene.profiled.push_back(curves->length());
    std::map<Rule, QStringList> layer;
    for (int g = 0; g < plan.kvHeads; ++g)
        if (g != head.kvHead) layer[widestRule(plan, {head.layer, g}, n)] << tr("KV%1").arg(g);
    constexpr qsizetype kNamed = 4;
    for (const auto& [rule, names] : layer)
        scene.layer.push_back({rule, names.size() > kNamed ? tr("%1 heads").arg(names.size()) : names.join(u' ')});
    if (const SparsePlan* other = m_desk.compared())
        if (const Rule rule = widestRule(*other, head, n); rule != scene.rule && rule != Rule{0, 1})
            scene.compared = RuleLine::Other{rule, m_desk.comparedName()};
    return scene;
}

void PlanRulePanel::refreshNumbers() {
    const Rule rule = widestRule(m_desk.document().plan(), m_desk.current(), m_desk.length());
    const QSignalBlocker quietAlpha(m_alpha), quietBeta(m_beta);
    const int reach = int(roundUpToBlock(m_desk.length()));
    const int most = std::max(reach, int(std::lround(std::abs(rule.alpha))));
    m_alpha->setRange(-most, most);
    m_alpha->setSingleStep(int(m_desk.alphaStep()));
    m_beta->setSingleStep(PlanDesk::kBetaStep);
    m_alpha->setValue(int(std::lround(rule.alpha)));
    m_beta->setValue(rule.beta);
    const std::int64_t span = std::min(m_desk.document().span(m_desk.current(), m_desk.length()), m_desk.length());
    m_span->setText(tr("S = %1").arg(paint::count(span)));
    m_span->setAccessibleName(tr("Span %1").arg(paint::count(span)));
}

void PlanRulePanel::refresh() {
    const HeadRef head = m_desk.current();
    setTitle(tr("Rule, L%1 · KV%2").arg(head.layer).arg(head.kvHead));
    m_line->setGrid(double(m_desk.alphaStep()), PlanDesk::kBetaStep);
    m_line->setScene(scene());
    refreshNumbers();
    const bool pinned = m_desk.document().isPinned(head);
    m_alpha->setEnabled(!pinned);
    m_beta->setEnabled(!pinned);
    const QString pin = pinned ? tr("Unpin head") : tr("Pin head");
    if (m_pin->text() == pin) return;
    m_pin->setText(pin);
    restyle();
}

void PlanRulePanel::restyle() {
    const Theme& theme = Theme::instance();
    m_pin->setIcon(theme.icon(m_desk.document().isPinned(m_desk.current()) ? u"unpin"_s : u"pin"_s, Role::Pinned));
    m_undo->setIcon(theme.icon(u"undo"_s, Role::Text2));
    m_redo->setIcon(theme.icon(u"redo"_s, Role::Text2));
    const QFontMetrics metrics(theme.font(TextStyle::Body));
    m_alpha->setFixedWidth(metrics.horizontalAdvance(tr("%1 α").arg(paint::count(-100000))) + SpinArrows::kWidth + 18);
    m_beta->setFixedWidth(metrics.horizontalAdvance(tr("%1 β").arg(paint::number(0.125, 4))) + SpinArrows::kWidth + 18);
    for (QLabel* label : {m_plus, m_times}) styleLabel(label, TextStyle::Body, Role::Text2);
    styleLabel(m_applyLabel, TextStyle::Table, Role::Text2);
    styleLabel(m_span, TextStyle::Title, Role::Sparse);
}

} // namespace moa
