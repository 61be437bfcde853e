// Rows from the plan and the undo stack.
#include "ui/views/plan_lists.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/plan/edit_delegate.h"
#include "ui/widgets/plan/number_table.h"

#include <QListView>
#include <QLocale>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString alphaText(double alpha) {
    return alpha == std::floor(alpha) ? paint::count(qint64(alpha)) : paint::number(alpha, 2);
}

} // namespace

QString ruleName(const Rule& rule) {
    if (rule == Rule{0, 1}) return PlanRulesPanel::tr("N (full)");
    if (rule.beta == 0) return alphaText(rule.alpha);
    const QString slope = rule.beta == 1 ? u"N"_s : PlanRulesPanel::tr("%1 N").arg(QLocale().toString(rule.beta, 'g', 5));
    return rule.alpha == 0 ? slope : PlanRulesPanel::tr("%1 + %2").arg(alphaText(rule.alpha), slope);
}

PlanRulesPanel::PlanRulesPanel(PlanDesk& desk, QWidget* parent)
    : Panel(tr("Rules in use"), parent), m_desk(desk), m_model({tr("Rule"), tr("Heads"), tr("S"), tr("KV share")}) {
    m_table = new NumberTable(tr("Rules in use"), {{NumberTable::ColumnKind::Text},
                                                   {NumberTable::ColumnKind::Text, u"0,000"_s},
                                                   {NumberTable::ColumnKind::Text, u"00.0k"_s},
                                                   {NumberTable::ColumnKind::Text, u"100.0%"_s, {}, {}, true}});
    m_table->setModel(&m_model);
    setBodyMargins(0);
    body()->setContentsMargins(4, 0, 4, 6);
    body()->addWidget(m_table, 1);
    connect(m_table, &NumberTable::rowChosen, this, [this](int row) {
        if (row < 0 || row >= int(m_rules.size())) return;
        const SparsePlan& plan = m_desk.document().plan();
        std::set<HeadRef> heads;
        for (int l = 0; l < plan.layers; ++l)
            for (int g = 0; g < plan.kvHeads; ++g)
                if (widestRule(plan, {l, g}, m_desk.length()) == m_rules[std::size_t(row)]) heads.insert({l, g});
        if (!heads.empty()) m_desk.workspace().selection().selectHeads(heads, *heads.begin());
    });
}

void PlanRulesPanel::setNarrow(bool narrow) {
    m_table->setNarrow(narrow);
}

void PlanRulesPanel::refresh() {
    const std::vector<RuleUse> uses = rulesInUse(m_desk.document().plan(), m_desk.length());
    const Rule current = widestRule(m_desk.document().plan(), m_desk.current(), m_desk.length());
    std::vector<PlanTableModel::Row> rows;
    m_rules.clear();
    for (const RuleUse& use : uses) {
        const auto emphasis = use.rule == current ? PlanTableModel::Emphasis::Current : PlanTableModel::Emphasis::None;
        const std::int64_t span = std::min(use.cache, m_desk.length());
        rows.push_back({int(rows.size()),
                        {{ruleName(use.rule), tr("Select its heads"), 0, emphasis},
                         {paint::count(use.kvHeads), {}, 0, emphasis},
                         {paint::axisTokens(span), paint::count(span), 0, emphasis},
                         {tr("%1%").arg(paint::number(use.share * 100, 1)), {}, 0, emphasis}}});
        m_rules.push_back(use.rule);
    }
    m_model.setRows(std::move(rows));
    setNote(m_rules.size() == 1 ? tr("one rule") : tr("%1 rules").arg(m_rules.size()));
}

PlanEditsPanel::PlanEditsPanel(PlanDesk& desk, QWidget* parent)
    : Panel(tr("Edits"), parent), m_desk(desk), m_model(*desk.document().undoStack()), m_list(new QListView) {
    m_list->setModel(&m_model);
    m_list->setItemDelegate(new EditDelegate(m_list));
    m_list->setAccessibleName(tr("Edits"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QListView::ScrollPerPixel);
    m_list->setMouseTracking(true);
    m_list->setEditTriggers(QListView::NoEditTriggers);
    setBodyMargins(0);
    body()->setContentsMargins(1, 0, 1, 6);
    body()->addWidget(m_list, 1);
    const auto go = [this](const QModelIndex& index) { m_model.goTo(index.row()); };
    connect(m_list, &QListView::clicked, this, go);
    connect(m_list, &QListView::activated, this, go);
    connect(&m_model, &QAbstractItemModel::dataChanged, this, &PlanEditsPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, m_list, &QListView::doItemsLayout);
}

void PlanEditsPanel::refresh() {
    const PlanDocument& document = m_desk.document();
    const int steps = m_model.stepsSinceSave();
    setNote(document.isDense()                        ? QString()
            : document.path().isEmpty() || steps < 0 ? tr("not saved")
            : !document.isModified()                  ? tr("saved")
            : steps == 1                              ? tr("saved 1 edit ago")
                                                      : tr("saved %1 edits ago").arg(steps));
    if (m_currentRow == m_model.currentRow()) return;
    m_currentRow = m_model.currentRow();
    m_list->scrollTo(m_model.index(m_currentRow));
}

} // namespace moa
