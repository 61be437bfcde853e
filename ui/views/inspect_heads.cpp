// The grid's values and its two-way link to the selection.
#include "ui/views/inspect_heads.h"

#include "ui/views/inspect_export.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QComboBox>
#include <QLabel>
#include <QVBoxLayout>

#include <cmath>
#include <limits>

namespace moa {

InspectHeads::InspectHeads(InspectModel& model, QWidget* parent)
    : Panel(tr("Heads"), parent), m_model(model), m_grid(new HeadsGrid), m_show(new QComboBox) {
    for (const QString& name : {tr("Attention"), tr("Entropy"), tr("Mean distance"), tr("Sink mass"),
                                tr("Influence outside"), tr("Span at N")})
        m_show->addItem(name);
    m_show->setAccessibleName(tr("Show"));
    m_show->setToolTip(tr("What the cells show"));
    addHeaderWidget(m_show);
    setBodyMargins(8);
    body()->addWidget(m_grid, 1);
    connect(m_show, &QComboBox::currentIndexChanged, this, &InspectHeads::refreshStatistic);
    Workspace& workspace = m_model.workspace();
    connect(&m_model, &InspectModel::reset, this, &InspectHeads::reshape);
    connect(&m_model, &InspectModel::summaryReady, this, [this](HeadRef head) {
        refreshThumbnail(head);
        if (m_show->currentIndex() != int(Show::Attention)) refreshStatistic();
    });
    connect(&workspace, &Workspace::modelChanged, this, &InspectHeads::reshape);
    connect(&workspace.plan(), &PlanDocument::changed, this, &InspectHeads::refreshMarks);
    connect(&workspace, &Workspace::influenceChanged, this, &InspectHeads::refreshMarks);
    connect(&workspace, &Workspace::lengthChanged, this, &InspectHeads::refreshMarks);
    connect(&workspace.selection(), &SelectionModel::changed, this, &InspectHeads::followSelection);
    const auto select = [this] {
        if (m_following) return;
        std::set<HeadRef> heads;
        for (const HeadsGrid::Head head : m_grid->selected()) heads.insert({head.layer, head.kvHead});
        m_model.workspace().selection().selectHeads(heads, {m_grid->current().layer, m_grid->current().kvHead});
    };
    connect(m_grid, &HeadsGrid::currentChanged, this, select);
    connect(m_grid, &HeadsGrid::selectionChanged, this, select);
    connect(m_grid, &HeadsGrid::pinToggled, this, [this](int layer, int kvHead) {
        PlanDocument& plan = m_model.workspace().plan();
        const HeadRef head{layer, kvHead};
        plan.setPinned({head}, !plan.isPinned(head));
    });
    connect(m_grid, &HeadsGrid::opened, this, &InspectHeads::headOpened);
    new PanelExport(*this, workspace, [this] {
        constexpr const char* stems[] = {"", "entropy", "mean-distance", "sink-mass", "influence-outside", "span"};
        const int shown = m_show->currentIndex();
        const bool numbers = shown != int(Show::Attention);
        return headsContent(m_model, {numbers ? m_show->currentText() : QString(), QLatin1String(stems[shown]),
                                      [this, shown](HeadRef head) { return value(head, Show(shown)); }});
    });
    reshape();
}

void InspectHeads::reshape() {
    const auto& model = m_model.workspace().model();
    if (!model) return;
    setNote(tr("%1 × %2").arg(model->config.layers).arg(model->config.kvHeads));
    m_grid->setShape(model->config.layers, model->config.kvHeads);
    for (int l = 0; l < m_grid->layers(); ++l)
        for (int g = 0; g < m_grid->kvHeads(); ++g) refreshThumbnail({l, g});
    refreshMarks();
    followSelection();
}

void InspectHeads::refreshThumbnail(HeadRef head) {
    if (const GroupSummary* summary = m_model.summary(head))
        m_grid->setThumbnail({head.layer, head.kvHead}, {summary->side, summary->thumbnail});
}

void InspectHeads::refreshMarks() {
    const PlanDocument& plan = m_model.workspace().plan();
    if (m_grid->layers() != plan.plan().layers || m_grid->kvHeads() != plan.plan().kvHeads) return;
    const int n = m_model.tokens() > 0 ? m_model.tokens() : int(m_model.workspace().length());
    std::vector<qint64> windows;
    std::vector<bool> pinned;
    std::vector<float> outside;
    bool known = true;
    for (int l = 0; l < m_grid->layers(); ++l)
        for (int g = 0; g < m_grid->kvHeads(); ++g) {
            windows.push_back(m_model.window({l, g}));
            pinned.push_back(plan.isPinned({l, g}));
            const auto influence = m_model.influenceOutside({l, g});
            known = known && influence.has_value();
            outside.push_back(float(influence.value_or(0)));
        }
    if (plan.isDense() && !plan.isInGesture()) windows.clear();
    m_grid->setWindows(std::move(windows), m_model.sink(), n);
    m_grid->setPinned(std::move(pinned));
    m_grid->setInfluence(known ? std::move(outside) : std::vector<float>{});
    if (m_show->currentIndex() != int(Show::Attention)) refreshStatistic();
}

std::optional<double> InspectHeads::value(HeadRef head, Show what) const {
    const GroupSummary* summary = m_model.summary(head);
    switch (what) {
    case Show::Attention: return {};
    case Show::Influence: return m_model.influenceOutside(head);
    case Show::Span: {
        const std::int64_t n = m_model.tokens() > 0 ? m_model.tokens() : m_model.workspace().length();
        return double(std::min(n, m_model.workspace().plan().span(head, n)));
    }
    case Show::Entropy: return summary ? std::optional(summary->entropy) : std::nullopt;
    case Show::Distance: return summary ? std::optional(summary->meanDistance) : std::nullopt;
    case Show::SinkMass: return summary ? std::optional(summary->sinkMass) : std::nullopt;
    }
    return {};
}

void InspectHeads::refreshStatistic() {
    const Show what = Show(m_show->currentIndex());
    HeadsGrid::Statistic statistic;
    if (what != Show::Attention) {
        statistic.name = m_show->currentText();
        double low = std::numeric_limits<double>::max(), high = 0;
        for (int l = 0; l < m_grid->layers(); ++l)
            for (int g = 0; g < m_grid->kvHeads(); ++g) {
                const auto number = value({l, g}, what);
                statistic.values.push_back(float(number.value_or(std::nan(""))));
                if (number) {
                    low = std::min(low, *number);
                    high = std::max(high, *number);
                }
            }
        statistic.low = what == Show::Entropy || what == Show::Distance ? std::min(low, high) : 0;
        statistic.high = what == Show::SinkMass || what == Show::Influence ? 1 : std::max(high, statistic.low + 1e-6);
        statistic.ramp = what == Show::Influence ? Ramp::Influence : Ramp::Attention;
        if (what == Show::Distance || what == Show::Span)
            statistic.text = [](double tokens) { return paint::axisTokens(qint64(std::lround(tokens))); };
        else
            statistic.text = [](double number) { return paint::number(number, 2); };
    }
    m_grid->setStatistic(std::move(statistic));
}

void InspectHeads::followSelection() {
    const Selection& now = m_model.workspace().selection().now();
    if (now.current.layer >= m_grid->layers() || now.current.kvHead >= m_grid->kvHeads()) return;
    m_following = true;
    std::vector<HeadsGrid::Head> heads;
    for (const HeadRef head : now.heads) heads.push_back({head.layer, head.kvHead});
    // What the grid itself just did is not done again: it would move the anchor of a growing selection.
    const HeadsGrid::Head current{now.current.layer, now.current.kvHead};
    if (m_grid->current() != current || m_grid->selected() != heads) {
        m_grid->setCurrent(current);
        m_grid->setSelected(heads);
    }
    m_following = false;
}

} // namespace moa
