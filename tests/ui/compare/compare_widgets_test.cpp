// Canvases of the Compare page without an engine: where text wraps, which token is under a point, keys, names; bars of a
// logarithmic axis; rows; cells.
#include "ui/widgets/compare/alternatives_popover.h"
#include "ui/widgets/compare/blame_table.h"
#include "ui/widgets/compare/kl_chart.h"
#include "ui/widgets/compare/needle_map.h"
#include "ui/widgets/compare/pair_chart.h"
#include "ui/widgets/compare/token_flow.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QSignalSpy>
#include <QTest>

using namespace moa;
using namespace Qt::StringLiterals;

namespace {

std::vector<FlowToken> tokensOf(const QStringList& texts) {
    std::vector<FlowToken> tokens;
    for (const QString& text : texts) tokens.push_back({.text = text});
    return tokens;
}

} // namespace

class CompareWidgetsTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }

    void wordsStayWhole() {
        TokenFlow flow(u"Answer"_s, Role::Dense, TextStyle::Answer);
        flow.resize(220, 200);
        flow.show();
        QVERIFY(QTest::qWaitForWindowExposed(&flow));
        // One word of three tokens does not break, whatever stands before it.
        flow.setTokens(tokensOf({u"The"_s, u" municipal"_s, u" records"_s, u" archi"_s, u"vedoc"_s, u"uments"_s, u" end\nnext"_s, u"\n"_s, u"last"_s}));
        QCOMPARE(flow.tokenRect(3).top(), flow.tokenRect(4).top());
        QCOMPARE(flow.tokenRect(4).top(), flow.tokenRect(5).top());
        QVERIFY(flow.tokenRect(5).right() <= flow.viewport()->width());
        QVERIFY(flow.tokenRect(8).top() > flow.tokenRect(6).top());
        QVERIFY2(!flow.tokenRect(7).isEmpty(), "a line end can be pointed at");
        for (int t = 0; t + 1 < 9; ++t) QVERIFY(!flow.tokenRect(t).adjusted(1, 1, -1, -1).intersects(flow.tokenRect(t + 1).adjusted(1, 1, -1, -1)));
    }

    void tokensAreChosen() {
        TokenFlow flow(u"Answer"_s, Role::Sparse, TextStyle::Answer);
        flow.resize(300, 120);
        flow.show();
        QVERIFY(QTest::qWaitForWindowExposed(&flow));
        QSignalSpy chosen(&flow, &TokenFlow::chosen), opened(&flow, &TokenFlow::opened);
        flow.setTokens(tokensOf({u"one"_s, u" two"_s, u" three"_s}));
        QTest::mouseClick(flow.viewport(), Qt::LeftButton, {}, flow.tokenRect(1).center());
        QCOMPARE(flow.current(), 1);
        QTest::keyClick(&flow, Qt::Key_Right);
        QTest::keyClick(&flow, Qt::Key_Right); // the end: not its own
        QCOMPARE(flow.current(), 2);
        QTest::keyClick(&flow, Qt::Key_Home);
        QCOMPARE(flow.current(), 0);
        QTest::keyClick(&flow, Qt::Key_Return);
        QCOMPARE(chosen.size(), 3);
        QCOMPARE(opened.size(), 1);
        QAccessibleInterface* face = QAccessible::queryAccessibleInterface(&flow);
        QVERIFY(face != nullptr && face->childCount() == 3);
        QVERIFY(face->child(1)->text(QAccessible::Name).contains(u"two"_s));
        flow.setTokens({});
        QCOMPARE(flow.current(), -1);
        QTest::keyClick(&flow, Qt::Key_Left);
        QCOMPARE(chosen.size(), 3);
    }

    void barsOfAnyHeight() {
        KlChart chart;
        chart.resize(600, 160);
        chart.setBars({{0}, {1e-9}, {1e-3}, {0.5, true}, {1e6}}, 40, 0.1, 3);
        for (int i = 0; i + 1 < 5; ++i) QVERIFY(chart.barRect(i).height() <= chart.barRect(i + 1).height());
        QVERIFY(chart.barRect(0).height() > 0 && chart.barRect(4).top() >= 0);
        QSignalSpy chosen(&chart, &KlChart::chosen);
        QTest::mouseClick(&chart, Qt::LeftButton, {}, chart.barRect(3).center().toPoint());
        QCOMPARE(chosen.takeFirst().front().toInt(), 3);
        QTest::mouseClick(&chart, Qt::LeftButton, {}, QPoint(590, 80)); // behind the last token
        QVERIFY(chosen.isEmpty());
        QVERIFY(!chart.grab().isNull());
        chart.setBars({}, 1, 0.1, -1);
        QVERIFY(!chart.grab().isNull());
    }

    void rowsOfBlame() {
        BlameTable table;
        table.resize(360, 200);
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        table.setRows({{u"L1 · KV0"_s, u"384"_s, 0.8, 0.01, true, u"first"_s}, {u"L2 · KV1"_s, u"384"_s, 0.1, {}, false, u"second"_s}});
        QSignalSpy chosen(&table, &BlameTable::chosen), scored(&table, &BlameTable::scoreAsked), opened(&table, &BlameTable::opened);
        QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, table.rowRect(1).center());
        QCOMPARE(chosen.takeFirst().front().toInt(), 1);
        QTest::keyClick(&table, Qt::Key_Return, Qt::ShiftModifier);
        QCOMPARE(scored.size(), 1);
        QTest::keyClick(&table, Qt::Key_Up);
        QTest::keyClick(&table, Qt::Key_Return);
        QCOMPARE(opened.takeFirst().front().toInt(), 0);
        QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, QPoint(20, 190)); // below the rows
        QCOMPARE(table.current(), 0);
        table.setRows({});
        QCOMPARE(table.current(), -1);
    }

    void cellsOfNeedles() {
        NeedleMap map;
        map.resize(340, 260);
        map.setCells({u"10%"_s, u"30%"_s}, {u"1k"_s, u"2k"_s, u"4k"_s}, {{100, 100}, {100, 20}, {}, {}, {}, {0, 100}});
        QAccessibleInterface* face = QAccessible::queryAccessibleInterface(&map);
        QVERIFY(face != nullptr && face->tableInterface() != nullptr);
        QCOMPARE(face->tableInterface()->cellAt(0, 1)->text(QAccessible::Name), u"Needle, depth 10%, 2k, sparse 20, dense 100"_s);
        QVERIFY(face->tableInterface()->cellAt(1, 0)->text(QAccessible::Name).contains(u"not measured"_s));
        QSignalSpy opened(&map, &NeedleMap::opened);
        QTest::mouseClick(&map, Qt::LeftButton, {}, map.cellRect(4).center());
        QCOMPARE(map.current(), 4);
        QTest::keyClick(&map, Qt::Key_Down); // the last row
        QTest::keyClick(&map, Qt::Key_Right);
        QTest::keyClick(&map, Qt::Key_Return);
        QCOMPARE(opened.takeFirst().front().toInt(), 5);
        for (const NeedleMap::Show show : {NeedleMap::Show::Sparse, NeedleMap::Show::Dense, NeedleMap::Show::Difference}) {
            map.setShow(show);
            QVERIFY(!map.grab().isNull());
        }
        map.setCells({}, {}, {});
        QTest::keyClick(&map, Qt::Key_Return);
        QVERIFY(opened.isEmpty());
    }

    void thePopoverStaysInside() {
        QWidget page;
        page.resize(800, 500);
        AlternativesPopover popover(&page);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        AlternativesPopover::Content content{u"Token 3"_s, u"KL 1.00 nats"_s, u"Dense"_s, u"half"_s, {{1, u"a"_s, 0.9, true}, {2, u"b"_s, 0.1}}, {{2, u"b"_s, 0.6, true}}};
        for (const QPoint at : {QPoint(5, 5), QPoint(780, 480), QPoint(400, 250)}) {
            const QRect token(at, QSize(20, 20));
            popover.present(content, token, page.rect());
            QVERIFY(!popover.geometry().adjusted(14, 14, -14, -14).intersects(token));
            QVERIFY(page.rect().contains(popover.geometry().adjusted(14, 14, -14, -14)));
        }
        popover.setFocus();
        QSignalSpy asked(&popover, &AlternativesPopover::continueAsked);
        QTest::keyClick(&popover, Qt::Key_Right);
        QTest::keyClick(&popover, Qt::Key_Return);
        QCOMPARE(asked.takeFirst().front().toInt(), 2);
        QVERIFY(!popover.isVisible());
    }
};

QTEST_MAIN(CompareWidgetsTest)
#include "compare_widgets_test.moc"
