// The heatmap driven by real mouse and key events, what it paints, what it says, and how long a frame takes.
#include "tests/ui/inspect/grabs.h"
#include "tests/ui/inspect/synthetic_source.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/inspect/heatmap_strip.h"
#include "ui/widgets/inspect/minimap.h"
#include "ui/widgets/inspect/read_out.h"
#include "ui/widgets/inspect/resolution_ladder.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <memory>
#include <numeric>

using namespace moa;
using moa::test::SyntheticSource;

namespace {

constexpr int kTokens = 32768, kNeedle = 9152;

double percentile(std::vector<double> values, double p) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[std::size_t(p * double(values.size() - 1))];
}

} // namespace

class CanvasTest : public QObject {
    Q_OBJECT

    std::unique_ptr<SyntheticSource> m_source;
    std::unique_ptr<HeatmapCanvas> m_canvas;

    QPoint pixelOf(double query, double key) const {
        const HeatmapGeometry& g = m_canvas->geometry();
        return (m_canvas->plotRect().topLeft() + QPointF(g.xOf(key), g.yOf(query))).toPoint();
    }
    /// QTest sends the double click without its release, which would keep the button down for whoever comes
    /// next.
    void doubleClick(QPoint at) {
        QTest::mouseDClick(m_canvas.get(), Qt::LeftButton, {}, at);
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, at);
    }
    QRgb colourAt(double query, double key) const {
        return m_canvas->grab().toImage().pixel(pixelOf(query, key));
    }
    void wheel(QPoint at, int degrees, Qt::KeyboardModifiers modifiers) {
        QWheelEvent event(at, m_canvas->mapToGlobal(at), {}, {0, degrees * 8}, Qt::NoButton, modifiers,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(m_canvas.get(), &event);
    }

private slots:
    void initTestCase() { test::prepare(); }

    void init() {
        m_source = std::make_unique<SyntheticSource>(kTokens, kNeedle);
        m_canvas = std::make_unique<HeatmapCanvas>();
        m_canvas->resize(640, 620);
        m_canvas->setSource(m_source.get());
        m_canvas->setMask({6080, 64});
        m_canvas->setRuleText(QStringLiteral("2,048 + 0.125 N"));
        m_canvas->setWeightRange(1e-3, 0.6);
        m_canvas->setEvidenceRange(0.05, 0.34);
        m_canvas->show();
        m_canvas->setFocus();
        QVERIFY(QTest::qWaitForWindowExposed(m_canvas.get()));
    }
    void cleanup() {
        m_canvas.reset();
        m_source.reset();
    }

    void clickSetsTheCrosshair() {
        QSignalSpy moved(m_canvas.get(), &HeatmapCanvas::crosshairMoved);
        QTest::mouseClick(m_canvas.get(), Qt::LeftButton, {}, pixelOf(20000, 17000));
        QCOMPARE(moved.size(), 1);
        const double perPixel = 1 / m_canvas->geometry().scale();
        QVERIFY(std::abs(m_canvas->query() - 20000) <= perPixel);
        QVERIFY(std::abs(m_canvas->key() - 17000) <= perPixel);
        QTest::mouseClick(m_canvas.get(), Qt::LeftButton, {},
                          pixelOf(5000, 25000)); // above the diagonal: no pair
        QCOMPARE(moved.size(), 1);
    }

    void readOutSaysTheNumbers() {
        std::vector<float> influence(16 * 16, 0.0f);
        influence[15 * 16 + 4] = 0.93f;
        m_canvas->setInfluence(influence, 16);
        m_canvas->setCrosshair(32448, kNeedle);
        const ReadOut& box = m_canvas->readOut();
        QVERIFY(box.isVisible());
        QCOMPARE(box.title(), QStringLiteral("Query 32,448 · key 9,152"));
        QCOMPARE(box.lines().first().value.toDouble(),
                 std::round(m_source->weight(32448, kNeedle) * 1e3) / 1e3);
        QCOMPARE(box.lines().last().value, QStringLiteral("17,217")); // 32,448 − 9,152 − 6,080 + 1
        QVERIFY(std::ranges::any_of(box.lines(),
                                    [](const auto& line) { return line.value == QLatin1String("0.93"); }));
        m_canvas->setCrosshair(-1, -1);
        QVERIFY(!box.isVisible());
    }

    void coloursTellMaskedFromVisible() {
        const QRgb surface = Theme::instance().color(Role::Surface).rgb();
        QCOMPARE(colourAt(8000, 24000), surface); // acausal
        const QColor masked = QColor::fromRgb(colourAt(28000, 14000));
        QVERIFY2(std::abs(masked.red() - masked.blue()) < 14, "masked weights are grey");
        const QColor visible = QColor::fromRgb(colourAt(28000, 27000));
        QVERIFY(visible.blue() - visible.red() > 20); // cool
        const QColor evidence = QColor::fromRgb(colourAt(28000, kNeedle));
        QVERIFY(evidence.red() - evidence.blue() > 60); // warm
        m_canvas->setLayer(HeatLayer::Evidence, false);
        const QColor quiet = QColor::fromRgb(colourAt(28000, kNeedle));
        QVERIFY(std::abs(quiet.red() - quiet.blue()) < 14);
        m_canvas->setMask({0, 64}); // no plan: all is visible
        const QColor all = QColor::fromRgb(colourAt(28000, kNeedle));
        QVERIFY(all.blue() - all.red() > 20);
    }

    void ancestorsStandInUntilTilesArrive() {
        SyntheticSource lazy(kTokens, kNeedle, false);
        m_canvas->setSource(&lazy);
        m_canvas->grab();
        QCOMPARE(m_canvas->exactShare(), 0.0);
        QCOMPARE(colourAt(28000, 27000), Theme::instance().color(Role::Sunken).rgb());
        QTRY_VERIFY(!lazy.wanted.empty());
        QCOMPARE(lazy.wanted.front().block, 256); // the overview first
        for (const TileId id : lazy.wanted) QVERIFY(id.firstKey() < id.firstQuery() + id.tokens());
        lazy.deliver(3); // 32k at 256 tokens a cell is 2 × 2 tiles, of which three are causal
        QVERIFY(colourAt(28000, 27000) != Theme::instance().color(Role::Sunken).rgb());
        QCOMPARE(m_canvas->exactShare(), 0.0);
        QTRY_COMPARE(lazy.wanted.front().block, 64);
        lazy.deliver(10);
        m_canvas->grab();
        QVERIFY(m_canvas->exactShare() > 0.2 && m_canvas->exactShare() < 1);
        QTRY_VERIFY(std::ranges::none_of(lazy.wanted, [&](TileId id) { return lazy.tile(id); }));
        lazy.deliver(1000);
        m_canvas->grab();
        QCOMPARE(m_canvas->exactShare(), 1.0);
        m_canvas->setSource(nullptr);
    }

    void finerTilesFadeIn() {
        SyntheticSource lazy(kTokens, kNeedle, false);
        m_canvas->setSource(&lazy);
        QTRY_VERIFY(!lazy.wanted.empty());
        lazy.deliver(3);
        const QImage coarse = m_canvas->grab().toImage();
        QTRY_COMPARE(lazy.wanted.front().block, 64);
        lazy.deliver(1000);
        const QImage first = m_canvas->grab().toImage();
        QTest::qWait(200);
        const QImage last = m_canvas->grab().toImage();
        QVERIFY(first != coarse && first != last);
        QCOMPARE(m_canvas->grab().toImage(), last); // at rest
        Theme::instance().setReducedMotion(true);
        SyntheticSource still(kTokens, kNeedle, false);
        m_canvas->setSource(&still);
        QTRY_VERIFY(!still.wanted.empty());
        still.deliver(3);
        m_canvas->grab();
        QTRY_COMPARE(still.wanted.front().block, 64);
        still.deliver(1000);
        QCOMPARE(m_canvas->grab().toImage(), last); // without a fade
        Theme::instance().setReducedMotion(false);
        m_canvas->setSource(nullptr);
    }

    void fullWindowHasNoEdge() {
        m_canvas->setMask({std::int64_t(1) << 40, 64});
        m_canvas->setCrosshair(32448, kNeedle);
        QCOMPARE(m_canvas->item(1).name, QStringLiteral("Window edge, span 32,768"));
        QVERIFY(!m_canvas->item(0).name.contains(QStringLiteral("outside")));
        const QColor seen = QColor::fromRgb(colourAt(28000, kNeedle + 1000));
        QVERIFY(seen.blue() >= seen.red()); // cool: nothing is masked
    }

    void stripFollowsTheCanvas() {
        HeatmapStrip strip;
        strip.follow(*m_canvas);
        QCOMPARE(strip.ladder()->current(), m_canvas->block());
        QCOMPARE(strip.ladder()->itemCount(), 5);
        doubleClick(pixelOf(20000, 12000));
        QCOMPARE(strip.ladder()->current(), m_canvas->block());
        m_canvas->setCrosshair(20000, 12000);
        for (const int block : m_source->ladder()) {
            if (block == 256) continue; // a plot of this size never needs it
            emit strip.ladder()->blockChosen(block);
            QCOMPARE(m_canvas->block(), block);
            if (block < 64) QVERIFY(m_canvas->geometry().visibleTokens().contains(12000, 20000));
        }
        emit strip.minimap()->centreRequested(30000, 100);
        QVERIFY(m_canvas->geometry().visibleTokens().contains(100, 30000));
        const Thumbnail small = m_canvas->overview();
        QCOMPARE(small.side, 64);
        QVERIFY(small.values[63 * 64 + 17] > 5 * small.values[63 * 64 + 25]); // the needle's column
        QCOMPARE(small.values[10 * 64 + 20], 0.0f);                           // acausal
    }

    void edgeDragIsOneGesture() {
        QSignalSpy started(m_canvas.get(), &HeatmapCanvas::edgeDragStarted);
        QSignalSpy dragged(m_canvas.get(), &HeatmapCanvas::edgeDragged);
        QSignalSpy finished(m_canvas.get(), &HeatmapCanvas::edgeDragFinished);
        const QPoint from = pixelOf(16080, 10000), to = pixelOf(18080, 10000);
        QTest::mouseMove(m_canvas.get(), from);
        QCOMPARE(m_canvas->cursor().shape(), Qt::SizeBDiagCursor);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        for (int i = 1; i <= 4; ++i) QTest::mouseMove(m_canvas.get(), from + (to - from) * i / 4);
        QVERIFY(m_canvas->isDragging());
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, to);
        QCOMPARE(started.size(), 1);
        QVERIFY(dragged.size() >= 4);
        QCOMPARE(finished.size(), 1);
        const qint64 span = finished[0][1].toLongLong();
        QVERIFY(std::abs(double(span) - (6144 + 2000)) <= 1 / m_canvas->geometry().scale());
        QCOMPARE(m_canvas->mask().span(), span);
    }

    void snappedAnswerWins() {
        connect(m_canvas.get(), &HeatmapCanvas::edgeDragged, m_canvas.get(),
                [&](MaskEdge, qint64 span, Qt::KeyboardModifiers) {
                    m_canvas->setMask({(span - 64) / 1024 * 1024, 64});
                });
        const QPoint from = pixelOf(16080, 10000);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, 40));
        QCOMPARE(m_canvas->mask().window % 1024, 0);
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, from + QPoint(0, 40));
    }

    void escapeRestoresTheEdge() {
        QSignalSpy cancelled(m_canvas.get(), &HeatmapCanvas::edgeDragCancelled);
        QSignalSpy finished(m_canvas.get(), &HeatmapCanvas::edgeDragFinished);
        const QPoint from = pixelOf(16080, 10000);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, 60));
        QVERIFY(m_canvas->mask().window != 6080);
        QTest::keyClick(m_canvas.get(), Qt::Key_Escape);
        QCOMPARE(m_canvas->mask().window, 6080);
        QCOMPARE(cancelled.size(), 1);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, 90));
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, from + QPoint(0, 90));
        QCOMPARE(finished.size(), 0);
        QCOMPARE(m_canvas->mask().window, 6080);
    }

    void modifiersReachTheListener() {
        QSignalSpy dragged(m_canvas.get(), &HeatmapCanvas::edgeDragged);
        const QPoint from = pixelOf(16080, 10000), to = from + QPoint(0, 30);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, Qt::ControlModifier, from);
        QMouseEvent move(QEvent::MouseMove, to, m_canvas->mapToGlobal(to), Qt::NoButton, Qt::LeftButton,
                         Qt::ControlModifier);
        QCoreApplication::sendEvent(m_canvas.get(), &move);
        QVERIFY(!dragged.isEmpty());
        QCOMPARE(dragged.last()[2].value<Qt::KeyboardModifiers>(),
                 Qt::KeyboardModifiers(Qt::ControlModifier));
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, Qt::ControlModifier, to);
    }

    void sinkEdgeMovesInBlocks() {
        m_canvas->showTokens({0, 6000, 800, 800});
        QSignalSpy dragged(m_canvas.get(), &HeatmapCanvas::edgeDragged);
        const QPoint from = pixelOf(6500, 64), to = pixelOf(6500, 130);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        QTest::mouseMove(m_canvas.get(), to);
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, to);
        QVERIFY(!dragged.isEmpty());
        QCOMPARE(dragged.last()[0].value<MaskEdge>(), MaskEdge::Sink);
        QCOMPARE(dragged.last()[1].toLongLong(), 128);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, pixelOf(6500, 128));
        QTest::mouseMove(m_canvas.get(), pixelOf(6500, 700));
        QCOMPARE(dragged.last()[1].toLongLong(), 256); // the largest sink there is
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, pixelOf(6500, 700));
    }

    void keysMoveZoomAndAsk() {
        const auto key = [&](Qt::Key k, Qt::KeyboardModifiers m = {}) {
            QTest::keyClick(m_canvas.get(), k, m);
        };
        m_canvas->setCrosshair(20000, 15000);
        const int block = m_canvas->block();
        key(Qt::Key_Right);
        QCOMPARE(m_canvas->key(), 15000 + block);
        key(Qt::Key_Up, Qt::ShiftModifier);
        QCOMPARE(m_canvas->query(), 20000 - 10 * block);
        key(Qt::Key_Home);
        QCOMPARE(m_canvas->key(), 0);
        key(Qt::Key_End);
        QCOMPARE(m_canvas->key(), m_canvas->query());
        const double scale = m_canvas->geometry().scale();
        key(Qt::Key_W);
        key(Qt::Key_W);
        QVERIFY(m_canvas->geometry().scale() > 1.5 * scale);
        key(Qt::Key_S);
        const QRect before = m_canvas->geometry().visibleTokens();
        key(Qt::Key_D);
        QVERIFY(m_canvas->geometry().visibleTokens().left() > before.left());
        key(Qt::Key_F, Qt::ShiftModifier);
        QVERIFY(m_canvas->geometry().visibleTokens().contains(m_canvas->key(), m_canvas->query()));
        key(Qt::Key_F);
        QVERIFY(m_canvas->geometry().isFitted());

        QSignalSpy step(m_canvas.get(), &HeatmapCanvas::stepRequested);
        QSignalSpy widen(m_canvas.get(), &HeatmapCanvas::widenRequested);
        QSignalSpy pin(m_canvas.get(), &HeatmapCanvas::pinRequested);
        QSignalSpy peak(m_canvas.get(), &HeatmapCanvas::peakRequested);
        QSignalSpy opened(m_canvas.get(), &HeatmapCanvas::opened);
        QSignalSpy cleared(m_canvas.get(), &HeatmapCanvas::cleared);
        key(Qt::Key_BracketLeft);
        key(Qt::Key_BracketRight);
        key(Qt::Key_BracketRight, Qt::ShiftModifier);
        key(Qt::Key_P);
        key(Qt::Key_Comma);
        key(Qt::Key_Return);
        key(Qt::Key_Escape);
        QCOMPARE(step.size(), 2);
        QCOMPARE(step[0][0].toInt(), -1);
        QCOMPARE(widen.size(), 1);
        QCOMPARE(pin.size(), 1);
        QCOMPARE(peak[0][0].toInt(), -1);
        QCOMPARE(opened.size(), 1);
        QCOMPARE(cleared.size(), 1);
    }

    void lettersToggleLayers() {
        QSignalSpy changed(m_canvas.get(), &HeatmapCanvas::layerChanged);
        QTest::keyClick(m_canvas.get(), Qt::Key_L);
        QVERIFY(!m_canvas->layer(HeatLayer::Log));
        QTest::keyClick(m_canvas.get(), Qt::Key_I);
        QVERIFY(m_canvas->layer(HeatLayer::Influence));
        QTest::keyClick(m_canvas.get(), Qt::Key_K);
        QVERIFY(m_canvas->layer(HeatLayer::HideSink));
        QTest::keyClick(m_canvas.get(), Qt::Key_T);
        QTest::keyClick(m_canvas.get(), Qt::Key_E);
        QCOMPARE(changed.size(), 5);
        QTest::keyClick(m_canvas.get(), Qt::Key_L, Qt::ControlModifier); // not a letter of the canvas
        QCOMPARE(changed.size(), 5);
    }

    void hiddenSinkLeavesItsColumn() {
        m_canvas->showTokens({0, 6000, 600, 600});
        QVERIFY(colourAt(6300, 30) != Theme::instance().color(Role::Sunken).rgb());
        m_canvas->setLayer(HeatLayer::HideSink, true);
        QCOMPARE(colourAt(6300, 30), Theme::instance().color(Role::Sunken).rgb());
    }

    void wheelPansAndZoomsAtThePointer() {
        const QPoint at = pixelOf(20000, 10000);
        wheel(at, 45, Qt::ControlModifier);
        QVERIFY(!m_canvas->geometry().isFitted());
        QVERIFY((pixelOf(20000, 10000) - at).manhattanLength() <= 2);
        const QRect before = m_canvas->geometry().visibleTokens();
        wheel(at, -15, Qt::NoModifier);
        QVERIFY(m_canvas->geometry().visibleTokens().top() > before.top());
        QCOMPARE(m_canvas->geometry().visibleTokens().left(), before.left());
        m_canvas->setWheelZooms(true);
        const double scale = m_canvas->geometry().scale();
        wheel(at, 15, Qt::NoModifier);
        QVERIFY(m_canvas->geometry().scale() > scale);
    }

    void middleDragPans() {
        m_canvas->zoomBy(8, m_canvas->plotRect().center());
        const QRect before = m_canvas->geometry().visibleTokens();
        QTest::mousePress(m_canvas.get(), Qt::MiddleButton, {}, {300, 300});
        QTest::mouseMove(m_canvas.get(), {250, 330});
        QTest::mouseRelease(m_canvas.get(), Qt::MiddleButton, {}, {250, 330});
        QVERIFY(m_canvas->geometry().visibleTokens().left() > before.left());
        QVERIFY(m_canvas->geometry().visibleTokens().top() < before.top());
    }

    void doubleClickZoomsOneStep() {
        const int block = m_canvas->block();
        doubleClick(pixelOf(20000, 12000));
        QCOMPARE(m_canvas->block(), block / 4);
    }

    void dragOnEmptySpaceSelects() {
        QSignalSpy made(m_canvas.get(), &HeatmapCanvas::selectionMade);
        const QPoint from = pixelOf(20000, 2000), to = pixelOf(24000, 6000);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        QTest::mouseMove(m_canvas.get(), (from + to) / 2);
        QTest::mouseMove(m_canvas.get(), to);
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, Qt::ShiftModifier, to);
        QCOMPARE(made.size(), 1);
        const QRect tokens = made[0][0].toRect();
        QVERIFY(std::abs(tokens.left() - 2000) < 80 && std::abs(tokens.bottom() - 24000) < 80);
        QCOMPARE(made[0][1].value<Qt::KeyboardModifiers>(), Qt::KeyboardModifiers(Qt::ShiftModifier));
        QTest::keyClick(m_canvas.get(), Qt::Key_Escape);
        QCOMPARE(made.size(), 2);
        QVERIFY(made[1][0].toRect().isEmpty());
    }

    void loupeShowsExactTokensWhileHeld() {
        SyntheticSource lazy(kTokens, kNeedle, false);
        m_canvas->setSource(&lazy);
        m_canvas->setCrosshair(20000, 15000);
        const QImage before = m_canvas->grab().toImage();
        QTest::keyPress(m_canvas.get(), Qt::Key_Z);
        QVERIFY(m_canvas->grab().toImage() != before);
        QTRY_VERIFY(!lazy.wanted.empty() && lazy.wanted.front().block == 1); // more urgent than all else
        QTest::keyRelease(m_canvas.get(), Qt::Key_Z);
        QVERIFY(m_canvas->grab().toImage() == before);
        m_canvas->setSource(nullptr);
    }

    void screenReaderHearsCellAndEdge() {
        m_canvas->setCrosshair(32448, kNeedle);
        QAccessibleInterface* canvas = QAccessible::queryAccessibleInterface(m_canvas.get());
        QVERIFY(canvas);
        QCOMPARE(canvas->childCount(), 3);
        const QString cell = canvas->child(0)->text(QAccessible::Name);
        QVERIFY2(cell.startsWith(QStringLiteral("Query 32,448, key 9,152, attention 0.")), qPrintable(cell));
        QVERIFY2(cell.endsWith(QStringLiteral("outside window by 17,217")), qPrintable(cell));
        QCOMPARE(canvas->child(0)->role(), QAccessible::Cell);
        QCOMPARE(canvas->child(1)->role(), QAccessible::Slider);
        QCOMPARE(canvas->child(1)->text(QAccessible::Name), QStringLiteral("Window edge, span 6,144"));
        QSignalSpy finished(m_canvas.get(), &HeatmapCanvas::edgeDragFinished);
        QAccessibleValueInterface* slider = canvas->child(1)->valueInterface();
        QVERIFY(slider);
        slider->setCurrentValue(8192);
        QCOMPARE(finished.size(), 1);
        QCOMPARE(m_canvas->mask().span(), 8192);
        QCOMPARE(canvas->child(2)->text(QAccessible::Name), QStringLiteral("Sink edge, 64 tokens"));
        canvas->child(2)->valueInterface()->setCurrentValue(128);
        QCOMPARE(m_canvas->mask().sink, 128);
    }

    void aHeldEdgeStaysUnderTheHand() {
        QSignalSpy started(m_canvas.get(), &HeatmapCanvas::edgeDragStarted);
        QSignalSpy refused(m_canvas.get(), &HeatmapCanvas::edgeRefused);
        const QImage grip = m_canvas->grab().toImage();
        m_canvas->setHeld(MaskEdge::Window, QStringLiteral("Pinned."));
        QVERIFY2(m_canvas->grab().toImage() != grip, "a pin stands on the edge");
        const QPoint from = pixelOf(16080, 10000);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, -60));
        QTest::mouseMove(m_canvas.get(), from);
        QCOMPARE(m_canvas->cursor().shape(), Qt::ForbiddenCursor);
        QTest::mousePress(m_canvas.get(), Qt::LeftButton, {}, from);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, 60));
        QCOMPARE(m_canvas->mask().window, 6080);
        QTest::mouseRelease(m_canvas.get(), Qt::LeftButton, {}, from + QPoint(0, 60));
        QCOMPARE(started.size(), 0);
        QCOMPARE(refused.size(), 1);
        m_canvas->setItemValue(1, 8192);
        QCOMPARE(m_canvas->mask().window, 6080);
        QCOMPARE(refused.size(), 2);
        QTest::mouseMove(m_canvas.get(), from + QPoint(0, -60));
        QTest::mouseMove(m_canvas.get(), from);
        QCOMPARE(m_canvas->cursor().shape(), Qt::ForbiddenCursor);
        m_canvas->setHeld(MaskEdge::Window, {});
        QCOMPARE(m_canvas->cursor().shape(), Qt::SizeBDiagCursor);
    }

    void refusesWrongNumbers() {
        QVERIFY_EXCEPTION_THROWN(m_canvas->setInfluence(std::vector<float>(10), 4), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(m_canvas->setWeightRange(0, 1), std::invalid_argument);
        m_canvas->setCrosshair(10, 20); // key after query: none
        QCOMPARE(m_canvas->query(), -1);
    }

    void survivesItsSource() {
        m_source.reset();
        m_canvas->grab();
        QCOMPARE(m_canvas->geometry().tokens(), 0);
        QTest::keyClick(m_canvas.get(), Qt::Key_W);
        QTest::keyClick(m_canvas.get(), Qt::Key_Right);
    }

    // Prints; the limit is for release builds and far above what they need, so that a busy machine does not
    // fail it.
    void framesAreFast() {
        m_canvas->resize(1060, 1040);
        m_canvas->setCrosshair(32448, kNeedle);
        m_canvas->grab(); // tiles of the fitted view are made here, not by the canvas
        m_canvas->clearFrameTimes();
        const auto frames = [&](const char* what, int count, auto&& step) {
            for (int i = 0; i < count; ++i) {
                step(i);
                m_canvas->grab(); // makes missing tiles of the synthetic source
                m_canvas->clearFrameTimes();
                m_canvas->repaint();
            }
            std::vector<double> times;
            for (int i = 0; i < count; ++i) {
                step(-i);
                m_canvas->clearFrameTimes();
                m_canvas->repaint();
                times.push_back(m_canvas->frameTimes().back());
            }
            qInfo("%-10s median %.2f ms, 99%% %.2f ms, exact %.2f", what, percentile(times, 0.5),
                  percentile(times, 0.99), m_canvas->exactShare());
            return percentile(times, 0.5);
        };
        double worst = 0;
        worst = std::max(worst, frames("edge drag", 20, [&](int i) {
                             m_canvas->setMask({6080 + 64 * i, 64});
                         }));
        m_canvas->zoomBy(3, m_canvas->plotRect().center());
        worst = std::max(worst, frames("pan", 20, [&](int i) {
                             wheel({500, 500}, i >= 0 ? -4 : 4, Qt::NoModifier);
                         }));
        worst = std::max(worst, frames("zoom", 20, [&](int i) {
                             wheel({500, 500}, i >= 0 ? 4 : -4, Qt::ControlModifier);
                         }));
#ifdef NDEBUG
        QVERIFY(worst < 8);
#endif
    }

    void grabs() {
        std::vector<float> influence(64 * 64, 0.0f);
        for (int r = 20; r < 64; ++r) influence[std::size_t(r) * 64 + 17] = float(r - 19) / 45;
        for (int r = 0; r < 64; ++r) influence[std::size_t(r) * 65] = 0.6f;
        m_canvas->setInfluence(influence, 64);
        m_canvas->setCrosshair(32448, kNeedle);
        test::grabThemes(*m_canvas, "heatmap", {650, 620});
        m_canvas->setLayer(HeatLayer::Influence, true);
        test::grabThemes(*m_canvas, "heatmap-influence", {420, 400});
        m_canvas->setLayer(HeatLayer::Influence, false);
        QTest::keyPress(m_canvas.get(), Qt::Key_Z);
        test::grabThemes(*m_canvas, "heatmap-loupe", {650, 620});
        QTest::keyRelease(m_canvas.get(), Qt::Key_Z);
        m_canvas->showTokens({9100, 15180, 120, 120});
        m_canvas->setCrosshair(15240, 9152);
        test::grabThemes(*m_canvas, "heatmap-near", {650, 620});
    }
};

QTEST_MAIN(CanvasTest)
#include "canvas_test.moc"
