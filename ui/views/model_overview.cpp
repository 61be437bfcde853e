// Building of the centre column and its answers to the workspace.
#include "ui/views/model_overview.h"

#include "ui/viewmodels/jobs_model.h"
#include "ui/viewmodels/model_list.h"
#include "ui/views/model_export.h"
#include "ui/widgets/model/fit_chart.h"
#include "ui/widgets/model/layer_kv_chart.h"
#include "ui/widgets/model/load_stages.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QPushButton>
#include <QSpinBox>
#include <QStyle>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeastChart = 300, kSideBySide = 620; ///< px: a chart's height; the width that two need

/// A panel without a header.
class Card : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        paintPanelFrame(painter, rect());
    }
};

/// The worker's stages of a load, in order, under the names the engine reports.
struct StageName {
    const char* reported;
    const char* title;
};
constexpr StageName kStages[] = {{"Check files", QT_TRANSLATE_NOOP("moa::ModelOverview", "Check files")},
                                 {"load weights", QT_TRANSLATE_NOOP("moa::ModelOverview", "Load weights")},
                                 {"Lay out the KV cache", QT_TRANSLATE_NOOP("moa::ModelOverview", "KV cache")},
                                 {"Warm up", QT_TRANSLATE_NOOP("moa::ModelOverview", "Warm up")}};

int stageIndex(const std::string& reported) {
    for (int i = 0; i < int(std::size(kStages)); ++i)
        if (reported == kStages[i].reported) return i;
    return 0;
}

} // namespace

ModelOverview::ModelOverview(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_workspace(workspace) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(makeHeader(actions));
    column->addWidget(makeMemory());
    column->addWidget(makeCharts(), 1);
    connect(&m_workspace, &Workspace::modelChanged, this, &ModelOverview::refreshModel);
    connect(&m_workspace, &Workspace::loadedChanged, this, &ModelOverview::refreshLoad);
    connect(&m_workspace.engine().worker, &DeviceWorker::jobChanged, this, [this](Job* job) {
        if (job == m_workspace.loading()) refreshLoad();
    });
    connect(&m_workspace, &Workspace::lengthChanged, this, [this] {
        const QSignalBlocker a(m_length), b(m_batch);
        m_length->setValue(int(m_workspace.length()));
        m_batch->setValue(m_workspace.batch());
        m_fit->setLength(m_workspace.length());
    });
    connect(&Theme::instance(), &Theme::changed, this, &ModelOverview::restyle);
    restyle();
    refreshModel();
}

QWidget* ModelOverview::makeHeader(ActionRegistry& actions) {
    auto* card = new Card;
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(14, 12, 14, 12);
    column->setSpacing(10);
    auto* top = new QHBoxLayout;
    m_name = new QLabel;
    m_chips = new QLabel;
    m_chips->setTextFormat(Qt::PlainText);
    m_chips->setWordWrap(true);
    m_load = new QPushButton;
    m_eject = new QPushButton(tr("Eject"));
    m_eject->setToolTip(actions.action(u"model.eject"_s)->toolTip());
    top->addWidget(m_name);
    top->addWidget(m_chips, 1);
    top->addWidget(m_load);
    top->addWidget(m_eject);
    column->addLayout(top);
    m_stages = new LoadStages;
    column->addWidget(m_stages);
    auto* foot = new QHBoxLayout;
    m_loadText = new QLabel;
    m_loadNote = new QLabel;
    foot->addWidget(m_loadText);
    foot->addStretch(1);
    foot->addWidget(m_loadNote);
    column->addLayout(foot);
    connect(m_load, &QPushButton::clicked, this, [this] {
        if (m_workspace.loading() != nullptr)
            m_workspace.loading()->cancel();
        else
            m_workspace.load();
    });
    connect(m_eject, &QPushButton::clicked, actions.action(u"model.eject"_s), &QAction::trigger);
    return card;
}

QWidget* ModelOverview::makeMemory() {
    auto* panel = new Panel(tr("Memory estimate"));
    const auto spin = [&](const QString& name, int most, int step) {
        auto* label = new QLabel(name);
        auto* box = new QSpinBox;
        box->setRange(1, most);
        box->setSingleStep(step);
        box->setGroupSeparatorShown(true);
        box->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed); // numbers are never cut
        box->setKeyboardTracking(false);
        box->setFocusPolicy(Qt::StrongFocus);
        box->setAccessibleName(name);
        label->setBuddy(box);
        panel->addHeaderWidget(label);
        panel->addHeaderWidget(box);
        return box;
    };
    m_length = spin(tr("at N"), 1 << 20, 64);
    m_length->setValue(int(m_workspace.length()));
    m_batch = spin(tr("batch"), 4096, 1);
    connect(m_length, &QSpinBox::valueChanged, this, [this](int n) { m_workspace.setLength(n); });
    connect(m_batch, &QSpinBox::valueChanged, this, [this](int b) { m_workspace.setBatch(b); });
    m_memory = new MemoryChart;
    panel->body()->addWidget(m_memory);
    m_saving = new QLabel;
    auto* legend = new QLabel(tr("Weights, KV cache, activations and workspace. Estimated."));
    legend->setWordWrap(true);
    legend->setObjectName(u"legend"_s);
    auto* foot = new QHBoxLayout;
    foot->addWidget(legend, 1);
    foot->addWidget(m_saving);
    panel->body()->addLayout(foot);
    new PanelExport(*panel, m_workspace, [this] { return memoryContent(m_workspace); });
    return panel;
}

QWidget* ModelOverview::makeCharts() {
    auto* row = new QWidget;
    m_charts = new QBoxLayout(QBoxLayout::LeftToRight, row);
    m_charts->setContentsMargins(0, 0, 0, 0);
    m_charts->setSpacing(metrics::kGutter);
    m_fitPanel = new Panel(tr("Longest input that fits"));
    m_fitText = new QLabel;
    m_fitText->setWordWrap(true);
    m_fit = new FitChart;
    m_fitPanel->body()->addWidget(m_fitText);
    m_fitPanel->body()->addWidget(m_fit, 1);
    m_layersPanel = new Panel(tr("KV by layer"));
    m_layers = new LayerKvChart;
    m_layersPanel->body()->addWidget(m_layers, 1);
    // As high as the column leaves them, whatever they would like.
    for (QWidget* chart : {static_cast<QWidget*>(m_fit), static_cast<QWidget*>(m_layers)})
        chart->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored);
    for (Panel* panel : {m_fitPanel, m_layersPanel}) {
        panel->setMinimumHeight(kLeastChart); // below that the page scrolls
        m_charts->addWidget(panel, 1);
    }
    connect(m_fit, &FitChart::lengthDragged, this, [this](qint64 n) { m_workspace.setLength(n); });
    connect(m_layers, &LayerKvChart::layerClicked, this, &ModelOverview::layerOpened);
    new PanelExport(*m_fitPanel, m_workspace, [this] { return fitContent(m_workspace); });
    new PanelExport(*m_layersPanel, m_workspace, [this] { return layersContent(m_workspace); });
    return row;
}

void ModelOverview::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    m_charts->setDirection(width() < kSideBySide ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

void ModelOverview::restyle() {
    styleLabel(m_name, TextStyle::Title, Role::Text);
    styleLabel(m_chips, TextStyle::Table, Role::Text2);
    styleLabel(m_loadText, TextStyle::Table, Role::Text);
    styleLabel(m_loadNote, TextStyle::Table, Role::Text2);
    styleLabel(m_saving, TextStyle::Key, Role::Sparse);
    styleLabel(m_fitText, TextStyle::Key, Role::Text2);
    for (QLabel* label : findChildren<QLabel*>(u"legend"_s)) styleLabel(label, TextStyle::Caption, Role::Text2);
}

void ModelOverview::refreshModel() {
    if (!m_workspace.model()) return;
    const ModelFacts& facts = *m_workspace.model();
    m_name->setText(facts.name);
    QStringList chips{facts.dtype,
                      facts.config.groupSize() > 1 ? tr("GQA %1 : %2").arg(facts.config.heads).arg(facts.config.kvHeads)
                                                   : tr("%1 heads").arg(facts.config.heads),
                      tr("%1 context").arg(QLocale().toString(facts.config.context))};
    if (facts.hasChatTemplate) chips.append(tr("chat template"));
    m_chips->setText(chips.join(u"  ·  "_s));
    {
        const QSignalBlocker quiet(m_length);
        m_length->setMaximum(facts.config.context);
    }
    m_layers->setCurrent(0);
    refreshLoad();
}

void ModelOverview::refreshLoad() {
    Job* job = m_workspace.loading();
    const bool loaded = m_workspace.isLoaded();
    m_load->setText(job != nullptr ? tr("Cancel load") : loaded ? tr("Load again") : tr("Load"));
    m_load->setProperty("danger", job != nullptr);
    m_load->setProperty("primary", job == nullptr && !loaded);
    m_load->style()->polish(m_load);
    m_eject->setEnabled(loaded);
    std::vector<LoadStage> stages;
    const int at = job != nullptr ? stageIndex(job->progress().stage) : -1;
    for (int i = 0; i < int(std::size(kStages)); ++i) {
        LoadStage stage{tr(kStages[i].title), {}, loaded ? 1.0 : 0.0};
        if (job != nullptr && i < at) stage.fraction = 1;
        if (job != nullptr && i == at) {
            stage.fraction = std::max(0.02, job->fraction());
            if (job->progress().total > 1)
                stage.note = tr("%1 of %2").arg(job->progress().done).arg(job->progress().total);
        }
        stages.push_back(stage);
    }
    m_stages->setStages(stages);
    if (job != nullptr)
        m_loadText->setText(JobsModel::timeLeftText(*job));
    else if (loaded)
        m_loadText->setText(tr("Loaded in %1 s, KV cache laid out for %2 tokens")
                                .arg(QLocale().toString(m_workspace.loaded()->seconds, 'f', 2),
                                     QLocale().toString(qlonglong(m_workspace.loaded()->length))));
    else
        m_loadText->setText(tr("Nothing is loaded. The estimate below needs only the files' headers."));
    m_loadNote->setText(job != nullptr ? tr("The interface stays usable while loading.") : QString());
}

void ModelOverview::showEstimate(const RunEstimate& estimate, quint64 usable, const QString& deviceName) {
    const PlanDocument& plan = m_workspace.plan();
    const bool sparse = !plan.isDense();
    std::vector<MemoryBarValue> bars{{tr("Dense"), Role::Dense, estimate.dense.weights, estimate.dense.kv,
                                      estimate.dense.activations}};
    if (sparse)
        bars.push_back({plan.name(), Role::Sparse, estimate.plan.weights, estimate.plan.kv, estimate.plan.activations});
    m_memory->setBars(bars, usable, tr("%1 usable").arg(deviceName));
    m_saving->setText(sparse && estimate.plan.kv < estimate.dense.kv
                          ? tr("Plan saves %1 of KV").arg(bytesText(estimate.dense.kv - estimate.plan.kv))
                          : QString());
    const double unit = estimate.denseCurve.back().second >= (1ull << 30) ? double(1ull << 30) : double(1ull << 20);
    const std::int64_t context = m_workspace.model()->config.context;
    const auto curve = [&](const auto& points, std::int64_t longest) {
        FitCurve out;
        for (const auto& [n, bytes] : points) out.points.emplace_back(double(n), double(bytes) / unit);
        out.longest = longest >= context ? -1 : longest;
        return out;
    };
    m_fit->setCurves(curve(estimate.denseCurve, estimate.longestDense),
                     sparse ? curve(estimate.planCurve, estimate.longestPlan) : FitCurve{}, double(usable) / unit,
                     unit > 1e9 ? tr("GiB") : tr("MiB"));
    const auto fits = [&](const QString& name, std::int64_t longest) {
        return longest >= context ? tr("%1 fits the full %2 context.").arg(name, shortTokens(context))
               : longest > 0      ? tr("%1 fits to %2.").arg(name, shortTokens(longest))
                                  : tr("%1 does not fit at any length.").arg(name);
    };
    m_fitText->setText(sparse ? fits(tr("Dense"), estimate.longestDense) + u"  "_s + fits(plan.name(), estimate.longestPlan)
                              : fits(tr("Dense"), estimate.longestDense));
    m_fitPanel->setNote(tr("batch %1").arg(m_workspace.batch()));
    std::vector<quint64> allocated;
    if (m_workspace.isLoaded()) allocated = m_workspace.loaded()->kvByLayer;
    m_layers->setValues(estimate.denseByLayer, estimate.planByLayer, allocated, sparse);
    m_layersPanel->setNote(tr("%1 at N %2").arg(sparse ? plan.name() : tr("dense"), shortTokens(m_workspace.length())));
}

} // namespace moa
