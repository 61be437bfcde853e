// Table over the remedy of its chosen row.
#include "ui/views/compare_blame_panel.h"

#include "ui/widgets/compare/blame_table.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString headName(int layer, int kvHead) {
    return CompareModel::tr("L%1 · KV%2").arg(layer).arg(kvHead);
}

QString nats(double kl) {
    return QLocale().toString(kl, 'f', kl < 0.0995 ? 3 : 2);
}

QHBoxLayout* rowOf(std::initializer_list<QWidget*> left, QWidget* right) {
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    for (QWidget* widget : left) row->addWidget(widget);
    row->addStretch(1);
    if (right != nullptr) row->addWidget(right);
    return row;
}

} // namespace

CompareBlamePanel::CompareBlamePanel(CompareModel& model, QWidget* parent)
    : Panel(tr("Blame"), parent), m_model(model), m_evidence(new Chip), m_stack(new QStackedWidget), m_empty(new EmptyState),
      m_table(new BlameTable), m_what(new QLabel), m_change(new QLabel), m_price(new QLabel), m_time(new QLabel), m_mends(new QLabel),
      m_mended(new QLabel), m_apply(new QPushButton(tr("Apply as edit"))), m_narrower(new QPushButton), m_inspect(new QPushButton(tr("Open in Inspect"))),
      m_rerun(new QPushButton(tr("Re-run exactly"))), m_applyAll(new QPushButton) {
    addHeaderWidget(m_evidence);
    setBodyMargins(0);
    m_footer = footer();
    auto* filled = new QWidget;
    auto* column = new QVBoxLayout(filled);
    column->setContentsMargins(1, 0, 1, 0);
    column->setSpacing(0);
    column->addWidget(m_table, 1);
    column->addWidget(m_footer);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(filled);
    body()->addWidget(m_stack, 1);
    connect(m_empty, &EmptyState::primaryClicked, &model, &CompareModel::blame);
    connect(m_table, &BlameTable::chosen, &model, &CompareModel::chooseRow);
    connect(m_table, &BlameTable::scoreAsked, &model, &CompareModel::scoreRow);
    connect(m_table, &BlameTable::opened, this, &CompareBlamePanel::inspectAsked);
    connect(m_apply, &QPushButton::clicked, &model, [this] { m_model.applyRow(m_model.row()); });
    connect(m_narrower, &QPushButton::clicked, &model, [this] { m_model.applyEvidenceSpan(m_model.row()); });
    connect(m_rerun, &QPushButton::clicked, &model, [this] { m_model.rerunRow(m_model.row()); });
    connect(m_applyAll, &QPushButton::clicked, &model, [this] { m_model.applyMending(); });
    connect(m_inspect, &QPushButton::clicked, this, &CompareBlamePanel::inspectAsked);
    for (const auto signal : {&CompareModel::blameChanged, &CompareModel::selectionChanged, &CompareModel::stateChanged})
        connect(&model, signal, this, &CompareBlamePanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &CompareBlamePanel::refresh);
    refresh();
}

QWidget* CompareBlamePanel::footer() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(11, 8, 11, 10);
    column->setSpacing(6);
    column->addLayout(rowOf({m_what}, m_change));
    column->addWidget(m_price);
    m_price->setWordWrap(true);
    m_apply->setProperty("primary", true);
    m_apply->setToolTip(tr("The head shows everything, as scored: one step that undo takes back"));
    m_narrower->setToolTip(tr("The head shows 95% of what it hid here: cheaper, and not scored yet"));
    m_rerun->setToolTip(tr("Reads the whole text again under the wider plan: how far the quick score is from it"));
    m_applyAll->setToolTip(tr("The fewest heads a greedy search found: one step that undo takes back"));
    for (QPushButton* button : {m_apply, m_narrower, m_inspect, m_rerun, m_applyAll}) button->setProperty("small", true);
    column->addLayout(rowOf({m_apply, m_narrower, m_inspect}, nullptr));
    column->addLayout(rowOf({m_rerun}, m_time));
    column->addLayout(rowOf({m_mends, m_applyAll}, m_mended));
    return box;
}

void CompareBlamePanel::setEvidenceKey(int key) {
    m_evidence->setVisible(key >= 0);
    m_evidence->setText(tr("evidence at key %1").arg(paint::count(key)));
}

void CompareBlamePanel::refresh() {
    const int token = m_model.selected();
    setTitle(token >= 0 ? tr("Blame, token %1").arg(token) : tr("Blame"));
    const CompareBlame* blame = m_model.blameNow();
    m_stack->setCurrentIndex(blame != nullptr && !blame->rows.isEmpty() ? 1 : 0);
    if (blame == nullptr || blame->rows.isEmpty()) {
        setEvidenceKey(-1);
        const bool asked = m_model.isBlaming();
        m_empty->setSentence(blame != nullptr      ? tr("No rule hides anything from this token.")
                             : asked               ? tr("One backward pass, then each head widened…")
                             : token >= 0          ? tr("Which heads hid what this token needed?")
                                                   : tr("Run both and choose a token to blame heads for it."));
        const bool canAsk = blame == nullptr && !asked && token >= 0;
        m_empty->setPrimary(canAsk ? tr("Blame heads") : QString(), canAsk ? u"B"_s : QString());
        return;
    }
    refreshTable();
    refreshFooter();
    refreshMending();
}

void CompareBlamePanel::refreshTable() {
    const CompareBlame& blame = *m_model.blameNow();
    const double before = m_model.tokens()[std::size_t(blame.token)].kl;
    const std::int64_t n = m_model.setup()->n;
    std::vector<BlameTable::Row> rows;
    for (const CompareBlameRow& row : blame.rows) {
        const CompareScore* score = m_model.score(row.layer, row.kvHead);
        BlameTable::Row shown{headName(row.layer, row.kvHead), paint::axisTokens(std::min(row.window + m_model.request().plan.sink, n)), row.hiddenMass, {}};
        if (score != nullptr) shown.widened = score->klAfter.front();
        shown.mends = shown.widened && *shown.widened <= CompareModel::kMended * before;
        shown.spoken = tr("Layer %1, KV head %2, attention discarded %3, KL %4 if widened")
                           .arg(row.layer)
                           .arg(row.kvHead)
                           .arg(paint::weight(row.hiddenMass), shown.widened ? nats(*shown.widened) : tr("not scored"));
        rows.push_back(std::move(shown));
    }
    m_table->setRows(std::move(rows));
    m_table->setCurrent(m_model.row());
}

void CompareBlamePanel::refreshFooter() {
    const CompareBlame& blame = *m_model.blameNow();
    const int row = m_model.row();
    m_footer->setVisible(row >= 0);
    if (row < 0) return;
    const CompareBlameRow& chosen = blame.rows[row];
    const CompareScore* score = m_model.score(chosen.layer, chosen.kvHead);
    const double before = m_model.tokens()[std::size_t(blame.token)].kl;
    styleLabel(m_what, TextStyle::Key, Role::Text);
    m_what->setText(tr("Widen %1").arg(headName(chosen.layer, chosen.kvHead)));
    const bool mends = score != nullptr && score->klAfter.front() <= CompareModel::kMended * before;
    styleLabel(m_change, TextStyle::Key, mends ? Role::Ok : Role::Text2);
    m_change->setText(score == nullptr ? tr("Shift+Enter scores it") : tr("KL %1 → %2").arg(nats(before), nats(score->klAfter.front())));
    const CompareModel::Price price = m_model.priceOf({{chosen.layer, chosen.kvHead}});
    styleLabel(m_price, TextStyle::Caption, Role::Text2);
    m_price->setText(tr("Density %1 then. KV +%2.").arg(QLocale().toString(price.density, 'f', 4), bytesText(quint64(std::max<std::int64_t>(price.moreBytes, 0)))));
    const std::int64_t span = m_model.spanForEvidence(row);
    const bool narrower = span > 0 && span < m_model.setup()->n;
    m_narrower->setVisible(narrower);
    m_narrower->setText(tr("Only to %1").arg(paint::count(span)));
    styleLabel(m_time, TextStyle::Caption, Role::Text2);
    m_rerun->setVisible(score != nullptr);
    m_time->setText(score == nullptr ? QString()
                    : score->klRerun ? tr("exactly %1").arg(nats(*score->klRerun))
                                     : tr("scored in %1 ms").arg(QLocale().toString(score->seconds * 1000, 'f', 0)));
}

void CompareBlamePanel::refreshMending() {
    const std::vector<HeadRef> heads = m_model.mendingHeads();
    const bool shown = m_model.row() >= 0 && heads.size() > 1;
    for (QWidget* widget : std::initializer_list<QWidget*>{m_mends, m_mended, m_applyAll}) widget->setVisible(shown);
    if (!shown) return;
    QStringList names;
    for (const HeadRef head : heads) names << headName(head.layer, head.kvHead);
    const CompareScore& score = *m_model.mending();
    const bool mends = score.klAfter.front() <= CompareModel::kMended * score.klBefore.front();
    styleLabel(m_mends, TextStyle::Caption, Role::Text2);
    styleLabel(m_mended, TextStyle::Key, mends ? Role::Ok : Role::Text2);
    m_mends->setText(tr("Together"));
    m_mends->setToolTip(names.join(u", "_s));
    m_mended->setText(tr("KL %1 → %2").arg(nats(score.klBefore.front()), nats(score.klAfter.front())));
    m_applyAll->setText(tr("Apply %1 heads").arg(heads.size()));
    m_applyAll->setAccessibleName(tr("Apply %1").arg(names.join(u", "_s)));
}

} // namespace moa
