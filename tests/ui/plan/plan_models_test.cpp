// What the Plan page shows, without widgets: figures against the engine's own summary, edits by hand, a thousand random
// edits there and back, and the item models under Qt's tester.
#include "ui/viewmodels/plan_desk.h"
#include "ui/viewmodels/plan_edits_model.h"
#include "ui/viewmodels/plan_table_model.h"

#include "engine/plan/plan_diff.h"
#include "engine/plan/plan_summary.h"
#include "tests/ui/viewmodels/engine_fixture.h"

#include <QAbstractItemModelTester>
#include <QTest>

#include <random>

namespace moa {
namespace {

using namespace Qt::StringLiterals;

constexpr int kLayers = 6, kHeads = 8, kKvHeads = 4;
constexpr std::int64_t kN = 8192;

/// Different rules everywhere, also within groups.
SparsePlan variedPlan(unsigned seed) {
    SparsePlan plan = uniformPlan(kLayers, kHeads, kKvHeads, {0, 1});
    std::mt19937 random(seed);
    for (Rule& rule : plan.rules) rule = {double(random() % 64) * 64, double(random() % 9) / 8};
    return plan;
}

struct Fixture {
    Fixture() : workspace(engine), desk(workspace) {
        workspace.plan().setShape(kLayers, kHeads, kKvHeads);
        workspace.setLength(kN);
    }
    Engine engine{test::cpuOptions()};
    Workspace workspace;
    PlanDesk desk;
    PlanDocument& document() { return workspace.plan(); }
    void select(const std::set<HeadRef>& heads) { workspace.selection().selectHeads(heads, *heads.begin()); }
};

class PlanModelsTest : public QObject {
    Q_OBJECT
private slots:
    void figuresAreTheEngines();
    void differencesAreTheEngines();
    void aThousandEditsThereAndBack();
    void stepsTypingAndFill();
    void copyAndPaste();
    void pasteRefusesWhatHasNoPlace();
    void applyTo();
    void takeOver();
    void mergeOfThree();
    void tablesUnderTheTester();
    void editListUnderTheTester();
};

void PlanModelsTest::figuresAreTheEngines() {
    const SparsePlan plan = variedPlan(1);
    const std::vector<std::int64_t> lengths{kN};
    const nlohmann::json summary = summarizePlan(plan, lengths, 64);
    const nlohmann::json& at = summary["at"][std::to_string(kN)];
    Fixture f;
    f.document().open({u"a"_s, u"a.json"_s, plan, {}});
    QCOMPARE(f.workspace.density(), at["density"].get<double>());
    const std::vector<std::int64_t> caches = cachesAt(plan, kN);
    for (int l = 0; l < kLayers; ++l)
        for (int g = 0; g < kKvHeads; ++g)
            QCOMPARE(caches[std::size_t(l * kKvHeads + g)], at["cache"][std::size_t(l)][std::size_t(g)].get<std::int64_t>());
    int most = 0;
    double meanDensity = 0;
    for (const LayerFigures& layer : layerFigures(plan, kN)) {
        most = std::max(most, layer.rules);
        meanDensity += layer.density / kLayers;
    }
    QCOMPARE(most, summary["max_distinct_rules_per_layer"].get<int>());
    QVERIFY(std::abs(meanDensity - at["density"].get<double>()) < 1e-12);
    double shares = 0;
    int heads = 0;
    for (const RuleUse& use : rulesInUse(plan, kN)) {
        shares += use.share;
        heads += use.kvHeads;
    }
    QVERIFY(std::abs(shares - 1) < 1e-12);
    QCOMPARE(heads, kLayers * kKvHeads);
}

void PlanModelsTest::differencesAreTheEngines() {
    const SparsePlan a = variedPlan(1);
    SparsePlan b = a;
    b.rules[3] = {4096, 0};
    b.rules[40] = {0, 1};
    const std::vector<std::int64_t> lengths{kN};
    const nlohmann::json diff = diffPlans(a, b, lengths);
    const auto found = headDifferences(a, b, kN);
    QCOMPARE(found.size(), diff["heads"].size());
    for (const nlohmann::json& head : diff["heads"]) {
        const HeadRef ref{head["layer"].get<int>(), head["kv_head"].get<int>()};
        const auto at = std::ranges::find(found, ref, &HeadDifference::head);
        QVERIFY(at != found.end());
        QCOMPARE(at->from, head["cache"][std::to_string(kN)][0].get<std::int64_t>());
        QCOMPARE(at->to, head["cache"][std::to_string(kN)][1].get<std::int64_t>());
    }
    QVERIFY(headDifferences(a, uniformPlan(1, 1, 1, {0, 1}), kN).empty());
}

void PlanModelsTest::aThousandEditsThereAndBack() {
    Fixture f;
    PlanDocument& document = f.document();
    document.open({u"a"_s, u"a.json"_s, variedPlan(2), {}});
    document.undoStack()->clear();
    const SparsePlan start = document.plan();
    std::mt19937 random(7);
    const auto head = [&] { return HeadRef{int(random() % kLayers), int(random() % kKvHeads)}; };
    std::vector<std::pair<SparsePlan, std::set<HeadRef>>> states;
    const int steps = 1000;
    while (document.undoStack()->count() < steps) {
        f.select({head(), head(), head()});
        const int before = document.undoStack()->count();
        switch (random() % 8) {
        case 0: f.desk.widen(int(random() % 5) - 2); break;
        case 1: f.desk.typeSpan(std::int64_t(random() % kN)); break;
        case 2: document.setPinned({head()}, random() % 3 == 0); break;
        case 3: f.desk.fill(); break;
        case 4: f.desk.paste(u"%1+0.%2N"_s.arg(random() % 4096).arg(random() % 100)); break;
        case 5: document.resetRules({head()}); break;
        case 6:
            if (document.beginGesture(head(), u"Drag"_s)) {
                for (int i = 0; i < 5; ++i) document.preview({double(random() % 4096), double(random() % 8) / 8});
                document.endGesture();
            }
            break;
        case 7:
            f.desk.compareWith(Comparison::Dense);
            f.desk.takeOver({head()});
            break;
        }
        QVERIFY2(document.undoStack()->count() <= before + 1, "one gesture is at most one step");
        if (document.undoStack()->count() > before) states.emplace_back(document.plan(), document.pins());
    }
    QCOMPARE(int(states.size()), steps);
    for (int i = steps - 1; i > 0; --i) {
        document.undoStack()->undo();
        QVERIFY(document.plan().rules == states[std::size_t(i - 1)].first.rules && document.pins() == states[std::size_t(i - 1)].second);
    }
    document.undoStack()->undo();
    QVERIFY(document.plan().rules == start.rules && document.plan().sink == start.sink && document.pins().empty());
    QVERIFY(!document.undoStack()->canUndo());
    for (int i = 0; i < steps; ++i) {
        document.undoStack()->redo();
        QVERIFY(document.plan().rules == states[std::size_t(i)].first.rules && document.pins() == states[std::size_t(i)].second);
    }
    QVERIFY(!document.undoStack()->canRedo());
}

void PlanModelsTest::stepsTypingAndFill() {
    Fixture f;
    f.select({{1, 0}, {1, 1}});
    f.desk.typeSpan(2048);
    QCOMPARE(f.document().span({1, 0}, kN), 2048);
    QCOMPARE(f.document().span({1, 1}, kN), 2048);
    f.desk.widen(2);
    QCOMPARE(f.document().span({1, 0}, kN), 2048 + 2 * f.desk.alphaStep());
    f.desk.widen(-100);
    QVERIFY2(f.document().span({1, 0}, kN) >= kDefaultSink, "clamped, not negative");
    f.desk.widen(1);
    QVERIFY2(f.document().span({1, 0}, kN) >= f.desk.alphaStep(), "a step is seen at once after a clamp");
    f.select({{1, 0}, {4, 3}});
    f.desk.fill();
    QCOMPARE(f.document().rule({4, 3}), f.document().rule({1, 0}));
    QCOMPARE(f.document().undoStack()->count(), 5);
}

void PlanModelsTest::copyAndPaste() {
    Fixture f;
    f.document().open({u"a"_s, u"a.json"_s, variedPlan(3), {}});
    f.select({{0, 0}, {0, 1}, {1, 0}, {1, 1}});
    const QString text = f.desk.copied();
    QCOMPARE(text.count(u'\n'), 1);
    QCOMPARE(text.count(u'\t'), 2);
    const int count = f.document().undoStack()->count();
    f.select({{3, 2}});
    QVERIFY(f.desk.paste(text));
    for (const HeadRef from : {HeadRef{0, 0}, HeadRef{0, 1}, HeadRef{1, 0}, HeadRef{1, 1}})
        QVERIFY(f.document().groupRules({from.layer + 3, from.kvHead + 2}) == f.document().groupRules(from));
    QCOMPARE(f.document().undoStack()->count(), count + 1);
    f.select({{5, 0}, {5, 3}});
    QVERIFY(f.desk.paste(u"512"_s));
    QCOMPARE(f.document().rule({5, 3}), (Rule{512, 0}));
    QCOMPARE(f.document().rule({5, 0}), (Rule{512, 0}));
}

void PlanModelsTest::pasteRefusesWhatHasNoPlace() {
    Fixture f;
    f.select({{5, 3}});
    for (const QString& text : {u""_s, u"hello"_s, u"64\t64"_s, u"64\n64"_s, u"nan"_s, u"1e999"_s, u"64+N"_s, u"1|2|3"_s, u"\t\n"_s}) {
        QVERIFY2(!f.desk.paste(text), qPrintable(text));
        QCOMPARE(f.document().undoStack()->count(), 0);
    }
}

void PlanModelsTest::applyTo() {
    Fixture f;
    f.select({{1, 1}, {2, 2}});
    f.desk.typeSpan(1024);
    f.document().setRule({{4, 0}}, f.document().rule({1, 1}), u"same"_s);
    QCOMPARE(f.desk.targets(), (std::set<HeadRef>{{1, 1}}));
    f.desk.setApplyTo(ApplyTo::Selection);
    QCOMPARE(f.desk.targets().size(), 2u);
    f.desk.setApplyTo(ApplyTo::SameRule);
    QCOMPARE(f.desk.targets(), (std::set<HeadRef>{{1, 1}, {2, 2}, {4, 0}}));
    f.desk.setApplyTo(ApplyTo::Layer);
    QCOMPARE(f.desk.targets(), (std::set<HeadRef>{{1, 0}, {1, 1}, {1, 2}, {1, 3}}));
}

void PlanModelsTest::takeOver() {
    Fixture f;
    f.document().open({u"a"_s, u"a.json"_s, variedPlan(4), {}});
    f.desk.compareWith(PlanValue{u"b"_s, {}, variedPlan(5), {}});
    f.desk.takeOver({{2, 1}});
    QVERIFY2(headDifferences(*f.desk.compared(), f.document().plan(), kN).size() == std::size_t(kLayers * kKvHeads) - 1, "one head less");
    f.desk.compareWith(PlanValue{u"c"_s, {}, uniformPlan(1, 1, 1, {0, 1}), {}});
    QVERIFY2(f.desk.compared() == nullptr, "of another shape");
    f.desk.takeOver({{0, 0}});
    QCOMPARE(f.document().undoStack()->count(), 2);
}

void PlanModelsTest::mergeOfThree() {
    SparsePlan base = uniformPlan(2, 4, 2, {1024, 0.25}), mine = base, theirs = base;
    const auto set = [](SparsePlan& plan, HeadRef head, Rule rule) {
        for (int h = 0; h < 2; ++h) plan.rules[std::size_t(head.layer * 4 + head.kvHead * 2 + h)] = rule;
    };
    set(mine, {0, 0}, {512, 0});
    set(theirs, {0, 1}, {640, 0});
    set(mine, {1, 0}, {256, 0});
    set(theirs, {1, 0}, {768, 0});
    set(mine, {1, 1}, {320, 0});
    set(theirs, {1, 1}, {320, 0});
    const PlanMerge merge = mergePlans(base, mine, theirs);
    QCOMPARE(merge.mine, (std::set<HeadRef>{{0, 0}}));
    QCOMPARE(merge.theirs, (std::set<HeadRef>{{0, 1}}));
    QCOMPARE(merge.conflicts, (std::set<HeadRef>{{1, 0}}));
    QCOMPARE(merge.both, (std::set<HeadRef>{{1, 1}}));
    // On the desk: one undo step.
    Engine engine{test::cpuOptions()};
    Workspace workspace(engine);
    workspace.plan().setShape(2, 4, 2);
    PlanDesk desk(workspace);
    QVERIFY(!desk.merge());
    workspace.plan().open({u"base"_s, {}, base, {}});
    for (const HeadRef head : {HeadRef{0, 0}, HeadRef{1, 0}, HeadRef{1, 1}}) workspace.plan().setRule({head}, mine.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * 2)), u"edit"_s);
    QVERIFY2(!desk.merge(), "nothing is compared");
    desk.compareWith(PlanValue{u"theirs"_s, {}, theirs, {}});
    QVERIFY(desk.merge().has_value());
    const int steps = workspace.plan().undoStack()->index();
    desk.applyMerge({});
    QCOMPARE(workspace.plan().undoStack()->index(), steps + 1);
    QCOMPARE(workspace.plan().rule({0, 0}), (Rule{512, 0}));
    QCOMPARE(workspace.plan().rule({0, 1}), (Rule{640, 0}));
    QCOMPARE(workspace.plan().rule({1, 0}), (Rule{256, 0}));
    workspace.plan().undoStack()->undo();
    desk.applyMerge({{1, 0}, {0, 0}}); // the second one is no conflict, and stays mine
    QCOMPARE(workspace.plan().rule({1, 0}), (Rule{768, 0}));
    QCOMPARE(workspace.plan().rule({0, 0}), (Rule{512, 0}));
}

void PlanModelsTest::tablesUnderTheTester() {
    PlanTableModel model({u"a"_s, u"b"_s});
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto rows = [](int count, int from) {
        std::vector<PlanTableModel::Row> made;
        for (int i = 0; i < count; ++i) made.push_back({i + from, {{QString::number(i + from)}, {u"x"_s}}});
        return made;
    };
    for (const int count : {3, 5, 2, 0, 4}) {
        model.setRows(rows(count, count));
        QCOMPARE(model.rowCount(), count);
    }
    QCOMPARE(model.rowOf(5), 1);
    QCOMPARE(model.rowOf(99), -1);
    QVERIFY_EXCEPTION_THROWN(model.setRows({{0, {{u"one"_s}}}}), std::invalid_argument);
}

void PlanModelsTest::editListUnderTheTester() {
    Fixture f;
    PlanEditsModel model(*f.document().undoStack());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    f.desk.typeSpan(1024);
    f.desk.typeSpan(2048);
    f.desk.widen(1);
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(model.currentRow(), 0);
    QCOMPARE(model.index(0).data().toString(), u"Widen, L0 · KV0"_s);
    QVERIFY(model.index(0).data(PlanEditsModel::DetailRole).toString().startsWith(u"α"_s));
    model.goTo(3);
    QVERIFY(f.document().isDense());
    QCOMPARE(PlanEditsModel::State(model.index(0).data(PlanEditsModel::StateRole).toInt()), PlanEditsModel::State::Undone);
    f.desk.typeSpan(512);
    QCOMPARE(model.rowCount(), 2);
    f.document().setShape(2, 2, 2);
    QCOMPARE(model.rowCount(), 1);
}

} // namespace
} // namespace moa

QTEST_MAIN(moa::PlanModelsTest)
#include "plan_models_test.moc"
