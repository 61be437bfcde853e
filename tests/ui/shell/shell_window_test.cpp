// The window by mouse and keys: pages, banners, status bar, drops, layouts that are kept and files that are broken.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/status_bar.h"
#include "ui/widgets/theme.h"

#include <QSettings>
#include <QSignalSpy>
#include <QTest>

namespace moa {

class ShellWindowTest : public QObject {
    Q_OBJECT
private slots:
    void pictures();
};

void ShellWindowTest::pictures() {
    ShellWindow window;
    test::fillShell(window);
    window.showPage(QStringLiteral("plan"));
    window.banners(QStringLiteral("plan"))
        .post({.title = QStringLiteral("Validation of c1 stopped at N 48k, batch 16"),
               .detail = QStringLiteral("The dense reference needs 98.6 GiB; 58.9 GiB is free. Results for 6k to 24k "
                                        "are kept."),
               .actions = {{QStringLiteral("Retry with batch 8"), {}},
                           {QStringLiteral("Eject SmolLM2"), {}, QStringLiteral("eject")}}});
    window.show();
    test::forEachLook(window, [&](const QString& name) { test::grabTo(window, QStringLiteral("shell-") + name); });
    window.notices().post({.title = QStringLiteral("Profile finished, 64k"),
                           .text = QStringLiteral("50 samples in 9 min 46 s. Influence is ready."),
                           .primary = {QStringLiteral("Open Search"), {}},
                           .secondary = {QStringLiteral("Re-solve with 64k"), {}}});
    window.status().setJob({});
    window.status().setIdleText(QStringLiteral("Idle. Last job: profile 64k, 09:44:21"));
    window.commandPalette().open(QStringLiteral("wide l14"));
    test::forEachLook(window, [&](const QString& name) { test::grabTo(window, QStringLiteral("palette-") + name); });
    window.commandPalette().dismiss();
    window.notices().toggleList();
    test::grabTo(window, QStringLiteral("bell"));
}

} // namespace moa

QTEST_MAIN(moa::ShellWindowTest)
#include "shell_window_test.moc"
