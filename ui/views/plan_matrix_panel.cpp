// Cells from the plan, and the matrix's keys as edits.
#include "ui/views/plan_matrix_panel.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/plan/matrix_legend.h"
#include "ui/widgets/plan/span_matrix.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QMenu>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr double kMicro = 1e6;

} // namespace

PlanMatrixPanel::PlanMatrixPanel(PlanDesk& desk, QWidget* parent)
    : Panel(tr("Span at N"), parent), m_desk(desk), m_matrix(new SpanMatrix), m_shown(new SegmentedControl(tr("Show"))),
      m_legend(new MatrixLegend) {
    m_shown->addSegment(tr("Span"), tr("Keys that each KV head holds at N"));
    m_shown->addSegment(tr("Δ"), tr("Change of the span against the compared plan"));
    m_shown->addSegment(tr("Influence"), tr("Influence outside the window, as a share of the largest head's"));
    m_shown->addSegment(tr("Time"), tr("Kernel time of each KV head in a decode step, estimated from times measured by span"));
    connect(menu()->addAction(tr("Measure kernel times")), &QAction::triggered, this, [this] {
        const QString why = m_desk.speeds().obstacle();
        if (!why.isEmpty()) return emit said(why);
        m_desk.speeds().measureSpans();
    });
    connect(menu()->addAction(tr("Open kernel times…")), &QAction::triggered, this, &PlanMatrixPanel::spanTimesRequested);
    menu()->addSeparator();
    addHeaderWidget(m_shown);
    setBodyMargins(8);
    body()->addWidget(m_matrix, 1);
    body()->addWidget(m_legend);
    connect(m_shown, &SegmentedControl::chosen, this, [this] {
        m_lookFor = -1;
        if (Show(m_shown->current()) == Show::Time && m_desk.speeds().spanTimes().isEmpty())
            emit said(tr("No kernel times by span are known. The ⋯ menu measures them on the loaded model, or opens a file."));
        refresh();
    });
    connectMatrix();
}

void PlanMatrixPanel::connectMatrix() {
    PlanDocument& document = m_desk.document();
    connect(m_matrix, &SpanMatrix::selectionChanged, this, [this] {
        m_desk.workspace().selection().selectHeads(m_matrix->selected(), m_matrix->current());
    });
    connect(m_matrix, &SpanMatrix::stepped, &m_desk, &PlanDesk::widen);
    connect(m_matrix, &SpanMatrix::spanTyped, &m_desk, &PlanDesk::typeSpan);
    connect(m_matrix, &SpanMatrix::pinToggled, &m_desk, &PlanDesk::togglePins);
    connect(m_matrix, &SpanMatrix::fillRequested, &m_desk, &PlanDesk::fill);
    connect(m_matrix, &SpanMatrix::resetRequested, this, [this, &document] {
        if (document.isDense()) return;
        document.resetRules(m_desk.selected());
    });
    connect(m_matrix, &SpanMatrix::opened, this, &PlanMatrixPanel::headOpened);
    connect(m_matrix, &SpanMatrix::typingRefused, this,
            [this](const QString& text) { emit said(tr("%1 is no number of tokens.").arg(text)); });
    connect(m_matrix, &SpanMatrix::copyRequested, this, [this] { QGuiApplication::clipboard()->setText(m_desk.copied()); });
    connect(m_matrix, &SpanMatrix::pasteRequested, this, [this] {
        if (!m_desk.paste(QGuiApplication::clipboard()->text())) emit said(tr("The clipboard holds no rules that fit here."));
    });
    connect(m_matrix, &SpanMatrix::widenedToInfluence, this, [this] {
        if (!m_desk.widenToInfluence()) emit said(tr("Influence is not known: open a profile or measure it."));
    });
}

double PlanMatrixPanel::value(HeadRef head, std::int64_t span) const {
    switch (Show(m_shown->current())) {
    case Show::Span: return double(span);
    case Show::Change: {
        const SparsePlan* other = m_desk.compared();
        return other == nullptr ? std::nan("") : double(span - other->cache(LayerIndex(head.layer), KvHeadIndex(head.kvHead), m_desk.length()));
    }
    case Show::Influence: {
        const auto curves = m_desk.workspace().influence();
        if (!curves) return std::nan("");
        const SparsePlan& plan = m_desk.document().plan();
        return curves->outside(LayerIndex(head.layer), KvHeadIndex(head.kvHead), std::max<std::int64_t>(span - plan.sink, 0), plan.sink);
    }
    case Show::Time: {
        const SpanTimes& times = m_desk.speeds().spanTimes();
        return times.isEmpty() ? std::nan("") : times.seconds(span) * kMicro;
    }
    }
    return std::nan("");
}

void PlanMatrixPanel::refreshLook() {
    const Show shown = Show(m_shown->current());
    const std::int64_t n = m_desk.length();
    const std::size_t times = m_desk.speeds().spanTimes().points.size();
    if (m_lookFor == n && m_lookShown == shown && m_lookTimes == times) return;
    m_lookFor = n;
    m_lookShown = shown;
    m_lookTimes = times;
    const auto tokens = [](double value) { return paint::axisTokens(std::llround(value)); };
    switch (shown) {
    case Show::Span:
        m_matrix->setLook({tr("Span"), 0, double(n), Ramp::Attention, [](double value) {
                               const qint64 span = std::llround(value);
                               // Whole thousands in cells: the exact number is a hover away.
                               return span < 1024 ? paint::count(span) : paint::axisTokens((span + 512) / 1024 * 1024);
                           }});
        m_legend->setRamp(Ramp::Attention, tokens(0), tokens(double(n)));
        break;
    case Show::Change:
        m_matrix->setLook({tr("Change"), -double(n), double(n), Ramp::Difference, [](double value) {
                               const qint64 change = std::llround(value);
                               const QString size = std::abs(change) < 1024 ? paint::count(std::abs(change))
                                                                            : paint::axisTokens((std::abs(change) + 512) / 1024 * 1024);
                               return change == 0 ? QStringLiteral("0") : (change < 0 ? QStringLiteral("−") : QStringLiteral("+")) + size;
                           }});
        m_legend->setRamp(Ramp::Difference, QStringLiteral("−") + tokens(double(n)), QStringLiteral("+") + tokens(double(n)));
        break;
    case Show::Influence:
        m_matrix->setLook({tr("Influence outside"), 0, 1, Ramp::Influence, [](double value) { return paint::number(value, 2); }});
        m_legend->setRamp(Ramp::Influence, paint::number(0, 0), paint::number(1, 0));
        break;
    case Show::Time: lookForTime(); break;
    }
}

void PlanMatrixPanel::lookForTime() {
    const SpanTimes& times = m_desk.speeds().spanTimes();
    const double most = times.isEmpty() ? 1 : std::max(times.seconds(m_desk.length()) * kMicro, 1e-3);
    const int decimals = most < 10 ? 2 : most < 100 ? 1 : 0;
    m_matrix->setLook({tr("Estimated kernel time, µs"), 0, most, Ramp::Attention, [decimals](double value) { return paint::number(value, decimals); }});
    m_legend->setRamp(Ramp::Attention, times.isEmpty() ? tr("no times") : tr("0 µs"), times.isEmpty() ? QString() : tr("%1 µs, estimated").arg(paint::number(most, decimals)));
}

void PlanMatrixPanel::reshape() {
    const SparsePlan& plan = m_desk.document().plan();
    if (m_matrix->layers() == plan.layers && m_matrix->kvHeads() == plan.kvHeads) return;
    m_matrix->setShape(plan.layers, plan.kvHeads);
}

void PlanMatrixPanel::refresh() {
    const PlanDocument& document = m_desk.document();
    const SparsePlan& plan = document.plan();
    reshape();
    refreshLook();
    const std::vector<std::int64_t> caches = cachesAt(plan, m_desk.length());
    std::vector<SpanMatrix::Cell> cells;
    cells.reserve(caches.size());
    int edited = 0;
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) {
            const std::int64_t span = std::min(caches[cells.size()], m_desk.length());
            cells.push_back({value({l, g}, span), span, document.isPinned({l, g}), document.isEdited({l, g})});
            edited += cells.back().edited ? 1 : 0;
        }
    m_matrix->setCells(std::move(cells));
    std::vector<SpanMatrix::Row> rows;
    const int limit = m_desk.bounds().rulesPerLayer;
    for (const LayerFigures& layer : layerFigures(plan, m_desk.length()))
        rows.push_back({layer.density, layer.rules, limit > 0 && layer.rules > limit});
    m_matrix->setRows(std::move(rows));
    m_legend->setCounts(int(document.pins().size()), edited);
    const Selection& now = m_desk.workspace().selection().now();
    // What the matrix itself just did is not done again: it would move the anchor of a growing selection.
    if (m_matrix->selected() != now.heads || m_matrix->current() != now.current) m_matrix->setSelection(now.heads, now.current);
}

} // namespace moa
