// Tables from the plan's figures.
#include "ui/views/plan_export.h"

#include <QCoreApplication>

#include <algorithm>
#include <map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(moa::PlanExport)
};

QString whole(std::int64_t number) {
    return QString::number(qlonglong(number));
}

} // namespace

PanelContent planSpansContent(PlanDesk& desk) {
    PanelContent content = tableContent(u"plan-spans"_s, [&desk] {
        ExportTable table{{u"layer"_s, u"kv_head"_s, u"cache_tokens"_s, u"alpha_tokens"_s, u"beta"_s, u"pinned"_s, u"edited"_s}, {}};
        const PlanDocument& document = desk.document();
        const SparsePlan& plan = document.plan();
        for (int l = 0; l < plan.layers; ++l)
            for (int g = 0; g < plan.kvHeads; ++g) {
                const Rule rule = widestRule(plan, {l, g}, desk.length());
                table.rows.append({QString::number(l), QString::number(g), whole(document.span({l, g}, desk.length())), exactNumber(rule.alpha),
                                   exactNumber(rule.beta), QString::number(int(document.isPinned({l, g}))), QString::number(int(document.isEdited({l, g})))});
            }
        return table;
    });
    const SparsePlan& plan = desk.document().plan();
    PanelData data;
    data.what = Words::tr("cache tokens");
    data.stem = u"cache"_s;
    ExportArray array{{}, {std::size_t(plan.layers), std::size_t(plan.kvHeads)}, {u"layer"_s, u"kv head"_s}};
    for (const std::int64_t cache : cachesAt(plan, desk.length())) array.values.push_back(float(cache));
    data.array = readyArray(std::move(array));
    content.data.push_back(std::move(data));
    return content;
}

PanelContent planRuleContent(PlanDesk& desk) {
    const HeadRef head = desk.current();
    return tableContent(u"L%1-KV%2-span"_s.arg(head.layer).arg(head.kvHead), [&desk, head] {
        ExportTable table{{u"length_tokens"_s, u"cache_tokens"_s}, {}};
        constexpr std::int64_t kPoints = 64;
        for (std::int64_t i = 1; i <= kPoints; ++i) {
            const std::int64_t n = std::max<std::int64_t>(desk.length() * i * 3 / (2 * kPoints), 1);
            table.rows.append({whole(n), whole(desk.document().span(head, n))});
        }
        return table;
    });
}

PanelContent planRulesContent(PlanDesk& desk) {
    return tableContent(u"plan-rules"_s, [&desk] {
        ExportTable table{{u"alpha_tokens"_s, u"beta"_s, u"kv_heads"_s, u"cache_tokens"_s, u"kv_share"_s}, {}};
        for (const RuleUse& use : rulesInUse(desk.document().plan(), desk.length()))
            table.rows.append({exactNumber(use.rule.alpha), exactNumber(use.rule.beta), QString::number(use.kvHeads), whole(use.cache), exactNumber(use.share)});
        return table;
    });
}

PanelContent planBudgetContent(PlanDesk& desk) {
    return tableContent(u"plan-budget"_s, [&desk] {
        ExportTable table{{u"length_tokens"_s, u"density"_s, u"estimated_loss_nats_per_token"_s}, {}};
        const SparsePlan& plan = desk.document().plan();
        std::map<std::int64_t, QString> losses{{desk.length(), QString()}};
        for (const auto& curves : desk.workspace().profile())
            losses[curves->length()] = exactNumber(curves->loss(windowsAt(plan, curves->length())));
        for (const auto& [n, loss] : losses) table.rows.append({whole(n), exactNumber(plan.density(n)), loss});
        return table;
    });
}

PanelContent planDifferencesContent(PlanDesk& desk) {
    return tableContent(u"plan-differences"_s, [&desk] {
        ExportTable table{{u"layer"_s, u"kv_head"_s, u"compared_cache_tokens"_s, u"cache_tokens"_s}, {}};
        if (const SparsePlan* other = desk.compared())
            for (const HeadDifference& d : headDifferences(*other, desk.document().plan(), desk.length()))
                table.rows.append({QString::number(d.head.layer), QString::number(d.head.kvHead), whole(d.from), whole(d.to)});
        return table;
    });
}

} // namespace moa
