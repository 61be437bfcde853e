// The Search page in the real window: from a profile to the applied plan by mouse and keys, without a model; bounds that no
// plan meets; pins; and that a drag on 1,024 heads is answered soon and never waits.
#include "tests/ui/gui/gui_session.h"

#include "engine/profile/profile_file.h"
#include "engine/search/loss_tables.h"
#include "engine/search/synthetic_instance.h"
#include "ui/views/search_bounds_panel.h"
#include "ui/views/search_front_panel.h"
#include "ui/views/search_page.h"
#include "ui/views/search_solve_panel.h"
#include "ui/widgets/search/bound_slider.h"
#include "ui/widgets/search/candidate_table.h"
#include "ui/widgets/search/front_chart.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/theme.h"

#include <QAbstractItemModelTester>
#include <QPushButton>

#include <algorithm>
#include <cmath>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

const QString kProfile = kSource + QStringLiteral("/resources/models/moa-tiny/moa-tiny.moaprofile");

} // namespace

class SearchFlowTest : public QObject {
    Q_OBJECT
private slots:
    void init() {
        m_session = std::make_unique<Session>();
        m_session->step(QString::fromLatin1(QTest::currentTestFunction()));
        m_session->hand().key(Qt::Key_4, Qt::ControlModifier);
        QVERIFY(m_session->wait([this] { return m_session->window().currentPage() == u"search"_s; }));
    }
    void cleanup() { m_session.reset(); }

    void fromProfileToAppliedPlan() {
        m_session->grab(u"search-empty"_s);
        useTiny();
        QVERIFY(model().best()->outcome.status == SearchStatus::Optimal);
        m_session->grab(u"search"_s);
        // A bound by the mouse: the density slider's upper handle to the left.
        BoundSlider& slider = page().bounds().densitySlider();
        const QPoint from = slider.handle(), to = from - QPoint(20, 0);
        m_session->hand().press(&slider, from);
        m_session->hand().move(&slider, to);
        m_session->hand().release(&slider, to);
        const double density = model().bounds().density;
        QVERIFY2(density < 0.5, qPrintable(QString::number(density)));
        QVERIFY(proven());
        // What the page holds is what the engine finds under the same options.
        SearchSession session(makeInstance(readProfile(kProfile.toStdString(), false), {}));
        const SearchOutcome expected = session.solve(model().options(), {60, 1e-6});
        QVERIFY(std::abs(model().best()->outcome.objective - expected.objective) <= 2e-6 * std::abs(expected.objective));
        for (const auto& [length, at] : model().best()->outcome.density) QVERIFY(at <= density + 1e-12);
        QCOMPARE(table().model()->index(0, SearchTableModel::Density).data().toString(),
                 search_text::density(model().best()->outcome.density.at(model().objectiveLength())));
        // Apply: one step, and undo takes it back.
        PlanDocument& document = m_session->workspace().plan();
        const int steps = document.undoStack()->index();
        QVERIFY(document.isDense());
        const SparsePlan wanted = model().best()->plan;
        QWidget* apply = m_session->buttonNamed(u"Apply"_s);
        QVERIFY(apply != nullptr && apply->isEnabled());
        m_session->hand().click(apply);
        QCOMPARE(document.undoStack()->index(), steps + 1);
        QVERIFY(document.plan().rules == wanted.rules);
        m_session->grab(u"search-applied"_s);
        m_session->hand().key(Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(document.isDense());
    }

    void aProfileOfAnotherModelIsNotApplied() {
        useTiny();
        writeSomeProfile(m_session->path(u"other.moaprofile"_s), 3, 4, 2);
        m_session->hand().key(Qt::Key_1, Qt::ControlModifier);
        QVERIFY(m_session->openTiny());
        m_session->hand().key(Qt::Key_4, Qt::ControlModifier);
        m_session->workspace().engine().search.openProfile(m_session->path(u"other.moaprofile"_s));
        QVERIFY(m_session->wait([this] { return model().subject().layers == 3; }));
        QVERIFY(!model().mismatch().isEmpty());
        QVERIFY(proven());
        QWidget* apply = m_session->buttonNamed(u"Apply"_s);
        QVERIFY(apply != nullptr && !apply->isEnabled());
    }

    void impossibleBoundsOfferWhatHelps() {
        useTiny();
        SearchBounds bounds = model().bounds();
        bounds.density = 0.25;
        bounds.loss[model().objectiveLength()] = 1e-6;
        model().setBounds(bounds);
        QVERIFY(m_session->wait([this] { return !model().remedies().isEmpty(); }));
        QVERIFY2(model().reason().contains(u"loss"_s) || model().reason().contains(u"density"_s), qPrintable(model().reason()));
        QCOMPARE(page().solver().gapText(), u"No plan"_s);
        m_session->grab(u"search-infeasible"_s);
        QVERIFY(m_session->wait([this] { return remedyButton(u"Raise density"_s) != nullptr; }));
        QPushButton* remedy = remedyButton(u"Raise density"_s);
        m_session->hand().click(remedy);
        QVERIFY(model().bounds().density > 0.25);
        QVERIFY(m_session->wait([this] { return model().best() != nullptr; }));
        QVERIFY(model().reason().isNull());
    }

    void pinsAreKeptAndUnpinned() {
        useTiny();
        PlanDocument& document = m_session->workspace().plan();
        // Dense heads pinned one after the other until the least density is out of reach.
        std::set<HeadRef> heads;
        for (int l = 0; l < 6; ++l) heads.insert({l, 1});
        document.setPinned(heads, true);
        QVERIFY(m_session->wait([this] { return model().isCurrent() && model().best() != nullptr; }));
        for (const HeadRef head : heads)
            QVERIFY(model().best()->plan.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * 2)) == document.rule(head));
        SearchBounds bounds = model().bounds();
        bounds.density = 0.2;
        model().setBounds(bounds);
        QVERIFY(m_session->wait([this] { return !model().remedies().isEmpty(); }));
        QVERIFY(m_session->wait([this] { return remedyButton(u"Unpin"_s) != nullptr; }));
        QPushButton* unpin = remedyButton(u"Unpin"_s);
        m_session->hand().click(unpin);
        QVERIFY(document.pins().size() < heads.size());
        QVERIFY(m_session->wait([this] { return model().reason().isNull() && model().best() != nullptr; }));
    }

    void linesOfTheChartAreTheSliders() {
        useTiny();
        FrontChart& chart = page().front().chart();
        const QPoint from = chart.densityHandle();
        m_session->hand().press(chart.viewport(), from);
        m_session->hand().move(chart.viewport(), from - QPoint(60, 0));
        m_session->hand().release(chart.viewport(), from - QPoint(60, 0));
        QVERIFY(model().bounds().density < 0.5);
        QCOMPARE(page().bounds().densitySlider().value(), model().bounds().density);
        // A point by the keyboard, then Enter.
        chart.setFocus();
        m_session->hand().key(Qt::Key_Right);
        QVERIFY(!chart.selected().isEmpty());
        QVERIFY(table().currentIndex().isValid());
        QCOMPARE(table().currentIndex().siblingAtColumn(0).data().toString(), chart.selected());
        m_session->hand().key(Qt::Key_Return);
        QVERIFY(!m_session->workspace().plan().isDense());
    }

    void severalAreChosenTogether() {
        useTiny();
        const auto row = [this](int at) { return table().visualRect(table().model()->index(at, 0)).center(); };
        QVERIFY(m_session->buttonNamed(u"Validate"_s) != nullptr);
        m_session->hand().click(table().viewport(), row(1));
        m_session->hand().click(table().viewport(), row(3), Qt::ControlModifier);
        QCOMPARE(table().selectedRows(), (std::vector<int>{1, 3}));
        QVERIFY(m_session->buttonNamed(u"Validate 2"_s) != nullptr);
        m_session->hand().click(table().viewport(), row(5), Qt::ShiftModifier);
        QCOMPARE(table().selectedRows(), (std::vector<int>{1, 3, 4, 5}));
        QVERIFY(m_session->buttonNamed(u"Validate 4"_s) != nullptr);
        m_session->hand().click(table().viewport(), row(2));
        QVERIFY(m_session->buttonNamed(u"Validate"_s) != nullptr);
        // A box over two points of the front.
        FrontChart& chart = page().front().chart();
        const QPoint a = chart.placeOf(u"c25"_s), b = chart.placeOf(u"c30"_s);
        const QPoint from(a.x() - 14, std::min(a.y(), b.y()) - 20), to(b.x() + 14, std::max(a.y(), b.y()) + 20);
        m_session->hand().press(chart.viewport(), from);
        m_session->hand().move(chart.viewport(), to);
        m_session->hand().release(chart.viewport(), to);
        QVERIFY(m_session->buttonNamed(u"Validate 2"_s) != nullptr);
        QCOMPARE(chart.selected(), u"c25"_s);
        QVERIFY2(model().bounds().density == 0.5, "a box moves no limit");
    }

    void aBoundOfOneLengthShapesTheFront() {
        useTiny();
        const auto lossAt = [this](const QString& name) {
            const auto c = std::ranges::find(model().candidates(), name, &SearchCandidate::name);
            return c == model().candidates().end() ? -1.0 : c->price.loss.at(model().objectiveLength());
        };
        const double before = lossAt(u"c50"_s);
        SearchBounds bounds = model().bounds();
        bounds.densityAt[1024] = 0.3; // of 0.5 at all lengths
        model().setBounds(bounds);
        QVERIFY(model().isFrontStale());
        QVERIFY(m_session->wait([this] { return !model().isFrontStale(); }));
        QVERIFY(proven());
        const auto at = std::ranges::find(model().candidates(), u"c50"_s, &SearchCandidate::name);
        QVERIFY(at != model().candidates().end());
        QVERIFY2(at->price.density.at(1024) <= 0.3 + 1e-9, "the front at the bound's own density keeps the bound of the length");
        QVERIFY(lossAt(u"c50"_s) >= before - 1e-12);
        const auto narrow = std::ranges::find(model().candidates(), u"c25"_s, &SearchCandidate::name);
        if (narrow != model().candidates().end()) QVERIFY(narrow->price.density.at(1024) <= 0.15 + 64.0 * 2 / 1024);
        // A limit on the drawn loss is a line over the front, one on another length is a part of it.
        bounds.loss[model().objectiveLength()] = 1;
        model().setBounds(bounds);
        QVERIFY(!model().isFrontStale());
        bounds.loss[1024] = 1;
        model().setBounds(bounds);
        QVERIFY(model().isFrontStale());
    }

    void theTableIsAProperModel() {
        QAbstractItemModelTester tester(table().model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        useTiny();
        m_session->hand().click(m_session->buttonNamed(u"Explore lengths"_s));
        QVERIFY(m_session->wait([this] { return table().model()->rowCount() > 22; }));
        m_session->grab(u"search-lengths"_s);
        QVERIFY(m_session->wait([this] { return !model().isSolving(); }));
    }

    void aDragOnManyHeadsIsAnsweredSoon() {
        model().openInstance(syntheticInstance(syntheticShape("llama-7b"), 5), u"llama-7b"_s);
        QVERIFY(m_session->wait([this] { return model().hasSubject() && !model().isFrontStale() && model().best() != nullptr; }));
        BoundSlider& slider = page().bounds().densitySlider();
        FrontChart& chart = page().front().chart();
        const QPoint from = slider.handle();
        std::vector<double> answers;
        quint64 paints = 0; // when the newest answer was told
        connect(&model(), &SearchModel::bestChanged, &chart, [&] { paints = chart.paints(); });
        double stall = 0;
        QElapsedTimer pulse;
        QTimer ticks;
        ticks.setInterval(10);
        connect(&ticks, &QTimer::timeout, this, [&] { stall = std::max(stall, double(pulse.nsecsElapsed()) / 1e6), pulse.start(); });
        pulse.start();
        ticks.start();
        m_session->hand().press(&slider, from);
        for (int k = 1; k <= 40; ++k) {
            const QPoint at = from + QPoint(k <= 20 ? -2 * k : -80 + 2 * k, 0);
            const double before = model().bounds().density;
            QElapsedTimer clock;
            clock.start();
            m_session->hand().move(&slider, at);
            if (model().bounds().density == before) continue;
            const bool answered = m_session->wait([this] { return model().isCurrent() && model().best() != nullptr; }, 2000);
            QVERIFY(answered);
            QVERIFY(m_session->wait([&] { return chart.paints() > paints; }, 2000));
            answers.push_back(double(clock.nsecsElapsed()) / 1e6);
            QVERIFY(model().best()->outcome.density.at(8192) <= model().bounds().density + 1e-9);
        }
        m_session->hand().release(&slider, from);
        ticks.stop();
        QVERIFY(answers.size() > 20);
        std::ranges::sort(answers);
        qInfo("bound to painted answer on 1,024 heads: median %.1f ms, most %.1f ms; longest stall of a 10 ms timer %.1f ms",
              answers[answers.size() / 2], answers.back(), stall);
        QVERIFY(answers[answers.size() / 2] < 100 * kSlower);
        m_session->grab(u"search-many"_s);
    }

    void pictures() {
        if (qEnvironmentVariable("MOA_GRABS").isEmpty()) QSKIP("set MOA_GRABS to a folder");
        useTiny();
        SearchBounds bounds = model().bounds();
        bounds.loss[model().objectiveLength()] = 0.05;
        bounds.rulesPerLayer = 2;
        model().setBounds(bounds);
        QVERIFY(proven());
        QVERIFY(m_session->wait([this] { return !model().isFrontStale(); }));
        for (const QString& family : {QString(), u"DejaVu Sans"_s})
            for (const bool dark : {false, true})
                for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)}) {
                    Theme::instance().setFontFamily(family);
                    Theme::instance().setMode(dark ? ThemeMode::Dark : ThemeMode::Light);
                    m_session->window().resize(size);
                    QTest::qWait(300);
                    m_session->grab(u"page-%1-%2%3"_s.arg(size.width()).arg(dark ? u"dark"_s : u"light"_s, family.isEmpty() ? QString() : u"-dejavu"_s));
                }
        Theme::instance().setFontFamily({});
        Theme::instance().setMode(ThemeMode::Light);
    }

private:
    SearchPage& page() { return m_session->bench().searchPage(); }
    SearchModel& model() { return page().model(); }
    CandidateTable& table() { return page().table(); }
    QPushButton* remedyButton(const QString& begin) {
        for (QPushButton* button : page().front().findChildren<QPushButton*>())
            if (button->isVisible() && button->text().startsWith(begin)) return button;
        return nullptr;
    }
    bool proven() {
        return m_session->wait([this] { return model().isCurrent() && model().best() != nullptr && model().best()->isProven; });
    }
    void useTiny() {
        QWidget* use = m_session->buttonNamed(u"Use the profile of MoA Tiny"_s);
        QVERIFY(use != nullptr);
        m_session->hand().click(use);
        QVERIFY(m_session->wait([this] { return model().hasSubject(); }));
        QVERIFY(proven());
        QVERIFY(m_session->wait([this] { return !model().isFrontStale(); }));
    }
    std::unique_ptr<Session> m_session;
};

int main(int argc, char** argv) {
    return runFlows<SearchFlowTest>(argc, argv);
}

#include "search_flow_test.moc"
