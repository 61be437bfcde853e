// The Plan page in the real window: a plan and a profile with no model, selection and edits like a spreadsheet's, the rule
// line under the hand, bounds, comparison, the list of edits.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/inspect_page.h"
#include "ui/views/inspect_rule.h"
#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_compare_panel.h"
#include "ui/views/plan_lists.h"
#include "ui/views/plan_matrix_panel.h"
#include "ui/views/plan_page.h"
#include "ui/views/plan_rule_panel.h"
#include "ui/widgets/plan/budget_rows.h"
#include "ui/widgets/plan/length_slider.h"
#include "ui/widgets/plan/number_table.h"
#include "ui/widgets/plan/rule_line.h"
#include "ui/widgets/plan/span_matrix.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QClipboard>
#include <QDoubleSpinBox>
#include <QGuiApplication>
#include <QListView>
#include <QTest>

#include <map>
#include <random>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

constexpr int kLayers = 32, kHeads = 32, kKvHeads = 8;
constexpr std::int64_t kN = 8192;

class PlanFlowTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase();
    void init();
    void selectsLikeASpreadsheet();
    void typesSteps();
    void copiesPastesFills();
    void pinsRefuse();
    void aDragIsOneStepAndEscapeTakesItBack();
    void keysOnTheLine();
    void boundsAreCrossed();
    void lengthMovesEverything();
    void comparesAndTakesOver();
    void editsGoBackAndForth();
    void inspectLeadsHere();
    void pictures();

private:
    PlanPage& page() { return m_session->bench().planPage(); }
    SpanMatrix& matrix() { return page().matrix().matrix(); }
    RuleLine& line() { return page().rule().line(); }
    PlanDocument& plan() { return m_session->workspace().plan(); }
    UserHand& hand() { return m_session->hand(); }
    QPoint cell(int layer, int kvHead) { return matrix().cellRect({layer, kvHead}).center(); }
    void clickCell(int layer, int kvHead, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
        hand().click(matrix().viewport(), cell(layer, kvHead), modifiers);
    }

    std::unique_ptr<Session> m_session;
};

void PlanFlowTest::initTestCase() {
    m_session = std::make_unique<Session>();
    Session& s = *m_session;
    test::writeSomeProfile(s.path(u"some.moaprofile"_s), kLayers, kHeads, kKvHeads);
    s.bench().open(s.path(u"some.moaprofile"_s));
    QVERIFY(s.wait([&] { return !s.workspace().profile().isEmpty(); }));
    QVERIFY2(!s.workspace().model(), "a profile alone");
    test::writeUniformPlan(s.path(u"balanced-50.json"_s), kLayers, kHeads, kKvHeads, 1024, 0.375);
    s.bench().open(s.path(u"balanced-50.json"_s));
    QVERIFY(s.wait([&] { return plan().name() == u"balanced-50"_s; }));
    s.workspace().setLength(kN);
    hand().key(Qt::Key_3, Qt::ControlModifier);
    QVERIFY(s.wait([&] { return s.window().currentPage() == u"plan"_s && page().isVisible(); }));
    QCOMPARE(matrix().layers(), kLayers);
    QCOMPARE(matrix().kvHeads(), kKvHeads);
    QVERIFY(page().budget().rows().rows()[1].kind == BudgetRows::Kind::Estimated);
}

void PlanFlowTest::cleanupTestCase() {
    m_session.reset();
}

void PlanFlowTest::init() {
    while (plan().undoStack()->count() > 0 && plan().undoStack()->index() > 1) plan().undoStack()->undo();
    page().desk().setApplyTo(ApplyTo::Head);
    page().rule().applyTo().setCurrent(0);
    page().desk().compareWith(Comparison::Saved);
    m_session->workspace().setLength(kN);
    clickCell(0, 0);
    matrix().setFocus();
}

void PlanFlowTest::selectsLikeASpreadsheet() {
    const auto selected = [this] { return m_session->workspace().selection().now().heads; };
    clickCell(2, 1);
    QCOMPARE(selected(), (std::set<HeadRef>{{2, 1}}));
    clickCell(3, 2, Qt::ShiftModifier);
    QCOMPARE(selected(), (std::set<HeadRef>{{2, 1}, {2, 2}, {3, 1}, {3, 2}}));
    clickCell(5, 5, Qt::ControlModifier);
    QCOMPARE(selected().size(), 5u);
    clickCell(5, 5, Qt::ControlModifier);
    QCOMPARE(selected().size(), 4u);
    hand().press(matrix().viewport(), cell(1, 1));
    hand().move(matrix().viewport(), cell(4, 3));
    hand().release(matrix().viewport(), cell(4, 3));
    QCOMPARE(selected().size(), 12u);
    hand().click(matrix().viewport(), matrix().rowHeaderRect(6).center());
    QCOMPARE(selected().size(), std::size_t(kKvHeads));
    hand().click(matrix().viewport(), matrix().rowHeaderRect(7).center(), Qt::ShiftModifier);
    QCOMPARE(selected().size(), std::size_t(2 * kKvHeads));
    hand().click(matrix().viewport(), matrix().columnHeaderRect(3).center());
    QCOMPARE(selected().size(), std::size_t(kLayers));
    hand().key(Qt::Key_A, Qt::ControlModifier);
    QCOMPARE(selected().size(), std::size_t(kLayers * kKvHeads));
    hand().key(Qt::Key_Escape);
    QCOMPARE(selected().size(), 1u);
    clickCell(4, 4);
    hand().key(Qt::Key_Down);
    hand().key(Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(selected(), (std::set<HeadRef>{{5, 4}, {5, 5}}));
}

void PlanFlowTest::typesSteps() {
    clickCell(3, 3);
    hand().type(u"2k"_s);
    QCOMPARE(matrix().typed(), u"2k"_s);
    hand().key(Qt::Key_Return);
    QCOMPARE(plan().span({3, 3}, kN), 2048);
    QVERIFY(plan().isEdited({3, 3}));
    hand().key(Qt::Key_BracketRight, Qt::NoModifier, u"]"_s);
    QCOMPARE(plan().span({3, 3}, kN), 2048 + page().desk().alphaStep());
    hand().type(u"99"_s);
    hand().key(Qt::Key_Escape);
    QVERIFY(matrix().typed().isEmpty());
    hand().key(Qt::Key_R, Qt::NoModifier, u"r"_s);
    QVERIFY(!plan().isEdited({3, 3}));
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(plan().isEdited({3, 3}));
}

void PlanFlowTest::copiesPastesFills() {
    clickCell(1, 1);
    hand().type(u"3072"_s);
    hand().key(Qt::Key_Return);
    hand().key(Qt::Key_C, Qt::ControlModifier);
    clickCell(8, 2);
    clickCell(9, 3, Qt::ShiftModifier);
    hand().key(Qt::Key_V, Qt::ControlModifier);
    for (const HeadRef head : {HeadRef{8, 2}, HeadRef{8, 3}, HeadRef{9, 2}, HeadRef{9, 3}}) QCOMPARE(plan().rule(head), plan().rule({1, 1}));
    clickCell(1, 1);
    clickCell(1, 4, Qt::ControlModifier);
    clickCell(1, 1, Qt::ControlModifier); // leaves L1 · KV4 alone
    hand().type(u"512"_s);
    hand().key(Qt::Key_Return);
    clickCell(1, 6, Qt::ControlModifier);
    m_session->workspace().selection().selectHeads({{1, 4}, {1, 6}}, {1, 4});
    hand().key(Qt::Key_D, Qt::ControlModifier);
    QCOMPARE(plan().rule({1, 6}), plan().rule({1, 4}));
    QGuiApplication::clipboard()->setText(u"no rule"_s);
    const int count = plan().undoStack()->count();
    hand().key(Qt::Key_V, Qt::ControlModifier);
    QCOMPARE(plan().undoStack()->count(), count);
}

void PlanFlowTest::pinsRefuse() {
    hand().click(matrix().viewport(), matrix().rowHeaderRect(2).center());
    hand().key(Qt::Key_P, Qt::NoModifier, u"p"_s);
    QCOMPARE(plan().pins().size(), std::size_t(kKvHeads));
    hand().key(Qt::Key_BracketLeft, Qt::NoModifier, u"["_s);
    QVERIFY(!plan().isEdited({2, 0}));
    clickCell(2, 5);
    const QPoint handle = line().handleAt(RuleLine::Part::Beta).toPoint();
    hand().press(&line(), handle);
    hand().move(&line(), handle + QPoint(0, 40));
    hand().release(&line(), handle + QPoint(0, 40));
    QVERIFY(!plan().isEdited({2, 5}));
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(plan().pins().empty());
}

void PlanFlowTest::aDragIsOneStepAndEscapeTakesItBack() {
    clickCell(4, 1);
    const Rule before = plan().rule({4, 1});
    const int count = plan().undoStack()->index();
    const double density = m_session->workspace().density();
    const QPoint handle = line().handleAt(RuleLine::Part::Beta).toPoint();
    hand().press(&line(), handle);
    for (int i = 1; i <= 20; ++i) {
        hand().move(&line(), handle + QPoint(0, 5 * i));
        QCOMPARE(plan().undoStack()->index(), count);
    }
    QVERIFY(plan().rule({4, 1}).beta < before.beta);
    QCOMPARE(plan().rule({4, 1}).alpha, before.alpha);
    QVERIFY2(page().budget().rows().rows()[0].delta.startsWith(QChar(0x2212)), "the price is shown before letting go");
    hand().release(&line(), handle + QPoint(0, 100));
    QCOMPARE(plan().undoStack()->index(), count + 1);
    QVERIFY(m_session->workspace().density() < density);
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(plan().rule({4, 1}), before);
    const QPoint alpha = line().handleAt(RuleLine::Part::Alpha).toPoint();
    hand().press(&line(), alpha);
    hand().move(&line(), alpha - QPoint(0, 60));
    QVERIFY(plan().rule({4, 1}).alpha > before.alpha);
    QCOMPARE(plan().rule({4, 1}).beta, before.beta);
    line().setFocus();
    hand().key(Qt::Key_Escape);
    QCOMPARE(plan().rule({4, 1}), before);
    hand().release(&line(), alpha - QPoint(0, 60));
    QCOMPARE(plan().undoStack()->index(), count);
    page().desk().setApplyTo(ApplyTo::Layer);
    hand().press(&line(), handle);
    hand().move(&line(), handle + QPoint(0, 80));
    hand().release(&line(), handle + QPoint(0, 80));
    for (int g = 0; g < kKvHeads; ++g) QVERIFY(plan().isEdited({4, g}));
    QCOMPARE(plan().undoStack()->index(), count + 1);
}

void PlanFlowTest::keysOnTheLine() {
    clickCell(6, 6);
    line().setFocus();
    hand().key(Qt::Key_Left);
    const Rule before = plan().rule({6, 6});
    hand().key(Qt::Key_Up);
    QCOMPARE(plan().rule({6, 6}).alpha, before.alpha + double(page().desk().alphaStep()));
    hand().key(Qt::Key_Right);
    hand().key(Qt::Key_Down);
    QCOMPARE(plan().rule({6, 6}).beta, before.beta - PlanDesk::kBetaStep);
    QVERIFY(line().item(1).name.contains(u"0.25"_s));
}

void PlanFlowTest::boundsAreCrossed() {
    page().budget().densityBound().setValue(0.9);
    QVERIFY(!page().budget().rows().rows()[0].over);
    page().budget().densityBound().setValue(0.2);
    const BudgetRows::Row row = page().budget().rows().rows()[0];
    QVERIFY(row.over && row.excess.contains(u"over"_s));
    page().budget().densityBound().setValue(0);
    QVERIFY(!page().budget().rows().rows()[0].over);
}

void PlanFlowTest::lengthMovesEverything() {
    LengthSlider& slider = page().budget().slider();
    slider.setFocus();
    hand().key(Qt::Key_PageUp);
    QCOMPARE(m_session->workspace().length(), 2 * kN);
    QCOMPARE(line().scene().n, 2 * kN);
    QCOMPARE(matrix().item(0).name.contains(QLocale().toString(plan().span({0, 0}, 2 * kN))), true);
    hand().press(&slider, slider.handle());
    hand().move(&slider, slider.handle() - QPoint(120, 0));
    hand().release(&slider, slider.handle() - QPoint(120, 0));
    QVERIFY(m_session->workspace().length() < 2 * kN);
}

void PlanFlowTest::comparesAndTakesOver() {
    clickCell(7, 7);
    hand().type(u"1k"_s);
    hand().key(Qt::Key_Return);
    NumberTable& table = page().compare().table();
    QCOMPARE(table.model()->rowCount(), 1);
    QVERIFY(table.model()->index(0, 3).data().toString().startsWith(QChar(0x2212)));
    const QRect button = table.visualRect(table.model()->index(0, 4));
    hand().click(table.viewport(), button.center());
    QVERIFY(!plan().isEdited({7, 7}));
    QCOMPARE(table.model()->rowCount(), 0);
    page().desk().compareWith(Comparison::Dense);
    QCOMPARE(table.model()->rowCount(), kLayers * kKvHeads);
}

void PlanFlowTest::editsGoBackAndForth() {
    clickCell(7, 7);
    hand().type(u"1k"_s);
    hand().key(Qt::Key_Return);
    hand().type(u"2k"_s);
    hand().key(Qt::Key_Return);
    QListView& list = page().edits().list();
    m_session->wait([] { return false; }, 50);
    hand().click(list.viewport(), list.visualRect(list.model()->index(1, 0)).center());
    QCOMPARE(plan().span({7, 7}, kN), 1024);
    hand().click(list.viewport(), list.visualRect(list.model()->index(0, 0)).center());
    QCOMPARE(plan().span({7, 7}, kN), 2048);
}

void PlanFlowTest::inspectLeadsHere() {
    ShellWindow& window = m_session->window();
    window.showPage(u"inspect"_s);
    QCOMPARE(window.currentPage(), u"inspect"_s);
    emit m_session->bench().inspectPage().rule().planRequested();
    QCOMPARE(window.currentPage(), u"plan"_s);
}

void PlanFlowTest::pictures() {
    std::mt19937 random(3);
    const std::vector<Rule> kinds{{512, 0}, {1024, 0}, {1024, 0.125}, {0, 0.25}, {512, 0.5}, {0, 0.75}, {0, 1}};
    std::map<HeadRef, std::vector<Rule>> rules;
    for (int l = 0; l < kLayers; ++l) {
        const std::size_t first = random() % kinds.size(), second = random() % kinds.size();
        for (int g = 0; g < kKvHeads; ++g) rules[{l, g}] = {kinds[random() % 3 ? first : second]};
    }
    plan().setRules(rules, u"Open search result"_s);
    plan().markSaved(m_session->path(u"balanced-50.json"_s), plan().plan());
    plan().setPinned({{0, 3}, {0, 5}, {10, 4}}, true);
    clickCell(22, 6);
    hand().type(u"6k"_s);
    hand().key(Qt::Key_Return);
    clickCell(14, 5);
    const QPoint handle = line().handleAt(RuleLine::Part::Beta).toPoint();
    hand().press(&line(), handle);
    hand().move(&line(), handle + QPoint(0, 80));
    hand().release(&line(), handle + QPoint(0, 80));
    page().budget().densityBound().setValue(0.5);
    m_session->grab(u"plan-light"_s);
    Theme::instance().setMode(ThemeMode::Dark);
    m_session->grab(u"plan-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    Theme::instance().setFontFamily(u"DejaVu Sans"_s);
    m_session->grab(u"plan-dejavu"_s);
    m_session->window().resize(1180, 720);
    m_session->grab(u"plan-small-dejavu"_s);
    Theme::instance().setFontFamily({});
    m_session->grab(u"plan-small"_s);
    m_session->window().resize(1600, 1000);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::PlanFlowTest>(argc, argv);
}
#include "plan_flow_test.moc"
