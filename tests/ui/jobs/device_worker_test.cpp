// The worker's promises: order, interactive requests in the middle of a job, pause, prompt cancel, failures that leave
// it usable, and an end that waits for the work. No widgets, so that it also runs under the thread sanitizer.
#include "ui/jobs/device_worker.h"

#include "engine/core/error.h"

#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <atomic>

namespace moa {
namespace {

/// Work in steps of a few milliseconds until stopped or `steps` are done.
auto steps(int count, std::atomic<int>* done = nullptr) {
    return [count, done](JobContext& context) {
        for (int i = 0; i < count; ++i) {
            if (context.stop().stop_requested()) return context.markCancelled();
            QThread::msleep(2);
            if (done != nullptr) ++*done;
            context.report({"Steps", i + 1, count});
        }
    };
}

class DeviceWorkerTest : public QObject {
    Q_OBJECT
private slots:
    void jobsRunInOrderAndReport();
    void interactiveGoesBetweenSteps();
    void aNewerRequestReplacesAnOlderOne();
    void pauseHoldsAndServesRequests();
    void cancelIsPrompt();
    void cancelReachesPausedAndQueuedJobs();
    void failuresAreToldAndLeaveTheWorkerUsable();
    void theEndCancelsAndWaits();
    void guiThreadNeverStalls();
};

void DeviceWorkerTest::jobsRunInOrderAndReport() {
    DeviceWorker worker;
    QStringList order;
    connect(&worker, &DeviceWorker::jobFinished, this, [&](Job* job) { order.append(job->title()); });
    Job* first = worker.submit("first", false, steps(5));
    Job* second = worker.submit("second", false, [&](JobContext& context) {
        context.post([&] { order.append("posted"); });
    });
    QCOMPARE(first->state(), JobState::Queued);
    QTRY_VERIFY(second->isOver());
    QCOMPARE(order, QStringList({"first", "posted", "second"}));
    QCOMPARE(first->state(), JobState::Done);
    QCOMPARE(first->progress().done, 5);
    QCOMPARE(first->fraction(), 1.0);
    QVERIFY(worker.isIdle());
}

void DeviceWorkerTest::interactiveGoesBetweenSteps() {
    DeviceWorker worker;
    std::atomic<int> done{0};
    Job* job = worker.submit("long", false, steps(500, &done));
    QTRY_VERIFY(done > 0);
    std::atomic<int> servedAt{-1};
    worker.interact("tile", [&](const std::stop_token&) { servedAt = done.load(); });
    QTRY_VERIFY_WITH_TIMEOUT(servedAt >= 0, 200);
    QVERIFY(servedAt < 400);
    job->cancel();
    QTRY_VERIFY(job->isOver());
}

void DeviceWorkerTest::aNewerRequestReplacesAnOlderOne() {
    DeviceWorker worker;
    std::atomic<bool> begun{false};
    std::atomic<int> stopped{0}, ran{0};
    worker.interact("tile", [&](const std::stop_token& stop) {
        begun = true;
        while (!stop.stop_requested()) QThread::msleep(1);
        ++stopped;
    });
    QTRY_VERIFY(begun);
    for (int i = 0; i < 10; ++i) worker.interact("tile", [&](const std::stop_token&) { ++ran; });
    QTRY_VERIFY(ran > 0);
    QTest::qWait(20);
    QCOMPARE(stopped.load(), 1);
    QVERIFY2(ran <= 2, "waiting requests of a topic are replaced");
}

void DeviceWorkerTest::pauseHoldsAndServesRequests() {
    DeviceWorker worker;
    std::atomic<int> done{0};
    Job* job = worker.submit("long", true, steps(2000, &done));
    QTRY_COMPARE(job->state(), JobState::Running);
    job->setPaused(true);
    QCOMPARE(job->state(), JobState::Paused);
    QTest::qWait(50);
    const int held = done;
    std::atomic<bool> served{false};
    worker.interact("tile", [&](const std::stop_token&) { served = true; });
    QTRY_VERIFY(served);
    QCOMPARE(done.load(), held);
    job->setPaused(false);
    QTRY_VERIFY(done > held);
    job->cancel();
    QTRY_COMPARE(job->state(), JobState::Cancelled);
}

void DeviceWorkerTest::cancelIsPrompt() {
    DeviceWorker worker;
    Job* job = worker.submit("long", false, steps(5000));
    QTRY_COMPARE(job->state(), JobState::Running);
    QElapsedTimer clock;
    clock.start();
    job->cancel();
    QTRY_COMPARE_WITH_TIMEOUT(job->state(), JobState::Cancelled, 1000);
    QVERIFY2(clock.elapsed() <= 100, qPrintable(QString::number(clock.elapsed())));
}

void DeviceWorkerTest::cancelReachesPausedAndQueuedJobs() {
    DeviceWorker worker;
    Job* paused = worker.submit("paused", true, steps(5000));
    bool ran = false;
    Job* queued = worker.submit("queued", false, [&](JobContext&) { ran = true; });
    QTRY_COMPARE(paused->state(), JobState::Running);
    paused->setPaused(true);
    queued->cancel();
    paused->cancel();
    QTRY_COMPARE(queued->state(), JobState::Cancelled);
    QCOMPARE(paused->state(), JobState::Cancelled);
    QVERIFY(!ran);
}

void DeviceWorkerTest::failuresAreToldAndLeaveTheWorkerUsable() {
    DeviceWorker worker;
    Job* bad = worker.submit("bad", false, [](JobContext&) { throw FileError("m.safetensors", "header", "expected"); });
    Job* full = worker.submit("full", false, [](JobContext&) { throw MemoryError("KV cache", 100, 10, "less"); });
    Job* broken = worker.submit("broken", false, [](JobContext&) { throw std::bad_alloc(); });
    QSignalSpy failed(&worker, &DeviceWorker::interactiveFailed);
    worker.interact("tile", [](const std::stop_token&) { throw Error("no tile"); });
    Job* good = worker.submit("good", false, steps(1));
    QTRY_VERIFY(good->isOver());
    QCOMPARE(bad->state(), JobState::Failed);
    QVERIFY(bad->error().message.contains("m.safetensors"));
    QVERIFY(full->error().memory);
    QCOMPARE(full->error().neededBytes, 100u);
    QVERIFY(broken->error().memory);
    QCOMPARE(good->state(), JobState::Done);
    QCOMPARE(failed.count(), 1);
}

void DeviceWorkerTest::theEndCancelsAndWaits() {
    std::atomic<bool> inside{false};
    {
        DeviceWorker worker;
        worker.submit("long", true, [&](JobContext& context) {
            inside = true;
            while (!context.stop().stop_requested()) QThread::msleep(1);
            inside = false;
        });
        worker.submit("never", false, [](JobContext&) { QFAIL("a queued job ran after the end"); });
        QTRY_VERIFY(inside);
    }
    QVERIFY(!inside);
}

void DeviceWorkerTest::guiThreadNeverStalls() {
    DeviceWorker worker;
    Job* job = worker.submit("long", true, steps(300));
    QElapsedTimer sinceLast;
    qint64 longest = 0;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&] { longest = std::max(longest, sinceLast.restart()); });
    sinceLast.start();
    timer.start(10);
    while (!job->isOver()) {
        worker.interact("tile", [](const std::stop_token&) { QThread::msleep(1); });
        QTest::qWait(20);
    }
    qInfo("longest stall of the GUI thread: %lld ms", static_cast<long long>(longest));
    QVERIFY(longest < 1000);
}

} // namespace
} // namespace moa

QTEST_GUILESS_MAIN(moa::DeviceWorkerTest)
#include "device_worker_test.moc"
