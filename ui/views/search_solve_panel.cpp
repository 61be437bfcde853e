// Texts of the newest answer.
#include "ui/views/search_solve_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/search/solve_trace.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString secondsText(double seconds) {
    return seconds < 1 ? SearchSolvePanel::tr("%1 ms").arg(std::max(std::lround(seconds * 1000), 1L))
                       : SearchSolvePanel::tr("%1 s").arg(QLocale().toString(seconds, 'f', 2));
}

} // namespace

SearchSolvePanel::SearchSolvePanel(SearchModel& model, QWidget* parent)
    : Panel(tr("3  Solve"), parent), m_model(model), m_gap(new Chip), m_stop(new QPushButton(tr("Stop"))), m_quick(new QLabel),
      m_quickNote(new QLabel(tr("first answer"))), m_proof(new QLabel), m_proofNote(new QLabel), m_legend(new QLabel), m_trace(new SolveTrace) {
    m_stop->setProperty("small", true);
    m_stop->setToolTip(tr("Keeps the best plan so far"));
    addHeaderWidget(m_stop);
    addHeaderWidget(m_gap);
    body()->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    for (QWidget* widget : {m_quick, m_quickNote}) row->addWidget(widget, 0, Qt::AlignBottom);
    row->addStretch(1);
    for (QWidget* widget : {m_proof, m_proofNote}) row->addWidget(widget, 0, Qt::AlignBottom);
    body()->addLayout(row);
    body()->addWidget(m_legend);
    body()->addWidget(m_trace, 1);
    connect(m_stop, &QPushButton::clicked, &m_model, &SearchModel::stop);
    for (const auto signal : {&SearchModel::bestChanged, &SearchModel::solvingChanged, &SearchModel::boundsChanged})
        connect(&m_model, signal, this, &SearchSolvePanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &SearchSolvePanel::refresh);
    refresh();
}

QString SearchSolvePanel::gapText() const {
    return m_gapText;
}

void SearchSolvePanel::refresh() {
    const SearchAnswer* best = m_model.best();
    const Theme& theme = Theme::instance();
    styleLabel(m_quick, TextStyle::Title, Role::Text);
    styleLabel(m_proof, TextStyle::Title, Role::Text);
    for (QLabel* label : {m_quickNote, m_proofNote}) styleLabel(label, TextStyle::Caption, Role::Text2);
    styleLabel(m_legend, TextStyle::Caption, Role::Text2);
    m_legend->setTextFormat(Qt::RichText);
    m_legend->setText(u"<span style='color:%1'>━</span> %2 &nbsp; <span style='color:%3'>━</span> %4"_s.arg(
        theme.color(Role::Sparse).name(), tr("Best plan"), theme.color(Role::Accent).name(), tr("Proven bound, nats")));
    m_stop->setVisible(m_model.isSolving());
    if (best == nullptr) {
        const bool none = !m_model.reason().isNull();
        m_gapText = none ? tr("No plan") : m_model.isSolving() ? tr("Solving") : tr("Not solved");
        m_gap->setTone(none ? ChipTone::Error : ChipTone::Plain);
        m_gap->setText(m_gapText);
        m_quick->setText(u"–"_s);
        m_proof->setText(u"–"_s);
        m_proofNote->setText(tr("proof"));
        m_trace->setMoments({});
        return;
    }
    const std::optional<double> gap = std::isfinite(best->outcome.gap) ? std::optional(best->outcome.gap) : std::nullopt;
    constexpr double kNearEnough = 0.005;
    m_gapText = tr("Gap %1").arg(search_text::gap(gap));
    m_gap->setTone(gap && *gap <= kNearEnough ? ChipTone::Ok : ChipTone::Warn);
    m_gap->setText(m_gapText);
    m_gap->setToolTip(tr("No plan within these bounds can lose less than %1 nats").arg(search_text::loss(best->outcome.lowerBound)));
    m_quick->setText(secondsText(m_model.quickSeconds()));
    m_proof->setText(secondsText(best->seconds));
    m_proofNote->setText(best->outcome.status == SearchStatus::Optimal && best->isProven ? tr("until proven") : tr("so far"));
    std::vector<SolveTrace::Moment> moments;
    for (const SolveMoment& m : m_model.trace()) moments.push_back({m.seconds, m.objective, m.bound});
    m_trace->setMoments(std::move(moments));
}

} // namespace moa
