// 20,000 runs in the real window: a step of the wheel, of a key and of the scroll bar is painted within 50 ms, rows come in soon,
// typing a query never waits for an answer.
#include "tests/ui/gui/gui_session.h"
#include "tests/ui/history/history_samples.h"

#include "ui/views/history_page.h"
#include "ui/views/history_runs_panel.h"
#include "ui/widgets/history/query_line.h"
#include "ui/widgets/history/run_table.h"

#include <QScrollBar>

#include <algorithm>
#include <ctime>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kRuns = 20'000;
constexpr double kMostMs = 50 * kSlower;

/// Time that this thread was at work: a machine that others use takes some of the rest.
double ownMs() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

} // namespace

class HistoryScrollTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { fillHistory(m_folder.filePath(u"runs.sqlite"_s), kRuns); }

    void scrolling() {
        Session session({.history = m_folder.filePath(u"runs.sqlite"_s)});
        session.hand().key(Qt::Key_6, Qt::ControlModifier);
        HistoryPage& page = session.bench().historyPage();
        RunTable& table = page.runs().table();
        QVERIFY(session.wait([&] { return page.isVisible() && page.model().found().all == kRuns && page.runs().rows().isRead(0, 20); }));
        session.hand().settle();
        std::vector<double> times, work;
        const auto step = [&](const auto& act) {
            QElapsedTimer clock;
            clock.start();
            const double before = ownMs();
            act();
            table.viewport()->repaint();
            times.push_back(double(clock.nsecsElapsed()) / 1e6);
            work.push_back(ownMs() - before);
            QApplication::processEvents(); // answers come in between, as they do in use
        };
        for (int i = 0; i < 100; ++i) step([&] { session.hand().wheel(table.viewport(), table.viewport()->rect().center(), -3); });
        table.setFocus();
        for (int i = 0; i < 50; ++i) step([&] { session.hand().key(Qt::Key_PageDown); });
        QScrollBar* bar = table.verticalScrollBar();
        for (int i = 0; i <= 100; ++i) step([&] { bar->setValue(bar->maximum() / 100 * i); });
        std::ranges::sort(times);
        std::ranges::sort(work);
        qInfo("%d steps: median %.2f ms, 95%% within %.2f ms, longest %.2f ms; of this thread's own time the longest took %.2f ms", int(times.size()),
              times[times.size() / 2], times[times.size() * 95 / 100], times.back(), work.back());
        QVERIFY2(work.back() < kMostMs, qPrintable(QString::number(work.back())));
        bar->setValue(bar->maximum());
        QVERIFY(session.wait([&] { return page.runs().rows().isRead(kRuns - 10, kRuns - 1); }));
        QCOMPARE(page.runs().rows().index(kRuns - 1, HistoryTableModel::Run).data().toString(), u"#1"_s);
        // Typing: each letter is a question; the last one is answered.
        session.hand().key(Qt::Key_F, Qt::ControlModifier);
        QElapsedTimer clock;
        clock.start();
        const QString query = u"command:compare kl>0.05 harbor"_s;
        for (const QChar letter : query) session.hand().type(QString(letter));
        const double typed = double(clock.nsecsElapsed()) / 1e6;
        QVERIFY(session.wait([&] { return page.model().query() == query && page.model().isCurrent(); }));
        const double answered = double(clock.nsecsElapsed()) / 1e6;
        qInfo("%d letters in %.1f ms, answered after %.1f ms, %d runs", int(query.size()), typed, answered, int(page.model().found().runs->size()));
        QVERIFY(!page.model().found().runs->empty());
        QVERIFY(typed < kMostMs * double(query.size()));
    }

private:
    QTemporaryDir m_folder;
};

int main(int argc, char** argv) {
    return runFlows<HistoryScrollTest>(argc, argv);
}

#include "history_scroll_test.moc"
