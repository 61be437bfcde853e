// Sessions, stalls and files.
#include "tests/ui/gui/gui_session.h"

#include "engine/plan/plan_file.h"
#include "engine/plan/uniform_plan.h"
#include "engine/profile/profile_file.h"
#include "ui/views/inspect_heads.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/drop_overlay.h"
#include "ui/widgets/shell/workbench_style.h"
#include "ui/widgets/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QFile>
#include <QMetaEnum>
#include <QMimeData>
#include <QTest>
#include <QUrl>
#include <QWindow>

#include <filesystem>
#include <random>

#include <time.h>

namespace moa::test {

using namespace Qt::StringLiterals;

namespace {

constexpr double kTick = 10, kFrame = 16, kMost = 1000 * kSlower; ///< ms

double threadMilliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

QString listed(const QMap<QString, std::pair<int, double>>& times) {
    QStringList out;
    for (auto it = times.cbegin(); it != times.cend(); ++it)
        out.append(u"%1 %2× ≤ %3 ms"_s.arg(it.key()).arg(it.value().first).arg(it.value().second, 0, 'f', 0));
    return out.isEmpty() ? u"none"_s : out.join(u", "_s);
}

void prepareOnce() {
    static const bool done = [] {
        installWorkbenchStyle();
        Theme::instance().setMode(ThemeMode::Light);
        return true;
    }();
    Q_UNUSED(done)
}

} // namespace

bool WatchedApplication::notify(QObject* receiver, QEvent* event) {
    const QString name = QString::fromLatin1(receiver->metaObject()->className()); // it may be gone afterwards
    const auto type = event->type();
    const double outer = std::exchange(m_within, 0), began = threadMilliseconds();
    const bool result = QApplication::notify(receiver, event);
    const double took = threadMilliseconds() - began;
    // Of nested deliveries the innermost one is to blame.
    if (took - m_within > kFrame) {
        auto& [count, longest] = m_slow[u"%1 %2"_s.arg(name, QString::fromLatin1(QMetaEnum::fromType<QEvent::Type>().valueToKey(type)))];
        ++count;
        longest = std::max(longest, took - m_within);
        m_within = took;
    }
    m_within += outer;
    return result;
}

StallWatch::StallWatch() : m_step(u"start"_s) {
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, [this] { tick(); });
    resume();
}

void StallWatch::resume() {
    m_since.start();
    m_cpuAt = threadMilliseconds();
    m_timer.start(int(kTick));
}

void StallWatch::step(const QString& name) {
    m_step = name;
}

void StallWatch::tick() {
    const double stall = double(m_since.nsecsElapsed()) / 1e6 - kTick;
    m_since.restart();
    const double cpu = threadMilliseconds() - std::exchange(m_cpuAt, threadMilliseconds());
    m_mostCpu = std::max(m_mostCpu, cpu);
    if (stall > m_longest) {
        m_longest = stall;
        m_longestCpu = cpu;
        m_longestStep = m_step;
    }
    if (stall <= kFrame) return;
    auto& [count, longest] = m_over[m_step];
    ++count;
    longest = std::max(longest, stall);
}

StallWatch::~StallWatch() {
    auto* application = dynamic_cast<WatchedApplication*>(QCoreApplication::instance());
    qInfo("longest stall %.0f ms (%s; %.0f ms of it at work, most at work %.0f ms); over a frame: %s; slow deliveries: %s", m_longest,
          qPrintable(m_longestStep), m_longestCpu, m_mostCpu, qPrintable(listed(m_over)),
          application == nullptr ? "not watched" : qPrintable(listed(application->takeSlow())));
    if (m_longest > kMost) QTest::qFail("the GUI thread was away for more than a second", __FILE__, __LINE__);
}

Session::Session(const SessionOptions& options) {
    prepareOnce();
    m_settings = options.settings.isEmpty() ? path(u"workbench.ini"_s) : options.settings;
    if (!options.settingsText.isEmpty()) writeFile(m_settings, options.settingsText);
    WorkbenchOptions bench;
    bench.engine.resources = (kSource + u"/resources"_s).toStdString();
    bench.engine.device = options.device.toStdString();
    bench.settingsFile = m_settings;
    if (options.history != u"settings"_s) bench.historyFile = options.history;
    bench.keepsHistory = !options.history.isEmpty();
    bench.model = options.model;
    bench.plan = options.plan;
    bench.prompt = options.prompt;
    m_bench = std::make_unique<Workbench>(bench);
    m_hand = std::make_unique<UserHand>(window());
    window().resize(options.size);
    window().show();
    wait([this] { return window().windowHandle() != nullptr && window().windowHandle()->isExposed(); });
    m_hand->settle(50);
    m_watch = std::make_unique<StallWatch>();
}

Session::~Session() {
    m_watch.reset();
    end();
}

qint64 Session::end() {
    QElapsedTimer clock;
    clock.start();
    m_hand.reset();
    m_bench.reset();
    return clock.elapsed();
}

HeatmapCanvas& Session::canvas() {
    return m_bench->inspectPage().heatmap().canvas();
}

HeadsGrid& Session::grid() {
    return m_bench->inspectPage().heads().grid();
}

bool Session::openTiny() {
    if (!wait([this] { return buttonNamed(u"Open moa-tiny"_s) != nullptr; })) return false;
    step(u"load"_s);
    m_hand->click(buttonNamed(u"Open moa-tiny"_s));
    return wait([this] { return workspace().isLoaded() && workspace().loading() == nullptr; });
}

bool Session::capture(int lines) {
    writeFile(path(u"prompt.txt"_s), textLines(lines).toUtf8());
    step(u"capture"_s);
    if (!dropFile(path(u"prompt.txt"_s))) return false;
    InspectModel& model = m_bench->inspectPage().model();
    const ModelConfig& config = workspace().model()->config;
    const bool all = wait([&] { return workspace().prompt() && isIdle() && model.headsSummarised() == config.layers * config.heads; });
    m_hand->settle(200);
    return all && wait([this] { return canvas().exactShare() >= 1; });
}

bool Session::drop(const QMimeData& data, QString* offered) {
    QWindow* handle = window().windowHandle();
    const QPoint at(handle->width() / 2, handle->height() / 2);
    QDragEnterEvent enter(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(handle, &enter);
    QDragMoveEvent move(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(handle, &move);
    const auto* overlay = window().findChild<DropOverlay*>();
    const bool wanted = overlay != nullptr && overlay->isVisible();
    if (offered != nullptr) *offered = wanted ? overlay->text() : QString();
    if (!wanted) {
        QDragLeaveEvent leave;
        QApplication::sendEvent(handle, &leave);
        return false;
    }
    QDropEvent drop(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(handle, &drop);
    return drop.isAccepted() && !overlay->isVisible();
}

bool Session::dropFile(const QString& file, QString* offered) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(file)});
    return drop(data, offered);
}

bool Session::bannerSays(const QString& page, const QStringList& words) {
    const auto says = [&] {
        const Banner* banner = banners(page).current();
        if (banner == nullptr) return false;
        const QString text = banner->title + u' ' + banner->detail;
        return std::ranges::all_of(words, [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
    };
    if (wait(says, 10000)) return true;
    const Banner* banner = banners(page).current();
    qWarning("the banner of %s says: %s", qPrintable(page),
             banner == nullptr ? "nothing" : qPrintable(banner->title + u": "_s + banner->detail));
    return false;
}

QWidget* Session::buttonNamed(const QString& text) {
    for (QAbstractButton* button : window().findChildren<QAbstractButton*>())
        if (button->isVisible() && (button->text().remove(u'&') == text || button->accessibleName() == text)) return button;
    return nullptr;
}

void Session::grab(const QString& name) {
    const QString folder = qEnvironmentVariable("MOA_GRABS");
    if (folder.isEmpty()) return;
    m_watch->pause();
    QDir().mkpath(folder);
    m_hand->settle();
    window().grab().save(QDir(folder).filePath(u"gui-%1.png"_s.arg(name)));
    m_watch->resume();
}

QString textLines(int lines) {
    QString text;
    for (int i = 0; i < lines; ++i)
        text += u"line %1 holds the number %2, and the box in room %3 is red.\n"_s.arg(i).arg(7919 * (i + 3) % 1000).arg(i % 7);
    return text;
}

void writeFile(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("%s cannot be written", qPrintable(path));
}

void writeUniformPlan(const QString& path, int layers, int heads, int kvHeads, double alpha, double beta) {
    Passport passport;
    passport.modelName = "moa-tiny";
    writePlan(path.toStdString(), makePlanFile(uniformPlan(layers, heads, kvHeads, {alpha, beta}), passport));
}

void writeSomeProfile(const QString& path, int layers, int heads, int kvHeads) {
    constexpr int kLength = 512, kSamples = 2, kCells = 8;
    std::mt19937 generator(1);
    const auto numbers = [&](std::size_t count) {
        std::uniform_real_distribution<float> number(0, 1);
        std::vector<float> out(count);
        for (float& v : out) v = number(generator);
        return out;
    };
    ProfileData profile;
    profile.layers = layers;
    profile.heads = heads;
    profile.kvHeads = kvHeads;
    profile.modelName = "moa-tiny";
    profile.calibration = profile.toolVersion = "test";
    ProfileLength at;
    at.length = kLength;
    at.samples = kSamples;
    at.windows = kLength / kBlock;
    at.mapCells = kCells;
    const std::size_t all = std::size_t(layers) * std::size_t(heads), t = std::size_t(at.windows);
    at.cost = numbers(all * kSinkChoices * (t + 1));
    at.costSigned = numbers(all * kSinkChoices * (t + 1));
    at.hist = numbers(all * kSinkChoices * t);
    at.costSamples = numbers(std::size_t(kSamples) * std::size_t(layers) * std::size_t(kvHeads) * (t + 1));
    at.influence = numbers(all * kCells * kCells);
    at.attention = numbers(all * kCells * kCells);
    profile.lengths[kLength] = std::move(at);
    writeProfile(path.toStdString(), profile);
}

void copySmallModel(const QString& folder) {
    std::filesystem::copy((kSource + u"/tests/reference/golden/tiny-bf16-sharded"_s).toStdString(), folder.toStdString(),
                          std::filesystem::copy_options::recursive);
}

} // namespace moa::test
