// How long a frame of a drag takes on a plan of 1,024 KV heads with a profile open: the event, what follows from it, and
// the painting of matrix, rule, lists and budget. Prints the times; fails where a frame's median is over 50 ms.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_matrix_panel.h"
#include "ui/views/plan_page.h"
#include "ui/views/plan_rule_panel.h"
#include "ui/widgets/plan/length_slider.h"
#include "ui/widgets/plan/rule_line.h"
#include "ui/widgets/plan/span_matrix.h"

#include <QTest>

#include <algorithm>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

constexpr int kSide = 32;
constexpr double kWantedMs = 16, kMostMs = 50;

class PlanFrameTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase() { m_session.reset(); }
    void aDragRepaintsEverythingInOneFrame();
    void aDragOfAWholeLayer();
    void aDragOfN();

private:
    PlanPage& page() { return m_session->bench().planPage(); }
    RuleLine& line() { return page().rule().line(); }
    /// Median over the frames, ms.
    void measure(const char* what, int frames, const std::function<void(int)>& move);

    std::unique_ptr<Session> m_session;
};

void PlanFrameTest::initTestCase() {
    m_session = std::make_unique<Session>();
    Session& s = *m_session;
    test::writeSomeProfile(s.path(u"some.moaprofile"_s), kSide, kSide, kSide);
    s.bench().open(s.path(u"some.moaprofile"_s));
    QVERIFY(s.wait([&] { return !s.workspace().profile().isEmpty(); }));
    test::writeUniformPlan(s.path(u"p.json"_s), kSide, kSide, kSide, 1024, 0.375);
    s.bench().open(s.path(u"p.json"_s));
    QVERIFY(s.wait([&] { return !s.workspace().plan().isDense(); }));
    s.workspace().setLength(8192);
    s.hand().key(Qt::Key_3, Qt::ControlModifier);
    QVERIFY(s.wait([&] { return page().isVisible(); }));
    s.hand().settle();
}

void PlanFrameTest::measure(const char* what, int frames, const std::function<void(int)>& move) {
    std::vector<double> times;
    QElapsedTimer clock;
    for (int i = 0; i < frames; ++i) {
        clock.start();
        move(i);
        QCoreApplication::processEvents(); // layout and painting, off-screen, in this very frame
        times.push_back(double(clock.nsecsElapsed()) / 1e6);
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    qInfo("%s: median %.1f ms, longest %.1f ms over %d frames (wanted: %.0f)", what, median, times.back(), frames, kWantedMs);
    QVERIFY2(median <= kMostMs * test::kSlower, "a frame of a drag takes too long");
}

void PlanFrameTest::aDragRepaintsEverythingInOneFrame() {
    const QPoint handle = line().handleAt(RuleLine::Part::Beta).toPoint();
    const double before = m_session->workspace().density();
    const QString shown = page().budget().lengths().index(1, 1).data().toString(); // at N; row 0 is the profiled length
    m_session->hand().press(&line(), handle);
    measure("drag of one head", 60, [&](int i) { m_session->hand().move(&line(), handle + QPoint(0, i % 2 ? 90 : 30), Qt::LeftButton, Qt::ControlModifier); });
    QVERIFY(m_session->workspace().density() != before);
    QVERIFY(page().budget().lengths().index(1, 1).data().toString() != shown);
    m_session->hand().release(&line(), handle);
    m_session->hand().key(Qt::Key_Z, Qt::ControlModifier);
}

void PlanFrameTest::aDragOfAWholeLayer() {
    const double before = m_session->workspace().density();
    page().desk().setApplyTo(ApplyTo::Layer);
    const QPoint handle = line().handleAt(RuleLine::Part::Beta).toPoint();
    m_session->hand().press(&line(), handle);
    measure("drag of a layer", 60, [&](int i) { m_session->hand().move(&line(), handle + QPoint(0, i % 2 ? 90 : 30), Qt::LeftButton, Qt::ControlModifier); });
    QVERIFY(m_session->workspace().density() < before);
    m_session->hand().release(&line(), handle);
}

void PlanFrameTest::aDragOfN() {
    LengthSlider& slider = page().budget().slider();
    const QPoint handle = slider.handle();
    m_session->hand().press(&slider, handle);
    measure("drag of N", 60, [&](int i) { m_session->hand().move(&slider, handle + QPoint(i % 2 ? 25 : -25, 0)); });
    m_session->hand().release(&slider, handle);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::PlanFrameTest>(argc, argv);
}
#include "plan_frame_test.moc"
