// The window as a screen reader and a keyboard meet it, page by page: every widget that takes the focus has a name and a
// role, Tab visits all of them in the order in which they are read and comes round again, cells of canvases speak.
#include "tests/ui/gui/gui_session.h"

#include "tests/ui/history/history_samples.h"
#include "ui/views/compare_page.h"
#include "ui/views/history_page.h"
#include "ui/views/plan_page.h"
#include "ui/views/search_page.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/panel.h"

#include <QAbstractSpinBox>
#include <QAccessible>
#include <QLineEdit>
#include <QPushButton>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

using test::Session;

QString describe(const QWidget* widget) {
    const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
    QString place;
    for (const QWidget* w = widget; w != nullptr && !w->isWindow(); w = w->parentWidget())
        if (const auto* panel = qobject_cast<const Panel*>(w)) place = panel->accessibleName();
    return u"%1 “%2” in “%3”"_s.arg(QString::fromLatin1(widget->metaObject()->className()),
                                    face != nullptr ? face->text(QAccessible::Name) : QString(), place);
}

/// Widgets inside a spin box or a combo box are parts of it.
bool isPart(const QWidget* widget) {
    for (const QWidget* w = widget->parentWidget(); w != nullptr; w = w->parentWidget())
        if (qobject_cast<const QAbstractSpinBox*>(w) || w->inherits("QComboBox")) return true;
    return false;
}

/// What Tab should stop at.
QList<QWidget*> stops(QWidget& window) {
    QList<QWidget*> all;
    for (QWidget* widget : window.findChildren<QWidget*>())
        if (widget->window() == &window && widget->isVisible() && widget->isEnabled() && !isPart(widget) &&
            (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus && widget->focusProxy() == nullptr)
            all.append(widget);
    return all;
}

class AccessibilityTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { QAccessible::setActive(true); }
    void pages_data();
    void pages();
    void cellsSpeak();

private:
    static void checkNames(QWidget& window);
    static void checkTree(QAccessibleInterface* face, QStringList& problems);
    static void checkTab(Session& session, QWidget* page);
    static bool show(Session& session, const QString& state);
    static bool showCompare(Session& session, bool blamed);
};

bool AccessibilityTest::showCompare(Session& session, bool blamed) {
    session.hand().key(Qt::Key_5, Qt::ControlModifier);
    session.hand().settle(50);
    if (!blamed) return true;
    constexpr int kTokens = 512, kEarliestOf = 4;
    Workspace& workspace = session.workspace();
    const SparsePlan& shape = workspace.plan().plan();
    workspace.plan().open({u"half"_s, {}, uniformPlan(shape.layers, shape.heads, shape.kvHeads, {0, 0.5}), {}});
    workspace.samplePrompt(u"lines"_s, kTokens, kEarliestOf, u"compare"_s);
    CompareModel& model = session.bench().comparePage().model();
    if (!session.wait([&] { return workspace.prompt() != nullptr && session.isIdle(); })) return false;
    model.runToDivergence();
    if (!session.wait([&] { return model.state() == CompareModel::State::Resting && model.job() == nullptr; })) return false;
    model.blame();
    return session.wait([&] { return model.blameNow() != nullptr && session.isIdle(); });
}

bool AccessibilityTest::show(Session& session, const QString& state) {
    if (state == u"search empty"_s) {
        session.hand().key(Qt::Key_4, Qt::ControlModifier);
        return session.wait([&] { return session.bench().searchPage().isVisible(); });
    }
    if (state == u"welcome"_s) return session.wait([&] { return session.buttonNamed(u"Open moa-tiny"_s) != nullptr; });
    if (state == u"history"_s) {
        session.hand().key(Qt::Key_6, Qt::ControlModifier);
        HistoryModel& model = session.bench().historyPage().model();
        if (!session.wait([&] { return model.found().all > 0; })) return false;
        model.choose({RunId(8), RunId(6)}, RunId(8));
        return session.wait([&] { return model.passport() && model.comparison(); });
    }
    if (!session.openTiny()) return false;
    if (state == u"model"_s) return true;
    if (state == u"plan"_s) {
        session.hand().key(Qt::Key_3, Qt::ControlModifier);
        session.workspace().plan().setRule({{1, 1}}, {512, 0}, u"edit"_s);
        return session.wait([&] { return session.bench().planPage().isVisible(); });
    }
    if (state == u"search"_s) {
        session.hand().key(Qt::Key_4, Qt::ControlModifier);
        SearchModel& model = session.bench().searchPage().model();
        return session.wait([&] { return model.isCurrent() && model.best() != nullptr && model.best()->isProven && !model.isFrontStale(); });
    }
    if (state.startsWith(u"compare"_s)) return showCompare(session, state == u"compare"_s);
    session.hand().key(Qt::Key_2, Qt::ControlModifier);
    session.hand().settle(50);
    if (state == u"inspect empty"_s) return true;
    if (!session.capture(20)) return false;
    session.canvas().setFocus();
    for (int i = 0; i < 3; ++i) session.hand().key(Qt::Key_BracketLeft);
    session.hand().settle(50);
    return true;
}

void AccessibilityTest::pages_data() {
    QTest::addColumn<QString>("state");
    QTest::addColumn<QSize>("size");
    for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)})
        for (const char* state : {"welcome", "model", "inspect empty", "inspect", "plan", "search empty", "search", "compare empty", "compare", "history"})
            QTest::addRow("%s at %d", state, size.width()) << QString::fromLatin1(state) << size;
}

void AccessibilityTest::checkTree(QAccessibleInterface* face, QStringList& problems) {
    if (face == nullptr || face->state().invisible) return;
    if (face->role() == QAccessible::NoRole) problems.append(u"no role: "_s + face->text(QAccessible::Name));
    const auto* widget = qobject_cast<QWidget*>(face->object());
    const bool spoken = face->state().focusable && (widget == nullptr || (widget->focusPolicy() != Qt::NoFocus && widget->focusProxy() == nullptr));
    if (spoken && face->text(QAccessible::Name).trimmed().isEmpty() && !(widget != nullptr && isPart(widget)))
        problems.append(u"no name: "_s + (widget != nullptr ? describe(widget) : QString::number(face->role(), 16)));
    constexpr int kEnough = 64; // cells beyond are made by the same code
    for (int i = 0; i < std::min(face->childCount(), kEnough); ++i) {
        QAccessibleInterface* child = face->child(i);
        if (child == nullptr) problems.append(u"no child %1 of "_s.arg(i) + face->text(QAccessible::Name));
        checkTree(child, problems);
    }
}

void AccessibilityTest::checkNames(QWidget& window) {
    QStringList problems;
    checkTree(QAccessible::queryAccessibleInterface(&window), problems);
    for (QWidget* widget : stops(window)) {
        const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
        const bool good = face != nullptr && !face->text(QAccessible::Name).trimmed().isEmpty() &&
                          face->role() != QAccessible::NoRole && face->role() != QAccessible::Client;
        if (!good)
            problems.append(u"%1 has role 0x%2"_s.arg(describe(widget)).arg(face == nullptr ? 0 : int(face->role()), 0, 16));
    }
    problems.removeDuplicates();
    QVERIFY2(problems.isEmpty(), qPrintable(problems.join(u'\n')));
}

void AccessibilityTest::checkTab(Session& session, QWidget* page) {
    ShellWindow& window = session.window();
    const QList<QWidget*> wanted = stops(window);
    QVERIFY(wanted.size() > 5);
    QList<QWidget*> visited;
    for (qsizetype i = 0; i < 3 * wanted.size(); ++i) {
        session.hand().key(Qt::Key_Tab);
        QWidget* now = QApplication::focusWidget();
        QVERIFY2(now != nullptr, "the focus was lost");
        if (!visited.isEmpty() && now == visited.front()) break; // round
        QVERIFY2(!visited.contains(now), qPrintable(u"a trap at "_s + describe(now)));
        visited.append(now);
    }
    QStringList missed;
    for (QWidget* widget : wanted)
        if (!visited.contains(widget)) missed.append(describe(widget));
    QVERIFY2(missed.isEmpty(), qPrintable(u"Tab does not reach\n"_s + missed.join(u'\n')));
    // Columns from left to right: once Tab has left one for the next, it does not come back.
    const auto columnOf = [&](const QWidget* widget) {
        const QWidget* box = widget; // grows up to the largest part of the page that is no more than a column
        for (const QWidget* w = widget; w != page; w = w->parentWidget())
            if (w->width() < page->width() * 9 / 10) box = w;
        return box->mapTo(page, QPoint()).x() / 120;
    };
    QStringList order;
    int column = -1;
    bool ordered = true;
    const auto first = std::ranges::find_if(visited, [&](QWidget* w) { return !page->isAncestorOf(w); });
    std::rotate(visited.begin(), first, visited.end()); // the round begins outside of the page
    for (const QWidget* widget : visited) {
        if (!page->isAncestorOf(widget)) continue;
        const int next = columnOf(widget);
        ordered = ordered && next >= column;
        column = std::max(column, next);
        order.append(u"%1: %2"_s.arg(next).arg(describe(widget)));
    }
    QVERIFY2(ordered, qPrintable(order.join(u'\n')));
}

void AccessibilityTest::pages() {
    QFETCH(QString, state);
    QFETCH(QSize, size);
    const QTemporaryDir folder;
    const QString history = state == u"history"_s ? folder.filePath(u"runs.sqlite"_s) : QString();
    if (!history.isEmpty()) test::fillHistory(history, 40);
    Session session({.size = size, .history = history});
    QVERIFY(show(session, state));
    session.hand().settle(100);
    session.window().activateWindow();
    checkNames(session.window());
    QWidget* page = session.window().page(session.window().currentPage());
    if (!QTest::currentTestFailed()) checkTab(session, page);
}

void AccessibilityTest::cellsSpeak() {
    Session session;
    QVERIFY(show(session, u"inspect"_s));
    session.workspace().selection().pointAt(500, 100);
    session.hand().settle(100);
    QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(&session.grid());
    QVERIFY(grid != nullptr && grid->tableInterface() != nullptr);
    QCOMPARE(grid->tableInterface()->rowCount(), 6);
    QCOMPARE(grid->tableInterface()->columnCount(), 4);
    const QString head = grid->tableInterface()->cellAt(5, 3)->text(QAccessible::Name);
    QVERIFY2(head.contains(u"Layer 5"_s) && head.contains(u"KV head 3"_s) && head.contains(u"span"_s), qPrintable(head));
    QAccessibleInterface* canvas = QAccessible::queryAccessibleInterface(&session.canvas());
    QVERIFY(canvas != nullptr && canvas->childCount() == 3);
    const QString pair = canvas->child(0)->text(QAccessible::Name);
    QVERIFY2(pair.startsWith(u"Query 500, key 100, "_s), qPrintable(pair));
    QVERIFY(canvas->child(1)->valueInterface() != nullptr && canvas->child(2)->valueInterface() != nullptr);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::AccessibilityTest>(argc, argv);
}

#include "accessibility_test.moc"
