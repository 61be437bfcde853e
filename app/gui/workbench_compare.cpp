// What the Compare page asks of the workbench: its actions, and what can be done when both caches do not fit.
#include "app/gui/workbench.h"

#include "ui/views/compare_page.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"

namespace moa {

using namespace Qt::StringLiterals;

void Workbench::addCompareActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, void (CompareModel::*run)()) {
        // On another page there is nothing to see of it: the page comes first.
        m_window->addAction(actions.add(spec, [this, run] {
            m_window->showPage(u"compare"_s);
            (m_comparePage->model().*run)();
        }));
    };
    add({.id = u"compare.run"_s, .text = tr("Compare: run or &pause"), .menu = MenuId::Run, .shortcut = QKeySequence(Qt::Key_Space),
         .icon = u"play"_s, .scope = ActionScope::Canvas, .group = 20, .detail = tr("Dense and sparse together")},
        &CompareModel::runOrPause);
    add({.id = u"compare.step"_s, .text = tr("Compare: &one token in both"), .menu = MenuId::Run, .shortcut = QKeySequence(Qt::Key_Right),
         .icon = u"step"_s, .scope = ActionScope::Canvas, .group = 20},
        &CompareModel::step);
    add({.id = u"compare.divergence"_s, .text = tr("Compare: run to &divergence"), .menu = MenuId::Run, .icon = u"target"_s, .group = 20,
         .detail = tr("Until dense and sparse choose different tokens")},
        &CompareModel::runToDivergence);
    add({.id = u"compare.blame"_s, .text = tr("&Blame heads for the token"), .menu = MenuId::Run, .shortcut = QKeySequence(Qt::Key_B),
         .scope = ActionScope::Canvas, .group = 20, .detail = tr("Which heads hid what the chosen token needed")},
        &CompareModel::blame);
    add({.id = u"compare.saving"_s, .text = tr("Measure what the plan &saves"), .menu = MenuId::Run, .group = 20,
         .detail = tr("Bytes, attention time and step time beside the nominal density")},
        &CompareModel::measureSaving);
    actions.addKeyHint({tr("Shift+Enter"), tr("Score the blamed head widened")});
}

void Workbench::refreshCompareActions() {
    ActionRegistry& actions = m_window->actions();
    CompareModel& model = m_comparePage->model();
    using State = CompareModel::State;
    const bool busy = model.state() == State::Reading || model.state() == State::Running;
    const QString why = model.obstacle().isEmpty() ? tr("Both sides are done.") : model.obstacle();
    const bool can = model.obstacle().isEmpty();
    actions.setEnabled(u"compare.run"_s, busy || can || model.canGoOn(), why);
    actions.setEnabled(u"compare.step"_s, !busy && ((can && model.state() == State::Empty) || model.canGoOn()), why);
    actions.setEnabled(u"compare.divergence"_s, !busy && (can || model.canGoOn()), why);
    actions.setEnabled(u"compare.blame"_s, !model.tokens().empty(), tr("Run both first."));
    actions.setEnabled(u"compare.saving"_s, m_workspace->isLoaded() && model.hasPlan(), tr("Needs a loaded model and a plan."));
}

void Workbench::connectComparePage() {
    CompareModel& model = m_comparePage->model();
    for (const auto signal : {&CompareModel::stateChanged, &CompareModel::selectionChanged})
        connect(&model, signal, this, &Workbench::refreshCompareActions);
    refreshCompareActions();
    connect(m_comparePage, &ComparePage::inspectAsked, this, [this] { m_window->showPage(u"inspect"_s); });
    connect(&model, &CompareModel::shortOfMemory, this, [this](const CompareMemory& need) {
        CompareModel& compare = m_comparePage->model();
        Banner banner{need.sparse == 0 ? tr("A cache needs %1 of KV, %2 is free.").arg(bytesText(need.dense), bytesText(need.free))
                                       : tr("Dense needs %1 of KV and the plan %2, %3 is free.")
                                             .arg(bytesText(need.dense), bytesText(need.sparse), bytesText(need.free)),
                      tr("Nothing was started.")};
        if (compare.memory().fitsApart())
            banner.actions.push_back({tr("Run one after the other"), [this] { m_comparePage->model().start({}, true); }});
        if (const std::int64_t fits = compare.longestPrompt(); fits >= kBlock && fits < compare.promptTokens())
            banner.actions.push_back({tr("Shorten to %1").arg(paint::axisTokens(fits)), [this, fits] { m_comparePage->shorten(fits); }});
        m_window->banners(u"compare"_s).post(banner);
        m_window->log().append(banner.title, LogLevel::Error);
    });
}

} // namespace moa
