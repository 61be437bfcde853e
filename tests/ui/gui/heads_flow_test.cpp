// Looking and editing: heads by click and keys, zoom and pan, the window edge under the hand, undo, pins.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/inspect_page.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/shell/status_bar.h"

#include <QLabel>
#include <QTest>

#include <cmath>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

class HeadsFlowTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase();
    void init();
    void headsByClickAndKeys();
    void historyOfSelections();
    void zoomAndPan();
    void pointing();
    void edgeDragIsOneUndoStep();
    void escapeRestoresTheDrag();
    void undoInTheMiddleOfADrag();
    void pinsRefuse();
    void sinkDragIsOneUndoStep();
    void aPinHoldsTheSink();
    void keysNarrowAndWiden();
    void layersByKey();
    void smallWindow();

private:
    HeatmapCanvas& canvas() { return m_session->canvas(); }
    PlanDocument& plan() { return m_session->workspace().plan(); }
    UserHand& hand() { return m_session->hand(); }
    Selection now() { return m_session->workspace().selection().now(); }
    int tokens() { return m_session->bench().inspectPage().model().tokens(); }
    QPoint cell(int layer, int kvHead) { return m_session->grid().cellRect({layer, kvHead}).center(); }
    std::int64_t span() { return plan().span(now().current, tokens()); }
    /// In the canvas; the middle of the window edge.
    QPoint onEdge();
    QPoint onSink();
    QPoint low() const; ///< a point of the canvas well below the diagonal
    void narrow(int steps);

    std::unique_ptr<Session> m_session;
};

void HeadsFlowTest::initTestCase() {
    m_session = std::make_unique<Session>();
    QVERIFY(m_session->openTiny());
    QVERIFY(m_session->capture(45));
    QVERIFY2(tokens() > 1000 && tokens() < 2000, qPrintable(QString::number(tokens())));
}

void HeadsFlowTest::cleanupTestCase() {
    m_session.reset();
}

void HeadsFlowTest::init() {
    while (plan().undoStack()->canUndo()) plan().undoStack()->undo();
    plan().undoStack()->clear();
    m_session->workspace().selection().reset();
    m_session->workspace().selection().pointAt(tokens() - 1, 0);
    canvas().setFocus();
    canvas().fit();
    hand().settle(50);
    m_session->step(QString::fromLatin1(QTest::currentTestFunction()));
}

QPoint HeadsFlowTest::low() const {
    const QRectF plot = m_session->canvas().plotRect();
    return QPointF(plot.left() + plot.width() * 0.2, plot.top() + plot.height() * 0.8).toPoint();
}

QPoint HeadsFlowTest::onEdge() {
    const auto edge = canvas().geometry().windowEdge(canvas().mask());
    return edge ? (edge->center() + canvas().plotRect().topLeft()).toPoint() : QPoint();
}

void HeadsFlowTest::narrow(int steps) {
    for (int i = 0; i < steps; ++i) hand().key(Qt::Key_BracketLeft);
    hand().settle(20);
}

void HeadsFlowTest::headsByClickAndKeys() {
    QWidget* grid = m_session->grid().viewport();
    hand().click(grid, cell(2, 1));
    QCOMPARE(now().current, (HeadRef{2, 1}));
    QCOMPARE(now().heads.size(), 1u);
    hand().key(Qt::Key_Right);
    hand().key(Qt::Key_Down);
    QCOMPARE(now().current, (HeadRef{3, 2}));
    hand().key(Qt::Key_Down, Qt::ShiftModifier);
    hand().key(Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(now().current, (HeadRef{4, 3}));
    QCOMPARE(now().heads, (std::set<HeadRef>{{3, 2}, {3, 3}, {4, 2}, {4, 3}}));
    const std::size_t extended = now().heads.size();
    hand().click(grid, cell(0, 0), Qt::ControlModifier);
    QCOMPARE(now().heads.size(), extended + 1);
    hand().key(Qt::Key_Home, Qt::ControlModifier);
    QCOMPARE(now().current, (HeadRef{0, 0}));
    hand().key(Qt::Key_Space);
    QVERIFY(plan().isPinned({0, 0}));
    hand().key(Qt::Key_Space);
    QVERIFY(!plan().isPinned({0, 0}));
    hand().key(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(now().current, (HeadRef{5, 3}));
    hand().key(Qt::Key_Right); // beyond the last
    QCOMPARE(now().current, (HeadRef{5, 3}));
    hand().key(Qt::Key_Return);
    QVERIFY2(canvas().hasFocus(), "Enter goes to the heatmap");
    QVERIFY(m_session->wait([&] { return canvas().exactShare() >= 1; }));
}

void HeadsFlowTest::historyOfSelections() {
    QWidget* grid = m_session->grid().viewport();
    for (const HeadRef head : {HeadRef{1, 0}, HeadRef{2, 2}, HeadRef{3, 3}}) hand().click(grid, cell(head.layer, head.kvHead));
    hand().key(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(now().current, (HeadRef{2, 2}));
    hand().key(Qt::Key_1, Qt::ControlModifier); // the history goes across pages
    hand().key(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(now().current, (HeadRef{1, 0}));
    hand().key(Qt::Key_2, Qt::ControlModifier);
    hand().key(Qt::Key_Right, Qt::AltModifier);
    hand().key(Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(now().current, (HeadRef{3, 3}));
    QVERIFY(m_session->grid().current() == (HeadsGrid::Head{3, 3}));
}

void HeadsFlowTest::zoomAndPan() {
    const HeatmapGeometry& view = canvas().geometry();
    QVERIFY(view.isFitted());
    const double fitted = view.scale();
    const QPoint at = low();
    const QPointF inView = at - canvas().plotRect().topLeft();
    const double key = view.keyAt(inView.x()), query = view.queryAt(inView.y());
    for (int i = 0; i < 10; ++i) hand().wheel(&canvas(), at, 1, Qt::ControlModifier);
    QVERIFY(view.scale() > 3 * fitted);
    QVERIFY2(std::abs(view.keyAt(inView.x()) - key) < 1 && std::abs(view.queryAt(inView.y()) - query) < 1,
             "the token under the pointer stays there");
    QVERIFY(m_session->wait([&] { return canvas().exactShare() >= 1; }));
    QCOMPARE(canvas().block(), 1);
    m_session->grab(u"zoomed"_s);
    const double before = view.keyAt(0);
    hand().press(&canvas(), at, Qt::MiddleButton);
    for (int i = 1; i <= 20; ++i) hand().move(&canvas(), at + QPoint(4 * i, 0), Qt::MiddleButton);
    hand().release(&canvas(), at + QPoint(80, 0), Qt::MiddleButton);
    QVERIFY(std::abs(before - view.keyAt(0) - 80 / view.scale()) < 1);
    const double top = view.queryAt(0);
    hand().wheel(&canvas(), at, -1);
    QVERIFY2(view.queryAt(0) > top, "the wheel alone pans");
    const double scale = view.scale();
    hand().key(Qt::Key_W);
    QVERIFY(view.scale() > scale);
    hand().key(Qt::Key_S);
    hand().key(Qt::Key_S);
    QVERIFY(view.scale() < scale);
    hand().key(Qt::Key_F);
    QVERIFY(view.isFitted());
    hand().doubleClick(&canvas(), at);
    QVERIFY(!view.isFitted());
    for (int i = 0; i < 200; ++i) hand().wheel(&canvas(), at, 1, Qt::ControlModifier);
    QVERIFY(view.scale() <= HeatmapGeometry::kMaxScale);
    for (int i = 0; i < 200; ++i) hand().wheel(&canvas(), at, -1, Qt::ControlModifier);
    QVERIFY(m_session->wait([&] { return canvas().exactShare() >= 1; }));
}

void HeadsFlowTest::pointing() {
    hand().click(&canvas(), low());
    const int query = now().query, key = now().key;
    QVERIFY(query > 0 && key >= 0 && key < query);
    QCOMPARE(canvas().query(), query);
    hand().key(Qt::Key_Left);
    QVERIFY(now().key < key);
    hand().key(Qt::Key_Home);
    QCOMPARE(now().key, 0);
    hand().key(Qt::Key_End);
    QCOMPARE(now().key, query);
    InspectModel& model = m_session->bench().inspectPage().model();
    QVERIFY(m_session->wait([&] { return model.rowQuery() == query; }, 5000));
    double sum = 0;
    for (const float weight : model.row()) sum += double(weight);
    QVERIFY2(std::abs(sum - 1) < 1e-3, "the row's weights");
    hand().key(Qt::Key_Comma); // the peak before
    QVERIFY(now().key < query);
}

void HeadsFlowTest::edgeDragIsOneUndoStep() {
    narrow(3);
    QVERIFY(!plan().isDense());
    const int steps = plan().undoStack()->count();
    const std::int64_t before = span();
    const double density = m_session->workspace().density();
    const QPoint from = onEdge();
    hand().press(&canvas(), from);
    QVERIFY(canvas().isDragging());
    for (int i = 1; i <= 30; ++i) {
        hand().move(&canvas(), from + QPoint(-3 * i, 3 * i));
        QCOMPARE(canvas().mask().span(), span()); // the drawn edge is the plan's
    }
    QVERIFY2(plan().isInGesture(), "live, not yet a step");
    QCOMPARE(plan().undoStack()->count(), steps);
    QVERIFY(span() > before);
    QVERIFY2(m_session->workspace().density() > density, "figures follow the drag");
    m_session->grab(u"dragging"_s);
    hand().release(&canvas(), from + QPoint(-90, 90));
    const std::int64_t after = span();
    QVERIFY(after > before);
    QCOMPARE(plan().undoStack()->count(), steps + 1);
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(span(), before);
    QCOMPARE(canvas().mask().span(), before);
    hand().key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(span(), after);
}

void HeadsFlowTest::escapeRestoresTheDrag() {
    narrow(3);
    const std::int64_t before = span();
    const int steps = plan().undoStack()->count();
    const QPoint from = onEdge();
    hand().press(&canvas(), from);
    for (int i = 1; i <= 10; ++i) hand().move(&canvas(), from + QPoint(6 * i, -6 * i));
    QVERIFY(span() < before);
    hand().key(Qt::Key_Escape);
    QCOMPARE(span(), before);
    QCOMPARE(canvas().mask().span(), before);
    hand().move(&canvas(), from + QPoint(80, -80));
    hand().release(&canvas(), from + QPoint(80, -80));
    QCOMPARE(span(), before);
    QCOMPARE(plan().undoStack()->count(), steps);
}

void HeadsFlowTest::undoInTheMiddleOfADrag() {
    narrow(2);
    const QPoint from = onEdge();
    hand().press(&canvas(), from);
    hand().move(&canvas(), from + QPoint(40, -40));
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    const std::int64_t undone = span();
    hand().move(&canvas(), from + QPoint(60, -60));
    hand().release(&canvas(), from + QPoint(60, -60));
    QCOMPARE(span(), undone);
    QVERIFY(!plan().isInGesture());
}

void HeadsFlowTest::pinsRefuse() {
    narrow(3);
    const std::int64_t before = span();
    hand().key(Qt::Key_P);
    QVERIFY(plan().isPinned(now().current));
    const int steps = plan().undoStack()->count();
    narrow(1);
    hand().key(Qt::Key_BracketRight);
    hand().key(Qt::Key_R);
    QCOMPARE(span(), before);
    const QPoint from = onEdge();
    hand().move(&canvas(), from, Qt::NoButton);
    QCOMPARE(canvas().cursor().shape(), Qt::ForbiddenCursor);
    hand().press(&canvas(), from);
    for (int i = 1; i <= 10; ++i) {
        hand().move(&canvas(), from + QPoint(-6 * i, 6 * i));
        QCOMPARE(canvas().mask().span(), before); // not even under the pointer
    }
    hand().release(&canvas(), from + QPoint(-60, 60));
    QCOMPARE(span(), before);
    QCOMPARE(canvas().mask().span(), before);
    QCOMPARE(plan().undoStack()->count(), steps);
    const QList<QLabel*> labels = m_session->window().status().findChildren<QLabel*>();
    QVERIFY2(std::ranges::any_of(labels, [](const QLabel* label) { return label->text().contains(u"pinned"_s); }), "says why");
    m_session->grab(u"pinned"_s);
    hand().key(Qt::Key_P);
    narrow(1);
    QVERIFY(span() < before);
}

QPoint HeadsFlowTest::onSink() {
    const auto edge = canvas().geometry().sinkEdge(canvas().mask());
    return edge ? (edge->pointAt(0.8) + canvas().plotRect().topLeft()).toPoint() : QPoint();
}

void HeadsFlowTest::sinkDragIsOneUndoStep() {
    narrow(4);
    const MaskShape before = canvas().mask();
    const int steps = plan().undoStack()->count();
    const QPoint from = onSink();
    QVERIFY(!from.isNull());
    hand().move(&canvas(), from, Qt::NoButton);
    QCOMPARE(canvas().cursor().shape(), Qt::SizeHorCursor);
    hand().press(&canvas(), from);
    const int most = int(200 * canvas().geometry().scale());
    for (int x = 4; x < most; x += 4) {
        hand().move(&canvas(), from + QPoint(x, 0));
        QCOMPARE(canvas().mask().sink, plan().plan().sink);
        QCOMPARE(canvas().mask().span(), before.span()); // the sink is part of the span: the window gives way
    }
    QVERIFY2(plan().isInGesture(), "live, not yet a step");
    hand().release(&canvas(), from + QPoint(most, 0));
    const int after = plan().plan().sink;
    QVERIFY(after > before.sink && after % kBlock == 0);
    QCOMPARE(plan().undoStack()->count(), steps + 1);
    QVERIFY(plan().isModified());
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(canvas().mask().sink, before.sink);
    hand().key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(plan().plan().sink, after);
}

void HeadsFlowTest::aPinHoldsTheSink() {
    narrow(4);
    m_session->workspace().selection().selectHead({3, 1}); // the pinned head is another one than is looked at
    narrow(4);
    plan().setPinned({{0, 0}}, true);
    const MaskShape before = canvas().mask();
    const int steps = plan().undoStack()->count();
    const QPoint from = onSink();
    hand().move(&canvas(), from, Qt::NoButton);
    QCOMPARE(canvas().cursor().shape(), Qt::ForbiddenCursor);
    hand().press(&canvas(), from);
    for (int i = 1; i <= 10; ++i) {
        hand().move(&canvas(), from + QPoint(8 * i, 0));
        QVERIFY(canvas().mask() == before);
    }
    hand().release(&canvas(), from + QPoint(80, 0));
    QCOMPARE(plan().undoStack()->count(), steps);
    QCOMPARE(plan().plan().sink, before.sink);
    const QPoint edge = onEdge(); // this head is free
    hand().press(&canvas(), edge);
    hand().move(&canvas(), edge + QPoint(-60, 60));
    hand().release(&canvas(), edge + QPoint(-60, 60));
    QVERIFY(canvas().mask().window > before.window);
}

void HeadsFlowTest::keysNarrowAndWiden() {
    const std::int64_t dense = span();
    narrow(1);
    const std::int64_t one = span();
    QVERIFY(one < dense && one < tokens());
    narrow(100);
    QCOMPARE(span(), kDefaultSink + kBlock); // the least there is
    for (int i = 0; i < 100; ++i) hand().key(Qt::Key_BracketRight);
    QVERIFY(span() >= tokens());
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(span() < roundUpToBlock(tokens()));
    hand().key(Qt::Key_BraceRight, Qt::ShiftModifier, u"}"_s);
    QVERIFY(m_session->wait([&] { return canvas().exactShare() >= 1; }));
}

void HeadsFlowTest::layersByKey() {
    const std::pair<Qt::Key, HeatLayer> layers[] = {{Qt::Key_T, HeatLayer::Attention}, {Qt::Key_E, HeatLayer::Evidence},
                                                    {Qt::Key_L, HeatLayer::Log},       {Qt::Key_K, HeatLayer::HideSink},
                                                    {Qt::Key_I, HeatLayer::Influence}};
    for (const auto& [key, layer] : layers) {
        const bool before = canvas().layer(layer);
        hand().key(key);
        QCOMPARE(canvas().layer(layer), !before);
        hand().settle(20);
        hand().key(key);
        QCOMPARE(canvas().layer(layer), before);
    }
}

void HeadsFlowTest::smallWindow() {
    m_session->window().resize(1180, 720);
    hand().settle(100);
    QCOMPARE(m_session->window().size(), QSize(1180, 720));
    QVERIFY(canvas().plotRect().width() > 100);
    narrow(3);
    m_session->grab(u"small"_s);
    const std::int64_t before = span();
    const QPoint from = onEdge();
    hand().press(&canvas(), from);
    for (int i = 1; i <= 10; ++i) hand().move(&canvas(), from + QPoint(4 * i, -4 * i));
    hand().release(&canvas(), from + QPoint(40, -40));
    QVERIFY(span() < before);
    m_session->window().resize(1600, 1000);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::HeadsFlowTest>(argc, argv);
}

#include "heads_flow_test.moc"
