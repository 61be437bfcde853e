// Files and windows around the Plan page by real events: import with its question, export with its report of what is lost,
// the passport, the offer to restore edits of a program that was killed, a merge, the ways into a plan.
#include "tests/ui/gui/gui_session.h"

#include "engine/plan/plan_file.h"
#include "ui/jobs/plan_backup.h"
#include "ui/views/model_page.h"
#include "ui/views/plan_compare_panel.h"
#include "ui/views/plan_matrix_panel.h"
#include "ui/views/plan_merge_dialog.h"
#include "ui/views/plan_page.h"
#include "ui/views/plan_start.h"
#include "ui/widgets/plan/span_matrix.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"

#include <QClipboard>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableWidget>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

constexpr int kLayers = 4, kHeads = 8, kKvHeads = 4;

class PlanExchangeFlowTest : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup() { m_session.reset(); }
    void importAsksForTheSinkAndSaysWhatWasLost();
    void exportSaysWhatIsLost();
    void duoKeepsWhatItCan();
    void thePassportIsShown();
    void editsOfAKilledProgramAreOffered();
    void mergeAsksWhereBothChanged();
    void dense();
    void aLayersBarLeadsHere();

private:
    PlanDocument& plan() { return m_session->workspace().plan(); }
    UserHand& hand() { return m_session->hand(); }
    /// A dialog of this kind, once it shows; null: none does.
    template <class Dialog>
    Dialog* dialog() {
        Dialog* found = nullptr;
        m_session->wait([&] {
            for (Dialog* one : m_session->window().findChildren<Dialog*>())
                if (one->isVisible()) found = one;
            return found != nullptr;
        }, 3000);
        return found;
    }
    void press(QDialog* dialog, const QString& text) {
        for (QPushButton* button : dialog->findChildren<QPushButton*>())
            if (button->text().remove(u'&') == text) return QTest::mouseClick(button, Qt::LeftButton);
        QFAIL(qPrintable(text + u" is no button"_s));
    }
    /// Names a file in the dialog that is open, as a user pastes it.
    void choose(const QString& path) {
        QFileDialog* files = dialog<QFileDialog>();
        QVERIFY(files != nullptr);
        auto* name = files->findChild<QLineEdit*>(u"fileNameEdit"_s);
        QGuiApplication::clipboard()->setText(path);
        name->setFocus();
        name->selectAll();
        QTest::keyClick(name, Qt::Key_V, Qt::ControlModifier);
        QTest::keyClick(name, Qt::Key_Return);
    }
    bool logHas(const QString& words) {
        const LogModel& log = m_session->window().log();
        for (int row = 0; row < log.rowCount(); ++row)
            if (log.data(log.index(row), Qt::DisplayRole).toString().contains(words)) return true;
        return false;
    }
    void trigger(const QString& action) { m_session->window().actions().action(action)->trigger(); }

    std::unique_ptr<Session> m_session;
};

void PlanExchangeFlowTest::init() {
    m_session = std::make_unique<Session>();
    m_session->step(QString::fromLatin1(QTest::currentTestFunction()));
}

void PlanExchangeFlowTest::importAsksForTheSinkAndSaysWhatWasLost() {
    // As the published code writes it: query heads alone, and no two of a group alike.
    QByteArray alphas = "[", betas = "[";
    for (int l = 0; l < kLayers; ++l) {
        alphas += l > 0 ? ",[0,64,128,192]" : "[0,64,128,192]";
        betas += l > 0 ? ",[0.5,0.5,0.25,0.25]" : "[0.5,0.5,0.25,0.25]";
    }
    test::writeFile(m_session->path(u"published.json"_s), "{\"alphas\":" + alphas + "],\"betas\":" + betas + "]}");
    trigger(u"plan.import"_s);
    choose(m_session->path(u"published.json"_s));
    QDialog* question = nullptr;
    QVERIFY(m_session->wait([&] {
        for (QComboBox* box : m_session->window().findChildren<QComboBox*>())
            if (box->isVisible() && box->accessibleName() == u"Sink, tokens"_s) question = qobject_cast<QDialog*>(box->window());
        return question != nullptr;
    }));
    auto* sink = question->findChild<QComboBox*>();
    QCOMPARE(sink->currentData().toInt(), kDefaultSink);
    QTest::keyClick(sink, Qt::Key_Down);
    QCOMPARE(sink->currentData().toInt(), 2 * kBlock);
    press(question, u"Import"_s);
    QVERIFY(m_session->wait([this] { return plan().name() == u"published"_s; }));
    QCOMPARE(plan().plan().sink, 2 * kBlock);
    QCOMPARE(plan().plan().layers, kLayers);
    QVERIFY2(plan().path().isEmpty(), "the file of another program is not written over");
}

void PlanExchangeFlowTest::exportSaysWhatIsLost() {
    test::writeUniformPlan(m_session->path(u"mine.json"_s), kLayers, kHeads, kKvHeads, 512, 0.25);
    m_session->bench().open(m_session->path(u"mine.json"_s));
    QVERIFY(m_session->wait([this] { return plan().name() == u"mine"_s; }));
    QVERIFY(plan().beginSinkGesture(u"sink"_s));
    plan().previewSink(2 * kBlock);
    plan().endGesture();
    trigger(u"plan.export"_s);
    choose(m_session->path(u"out.json"_s));
    QVERIFY(m_session->wait([this] { return QFile::exists(m_session->path(u"out.json"_s)); }));
    const PlanFile written = readPlan(m_session->path(u"out.json"_s).toStdString(), kKvHeads);
    QVERIFY(!written.hasPassport());
    QVERIFY(written.plan.rules == plan().plan().rules);
    QVERIFY(m_session->wait([this] { return logHas(u"The sink of 128 tokens is not written"_s); }, 3000));
}

void PlanExchangeFlowTest::duoKeepsWhatItCan() {
    test::writeUniformPlan(m_session->path(u"mine.json"_s), kLayers, kHeads, kKvHeads, 0, 1);
    m_session->bench().open(m_session->path(u"mine.json"_s));
    QVERIFY(m_session->wait([this] { return plan().name() == u"mine"_s; }));
    plan().setRule({{0, 0}, {1, 1}}, {192, 0}, u"edit"_s);
    plan().setRule({{2, 2}}, {0, 0.5}, u"edit"_s);
    QVERIFY(QDir(m_session->path(u"."_s)).mkpath(u"duo"_s));
    trigger(u"plan.export"_s);
    choose(m_session->path(u"duo/full_attention_heads.tsv"_s));
    QVERIFY(m_session->wait([this] { return QFile::exists(m_session->path(u"duo/config.json"_s)); }));
    QVERIFY(m_session->wait([this] { return logHas(u"heads have no equal there: "_s); }, 3000));
}

void PlanExchangeFlowTest::thePassportIsShown() {
    SparsePlan some = uniformPlan(kLayers, kHeads, kKvHeads, {512, 0.25});
    Passport passport;
    passport.modelName = "some-model";
    passport.search["density_bound"] = 0.5;
    writePlan(m_session->path(u"known.json"_s).toStdString(), makePlanFile(some, passport));
    m_session->bench().open(m_session->path(u"known.json"_s));
    QVERIFY(m_session->wait([this] { return plan().name() == u"known"_s; }));
    trigger(u"plan.passport"_s);
    QPlainTextEdit* text = nullptr;
    QVERIFY(m_session->wait([&] {
        for (QPlainTextEdit* one : m_session->window().findChildren<QPlainTextEdit*>())
            if (one->isVisible() && one->accessibleName() == u"Passport"_s) text = one;
        return text != nullptr;
    }));
    QVERIFY(text->toPlainText().contains(u"some-model"_s) && text->toPlainText().contains(u"density_bound"_s));
    QVERIFY(text->isReadOnly());
    press(qobject_cast<QDialog*>(text->window()), u"Close"_s);
}

void PlanExchangeFlowTest::editsOfAKilledProgramAreOffered() {
    m_session.reset();
    const QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath(u"unsaved"_s));
    const SparsePlan saved = uniformPlan(kLayers, kHeads, kKvHeads, {512, 0.25});
    SparsePlan edited = saved;
    edited.rules[0] = edited.rules[1] = {64, 0};
    writePlanBackup(folder.filePath(u"unsaved/plan-1-gone.moabackup"_s),
                    {{u"mine"_s, {}, saved, {}}, edited, {{1, 1}}, {}, 2048, QDateTime::currentDateTimeUtc()});
    m_session = std::make_unique<Session>(test::SessionOptions{.settings = folder.filePath(u"workbench.ini"_s)});
    QVERIFY(m_session->bannerSays(u"model"_s, {u"mine"_s, u"not saved"_s}));
    QVERIFY2(plan().isDense(), "nothing is opened before the user says so");
    m_session->grab(u"restore-banner"_s);
    QWidget* restore = m_session->buttonNamed(u"Restore edits"_s);
    QVERIFY(restore != nullptr);
    hand().click(restore);
    QVERIFY(m_session->wait([&] { return plan().plan().rules == edited.rules; }));
    QVERIFY(plan().isPinned({1, 1}));
    QVERIFY(plan().isModified());
    QCOMPARE(m_session->window().currentPage(), u"plan"_s);
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(plan().plan().rules == saved.rules);
    m_session.reset(); // before its folder goes
}

void PlanExchangeFlowTest::mergeAsksWhereBothChanged() {
    test::writeUniformPlan(m_session->path(u"base.json"_s), kLayers, kHeads, kKvHeads, 512, 0.25);
    m_session->bench().open(m_session->path(u"base.json"_s));
    QVERIFY(m_session->wait([this] { return plan().name() == u"base"_s; }));
    SparsePlan theirs = plan().plan();
    for (int h = 0; h < 2; ++h) {
        theirs.rules[std::size_t(h)] = {64, 0};               // L0 · KV0: only they
        theirs.rules[std::size_t(kHeads + h)] = {1024, 0};    // L1 · KV0: both
    }
    writePlan(m_session->path(u"theirs.json"_s).toStdString(), makePlanFile(theirs, {}));
    hand().key(Qt::Key_3, Qt::ControlModifier);
    plan().setRule({{1, 0}}, {256, 0}, u"edit"_s);
    trigger(u"plan.compare"_s);
    choose(m_session->path(u"theirs.json"_s));
    QPushButton& merge = m_session->bench().planPage().compare().merge();
    QVERIFY(m_session->wait([&] { return merge.isVisible(); }));
    hand().settle(50);
    hand().click(&merge);
    auto* ask = dialog<PlanMergeDialog>();
    QVERIFY(ask != nullptr);
    QCOMPARE(ask->conflicts().rowCount(), 1);
    QCOMPARE(ask->conflicts().item(0, 0)->text(), u"L1 · KV0"_s);
    m_session->grab(u"merge"_s);
    if (const QString grabs = qEnvironmentVariable("MOA_GRABS"); !grabs.isEmpty()) ask->grab().save(grabs + u"/merge-dialog.png"_s);
    press(ask, u"All theirs"_s);
    press(ask, u"Merge"_s);
    QVERIFY(m_session->wait([&] { return plan().plan().rules == theirs.rules && m_session->window().findChildren<PlanMergeDialog*>().isEmpty(); }));
    m_session->window().activateWindow();
    hand().settle(50);
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(plan().rule({1, 0}), (Rule{256, 0}));
    QCOMPARE(plan().rule({0, 0}), (Rule{512, 0.25}));
}

void PlanExchangeFlowTest::dense() {
    QVERIFY(m_session->openTiny());
    hand().key(Qt::Key_3, Qt::ControlModifier);
    hand().settle(50);
    m_session->grab(u"plan-dense"_s);
    QWidget* uniform = m_session->buttonNamed(u"Uniform 50%"_s);
    QVERIFY(uniform != nullptr);
    hand().click(uniform);
    QVERIFY(!plan().isDense());
    QCOMPARE(plan().plan().density(4096), 0.5);
    QVERIFY(m_session->buttonNamed(u"Uniform 50%"_s) == nullptr);
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(plan().isDense());
    hand().settle(50);
    QWidget* search = m_session->buttonNamed(u"Search"_s);
    QVERIFY(search != nullptr);
}

void PlanExchangeFlowTest::aLayersBarLeadsHere() {
    QVERIFY(m_session->openTiny());
    emit m_session->bench().modelPage().layerOpened(3);
    QCOMPARE(m_session->window().currentPage(), u"plan"_s);
    std::set<HeadRef> layer;
    for (int g = 0; g < 4; ++g) layer.insert({3, g});
    QVERIFY(m_session->workspace().selection().now().heads == layer);
    hand().settle(50);
    QVERIFY(m_session->bench().planPage().matrix().matrix().selected() == layer);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::PlanExchangeFlowTest>(argc, argv);
}
#include "plan_exchange_flow_test.moc"
