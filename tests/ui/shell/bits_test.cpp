// Small widgets that pages share: chips, memory bar, eliding labels, empty states; and that icons are there.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"
#include "ui/widgets/shell/workbench_style.h"
#include "ui/widgets/theme.h"

#include <QAction>
#include <QDir>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QVBoxLayout>

namespace moa {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

constexpr quint64 kGib = 1ull << 30;

} // namespace

class BitsTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { installWorkbenchStyle(); }
    void everyIconDrawsInItsRole();
    void memoryNumbersAreWhole();
    void longNamesElideAndSaySo();
    void emptyStateFollowsItsAction();
    void pictures();
};

void BitsTest::everyIconDrawsInItsRole() {
    const QStringList files = QDir(s(":/icons")).entryList();
    QVERIFY(files.size() >= 40);
    for (const QString& file : files) {
        const QString name = file.section(QLatin1Char('.'), 0, 0);
        QImage image(24, 24, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        drawIcon(painter, name, Role::Accent, {12, 12}, 24);
        painter.end();
        const QColor wanted = Theme::instance().color(Role::Accent);
        int inked = 0, alien = 0;
        for (int y = 0; y < 24; ++y)
            for (int x = 0; x < 24; ++x) {
                const QColor pixel = image.pixelColor(x, y);
                inked += pixel.alpha() > 128;
                alien += pixel.alpha() > 200 && std::abs(pixel.red() - wanted.red()) > 8;
            }
        QVERIFY2(inked > 8, qPrintable(name));
        QVERIFY2(alien == 0, qPrintable(name)); // one colour, the role's
    }
    QPixmap nothing(8, 8);
    nothing.fill(Qt::white);
    QPainter painter(&nothing);
    drawIcon(painter, s("no such icon"), Role::Text, {4, 4}, 8); // draws nothing, harms nothing
}

void BitsTest::memoryNumbersAreWhole() {
    QCOMPARE(gibText(20 * kGib + kGib / 2), s("20.5"));
    QCOMPARE(gibText(kGib / 4), s("0.25"));
    QCOMPARE(gibText(0), s("0.00"));
    MemoryBar bar;
    QCOMPARE(bar.accessibleName(), s("Memory, not known"));
    bar.setUse({20 * kGib, 4 * kGib, 80 * kGib});
    QCOMPARE(bar.accessibleName(), s("Memory, 20.0 of 80.0 GiB"));
    QVERIFY(bar.minimumSizeHint().width() > textWidth(s("20.0 of 80.0 GiB"), TextStyle::Table));
    // The used share is drawn in strong, its last part in the plan's colour, the rest is empty.
    bar.resize(bar.sizeHint());
    const QImage image = bar.grab().toImage();
    const auto at = [&](int x) { // device-independent px, at any scale
        return image.pixelColor(int(x * image.devicePixelRatio()), image.height() / 2).rgb();
    };
    QCOMPARE(at(10), Theme::instance().color(Role::Strong).rgb());
    QCOMPARE(at(150 / 4 - 3), Theme::instance().color(Role::Sparse).rgb());
    QCOMPARE(at(100), Theme::instance().color(Role::Sunken).rgb());
    bar.setUse({200 * kGib, 0, 80 * kGib}); // more than there is: full, and the number says it
    const QImage full = bar.grab().toImage();
    QCOMPARE(full.pixelColor(int(140 * full.devicePixelRatio()), full.height() / 2).rgb(),
             Theme::instance().color(Role::Strong).rgb());
}

void BitsTest::longNamesElideAndSaySo() {
    ElidingLabel label(s("Llama-3.1-8B-Instruct-with-a-long-tail.safetensors"));
    label.resize(label.sizeHint());
    label.show();
    QVERIFY(!label.isElided());
    QVERIFY(label.toolTip().isEmpty());
    label.resize(120, label.height());
    QVERIFY(label.isElided());
    QCOMPARE(label.toolTip(), label.text());
    QCOMPARE(label.accessibleName(), label.text());
}

void BitsTest::emptyStateFollowsItsAction() {
    QAction action(s("&Use sample prompt"));
    action.setShortcut(QKeySequence(Qt::Key_F5));
    EmptyState empty(s("inspect"));
    empty.setSentence(s("Choose a prompt to capture attention."));
    empty.setPrimary(&action);
    QPushButton* paste = empty.addSecondary(s("Paste text"));
    empty.show();
    auto* primary = empty.findChild<QPushButton*>();
    QVERIFY(primary != paste);
    QSignalSpy triggered(&action, &QAction::triggered);
    QTest::mouseClick(primary, Qt::LeftButton);
    QCOMPARE(triggered.size(), 1);
    action.setEnabled(false);
    QVERIFY(!primary->isEnabled());
    QVERIFY(!empty.findChildren<QLabel*>().isEmpty());
}

void BitsTest::pictures() {
    for (const bool dark : {false, true}) {
        Theme::instance().setMode(dark ? ThemeMode::Dark : ThemeMode::Light);
        QWidget window;
        auto* column = new QVBoxLayout(&window);
        auto* chips = new QHBoxLayout;
        const ChipTone tones[] = {ChipTone::Plain,  ChipTone::Accent, ChipTone::Dense,
                                  ChipTone::Sparse, ChipTone::Pinned, ChipTone::Influence,
                                  ChipTone::Ok,     ChipTone::Warn,   ChipTone::Error};
        for (const ChipTone tone : tones) {
            auto* chip = new Chip(s("GQA 32 : 8"), tone);
            if (tone == ChipTone::Ok) chip->setIcon(s("check"));
            chips->addWidget(chip);
        }
        column->addLayout(chips);
        auto* segments = new SegmentedControl(s("Show"));
        for (const char* name : {"Group mean", "Q20", "Q21", "Q22", "Q23"}) segments->addSegment(s(name));
        column->addWidget(segments);
        auto* bar = new MemoryBar;
        bar->setUse({20 * kGib, 4 * kGib, 80 * kGib});
        column->addWidget(bar);
        auto* empty = new EmptyState(s("inspect"));
        empty->setSentence(s("Choose a prompt to capture attention."));
        empty->setPrimary(s("Use sample prompt"), s("F5"));
        empty->addSecondary(s("Paste text"));
        column->addWidget(empty, 1);
        window.resize(860, 380);
        window.show();
        test::grabTo(window, dark ? s("bits-dark") : s("bits-light"));
    }
    Theme::instance().setMode(ThemeMode::Light);
    const QStringList files = QDir(s(":/icons")).entryList();
    QPixmap sheet(14 * 64, int(files.size() / 14 + 1) * 64);
    sheet.fill(Theme::instance().color(Role::Surface));
    QPainter painter(&sheet);
    for (int i = 0; i < files.size(); ++i)
        drawIcon(painter, files[i].section(QLatin1Char('.'), 0, 0), Role::Text,
                 {32.0 + (i % 14) * 64, 32.0 + (i / 14) * 64}, 40);
    painter.end();
    const QString folder = qEnvironmentVariable("MOA_GRABS");
    if (!folder.isEmpty()) QVERIFY(sheet.save(folder + s("/icons.png")));
}

} // namespace moa

QTEST_MAIN(moa::BitsTest)
#include "bits_test.moc"
