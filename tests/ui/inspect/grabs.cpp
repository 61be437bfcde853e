// Grabbing in both themes and both fonts.
#include "tests/ui/inspect/grabs.h"

#include "ui/widgets/theme.h"

#include <QDir>
#include <QLocale>
#include <QPixmap>
#include <QTest>
#include <QWidget>

/// Outside any namespace, as the macro asks: the icons and the style sheet live in a static library.
static void initResources() {
    Q_INIT_RESOURCE(workbench);
}

namespace moa::test {

void prepare() {
    initResources();
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    Theme::instance().setMode(ThemeMode::Light);
}

void grabThemes(QWidget& widget, const char* name, QSize size) {
    const QString folder = qEnvironmentVariable("MOA_GRABS");
    if (folder.isEmpty()) return;
    QDir().mkpath(folder);
    Theme& theme = Theme::instance();
    widget.resize(size);
    for (const bool dejavu : {false, true})
        for (const ThemeMode mode : {ThemeMode::Light, ThemeMode::Dark}) {
            theme.setFontFamily(dejavu ? QStringLiteral("DejaVu Sans") : QString());
            theme.setMode(mode);
            QTest::qWait(400); // thumbnails are made over several frames
            const QString file =
                QStringLiteral("%1/%2-%3x%4-%5%6.png")
                    .arg(folder, QLatin1String(name))
                    .arg(size.width())
                    .arg(size.height())
                    .arg(mode == ThemeMode::Dark ? QLatin1String("dark") : QLatin1String("light"),
                         dejavu ? QLatin1String("-dejavu") : QLatin1String());
            QVERIFY(widget.grab().save(file));
        }
    theme.setFontFamily({});
    theme.setMode(ThemeMode::Light);
}

} // namespace moa::test
