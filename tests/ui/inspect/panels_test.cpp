// Token lanes, row and distance profiles, group truth, strip, rule panel and exports, driven by real events.
#include "engine/core/error.h"
#include "tests/ui/inspect/grabs.h"
#include "ui/widgets/inspect/distance_profile.h"
#include "ui/widgets/inspect/group_truth.h"
#include "ui/widgets/inspect/heatmap_strip.h"
#include "ui/widgets/inspect/minimap.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/resolution_ladder.h"
#include "ui/widgets/inspect/row_profile.h"
#include "ui/widgets/inspect/rule_cost_panel.h"
#include "ui/widgets/inspect/spin_arrows.h"
#include "ui/widgets/inspect/token_lane.h"
#include "ui/widgets/inspect/token_text.h"
#include "ui/widgets/inspect/widget_export.h"

#include <QAccessible>
#include <QClipboard>
#include <QDoubleSpinBox>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>
#include <QVBoxLayout>

#include <cmath>

using namespace moa;

namespace {

QList<LaneToken> tokens() {
    QList<LaneToken> list;
    for (int i = 0; i < 60; ++i) list.append({QStringLiteral(" w%1").arg(i), false, i > 30, float(i) / 60});
    list[0] = {QStringLiteral("<|bos|>"), true, false, -1};
    list[29] = {QStringLiteral("\n"), false, false, 0.2f};
    return list;
}

std::vector<float> row(int query, int needle) {
    std::vector<float> weights(std::size_t(query) + 1, 2e-4f);
    for (int k = query - 3000; k <= query; ++k)
        weights[std::size_t(k)] = float(0.05 * std::exp((k - query) / 900.0));
    weights[std::size_t(needle)] = 0.341f;
    weights[3] = 0.4f; // the sink is visible and no hidden peak
    return weights;
}

QString nameOf(QWidget& widget, int item) {
    return QAccessible::queryAccessibleInterface(&widget)->child(item)->text(QAccessible::Name);
}

} // namespace

class PanelsTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { test::prepare(); }

    void numbersReadAsInTheDesign() {
        QCOMPARE(paint::count(32448), QStringLiteral("32,448"));
        QCOMPARE(paint::axisTokens(16384), QStringLiteral("16k"));
        QCOMPARE(paint::axisTokens(1536), QStringLiteral("1.5k"));
        QCOMPARE(paint::axisTokens(512), QStringLiteral("512"));
        QCOMPARE(paint::weight(0.341), QStringLiteral("0.341"));
        QCOMPARE(paint::weight(0.0001234), QStringLiteral("0.000123"));
        QCOMPARE(paint::weight(0), QStringLiteral("0"));
        QCOMPARE(paint::scaleEnd(0.001), QStringLiteral("0.001"));
        QCOMPARE(paint::scaleEnd(0.6), QStringLiteral("0.6"));
        QCOMPARE(paint::scaleEnd(0.02449), QStringLiteral("0.024"));
        QCOMPARE(paint::scaleEnd(1), QStringLiteral("1"));
        QCOMPARE(paint::signedNumber(-9, 1), QStringLiteral("−9.0"));
        QCOMPARE(paint::signedNumber(0.0231, 4), QStringLiteral("+0.0231"));
        QCOMPARE(paint::signedNumber(-0.00001, 4), QStringLiteral("0.0000"));
        QCOMPARE(paint::tickStep(32768, 560, 60), 4096);
    }

    void invisibleCharactersHaveSymbols() {
        QCOMPARE(tokenSymbols(QStringLiteral(" the")), QStringLiteral("·the"));
        QCOMPARE(tokenSymbols(QStringLiteral("a\tb\n")), QStringLiteral("a⇥b⏎"));
        QCOMPARE(tokenSymbols(QString(QChar(0x1B))), QString(QChar(0x241B)));
        QCOMPARE(tokenSymbols(QString(QChar(0x200B))), QStringLiteral("⟨200B⟩"));
        QCOMPARE(tokenSymbols({}), QStringLiteral("∅"));
    }

    void laneShowsWhatFitsAroundTheCurrent() {
        TokenLane lane(QStringLiteral("Key"));
        lane.resize(700, lane.sizeHint().height());
        lane.setTokens(9100, tokens());
        lane.setCurrent(9130);
        const auto [first, last] = lane.shownRange();
        QVERIFY(first > 9100 && last < 9159 && first < 9130 && last > 9130);
        QVERIFY(lane.chipRect(last).right() < lane.width());
        QVERIFY(std::abs((9130 - first) - (last - 9130)) <= 2);
        lane.setCurrent(9100); // at the start of what there is: grows to the right alone
        QCOMPARE(lane.shownRange().first, 9100);
        lane.resize(60, 40);
        lane.grab(); // narrower than its title
    }

    void laneClickDragAndKeys() {
        TokenLane lane(QStringLiteral("Key"));
        lane.resize(700, lane.sizeHint().height());
        lane.setTokens(9100, tokens());
        lane.setCurrent(9130);
        lane.show();
        QSignalSpy current(&lane, &TokenLane::currentChanged), range(&lane, &TokenLane::rangeSelected);
        const auto at = [&](int position) { return lane.chipRect(position).center(); };
        QTest::mouseClick(&lane, Qt::LeftButton, {}, at(9131));
        QCOMPARE(current.last()[0].toInt(), 9131);
        QTest::mousePress(&lane, Qt::LeftButton, {}, at(9128));
        QTest::mouseMove(&lane, at(9130));
        QTest::mouseRelease(&lane, Qt::LeftButton, {}, at(9130));
        QCOMPARE(range.size(), 1);
        QCOMPARE(range[0][0].toInt(), 9128);
        QCOMPARE(range[0][1].toInt(), 9130);
        QTest::keyClick(&lane, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral(" w28\n w30"));
        QTest::keyClick(&lane, Qt::Key_Escape);
        QVERIFY(lane.selection().second < lane.selection().first);
        QTest::keyClick(&lane, Qt::Key_Right);
        QCOMPARE(lane.current(), 9132);
        QTest::keyClick(&lane, Qt::Key_Home);
        QCOMPARE(lane.current(), 9100);
        QTest::keyClick(&lane, Qt::Key_Left);
        QCOMPARE(lane.current(), 9100);
        QTest::keyClick(&lane, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("<|bos|>"));
    }

    void laneSpeaks() {
        TokenLane lane(QStringLiteral("Key"));
        lane.resize(700, lane.sizeHint().height());
        lane.setTokens(9100, tokens());
        lane.setCurrent(9140);
        QCOMPARE(nameOf(lane, lane.currentItem()),
                 QStringLiteral("Key 9,140, “·w40”, attention 0.667, outside window"));
        lane.setCurrent(9100);
        QVERIFY(nameOf(lane, 0).contains(QStringLiteral("special token")));
    }

    void rowProfileFindsTheHiddenPeak() {
        RowProfile profile;
        profile.resize(800, profile.sizeHint().height());
        profile.setMask({6080, 64});
        profile.setRow(32448, row(32448, 9152), 32768);
        QCOMPARE(profile.hiddenPeak(), 9152);
        profile.setMask({32000, 64}); // the needle is visible now; equal weights before it: the first of them
        QCOMPARE(profile.hiddenPeak(), 64);
        profile.setMask({0, 64});
        QCOMPARE(profile.hiddenPeak(), -1);
    }

    void onlyHiddenKeysWearTheHiddenColour() {
        RowProfile profile;
        profile.resize(900, profile.sizeHint().height());
        profile.setRow(900, std::vector<float>(901, 1e-3f), 1000);
        const QRectF plot = profile.plotRect();
        const auto groundAt = [&](int key) {
            const QImage picture = profile.grab().toImage();
            return picture.pixelColor(int(plot.left() + (key + 0.5) / 1000 * plot.width()), int(plot.center().y()));
        };
        const QColor hidden = Theme::instance().color(Role::SparseSoft);
        for (const int key : {10, 400, 850}) QVERIFY2(groundAt(key) != hidden, "dense hides nothing");
        profile.setMask({200, 64});
        QVERIFY2(groundAt(30) != hidden, "the sink");
        QCOMPARE(groundAt(400), hidden);
        QVERIFY2(groundAt(850) != hidden, "the window");
        QVERIFY2(groundAt(950) != hidden, "keys after the query");
        profile.setMask({901, 64}); // a window as long as the row
        QVERIFY(groundAt(400) != hidden);
    }

    void groupSentenceTakesTheLinesItNeeds() {
        GroupTruth group;
        group.setHeads({{20, 2816}, {21, 2048}, {22, 23552}, {23, 3584}}, 6144, 32768);
        const int wide = group.heightForWidth(700), narrow = group.heightForWidth(220);
        QVERIFY(narrow > wide);
        group.resize(220, narrow);
        const QImage picture = group.grab().toImage();
        const QColor ground = picture.pixelColor(picture.width() - 1, picture.height() - 1);
        for (int x = 0; x < picture.width(); ++x)
            QVERIFY2(picture.pixelColor(x, picture.height() - 1) == ground, "text reaches the last row: it is cut");
    }

    void aLowRulePanelScrolls() {
        QWidget window;
        auto* column = new QVBoxLayout(&window);
        auto* panel = new RuleCostPanel;
        column->addWidget(panel);
        panel->setGrid(-2048, 32768, 1024, 0.125);
        panel->setRule(2048, 0.125, 6144);
        panel->setWarning(QStringLiteral("Influence outside window 0.93, highest of 256 KV heads."), 23552);
        panel->setCosts({{QStringLiteral("Plan density"), QStringLiteral("0.4993"), {}},
                         {QStringLiteral("Estimated loss increase"), QStringLiteral("+0.0231"), QStringLiteral("+0.0079")},
                         {QStringLiteral("KV cache, batch 1"), QStringLiteral("1.997 GiB"), QStringLiteral("−9.0 MiB")}});
        window.resize(340, 230);
        window.show();
        QVERIFY(QTest::qWaitForWindowExposed(&window));
        const auto* scroll = panel->findChild<QScrollArea*>();
        QVERIFY(scroll && scroll->verticalScrollBar()->maximum() > 0);
        int last = -1; // rows one below the other, none on another
        for (const QString& name : {QStringLiteral("Plan density"), QStringLiteral("Estimated loss increase"),
                                    QStringLiteral("KV cache, batch 1")})
            for (const QLabel* label : panel->findChildren<QLabel*>())
                if (label->text() == name) {
                    const int top = label->mapTo(scroll->widget(), QPoint()).y();
                    QVERIFY2(top >= last, qPrintable(name));
                    QVERIFY(label->height() >= label->heightForWidth(label->width()));
                    last = top + label->height();
                }
        QVERIFY(last > 0);
        window.resize(340, 700);
        QTRY_COMPARE(scroll->verticalScrollBar()->maximum(), 0);
    }

    void rowProfileClickDragAndKeys() {
        RowProfile profile;
        profile.resize(800, profile.sizeHint().height());
        profile.setMask({6080, 64});
        profile.setRow(32448, row(32448, 9152), 32768);
        profile.show();
        QSignalSpy key(&profile, &RowProfile::keyChanged), range(&profile, &RowProfile::rangeSelected);
        const QRectF plot = profile.plotRect();
        const auto at = [&](double share) {
            return QPointF(plot.left() + share * plot.width(), plot.center().y()).toPoint();
        };
        QTest::mouseClick(&profile, Qt::LeftButton, {}, at(0.25));
        QCOMPARE(key.size(), 1);
        QVERIFY(std::abs(key[0][0].toInt() - 8192) < 60);
        QTest::mousePress(&profile, Qt::LeftButton, {}, at(0.1));
        QTest::mouseMove(&profile, at(0.2));
        QTest::mouseRelease(&profile, Qt::LeftButton, {}, at(0.2));
        QCOMPARE(range.size(), 1);
        QVERIFY(range[0][0].toInt() < range[0][1].toInt());
        QTest::keyClick(&profile, Qt::Key_End);
        QCOMPARE(profile.key(), 32448);
        QTest::keyClick(&profile, Qt::Key_Left);
        QCOMPARE(profile.key(), 32447);
        profile.setKey(9152);
        QCOMPARE(nameOf(profile, 0), QStringLiteral("Key 9,152, attention 0.341, outside window"));
        RowProfile empty;
        empty.grab();
        QTest::keyClick(&empty, Qt::Key_Right);
    }

    void distanceProfileInterpolates() {
        DistanceProfile profile;
        profile.setCurves({64, 256, 1024}, {0.2, 0.4, 1.0}, {});
        QCOMPARE(profile.attentionWithin(128), 0.3); // half of the way in log distance
        QCOMPARE(profile.attentionWithin(1), 0.2);
        QCOMPARE(profile.attentionWithin(1e9), 1.0);
        QVERIFY(std::isnan(profile.influenceWithin(128)));
        profile.setWindow(128, 192);
        QCOMPARE(profile.accessibleName(),
                 QStringLiteral("Distance profile, attention 30.0% within 128 tokens"));
        QVERIFY_EXCEPTION_THROWN(profile.setCurves({64, 64}, {0, 1}, {}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(profile.setCurves({64, 128}, {0}, {}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(profile.setCurves({0, 128}, {0, 1}, {}), std::invalid_argument);
    }

    void groupNamesWhoHoldsTheSaving() {
        GroupTruth group;
        group.setHeads({{20, 2816}, {21, 2048}, {22, 23552}, {23, 3584}}, 6144, 32768);
        QCOMPARE(group.holder(), 22);
        group.setRule(24000);
        QCOMPARE(group.holder(), -1);
        group.setHeads({{0, 9000}, {1, 9000}}, 6144, 32768);
        QCOMPARE(group.holder(), -1); // two of them: neither alone
        group.setHeads({{20, 2816}, {22, 23552}}, 6144, 32768);
        group.resize(360, group.sizeHint().height());
        group.show();
        QSignalSpy chosen(&group, &GroupTruth::headChosen);
        QTest::keyClick(&group, Qt::Key_Down);
        QTest::keyClick(&group, Qt::Key_Down);
        QCOMPARE(chosen.last()[0].toInt(), 22);
        QCOMPARE(
            nameOf(group, 1),
            QStringLiteral("Query head 22, 95% of influence within span 23,552, 17,408 more than the rule"));
        QTest::mouseClick(&group, Qt::LeftButton, {}, group.item(0).rect.center());
        QCOMPARE(chosen.last()[0].toInt(), 20);
        GroupTruth empty;
        empty.grab();
        QTest::keyClick(&empty, Qt::Key_Down);
    }

    void ladderAndMinimapAsk() {
        HeatmapStrip strip;
        strip.ladder()->setSteps({64, 16, 4, 1});
        strip.ladder()->setCurrent(64);
        strip.minimap()->setView({0, 0, 1000, 1000}, 32768);
        strip.show();
        QSignalSpy chosen(strip.ladder(), &ResolutionLadder::blockChosen);
        QTest::keyClick(strip.ladder(), Qt::Key_Down);
        QCOMPARE(chosen.last()[0].toInt(), 16);
        QTest::mouseClick(strip.ladder(), Qt::LeftButton, {}, strip.ladder()->item(3).rect.center());
        QCOMPARE(chosen.last()[0].toInt(), 1);
        QSignalSpy centre(strip.minimap(), &Minimap::centreRequested);
        QTest::mouseClick(strip.minimap(), Qt::LeftButton, {},
                          {3 + Minimap::kSide / 4, 3 + Minimap::kSide / 2});
        QCOMPARE(centre.size(), 1);
        QVERIFY(std::abs(centre[0][0].toInt() - 16384) < 400 && std::abs(centre[0][1].toInt() - 8192) < 400);
    }

    void rulePanelEditsAndAsks() {
        RuleCostPanel panel;
        panel.setGrid(-2048, 32768, 1024, 0.125);
        QSignalSpy edited(&panel, &RuleCostPanel::ruleEdited), pinned(&panel, &RuleCostPanel::pinToggled);
        QSignalSpy widen(&panel, &RuleCostPanel::widenRequested);
        panel.setRule(2048, 0.125, 6144);
        QCOMPARE(edited.size(), 0);
        panel.show();
        auto* alpha = panel.findChild<QSpinBox*>();
        auto* beta = panel.findChild<QDoubleSpinBox*>();
        QTest::keyClick(alpha, Qt::Key_Up);
        QCOMPARE(edited.last()[0].toDouble(), 3072.0);
        QTest::mouseClick(alpha->findChild<SpinArrows*>(), Qt::LeftButton, {}, {8, 4});
        QCOMPARE(edited.last()[0].toDouble(), 4096.0);
        QTest::keyClick(beta, Qt::Key_Down);
        QCOMPARE(edited.last()[1].toDouble(), 0.0);
        QSignalSpy finished(&panel, &RuleCostPanel::ruleEditFinished);
        QTRY_COMPARE(finished.size(), 1); // three steps, one gesture
        QTest::keyClick(alpha, Qt::Key_Up);
        QTest::keyClick(alpha, Qt::Key_Return);
        QCOMPARE(finished.size(), 2);
        panel.setWarning(QStringLiteral("Influence outside window 0.93"), 23552);
        QPushButton *pin = nullptr, *widenButton = nullptr;
        for (QPushButton* button : panel.findChildren<QPushButton*>()) {
            if (button->text() == QLatin1String("Pin")) pin = button;
            if (button->text() == QLatin1String("Widen to 23,552")) widenButton = button;
        }
        QVERIFY(pin && widenButton);
        QTest::mouseClick(widenButton, Qt::LeftButton);
        QCOMPARE(widen.size(), 1);
        QTest::mouseClick(pin, Qt::LeftButton);
        QCOMPARE(pinned.last()[0].toBool(), true);
        panel.setPinned(true);
        QVERIFY(!alpha->isEnabled() && !widenButton->isEnabled() && pin->isEnabled());
        QCOMPARE(pin->text(), QStringLiteral("Unpin"));
        panel.setCosts(
            {{QStringLiteral("a"), QStringLiteral("1"), {}}, {QStringLiteral("b"), QStringLiteral("2"), {}}});
        panel.setCosts({{QStringLiteral("c"), QStringLiteral("3"), {}}});
        int shown = 0;
        for (QLabel* label : panel.findChildren<QLabel*>())
            shown += label->isVisibleTo(&panel) &&
                     (label->text() == QLatin1String("c") || label->text() == QLatin1String("b"));
        QCOMPARE(shown, 1);
    }

    void exportsPictures() {
        QTemporaryDir folder;
        GroupTruth group;
        group.setHeads({{20, 2816}, {22, 23552}}, 6144, 32768);
        group.resize(360, group.sizeHint().height());
        const ExportNote note{QStringLiteral("Query heads"), QStringLiteral("run 412, N 32,768")};
        const QString png = folder.filePath(QStringLiteral("a.png")),
                      svg = folder.filePath(QStringLiteral("a.svg"));
        savePng(group, png, note, 2);
        const QImage image(png);
        QCOMPARE(image.size(), group.size() * 2);
        QCOMPARE(image.text(QStringLiteral("Description")), note.description);
        saveSvg(group, svg, note);
        QFile file(svg);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        QVERIFY(text.contains("run 412") && text.contains("Q22") && !text.contains("<image"));
        copyPicture(group);
        QVERIFY(!QGuiApplication::clipboard()->image().isNull());
        QVERIFY_EXCEPTION_THROWN(savePng(group, QStringLiteral("/nowhere/a.png"), note), FileError);
    }
};

QTEST_MAIN(PanelsTest)
#include "panels_test.moc"
