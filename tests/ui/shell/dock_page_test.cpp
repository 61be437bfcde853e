// The right column: its widths at three window sizes, floating, hiding, stacking, and layouts kept and
// damaged.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/dock_page.h"
#include "ui/widgets/shell/workbench_style.h"
#include "ui/widgets/theme.h"

#include <QAction>
#include <QDockWidget>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabBar>
#include <QTest>
#include <QVBoxLayout>

namespace moa {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

/// A page with left, centre and three panels at the right.
struct Sample {
    DockPage page;
    Panel *left = new Panel(s("Heads")), *centre = new Panel(s("L14 · KV5"));
    Panel* panels[3] = {new Panel(s("Rule and cost")), new Panel(s("Distance profile")),
                        new Panel(s("Query heads"))};
    QDockWidget* docks[3];

    explicit Sample(QSize size = {1600, 900}) {
        left->body()->addStretch(1);
        centre->body()->addStretch(1);
        page.setLeft(left, 300);
        page.setCentre(centre);
        page.setRightWidth(384);
        const char* ids[] = {"rule", "profile", "group"};
        for (int i = 0; i < 3; ++i) {
            panels[i]->body()->addWidget(new QPushButton(s(ids[i])));
            panels[i]->body()->addStretch(1);
            docks[i] = page.addPanel(s(ids[i]), panels[i]);
        }
        page.resize(size);
        page.show();
        test::settle();
    }
};

/// Left edge of `widget` in the page.
int leftOf(const Sample& sample, const QWidget* widget) {
    return widget->mapTo(&sample.page, QPoint()).x();
}

} // namespace

class DockPageTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { installWorkbenchStyle(); }
    void columnsAreAsDrawn();
    void mediumAndNarrow();
    void panelsFloatHideAndComeBack();
    void headerDragsThePanel();
    void layoutIsKept();
    void damagedLayoutsAreRefused();
    void pictures();
};

void DockPageTest::columnsAreAsDrawn() {
    Sample sample;
    QCOMPARE(sample.page.widthClass(), WidthClass::Wide);
    QCOMPARE(sample.left->width(), 300);
    QCOMPARE(leftOf(sample, sample.left), 12);
    for (const Panel* panel : sample.panels) {
        QCOMPARE(panel->width(), 384);
        QCOMPARE(leftOf(sample, panel), 1600 - 12 - 384);
    }
    QCOMPARE(leftOf(sample, sample.panels[0]) - (leftOf(sample, sample.centre) + sample.centre->width()), 12);
    Theme::instance().setMode(ThemeMode::Dark); // a new style sheet keeps the gaps
    test::settle();
    QCOMPARE(leftOf(sample, sample.panels[0]) - (leftOf(sample, sample.centre) + sample.centre->width()), 12);
    Theme::instance().setMode(ThemeMode::Light);
    test::settle();
    const int gap = sample.panels[1]->mapTo(&sample.page, QPoint()).y() -
                    (sample.panels[0]->mapTo(&sample.page, QPoint()).y() + sample.panels[0]->height());
    QVERIFY2(gap >= 12 && gap <= 13, qPrintable(s("%1").arg(gap)));
}

void DockPageTest::mediumAndNarrow() {
    Sample sample;
    QSignalSpy changed(&sample.page, &DockPage::widthClassChanged);
    sample.page.resize(1300, 800);
    test::settle();
    QCOMPARE(sample.page.widthClass(), WidthClass::Medium);
    QCOMPARE(sample.panels[0]->width(), 320);
    QCOMPARE(changed.size(), 1);
    sample.page.resize(1100, 800);
    test::settle();
    QCOMPARE(sample.page.widthClass(), WidthClass::Narrow);
    // Tabs under the centre: one panel in sight, below the centre, and a tab for each.
    QVERIFY(sample.panels[0]->mapTo(&sample.page, QPoint()).y() >
            sample.centre->mapTo(&sample.page, QPoint()).y() + sample.centre->height() - 1);
    int visible = 0;
    for (const Panel* panel : sample.panels) visible += !panel->visibleRegion().isEmpty();
    QCOMPARE(visible, 1);
    const auto bars = sample.page.findChildren<QTabBar*>();
    QVERIFY(std::any_of(bars.begin(), bars.end(), [](const QTabBar* bar) { return bar->count() == 3; }));
    sample.page.resize(1600, 900);
    test::settle();
    QCOMPARE(sample.page.widthClass(), WidthClass::Wide);
    QCOMPARE(leftOf(sample, sample.panels[2]), 1600 - 12 - 384);
    for (const Panel* panel : sample.panels) QVERIFY(!panel->visibleRegion().isEmpty());
}

void DockPageTest::panelsFloatHideAndComeBack() {
    Sample sample;
    QCOMPARE(sample.page.panelActions().size(), 3);
    QAction* floats = nullptr;
    for (QAction* action : sample.panels[0]->menu()->actions())
        if (action->text() == s("Float or dock")) floats = action;
    QVERIFY(floats);
    floats->trigger();
    QVERIFY(sample.docks[0]->isFloating());
    sample.page.panelActions()[1]->trigger();
    QVERIFY(!sample.panels[1]->isVisible());
    sample.page.tabifyDockWidget(sample.docks[2], sample.docks[1]);
    sample.page.restoreDefaultLayout();
    test::settle();
    QVERIFY(!sample.docks[0]->isFloating());
    for (const Panel* panel : sample.panels) {
        QVERIFY(!panel->visibleRegion().isEmpty());
        QCOMPARE(panel->width(), 384);
    }
}

void DockPageTest::headerDragsThePanel() {
    Sample sample;
    QWidget* header = sample.panels[0]->childAt(40, 10); // the title's label
    QVERIFY(header);
    const QPoint from(10, 8);
    QTest::mousePress(header, Qt::LeftButton, {}, from);
    // The first moves go to the header; from the start of the drag on, the dock has the mouse.
    for (const QPoint step : {QPoint(-20, 10), QPoint(-60, 40), QPoint(-300, 120)}) {
        QWidget* receiver = QWidget::mouseGrabber() ? QWidget::mouseGrabber() : header;
        QTest::mouseMove(receiver, receiver->mapFromGlobal(header->mapToGlobal(from + step)));
        QTest::qWait(1);
        if (sample.docks[0]->isFloating()) break;
    }
    QVERIFY(sample.docks[0]->isFloating());
    QTest::mouseRelease(QWidget::mouseGrabber() ? QWidget::mouseGrabber() : header, Qt::LeftButton);
    test::settle();
    // A press on a button of the panel starts nothing.
    auto* button = sample.panels[1]->findChild<QPushButton*>();
    QSignalSpy clicked(button, &QPushButton::clicked);
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(clicked.size(), 1);
}

void DockPageTest::layoutIsKept() {
    QByteArray kept;
    {
        Sample sample;
        sample.docks[1]->close();
        sample.page.tabifyDockWidget(sample.docks[0], sample.docks[2]);
        test::settle();
        kept = sample.page.saveLayout();
    }
    Sample again;
    QVERIFY(again.page.restoreLayout(kept));
    test::settle();
    QVERIFY(!again.docks[1]->isVisible());
    QCOMPARE(again.page.tabifiedDockWidgets(again.docks[0]), QList<QDockWidget*>{again.docks[2]});
}

void DockPageTest::damagedLayoutsAreRefused() {
    Sample sample;
    const QByteArray good = sample.page.saveLayout();
    QVERIFY(!sample.page.restoreLayout({}));
    QVERIFY(!sample.page.restoreLayout("rubbish"));
    QVERIFY(!sample.page.restoreLayout(good.left(good.size() / 2)));
    QVERIFY(!sample.page.restoreLayout(QByteArray(1 << 20, 'x')));
    QByteArray flipped = good;
    for (qsizetype i = 0; i < flipped.size(); i += 7) flipped[i] = char(flipped[i] ^ 0x55);
    QVERIFY(!sample.page.restoreLayout(flipped));
    DockPage fewer;
    QVERIFY(!fewer.restoreLayout(good));
    test::settle();
    for (const Panel* panel : sample.panels) QVERIFY(!panel->visibleRegion().isEmpty());
}

void DockPageTest::pictures() {
    Sample sample;
    test::grabTo(sample.page, s("docks-wide"));
    sample.page.resize(1100, 720);
    test::settle();
    test::grabTo(sample.page, s("docks-narrow"));
}

} // namespace moa

QTEST_MAIN(moa::DockPageTest)
#include "dock_page_test.moc"
