// One row in a frame.
#include "ui/views/compare_controls.h"

#include "ui/widgets/panel.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/segmented_control.h"
#include "ui/widgets/theme.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <QPushButton>
#include <QSpinBox>

namespace moa {

using namespace Qt::StringLiterals;

CompareControls::CompareControls(CompareModel& model, QWidget* parent)
    : QWidget(parent), m_model(model), m_run(new QPushButton), m_step(new QPushButton(tr("Step"))),
      m_divergence(new QPushButton(tr("Run to divergence"))), m_restart(new QPushButton), m_swap(new QPushButton),
      m_feed(new SegmentedControl(tr("Contexts"))), m_most(new QSpinBox),
      m_greedy(new Chip(tr("Greedy"))), m_stale(new Chip(tr("plan edited since"), ChipTone::Warn)), m_flag(new Chip) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(10, 8, 10, 8);
    row->setSpacing(8);
    m_run->setProperty("primary", true);
    m_run->setToolTip(tr("Runs both, or rests after the present token (Space)"));
    m_step->setToolTip(tr("One token in both (Right)"));
    m_divergence->setAccessibleName(tr("Run to divergence"));
    m_divergence->setToolTip(tr("Run to divergence: until both choose different tokens"));
    m_restart->setAccessibleName(tr("Start again"));
    m_restart->setToolTip(tr("Start again: a new conversation with the present prompt and plan"));
    m_most->setRange(1, 1 << 16);
    m_most->setSuffix(tr(" max"));
    m_most->setAccessibleName(tr("Most new tokens"));
    m_most->setToolTip(tr("Most new tokens of the next start"));
    m_feed->addSegment(tr("Each on its own tokens"), tr("Two texts: after the first difference the contexts differ too"));
    m_feed->addSegment(tr("Both on dense tokens"), tr("The sparse side reads the dense text: every token can be compared"));
    m_swap->setToolTip(tr("The edited plan into the running conversation; the weights stay. Narrower windows count at once, wider ones are read again first"));
    m_greedy->setToolTip(tr("Each side takes its likeliest token: equal prompts give equal texts"));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_run, m_step, m_divergence, m_restart, m_feed, m_greedy, m_most}) row->addWidget(widget);
    row->addStretch(1);
    row->addWidget(m_swap);
    row->addWidget(m_stale);
    row->addWidget(m_flag);
    connect(m_run, &QPushButton::clicked, &model, &CompareModel::runOrPause);
    connect(m_step, &QPushButton::clicked, &model, &CompareModel::step);
    connect(m_divergence, &QPushButton::clicked, &model, &CompareModel::runToDivergence);
    connect(m_restart, &QPushButton::clicked, &model, [this] { m_model.start({}); });
    connect(m_swap, &QPushButton::clicked, &model, &CompareModel::swapPlan);
    connect(m_feed, &SegmentedControl::chosen, &model, [this](int index) { m_model.setFeed(index == 0 ? CompareFeed::Own : CompareFeed::Dense); });
    connect(m_most, &QSpinBox::valueChanged, &model, &CompareModel::setMaxNew);
    connect(&model, &CompareModel::stateChanged, this, &CompareControls::refresh);
    connect(&model, &CompareModel::tokensChanged, this, &CompareControls::refreshFlag);
    connect(&Theme::instance(), &Theme::changed, this, &CompareControls::refresh);
    refresh();
}

void CompareControls::refresh() {
    const Theme& theme = Theme::instance();
    using State = CompareModel::State;
    const bool busy = m_model.state() == State::Reading || m_model.state() == State::Running;
    const bool can = m_model.obstacle().isEmpty();
    const bool goesOn = m_model.canGoOn();
    m_run->setText(busy ? tr("Pause") : goesOn ? tr("Resume") : m_model.state() == State::Resting ? tr("Run again") : tr("Run"));
    m_run->setIcon(theme.icon(busy ? u"pause"_s : u"play"_s, Role::OnAccent));
    m_run->setEnabled(busy || goesOn || can);
    m_step->setIcon(theme.icon(u"step"_s, Role::Text));
    m_step->setEnabled(!busy && (goesOn || (can && m_model.state() == State::Empty)));
    m_divergence->setIcon(theme.icon(u"target"_s, Role::Accent));
    m_divergence->setEnabled(!busy && (goesOn || can));
    m_restart->setIcon(theme.icon(u"refresh"_s, Role::Text));
    // Where Run would go on, starting anew needs a button of its own.
    m_restart->setVisible(goesOn && !busy);
    m_restart->setEnabled(can);
    m_feed->setCurrent(m_model.feed() == CompareFeed::Own ? 0 : 1);
    m_feed->setEnabled(!busy);
    const auto& cost = m_model.swapCost();
    m_swap->setVisible(!busy && m_model.isStale() && cost.has_value());
    if (cost)
        m_swap->setText(cost->tokens == 0 ? tr("Apply plan, at once")
                                          : tr("Apply plan, re-prefill %1 s").arg(QLocale().toString(cost->seconds, 'f', cost->seconds < 10 ? 1 : 0)));
    m_stale->setVisible(m_model.isStale() && !m_swap->isVisibleTo(this));
    m_stale->setToolTip(tr("The plan was edited after this comparison began; Start again compares the edited one"));
    if (m_most->value() != m_model.maxNew()) m_most->setValue(m_model.maxNew());
    refreshFlag();
}

void CompareControls::refreshFlag() {
    const int first = m_model.firstDivergence();
    m_flag->setVisible(!m_model.tokens().empty());
    m_flag->setIcon(first >= 0 ? u"flag"_s : u"check"_s);
    m_flag->setTone(first >= 0 ? ChipTone::Sparse : ChipTone::Ok);
    m_flag->setText(first >= 0 ? (m_narrow ? tr("Token %1").arg(first) : tr("Diverged at token %1").arg(first))
                               : tr("Same for %1").arg(m_model.tokens().size()));
    m_flag->setToolTip(first >= 0 ? tr("Dense and sparse first choose different tokens at token %1").arg(first)
                                  : tr("Both chose the same %1 tokens so far").arg(m_model.tokens().size()));
}

void CompareControls::setNarrow(bool narrow) {
    m_narrow = narrow;
    m_greedy->setVisible(!narrow);
    m_feed->segment(0)->setText(narrow ? tr("Own") : tr("Each on its own tokens"));
    m_feed->segment(1)->setText(narrow ? tr("Dense") : tr("Both on dense tokens"));
    m_divergence->setText(narrow ? QString() : tr("Run to divergence"));
    m_stale->setText(narrow ? tr("stale") : tr("plan edited since"));
    refreshFlag();
}

void CompareControls::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintPanelFrame(painter, rect());
}

} // namespace moa
