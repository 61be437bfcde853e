// Pixel ↔ token arithmetic of the heatmap, without a window.
#include "ui/widgets/inspect/heatmap_geometry.h"

#include <QTest>

#include <vector>

using namespace moa;

namespace {

const std::vector<int> kLadder{256, 64, 16, 4, 1};

HeatmapGeometry geometry(int tokens, double width, double height) {
    HeatmapGeometry g;
    g.setTokens(tokens);
    g.setViewSize({width, height});
    return g;
}

} // namespace

class GeometryTest : public QObject {
    Q_OBJECT
private slots:
    void fitsTheSmallerSide() {
        const HeatmapGeometry g = geometry(32768, 1024, 2048);
        QVERIFY(g.isFitted());
        QCOMPARE(g.scale(), 1.0 / 32);
        QCOMPARE(g.visibleTokens(), QRect(0, 0, 32768, 32768));
        QCOMPARE(g.xOf(32768), 1024.0);
    }

    void pixelsAndTokensAreInverse() {
        HeatmapGeometry g = geometry(5000, 640, 480);
        g.zoomBy(37.3, {200, 300});
        g.panBy({-1234.5, -777.25});
        for (const double px : {0.0, 0.5, 17.25, 479.0}) {
            QVERIFY(std::abs(g.xOf(g.keyAt(px)) - px) < 1e-6);
            QVERIFY(std::abs(g.yOf(g.queryAt(px)) - px) < 1e-6);
        }
    }

    void pairIsTheSquareUnderThePixel() {
        HeatmapGeometry g = geometry(100, 100, 100); // one px a token
        QCOMPARE(g.pairAt({10.9, 40.1}), std::optional(QPoint(10, 40)));
        QCOMPARE(g.pairAt({40.5, 40.5}), std::optional(QPoint(40, 40)));
        QVERIFY(!g.pairAt({41.0, 40.9})); // key after query
        QVERIFY(!g.pairAt({10, 100}));    // past the text
        QVERIFY(!g.pairAt({-1, 40}));
    }

    void zoomKeepsTheAnchor() {
        HeatmapGeometry g = geometry(32768, 1000, 1000);
        const QPointF anchor(400, 700);
        const double key = g.keyAt(anchor.x()), query = g.queryAt(anchor.y());
        for (int i = 0; i < 20; ++i) {
            g.zoomBy(1.3, anchor);
            QVERIFY(std::abs(g.keyAt(anchor.x()) - key) < 1e-6);
            QVERIFY(std::abs(g.queryAt(anchor.y()) - query) < 1e-6);
        }
        QVERIFY(!g.isFitted());
        g.zoomBy(1e-9, anchor);
        QVERIFY(g.isFitted());
        QCOMPARE(g.keyAt(0), 0.0);
    }

    void refusesUselessFactors() {
        HeatmapGeometry g = geometry(1000, 500, 500);
        for (const double factor : {0.0, -2.0, double(NAN), double(INFINITY)}) {
            g.zoomBy(factor, {10, 10});
            QCOMPARE(g.scale(), 0.5);
        }
    }

    void staysOnTheText() {
        HeatmapGeometry g = geometry(1000, 500, 500);
        g.zoomBy(4, {250, 250});
        g.panBy({1e9, 1e9});
        QCOMPARE(g.keyAt(0), 0.0);
        QCOMPARE(g.queryAt(0), 0.0);
        g.panBy({-1e9, -1e9});
        QVERIFY(std::abs(g.keyAt(500) - 1000) < 1e-6);
        QVERIFY(std::abs(g.queryAt(500) - 1000) < 1e-6);
        g.zoomBy(1e9, {0, 0});
        QCOMPARE(g.scale(), HeatmapGeometry::kMaxScale);
    }

    void shortTextIsNotBlownUpWithoutEnd() {
        const HeatmapGeometry g = geometry(3, 900, 900);
        QCOMPARE(g.scale(), HeatmapGeometry::kMaxScale);
        QCOMPARE(g.visibleTokens(), QRect(0, 0, 3, 3));
    }

    void emptyTextHasNoTokens() {
        HeatmapGeometry g = geometry(0, 300, 300);
        QVERIFY(g.visibleTokens().isEmpty());
        QVERIFY(!g.pairAt({0, 0}));
        QVERIFY(!g.windowEdge({64, 64}));
        g.zoomBy(2, {0, 0});
        g.centreOn(5, 5);
        g.setTokens(-4);
        QCOMPARE(g.tokens(), 0);
    }

    void resizeKeepsAFittedViewFitted() {
        HeatmapGeometry g = geometry(1000, 500, 500);
        g.setViewSize({250, 800});
        QCOMPARE(g.scale(), 0.25);
        g.zoomBy(8, {0, 0});
        g.setViewSize({300, 800});
        QCOMPARE(g.scale(), 2.0);
    }

    void blockSuitsTheZoom_data() {
        QTest::addColumn<double>("px");
        QTest::addColumn<int>("block");
        QTest::newRow("32k in 1000") << 1000.0 << 64; // 1.95 px a cell
        QTest::newRow("32k in 512: just one") << 512.0 << 64;
        QTest::newRow("32k in 511: less than one") << 511.0 << 256;
        QTest::newRow("32k in 100: none is wide enough") << 100.0 << 256;
        QTest::newRow("32k in 2048") << 2048.0 << 16;
    }
    void blockSuitsTheZoom() {
        QFETCH(double, px);
        QFETCH(int, block);
        QCOMPARE(geometry(32768, px, px).blockFor(kLadder), block);
    }

    void ladderZoomKeepsTheCellSize() {
        HeatmapGeometry g = geometry(32768, 1024, 1024); // block 64, 2 px a cell
        g.zoomLadder(1, {512, 512}, kLadder);
        QCOMPARE(g.blockFor(kLadder), 16);
        QCOMPARE(g.scale() * 16, 2.0);
        g.zoomLadder(2, {512, 512}, kLadder);
        QCOMPARE(g.blockFor(kLadder), 1);
        QCOMPARE(g.scale(), 2.0);
        g.zoomLadder(1, {512, 512}, kLadder); // past the end: doubles
        QCOMPARE(g.scale(), 4.0);
        g.zoomLadder(-1, {512, 512}, kLadder); // four tokens where one was
        QCOMPARE(g.scale(), 1.0);
    }

    void centreAndReveal() {
        HeatmapGeometry g = geometry(10000, 500, 500);
        g.zoomBy(40, {0, 0}); // 2 px a token, 250 tokens shown
        g.centreOn(7000, 3000);
        QCOMPARE(g.xOf(3000.5), 250.0);
        QCOMPARE(g.yOf(7000.5), 250.0);
        const double before = g.keyAt(0);
        g.reveal(7010, 3010);
        QCOMPARE(g.keyAt(0), before);
        g.reveal(7010, 3500);
        QVERIFY(g.xOf(3501) <= 500 + 1e-6 && g.xOf(3500) >= 0);
        g.reveal(0, 0);
        QCOMPARE(g.keyAt(0), 0.0);
        g.centreOn(9999, 9999);
        QVERIFY(std::abs(g.keyAt(500) - 10000) < 1e-6);
    }

    void showsARectangle() {
        HeatmapGeometry g = geometry(10000, 500, 400);
        g.show({2000, 6000, 100, 100});
        QCOMPARE(g.scale(), 4.0);
        QCOMPARE(g.keyAt(0), 2000.0);
        QCOMPARE(g.queryAt(0), 6000.0);
    }

    void maskHidesFromTheFirstHiddenDistance() {
        const MaskShape mask{128, 64}; // method.md's worked example: query 300 sees 0–63 and 173–300
        QVERIFY(!mask.hides(300, 63));
        QVERIFY(mask.hides(300, 64));
        QVERIFY(mask.hides(300, 172));
        QVERIFY(!mask.hides(300, 173));
        QVERIFY(!mask.hides(300, 300));
        QVERIFY(!mask.hides(300, 301));
        QVERIFY(!(MaskShape{0, 64}.hides(300, 100)));
        QCOMPARE(mask.span(), 192);
    }

    void edgesLieWhereTheMaskIs() {
        const HeatmapGeometry g = geometry(1000, 1000, 1000);
        const MaskShape mask{200, 64};
        const auto window = g.windowEdge(mask);
        QVERIFY(window);
        QCOMPARE(window->p1(), QPointF(64, 264));
        QCOMPARE(window->p2(), QPointF(800, 1000));
        QCOMPARE(g.sinkEdge(mask), std::optional(QLineF(64, 264, 64, 1000)));
        QVERIFY(!g.windowEdge({1000, 64}));
        QVERIFY(!g.windowEdge({936, 64}));
        QVERIFY(g.windowEdge({935, 64}));
        QVERIFY(!g.windowEdge({0, 64}));
        QVERIFY(!g.windowEdge({WindowBeyond, 64}));
    }

    void edgesAreHitAlongTheirLength_data() {
        QTest::addColumn<QPointF>("px");
        QTest::addColumn<int>("edge");
        const double diagonal = std::sqrt(0.5);
        QTest::newRow("on the window edge") << QPointF(400, 600) << int(MaskEdge::Window);
        QTest::newRow("5.9 px below")
            << QPointF(400 - 5.9 * diagonal, 600 + 5.9 * diagonal) << int(MaskEdge::Window);
        QTest::newRow("6.1 px below")
            << QPointF(400 - 6.1 * diagonal, 600 + 6.1 * diagonal) << int(MaskEdge::None);
        QTest::newRow("5.9 px above")
            << QPointF(400 + 5.9 * diagonal, 600 - 5.9 * diagonal) << int(MaskEdge::Window);
        QTest::newRow("its end") << QPointF(800, 1000) << int(MaskEdge::Window);
        QTest::newRow("its line, before its start") << QPointF(40, 240) << int(MaskEdge::None);
        QTest::newRow("on the sink edge") << QPointF(64, 700) << int(MaskEdge::Sink);
        QTest::newRow("6 px beside") << QPointF(70, 700) << int(MaskEdge::Sink);
        QTest::newRow("7 px beside") << QPointF(71.1, 700) << int(MaskEdge::None);
        QTest::newRow("above the sink edge") << QPointF(64, 200) << int(MaskEdge::None);
        QTest::newRow("corner: the nearer one, window") << QPointF(67, 267) << int(MaskEdge::Window);
        QTest::newRow("corner: the nearer one, sink") << QPointF(64, 269) << int(MaskEdge::Sink);
    }
    void edgesAreHitAlongTheirLength() {
        QFETCH(QPointF, px);
        QFETCH(int, edge);
        QCOMPARE(int(geometry(1000, 1000, 1000).edgeAt(px, {200, 64}, 6)), edge);
    }

    void hitTestFollowsZoomAndPan() {
        HeatmapGeometry g = geometry(32768, 800, 800);
        const MaskShape mask{6080, 64};
        g.show({9000, 15000, 200, 200});
        const QPointF onEdge(g.xOf(9100), g.yOf(9100 + 6080));
        QCOMPARE(int(g.edgeAt(onEdge, mask, 6)), int(MaskEdge::Window));
        QVERIFY(std::abs(g.distanceAt(onEdge) - 6080) < 1e-6);
        QCOMPARE(int(g.edgeAt(onEdge + QPointF(20, 0), mask, 6)), int(MaskEdge::None));
    }

private:
    static constexpr std::int64_t WindowBeyond = std::int64_t(1) << 40;
};

QTEST_APPLESS_MAIN(GeometryTest)
#include "geometry_test.moc"
