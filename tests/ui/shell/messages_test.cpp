// What the window says: banners, notices and the list under the bell, the log.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notice_list.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/status_bar.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

namespace moa {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

QPushButton* buttonNamed(QWidget* parent, const QString& text) {
    for (QPushButton* button : parent->findChildren<QPushButton*>())
        if (button->text() == text && button->isVisible()) return button;
    return nullptr;
}

/// The list under the bell while it is open; what is closed may still wait for its deletion.
NoticeList* openList(ShellWindow& shell) {
    for (NoticeList* list : shell.findChildren<NoticeList*>())
        if (list->isVisible()) return list;
    return nullptr;
}

/// A column with a banner area over a line edit.
struct BannerWindow {
    QWidget window;
    BannerArea* area = new BannerArea;
    QLineEdit* line = new QLineEdit;

    BannerWindow() {
        auto* column = new QVBoxLayout(&window);
        column->addWidget(area);
        column->addWidget(line);
        column->addStretch(1);
        window.resize(1200, 500);
        window.show();
        window.activateWindow();
        line->setFocus();
        test::settle();
    }
};

} // namespace

class MessagesTest : public QObject {
    Q_OBJECT
private slots:
    void bannerIsNewestFirst();
    void bannerActionsRunOnce();
    void bannerTakesFocusOnlyFromTheFailed();
    void bannerSaysAllOfItself();
    void noticesAreThreeAndKept();
    void noticesGoAfterTheirTime();
    void pointerAndFocusHoldANotice();
    void bellListsAndRuns();
    void unseenNoticesAreReported();
    void logKeepsTheNewestAndCopies();
};

void MessagesTest::bannerIsNewestFirst() {
    BannerWindow w;
    QVERIFY(!w.area->isVisible());
    const int before = w.line->y();
    w.area->post({.title = s("First")});
    const int second = w.area->post({.title = s("Second")});
    w.area->post({.title = s("Third"), .kind = BannerKind::Warning});
    test::settle();
    QVERIFY(w.line->y() >= before + 48); // pushed down, not covered
    QCOMPARE(w.area->current()->title, s("Third"));
    QCOMPARE(w.area->count(), 3);
    QPushButton* more = buttonNamed(w.area, s("2 more"));
    QVERIFY(more);
    QTest::mouseClick(more, Qt::LeftButton);
    auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
    QVERIFY(menu);
    QCOMPARE(menu->actions()[0]->text(), s("Second"));
    menu->actions()[1]->trigger();
    menu->close();
    QCOMPARE(w.area->current()->title, s("First"));
    w.area->dismiss(second);
    w.area->dismiss(4711);
    QCOMPARE(w.area->count(), 2);
    test::settle();
    QTest::mouseClick(w.area->findChild<QToolButton*>(s("banner.close")), Qt::LeftButton);
    QCOMPARE(w.area->current()->title, s("Third"));
    w.area->clear();
    test::settle();
    QVERIFY(!w.area->isVisible());
    QCOMPARE(w.line->y(), before);
}

void MessagesTest::bannerActionsRunOnce() {
    BannerWindow w;
    int retried = 0, kept = 0;
    QSignalSpy log(w.area, &BannerArea::logRequested);
    w.area->post({.title = s("Validation stopped"),
                  .actions = {{s("Retry with batch 8"), [&] { ++retried; }},
                              {.text = s("Free cache"), .run = [&] { ++kept; }, .dismisses = false},
                              {s("Third, never shown"), {}}}});
    test::settle();
    QVERIFY(!buttonNamed(w.area, s("Third, never shown")));
    QTest::mouseClick(buttonNamed(w.area, s("Show log")), Qt::LeftButton);
    QCOMPARE(log.size(), 1);
    QTest::mouseClick(buttonNamed(w.area, s("Free cache")), Qt::LeftButton);
    QCOMPARE(kept, 1);
    QCOMPARE(w.area->count(), 1);
    QPushButton* retry = buttonNamed(w.area, s("Retry with batch 8"));
    retry->setFocus();
    QTest::keyClick(retry, Qt::Key_Space);
    QCOMPARE(retried, 1);
    QCOMPARE(w.area->count(), 0);
}

void MessagesTest::bannerTakesFocusOnlyFromTheFailed() {
    BannerWindow w;
    QPushButton elsewhere;
    w.area->post({.title = s("Elsewhere failed")}, &elsewhere);
    QVERIFY(w.line->hasFocus());
    w.area->post({.title = s("This line failed")}, w.line);
    QVERIFY(w.area->isAncestorOf(QApplication::focusWidget()));
}

void MessagesTest::bannerSaysAllOfItself() {
    BannerWindow w;
    w.area->post({.title = s("Stopped"), .detail = s("98.6 GiB needed")});
    QCOMPARE(QAccessible::queryAccessibleInterface(w.area)->text(QAccessible::Name),
             s("Stopped. 98.6 GiB needed"));
    QCOMPARE(w.area->findChild<QToolButton*>(s("banner.close"))->accessibleName(), s("Dismiss: Stopped"));
}

void MessagesTest::noticesAreThreeAndKept() {
    QWidget window;
    window.resize(1200, 800);
    window.show();
    NoticeStack stack(&window);
    QSignalSpy unread(&stack, &NoticeStack::unreadChanged);
    for (int i = 0; i < 5; ++i) stack.post({.title = s("Notice %1").arg(i), .text = s("done")});
    test::settle();
    QCOMPARE(stack.shown(), 3);
    QCOMPARE(int(stack.kept().size()), 5);
    QCOMPARE(stack.kept().front().title, s("Notice 4"));
    QCOMPARE(unread.last()[0].toInt(), 5);
    QRect above;
    const auto cards = window.findChildren<NoticeCard*>();
    for (const NoticeCard* card : cards) {
        if (!card->isVisible()) continue;
        const QRect box = card->geometry().adjusted(14, 14, -14, -14); // without the shadow
        QVERIFY(window.rect().contains(box));
        QVERIFY(above.isNull() || !above.intersects(box));
        above = box;
    }
    for (int i = 0; i < NoticeStack::kMostKept; ++i) stack.post({.title = s("more"), .text = {}});
    QCOMPARE(int(stack.kept().size()), NoticeStack::kMostKept);
    stack.clear();
    QCOMPARE(stack.shown(), 0);
    QCOMPARE(stack.unread(), 0);
}

void MessagesTest::noticesGoAfterTheirTime() {
    QWidget window;
    QLineEdit line(&window); // has the focus; else the card's close button would get it and hold the card
    window.resize(1200, 800);
    window.show();
    window.activateWindow();
    line.setFocus();
    NoticeStack stack(&window);
    stack.setLifetime(60);
    stack.post({.title = s("Short"), .text = s("lived")});
    QCOMPARE(stack.shown(), 1);
    QTRY_COMPARE_WITH_TIMEOUT(stack.shown(), 0, 2000);
    QCOMPARE(int(stack.kept().size()), 1);
    QCOMPARE(NoticeStack::kLifetimeMs, 8000);
}

void MessagesTest::pointerAndFocusHoldANotice() {
    QWidget window;
    window.resize(460, 240); // on the screen at any scale
    QLineEdit line(&window);
    window.show();
    window.activateWindow();
    line.setFocus();
    NoticeStack stack(&window);
    stack.setLifetime(80);
    int ran = 0;
    stack.post({.title = s("Profile finished"), .text = s("50 samples"), .primary = {s("Open Search"), [&] {
                                                                                         ++ran;
                                                                                     }}});
    test::settle();
    auto* card = window.findChild<NoticeCard*>();
    QPushButton* open = buttonNamed(card, s("Open Search"));
    open->setFocus();
    QTest::qWait(200);
    QCOMPARE(stack.shown(), 1); // the focus holds it
    QTest::keyClick(open, Qt::Key_Space);
    QCOMPARE(ran, 1);
    QCOMPARE(stack.shown(), 0);

    stack.post({.title = s("Again"), .text = s("hovered")});
    test::settle();
    QWidget* second = nullptr;
    for (NoticeCard* c : window.findChildren<NoticeCard*>())
        if (c->isVisible()) second = c;
    QTest::mouseMove(&window, second->geometry().center());
    QTest::qWait(200);
    QCOMPARE(stack.shown(), 1);
    QTest::mouseMove(&window, QPoint(5, 5));
    QTRY_COMPARE_WITH_TIMEOUT(stack.shown(), 0, 2000);
}

void MessagesTest::bellListsAndRuns() {
    ShellWindow shell;
    test::fillShell(shell);
    shell.show();
    test::settle();
    int ran = 0;
    shell.notices().post({.title = s("Profile finished"),
                          .text = s("50 samples"),
                          .primary = {s("Open Search"), [&] { ++ran; }}});
    QToolButton* bell = shell.status().bellButton();
    QCOMPARE(bell->text(), s("1"));
    QTest::mouseClick(bell, Qt::LeftButton);
    test::settle();
    auto* list = openList(shell);
    QVERIFY(list);
    QCOMPARE(bell->text(), s("0"));
    QTest::mouseClick(buttonNamed(list, s("Open Search")), Qt::LeftButton);
    test::settle();
    QCOMPARE(ran, 1);
    QVERIFY(!openList(shell));
    QTest::mouseClick(bell, Qt::LeftButton);
    QVERIFY(openList(shell));
    QTest::mouseClick(bell, Qt::LeftButton); // again: closes
    test::settle();
    QVERIFY(!openList(shell));
    QTest::mouseClick(bell, Qt::LeftButton);
    QTest::keyClick(openList(shell), Qt::Key_Escape);
    test::settle();
    QVERIFY(!openList(shell));
    QTest::mouseClick(bell, Qt::LeftButton);
    QTest::mouseClick(shell.page(s("model")), Qt::LeftButton, {}, QPoint(300, 300));
    test::settle();
    QVERIFY(!openList(shell));
}

void MessagesTest::unseenNoticesAreReported() {
    QWidget window;
    NoticeStack stack(&window); // not shown, so not active
    QSignalSpy unseen(&stack, &NoticeStack::postedUnseen);
    stack.post({.title = s("Done"), .text = s("in the background")});
    QCOMPARE(unseen.size(), 1);
    QCOMPARE(unseen[0][0].toString(), s("Done"));
}

void MessagesTest::logKeepsTheNewestAndCopies() {
    LogModel model;
    for (int i = 0; i < LogModel::kMostLines + 3; ++i) model.append(s("line %1").arg(i));
    QCOMPARE(model.rowCount(), LogModel::kMostLines);
    QVERIFY(model.index(0).data().toString().endsWith(s("line 3")));
    {
        QAbstractItemModelTester full(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.append(s("one goes, one comes"));
    }
    LogModel two; // the tester looks at every row after every change: a short log
    QAbstractItemModelTester tester(&two, QAbstractItemModelTester::FailureReportingMode::QtTest);
    two.append(s("model opened"));
    two.append(s("out of memory"), LogLevel::Error);
    LogDialog dialog(&two);
    dialog.show();
    QVERIFY(!dialog.isModal());
    QTest::mouseClick(buttonNamed(&dialog, s("Copy")), Qt::LeftButton);
    const QStringList lines = QApplication::clipboard()->text().split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines[1].endsWith(s("out of memory")));
    test::grabTo(dialog, s("log"));
}

} // namespace moa

QTEST_MAIN(moa::MessagesTest)
#include "messages_test.moc"
