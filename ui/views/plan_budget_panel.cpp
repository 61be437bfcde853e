// Exact figures by arithmetic, the loss by influence; each says which it is.
#include "ui/views/plan_budget_panel.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/spin_arrows.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/plan/length_slider.h"
#include "ui/widgets/plan/number_table.h"
#include "ui/widgets/shell/painting.h"

#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kDecimals = 4;
constexpr double kMostLoss = 9.9999, kLossScale = 1.6; ///< of the larger of loss and bound, for the bar's end
constexpr std::int64_t kLeastLength = 256, kMostLength = 131072;
constexpr double kSeen = 5e-5; ///< half of the last decimal

Role deltaRole(double delta) {
    return delta < 0 ? Role::Ok : delta > 0 ? Role::Error : Role::Text3;
}

QString change(double delta) {
    return std::abs(delta) < kSeen ? QString() : paint::signedNumber(delta, kDecimals);
}

QString signedBytes(std::int64_t bytes) {
    if (bytes == 0) return {};
    return (bytes < 0 ? u"−"_s : u"+"_s) + bytesText(quint64(std::abs(bytes)));
}

} // namespace

PlanBudgetPanel::PlanBudgetPanel(PlanDesk& desk, QWidget* parent)
    : Panel(tr("Budget at N"), parent), m_desk(desk), m_n(new QLabel), m_batch(new QLabel), m_slider(new LengthSlider), m_rows(new BudgetRows), m_measure(new QPushButton(tr("Measure speed"))),
      m_lengths({tr("Length"), tr("Density"), tr("Headroom"), tr("Est. loss")}) {
    scrollBody();
    body()->setSpacing(6);
    auto* top = new QWidget;
    auto* row = new QHBoxLayout(top);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_n, 1);
    row->addWidget(m_batch);
    body()->addWidget(top);
    body()->addWidget(m_slider);
    body()->addWidget(boundsRow());
    body()->addSpacing(4);
    body()->addWidget(m_rows);
    m_measure->setProperty("small", true);
    m_measure->setToolTip(tr("Decode steps of the loaded model with N tokens held, under this plan and dense"));
    body()->addWidget(m_measure, 0, Qt::AlignRight);
    body()->addSpacing(6);
    m_table = new NumberTable(tr("Lengths"), {{NumberTable::ColumnKind::Text},
                                              {NumberTable::ColumnKind::Text, u"0.0000"_s},
                                              {NumberTable::ColumnKind::Text, u"−00.00 pp"_s},
                                              {NumberTable::ColumnKind::Text, u"+0.0000"_s}});
    m_table->setModel(&m_lengths);
    m_table->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    body()->addWidget(m_table);
    body()->addStretch(1);
    connect(m_measure, &QPushButton::clicked, &m_desk.speeds(), &PlanSpeeds::measure);
    connect(m_slider, &LengthSlider::moved, this, [this](qint64 n) { m_desk.workspace().setLength(n); });
    connect(m_table, &NumberTable::rowChosen, this, [this](int at) { m_desk.workspace().setLength(m_lengths.keyOf(at)); });
    connect(&Theme::instance(), &Theme::changed, this, &PlanBudgetPanel::restyle);
    restyle();
}

QWidget* PlanBudgetPanel::boundsRow() {
    const auto bound = [](QAbstractSpinBox* box, const QString& name, const QString& tip) {
        box->setAccessibleName(name);
        box->setToolTip(tip);
        box->setSpecialValueText(tr("off"));
        box->setKeyboardTracking(false);
        new SpinArrows(box);
    };
    m_densityBound = new QDoubleSpinBox;
    m_densityBound->setRange(0, 1);
    m_densityBound->setDecimals(3);
    m_densityBound->setSingleStep(0.01);
    bound(m_densityBound, tr("Density bound"), tr("Largest density at N that you allow; 0 turns it off"));
    m_lossBound = new QDoubleSpinBox;
    m_lossBound->setRange(0, kMostLoss);
    m_lossBound->setDecimals(4);
    m_lossBound->setSingleStep(0.001);
    bound(m_lossBound, tr("Loss bound, nats per token"), tr("Largest estimated loss increase that you allow; 0 turns it off"));
    m_rulesBound = new QSpinBox;
    m_rulesBound->setRange(0, 64);
    bound(m_rulesBound, tr("Rules per layer"), tr("Most rules in one layer; layers above it show their count in orange; 0 turns it off"));
    m_densityLabel = new QLabel(tr("Density ≤"));
    m_lossLabel = new QLabel(tr("Loss ≤"));
    m_rulesLabel = new QLabel(tr("Rules ≤"));
    auto* box = new QWidget;
    auto* grid = new QGridLayout(box);
    grid->setContentsMargins(0, 2, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(2);
    int column = 0;
    for (const auto& [label, field] : {std::pair<QLabel*, QWidget*>{m_densityLabel, m_densityBound}, {m_lossLabel, m_lossBound}, {m_rulesLabel, m_rulesBound}}) {
        grid->addWidget(label, 0, column);
        grid->addWidget(field, 1, column);
        grid->setColumnStretch(column++, 1);
    }
    connect(m_densityBound, &QDoubleSpinBox::valueChanged, this, &PlanBudgetPanel::readBounds);
    connect(m_lossBound, &QDoubleSpinBox::valueChanged, this, &PlanBudgetPanel::readBounds);
    connect(m_rulesBound, &QSpinBox::valueChanged, this, &PlanBudgetPanel::readBounds);
    return box;
}

void PlanBudgetPanel::readBounds() {
    PlanBounds bounds;
    if (m_densityBound->value() > 0) bounds.density = m_densityBound->value();
    if (m_lossBound->value() > 0) bounds.loss = m_lossBound->value();
    bounds.rulesPerLayer = m_rulesBound->value();
    m_desk.setBounds(bounds);
}

void PlanBudgetPanel::refresh() {
    Workspace& workspace = m_desk.workspace();
    m_n->setText(tr("N  %1 tokens").arg(paint::count(m_desk.length())));
    m_batch->setText(tr("batch %1").arg(workspace.batch()));
    const std::int64_t most = workspace.model() ? workspace.model()->config.context : kMostLength;
    m_slider->setRange(std::min(kLeastLength, most / 2), std::max(most, m_desk.length()));
    m_slider->setLength(m_desk.length());
    std::vector<std::int64_t> profiled;
    for (const auto& curves : workspace.profile()) profiled.push_back(curves->length());
    m_slider->setProfiled(std::move(profiled));
    refreshRows();
    refreshLengths();
}

void PlanBudgetPanel::refreshRows() {
    Workspace& workspace = m_desk.workspace();
    const PlanDocument& document = m_desk.document();
    const SparsePlan& plan = document.plan();
    // Changes count from what was saved; while a drag is live also from where it began, in the tooltip.
    const SparsePlan& saved = document.savedValue() != nullptr && document.fits(document.savedValue()->plan) ? document.savedValue()->plan : plan;
    const std::int64_t n = m_desk.length();
    const PlanBounds& bounds = m_desk.bounds();
    using Kind = BudgetRows::Kind;
    std::vector<BudgetRows::Row> rows;
    const double density = plan.density(n), densityChange = density - saved.density(n);
    BudgetRows::Row row{tr("Density"), bounds.density ? tr("bound %1").arg(paint::number(*bounds.density, 3)) : tr("of dense"),
                        paint::number(density, kDecimals), {}, change(densityChange), deltaRole(densityChange), density};
    row.bound = bounds.density.value_or(-1);
    row.over = bounds.density && density > *bounds.density;
    if (row.over) row.excess = tr("%1 over the bound").arg(paint::number(density - *bounds.density, kDecimals));
    row.tip = tr("Share of the dense cache that the plan keeps at N, exact");
    rows.push_back(row);
    const std::optional<double> loss = m_desk.loss(plan);
    row = {tr("Estimated loss increase"), bounds.loss ? tr("bound %1").arg(paint::number(*bounds.loss, kDecimals)) : QString(),
           tr("needs a profile"), {}, {}, Role::Text3, 0, -1, false, {}, Kind::Unknown, tr("Open a profile, or measure influence on a prompt (menu Run).")};
    if (loss) {
        const auto curves = workspace.influence();
        const double delta = *loss - m_desk.loss(saved).value_or(*loss);
        const double scale = std::max({*loss, bounds.loss.value_or(0), m_desk.loss(saved).value_or(0), 1e-4}) * kLossScale;
        row.value = paint::signedNumber(*loss, kDecimals);
        row.unit = tr("nats per token");
        row.delta = change(delta);
        row.deltaRole = deltaRole(delta);
        row.share = *loss / scale;
        row.bound = bounds.loss ? *bounds.loss / scale : -1;
        row.over = bounds.loss && *loss > *bounds.loss;
        if (row.over) row.excess = tr("%1 over the bound").arg(paint::number(*loss - *bounds.loss, kDecimals));
        row.kind = Kind::Estimated;
        if (n > curves->length() && !row.over) row.note = tr("extrapolated from %1").arg(paint::axisTokens(curves->length()));
        row.tip = tr("Estimated at N %1 from %2").arg(paint::count(curves->length()), curves->origin());
    }
    rows.push_back(row);
    const std::int64_t bytes = workspace.kvBytes(plan);
    if (bytes > 0) {
        SparsePlan dense = uniformPlan(plan.layers, plan.heads, plan.kvHeads, {0, 1}, plan.sink);
        const std::int64_t all = workspace.kvBytes(dense), delta = bytes - workspace.kvBytes(saved);
        rows.push_back({tr("KV cache"), tr("dense %1").arg(bytesText(quint64(all))), bytesText(quint64(bytes)), {}, signedBytes(delta),
                        deltaRole(double(delta)), all > 0 ? double(bytes) / double(all) : 0, -1, false, {}, Kind::Exact,
                        tr("Keys and values of the whole batch at N, exact")});
    } else {
        rows.push_back({tr("KV cache"), {}, tr("needs a model"), {}, {}, Role::Text3, 0, -1, false, {}, Kind::Unknown, tr("The head dimension decides its bytes.")});
    }
    rows.push_back(decodeRow());
    m_measure->setVisible(workspace.isLoaded());
    m_measure->setEnabled(m_desk.speeds().obstacle().isEmpty());
    m_measure->setText(m_desk.speeds().job() != nullptr ? tr("Measuring…") : tr("Measure speed"));
    m_rows->setRows(std::move(rows));
}

BudgetRows::Row PlanBudgetPanel::decodeRow() const {
    const PlanDocument& document = m_desk.document();
    const PlanSpeeds& speeds = m_desk.speeds();
    const DecodeSpeed *now = document.isDense() ? speeds.dense() : speeds.of(document.plan()), *dense = speeds.dense();
    const bool isStale = now == nullptr && speeds.stale() != nullptr;
    if (isStale) now = speeds.stale();
    if (now == nullptr)
        return {tr("Decode"), {}, tr("not measured"), {}, {}, Role::Text3, 0, -1, false, {}, BudgetRows::Kind::Unknown,
                tr("Tokens per second are shown once a run of this very plan has measured them.")};
    const auto rate = [](double tokens) { return paint::number(tokens, tokens < 1000 ? 1 : 0); };
    BudgetRows::Row row{tr("Decode, measured"), dense != nullptr ? tr("dense %1 tok/s").arg(rate(dense->tokensPerSecond)) : QString(),
                        rate(now->tokensPerSecond),
                        now->length == m_desk.length() ? tr("tok/s") : tr("tok/s at %1").arg(paint::axisTokens(now->length)), {}};
    const double most = std::max(now->tokensPerSecond, dense != nullptr ? dense->tokensPerSecond : 0.0) * kLossScale;
    row.share = now->tokensPerSecond / most;
    if (dense != nullptr) row.bound = dense->tokensPerSecond / most;
    row.kind = isStale ? BudgetRows::Kind::Stale : BudgetRows::Kind::Measured;
    row.tip = isStale ? tr("Measured before the edit, with %1 tokens held.").arg(paint::count(now->length))
                      : tr("Measured with %1 tokens held, one sequence.").arg(paint::count(now->length));
    if (now->run > 0) row.tip += u' ' + tr("Run %1.").arg(now->run);
    return row;
}

void PlanBudgetPanel::refreshLengths() {
    const SparsePlan& plan = m_desk.document().plan();
    std::map<std::int64_t, std::shared_ptr<const InfluenceCurves>> lengths;
    for (const auto& curves : m_desk.workspace().profile()) lengths[curves->length()] = curves;
    lengths.try_emplace(m_desk.length(), nullptr);
    std::vector<PlanTableModel::Row> rows;
    using Emphasis = PlanTableModel::Emphasis;
    for (const auto& [n, curves] : lengths) {
        const Emphasis emphasis = n == m_desk.length() ? Emphasis::Current : Emphasis::None;
        const double density = plan.density(n);
        const auto& bound = m_desk.bounds().density;
        const QString headroom = bound ? tr("%1 pp").arg(paint::number((*bound - density) * 100, 2)) : u"–"_s;
        const QString loss = curves ? paint::signedNumber(curves->loss(windowsAt(plan, curves->length())), kDecimals) : tr("no profile");
        rows.push_back({int(n),
                        {{paint::count(n), tr("Set N to this length"), 0, emphasis},
                         {paint::number(density, kDecimals), {}, 0, emphasis},
                         {headroom, {}, 0, bound && density > *bound ? Emphasis::More : emphasis},
                         {loss, curves ? tr("Estimated from %1").arg(curves->origin()) : QString(), 0, curves ? emphasis : Emphasis::Faint}}});
    }
    const bool resized = int(rows.size()) != m_lengths.rowCount();
    m_lengths.setRows(std::move(rows));
    if (resized) m_table->setFixedHeight(m_table->sizeHint().height() + 2);
}

void PlanBudgetPanel::restyle() {
    styleLabel(m_n, TextStyle::Key, Role::Text);
    styleLabel(m_batch, TextStyle::Table, Role::Text2);
    for (QLabel* label : {m_densityLabel, m_lossLabel, m_rulesLabel}) styleLabel(label, TextStyle::Caption, Role::Text2);
    m_table->setFixedHeight(m_table->sizeHint().height() + 2);
}

} // namespace moa
