// What the Plan and Search pages show is what `moa search`, `moa plan show`, `moa validate` and `moa retrieval` say of the
// same files under the same settings, to the last digit on the screen; and a plan's passport brings back its bounds.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_lists.h"
#include "ui/views/plan_page.h"
#include "ui/views/search_checks_panel.h"
#include "ui/views/search_measured_panel.h"
#include "ui/views/search_page.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/plan/budget_rows.h"
#include "ui/widgets/plan/number_table.h"
#include "ui/widgets/search/candidate_table.h"
#include "ui/widgets/search/check_rows.h"
#include "ui/widgets/search/measured_bars.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

const QString kProfile = kSource + QStringLiteral("/resources/models/moa-tiny/moa-tiny.moaprofile");
constexpr int kN = 512, kSamples = 2, kPrompts = 1; ///< enough to tell right from wrong

double numberAt(const QJsonValue& byLength, int length) {
    return byLength.toObject()[QString::number(length)].toDouble(-1);
}

} // namespace

class SearchCliTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() {
        m_session = std::make_unique<Session>();
        QVERIFY(m_session->openTiny());
        m_session->hand().key(Qt::Key_4, Qt::ControlModifier);
        QVERIFY(proven());
    }
    void cleanupTestCase() { m_session.reset(); }

    void theBestPlanIsTheSearchs() {
        const QJsonObject plan = runMoa({u"search"_s, kProfile, u"-o"_s, m_session->path(u"cli.json"_s), u"--density"_s, u"0.5"_s})[u"plans"_s].toArray()[0].toObject();
        const QAbstractItemModel& table = *page().table().model();
        const std::vector<int>& lengths = model().subject().lengths;
        QCOMPARE(table.index(0, SearchTableModel::Density).data().toString(), search_text::density(numberAt(plan[u"density"_s], lengths.back())));
        for (std::size_t i = 0; i < lengths.size(); ++i)
            QCOMPARE(table.index(0, SearchTableModel::FirstLoss + int(i)).data().toString(), search_text::loss(numberAt(plan[u"loss"_s], lengths[i])));
        QCOMPARE(model().best()->outcome.distinctRules, plan[u"rules"_s].toInt());
        QVERIFY(std::abs(model().best()->outcome.lowerBound - plan[u"bound"_s].toDouble()) <= 2e-6 * model().best()->outcome.objective);
    }

    void anAppliedPlanReadsAsPlanShowSays() {
        QWidget* apply = m_session->buttonNamed(u"Apply"_s);
        QVERIFY(apply != nullptr && apply->isEnabled());
        m_session->hand().click(apply);
        m_session->workspace().savePlan(file());
        QVERIFY(m_session->wait([this] { return m_session->workspace().plan().path() == file() && !m_session->workspace().plan().isModified(); }));
        m_session->workspace().setLength(2048);
        m_session->hand().key(Qt::Key_3, Qt::ControlModifier);
        QVERIFY(m_session->wait([this] { return m_session->bench().planPage().isVisible(); }));
        m_session->hand().settle(50);
        const QJsonObject shown = runMoa({u"plan"_s, u"show"_s, file(), u"--kv-heads"_s, u"4"_s, u"--head-dim"_s, QString::number(m_session->workspace().model()->config.headDim), u"--lengths"_s, u"2048"_s});
        const QJsonObject at = shown[u"at"_s].toObject()[u"2048"_s].toObject();
        PlanPage& plan = m_session->bench().planPage();
        const std::vector<BudgetRows::Row>& rows = plan.budget().rows().rows();
        QCOMPARE(rows[0].value, paint::number(at[u"density"_s].toDouble(), 4));
        // The processor keeps 32-bit numbers, the command speaks of 16-bit ones.
        QCOMPARE(m_session->workspace().kvBytes(m_session->workspace().plan().plan()), 2 * at[u"kv_bytes"_s].toInteger());
        QCOMPARE(plan.rules().table().model()->rowCount(), shown[u"distinct_rules"_s].toInt());
        const QJsonArray layers = at[u"cache"_s].toArray();
        QCOMPARE(layers.size(), 6);
        for (int l = 0; l < 6; ++l)
            for (int g = 0; g < 4; ++g) QCOMPARE(m_session->workspace().plan().span({l, g}, 2048), layers[l].toArray()[g].toInteger());
    }

    void thePassportBringsTheBoundsBack() {
        const SearchBounds searched = model().bounds();
        SearchBounds others = searched;
        others.density = 0.3;
        others.rulesPerLayer = 2;
        model().setBounds(others);
        PlanExchange exchange(m_session->workspace().engine().files);
        QList<QByteArray> read;
        connect(&exchange, &PlanExchange::searchRead, this, [&](const QString&, const QByteArray& search) { read.append(search); });
        exchange.readSearch(file());
        exchange.readSearch(m_session->path(u"cli.json"_s));
        QVERIFY(m_session->wait([&] { return read.size() == 2; }));
        QVERIFY(boundsOf(read[0]).has_value() && boundsOf(read[1]).has_value());
        QVERIFY(*boundsOf(read[0]) == searched);
        QCOMPARE(boundsOf(read[1])->density, 0.5);
        QCOMPARE(boundsOf(read[1])->share, 0.9);
        model().useBounds(*boundsOf(read[0]));
        QVERIFY(proven());
    }

    void measuredLossesAreThoseOfValidate() {
        const QString own = m_session->workspace().plan().name();
        page().measurements().measure({}, kN, kSamples);
        const QJsonObject said = runMoa({u"validate"_s, u"moa-tiny"_s, file(), u"--length"_s, QString::number(kN), u"--samples"_s, QString::number(kSamples)})[u"plans"_s].toArray()[0].toObject();
        QVERIFY(m_session->wait([this] { return page().measurements().job() == nullptr; }, 4 * kLong));
        const auto at = std::ranges::find(page().measurements().all(), own, &MeasuredLoss::name);
        QVERIFY(at != page().measurements().all().end());
        QCOMPARE(at->answerNll, said[u"answer_nll"_s].toDouble());
        QCOMPARE(at->denseAnswerNll, said[u"dense_answer_nll"_s].toDouble());
        QCOMPARE(at->agreement, said[u"agreement"_s].toDouble());
        QCOMPARE(at->answers.right, said[u"right"_s].toInt());
        const QString shown = u"%1 ± %2"_s.arg(search_text::signedLoss(said[u"loss_increase"_s].toDouble()), search_text::loss(said[u"standard_error"_s].toDouble()));
        QStringList bars;
        for (int i = 0; i < page().measured().bars().itemCount(); ++i) bars << page().measured().bars().item(i).name;
        QVERIFY2(std::ranges::any_of(bars, [&](const QString& bar) { return bar.contains(own) && bar.contains(shown); }),
                 qPrintable(shown + u" is not in "_s + bars.join(u'\n')));
    }

    void taskChecksAreThoseOfRetrieval() {
        const QString own = m_session->workspace().plan().name();
        page().measurements().check({}, kN, kPrompts);
        const QStringList common{u"--lengths"_s, QString::number(kN), u"--samples"_s, QString::number(kPrompts), u"--task"_s, u"lines,facts,passkey"_s};
        const QJsonArray planned = runMoa(QStringList{u"retrieval"_s, u"moa-tiny"_s, u"--plan"_s, file()} + common)[u"rows"_s].toArray();
        const QJsonArray dense = runMoa(QStringList{u"retrieval"_s, u"moa-tiny"_s} + common)[u"rows"_s].toArray();
        QVERIFY(m_session->wait([this] { return page().measurements().job() == nullptr; }, 4 * kLong));
        QCOMPARE(planned.size(), 3);
        for (int i = 0; i < 3; ++i) {
            const QString task = planned[i].toObject()[u"task"_s].toString();
            const auto row = std::ranges::find_if(page().checks().rows().rows(), [&](const CheckRow& r) { return r.name.startsWith(task) && r.plan == own; });
            QVERIFY(row != page().checks().rows().rows().end());
            const QStringList texts = CheckRows::texts(*row);
            QCOMPARE(texts[0], paint::number(dense[i].toObject()[u"accuracy"_s].toDouble(), 2));
            QCOMPARE(texts[1], paint::number(planned[i].toObject()[u"accuracy"_s].toDouble(), 2));
            QCOMPARE(row->share.low, planned[i].toObject()[u"interval95"_s].toArray()[0].toDouble());
            QCOMPARE(row->share.high, planned[i].toObject()[u"interval95"_s].toArray()[1].toDouble());
        }
        m_session->hand().key(Qt::Key_4, Qt::ControlModifier);
        m_session->grab(u"search-measured"_s);
    }

private:
    /// Output of the command-line program as JSON; the window lives on meanwhile.
    QJsonObject runMoa(const QStringList& arguments) {
        QProcess moa;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"MOA_RESOURCES"_s, kSource + u"/resources"_s);
        moa.setProcessEnvironment(environment);
        moa.start(QStringLiteral(MOA_PROGRAM), arguments + QStringList{u"--json"_s, u"--no-db"_s, u"--device"_s, u"cpu"_s});
        if (!m_session->wait([&] { return moa.state() == QProcess::NotRunning; }, 4 * kLong) || moa.exitCode() != 0)
            qWarning("%s", moa.readAllStandardError().constData());
        return QJsonDocument::fromJson(moa.readAllStandardOutput()).object();
    }
    SearchPage& page() { return m_session->bench().searchPage(); }
    SearchModel& model() { return page().model(); }
    QString file() const { return m_session->path(u"found.json"_s); }
    bool proven() {
        return m_session->wait([this] { return model().isCurrent() && model().best() != nullptr && model().best()->isProven && !model().isFrontStale(); });
    }
    std::unique_ptr<Session> m_session;
};

int main(int argc, char** argv) {
    return runFlows<SearchCliTest>(argc, argv);
}

#include "search_cli_test.moc"
