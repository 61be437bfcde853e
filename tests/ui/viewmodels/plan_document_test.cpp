// The plan in use: edits and gestures as undo steps, pins that refuse, saved and edited states, shapes.
#include "ui/viewmodels/plan_document.h"

#include "engine/plan/uniform_plan.h"

#include <QSignalSpy>
#include <QTest>

namespace moa {
namespace {

constexpr int kLayers = 3, kHeads = 4, kKvHeads = 2;
constexpr std::int64_t kN = 4096;
const Rule kHalf{64, 0.5}, kNarrow{512, 0};

/// A document with a shape, and what it says.
struct Shaped {
    Shaped() { document.setShape(kLayers, kHeads, kKvHeads); }
    PlanDocument document;
    QSignalSpy changed{&document, &PlanDocument::changed};
    QSignalSpy refused{&document, &PlanDocument::refused};
};

PlanValue saved(const QString& name) {
    return {name, name + QStringLiteral(".json"), uniformPlan(kLayers, kHeads, kKvHeads, kHalf), {}};
}

class PlanDocumentTest : public QObject {
    Q_OBJECT
private slots:
    void startsDense();
    void anEditStartsAPlanAndUndoEndsIt();
    void anEditWritesTheWholeGroup();
    void aGestureIsOneStep();
    void theSinkIsEditedAsOneStep();
    void anyPinHoldsTheSink();
    void aGestureThatEndsWhereItBeganIsNoStep();
    void aCancelledGestureLeavesNothing();
    void undoWithinAGestureEndsTheGesture();
    void pinsRefuseEdits();
    void pinsCanBeUndone();
    void savedAndEdited();
    void saveOfAnOlderStateStaysEdited();
    void openAndDenseCanBeUndone();
    void resetGoesBackToTheSavedRule();
    void anotherShapeDropsThePlan();
    void rulesBySpan();
};

void PlanDocumentTest::startsDense() {
    Shaped s;
    QVERIFY(s.document.isDense());
    QVERIFY(!s.document.isModified());
    QCOMPARE(s.document.plan().density(kN), 1.0);
    QVERIFY(s.document.span({2, 1}, kN) >= kN);
    QVERIFY(!s.document.undoStack()->canUndo());
}

void PlanDocumentTest::anEditStartsAPlanAndUndoEndsIt() {
    Shaped s;
    QVERIFY(s.document.setRule({{1, 0}}, kHalf, "edit"));
    QVERIFY(!s.document.isDense());
    QVERIFY2(s.document.isModified(), "a plan that was never saved");
    QCOMPARE(s.document.rule({1, 0}), kHalf);
    QCOMPARE(s.document.rule({1, 1}), (Rule{0, 1}));
    QVERIFY(s.changed.count() >= 1);
    s.document.undoStack()->undo();
    QVERIFY(s.document.isDense());
    QCOMPARE(s.document.rule({1, 0}), (Rule{0, 1}));
    s.document.undoStack()->redo();
    QVERIFY(!s.document.isDense());
    QCOMPARE(s.document.rule({1, 0}), kHalf);
}

void PlanDocumentTest::anEditWritesTheWholeGroup() {
    Shaped s;
    s.document.setRule({{0, 1}, {2, 0}}, kNarrow, "edit");
    const SparsePlan& plan = s.document.plan();
    for (int l = 0; l < kLayers; ++l)
        for (int h = 0; h < kHeads; ++h) {
            const bool edited = (l == 0 && h >= 2) || (l == 2 && h < 2);
            QCOMPARE(plan.rule(LayerIndex(l), HeadIndex(h)), edited ? kNarrow : Rule(0, 1));
        }
    QCOMPARE(s.document.undoStack()->count(), 1);
    QCOMPARE(s.document.windows(kN).window(LayerIndex(0), KvHeadIndex(1)), 512 - kDefaultSink);
}

void PlanDocumentTest::aGestureIsOneStep() {
    Shaped s;
    s.document.open(saved("a"));
    QVERIFY(s.document.beginGesture({1, 1}, "drag"));
    const SparsePlan before = s.document.plan();
    for (int i = 0; i < 40; ++i) {
        s.document.preview({1024.0 - 16 * i, 0});
        QCOMPARE(s.document.rule({1, 1}), (Rule{1024.0 - 16 * i, 0}));
        QCOMPARE(s.document.beforeGesture().rules, before.rules);
    }
    QVERIFY(s.document.isInGesture());
    s.document.endGesture();
    QVERIFY(!s.document.isInGesture());
    QCOMPARE(s.document.undoStack()->count(), 2); // open, drag
    QCOMPARE(s.document.undoStack()->undoText(), QString("drag"));
    QVERIFY(s.document.isEdited({1, 1}));
    s.document.undoStack()->undo();
    QCOMPARE(s.document.plan().rules, before.rules);
    QVERIFY(!s.document.isModified());
    s.document.undoStack()->redo();
    QCOMPARE(s.document.rule({1, 1}), (Rule{1024.0 - 16 * 39, 0}));
}

void PlanDocumentTest::theSinkIsEditedAsOneStep() {
    Shaped s;
    s.document.open(saved("a"));
    const int before = s.document.plan().sink;
    QVERIFY(s.document.beginSinkGesture("sink"));
    s.document.preview(kNarrow); // a rule is none of a sink's gesture
    for (const int sink : {100, 130, 190, 1000}) s.document.previewSink(sink);
    QCOMPARE(s.document.plan().sink, kMaxSinkBlocks * kBlock);
    s.document.previewSink(130);
    s.document.endGesture();
    QCOMPARE(s.document.plan().sink, 2 * kBlock);
    QCOMPARE(s.document.plan().rules, saved("a").plan.rules);
    QVERIFY(s.document.isModified());
    QCOMPARE(s.document.undoStack()->count(), 2); // open, sink
    s.document.undoStack()->undo();
    QCOMPARE(s.document.plan().sink, before);
    QVERIFY(!s.document.isModified());
}

void PlanDocumentTest::anyPinHoldsTheSink() {
    Shaped s;
    s.document.open(saved("a"));
    s.document.setPinned({{2, 1}}, true);
    QVERIFY(!s.document.beginSinkGesture("sink"));
    QCOMPARE(s.refused.size(), 1);
    QCOMPARE(s.refused[0][0].value<HeadRef>(), (HeadRef{2, 1}));
    s.document.previewSink(192);
    QCOMPARE(s.document.plan().sink, kDefaultSink);
}

void PlanDocumentTest::aGestureThatEndsWhereItBeganIsNoStep() {
    Shaped s;
    QVERIFY(s.document.beginGesture({0, 0}, "drag"));
    s.document.preview(kHalf);
    s.document.preview({0, 1});
    s.document.endGesture();
    QVERIFY(s.document.isDense());
    QCOMPARE(s.document.undoStack()->count(), 0);
}

void PlanDocumentTest::aCancelledGestureLeavesNothing() {
    Shaped s;
    s.document.setRule({{0, 0}}, kHalf, "edit");
    QVERIFY(s.document.beginGesture({0, 0}, "drag"));
    s.document.preview(kNarrow);
    const auto told = s.changed.count();
    s.document.cancelGesture();
    QVERIFY2(s.changed.count() > told, "views must hear of the way back");
    QCOMPARE(s.document.rule({0, 0}), kHalf);
    s.document.preview(kNarrow); // a late move of the pointer
    s.document.endGesture();
    QCOMPARE(s.document.rule({0, 0}), kHalf);
    QCOMPARE(s.document.undoStack()->count(), 1);
}

void PlanDocumentTest::undoWithinAGestureEndsTheGesture() {
    Shaped s;
    s.document.setRule({{0, 0}}, kHalf, "edit");
    QVERIFY(s.document.beginGesture({0, 0}, "drag"));
    s.document.preview(kNarrow);
    s.document.undoStack()->undo();
    QVERIFY(s.document.isDense());
    QVERIFY(!s.document.isInGesture());
    s.document.preview(kNarrow);
    s.document.endGesture();
    QVERIFY(s.document.isDense());
    QCOMPARE(s.document.plan().density(kN), 1.0);
}

void PlanDocumentTest::pinsRefuseEdits() {
    Shaped s;
    s.document.setRule({{0, 0}, {0, 1}}, kHalf, "edit");
    s.document.setPinned({{0, 0}}, true);
    QVERIFY(s.document.isPinned({0, 0}));
    QVERIFY(!s.document.setRule({{0, 0}}, kNarrow, "edit"));
    QCOMPARE(s.refused.count(), 1);
    QCOMPARE(s.refused.front().front().value<HeadRef>(), (HeadRef{0, 0}));
    QVERIFY(!s.document.beginGesture({0, 0}, "drag"));
    s.document.preview(kNarrow);
    s.document.endGesture();
    QVERIFY(!s.document.resetRules({{0, 0}}));
    QCOMPARE(s.refused.count(), 3);
    QCOMPARE(s.document.rule({0, 0}), kHalf);
    // Among several heads only the pinned one keeps its rule.
    QVERIFY(s.document.setRule({{0, 0}, {0, 1}}, kNarrow, "edit"));
    QCOMPARE(s.document.rule({0, 0}), kHalf);
    QCOMPARE(s.document.rule({0, 1}), kNarrow);
    s.document.setPinned({{0, 0}}, false);
    QVERIFY(s.document.setRule({{0, 0}}, kNarrow, "edit"));
    QCOMPARE(s.document.rule({0, 0}), kNarrow);
}

void PlanDocumentTest::pinsCanBeUndone() {
    Shaped s;
    s.document.setPinned({{1, 0}, {2, 1}}, true);
    QCOMPARE(s.document.pins().size(), 2u);
    QVERIFY2(s.document.isDense(), "a pin makes no plan");
    s.document.undoStack()->undo();
    QVERIFY(s.document.pins().empty());
    s.document.undoStack()->redo();
    QCOMPARE(s.document.pins().size(), 2u);
}

void PlanDocumentTest::savedAndEdited() {
    Shaped s;
    s.document.open(saved("a"));
    QVERIFY(!s.document.isModified());
    QCOMPARE(s.document.name(), QString("a"));
    s.document.setRule({{0, 0}}, kNarrow, "edit");
    QVERIFY(s.document.isModified());
    QVERIFY(s.document.isEdited({0, 0}));
    QVERIFY(!s.document.isEdited({0, 1}));
    s.document.markSaved("a.json", s.document.plan());
    QVERIFY(!s.document.isModified());
    QVERIFY(!s.document.isEdited({0, 0}));
    s.document.undoStack()->undo();
    QVERIFY2(s.document.isModified(), "the file holds the rule that was undone");
}

void PlanDocumentTest::saveOfAnOlderStateStaysEdited() {
    Shaped s;
    s.document.setRule({{1, 0}}, kNarrow, "edit");
    s.document.markSaved("folder/mine.json", s.document.plan());
    QCOMPARE(s.document.name(), QString("mine"));
    QVERIFY(!s.document.isModified());
    s.document.open(saved("a"));
    s.document.setRule({{0, 0}}, kNarrow, "edit");
    const SparsePlan written = s.document.plan();
    s.document.setRule({{0, 1}}, kNarrow, "edit"); // while the file was being written
    s.document.markSaved("a.json", written);
    QVERIFY(s.document.isModified());
    QVERIFY(s.document.isEdited({0, 1}));
    QVERIFY(!s.document.isEdited({0, 0}));
}

void PlanDocumentTest::openAndDenseCanBeUndone() {
    Shaped s;
    s.document.setRule({{0, 0}}, kNarrow, "edit");
    s.document.open(saved("a"));
    s.document.useDense();
    QVERIFY(s.document.isDense());
    QCOMPARE(s.document.plan().density(kN), 1.0);
    s.document.undoStack()->undo();
    QCOMPARE(s.document.name(), QString("a"));
    QCOMPARE(s.document.rule({2, 1}), kHalf);
    QVERIFY(!s.document.isModified());
    s.document.undoStack()->undo();
    QCOMPARE(s.document.rule({0, 0}), kNarrow);
    QCOMPARE(s.document.rule({2, 1}), (Rule{0, 1}));
}

void PlanDocumentTest::resetGoesBackToTheSavedRule() {
    Shaped s;
    QVERIFY2(!s.document.resetRules({{0, 0}}), "dense has nothing to go back to");
    s.document.open(saved("a"));
    s.document.setRule({{0, 0}, {1, 0}}, kNarrow, "edit");
    QVERIFY(s.document.resetRules({{0, 0}}));
    QCOMPARE(s.document.rule({0, 0}), kHalf);
    QCOMPARE(s.document.rule({1, 0}), kNarrow);
    s.document.undoStack()->undo();
    QCOMPARE(s.document.rule({0, 0}), kNarrow);
}

void PlanDocumentTest::anotherShapeDropsThePlan() {
    Shaped s;
    s.document.open(saved("a"));
    s.document.setPinned({{0, 0}}, true);
    s.document.setShape(kLayers, kHeads, kKvHeads);
    QVERIFY2(!s.document.isDense(), "the same shape keeps everything");
    QVERIFY(!s.document.fits(uniformPlan(kLayers, kHeads, kHeads, kHalf)));
    s.document.setShape(1, 2, 1);
    QVERIFY(s.document.isDense());
    QVERIFY(s.document.pins().empty());
    QVERIFY2(!s.document.undoStack()->canUndo(), "a step of another shape must never come back");
    QCOMPARE(s.document.plan().rules.size(), 2u);
}

void PlanDocumentTest::rulesBySpan() {
    Shaped s;
    s.document.open(saved("a"));
    for (const bool beta : {false, true}) {
        const Rule moved = s.document.ruleWithSpan({0, 0}, 1024, kN, beta);
        QCOMPARE(beta ? moved.alpha : moved.beta, beta ? kHalf.alpha : kHalf.beta);
        s.document.setRule({{0, 0}}, moved, "edit");
        QCOMPARE(s.document.span({0, 0}, kN), 1024);
        s.document.undoStack()->undo();
    }
}

} // namespace
} // namespace moa

Q_DECLARE_METATYPE(moa::HeadRef)

QTEST_GUILESS_MAIN(moa::PlanDocumentTest)
#include "plan_document_test.moc"
