// The script.
#include "app/gui/tour.h"

#include "engine/core/error.h"
#include "engine/core/heap_use.h"
#include "ui/views/inspect_heads.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QDateTime>
#include <QFile>
#include <QJsonDocument>
#include <QPushButton>
#include <QToolButton>
#include <QWindow>

#include <algorithm>
#include <vector>

namespace moa {

using namespace Qt::StringLiterals;

QPushButton* Tour::buttonNamed(QWidget* parent, const QString& text) {
    for (QPushButton* button : parent->findChildren<QPushButton*>())
        if (button->isVisible() && button->text().remove(u'&') == text) return button;
    return nullptr;
}

Tour::Tour(Workbench& workbench, const TourOptions& options)
    : m_workbench(workbench), m_options(options), m_folder(options.folder), m_hand(workbench.window()) {
    if (!m_folder.mkpath(u"."_s))
        throw FileError(options.folder.toStdString(), "", "the tour's folder cannot be made");
}

void Tour::picture(const QString& name, QWidget* of) {
    m_hand.settle();
    const QString file = u"%1-%2.png"_s.arg(++m_step, 2, 10, QLatin1Char('0')).arg(name);
    if (!(of != nullptr ? of : &m_workbench.window())->grab().save(m_folder.filePath(file)))
        throw FileError(m_folder.filePath(file).toStdString(), "", "cannot be written");
    m_pictures.append(file);
}

void Tour::expect(bool ok, const QString& what) {
    if (!ok) m_failures.append(what);
}

bool Tour::run() {
    start();
    openModel();
    loadModel();
    capture();
    findHead();
    influence();
    heatmapFrames();
    dragEdge();
    plan();
    search();
    compare();
    history();
    dark();
    eject();
    write();
    return m_failures.isEmpty();
}

void Tour::start() {
    ShellWindow& window = m_workbench.window();
    window.resize(m_options.size);
    window.show();
    expect(m_hand.waitUntil([&] { return window.isVisible() && window.windowHandle()->isExposed(); }, kLong), u"the window shows"_s);
    if (m_options.startedAt > 0)
        m_times[u"start_to_window_ms"_s] = double(QDateTime::currentMSecsSinceEpoch() - m_options.startedAt);
    expect(m_hand.waitUntil([&] { return buttonNamed(&m_workbench.modelPage(), u"Open moa-tiny"_s) != nullptr; }, kLong),
           u"moa-tiny is ready to open"_s);
    picture(u"start"_s);
}

void Tour::openModel() {
    QElapsedTimer clock;
    clock.start();
    QPushButton* open = buttonNamed(&m_workbench.modelPage(), u"Open moa-tiny"_s);
    if (open != nullptr) m_hand.click(open);
    expect(m_hand.waitUntil([&] { return m_workbench.workspace().model().has_value(); }, kLong), u"the estimate is shown"_s);
    m_times[u"click_to_estimate_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    expect(m_hand.waitUntil([&] { return m_workbench.workspace().isLoaded(); }, kLong), u"moa-tiny is loaded"_s);
    m_times[u"click_to_loaded_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    m_times[u"heap_loaded_bytes"_s] = double(heapBytes());
    picture(u"model"_s);
}

void Tour::loadModel() {
    // Inspect without a prompt: what the page says then.
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
    expect(m_hand.waitUntil([&] { return m_workbench.window().currentPage() == u"inspect"_s; }, 2000), u"Ctrl+2 opens Inspect"_s);
    picture(u"inspect-empty"_s);
}

void Tour::capture() {
    Workspace& workspace = m_workbench.workspace();
    InspectModel& model = m_workbench.inspectPage().model();
    workspace.setLength(m_options.tokens);
    QElapsedTimer clock;
    clock.start();
    double firstThumbnail = -1;
    const auto link = QObject::connect(&model, &InspectModel::summaryReady, &m_hand, [&] {
        if (firstThumbnail < 0) firstThumbnail = double(clock.nsecsElapsed()) / 1e6;
    });
    QPushButton* sample = buttonNamed(&m_workbench.inspectPage(), u"Use sample prompt"_s);
    expect(sample != nullptr, u"the empty page offers a sample prompt"_s);
    if (sample != nullptr) m_hand.click(sample);
    const ModelConfig& config = workspace.model()->config;
    expect(m_hand.waitUntil([&] { return model.headsSummarised() == config.layers * config.heads; }, kLong), u"all heads are summarised"_s);
    m_times[u"prompt_tokens"_s] = model.tokens();
    m_times[u"first_thumbnail_ms"_s] = firstThumbnail;
    m_times[u"all_thumbnails_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    m_times[u"heads"_s] = config.layers * config.heads;
    QObject::disconnect(link);
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
    m_times[u"first_view_exact_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    picture(u"inspect"_s);
}

QJsonObject Tour::frames(const QString& name, int count, const std::function<void(int)>& act) {
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    std::vector<double> times;
    std::vector<double> exact;
    QElapsedTimer clock;
    canvas.clearFrameTimes();
    for (int i = 0; i < count; ++i) {
        clock.start();
        act(i);
        canvas.update();
        const std::size_t painted = canvas.frameTimes().size();
        m_hand.waitUntil([&] { return canvas.frameTimes().size() > painted; }, 2000);
        times.push_back(double(clock.nsecsElapsed()) / 1e6);
        exact.push_back(canvas.exactShare());
    }
    clock.start();
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
    const double untilExact = double(clock.nsecsElapsed()) / 1e6;
    std::vector<double> sorted = times;
    std::ranges::sort(sorted);
    double share = 0;
    for (const double e : exact) share += e / double(exact.size());
    const auto at = [&](double q) { return sorted[std::min(sorted.size() - 1, std::size_t(q * double(sorted.size())))]; };
    expect(untilExact < kLong, name + u": the view becomes exact"_s);
    return {{u"frames"_s, count}, {u"median_ms"_s, at(0.5)}, {u"p99_ms"_s, at(0.99)}, {u"most_ms"_s, sorted.back()},
            {u"mean_exact_share"_s, share}, {u"until_exact_ms"_s, untilExact}};
}

void Tour::heatmapFrames() {
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    canvas.setFocus();
    const QPoint middle = canvas.rect().center();
    const QPoint low(middle.x() - canvas.width() / 8, middle.y() + canvas.height() / 8);
    m_times[u"zoom"_s] = frames(u"zoom"_s, 200, [&](int i) { m_hand.wheel(&canvas, low, i < 100 ? (i % 2) : -(i % 2), Qt::ControlModifier); });
    for (int i = 0; i < 8; ++i) m_hand.wheel(&canvas, low, 1, Qt::ControlModifier);
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
    picture(u"zoomed"_s);
    m_hand.press(&canvas, middle, Qt::MiddleButton);
    m_times[u"pan"_s] = frames(u"pan"_s, 200, [&](int i) {
        const int step = i < 100 ? i : 200 - i;
        m_hand.move(&canvas, middle + QPoint(2 * step, -2 * step), Qt::MiddleButton);
    });
    m_hand.release(&canvas, middle, Qt::MiddleButton);
    m_hand.key(Qt::Key_F);
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
}

void Tour::dragEdge() {
    Workspace& workspace = m_workbench.workspace();
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    const HeadRef head = workspace.selection().now().current;
    const int n = m_workbench.inspectPage().model().tokens();
    // `[` three times narrows; then the edge is where a hand can take it.
    for (int i = 0; i < 3; ++i) m_hand.key(Qt::Key_BracketLeft);
    const std::int64_t before = workspace.plan().span(head, n);
    expect(!workspace.plan().isDense() && before < n, u"[ narrows the head"_s);
    const QRectF plot = canvas.plotRect();
    const double scale = plot.width() / n;
    const double window = double(before - workspace.plan().plan().sink);
    const QPoint onEdge(int(plot.left() + (n - window) / 2 * scale), int(plot.top() + (n + window) / 2 * scale));
    m_hand.press(&canvas, onEdge);
    QElapsedTimer clock;
    m_times[u"edge_drag"_s] = frames(u"edge drag"_s, 60, [&](int i) { m_hand.move(&canvas, onEdge + QPoint(2 * i, -2 * i)); });
    picture(u"edge-drag"_s);
    m_hand.release(&canvas, onEdge + QPoint(118, -118));
    const std::int64_t after = workspace.plan().span(head, n);
    expect(after != before, u"the dragged edge changes the span"_s);
    m_hand.key(Qt::Key_Z, Qt::ControlModifier);
    expect(workspace.plan().span(head, n) == before, u"one undo takes the drag back"_s);
}

void Tour::findHead() {
    m_hand.key(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    m_hand.settle();
    if (QWidget* focus = QApplication::focusWidget(); focus != nullptr) m_hand.type(u"l5 kv0"_s);
    picture(u"palette"_s);
    m_hand.key(Qt::Key_Return);
    m_hand.settle();
    expect(m_workbench.workspace().selection().now().current == HeadRef{5, 0}, u"the palette finds a head"_s);
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
    picture(u"head"_s);
}

void Tour::influence() {
    Workspace& workspace = m_workbench.workspace();
    m_hand.key(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    m_hand.settle();
    m_hand.type(u"measure influence"_s);
    m_hand.settle();
    QElapsedTimer clock;
    clock.start();
    m_hand.key(Qt::Key_Return);
    const QString prompt = workspace.prompt() ? workspace.prompt()->name : QString();
    expect(m_hand.waitUntil([&] { return workspace.influence() && workspace.influence()->origin() == prompt; }, kLong),
           u"influence is measured"_s);
    m_times[u"influence_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    picture(u"influence"_s);
    // What was read is put away.
    for (QToolButton* close : m_workbench.window().findChildren<QToolButton*>(u"notice.close"_s))
        if (close->isVisible()) m_hand.click(close);
}

void Tour::dark() {
    Theme::instance().setMode(ThemeMode::Dark);
    HeatmapCanvas& canvas = m_workbench.inspectPage().heatmap().canvas();
    m_hand.waitUntil([&] { return canvas.exactShare() >= 1; }, kLong);
    picture(u"inspect-dark"_s);
    m_hand.key(Qt::Key_1, Qt::ControlModifier);
    picture(u"model-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    m_workbench.window().resize(1180, 720);
    picture(u"model-small"_s);
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
    picture(u"inspect-small"_s);
    m_workbench.window().resize(m_options.size);
}

void Tour::eject() {
    m_hand.key(Qt::Key_1, Qt::ControlModifier);
    const double before = double(heapBytes());
    QElapsedTimer clock;
    clock.start();
    m_hand.key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    expect(m_hand.waitUntil([&] { return !m_workbench.workspace().isLoaded(); }, kLong), u"eject"_s);
    m_times[u"eject_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    m_times[u"heap_before_eject_bytes"_s] = before;
    m_times[u"heap_after_eject_bytes"_s] = double(heapBytes());
    picture(u"ejected"_s);
}

void Tour::write() {
    m_times[u"longest_stall_ms"_s] = m_hand.longestStall();
    const QJsonObject document{{u"ok"_s, m_failures.isEmpty()}, {u"failures"_s, m_failures}, {u"pictures"_s, m_pictures},
                               {u"times"_s, m_times}};
    QFile file(m_folder.filePath(u"tour.json"_s));
    const QByteArray text = QJsonDocument(document).toJson();
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
        throw FileError(file.fileName().toStdString(), "", "cannot be written");
}

} // namespace moa
