// Differences as rows; what is taken over is an edit like any other.
#include "ui/views/plan_compare_panel.h"

#include "ui/views/plan_merge_dialog.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/plan/number_table.h"
#include "ui/widgets/shell/painting.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kOpenEntry = -1; ///< of the choices: asks for a file

QString shortSpan(std::int64_t tokens) {
    return tokens < 1024 ? paint::count(tokens) : paint::axisTokens((tokens + 512) / 1024 * 1024);
}

} // namespace

PlanComparePanel::PlanComparePanel(PlanDesk& desk, QWidget* parent)
    : Panel(tr("Compared with"), parent), m_desk(desk), m_choice(new QComboBox), m_takeAll(new QPushButton(tr("Take all"))), m_merge(new QPushButton(tr("Merge"))), m_count(new QLabel),
      m_less(new QLabel), m_more(new QLabel), m_model({tr("Head"), tr("Its S → this"), tr("Change"), tr("Δ"), QString()}) {
    m_choice->setAccessibleName(tr("Plan compared with"));
    m_choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_choice->setMinimumContentsLength(8);
    addHeaderWidget(m_choice);
    m_merge->setProperty("small", true);
    m_merge->setToolTip(tr("Brings both plans' changes since the saved plan together; asks where both changed a head"));
    addHeaderWidget(m_merge);
    m_merge->hide(); // the column is made as wide as what shows
    auto* top = new QWidget;
    auto* row = new QHBoxLayout(top);
    row->setContentsMargins(metrics::kPad, 6, 8, 4);
    row->setSpacing(12);
    for (QLabel* label : {m_count, m_less, m_more}) row->addWidget(label);
    row->addStretch(1);
    m_takeAll->setProperty("small", true);
    m_takeAll->setToolTip(tr("Take the compared plan's rules for all selected heads"));
    row->addWidget(m_takeAll);
    m_table = new NumberTable(tr("Heads that differ"),
                              {{NumberTable::ColumnKind::Text, tr("L00 · KV00")},
                               {NumberTable::ColumnKind::Text, u"000k → 000k"_s},
                               {NumberTable::ColumnKind::Bar},
                               {NumberTable::ColumnKind::Text, u"−000k"_s},
                               {NumberTable::ColumnKind::Button, {}, u"undo"_s, tr("Take this rule over (T)")}});
    m_table->setModel(&m_model);
    setBodyMargins(0);
    body()->setContentsMargins(1, 0, 1, 6);
    body()->addWidget(top);
    body()->addWidget(m_table, 1);
    connect(m_choice, &QComboBox::activated, this, [this](int index) {
        const int what = m_choice->itemData(index).toInt();
        if (what != kOpenEntry) return m_desk.compareWith(Comparison(what));
        refreshChoice();
        emit openRequested();
    });
    connect(m_table, &NumberTable::rowChosen, this, [this](int at) {
        if (at >= 0 && at < int(m_heads.size())) m_desk.workspace().selection().selectHead(m_heads[std::size_t(at)]);
    });
    connect(m_table, &NumberTable::buttonPressed, this, [this](int at) {
        if (at >= 0 && at < int(m_heads.size())) m_desk.takeOver({m_heads[std::size_t(at)]});
    });
    connect(m_merge, &QPushButton::clicked, this, &PlanComparePanel::askForMerge);
    connect(m_takeAll, &QPushButton::clicked, this, [this] { m_desk.takeOver(m_desk.selected()); });
    connect(&Theme::instance(), &Theme::changed, this, &PlanComparePanel::restyle);
    restyle();
}

void PlanComparePanel::refreshChoice() {
    const QSignalBlocker quiet(m_choice);
    QList<std::pair<QString, int>> entries{{tr("Saved plan"), int(Comparison::Saved)}, {tr("Dense"), int(Comparison::Dense)}};
    if (!m_desk.comparedFile().isEmpty()) entries.append({m_desk.comparedFile(), int(Comparison::File)});
    entries.append({tr("Open plan…"), kOpenEntry});
    bool same = m_choice->count() == entries.size();
    for (int i = 0; same && i < entries.size(); ++i) same = m_choice->itemText(i) == entries[i].first;
    if (!same) {
        m_choice->clear();
        for (const auto& [text, what] : entries) m_choice->addItem(text, what);
    }
    m_choice->setCurrentIndex(m_choice->findData(int(m_desk.comparison())));
}

void PlanComparePanel::refresh() {
    refreshChoice();
    const SparsePlan* other = m_desk.compared();
    const std::int64_t n = m_desk.length();
    const std::vector<HeadDifference> found = other != nullptr ? headDifferences(*other, m_desk.document().plan(), n) : std::vector<HeadDifference>{};
    std::vector<PlanTableModel::Row> rows;
    m_heads.clear();
    int narrower = 0, wider = 0;
    std::int64_t largest = 1;
    for (const HeadDifference& d : found) {
        const std::int64_t from = std::min(d.from, n), to = std::min(d.to, n), change = to - from;
        narrower += change < 0 ? 1 : 0;
        wider += change > 0 ? 1 : 0;
        largest = std::max(largest, std::abs(change));
        const auto emphasis = d.head == m_desk.current() ? PlanTableModel::Emphasis::Current : PlanTableModel::Emphasis::None;
        const QString exact = tr("%1 → %2").arg(paint::count(from), paint::count(to));
        const QString size = (change < 0 ? u"−"_s : change > 0 ? u"+"_s : QString()) + shortSpan(std::abs(change));
        rows.push_back({d.head.layer * m_desk.document().plan().kvHeads + d.head.kvHead,
                        {{tr("L%1 · KV%2").arg(d.head.layer).arg(d.head.kvHead), tr("Select this head"), 0, emphasis},
                         {tr("%1 → %2").arg(shortSpan(from), shortSpan(to)), exact, 0, emphasis},
                         {{}, exact, double(change), emphasis},
                         {size, exact, 0, emphasis},
                         {{}, tr("Take this rule over (T)"), 0, emphasis}}});
        m_heads.push_back(d.head);
    }
    m_table->setBarRange(double(largest));
    m_model.setRows(std::move(rows));
    m_count->setText(other == nullptr     ? tr("Its shape is another")
                     : found.empty()      ? tr("No head differs")
                     : found.size() == 1  ? tr("1 head differs")
                                          : tr("%1 heads differ").arg(found.size()));
    m_less->setText(narrower > 0 ? tr("%1 narrower").arg(narrower) : QString());
    m_more->setText(wider > 0 ? tr("%1 wider").arg(wider) : QString());
    m_merge->setVisible(!found.empty() && m_desk.merge().has_value());
    m_takeAll->setVisible(!found.empty());
    m_takeAll->setText(m_desk.selected().size() > 1 ? tr("Take %1").arg(m_desk.selected().size()) : tr("Take"));
}

void PlanComparePanel::askForMerge() {
    if (!m_desk.merge()) return;
    auto* dialog = new PlanMergeDialog(m_desk, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { m_desk.applyMerge(dialog->chosen()); });
    dialog->open();
}

void PlanComparePanel::restyle() {
    styleLabel(m_count, TextStyle::Key, Role::Text);
    styleLabel(m_less, TextStyle::Table, Role::Dense);
    styleLabel(m_more, TextStyle::Table, Role::Sparse);
}

} // namespace moa
