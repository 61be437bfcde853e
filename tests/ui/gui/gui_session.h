// The real workbench off-screen with a settings folder of its own, a hand that sends it a user's events, and a watch over
// how long its thread was ever away. One session a flow.
#pragma once

#include "app/gui/user_hand.h"
#include "app/gui/workbench.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <memory>
#include <utility>

class QMimeData;

namespace moa {
class HeatmapCanvas;
class HeadsGrid;
class BannerArea;
} // namespace moa

namespace moa::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlower = 5; ///< how much more time, and how much shorter prompts, a sanitizer's build needs
#else
inline constexpr int kSlower = 1;
#endif
inline constexpr int kLong = 30000 * kSlower; ///< ms that loads and captures may take on a busy machine
inline const QString kSource = QStringLiteral(MOA_SOURCE_DIR);

/// An application that remembers which deliveries took longer than a frame of the GUI thread's own time, for the report.
class WatchedApplication : public QApplication {
public:
    using QApplication::QApplication;
    bool notify(QObject* receiver, QEvent* event) override;
    QMap<QString, std::pair<int, double>> takeSlow() { return std::exchange(m_slow, {}); }

private:
    double m_within = 0; ///< ms of slow deliveries inside the present one
    QMap<QString, std::pair<int, double>> m_slow; ///< "class event" → times, the longest in ms
};

/// A 10 ms timer through a whole flow. Prints what took longer than a frame, and how much of it this thread was at work (the
/// rest it waited for a processor); fails the test over a second.
class StallWatch : public QObject {
public:
    StallWatch();
    ~StallWatch() override;
    void step(const QString& name); ///< what the flow does from now on
    /// What no user waits for (making files, building the window) does not count.
    void pause() { m_timer.stop(); }
    void resume();

private:
    void tick();

    QTimer m_timer;
    QElapsedTimer m_since;
    double m_cpuAt = 0; ///< ms of this thread's own time at the last tick
    QString m_step;
    double m_longest = 0, m_longestCpu = 0, m_mostCpu = 0;
    QString m_longestStep;
    QMap<QString, std::pair<int, double>> m_over; ///< step → stalls over a frame, the longest one in ms
};

struct SessionOptions {
    QString settings = {};        ///< file; empty: one in the session's own folder
    QByteArray settingsText = {}; ///< what that file holds at the start; empty: there is none
    QString device = QStringLiteral("cpu");
    QString model = {}, plan = {}, prompt = {};
    QSize size{1600, 1000};
    QString history = {}; ///< file; "settings": the one they name; empty: none is kept
};

class Session {
public:
    explicit Session(const SessionOptions& options = {});
    ~Session();

    Workbench& bench() { return *m_bench; }
    Workspace& workspace() { return m_bench->workspace(); }
    ShellWindow& window() { return m_bench->window(); }
    HeatmapCanvas& canvas();
    HeadsGrid& grid();
    UserHand& hand() { return *m_hand; }
    BannerArea& banners(const QString& page) { return window().banners(page); }
    QString path(const QString& name) const { return m_folder.filePath(name); }
    QString settingsFile() const { return m_settings; }

    /// Names what comes next in the stall report.
    void step(const QString& name) { m_watch->step(name); }
    bool wait(const std::function<bool()>& done, int milliseconds = kLong) { return m_hand->waitUntil(done, milliseconds); }
    /// Opens moa-tiny from its card and waits until it is loaded.
    bool openTiny();
    /// A prompt of about `lines` lines on the loaded model, captured and summarised.
    bool capture(int lines = 30);
    bool isIdle() { return m_bench->engine().worker.isIdle(); }

    /// As a file manager drops it on the window's middle; false: the window does not want it. `offered` takes what the
    /// window says that it will do.
    bool drop(const QMimeData& data, QString* offered = nullptr);
    bool dropFile(const QString& path, QString* offered = nullptr);
    /// The newest banner of a page says all of `words`.
    bool bannerSays(const QString& page, const QStringList& words);
    QWidget* buttonNamed(const QString& text); ///< visible, by text or accessible name; null: none
    void grab(const QString& name);            ///< into $MOA_GRABS

    /// Takes the workbench down as the program's end does; milliseconds.
    qint64 end();

private:
    QTemporaryDir m_folder;
    QString m_settings;
    std::unique_ptr<Workbench> m_bench;
    std::unique_ptr<UserHand> m_hand;
    std::unique_ptr<StallWatch> m_watch;
};

// Files to drop.

QString textLines(int lines);
void writeFile(const QString& path, const QByteArray& bytes);
/// Layers × heads × KV heads, every head with the rule (α, β).
void writeUniformPlan(const QString& path, int layers, int heads, int kvHeads, double alpha, double beta);
/// A profile of the shape of moa-tiny unless said otherwise, one length of 512 tokens, arbitrary numbers.
void writeSomeProfile(const QString& path, int layers = 6, int heads = 8, int kvHeads = 4);
/// A small valid model folder of 2 layers and one KV head, context 256.
void copySmallModel(const QString& folder);

template <class Test>
int runFlows(int argc, char** argv) {
    const WatchedApplication application(argc, argv);
    Test test;
    return QTest::qExec(&test, argc, argv);
}

} // namespace moa::test
