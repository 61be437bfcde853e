// Edits by hand as rules for the document.
#include "ui/viewmodels/plan_desk.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// "1024+0.125N": exact, whatever the locale.
QString ruleText(const Rule& rule) {
    return u"%1+%2N"_s.arg(rule.alpha, 0, 'g', 17).arg(rule.beta, 0, 'g', 17);
}

std::optional<Rule> ruleOf(const QString& text) {
    static const QRegularExpression form(u"^\\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?:\\+([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)N)?\\s*$"_s);
    const QRegularExpressionMatch match = form.match(text);
    if (!match.hasMatch()) return {};
    bool alphaIsNumber = false, betaIsNumber = true;
    Rule rule;
    rule.alpha = match.captured(1).toDouble(&alphaIsNumber);
    if (!match.captured(2).isEmpty()) rule.beta = match.captured(2).toDouble(&betaIsNumber);
    if (!alphaIsNumber || !betaIsNumber || !std::isfinite(rule.alpha) || !std::isfinite(rule.beta)) return {};
    return rule;
}

/// One rule a query head, or one for all; empty: no rules.
std::vector<Rule> rulesOf(const QString& cell) {
    std::vector<Rule> rules;
    for (const QString& part : cell.split(u'|')) {
        const auto rule = ruleOf(part);
        if (!rule) return {};
        rules.push_back(*rule);
    }
    return rules;
}

QString cellText(const std::vector<Rule>& rules) {
    if (std::ranges::all_of(rules, [&](const Rule& rule) { return rule == rules.front(); })) return ruleText(rules.front());
    QStringList parts;
    for (const Rule& rule : rules) parts << ruleText(rule);
    return parts.join(u'|');
}

} // namespace

PlanDesk::PlanDesk(Workspace& workspace, QObject* parent) : QObject(parent), m_workspace(workspace), m_speeds(workspace) {
    refreshDense();
    connect(&document(), &PlanDocument::changed, this, &PlanDesk::refreshDense);
}

void PlanDesk::refreshDense() {
    const SparsePlan& plan = document().plan();
    if (m_dense.layers == plan.layers && m_dense.heads == plan.heads && m_dense.kvHeads == plan.kvHeads && m_dense.sink == plan.sink) return;
    m_dense = uniformPlan(plan.layers, plan.heads, plan.kvHeads, {0, 1}, plan.sink);
}

std::set<HeadRef> PlanDesk::targets() const {
    const SparsePlan& plan = document().plan();
    switch (m_applyTo) {
    case ApplyTo::Head: return {current()};
    case ApplyTo::Selection: return selected();
    case ApplyTo::SameRule:
    case ApplyTo::Layer: break;
    }
    std::set<HeadRef> heads;
    const std::vector<Rule> rules = document().groupRules(current());
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g)
            if (m_applyTo == ApplyTo::Layer ? l == current().layer : document().groupRules({l, g}) == rules) heads.insert({l, g});
    return heads;
}

std::int64_t PlanDesk::alphaStep() const {
    return std::max<std::int64_t>(roundUpToBlock(length() / 32), kBlock);
}

void PlanDesk::widen(int steps) {
    std::map<HeadRef, std::vector<Rule>> rules;
    const std::int64_t step = alphaStep(), n = length();
    for (const HeadRef head : selected()) {
        std::vector<Rule> list = document().groupRules(head);
        for (Rule& rule : list) {
            // From where the clamps let it act: a step is always seen.
            const std::int64_t span = std::clamp<std::int64_t>(spanOf(rule, n), 0, roundUpToBlock(n));
            const std::int64_t wanted = std::clamp<std::int64_t>(span + steps * step, 0, roundUpToBlock(n));
            rule.alpha = double(wanted) - rule.beta * double(n);
        }
        rules[head] = list;
    }
    document().setRules(rules, steps > 0 ? tr("Widen") : tr("Narrow"));
}

void PlanDesk::typeSpan(std::int64_t span) {
    std::map<HeadRef, std::vector<Rule>> rules;
    for (const HeadRef head : selected()) rules[head] = {document().ruleWithSpan(head, span, length(), false)};
    document().setRules(rules, tr("Set span"));
}

bool PlanDesk::widenToInfluence() {
    constexpr double kKept = 0.95;
    const auto curves = m_workspace.influence();
    const SparsePlan& plan = document().plan();
    if (!curves || curves->layers() != plan.layers || curves->kvHeads() != plan.kvHeads) return false;
    std::map<HeadRef, std::vector<Rule>> rules;
    for (const HeadRef head : selected()) {
        std::int64_t span = document().span(head, length());
        for (int h = 0; h < curves->groupSize(); ++h)
            span = std::max(span, curves->spanKeeping(LayerIndex(head.layer), HeadIndex(head.kvHead * curves->groupSize() + h), kKept, plan.sink));
        rules[head] = {document().ruleWithSpan(head, span, length(), false)};
    }
    document().setRules(rules, tr("Widen to influence"));
    return true;
}

void PlanDesk::togglePins() {
    document().setPinned(selected(), !document().isPinned(current()));
}

void PlanDesk::fill() {
    std::map<HeadRef, std::vector<Rule>> rules;
    for (const HeadRef head : selected()) rules[head] = document().groupRules(current());
    document().setRules(rules, tr("Fill"));
}

QString PlanDesk::copied() const {
    const std::set<HeadRef>& heads = selected();
    const auto [left, right] = std::ranges::minmax(heads, {}, &HeadRef::kvHead);
    QStringList rows;
    for (int l = heads.begin()->layer; l <= heads.rbegin()->layer; ++l) {
        QStringList row;
        for (int g = left.kvHead; g <= right.kvHead; ++g)
            row << (heads.contains({l, g}) ? cellText(document().groupRules({l, g})) : QString());
        rows << row.join(u'\t');
    }
    return rows.join(u'\n');
}

bool PlanDesk::paste(const QString& text) {
    const SparsePlan& plan = document().plan();
    const std::size_t group = std::size_t(plan.heads / plan.kvHeads);
    QStringList rows = text.split(u'\n');
    if (!rows.isEmpty() && rows.back().isEmpty()) rows.removeLast();
    std::map<HeadRef, std::vector<Rule>> rules;
    const HeadRef first{selected().begin()->layer, std::ranges::min(selected(), {}, &HeadRef::kvHead).kvHead};
    for (int r = 0; r < rows.size(); ++r) {
        const QStringList cells = rows[r].split(u'\t');
        for (int c = 0; c < cells.size(); ++c) {
            if (cells[c].trimmed().isEmpty()) continue;
            const HeadRef head{first.layer + r, first.kvHead + c};
            std::vector<Rule> list = rulesOf(cells[c]);
            const bool hasPlace = head.layer < plan.layers && head.kvHead < plan.kvHeads;
            if (!hasPlace || (list.size() != 1 && list.size() != group)) return false;
            rules[head] = std::move(list);
        }
    }
    if (rules.empty()) return false;
    if (rules.size() == 1) {
        const std::vector<Rule> only = rules.begin()->second;
        for (const HeadRef head : selected()) rules[head] = only;
    }
    return document().setRules(rules, tr("Paste rules"));
}

void PlanDesk::setBounds(const PlanBounds& bounds) {
    if (bounds == m_bounds) return;
    m_bounds = bounds;
    emit boundsChanged();
}

void PlanDesk::compareWith(Comparison comparison) {
    m_comparison = comparison;
    emit comparedChanged();
}

void PlanDesk::compareWith(const PlanValue& plan) {
    m_other = plan;
    compareWith(Comparison::File);
}

const SparsePlan* PlanDesk::compared() const {
    const SparsePlan* plan = nullptr;
    switch (m_comparison) {
    case Comparison::Dense: plan = &m_dense; break;
    case Comparison::Saved: plan = document().savedValue() != nullptr ? &document().savedValue()->plan : &m_dense; break;
    case Comparison::File: plan = m_other ? &m_other->plan : nullptr; break;
    }
    return plan != nullptr && document().fits(*plan) ? plan : nullptr;
}

QString PlanDesk::comparedName() const {
    switch (m_comparison) {
    case Comparison::Dense: return tr("dense");
    case Comparison::Saved: return document().isDense() ? tr("dense") : tr("saved plan");
    case Comparison::File: return comparedFile();
    }
    return {};
}

void PlanDesk::takeOver(const std::set<HeadRef>& heads) {
    const SparsePlan* from = compared();
    if (from == nullptr) return;
    document().setRules(rulesFrom(*from, heads), tr("Take over from %1").arg(comparedName()));
}

std::optional<PlanMerge> PlanDesk::merge() const {
    const SparsePlan* theirs = compared();
    const PlanValue* base = document().savedValue();
    if (m_comparison != Comparison::File || theirs == nullptr || base == nullptr || !document().fits(base->plan)) return {};
    return mergePlans(base->plan, document().plan(), *theirs);
}

void PlanDesk::applyMerge(const std::set<HeadRef>& conflictsOfTheirs) {
    const auto found = merge();
    if (!found) return;
    std::set<HeadRef> heads = found->theirs;
    for (const HeadRef head : conflictsOfTheirs)
        if (found->conflicts.contains(head)) heads.insert(head);
    if (!heads.empty()) document().setRules(rulesFrom(*compared(), heads), tr("Merge %1").arg(comparedName()));
}

} // namespace moa
