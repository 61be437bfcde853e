// The shared selection and its history: what counts as a step, how deep it goes, what a new step cuts off.
#include "ui/viewmodels/selection_model.h"

#include <QSignalSpy>
#include <QTest>

namespace moa {
namespace {

class SelectionModelTest : public QObject {
    Q_OBJECT
private slots:
    void headsAreSteps();
    void pointingIsNoStep();
    void currentIsAlwaysSelected();
    void aNewStepCutsTheWayForward();
    void historyIsTwoHundredDeep();
    void nothingNewIsSaidOnce();
    void resetForgets();
};

void SelectionModelTest::headsAreSteps() {
    SelectionModel selection;
    QVERIFY(!selection.canGoBack());
    selection.selectHead({1, 2});
    selection.selectQueryHead(3);
    QCOMPARE(selection.now().current, (HeadRef{1, 2}));
    selection.goBack();
    QCOMPARE(selection.now().queryHead, -1);
    QCOMPARE(selection.now().current, (HeadRef{1, 2}));
    selection.goBack();
    QCOMPARE(selection.now(), Selection{});
    QVERIFY(!selection.canGoBack());
    selection.goBack(); // at the start: nothing
    QCOMPARE(selection.now(), Selection{});
    selection.goForward();
    selection.goForward();
    QCOMPARE(selection.now().queryHead, 3);
    QVERIFY(!selection.canGoForward());
    selection.goForward();
    QCOMPARE(selection.now().queryHead, 3);
}

void SelectionModelTest::pointingIsNoStep() {
    SelectionModel selection;
    selection.selectHead({1, 0});
    for (int i = 0; i < 50; ++i) selection.pointAt(100 + i, i);
    selection.selectHead({2, 0});
    selection.goBack();
    QCOMPARE(selection.now().current, (HeadRef{1, 0}));
    QCOMPARE(selection.now().query, 149); // where the pointer was last with that head
    QCOMPARE(selection.now().key, 49);
    selection.goBack();
    QCOMPARE(selection.now(), Selection{});
}

void SelectionModelTest::currentIsAlwaysSelected() {
    SelectionModel selection;
    selection.selectHeads({{3, 1}, {4, 1}}, {5, 0});
    QCOMPARE(selection.now().heads, (std::set<HeadRef>{{3, 1}, {4, 1}, {5, 0}}));
    selection.selectHead({0, 1});
    QCOMPARE(selection.now().heads, (std::set<HeadRef>{{0, 1}}));
}

void SelectionModelTest::aNewStepCutsTheWayForward() {
    SelectionModel selection;
    selection.selectHead({1, 0});
    selection.selectHead({2, 0});
    selection.goBack();
    selection.selectHead({3, 0});
    QVERIFY(!selection.canGoForward());
    selection.goBack();
    QCOMPARE(selection.now().current, (HeadRef{1, 0}));
}

void SelectionModelTest::historyIsTwoHundredDeep() {
    SelectionModel selection;
    constexpr int kMade = 500;
    for (int i = 1; i <= kMade; ++i) selection.selectHead({i, 0});
    int back = 0;
    for (; selection.canGoBack(); ++back) selection.goBack();
    QCOMPARE(back, 199); // 200 selections: the present one and 199 before it
    QCOMPARE(selection.now().current, (HeadRef{kMade - 199, 0}));
    int forward = 0;
    for (; selection.canGoForward(); ++forward) selection.goForward();
    QCOMPARE(forward, 199);
    QCOMPARE(selection.now().current, (HeadRef{kMade, 0}));
}

void SelectionModelTest::nothingNewIsSaidOnce() {
    SelectionModel selection;
    QSignalSpy changed(&selection, &SelectionModel::changed);
    selection.selectHead({1, 1});
    selection.selectHead({1, 1});
    selection.pointAt(7, 3);
    selection.pointAt(7, 3);
    QCOMPARE(changed.count(), 2);
    selection.goBack();
    QVERIFY(!selection.canGoBack());
}

void SelectionModelTest::resetForgets() {
    SelectionModel selection;
    selection.selectHead({4, 1});
    selection.pointAt(10, 2);
    selection.reset();
    QCOMPARE(selection.now(), Selection{});
    QVERIFY(!selection.canGoBack());
    QVERIFY(!selection.canGoForward());
}

} // namespace
} // namespace moa

QTEST_GUILESS_MAIN(moa::SelectionModelTest)
#include "selection_model_test.moc"
