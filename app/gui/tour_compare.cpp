// The tour's visit to the Compare page: from a prompt to the token that differs, the head to blame and the needle grid.
#include "app/gui/tour.h"

#include "ui/views/compare_blame_panel.h"
#include "ui/views/compare_needle_panel.h"
#include "ui/views/compare_page.h"
#include "ui/views/compare_panes.h"
#include "ui/widgets/compare/alternatives_popover.h"
#include "ui/widgets/compare/blame_table.h"
#include "ui/widgets/compare/token_flow.h"
#include "ui/widgets/theme.h"

#include <QElapsedTimer>
#include <QPushButton>
#include <QToolButton>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLong = 60'000; ///< ms that an answer may take on a slow machine
constexpr int kGrid = 40'000; ///< ms that the grid is waited for

QPushButton* buttonOf(QWidget* parent, const QString& text) {
    for (QPushButton* button : parent->findChildren<QPushButton*>())
        if (button->isVisible() && (button->text() == text || button->accessibleName() == text)) return button;
    return nullptr;
}

} // namespace

void Tour::compare() {
    Workspace& workspace = m_workbench.workspace();
    ComparePage& page = m_workbench.comparePage();
    CompareModel& model = page.model();
    const auto resting = [&] { return model.state() == CompareModel::State::Resting && model.job() == nullptr; };
    const auto press = [&](const QString& text) {
        QPushButton* button = buttonOf(&page, text);
        expect(button != nullptr, u"Compare offers “%1”"_s.arg(text));
        if (button != nullptr) m_hand.click(button);
    };
    m_hand.key(Qt::Key_5, Qt::ControlModifier);
    expect(m_hand.waitUntil([&] { return page.isVisible(); }, 2000), u"Ctrl+5 opens Compare"_s);
    workspace.plan().useDense();
    picture(u"compare-no-plan"_s);
    press(u"Uniform 50%"_s);
    // A question about an early line: its answer is beyond half a window.
    constexpr int kEarliestOf = 4;
    workspace.samplePrompt(u"lines"_s, m_options.tokens, kEarliestOf, u"compare"_s);
    expect(m_hand.waitUntil([&] { return workspace.prompt()->name.startsWith(u"Needle"_s) && workspace.capturing() == nullptr; }, kLong),
           u"the needle prompt is there"_s);
    QElapsedTimer clock;
    clock.start();
    press(u"Run to divergence"_s);
    expect(m_hand.waitUntil(resting, kLong) && model.firstDivergence() >= 0, u"the first divergence is found"_s);
    m_times[u"compare_divergence_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    m_times[u"compare_first_divergence"_s] = model.firstDivergence();
    page.pane(true).flow().setFocus();
    clock.start();
    m_hand.key(Qt::Key_B, Qt::NoModifier, u"b"_s);
    expect(m_hand.waitUntil([&] { return model.blameNow() != nullptr; }, kLong), u"B blames heads"_s);
    m_times[u"compare_blame_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    expect(m_hand.waitUntil([&] { return model.mending() != nullptr && m_workbench.engine().worker.isIdle(); }, kLong), u"heads that mend the token are found"_s);
    if (const CompareBlame* blame = model.blameNow(); blame != nullptr && !blame->rows.isEmpty())
        if (const CompareScore* score = model.score(blame->rows[0].layer, blame->rows[0].kvHead)) m_times[u"compare_score_ms"_s] = score->seconds * 1e3;
    m_hand.key(Qt::Key_Return);
    picture(u"compare-alternatives"_s);
    m_hand.key(Qt::Key_Escape);
    page.pane(true).flow().setFocus();
    m_hand.key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    expect(m_hand.waitUntil(resting, kLong), u"both go on to their ends"_s);
    compareNeedles();
    press(u"Measure"_s);
    expect(m_hand.waitUntil([&] { return model.saving() != nullptr; }, kLong), u"the saving is measured"_s);
    while (workspace.plan().undoStack()->canUndo() && !workspace.plan().isDense()) workspace.plan().undoStack()->undo();
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
}

void Tour::compareNeedles() {
    ComparePage& page = m_workbench.comparePage();
    // What was read is put away.
    for (QToolButton* close : m_workbench.window().findChildren<QToolButton*>(u"notice.close"_s))
        if (close->isVisible()) m_hand.click(close);
    QPushButton* run = buttonOf(&page, u"Run grid"_s);
    expect(run != nullptr, u"Compare offers a needle grid"_s);
    if (run != nullptr) m_hand.click(run);
    // A slow machine stops it where it is: what was measured stays.
    const NeedleModel& grid = page.needleModel();
    if (!m_hand.waitUntil([&] { return grid.job() == nullptr; }, kGrid))
        if (QPushButton* stop = buttonOf(&page, u"Stop"_s)) m_hand.click(stop);
    expect(m_hand.waitUntil([&] { return grid.job() == nullptr && grid.hasCells(); }, kLong), u"the needle grid fills"_s);
    for (QToolButton* close : m_workbench.window().findChildren<QToolButton*>(u"notice.close"_s))
        if (close->isVisible()) m_hand.click(close);
    page.pane(false).flow().setFocus();
    picture(u"compare"_s);
    Theme::instance().setMode(ThemeMode::Dark);
    picture(u"compare-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    m_workbench.window().resize(1180, 720);
    picture(u"compare-small"_s);
    m_workbench.window().resize(m_options.size);
}

} // namespace moa
