// The History page in the real window: found, compared, tagged, noted, opened again and exported by mouse and keys; faults of a
// query named with their place; texts of strangers shown as text.
#include "tests/ui/gui/gui_session.h"
#include "tests/ui/history/history_samples.h"

#include "ui/viewmodels/history_text.h"
#include "ui/views/history_compare_panel.h"
#include "ui/views/history_lineage_panel.h"
#include "ui/views/history_page.h"
#include "ui/views/history_run_panel.h"
#include "ui/views/history_runs_panel.h"
#include "ui/views/history_trend_panel.h"
#include "ui/widgets/history/compare_table.h"
#include "ui/widgets/history/facet_list.h"
#include "ui/widgets/history/lineage_view.h"
#include "ui/widgets/history/query_line.h"
#include "ui/widgets/history/run_facts.h"
#include "ui/widgets/history/run_table.h"
#include "ui/widgets/history/tag_row.h"
#include "ui/widgets/history/trend_chart.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/theme.h"

#include <QAbstractItemModelTester>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSettings>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kRuns = 300;

} // namespace

class HistoryPageTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { fillHistory(m_folder.filePath(u"runs.sqlite"_s), kRuns); }
    void cleanup() { m_session.reset(); }

    void runsAreThere();
    void queriesFindAndFaultsAreNamed();
    void facetsGoIntoTheQueryAndOut();
    void twoToSixRunsAreCompared();
    void tagsAndNotesAreKept();
    void columnsAndQueriesAreKept();
    void lineageAndChartLeadToRuns();
    void runsOpenInTheirPages();
    void filesAreWritten();
    void hostileTextsAreText();
    void aRunIsRepeated();
    void nothingYet();
    void aNewerHistoryIsOnlyRead();
    void aBrokenFileIsTold();

private:
    /// A session on a copy of the sample history, with its page shown.
    bool open(const QString& name, const QByteArray& settings = {}) {
        const QString path = m_folder.filePath(name);
        if (!QFile::exists(path) && !QFile::copy(m_folder.filePath(u"runs.sqlite"_s), path)) return false;
        return openFile(path, settings);
    }
    bool openFile(const QString& path, const QByteArray& settings = {}) {
        m_session.reset();
        m_session = std::make_unique<Session>(SessionOptions{.settingsText = settings, .history = path});
        m_session->step(QString::fromLatin1(QTest::currentTestFunction()));
        m_session->hand().key(Qt::Key_6, Qt::ControlModifier);
        return m_session->wait([this] { return m_session->window().currentPage() == u"history"_s && (model().isCurrent() || model().reader().state() == HistoryState::Missing || model().reader().state() == HistoryState::Failed); });
    }
    HistoryPage& page() { return m_session->bench().historyPage(); }
    HistoryModel& model() { return page().model(); }
    RunTable& table() { return page().runs().table(); }
    HistoryTableModel& rows() { return page().runs().rows(); }
    bool found(qint64 runs) { return m_session->wait([this, runs] { return model().isCurrent() && qint64(model().found().runs->size()) == runs; }); }
    bool typeQuery(const QString& query) {
        m_session->hand().key(Qt::Key_F, Qt::ControlModifier);
        m_session->hand().type(query);
        return m_session->wait([this, query] { return page().runs().field().text() == query && model().query() == query && model().isCurrent(); });
    }
    QPoint cell(int row, int column = HistoryTableModel::When) { return table().visualRect(rows().index(row, column)).center(); }
    void clickRow(int row, Qt::KeyboardModifiers modifiers = Qt::NoModifier) { m_session->hand().click(table().viewport(), cell(row), modifiers); }
    bool passportOf(qint64 run) { return m_session->wait([this, run] { return model().passport() && model().passport()->detail.summary.id.value == run; }); }
    QString text(int row, int column) { return rows().index(row, column).data().toString(); }

    QTemporaryDir m_folder;
    std::unique_ptr<Session> m_session;
};

void HistoryPageTest::runsAreThere() {
    QVERIFY(open(u"there.sqlite"_s));
    QVERIFY(found(kRuns));
    const QAbstractItemModelTester tester(&rows(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QVERIFY(m_session->wait([this] { return rows().isRead(0, 20); }));
    QCOMPARE(text(0, HistoryTableModel::Run), u"#300"_s);
    QVERIFY(text(0, HistoryTableModel::When).startsWith(u"Today "_s) || text(0, HistoryTableModel::When).startsWith(u"Yesterday "_s));
    clickRow(0);
    QVERIFY(passportOf(300));
    m_session->hand().settle();
    m_session->grab(u"history"_s);
    // Sorted by a click on a header: the least density first, then the largest.
    QHeaderView* head = table().horizontalHeader();
    const QPoint density(head->sectionViewportPosition(HistoryTableModel::Density) + 20, head->height() / 2);
    m_session->hand().click(head->viewport(), density);
    QVERIFY(m_session->wait([this] { return model().isCurrent() && model().order().key == RunKey::Density; }));
    QVERIFY(m_session->wait([this] { return rows().isRead(0, 20); }));
    const QString first = text(0, HistoryTableModel::Density);
    m_session->hand().click(head->viewport(), density);
    QVERIFY(m_session->wait([this, first] { return rows().isRead(0, 20) && text(0, HistoryTableModel::Density) != first; }));
    QCOMPARE(QSet({first, text(0, HistoryTableModel::Density)}), QSet({u"0.2500"_s, u"1.0000"_s}));
}

void HistoryPageTest::queriesFindAndFaultsAreNamed() {
    QVERIFY(open(u"queries.sqlite"_s));
    QVERIFY(typeQuery(u"command:compare kl>0.05"_s));
    const qsizetype narrow = qsizetype(model().found().runs->size());
    QVERIFY(narrow > 0 && narrow < kRuns / 4);
    QVERIFY(m_session->wait([this, narrow] { return rows().isRead(0, int(narrow) - 1); }));
    for (int row = 0; row < narrow; ++row) QCOMPARE(text(row, HistoryTableModel::Kind), u"Compare"_s);
    QVERIFY(typeQuery(u"modle:tiny"_s));
    QVERIFY(model().found().fault && page().runs().field().hasFault());
    QCOMPARE(model().found().fault->begin, 0);
    bool said = false;
    for (const QLabel* label : page().runs().findChildren<QLabel*>()) said = said || (label->isVisible() && label->text().startsWith(u"At 1: "_s) && label->text().contains(u"model"_s));
    QVERIFY2(said, "the fault is told with its place and a remedy");
    m_session->grab(u"history-fault"_s);
    QVERIFY(typeQuery(u"plan:nowhere"_s));
    QVERIFY(found(0));
    m_session->grab(u"history-no-match"_s);
    QWidget* clear = m_session->buttonNamed(u"Clear filters"_s);
    QVERIFY(clear != nullptr);
    m_session->hand().click(clear);
    QVERIFY(found(kRuns));
    QVERIFY(page().runs().field().text().isEmpty());
}

void HistoryPageTest::facetsGoIntoTheQueryAndOut() {
    QVERIFY(open(u"facets.sqlite"_s));
    FacetList& list = page().facets();
    const int row = list.rowOf(u"command"_s, u"compare"_s);
    QVERIFY(row > 0);
    const qint64 count = list.entries()[std::size_t(row)].count;
    m_session->hand().click(list.viewport(), list.visualItemRect(list.item(row)).center());
    QVERIFY(found(count));
    QCOMPARE(model().query(), u"command:compare"_s);
    const int chosen = list.rowOf(u"command"_s, u"compare"_s), other = list.rowOf(u"command"_s, u"validate"_s);
    QVERIFY(list.entries()[std::size_t(chosen)].isChosen);
    QVERIFY2(other > 0, "other kinds keep their counts");
    const qint64 both = count + list.entries()[std::size_t(other)].count;
    list.setCurrentRow(other);
    list.setFocus();
    m_session->hand().key(Qt::Key_Space);
    QVERIFY(found(both));
    QCOMPARE(model().query(), u"command:compare,validate"_s);
    for (const QString& value : {u"compare"_s, u"validate"_s}) model().toggleFacet(u"command"_s, value);
    QVERIFY(found(kRuns));
    QVERIFY(model().query().isEmpty());
    // A value that must be quoted, beside a term of the user's own.
    model().setQuery(u"kl>0.01"_s);
    model().toggleFacet(u"plan"_s, u"a \"quoted\" name"_s);
    QCOMPARE(model().query(), u"kl>0.01 plan:\"a \"\"quoted\"\" name\""_s);
    model().toggleFacet(u"plan"_s, u"a \"quoted\" name"_s);
    QCOMPARE(model().query(), u"kl>0.01"_s);
}

void HistoryPageTest::twoToSixRunsAreCompared() {
    QVERIFY(open(u"compare.sqlite"_s));
    QVERIFY(typeQuery(u"run:5-8"_s));
    QVERIFY(found(4) && m_session->wait([this] { return rows().isRead(0, 3); }));
    clickRow(2);
    QVERIFY(!model().comparison());
    clickRow(0, Qt::ControlModifier); // 8 and 6, its original
    QVERIFY(m_session->wait([this] { return model().comparison() != nullptr; }));
    QCOMPARE(model().baseline()->value, 6);
    HistoryComparePanel& panel = page().comparison();
    QVERIFY(panel.rows().rowCount() > 0 && panel.rows().rowCount() == int(panel.rows().different()));
    // What is worse than the baseline is marked: a quarter more loss, far beyond its error.
    int worse = 0;
    for (int row = 0; row < panel.rows().rowCount(); ++row)
        for (int column = 1; column < panel.rows().columnCount(); ++column)
            worse += Tick(panel.rows().index(row, column).data(RunComparisonModel::TickRole).toInt()) == Tick::Worse;
    QCOMPARE(worse, 1);
    m_session->hand().settle();
    m_session->grab(u"history-compare"_s);
    const int differing = panel.rows().rowCount();
    panel.rows().setDifferencesOnly(false);
    QVERIFY(panel.rows().rowCount() > differing && panel.rows().rowCount() == int(panel.rows().all()));
    // The other one as the baseline: the same measure is better now.
    model().setBaseline(RunId(8));
    QVERIFY(m_session->wait([this] { return model().comparison() && model().comparison()->runs[model().comparison()->baseline].id.value == 8; }));
    int better = 0;
    for (int row = 0; row < panel.rows().rowCount(); ++row)
        for (int column = 1; column < panel.rows().columnCount(); ++column)
            better += Tick(panel.rows().index(row, column).data(RunComparisonModel::TickRole).toInt()) == Tick::Better;
    QCOMPARE(better, 1);
    QVERIFY(model().comparisonMarkdown(true).contains(u"run 8 (baseline)"_s));
    model().clearQuery();
    QVERIFY(found(kRuns));
    table().selectAll();
    QVERIFY(m_session->wait([this] { return model().chosen().size() == std::size_t(kRuns); }));
    QVERIFY(model().comparison() == nullptr);
}

void HistoryPageTest::tagsAndNotesAreKept() {
    QVERIFY(open(u"marks.sqlite"_s));
    QVERIFY(m_session->wait([this] { return rows().isRead(0, 5); }));
    clickRow(1);
    QVERIFY(passportOf(299));
    table().setFocus();
    m_session->hand().key(Qt::Key_Space);
    QVERIFY(page().run().tags().field().hasFocus());
    m_session->hand().type(u"for-report"_s);
    m_session->hand().key(Qt::Key_Return);
    QVERIFY(m_session->wait([this] { return model().passport() && model().passport()->detail.tags == std::vector<std::string>{"for-report"}; }));
    QVERIFY(m_session->wait([this] { return page().facets().rowOf(u"tag"_s, u"for-report"_s) > 0; }));
    page().run().note().setFocus();
    m_session->hand().type(u"quokka holds"_s);
    m_session->hand().key(Qt::Key_Return, Qt::ControlModifier);
    QVERIFY(m_session->wait([this] { return model().passport() && model().passport()->detail.note == "quokka holds"; }));
    QVERIFY(typeQuery(u"quokka"_s));
    QVERIFY(found(1));
    QWidget* remove = m_session->buttonNamed(u"Remove tag for-report"_s);
    QVERIFY(remove != nullptr);
    m_session->hand().click(remove);
    QVERIFY(m_session->wait([this] { return model().passport() && model().passport()->detail.tags.empty(); }));
    // What another program writes is seen without a click.
    History other = History::open(m_folder.filePath(u"marks.sqlite"_s).toStdString());
    const std::vector<RunId> run = {RunId(299)};
    other.addTags(run, std::vector<std::string>{"elsewhere"});
    QVERIFY(m_session->wait([this] { return model().passport() && model().passport()->detail.tags == std::vector<std::string>{"elsewhere"}; }));
}

void HistoryPageTest::columnsAndQueriesAreKept() {
    QVERIFY(open(u"kept.sqlite"_s));
    table().setColumnHidden(HistoryTableModel::Speed, true);
    table().setColumnHidden(HistoryTableModel::Tags, false);
    table().horizontalHeader()->moveSection(HistoryTableModel::Result, 1);
    table().horizontalHeader()->resizeSection(HistoryTableModel::Subject, 333);
    QVERIFY(typeQuery(u"tag:baseline"_s));
    m_session->hand().key(Qt::Key_Return);
    const QString settings = m_session->settingsFile();
    m_session->end();
    const QSettings kept(settings, QSettings::IniFormat);
    QCOMPARE(kept.value(u"history/queries"_s).toStringList(), QStringList{u"tag:baseline"_s});
    const QByteArray text = [&] {
        QFile file(settings);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }();
    QVERIFY(open(u"kept.sqlite"_s, text));
    QVERIFY(table().isColumnHidden(HistoryTableModel::Speed) && !table().isColumnHidden(HistoryTableModel::Tags));
    QCOMPARE(table().columnWidth(HistoryTableModel::Subject), 333);
    QCOMPARE(table().horizontalHeader()->visualIndex(HistoryTableModel::Result), 1);
    QCOMPARE(model().recentQueries(), QStringList{u"tag:baseline"_s});
    // Nonsense in the settings means the columns of the beginning.
    QVERIFY(open(u"kept.sqlite"_s, "[history]\ncolumns=@ByteArray(nonsense)\nqueries=7\n"));
    QVERIFY(!table().isColumnHidden(HistoryTableModel::Speed) && table().isColumnHidden(HistoryTableModel::Tags));
}

void HistoryPageTest::lineageAndChartLeadToRuns() {
    QVERIFY(open(u"lineage.sqlite"_s));
    model().show(RunId(6));
    QVERIFY(passportOf(6));
    const std::vector<LineageMark>& marks = page().lineage().view().marks();
    const auto at = [&](const QString& title) { return int(std::ranges::find(marks, title, &LineageMark::title) - marks.begin()); };
    const int profile = at(u"calibrated.moaprofile"_s), search = at(u"#4"_s), plan = at(u"balanced-50"_s), run = at(u"#6"_s);
    QVERIFY2(plan < int(marks.size()) && search < plan && profile < search, "profile, search, plan");
    QVERIFY(std::ranges::find(marks[std::size_t(plan)].from, search) != marks[std::size_t(plan)].from.end());
    if (run < int(marks.size())) QVERIFY(run > plan); // among the newest uses only in a short history
    LineageView& view = page().lineage().view();
    view.setFocus();
    m_session->hand().key(Qt::Key_Home);
    for (int i = 0; i < search; ++i) m_session->hand().key(Qt::Key_Down);
    m_session->hand().key(Qt::Key_Return);
    QVERIFY(passportOf(4));
    // The chart holds the found runs; a click on a point chooses its run.
    QVERIFY(typeQuery(u"run:1-40 command:compare"_s));
    model().setMeasure("kl");
    QVERIFY(m_session->wait([this] { return model().trend().measure == "kl" && !model().trend().points.empty(); }));
    m_session->hand().settle();
    TrendChart& chart = page().trend().chart();
    const qint64 third = chart.marks()[2].run;
    m_session->hand().click(chart.viewport(), chart.placeOf(third));
    QVERIFY(passportOf(third));
    // A repetition names its original, and by how much it moved.
    model().show(RunId(6));
    QVERIFY(passportOf(6));
    const std::vector<RunFact>& facts = page().run().facts().facts();
    const auto repeat = std::ranges::find(facts, qint64(8), &RunFact::run);
    QVERIFY(repeat != facts.end());
    QCOMPARE(repeat->value, u"+25.0%"_s);
    QVERIFY(repeat->role == Role::Warn);
}

void HistoryPageTest::runsOpenInTheirPages() {
    QVERIFY(open(u"reopen.sqlite"_s));
    QVERIFY(typeQuery(u"run:6"_s));
    QVERIFY(found(1) && m_session->wait([this] { return rows().isRead(0, 0); }));
    m_session->hand().doubleClick(table().viewport(), cell(0));
    QVERIFY(m_session->wait([this] { return m_session->window().currentPage() == u"plan"_s; }));
    QCOMPARE(m_session->workspace().plan().name(), u"balanced-50"_s);
    QCOMPARE(m_session->workspace().plan().plan().rules.size(), 4u); // [L][H]
    m_session->hand().key(Qt::Key_6, Qt::ControlModifier);
    // A profile that is gone: said, with its path.
    page().reopen(4);
    QVERIFY(m_session->wait([this] { return m_session->bannerSays(u"history"_s, {u"4"_s, u"calibrated.moaprofile"_s}); }));
    QCOMPARE(m_session->window().currentPage(), u"history"_s);
}

void HistoryPageTest::filesAreWritten() {
    QVERIFY(open(u"files.sqlite"_s));
    model().choose({RunId(8), RunId(6)}, RunId(8));
    QVERIFY(m_session->wait([this] { return model().comparison() != nullptr; }));
    for (const QString& format : {u"html"_s, u"csv"_s, u"json"_s, u"md"_s}) {
        const QString path = m_folder.filePath(u"out."_s + format);
        page().files().save(format, path);
        QVERIFY2(m_session->wait([&] { return QFile::exists(path); }), qPrintable(format));
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(file.readAll()).remove(u'\\'); // of Markdown
        QVERIFY2(text.contains(u"nll_mean"_s) && text.contains(u'8') && text.contains(u'6'), qPrintable(text.left(300)));
        if (format == u"html"_s) QVERIFY(text.startsWith(u"<!doctype html>"_s, Qt::CaseInsensitive) && !text.contains(u"src="_s));
        if (format == u"csv"_s) QVERIFY(!text.contains(u"retrieval,"_s)); // of the chosen runs only
    }
}

void HistoryPageTest::hostileTextsAreText() {
    const QString path = m_folder.filePath(u"hostile.sqlite"_s);
    addHostileRuns(path);
    QVERIFY(openFile(path));
    const int count = int(hostileTexts().size());
    QVERIFY(found(count) && m_session->wait([this, count] { return rows().isRead(0, count - 1); }));
    for (int row = 0; row < count; ++row)
        for (int column = 0; column < HistoryTableModel::Count; ++column) {
            const QString shown = text(row, column);
            QVERIFY2(shown.size() <= 400, "nothing is laid out that nobody can read");
            for (const QChar c : shown) QVERIFY(c.unicode() >= 0x20 && c.unicode() != 0x202E);
            QVERIFY(!rows().index(row, column).data(Qt::ToolTipRole).toString().contains(u"<b>"_s));
        }
    for (int row = 0; row < count; ++row) {
        clickRow(row);
        QVERIFY(passportOf(rows().runAt(row).value));
        for (const QLabel* label : page().findChildren<QLabel*>())
            if (label->isVisible() && label->text().contains(u'<')) QCOMPARE(label->textFormat(), Qt::PlainText);
    }
    m_session->grab(u"history-hostile"_s);
    // As a value of a facet, and back.
    for (const std::string& name : hostileTexts()) {
        const QString value = QString::fromStdString(name);
        if (name.size() > 1000 || value.toStdString() != name || value.contains(QChar(u'\0'))) continue;
        model().toggleFacet(u"plan"_s, value);
        QVERIFY(found(1));
        model().toggleFacet(u"plan"_s, value);
        QVERIFY(found(count));
    }
    model().choose({rows().runAt(0), rows().runAt(1)}, rows().runAt(0));
    page().files().save(u"html"_s, m_folder.filePath(u"hostile.html"_s));
    QVERIFY(m_session->wait([this] { return QFile::exists(m_folder.filePath(u"hostile.html"_s)); }));
    QFile report(m_folder.filePath(u"hostile.html"_s));
    QVERIFY(report.open(QIODevice::ReadOnly));
    QVERIFY(!report.readAll().contains("<img"));
}

void HistoryPageTest::aRunIsRepeated() {
    const QString path = m_folder.filePath(u"repeat.sqlite"_s);
    QProcess moa;
    moa.setProgram(QDir(QCoreApplication::applicationDirPath()).filePath(u"moa"_s));
    moa.setArguments({u"score"_s, u"moa-tiny"_s, u"--text"_s, u"Line 1: the code is 4711."_s, u"--device"_s, u"cpu"_s, u"--db"_s, path, u"--quiet"_s});
    moa.setStandardOutputFile(QProcess::nullDevice());
    moa.start();
    QVERIFY(moa.waitForFinished(kLong) && moa.exitCode() == 0);
    QVERIFY(openFile(path));
    QVERIFY(found(1) && m_session->wait([this] { return rows().isRead(0, 0); }));
    clickRow(0);
    QVERIFY(passportOf(1));
    QVERIFY2(model().reproduceObstacle().isEmpty(), qPrintable(model().reproduceObstacle()));
    m_session->hand().click(&page().run().reproduceButton());
    QVERIFY(m_session->wait([this] { return model().drift() != nullptr; }));
    QVERIFY2(model().drift()->isSame(), qPrintable(model().drift()->text()));
    QCOMPARE(model().drift()->run, 2);
    QVERIFY(found(2));
    QVERIFY(m_session->wait([this] { return model().passport() && model().passport()->repeats.size() == 1; }));
    const std::vector<RunFact>& facts = page().run().facts().facts();
    const auto repeat = std::ranges::find(facts, qint64(2), &RunFact::run);
    QVERIFY(repeat != facts.end() && repeat->value == u"identical"_s);
    m_session->grab(u"history-reproduced"_s);
}

void HistoryPageTest::nothingYet() {
    const QString path = m_folder.filePath(u"not yet.sqlite"_s);
    QVERIFY(openFile(path));
    QVERIFY(model().reader().state() == HistoryState::Missing);
    QVERIFY(!QFile::exists(path)); // looking makes no file
    m_session->grab(u"history-empty"_s);
    fillHistory(path, 12);
    QVERIFY(found(12)); // as soon as somebody records
}

void HistoryPageTest::aNewerHistoryIsOnlyRead() {
    const QString path = m_folder.filePath(u"newer.sqlite"_s);
    QVERIFY(QFile::copy(m_folder.filePath(u"runs.sqlite"_s), path));
    markNewer(path);
    QVERIFY(openFile(path));
    QVERIFY(found(kRuns));
    QVERIFY(m_session->bannerSays(u"history"_s, {u"newer"_s, u"read-only"_s}));
    QVERIFY(!model().canWrite() && !page().run().tags().field().isEnabled());
    m_session->grab(u"history-newer"_s);
}

void HistoryPageTest::aBrokenFileIsTold() {
    const QString path = m_folder.filePath(u"broken.sqlite"_s);
    writeFile(path, QByteArray(5000, 'x'));
    QVERIFY(openFile(path));
    QVERIFY(model().reader().state() == HistoryState::Failed);
    QVERIFY(m_session->bannerSays(u"history"_s, {u"cannot be read"_s, u"broken.sqlite"_s}));
    QCOMPARE(QFileInfo(path).size(), 5000);
}

int main(int argc, char** argv) {
    return runFlows<HistoryPageTest>(argc, argv);
}

#include "history_page_test.moc"
