// Work and its end: cancel that answers at once, memory that comes back, closing in the middle of anything.
#include "tests/ui/gui/gui_session.h"

#include "engine/core/heap_use.h"
#include "ui/views/inspect_page.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/status_bar.h"

#include <QTest>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

constexpr qint64 kPrompt = 100 * test::kSlower, kEnd = 2000 * test::kSlower; ///< ms: a cancel, the end of the program
constexpr qint64 kSlack = 6ll << 20;         ///< bytes of fonts, pixmaps and logs that a flow may leave behind

class JobsFlowTest : public QObject {
    Q_OBJECT
private slots:
    void cancelALoad_data();
    void cancelALoad();
    void cancelACaptureKeepsWhatIsThere();
    void pauseACapture();
    void anotherLoadEndsTheCapture();
    void ejectGivesMemoryBack();
    void ejectInTheMiddleOfEverything();
    void closeDuringWork_data();
    void closeDuringWork();
    void closeWithUnsavedEditsAsks();

private:
    static QWidget* cancelButton(Session& session) {
        for (QWidget* button : session.window().status().findChildren<QWidget*>())
            if (button->isVisible() && button->accessibleName().startsWith(u"Cancel"_s)) return button;
        return nullptr;
    }
    /// A load whose warm-up takes seconds, seen at work.
    static bool beginLongLoad(Session& session) {
        session.workspace().setLength(512);
        session.workspace().setBatch(48);
        session.hand().key(Qt::Key_F5);
        return session.wait([&] { return session.workspace().loading() && session.workspace().loading()->progress().stage == "Warm up"; });
    }
    static bool chooseTiny(Session& session) {
        session.workspace().chooseModel(u"moa-tiny"_s);
        return session.wait([&] { return session.workspace().model().has_value(); });
    }
    /// A capture of a long prompt, seen at work.
    static bool beginLongCapture(Session& session, int tokens = 7000 / test::kSlower) {
        session.workspace().samplePrompt(u"lines"_s, tokens);
        return session.wait([&] { return session.workspace().capturing() && session.workspace().capturing()->progress().done > 0; });
    }
};

void JobsFlowTest::cancelALoad_data() {
    QTest::addColumn<bool>("byButton");
    QTest::newRow("button") << true;
    QTest::newRow("Shift+F5") << false;
}

void JobsFlowTest::cancelALoad() {
    QFETCH(bool, byButton);
    Session session;
    QVERIFY(chooseTiny(session));
    session.hand().settle(200);
    const qint64 before = qint64(heapBytes());
    session.step(u"long load"_s);
    QVERIFY(beginLongLoad(session));
    session.hand().settle(100);
    const qint64 during = qint64(heapBytes());
    QVERIFY(during > before + kSlack);
    session.step(u"cancel"_s);
    QElapsedTimer clock;
    clock.start();
    if (byButton) {
        QWidget* button = cancelButton(session);
        QVERIFY(button != nullptr);
        session.hand().click(button);
    } else {
        session.hand().key(Qt::Key_F5, Qt::ShiftModifier);
    }
    QVERIFY(session.wait([&] { return session.workspace().loading() == nullptr; }));
    const qint64 took = clock.elapsed();
    QVERIFY(session.wait([&] { return session.isIdle(); }));
    session.hand().settle(100);
    const qint64 after = qint64(heapBytes());
    qInfo("cancel of a load answered after %lld ms; heap %.1f MiB before, %.1f during, %.1f after", static_cast<long long>(took),
          double(before) / (1 << 20), double(during) / (1 << 20), double(after) / (1 << 20));
    QVERIFY2(took <= kPrompt, qPrintable(QString::number(took)));
    QVERIFY(after < before + kSlack);
    QVERIFY(!session.workspace().isLoaded());
    // And it loads afterwards.
    session.workspace().setBatch(1);
    session.hand().key(Qt::Key_F5);
    QVERIFY(session.wait([&] { return session.workspace().isLoaded(); }));
}

void JobsFlowTest::cancelACaptureKeepsWhatIsThere() {
    Session session;
    QVERIFY(session.openTiny());
    session.step(u"long capture"_s);
    QVERIFY(beginLongCapture(session));
    session.step(u"cancel"_s);
    QElapsedTimer clock;
    clock.start();
    session.hand().key(Qt::Key_F5, Qt::ShiftModifier);
    const QWidget* button = cancelButton(session);
    QVERIFY2(button == nullptr || !button->isEnabled(), "the bar says at once that it is being cancelled");
    const qint64 answered = clock.elapsed();
    QVERIFY(session.wait([&] { return session.workspace().capturing() == nullptr; }));
    const qint64 took = clock.elapsed();
    qInfo("cancel of a capture answered after %lld ms and over after %lld ms", static_cast<long long>(answered),
          static_cast<long long>(took));
    QVERIFY2(answered <= kPrompt, qPrintable(QString::number(answered)));
    QVERIFY2(took <= 1000 * test::kSlower, qPrintable(QString::number(took)));
    QVERIFY(session.workspace().prompt() != nullptr);
    QCOMPARE(session.banners(u"inspect"_s).count(), 0);
    session.hand().settle();
    session.grab(u"capture-cancelled"_s);
    session.step(u"short capture"_s);
    QVERIFY(session.capture(10));
}

void JobsFlowTest::pauseACapture() {
    Session session;
    QVERIFY(session.openTiny());
    session.step(u"capture"_s);
    QVERIFY(beginLongCapture(session, 3000 / test::kSlower));
    QWidget* pause = nullptr;
    for (QWidget* button : session.window().status().findChildren<QWidget*>())
        if (button->isVisible() && button->accessibleName().startsWith(u"Pause"_s)) pause = button;
    QVERIFY(pause != nullptr);
    session.step(u"pause"_s);
    session.hand().click(pause);
    QCOMPARE(session.workspace().capturing()->state(), JobState::Paused);
    // The step that runs ends; none begins after it.
    const auto done = [&] { return session.workspace().capturing()->progress().done; };
    const std::int64_t atPause = done();
    session.wait([&] { return done() > atPause; }, 2000);
    const std::int64_t held = done();
    QVERIFY(held <= atPause + 1);
    session.hand().settle(1000);
    QCOMPARE(done(), held);
    session.step(u"resume"_s);
    session.hand().click(pause);
    QVERIFY(session.wait([&] { return session.workspace().capturing() == nullptr; }));
    QCOMPARE(session.bench().inspectPage().model().headsSummarised(), 48);
}

void JobsFlowTest::anotherLoadEndsTheCapture() {
    Session session;
    test::copySmallModel(session.path(u"small"_s));
    QVERIFY(session.openTiny());
    QVERIFY(beginLongCapture(session));
    session.step(u"open another model"_s);
    QElapsedTimer clock;
    clock.start();
    session.bench().open(session.path(u"small"_s));
    QVERIFY(session.wait([&] { return session.workspace().model()->path == session.path(u"small"_s); }));
    const qint64 known = clock.elapsed();
    qInfo("estimate of another model %lld ms after it was opened, during a capture", static_cast<long long>(known));
    QVERIFY2(known <= 500 * test::kSlower, "the files are read beside the capture");
    QVERIFY(session.wait([&] { return session.workspace().isLoaded() && session.isIdle(); }));
    qInfo("another model loaded %lld ms after it was opened", static_cast<long long>(clock.elapsed()));
    QVERIFY2(clock.elapsed() < kEnd, "it must not wait for a capture that nobody sees any more");
    QVERIFY(session.capture(2));
}

void JobsFlowTest::ejectGivesMemoryBack() {
    Session session;
    QVERIFY(chooseTiny(session));
    // Once before, so that pages, fonts and pictures are there.
    session.hand().key(Qt::Key_F5);
    QVERIFY(session.wait([&] { return session.workspace().isLoaded(); }));
    QVERIFY(session.capture(20));
    session.hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(session.wait([&] { return !session.workspace().loaded() && session.isIdle(); }));
    session.hand().settle(200);
    const qint64 before = qint64(heapBytes());
    session.hand().key(Qt::Key_1, Qt::ControlModifier);
    session.hand().key(Qt::Key_F5);
    QVERIFY(session.wait([&] { return session.workspace().isLoaded(); }));
    QVERIFY(session.capture(60));
    const qint64 during = qint64(heapBytes());
    session.step(u"eject"_s);
    QElapsedTimer clock;
    clock.start();
    session.hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(session.wait([&] { return !session.workspace().loaded(); }));
    const qint64 took = clock.elapsed();
    session.hand().settle(200);
    const qint64 after = qint64(heapBytes());
    qInfo("eject took %lld ms; heap %.1f MiB before, %.1f with a capture, %.1f after", static_cast<long long>(took),
          double(before) / (1 << 20), double(during) / (1 << 20), double(after) / (1 << 20));
    QVERIFY(took <= 1000 * test::kSlower);
    QVERIFY(during > before + 5 * kSlack);
    QVERIFY(after < before + kSlack);
    session.hand().key(Qt::Key_1, Qt::ControlModifier);
    session.hand().settle();
    session.grab(u"ejected"_s);
}

void JobsFlowTest::ejectInTheMiddleOfEverything() {
    Session session;
    QVERIFY(session.openTiny());
    session.step(u"eject during a capture"_s);
    QVERIFY(beginLongCapture(session));
    QElapsedTimer clock;
    clock.start();
    session.hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(session.wait([&] { return !session.workspace().loaded() && session.isIdle(); }));
    qInfo("eject during a capture took %lld ms", static_cast<long long>(clock.elapsed()));
    QVERIFY(clock.elapsed() <= 1000 * test::kSlower);
    session.step(u"eject during a load"_s);
    QVERIFY(beginLongLoad(session));
    session.hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(session.wait([&] { return session.workspace().loading() == nullptr && session.isIdle(); }));
    QVERIFY(!session.workspace().isLoaded());
    session.step(u"eject while influence is measured"_s);
    session.workspace().setBatch(1);
    session.hand().key(Qt::Key_1, Qt::ControlModifier);
    session.hand().key(Qt::Key_F5);
    QVERIFY(session.wait([&] { return session.workspace().isLoaded(); }));
    QVERIFY(session.capture(60));
    session.workspace().measureInfluence();
    session.hand().settle(60);
    session.hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(session.wait([&] { return !session.workspace().loaded() && session.isIdle(); }));
    QVERIFY(session.workspace().influence()->origin().startsWith(u"moa-tiny.moaprofile"_s)); // the prompt's own is gone
    QCOMPARE(session.banners(u"inspect"_s).count() + session.banners(u"model"_s).count(), 0);
}

void JobsFlowTest::closeDuringWork_data() {
    QTest::addColumn<QString>("work");
    for (const QString& work : {u"load"_s, u"capture"_s, u"paused capture"_s, u"influence"_s, u"long text"_s, u"start"_s})
        QTest::newRow(qPrintable(work)) << work;
}

void JobsFlowTest::closeDuringWork() {
    QFETCH(QString, work);
    Session session;
    if (work == u"start"_s) {
        session.bench().open(u"moa-tiny"_s);
    } else if (work == u"load"_s) {
        QVERIFY(chooseTiny(session));
        QVERIFY(beginLongLoad(session));
    } else {
        QVERIFY(session.openTiny());
    }
    if (work.contains(u"capture"_s)) QVERIFY(beginLongCapture(session));
    if (work.startsWith(u"paused"_s)) session.workspace().capturing()->setPaused(true);
    if (work == u"influence"_s) {
        QVERIFY(session.capture(100));
        session.workspace().measureInfluence();
        session.hand().settle(150);
        QVERIFY(!session.isIdle());
    }
    if (work == u"long text"_s) {
        test::writeFile(session.path(u"huge.txt"_s), test::textLines(10000).toUtf8().repeated(80)); // 40 MB
        session.workspace().openPrompt(session.path(u"huge.txt"_s));
        session.hand().settle(100);
    }
    session.step(u"close"_s);
    session.hand().key(Qt::Key_Q, Qt::ControlModifier);
    session.hand().settle(20);
    QVERIFY(!session.window().isVisible());
    const qint64 took = session.end();
    qInfo("end during %s took %lld ms", qPrintable(work), static_cast<long long>(took));
    QVERIFY2(took <= kEnd, qPrintable(QString::number(took)));
}

void JobsFlowTest::closeWithUnsavedEditsAsks() {
    Session session;
    QVERIFY(session.openTiny());
    QVERIFY(session.capture(10));
    session.workspace().plan().setRule({{0, 0}}, {128, 0}, u"edit"_s);
    session.step(u"close"_s);
    session.hand().key(Qt::Key_Q, Qt::ControlModifier);
    session.hand().settle(20);
    QVERIFY2(session.window().isVisible(), "unsaved edits");
    QVERIFY(session.bannerSays(u"inspect"_s, {u"unsaved"_s}));
    session.grab(u"unsaved"_s);
    QWidget* anyway = session.buttonNamed(u"Close without saving"_s);
    QVERIFY(anyway != nullptr);
    session.hand().click(anyway);
    session.hand().settle(20);
    QVERIFY(!session.window().isVisible());
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::JobsFlowTest>(argc, argv);
}

#include "jobs_flow_test.moc"
