// One row a conflict; a tick takes the other plan's rule.
#include "ui/views/plan_merge_dialog.h"

#include "ui/viewmodels/plan_figures.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString spanText(const SparsePlan& plan, HeadRef head, std::int64_t n) {
    const Rule rule = widestRule(plan, head, n);
    const QString cache = paint::count(std::min(plan.cache(LayerIndex(head.layer), KvHeadIndex(head.kvHead), n), n));
    return PlanMergeDialog::tr("%1  (α %2, β %3)").arg(cache, paint::number(rule.alpha, 0), QLocale().toString(rule.beta, 'g', 4));
}

} // namespace

PlanMergeDialog::PlanMergeDialog(PlanDesk& desk, QWidget* parent)
    : QDialog(parent), m_desk(desk), m_merge(*desk.merge()), m_heads(m_merge.conflicts.begin(), m_merge.conflicts.end()), m_table(new QTableWidget) {
    setWindowTitle(tr("Merge %1").arg(desk.comparedName()));
    auto* summary = new QLabel(tr("Heads changed only there, taken over: %1. Only here, kept: %2. Alike in both: %3.")
                                   .arg(m_merge.theirs.size())
                                   .arg(m_merge.mine.size())
                                   .arg(m_merge.both.size()));
    summary->setWordWrap(true);
    auto* question = new QLabel(m_heads.empty() ? tr("No head was changed in both.")
                                                : tr("Changed in both: %1. A tick takes the rule of %2; the others keep this plan's.")
                                                      .arg(m_heads.size())
                                                      .arg(desk.comparedName()));
    question->setWordWrap(true);
    styleLabel(summary, TextStyle::Body, Role::Text);
    styleLabel(question, TextStyle::Body, Role::Text);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    QPushButton* merge = buttons->addButton(tr("Merge"), QDialogButtonBox::AcceptRole);
    merge->setProperty("primary", true);
    merge->setEnabled(!m_heads.empty() || !m_merge.theirs.empty());
    auto* column = new QVBoxLayout(this);
    column->setSpacing(10);
    column->addWidget(summary);
    column->addWidget(question);
    if (m_heads.empty()) {
        m_table->setParent(this);
        m_table->hide();
    } else {
        auto* both = new QHBoxLayout;
        for (const bool theirs : {true, false}) {
            auto* all = new QPushButton(theirs ? tr("All theirs") : tr("All mine"));
            all->setProperty("small", true);
            connect(all, &QPushButton::clicked, this, [this, theirs] { chooseAll(theirs); });
            both->addWidget(all);
        }
        both->addStretch(1);
        column->addLayout(both);
        column->addWidget(m_table, 1);
    }
    column->addWidget(buttons);
    fill();
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    constexpr int kWidth = 620, kAround = 190, kMost = 520;
    resize(kWidth, m_heads.empty() ? sizeHint().height() : std::min(kAround + int(m_heads.size()) * Theme::instance().rowHeight(TextStyle::Table), kMost));
}

void PlanMergeDialog::fill() {
    m_table->setAccessibleName(tr("Heads changed in both plans"));
    m_table->setColumnCount(4);
    m_table->setRowCount(int(m_heads.size()));
    m_table->setHorizontalHeaderLabels({tr("Take theirs"), tr("Saved S at N"), tr("Mine"), tr("Theirs")});
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setTabKeyNavigation(false);
    const SparsePlan& base = m_desk.document().savedValue()->plan;
    const SparsePlan* const plans[] = {&base, &m_desk.document().plan(), m_desk.compared()};
    for (int row = 0; row < int(m_heads.size()); ++row) {
        const HeadRef head = m_heads[std::size_t(row)];
        auto* name = new QTableWidgetItem(tr("L%1 · KV%2").arg(head.layer).arg(head.kvHead));
        name->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
        name->setCheckState(Qt::Unchecked);
        m_table->setItem(row, 0, name);
        for (int p = 0; p < 3; ++p) {
            auto* cell = new QTableWidgetItem(spanText(*plans[p], head, m_desk.length()));
            cell->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
            m_table->setItem(row, p + 1, cell);
        }
    }
}

void PlanMergeDialog::chooseAll(bool theirs) {
    for (int row = 0; row < m_table->rowCount(); ++row) m_table->item(row, 0)->setCheckState(theirs ? Qt::Checked : Qt::Unchecked);
}

std::set<HeadRef> PlanMergeDialog::chosen() const {
    std::set<HeadRef> heads;
    for (int row = 0; row < m_table->rowCount(); ++row)
        if (m_table->item(row, 0)->checkState() == Qt::Checked) heads.insert(m_heads[std::size_t(row)]);
    return heads;
}

} // namespace moa
