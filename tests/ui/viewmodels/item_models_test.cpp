// Lists of models and jobs under Qt's own model tester, and what their rows say as work goes on.
#include "tests/ui/viewmodels/engine_fixture.h"
#include "ui/viewmodels/jobs_model.h"
#include "ui/viewmodels/model_list.h"

#include "engine/core/error.h"

#include <QAbstractItemModelTester>
#include <QThread>

namespace moa {
namespace {

constexpr auto kMode = QAbstractItemModelTester::FailureReportingMode::QtTest;
const QString kOther = QStringLiteral(MOA_SOURCE_DIR "/tests/reference/golden/tiny-bf16-sharded");

class ItemModelsTest : public QObject {
    Q_OBJECT
private slots:
    void jobsNewestFirst();
    void jobsSayHowTheyEnded();
    void timeLeftInWords();
    void modelsAreFoundOnce();
    void modelStatesFollowTheLoad();
    void onlyModelsOutOfUseAreRemoved();
};

void ItemModelsTest::jobsNewestFirst() {
    DeviceWorker worker;
    JobsModel model(worker);
    const QAbstractItemModelTester tester(&model, kMode);
    worker.submit("first", false, [](JobContext& context) {
        for (int i = 0; i < 20; ++i) {
            QThread::msleep(2);
            context.report({"Steps", i + 1, 20});
        }
    });
    Job* second = worker.submit("second", false, [](JobContext&) {});
    QCOMPARE(model.rowCount(), 2);
    QVERIFY(model.index(0).data().toString().startsWith("second"));
    QCOMPARE(model.index(1).data(JobsModel::JobObjectRole).value<Job*>()->title(), QString("first"));
    QSignalSpy changed(&model, &JobsModel::dataChanged);
    QTRY_VERIFY(second->isOver());
    QVERIFY(changed.count() >= 4);
    QCOMPARE(model.index(1).data(JobsModel::FractionRole).toDouble(), 1.0);
    QVERIFY(model.index(1).data(Qt::ToolTipRole).toString().contains("20"));
    QVERIFY(!model.index(2).data().isValid());
}

void ItemModelsTest::jobsSayHowTheyEnded() {
    DeviceWorker worker;
    JobsModel model(worker);
    const QAbstractItemModelTester tester(&model, kMode);
    Job* failed = worker.submit("bad", false, [](JobContext&) { throw Error("no such luck"); });
    QTRY_VERIFY(failed->isOver());
    QCOMPARE(model.index(0).data(Qt::ToolTipRole).toString(), QString("no such luck"));
    QCOMPARE(model.index(0).data(JobsModel::StateRole).toInt(), int(JobState::Failed));
    Job* cancelled = worker.submit("slow", false, [](JobContext& context) {
        while (!context.stop().stop_requested()) QThread::msleep(1);
        context.markCancelled();
    });
    cancelled->cancel();
    QTRY_VERIFY(cancelled->isOver());
    QCOMPARE(JobsModel::stateText(*cancelled), QString("cancelled"));
    QVERIFY(model.index(0).data().toString().contains("cancelled"));
}

void ItemModelsTest::timeLeftInWords() {
    DeviceWorker worker;
    std::atomic<bool> go{false};
    Job* job = worker.submit("steps", true, [&](JobContext& context) {
        context.report({"Steps", 0, 100});
        QThread::msleep(50);
        context.report({"Steps", 100, 100});
        context.report({"Rest", 1, 4});
        while (!go && !context.stop().stop_requested()) QThread::msleep(1);
    });
    QVERIFY(JobsModel::timeLeftText(*job).isEmpty());
    QTRY_COMPARE(job->progress().stage, std::string("Rest"));
    QVERIFY2(JobsModel::timeLeftText(*job).isEmpty(), "one step seen says nothing of the rate");
    go = true;
    QTRY_VERIFY(job->isOver());
}

void ItemModelsTest::modelsAreFoundOnce() {
    test::LoadedWorkspace loaded;
    ModelList list(loaded.workspace);
    const QAbstractItemModelTester tester(&list, kMode);
    for (int i = 0; i < 2; ++i) {
        QSignalSpy found(&loaded.engine.models, &ModelService::modelsFound);
        loaded.engine.models.findModels({});
        QTRY_COMPARE(found.count(), 1);
    }
    loaded.workspace.chooseModel("moa-tiny");
    QCOMPARE(list.rowCount(), 1);
    QCOMPARE(list.rowOf("moa-tiny"), 0);
    QCOMPARE(list.rowOf("nothing"), -1);
    const QString detail = list.index(0).data(ModelList::DetailRole).toString();
    QVERIFY2(detail.contains("Llama") && detail.contains("M") && detail.contains("built in"), qPrintable(detail));
}

void ItemModelsTest::modelStatesFollowTheLoad() {
    Engine engine(test::cpuOptions());
    Workspace workspace(engine);
    ModelList list(workspace);
    const QAbstractItemModelTester tester(&list, kMode);
    QSet<QString> states;
    connect(&list, &ModelList::dataChanged, this, [&] { states.insert(list.index(0).data(ModelList::StateRole).toString()); });
    workspace.chooseModel("moa-tiny", true);
    QTRY_VERIFY_WITH_TIMEOUT(workspace.isLoaded() && workspace.loading() == nullptr, 30000);
    QVERIFY(list.index(0).data(ModelList::LoadedRole).toBool());
    QCOMPARE(list.index(0).data(ModelList::StateKindRole).toInt(), int(ModelList::StateKind::Loaded));
    QVERIFY2(std::ranges::any_of(states, [](const QString& s) { return s.startsWith("Loading"); }), "the load is shown");
    workspace.eject();
    QTRY_VERIFY(!list.index(0).data(ModelList::LoadedRole).toBool());
    QCOMPARE(list.index(0).data(ModelList::StateRole).toString(), QString());
}

void ItemModelsTest::onlyModelsOutOfUseAreRemoved() {
    test::LoadedWorkspace loaded;
    ModelList list(loaded.workspace);
    const QAbstractItemModelTester tester(&list, kMode);
    loaded.workspace.chooseModel("moa-tiny");
    QTRY_COMPARE(list.rowOf("moa-tiny"), 0);
    loaded.workspace.chooseModel(kOther, true);
    QTRY_VERIFY_WITH_TIMEOUT(loaded.workspace.isLoaded() && loaded.workspace.model()->path == kOther, 30000);
    QVERIFY2(!list.remove("moa-tiny"), "built in");
    QVERIFY2(!list.remove(kOther), "loaded and chosen");
    loaded.workspace.chooseModel("moa-tiny");
    QTRY_COMPARE(loaded.workspace.model()->path, QString("moa-tiny"));
    QVERIFY2(!list.remove(kOther), "loaded, though another is chosen");
    loaded.workspace.eject();
    QTRY_VERIFY(!loaded.workspace.loaded());
    QVERIFY(list.remove(kOther));
    QCOMPARE(list.rowOf(kOther), -1);
    QVERIFY(!list.remove(kOther));
}

} // namespace
} // namespace moa

QTEST_GUILESS_MAIN(moa::ItemModelsTest)
#include "item_models_test.moc"
