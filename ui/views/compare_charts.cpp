// Series from the model's tokens.
#include "ui/views/compare_charts.h"

#include "ui/widgets/compare/kl_chart.h"
#include "ui/widgets/compare/pair_chart.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr double kMib = 1 << 20, kGib = 1 << 30;

/// Tokens that the axes have room for.
int roomOf(const CompareModel& model) {
    constexpr int kLeast = 32;
    return std::max(kLeast, std::min(model.setup() ? model.request().maxNew : model.maxNew(), int(model.tokens().size()) + kLeast));
}

} // namespace

CompareKlPanel::CompareKlPanel(CompareModel& model, QWidget* parent)
    : Panel(tr("KL divergence per token"), parent), m_model(model), m_chart(new KlChart), m_note(new QLabel(tr("nats, log scale; faint: after different texts"))),
      m_next(new QPushButton(tr("Next peak"))) {
    m_next->setProperty("small", true);
    m_next->setToolTip(tr("Chooses the next peak (full stop); comma chooses the one before"));
    addHeaderWidget(m_note);
    addHeaderWidget(m_next);
    body()->setContentsMargins(6, 4, 6, 4);
    body()->addWidget(m_chart, 1);
    connect(m_chart, &KlChart::chosen, &model, &CompareModel::select);
    connect(m_next, &QPushButton::clicked, &model, [this] { m_model.selectPeak(1); });
    connect(&model, &CompareModel::tokensChanged, this, &CompareKlPanel::refresh);
    connect(&model, &CompareModel::stateChanged, this, &CompareKlPanel::refresh);
    connect(&model, &CompareModel::selectionChanged, this, [this] { m_chart->setCurrent(m_model.selected()); });
    connect(&Theme::instance(), &Theme::changed, this, &CompareKlPanel::refresh);
    refresh();
}

void CompareKlPanel::refresh() {
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    const std::vector<int> peaks = m_model.peaks();
    std::vector<KlChart::Bar> bars;
    for (int t = 0; t < int(m_model.tokens().size()); ++t)
        bars.push_back({m_model.tokens()[std::size_t(t)].kl, std::ranges::binary_search(peaks, t), !m_model.tokens()[std::size_t(t)].sameContext,
                        m_model.sentence(t)});
    m_chart->setBars(std::move(bars), roomOf(m_model), CompareModel::kAlert, m_model.firstDivergence());
    m_chart->setCurrent(m_model.selected());
    m_next->setEnabled(!peaks.empty());
}

void CompareKlPanel::setNarrow(bool narrow) {
    m_note->setVisible(!narrow);
}

ComparePairPanel::ComparePairPanel(CompareModel& model, bool ofBytes, QWidget* parent)
    : Panel(ofBytes ? tr("KV cache, allocated") : tr("Decode speed, tok/s"), parent), m_model(model), m_ofBytes(ofBytes),
      m_chart(new PairChart(ofBytes ? tr("KV cache over tokens") : tr("Decode speed over tokens"))), m_dense(new Chip({}, ChipTone::Dense)),
      m_sparse(new Chip({}, ChipTone::Sparse)) {
    addHeaderWidget(m_dense);
    addHeaderWidget(m_sparse);
    body()->setContentsMargins(6, 4, 6, 4);
    body()->addWidget(m_chart, 1);
    connect(&model, &CompareModel::tokensChanged, this, &ComparePairPanel::refresh);
    connect(&model, &CompareModel::stateChanged, this, &ComparePairPanel::refresh);
    refresh();
}

void ComparePairPanel::refresh() {
    const auto& setup = m_model.setup();
    const std::vector<CompareToken>& tokens = m_model.tokens();
    std::vector<double> dense, sparse;
    QString denseText, sparseText;
    if (m_ofBytes) {
        const double unit = setup && double(setup->denseBytes) >= kGib ? kGib : kMib;
        if (setup) {
            dense.assign(std::max<std::size_t>(tokens.size(), 2), double(setup->denseBytes) / unit);
            sparse.assign(std::max<std::size_t>(tokens.size(), 2), double(setup->sparseBytes) / unit);
            denseText = bytesText(setup->denseBytes);
            sparseText = bytesText(setup->sparseBytes);
        }
        setNote(setup ? (unit == kGib ? tr("GiB") : tr("MiB")) : QString());
    } else {
        bool warm = false;
        for (const CompareToken& token : tokens) {
            const bool counts = warm && token.denseSeconds > 0 && token.sparseSeconds > 0;
            warm = warm || token.denseSeconds > 0;
            dense.push_back(counts ? 1 / token.denseSeconds : std::numeric_limits<double>::quiet_NaN());
            sparse.push_back(counts ? 1 / token.sparseSeconds : std::numeric_limits<double>::quiet_NaN());
        }
        const double a = m_model.tokensPerSecond(true), b = m_model.tokensPerSecond(false);
        if (a > 0) denseText = QLocale().toString(a, 'f', a < 100 ? 1 : 0);
        if (b > 0) sparseText = QLocale().toString(b, 'f', b < 100 ? 1 : 0);
    }
    m_dense->setVisible(!denseText.isEmpty());
    m_sparse->setVisible(!sparseText.isEmpty());
    m_dense->setText(denseText);
    m_sparse->setText(sparseText);
    m_chart->setLines(std::move(dense), std::move(sparse), roomOf(m_model));
}

void ComparePairPanel::setNarrow(bool narrow) {
    setTitle(m_ofBytes ? (narrow ? tr("KV") : tr("KV cache, allocated")) : narrow ? tr("Tok/s") : tr("Decode speed, tok/s"));
}

CompareSavingPanel::CompareSavingPanel(CompareModel& model, QWidget* parent)
    : Panel(tr("Saving, nominal and measured"), parent), m_model(model), m_rows(new SavingRows), m_note(new QLabel(tr("share of dense"))),
      m_measure(new QPushButton(tr("Measure"))) {
    m_measure->setProperty("small", true);
    m_measure->setToolTip(tr("Decode steps of both, alternating on one clock, after warm-up: medians"));
    addHeaderWidget(m_measure);
    connect(m_measure, &QPushButton::clicked, &model, &CompareModel::measureSaving);
    scrollBody();
    body()->addWidget(m_rows);
    body()->addWidget(m_note, 0, Qt::AlignRight);
    body()->addStretch(1);
    connect(&model, &CompareModel::tokensChanged, this, &CompareSavingPanel::refresh);
    connect(&model, &CompareModel::stateChanged, this, &CompareSavingPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &CompareSavingPanel::refresh);
    refresh();
}

void CompareSavingPanel::refresh() {
    styleLabel(m_note, TextStyle::Caption, Role::Text3);
    const auto& setup = m_model.setup();
    const CompareSaving* saving = m_model.saving();
    const std::int64_t n = setup ? setup->n : std::max<std::int64_t>(m_model.promptTokens(), 1);
    const SparsePlan& plan = setup ? m_model.request().plan : m_model.workspace().plan().plan();
    const double dense = m_model.tokensPerSecond(true), sparse = m_model.tokensPerSecond(false);
    const auto share = [&](double of, double all) { return saving != nullptr && all > 0 ? of / all : -1; };
    const double bytes = saving != nullptr ? share(double(saving->sparse.kvBytes), double(saving->dense.kvBytes))
                         : setup           ? double(setup->sparseBytes) / double(setup->denseBytes)
                                           : -1;
    const double step = saving != nullptr           ? share(saving->sparse.stepSeconds, saving->dense.stepSeconds)
                        : dense > 0 && sparse > 0 ? dense / sparse
                                                  : -1;
    const QString measured = saving != nullptr ? tr("Measured at %1 tokens: medians on one clock, after warm-up").arg(saving->tokens)
                                               : tr("From this comparison's own caches and steps");
    m_rows->setRows({{tr("Plan density"), plan.density(n), tr("Nominal: keys that the plan keeps at %1 tokens").arg(n)},
                     {tr("KV bytes allocated"), bytes, measured},
                     {tr("Attention time"), saving != nullptr ? share(saving->sparse.attentionSeconds, saving->dense.attentionSeconds) : -1,
                      saving != nullptr ? measured : tr("Measure times it alone")},
                     {tr("Token time, whole model"), step, measured}});
    m_measure->setEnabled(m_model.workspace().isLoaded() && m_model.hasPlan() && m_model.job() == nullptr);
}

void CompareSavingPanel::setNarrow(bool narrow) {
    setTitle(narrow ? tr("Saving") : tr("Saving, nominal and measured"));
}

} // namespace moa
