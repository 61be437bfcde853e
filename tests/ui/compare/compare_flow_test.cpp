// The Compare page in the real window: from a needle prompt to the head to blame and the edit that mends the token, by
// mouse and keys; other continuations, further turns, another plan; a plan that hides nothing; cancel and closing at any
// time.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/compare_blame_panel.h"
#include "ui/views/compare_charts.h"
#include "ui/views/compare_message.h"
#include "ui/views/compare_needle_panel.h"
#include "ui/views/compare_page.h"
#include "ui/views/compare_panes.h"
#include "ui/widgets/compare/alternatives_popover.h"
#include "ui/widgets/compare/blame_table.h"
#include "ui/widgets/compare/kl_chart.h"
#include "ui/widgets/compare/needle_map.h"
#include "ui/widgets/compare/token_flow.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/theme.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/model/generate.h"

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QPushButton>

#include <algorithm>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kTokens = kSlower > 1 ? 512 : 768;

} // namespace

class CompareFlowTest : public QObject {
    Q_OBJECT
private slots:
    void init() {
        m_session = std::make_unique<Session>();
        m_session->step(QString::fromLatin1(QTest::currentTestFunction()));
    }
    void cleanup() { m_session.reset(); }

    void fromPromptToMendedToken();
    void densePaneIsThePlainGeneration();
    void aPlanThatHidesNothingNeverDiverges();
    void stepsPausesAndGoesOn();
    void otherContinuations();
    void turnsAndPlans();
    void typedPrompts();
    void cancelAndCloseAtAnyTime();
    void shortOfMemory();
    void runsAreRows();
    void needles();
    void pictures();

private:
    ComparePage& page() { return m_session->bench().comparePage(); }
    CompareModel& model() { return page().model(); }
    PlanDocument& plan() { return m_session->workspace().plan(); }
    UserHand& hand() { return m_session->hand(); }
    bool resting() {
        return m_session->wait([this] { return model().state() == CompareModel::State::Resting && model().job() == nullptr; });
    }
    void openPage() {
        QVERIFY(m_session->openTiny());
        hand().key(Qt::Key_5, Qt::ControlModifier);
        QVERIFY(m_session->wait([this] { return page().isVisible(); }));
        m_session->workspace().setLength(kTokens);
    }
    /// The needle prompt of the empty page, under a uniform plan of half the span.
    void openNeedle() {
        openPage();
        QVERIFY(m_session->wait([this] { return m_session->buttonNamed(u"Sample needle prompt"_s) != nullptr; }));
        hand().click(m_session->buttonNamed(u"Sample needle prompt"_s));
        QVERIFY(m_session->wait([this] { return m_session->buttonNamed(u"Uniform 50%"_s) != nullptr; }));
        hand().click(m_session->buttonNamed(u"Uniform 50%"_s));
        QVERIFY(m_session->wait([this] { return model().obstacle().isEmpty(); }));
        page().pane(true).flow().setFocus();
    }
    void needleToDivergence() {
        openNeedle();
        hand().click(m_session->buttonNamed(u"Run to divergence"_s));
        QVERIFY(resting());
        QVERIFY(model().firstDivergence() >= 0);
    }
    std::unique_ptr<Session> m_session;
};

void CompareFlowTest::fromPromptToMendedToken() {
    m_session->grab(u"compare-start"_s);
    openPage();
    m_session->grab(u"compare-empty"_s);
    m_session.reset();
    init();
    needleToDivergence();
    const int first = model().firstDivergence();
    QCOMPARE(model().selected(), first);
    QCOMPARE(int(model().tokens().size()), first + 1);
    QCOMPARE(page().pane(true).flow().tokens().back().fill, FlowToken::Fill::First);
    const CompareToken token = model().tokens()[std::size_t(first)];
    QVERIFY2(page().pane(true).flow().item(first).name.contains(u"first divergence"_s), qPrintable(page().pane(true).flow().item(first).name));
    QVERIFY(token.kl > 0.5);
    // B: the heads, worst first, each scored, and the fewest that mend it.
    page().pane(false).flow().setFocus();
    hand().key(Qt::Key_B, Qt::NoModifier, u"b"_s);
    QVERIFY(m_session->wait([this] { return model().mending() != nullptr && model().job() == nullptr && m_session->isIdle(); }));
    m_session->grab(u"compare-blamed"_s);
    const CompareBlame* blame = model().blameNow();
    QVERIFY(blame != nullptr && blame->token == first && !blame->rows.isEmpty());
    BlameTable& table = page().blame().table();
    QCOMPARE(int(table.rows().size()), int(blame->rows.size()));
    QVERIFY(std::ranges::is_sorted(blame->rows, std::greater{}, &CompareBlameRow::influence));
    QVERIFY(table.rows().front().widened.has_value());
    QVERIFY(model().mendingHeads().size() <= 3);
    QVERIFY2(model().mending()->klAfter.front() <= 0.1 * token.kl, qPrintable(QString::number(model().mending()->klAfter.front())));
    // The chosen row is the head of every page; the evidence is in the text that the window hides.
    QCOMPARE(m_session->workspace().selection().now().current, (HeadRef{blame->rows[0].layer, blame->rows[0].kvHead}));
    QVERIFY(page().evidence().isVisible() && page().evidence().key() >= 0);
    const std::int64_t hiddenFrom = std::int64_t(model().request().ids.size()) + first - 1 - blame->rows[0].window;
    QVERIFY(page().evidence().key() <= hiddenFrom);
    QVERIFY(blame->seenBy[std::size_t(page().evidence().key())] < blame->heads);
    // Down: the next row; Shift+Enter scores it, with the tokens after it.
    table.setFocus();
    hand().key(Qt::Key_Down);
    QCOMPARE(model().row(), 1);
    const HeadRef second{blame->rows[1].layer, blame->rows[1].kvHead};
    hand().key(Qt::Key_Return, Qt::ShiftModifier);
    QVERIFY(m_session->wait([&] { return model().score(second.layer, second.kvHead) != nullptr; }));
    // The edit: one step, and undo takes it back.
    const int steps = plan().undoStack()->index();
    const Rule before = plan().rule(second);
    hand().click(m_session->buttonNamed(u"Apply as edit"_s));
    QCOMPARE(plan().undoStack()->index(), steps + 1);
    QCOMPARE(plan().rule(second), (Rule{0, 1}));
    QVERIFY(model().isStale());
    hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(plan().rule(second), before);
    QVERIFY(!model().isStale());
    // The set that mends it, exactly: another run of the edited plan writes the dense token.
    const std::vector<HeadRef> heads = model().mendingHeads();
    model().applyMending();
    for (const HeadRef head : heads) QCOMPARE(plan().rule(head), (Rule{0, 1}));
    page().pane(true).flow().setFocus();
    hand().click(m_session->buttonNamed(u"Start again"_s));
    QVERIFY(resting());
    QVERIFY(int(model().tokens().size()) > first);
    QCOMPARE(model().tokens()[std::size_t(first)].sparse, token.dense);
}

void CompareFlowTest::densePaneIsThePlainGeneration() {
    openNeedle();
    model().setMaxNew(24);
    hand().key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QVERIFY(resting());
    std::vector<int> written;
    for (const CompareToken& token : model().tokens()) {
        if (token.denseEnds) break;
        written.push_back(token.dense);
    }
    const auto backend = makeCpuBackend(2);
    LanguageModel plain(loadModel((kSource + u"/resources/models/moa-tiny"_s).toStdString()), *backend);
    GenerateOptions options;
    options.maxNew = 24;
    Sequence sequence(plain, MaskSource::dense(), plannedLength(plain.config(), 0, std::int64_t(model().request().ids.size()), 24));
    QCOMPARE(written, generate(plain, sequence, model().request().ids, options, {}, {}).ids);
    QVERIFY(written.size() > 3);
}

void CompareFlowTest::aPlanThatHidesNothingNeverDiverges() {
    openNeedle();
    const SparsePlan& shape = plan().plan();
    plan().open({u"everything"_s, {}, uniformPlan(shape.layers, shape.heads, shape.kvHeads, {0, 1}), {}});
    model().setMaxNew(16);
    hand().click(m_session->buttonNamed(u"Run to divergence"_s));
    QVERIFY(resting());
    QCOMPARE(model().firstDivergence(), -1);
    for (const CompareToken& token : model().tokens()) QCOMPARE(token.kl, 0.0);
    page().kl().chart().setFocus();
    hand().key(Qt::Key_Home);
    hand().key(Qt::Key_B, Qt::NoModifier, u"b"_s);
    QVERIFY(m_session->wait([this] { return model().blameNow() != nullptr; }));
    QVERIFY(model().blameNow()->rows.isEmpty());
}

void CompareFlowTest::stepsPausesAndGoesOn() {
    openNeedle();
    for (int i = 1; i <= 3; ++i) {
        hand().key(Qt::Key_Right);
        QVERIFY(resting());
        QCOMPARE(int(model().tokens().size()), i);
        QCOMPARE(model().selected(), i - 1);
    }
    // Left goes back among what is written, Right forward again, and only at the end there is one more.
    hand().key(Qt::Key_Left);
    QCOMPARE(model().selected(), 1);
    hand().key(Qt::Key_Right);
    QCOMPARE(model().selected(), 2);
    QCOMPARE(int(model().tokens().size()), 3);
    model().setMaxNew(200);
    hand().key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QVERIFY(m_session->wait([this] { return model().tokens().size() > 4; }));
    hand().key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QVERIFY(resting());
    QVERIFY(model().rest() == CompareRest::Paused || model().rest() == CompareRest::Ended || model().rest() == CompareRest::Full);
    // Peaks: forward comes round, back is its reverse.
    const std::vector<int> peaks = model().peaks();
    if (!peaks.empty()) {
        model().select(0);
        page().kl().chart().setFocus();
        hand().key(Qt::Key_Period, Qt::NoModifier, u"."_s);
        QVERIFY(std::ranges::binary_search(peaks, model().selected()));
    }
    // A bar chooses the token of both texts.
    KlChart& chart = page().kl().chart();
    hand().click(&chart, chart.barRect(1).center().toPoint());
    QCOMPARE(model().selected(), 1);
    QCOMPARE(page().pane(false).flow().current(), 1);
}

void CompareFlowTest::otherContinuations() {
    needleToDivergence();
    const int first = model().firstDivergence();
    TokenFlow& flow = page().pane(false).flow();
    hand().click(flow.viewport(), page().pane(false).tokenRect(first).center());
    flow.setFocus();
    hand().key(Qt::Key_Return);
    AlternativesPopover& popover = page().popover();
    QVERIFY(popover.isVisible() && popover.hasFocus());
    m_session->grab(u"compare-alternatives"_s);
    const auto& choices = popover.choices(false);
    QVERIFY(choices.size() >= 2 && choices.front().isChosen);
    const int wanted = choices[1].token;
    hand().key(Qt::Key_Right);
    hand().key(Qt::Key_Down);
    hand().key(Qt::Key_Return);
    QVERIFY(!popover.isVisible());
    QVERIFY(m_session->wait([&] { return int(model().tokens().size()) > first && model().tokens()[std::size_t(first)].isForced; }));
    QVERIFY(resting());
    QCOMPARE(model().tokens()[std::size_t(first)].dense, wanted);
    QCOMPARE(model().tokens()[std::size_t(first)].sparse, wanted);
    // Esc closes without doing anything.
    const std::size_t count = model().tokens().size();
    hand().key(Qt::Key_Home);
    hand().key(Qt::Key_Return);
    QVERIFY(popover.isVisible());
    hand().key(Qt::Key_Escape);
    QVERIFY(!popover.isVisible());
    QCOMPARE(model().tokens().size(), count);
}

void CompareFlowTest::turnsAndPlans() {
    openNeedle();
    model().setMaxNew(12);
    hand().key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QVERIFY(resting());
    const std::size_t before = model().tokens().size();
    QLineEdit& line = page().message().line();
    line.setFocus();
    hand().type(u"And the next line?"_s);
    hand().key(Qt::Key_Return);
    QVERIFY(m_session->wait([&] { return model().tokens().size() > before; }));
    QVERIFY(resting());
    QCOMPARE(model().turns().size(), 1u);
    QCOMPARE(model().turns().front().before, int(before));
    m_session->grab(u"compare-turns"_s);
    // A narrower plan at once, a wider one with its price named.
    std::set<HeadRef> all;
    for (int l = 0; l < 6; ++l)
        for (int g = 0; g < 4; ++g) all.insert({l, g});
    plan().setRule(all, {0, 0.1}, u"narrower"_s);
    QVERIFY(m_session->wait([this] { return model().swapCost().has_value(); }));
    QCOMPARE(model().swapCost()->tokens, 0);
    plan().setRule({{2, 1}}, {0, 0.9}, u"wider"_s);
    QVERIFY(m_session->wait([this] { return model().swapCost().has_value() && model().swapCost()->tokens > 0; }));
    QVERIFY(m_session->wait([this] { return m_session->buttonNamed(u"Apply plan, re-prefill 0.0 s"_s) != nullptr || page().isVisible(); }));
    model().swapPlan();
    QVERIFY(resting());
    QVERIFY(!model().isStale());
    hand().key(Qt::Key_5, Qt::ControlModifier);
    // On the dense tokens the same text is decided again.
    model().setFeed(CompareFeed::Dense);
    QVERIFY(resting());
    for (const CompareToken& token : model().tokens())
        if (token.dense == token.sparse) QVERIFY(token.sameContext);
}

void CompareFlowTest::typedPrompts() {
    openPage();
    const SparsePlan& shape = plan().plan();
    plan().open({u"half"_s, {}, uniformPlan(shape.layers, shape.heads, shape.kvHeads, {0, 0.5}), {}});
    model().setMaxNew(4);
    QLineEdit& line = page().firstMessage().line();
    QVERIFY(line.isVisible());
    line.setFocus();
    hand().type(u"   "_s);
    hand().key(Qt::Key_Return);
    line.setText(QString(100'000, u'7'));
    hand().key(Qt::Key_Return);
    QVERIFY(m_session->bannerSays(u"compare"_s, {u"context"_s}));
    QVERIFY(!m_session->workspace().prompt());
    // A prompt that is typed runs at once.
    hand().type(u"What is the number of line 3?"_s);
    hand().key(Qt::Key_Return);
    QVERIFY(m_session->wait([this] { return model().tokens().size() == 4; }));
    QVERIFY(resting());
    QVERIFY(m_session->workspace().prompt()->special.front());
}

void CompareFlowTest::cancelAndCloseAtAnyTime() {
    openNeedle();
    model().setMaxNew(400);
    for (const int wait : {0, 3, 30, 120}) {
        model().start({});
        m_session->wait([] { return false; }, wait);
        hand().key(Qt::Key_F5, Qt::ShiftModifier);
        model().cancel();
        QVERIFY(m_session->wait([this] { return model().job() == nullptr; }));
        QVERIFY(model().state() == CompareModel::State::Empty || model().state() == CompareModel::State::Resting);
    }
    // A run that was cancelled goes on; the model may go while it runs; the window may close while heads are blamed.
    model().start({});
    QVERIFY(m_session->wait([this] { return model().tokens().size() > 2; }));
    hand().key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(m_session->wait([this] { return !m_session->workspace().isLoaded(); }));
    QVERIFY(model().tokens().empty());
    m_session.reset();
    init();
    needleToDivergence();
    model().blame();
    m_session->wait([] { return false; }, 20);
    QVERIFY(m_session->end() < 5000 * kSlower);
}

void CompareFlowTest::shortOfMemory() {
    openNeedle();
    model().setMaxNew(12);
    Workspace& workspace = m_session->workspace();
    const CompareMemory need = model().memory();
    QVERIFY(need.dense > need.sparse && need.sparse > 0);
    const auto leave = [&](quint64 bytes) {
        QList<DeviceFacts> devices = workspace.devices();
        devices.front().freeBytes = bytes;
        emit m_session->bench().engine().models.devicesRead(devices);
    };
    // Not both at once, but one after the other: the same texts.
    leave(need.dense + need.sparse / 2);
    hand().key(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QVERIFY(m_session->bannerSays(u"compare"_s, {u"KV"_s, u"free"_s}));
    QVERIFY(model().state() == CompareModel::State::Empty);
    m_session->grab(u"compare-memory"_s);
    QVERIFY(m_session->wait([this] { return m_session->buttonNamed(u"Run one after the other"_s) != nullptr; }, 5000));
    hand().click(m_session->buttonNamed(u"Run one after the other"_s));
    QVERIFY(m_session->wait([this] { return model().state() == CompareModel::State::Resting && m_session->isIdle(); }));
    const std::vector<CompareToken> alone = model().tokens();
    QVERIFY(alone.size() > 3);
    QVERIFY(!model().whyNotSay().isEmpty());
    leave(0);
    model().start({});
    QVERIFY(resting());
    for (std::size_t t = 0; t < std::min(alone.size(), model().tokens().size()); ++t) {
        QCOMPARE(alone[t].dense, model().tokens()[t].dense);
        QCOMPARE(alone[t].sparse, model().tokens()[t].sparse);
    }
    // Not even one: a shorter prompt is offered, and fits.
    leave(need.dense / 2);
    model().start({});
    QPushButton* shorter = nullptr;
    QVERIFY(m_session->wait([&] {
        for (QPushButton* button : m_session->banners(u"compare"_s).findChildren<QPushButton*>())
            if (button->isVisible() && button->text().startsWith(u"Shorten to"_s)) shorter = button;
        return shorter != nullptr;
    }));
    QVERIFY(m_session->buttonNamed(u"Run one after the other"_s) == nullptr);
    const std::int64_t before = model().promptTokens();
    hand().click(shorter);
    QVERIFY(m_session->wait([&] { return model().setup() && model().setup()->promptTokens < before; }));
    QVERIFY(m_session->wait([&] { return model().state() == CompareModel::State::Resting && m_session->isIdle(); }));
    QVERIFY(model().setup()->denseBytes + model().setup()->sparseBytes < need.dense);
}

void CompareFlowTest::runsAreRows() {
    m_session.reset();
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"runs.sqlite"_s);
    m_session = std::make_unique<Session>(SessionOptions{.history = file});
    needleToDivergence();
    QVERIFY(m_session->wait([this] { return model().runNumber() > 0 && m_session->bench().engine().files.isIdle(); }));
    hand().key(Qt::Key_Right); // a single step is no run
    QVERIFY(resting());
    const int first = model().firstDivergence();
    const double kl = model().meanKl();
    const qint64 number = model().runNumber();
    QVERIFY(m_session->wait([this] { return m_session->bench().engine().files.isIdle(); }));
    m_session.reset();
    History history = History::open(file.toStdString(), OpenMode::ReadOnly);
    std::vector<RunSummary> rows = history.list();
    std::erase_if(rows, [](const RunSummary& row) { return row.command != "compare"; });
    QCOMPARE(rows.size(), 1u);
    QCOMPARE(rows.front().id.value, number);
    QVERIFY(rows.front().status == RunStatus::Done);
    const RunDetail detail = history.show(rows.front().id);
    QCOMPARE(detail.measurements.size(), 1u);
    QVERIFY(detail.measurements.front().value > 0 && detail.measurements.front().value >= kl / 2);
    const QJsonObject settings = QJsonDocument::fromJson(QByteArray::fromStdString(detail.settings)).object();
    QCOMPARE(settings[u"plan"_s].toString(), u"uniform-50"_s);
    QCOMPARE(settings[u"prompt_sha256"_s].toString().size(), 64);
    QCOMPARE(QJsonDocument::fromJson(QByteArray::fromStdString(detail.result)).object()[u"first_divergence"_s].toInt(), first);
}

void CompareFlowTest::needles() {
    openNeedle();
    NeedleModel& grid = page().needleModel();
    QWidget* run = m_session->buttonNamed(u"Run grid"_s);
    QVERIFY(run != nullptr && run->isEnabled());
    hand().click(run);
    // Stopped and gone on with: nothing that was measured is lost.
    QVERIFY(m_session->wait([&] { return grid.hasCells(); }));
    hand().click(m_session->buttonNamed(u"Stop"_s));
    QVERIFY(m_session->wait([&] { return grid.job() == nullptr; }));
    if (!grid.isComplete()) {
        hand().click(m_session->buttonNamed(u"Go on"_s));
        QVERIFY(m_session->wait([&] { return grid.job() == nullptr; }));
    }
    QVERIFY(grid.isComplete());
    NeedleMap& map = page().needles().map();
    const int columns = map.tableShape().width(), rows = map.tableShape().height();
    QCOMPARE(rows, grid.question().depths);
    // The last rows are within the window and answered as dense answers them; an early one is lost.
    const NeedleValue* late = grid.cell(rows - 1, columns - 1);
    QVERIFY(late != nullptr);
    QCOMPARE(late->sparse, late->dense);
    int lost = -1;
    for (int d = 0; d < rows / 2 && lost < 0; ++d)
        if (const NeedleValue* value = grid.cell(d, columns - 1); value != nullptr && value->firstLost >= 0) lost = d;
    QVERIFY(lost >= 0);
    // A cell opens its prompt with its blame.
    hand().doubleClick(&map, map.cellRect(lost * columns + columns - 1).center());
    QVERIFY(m_session->wait([&] { return m_session->workspace().prompt()->name.contains(u"depth %1 of"_s.arg(lost + 1)); }));
    QVERIFY(m_session->wait([this] { return model().blameNow() != nullptr && m_session->isIdle(); }));
    QVERIFY(model().firstDivergence() >= 0);
    m_session->grab(u"compare-needles"_s);
    plan().setRule({{1, 1}}, {0, 1}, u"wider"_s);
    QVERIFY(grid.isStale());
}

void CompareFlowTest::pictures() {
    if (qEnvironmentVariable("MOA_GRABS").isEmpty()) QSKIP("set MOA_GRABS to a folder");
    openNeedle();
    hand().click(m_session->buttonNamed(u"Run grid"_s));
    QVERIFY(m_session->wait([this] { return page().needleModel().isComplete() && m_session->isIdle(); }));
    hand().click(m_session->buttonNamed(u"Run"_s));
    QVERIFY(resting());
    model().blame();
    QVERIFY(m_session->wait([this] { return model().mending() != nullptr && m_session->isIdle(); }));
    for (const QString& family : {QString(), u"DejaVu Sans"_s})
        for (const bool dark : {false, true})
            for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)}) {
                Theme::instance().setFontFamily(family);
                Theme::instance().setMode(dark ? ThemeMode::Dark : ThemeMode::Light);
                m_session->window().resize(size);
                QTest::qWait(300);
                m_session->grab(u"compare-%1-%2%3"_s.arg(size.width()).arg(dark ? u"dark"_s : u"light"_s, family.isEmpty() ? QString() : u"-dejavu"_s));
            }
    Theme::instance().setFontFamily({});
    Theme::instance().setMode(ThemeMode::Light);
}

int main(int argc, char** argv) {
    return runFlows<CompareFlowTest>(argc, argv);
}

#include "compare_flow_test.moc"
