// moa-workbench [MODEL] [PLAN] [--device D] [--threads N] [--db FILE | --no-db] [--demo] [--tour DIR]
#include "app/gui/tour.h"
#include "app/gui/workbench.h"

#include "engine/core/error.h"
#include "engine/core/resources.h"
#include "ui/widgets/shell/workbench_style.h"

#include <QApplication>
#include <QCommandLineParser>

#include <QDateTime>
#include <QTemporaryDir>

#include <cstdio>
#include <functional>
#include <cstdlib>
#include <string_view>

namespace {

bool hasDisplay() {
    return std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
}

/// Nothing that is thrown in a slot may end the program: it becomes a banner.
class WorkbenchApplication : public QApplication {
public:
    using QApplication::QApplication;
    std::function<void(const QString&)> onFault;

    bool notify(QObject* receiver, QEvent* event) override {
        try {
            return QApplication::notify(receiver, event);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "moa-workbench: %s\n", error.what());
            if (onFault) onFault(QString::fromUtf8(error.what()));
            return false;
        }
    }
};

/// A tour needs no screen; a user does, and is told so in words.
bool choosePlatform(int argc, char** argv) {
    if (hasDisplay() || std::getenv("QT_QPA_PLATFORM") != nullptr) return true;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag(argv[i]);
        if (flag.starts_with("--tour") || flag == "--help" || flag == "-h" || flag == "--version" || flag == "-v")
            return qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    std::fputs("moa-workbench: there is no display (DISPLAY and WAYLAND_DISPLAY are not set); "
               "run it with --tour DIR for pictures, or use the command line program moa\n", stderr);
    return false;
}

} // namespace

int main(int argc, char** argv) {
    const qint64 startedAt = QDateTime::currentMSecsSinceEpoch();
    if (!choosePlatform(argc, argv)) return 1;
    WorkbenchApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("moa-workbench"));
    QApplication::setOrganizationName(QStringLiteral("moa-workbench"));
    QApplication::setApplicationVersion(QStringLiteral(MOA_VERSION));
    moa::installWorkbenchStyle();
    QCommandLineParser parser;
    parser.setApplicationDescription(QObject::tr("Look into attention heads, tune sparse-attention plans."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("MODEL"), QObject::tr("a folder, a file or a bundled name"), QStringLiteral("[MODEL]"));
    parser.addPositionalArgument(QStringLiteral("PLAN"), QObject::tr("a plan file"), QStringLiteral("[PLAN]"));
    const QCommandLineOption device(QStringLiteral("device"), QObject::tr("auto, cpu or cuda[:i]"), QStringLiteral("D"), QStringLiteral("auto"));
    const QCommandLineOption threads(QStringLiteral("threads"), QObject::tr("CPU threads; 0: all"), QStringLiteral("N"), QStringLiteral("0"));
    const QCommandLineOption settings(QStringLiteral("settings"), QObject::tr("settings file instead of the user's own"), QStringLiteral("FILE"));
    const QCommandLineOption tour(QStringLiteral("tour"), QObject::tr("drive the window through a script and save pictures and timings"), QStringLiteral("DIR"));
    const QCommandLineOption tokens(QStringLiteral("tour-tokens"), QObject::tr("length of the tour's prompt"), QStringLiteral("N"), QStringLiteral("4096"));
    const QCommandLineOption demo(QStringLiteral("demo"), QObject::tr("open the bundled model with a sample prompt"));
    const QCommandLineOption db(QStringLiteral("db"), QObject::tr("history file instead of the settings' or the user's own"), QStringLiteral("FILE"));
    const QCommandLineOption noDb(QStringLiteral("no-db"), QObject::tr("leave no trace in the history"));
    parser.addOptions({device, threads, settings, db, noDb, demo, tour, tokens});
    parser.process(app);
    try {
        moa::WorkbenchOptions options;
        options.engine.resources = moa::resourcesFolder();
        options.engine.device = parser.value(device).toStdString();
        options.engine.threads = parser.value(threads).toInt();
        options.settingsFile = parser.value(settings);
        const QStringList files = parser.positionalArguments();
        if (!files.isEmpty()) options.model = files[0];
        if (files.size() > 1) options.plan = files[1];
        // A tour starts from nothing and leaves nothing of the user's changed.
        const QTemporaryDir ownSettings;
        if (parser.isSet(tour)) options.settingsFile = ownSettings.filePath(QStringLiteral("tour.ini"));
        options.historyFile = parser.value(db);
        if (parser.isSet(tour) && !parser.isSet(db)) options.historyFile = ownSettings.filePath(QStringLiteral("tour.sqlite"));
        options.keepsHistory = !parser.isSet(noDb);
        moa::Workbench workbench(options);
        app.onFault = [&workbench](const QString& what) { workbench.reportFault(what); };
        if (parser.isSet(tour)) {
            moa::Tour script(workbench, {.folder = parser.value(tour), .tokens = parser.value(tokens).toInt(), .startedAt = startedAt});
            return script.run() ? 0 : 1;
        }
        if (parser.isSet(demo)) workbench.openDemo();
        workbench.window().show();
        return QApplication::exec();
    } catch (const moa::Error& error) {
        std::fprintf(stderr, "moa-workbench: %s\n", error.what());
        return int(error.exitCode());
    }
}
