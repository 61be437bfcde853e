// The grid of heads driven by real events, its numbers and what a screen reader hears.
#include "tests/ui/inspect/grabs.h"
#include "ui/widgets/inspect/head_magnifier.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/panel.h"

#include <QAccessible>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QVBoxLayout>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

using namespace moa;

namespace {

/// Decay with distance, by head; head 5 of layer 14 also looks at a needle.
Thumbnail thumbnail(int layer, int kvHead) {
    Thumbnail t{64, std::vector<float>(64 * 64, 0.0f)};
    const double reach = 2 + ((layer * 7 + kvHead * 13) % 11) * 4.0;
    for (int q = 0; q < 64; ++q)
        for (int k = 0; k <= q; ++k) {
            double value = 0.5 * std::exp(-(q - k) / reach) + 0.002 * ((q * 31 + k * 17) % 7);
            if (layer == 14 && kvHead == 5 && k == 17) value = 0.3;
            t.values[std::size_t(q) * 64 + std::size_t(k)] = float(value);
        }
    return t;
}

} // namespace

class GridTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Panel> m_panel;
    HeadsGrid* m_grid = nullptr;

    void fill(int layers, int kvHeads) {
        m_grid->setShape(layers, kvHeads);
        HeatLook look;
        look.floor = 3e-3;
        look.top = 0.5;
        look.evidenceFloor = 0.05;
        m_grid->setLook(look);
        std::vector<qint64> windows;
        std::vector<float> influence;
        std::vector<bool> pinned;
        for (int l = 0; l < layers; ++l)
            for (int g = 0; g < kvHeads; ++g) {
                m_grid->setThumbnail({l, g}, thumbnail(l, g));
                windows.push_back(l == 14 && g == 5 ? 6080 : 1984 + ((l * 5 + g * 3) % 9) * 3072);
                influence.push_back(l == 14 && g == 5 ? 0.93f : float((l * 3 + g) % 10) / 20);
                pinned.push_back((l * kvHeads + g) % 19 == 6);
            }
        m_grid->setWindows(windows, 64, 32768);
        m_grid->setInfluence(influence);
        m_grid->setPinned(pinned);
    }
    /// Thumbnails are made over several frames.
    QImage settled() {
        QImage last, now = m_grid->viewport()->grab().toImage();
        for (int same = 0; same < 3;) {
            last = std::exchange(now, m_grid->viewport()->grab().toImage());
            same = now == last ? same + 1 : 0;
        }
        return now;
    }
    void click(int layer, int kvHead, Qt::KeyboardModifiers modifiers = {}) {
        QTest::mouseClick(m_grid->viewport(), Qt::LeftButton, modifiers,
                          m_grid->cellRect({layer, kvHead}).center());
    }
    void key(Qt::Key k, Qt::KeyboardModifiers modifiers = {}) { QTest::keyClick(m_grid, k, modifiers); }

private slots:
    void initTestCase() { test::prepare(); }
    void init() {
        m_panel = std::make_unique<Panel>(QStringLiteral("Heads"));
        m_panel->setNote(QStringLiteral("32 × 8"));
        m_grid = new HeadsGrid;
        m_panel->body()->addWidget(m_grid);
        m_panel->resize(300, 866);
        fill(32, 8);
        m_panel->show();
        m_grid->setFocus();
        QVERIFY(QTest::qWaitForWindowExposed(m_panel.get()));
    }

    void clickSelectsAndSays() {
        QSignalSpy current(m_grid, &HeadsGrid::currentChanged);
        click(14, 5);
        QCOMPARE(current.size(), 1);
        QCOMPARE(current[0][0].toInt(), 14);
        QCOMPARE(current[0][1].toInt(), 5);
        QCOMPARE(m_grid->selected().size(), 1u);
        click(14, 5);
        QCOMPARE(current.size(), 1); // the same head again is no change
    }

    void modifiersExtendAndToggle() {
        click(3, 1);
        click(5, 2, Qt::ShiftModifier);
        QCOMPARE(m_grid->selected().size(), 6u); // 3 layers × 2 heads
        click(9, 7, Qt::ControlModifier);
        QCOMPARE(m_grid->selected().size(), 7u);
        click(9, 7, Qt::ControlModifier);
        QCOMPARE(m_grid->selected().size(), 6u);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{5, 2}));
        key(Qt::Key_Escape);
        QCOMPARE(m_grid->selected().size(), 1u);
    }

    void arrowsMoveAndStopAtTheRim() {
        m_grid->setCurrent({0, 0});
        key(Qt::Key_Up);
        key(Qt::Key_Left);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{0, 0}));
        key(Qt::Key_Right);
        key(Qt::Key_Down);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{1, 1}));
        key(Qt::Key_Down, Qt::ShiftModifier);
        key(Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(m_grid->selected().size(), 4u);
        key(Qt::Key_End, Qt::ControlModifier);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{31, 7}));
        key(Qt::Key_Home);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{31, 0}));
    }

    void spacePinsAndEnterOpens() {
        QSignalSpy pin(m_grid, &HeadsGrid::pinToggled), opened(m_grid, &HeadsGrid::opened);
        m_grid->setCurrent({14, 5});
        key(Qt::Key_Space);
        key(Qt::Key_Return);
        QCOMPARE(pin.size(), 1);
        QCOMPARE(pin[0][0].toInt(), 14);
        QCOMPARE(opened.size(), 1);
        QCOMPARE(opened[0][1].toInt(), 5);
    }

    void headersSelectRowsAndColumns() {
        QSignalSpy changed(m_grid, &HeadsGrid::selectionChanged);
        QTest::mouseClick(m_grid->viewport(), Qt::LeftButton, {}, {4, m_grid->cellRect({7, 0}).center().y()});
        QCOMPARE(m_grid->selected().size(), 8u);
        QTest::mouseClick(m_grid->viewport(), Qt::LeftButton, {}, {m_grid->cellRect({0, 3}).center().x(), 5});
        QCOMPARE(m_grid->selected().size(), 32u);
        QCOMPARE(changed.size(), 2);
    }

    void dragSelectsABox() {
        const auto at = [&](int l, int g) { return m_grid->cellRect({l, g}).center(); };
        QTest::mousePress(m_grid->viewport(), Qt::LeftButton, {}, at(2, 2));
        QTest::mouseMove(m_grid->viewport(), at(3, 3));
        QTest::mouseMove(m_grid->viewport(), at(4, 5));
        QTest::mouseRelease(m_grid->viewport(), Qt::LeftButton, {}, at(4, 5));
        QCOMPARE(m_grid->selected().size(), 12u);
    }

    void manyLayersScrollBelowTheHeader() {
        QVERIFY(!m_grid->scrolls());
        fill(128, 8);
        QVERIFY(m_grid->scrolls());
        m_grid->setCurrent({127, 0});
        const QRect cell = m_grid->cellRect({127, 0});
        QVERIFY(cell.bottom() < m_grid->viewport()->height());
        QVERIFY(cell.height() >= 13);
        const int headerLine = 8;
        const QImage scrolled = m_grid->viewport()->grab().toImage();
        m_grid->setCurrent({126, 0});
        m_grid->verticalScrollBar()->setValue(100);
        const QImage other = m_grid->viewport()->grab().toImage();
        for (int x = 0; x < scrolled.width(); ++x)
            QCOMPARE(scrolled.pixel(x, headerLine), other.pixel(x, headerLine));
    }

    void magnifierComesAfterAWhile() {
        QTest::mouseMove(m_grid->viewport(), m_grid->cellRect({14, 5}).center());
        QVERIFY(!m_panel->findChild<HeadMagnifier*>() || !m_panel->findChild<HeadMagnifier*>()->isVisible());
        QTRY_VERIFY(m_panel->findChild<HeadMagnifier*>() &&
                    m_panel->findChild<HeadMagnifier*>()->isVisible());
        auto* magnifier = m_panel->findChild<HeadMagnifier*>();
        const QRect cell = m_grid->cellRect({14, 5});
        QVERIFY(!magnifier->geometry().intersects(
            {m_grid->viewport()->mapTo(m_panel.get(), cell.topLeft()), cell.size()}));
        QTest::mouseMove(m_grid->viewport(), m_grid->cellRect({2, 1}).center());
        QVERIFY(!magnifier->isVisible());
    }

    void screenReaderHearsATable() {
        m_grid->setCurrent({14, 5});
        QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(m_grid);
        QVERIFY(grid && grid->tableInterface());
        QCOMPARE(grid->tableInterface()->rowCount(), 32);
        QCOMPARE(grid->tableInterface()->columnCount(), 8);
        QAccessibleInterface* cell = grid->tableInterface()->cellAt(14, 5);
        QCOMPARE(cell->text(QAccessible::Name),
                 QStringLiteral("Layer 14, KV head 5, span 6,144, influence outside 0.93, not pinned"));
        QVERIFY(cell->state().selected && cell->state().active);
        QVERIFY(cell->tableCellInterface());
        QCOMPARE(cell->tableCellInterface()->rowIndex(), 14);
        QCOMPARE(grid->tableInterface()->selectedCellCount(), 1);
        QSignalSpy current(m_grid, &HeadsGrid::currentChanged);
        grid->tableInterface()->cellAt(3, 2)->actionInterface()->doAction(
            QAccessibleActionInterface::pressAction());
        QCOMPARE(current.size(), 1);
        QCOMPARE(m_grid->current(), (HeadsGrid::Head{3, 2}));
        QVERIFY(!grid->tableInterface()->cellAt(32, 0));
    }

    void statisticReplacesThumbnails() {
        const QImage before = settled();
        HeadsGrid::Statistic spans{QStringLiteral("Span"), {}, 0, 32768, Ramp::Attention, [](double v) {
                                       return QStringLiteral("%1k").arg(v / 1024);
                                   }};
        for (int i = 0; i < 256; ++i) spans.values.push_back(float(i % 32) * 1024);
        spans.values[3] = std::numeric_limits<float>::quiet_NaN();
        m_grid->setStatistic(spans);
        QVERIFY(m_grid->viewport()->grab().toImage() != before);
        QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(m_grid);
        QVERIFY(grid->child(5)->text(QAccessible::Name).contains(QStringLiteral("span 5k")));
        QVERIFY(!grid->child(3)->text(QAccessible::Name).contains(QLatin1String("nan")));
        m_grid->setStatistic({});
        QCOMPARE(settled(), before);
    }

    void refusesWrongSizes() {
        QVERIFY_EXCEPTION_THROWN(m_grid->setShape(0, 8), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(m_grid->setWindows(std::vector<qint64>(5), 64, 100), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(m_grid->setThumbnail({0, 0}, {65, std::vector<float>(65 * 65)}),
                                 std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(m_grid->setThumbnail({0, 0}, {8, std::vector<float>(63)}),
                                 std::invalid_argument);
    }

    void emptyGridIsHarmless() {
        HeadsGrid empty;
        empty.resize(200, 200);
        empty.grab();
        QTest::keyClick(&empty, Qt::Key_Down);
        QTest::mouseClick(empty.viewport(), Qt::LeftButton, {}, {50, 50});
        QVERIFY(empty.selected().empty());
    }

    void grabs() {
        m_grid->setCurrent({14, 5});
        test::grabThemes(*m_panel, "heads", {300, 866});
        HeadsGrid::Statistic spans{QStringLiteral("Span"), {}, 0, 32768, Ramp::Attention, [](double v) {
                                       return QStringLiteral("%1k").arg(v / 1024);
                                   }};
        for (int i = 0; i < 256; ++i) spans.values.push_back(float((i * 7) % 32 + 1) * 1024);
        m_grid->setStatistic(spans);
        test::grabThemes(*m_panel, "heads-span", {300, 866});
        fill(6, 8);
        test::grabThemes(*m_panel, "heads-tiny", {300, 546});
    }
};

QTEST_MAIN(GridTest)
#include "grid_test.moc"
