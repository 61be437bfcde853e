// The Plan and Search pages of the tour.
#include "app/gui/tour.h"

#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_matrix_panel.h"
#include "ui/views/plan_page.h"
#include "ui/views/plan_rule_panel.h"
#include "ui/views/profile_dialog.h"
#include "ui/views/search_bounds_panel.h"
#include "ui/views/search_checks_panel.h"
#include "ui/views/search_measured_panel.h"
#include "ui/views/search_page.h"
#include "ui/views/search_profile_panel.h"
#include "ui/widgets/plan/rule_line.h"
#include "ui/widgets/plan/span_matrix.h"
#include "ui/widgets/search/bound_slider.h"
#include "ui/widgets/search/candidate_table.h"
#include "ui/widgets/shell/segmented_control.h"
#include "ui/widgets/theme.h"

#include <QAbstractButton>
#include <QPushButton>

#include <algorithm>
#include <vector>

namespace moa {

using namespace Qt::StringLiterals;

void Tour::plan() {
    m_hand.key(Qt::Key_3, Qt::ControlModifier);
    PlanPage& page = m_workbench.planPage();
    expect(m_hand.waitUntil([&] { return page.isVisible(); }, 2000), u"Ctrl+3 opens Plan"_s);
    PlanDocument& document = m_workbench.workspace().plan();
    SpanMatrix& matrix = page.matrix().matrix();
    const auto cell = [&](int layer, int kvHead) { return matrix.cellRect({layer, kvHead}).center(); };
    const int begun = document.undoStack()->index();
    // A layer by its header, a box under the hand, a typed span for each, a pin.
    m_hand.click(matrix.viewport(), matrix.rowHeaderRect(1).center());
    m_hand.type(u"1k"_s);
    m_hand.key(Qt::Key_Return);
    m_hand.press(matrix.viewport(), cell(2, 1));
    m_hand.move(matrix.viewport(), cell(4, 2));
    m_hand.release(matrix.viewport(), cell(4, 2));
    m_hand.type(u"512"_s);
    m_hand.key(Qt::Key_Return);
    const std::int64_t n = m_workbench.workspace().length();
    expect(document.span({1, 0}, n) == 1024 && document.span({4, 2}, n) == 512, u"typed spans reach the selected heads"_s);
    m_hand.click(matrix.viewport(), cell(0, 3));
    m_hand.key(Qt::Key_P, Qt::NoModifier, u"p"_s);
    expect(document.isPinned({0, 3}), u"P pins"_s);
    m_hand.click(matrix.viewport(), cell(5, 1));
    picture(u"plan"_s);
    RuleLine& line = page.rule().line();
    const std::int64_t before = document.span({5, 1}, n);
    const QPoint handle = line.handleAt(RuleLine::Part::Beta).toPoint();
    std::vector<double> times;
    QElapsedTimer clock;
    m_hand.press(&line, handle);
    for (int i = 1; i <= 60; ++i) {
        clock.start();
        m_hand.move(&line, handle + QPoint(0, 2 * i), Qt::LeftButton, Qt::ControlModifier);
        QCoreApplication::processEvents();
        times.push_back(double(clock.nsecsElapsed()) / 1e6);
    }
    picture(u"plan-drag"_s);
    m_hand.release(&line, handle + QPoint(0, 120));
    std::ranges::sort(times);
    m_times[u"plan_drag"_s] = QJsonObject{{u"frames"_s, int(times.size())}, {u"median_ms"_s, times[times.size() / 2]}, {u"most_ms"_s, times.back()}};
    expect(document.span({5, 1}, n) < before, u"the dragged handle narrows the head"_s);
    m_hand.key(Qt::Key_Z, Qt::ControlModifier);
    expect(document.span({5, 1}, n) == before, u"one undo takes the rule's drag back"_s);
    m_hand.key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    planSpeeds();
    Theme::instance().setMode(ThemeMode::Dark);
    picture(u"plan-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    m_workbench.window().resize(1180, 720);
    picture(u"plan-small"_s);
    m_workbench.window().resize(m_options.size);
    while (document.undoStack()->index() > begun) m_hand.key(Qt::Key_Z, Qt::ControlModifier);
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
}

void Tour::search() {
    m_hand.key(Qt::Key_4, Qt::ControlModifier);
    SearchPage& page = m_workbench.searchPage();
    SearchModel& model = page.model();
    PlanDocument& document = m_workbench.workspace().plan();
    const auto proven = [&] { return model.isCurrent() && model.best() != nullptr && model.best()->isProven && !model.isFrontStale(); };
    expect(m_hand.waitUntil([&] { return page.isVisible() && proven(); }, kLong), u"Ctrl+4 opens Search with the model's own profile"_s);
    BoundSlider& slider = page.bounds().densitySlider();
    const QPoint handle = slider.handle();
    std::vector<double> times;
    QElapsedTimer clock;
    m_hand.press(&slider, handle);
    for (int i = 1; i <= 30; ++i) {
        clock.start();
        m_hand.move(&slider, handle - QPoint(i, 0));
        m_hand.waitUntil([&] { return model.isCurrent(); }, 2000);
        times.push_back(double(clock.nsecsElapsed()) / 1e6);
    }
    m_hand.release(&slider, handle - QPoint(30, 0));
    std::ranges::sort(times);
    m_times[u"bound_drag"_s] = QJsonObject{{u"answers"_s, int(times.size())}, {u"median_ms"_s, times[times.size() / 2]}, {u"most_ms"_s, times.back()}};
    expect(m_hand.waitUntil(proven, kLong) && model.bounds().density < 0.5, u"the dragged bound is answered with a proof"_s);
    const int begun = document.undoStack()->index();
    for (QPushButton* button : page.findChildren<QPushButton*>())
        if (button->isVisible() && button->text().startsWith(u"Apply"_s)) {
            m_hand.click(button);
            break;
        }
    expect(document.undoStack()->index() == begun + 1, u"Apply is one step"_s);
    searchMeasures();
    picture(u"search"_s);
    Theme::instance().setMode(ThemeMode::Dark);
    picture(u"search-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    m_workbench.window().resize(1180, 720);
    picture(u"search-small"_s);
    m_workbench.window().resize(m_options.size);
    m_hand.key(Qt::Key_Z, Qt::ControlModifier);
    expect(document.undoStack()->index() == begun, u"one undo takes the plan back"_s);
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
}

void Tour::planSpeeds() {
    PlanPage& page = m_workbench.planPage();
    PlanSpeeds& speeds = page.desk().speeds();
    m_hand.click(&page.budget().measure());
    expect(m_hand.waitUntil([&] { return speeds.job() == nullptr && speeds.of(page.desk().document().plan()) != nullptr; }, kLong),
           u"the plan's decode speed is measured"_s);
    picture(u"plan-measured"_s);
    speeds.measureSpans();
    expect(m_hand.waitUntil([&] { return speeds.job() == nullptr; }, kLong), u"kernel times are measured, or said to be too close"_s);
    SegmentedControl& shown = page.matrix().shown();
    m_hand.click(shown.segment(shown.count() - 1));
    picture(u"plan-time"_s);
    m_hand.click(shown.segment(0));
}

void Tour::searchMeasures() {
    SearchPage& page = m_workbench.searchPage();
    SearchMeasurements& measurements = page.measurements();
    if (QPushButton* profile = buttonNamed(&page.profile(), u"Profile…"_s)) m_hand.click(profile);
    QDialog* dialog = nullptr;
    expect(m_hand.waitUntil([&] {
        for (QDialog* one : m_workbench.window().findChildren<ProfileDialog*>())
            if (one->isVisible()) dialog = one;
        return dialog != nullptr;
    }, 2000), u"Profile asks what to profile"_s);
    if (dialog != nullptr) {
        picture(u"profile-dialog"_s, dialog);
        dialog->reject();
        m_workbench.window().activateWindow();
        m_hand.settle();
    }
    // The best plan and the fourth one together, by their rows.
    CandidateTable& table = page.table();
    const auto row = [&](int at) { return table.visualRect(table.model()->index(at, 0)).center(); };
    m_hand.click(table.viewport(), row(0));
    m_hand.click(table.viewport(), row(3), Qt::ControlModifier);
    QPushButton* validate = buttonNamed(&page, u"Validate 2"_s);
    expect(validate != nullptr, u"two chosen plans can be validated"_s);
    if (validate != nullptr) m_hand.click(validate);
    const auto cancelAfter = [&](Panel& panel, const std::function<bool()>& enough) {
        const bool there = m_hand.waitUntil(enough, kLong);
        if (QPushButton* cancel = buttonNamed(&panel, u"Cancel"_s)) m_hand.click(cancel);
        return m_hand.waitUntil([&] { return measurements.job() == nullptr; }, kLong) && there;
    };
    expect(cancelAfter(page.measured(), [&] { return !measurements.all().empty() && measurements.all().front().samples >= 3; }),
           u"plans are measured at a held-out length"_s);
    if (QPushButton* check = buttonNamed(&page.checks(), u"Check"_s)) m_hand.click(check);
    expect(cancelAfter(page.checks(), [&] { return !measurements.checks().empty(); }), u"plans are checked on tasks"_s);
}

} // namespace moa
