// Edits of the plan as undo steps that hold the states before and after: plans are small.
#include "ui/viewmodels/plan_document.h"

#include <QFileInfo>
#include <QLocale>
#include <QUndoCommand>

#include <algorithm>
#include <stdexcept>

namespace moa {

namespace {

bool hideTheSame(const SparsePlan& a, const SparsePlan& b) {
    return a.sink == b.sink && a.rules == b.rules;
}

QString valueText(double value) {
    return QLocale().toString(value, 'g', 7).replace(QLatin1Char('-'), QChar(0x2212));
}

/// Only what changed of a rule: "β 0.75 → 0.125".
QString changeText(const Rule& before, const Rule& after) {
    const auto arrow = [](double from, double to) { return PlanDocument::tr("%1 → %2").arg(valueText(from), valueText(to)); };
    QStringList parts;
    if (before.alpha != after.alpha) parts << PlanDocument::tr("α %1").arg(arrow(before.alpha, after.alpha));
    if (before.beta != after.beta) parts << PlanDocument::tr("β %1").arg(arrow(before.beta, after.beta));
    return parts.join(QStringLiteral(", "));
}

} // namespace

class PlanEdit : public QUndoCommand {
public:
    PlanEdit(PlanDocument& document, const QString& what, PlanDocument::State before, PlanDocument::State after)
        : QUndoCommand(what), m_document(document), m_before(std::move(before)), m_after(std::move(after)) {}
    void undo() override { m_document.restore(m_before); }
    void redo() override { m_document.restore(m_after); }

private:
    PlanDocument& m_document;
    PlanDocument::State m_before, m_after;
};

PlanDocument::PlanDocument(QObject* parent) : QObject(parent) {
    connect(&m_undo, &QUndoStack::cleanChanged, this, &PlanDocument::changed);
}

PlanDocument::~PlanDocument() {
    // The stack's end reports a clean state, which nobody should act on any more.
    m_undo.disconnect();
}

QString PlanDocument::name() const {
    return m_value ? m_value->name : tr("Dense");
}

PlanValue PlanDocument::value() const {
    PlanValue value = m_value ? *m_value : PlanValue{name(), {}, {}, {}};
    value.plan = m_plan;
    return value;
}

bool PlanDocument::isModified() const {
    return m_value && (m_value->path.isEmpty() || !hideTheSame(m_value->plan, m_plan));
}

bool PlanDocument::fits(const SparsePlan& plan) const {
    return plan.layers == m_plan.layers && plan.heads == m_plan.heads && plan.kvHeads == m_plan.kvHeads;
}

void PlanDocument::setShape(int layers, int heads, int kvHeads) {
    if (m_plan.layers == layers && m_plan.heads == heads && m_plan.kvHeads == kvHeads) return;
    m_plan = uniformPlan(layers, heads, kvHeads, {0, 1});
    m_value.reset();
    m_pins.clear();
    m_gesture.reset();
    m_undo.clear();
    emit changed();
}

void PlanDocument::open(const PlanValue& value) {
    cancelGesture();
    const State before = state();
    const bool sameShape = fits(value.plan);
    m_value = std::make_shared<PlanValue>(value);
    m_plan = value.plan;
    m_pins.clear();
    if (!sameShape) { // no model was there to say otherwise; no step may lead back to heads that are not there
        m_undo.clear();
        emit changed();
        return;
    }
    push(tr("Open %1").arg(value.name), before);
    m_undo.setClean();
}

void PlanDocument::useDense() {
    if (isDense()) return;
    cancelGesture();
    const State before = state();
    m_value.reset();
    m_plan = uniformPlan(m_plan.layers, m_plan.heads, m_plan.kvHeads, {0, 1}, m_plan.sink);
    push(tr("Use dense"), before);
}

void PlanDocument::markSaved(const QString& path, const SparsePlan& saved) {
    if (!m_value) return;
    m_value->name = QFileInfo(path).completeBaseName();
    m_value->path = path;
    m_value->plan = saved;
    m_undo.setClean();
    emit changed();
}

void PlanDocument::recover(const PlanValue& base, const SparsePlan& edited, const std::set<HeadRef>& pins) {
    open(base);
    const State before = state();
    m_plan = edited;
    m_pins = pins;
    push(tr("Restore unsaved edits"), before);
}

Rule PlanDocument::rule(HeadRef head) const {
    const int group = m_plan.heads / m_plan.kvHeads;
    return m_plan.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * group));
}

std::int64_t PlanDocument::span(HeadRef head, std::int64_t n) const {
    return m_plan.cache(LayerIndex(head.layer), KvHeadIndex(head.kvHead), n);
}

bool PlanDocument::isEdited(HeadRef head) const {
    if (!m_value || m_value->path.isEmpty()) return false;
    const int group = m_plan.heads / m_plan.kvHeads;
    for (int h = 0; h < group; ++h) {
        const HeadIndex query(head.kvHead * group + h);
        if (m_plan.rule(LayerIndex(head.layer), query) != m_value->plan.rule(LayerIndex(head.layer), query)) return true;
    }
    return false;
}

void PlanDocument::startPlan() {
    if (!m_value) m_value = std::make_shared<PlanValue>(PlanValue{tr("Untitled"), {}, m_plan, {}});
}

void PlanDocument::writeRule(HeadRef head, const Rule& rule) {
    const int group = m_plan.heads / m_plan.kvHeads;
    for (int h = 0; h < group; ++h) m_plan.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * group + h)) = rule;
}

void PlanDocument::restore(const State& state) {
    m_value = state.value;
    m_plan = state.plan;
    m_pins = state.pins;
    m_gesture.reset(); // an undo in the middle of a drag ends the drag: what it began from is gone
    emit changed();
}

void PlanDocument::push(const QString& what, const State& before) {
    // Qt's own form: the text for the list of steps, then the one for menus.
    const QString more = detail(before);
    const QString text = more.isEmpty() ? what : QStringLiteral("%1, %2\n%1").arg(what, more);
    m_undo.push(new PlanEdit(*this, text, before, state())); // push() redoes, which tells the views
}

QString PlanDocument::detail(const State& before) const {
    if (!fits(before.plan) || before.value != m_value) return {};
    std::vector<HeadRef> changed;
    for (int l = 0; l < m_plan.layers; ++l)
        for (int g = 0; g < m_plan.kvHeads; ++g)
            if (rulesOf(before.plan, {l, g}) != rulesOf(m_plan, {l, g}) || before.pins.contains({l, g}) != m_pins.contains({l, g}))
                changed.push_back({l, g});
    if (changed.empty())
        return before.plan.sink == m_plan.sink ? QString() : tr("sink %1 → %2").arg(before.plan.sink).arg(m_plan.sink);
    if (changed.size() > 1) return tr("%1 heads").arg(changed.size());
    const HeadRef head = changed.front();
    const QString name = tr("L%1 · KV%2").arg(head.layer).arg(head.kvHead);
    const std::vector<Rule> was = rulesOf(before.plan, head), is = rulesOf(m_plan, head);
    return was == is ? name : tr("%1, %2").arg(name, changeText(was.front(), is.front()));
}

std::vector<Rule> PlanDocument::rulesOf(const SparsePlan& plan, HeadRef head) {
    const int group = plan.heads / plan.kvHeads;
    const auto first = plan.rules.begin() + (std::ptrdiff_t(head.layer) * plan.heads + std::ptrdiff_t(head.kvHead) * group);
    return {first, first + group};
}

bool PlanDocument::setRule(const std::set<HeadRef>& heads, const Rule& rule, const QString& what) {
    std::map<HeadRef, std::vector<Rule>> rules;
    for (const HeadRef head : heads) rules[head] = {rule};
    return setRules(rules, what);
}

bool PlanDocument::setRules(const std::map<HeadRef, std::vector<Rule>>& rules, const QString& what) {
    const std::size_t group = std::size_t(m_plan.heads / m_plan.kvHeads);
    for (const auto& [head, list] : rules)
        if (list.size() != 1 && list.size() != group) throw std::invalid_argument("a KV head needs one rule, or one per query head");
    if (rules.empty()) return false;
    if (std::ranges::all_of(rules, [&](const auto& entry) { return isPinned(entry.first); })) {
        emit refused(rules.begin()->first);
        return false;
    }
    const State before = state();
    startPlan();
    for (const auto& [head, list] : rules) {
        if (isPinned(head)) continue;
        for (std::size_t h = 0; h < group; ++h)
            m_plan.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * int(group) + int(h))) = list[list.size() == 1 ? 0 : h];
    }
    push(what, before);
    return true;
}

void PlanDocument::setPinned(const std::set<HeadRef>& heads, bool pinned) {
    const State before = state();
    for (const HeadRef head : heads) {
        if (pinned)
            m_pins.insert(head);
        else
            m_pins.erase(head);
    }
    push(pinned ? tr("Pin") : tr("Unpin"), before);
}

bool PlanDocument::resetRules(const std::set<HeadRef>& heads) {
    if (!m_value) return false;
    const State before = state();
    bool any = false;
    const int group = m_plan.heads / m_plan.kvHeads;
    for (const HeadRef head : heads) {
        if (isPinned(head)) continue;
        any = true;
        for (int h = head.kvHead * group; h < (head.kvHead + 1) * group; ++h)
            m_plan.rule(LayerIndex(head.layer), HeadIndex(h)) =
                m_value->plan.rule(LayerIndex(head.layer), HeadIndex(h));
    }
    if (any)
        push(tr("Reset"), before);
    else if (!heads.empty())
        emit refused(*heads.begin());
    return any;
}

bool PlanDocument::beginGestureOf(const std::set<HeadRef>& heads, const QString& what) {
    if (heads.empty()) return false;
    std::set<HeadRef> free;
    std::ranges::copy_if(heads, std::inserter(free, free.end()), [&](HeadRef head) { return !isPinned(head); });
    if (free.empty()) {
        emit refused(*heads.begin());
        return false;
    }
    m_gesture = Gesture{std::move(free), what, m_plan};
    return true;
}

void PlanDocument::preview(const Rule& rule) {
    if (!m_gesture || m_gesture->heads.empty()) return;
    for (const HeadRef head : m_gesture->heads) writeRule(head, rule);
    emit changed();
}

bool PlanDocument::beginSinkGesture(const QString& what) {
    if (!m_pins.empty()) {
        emit refused(*m_pins.begin());
        return false;
    }
    m_gesture = Gesture{{}, what, m_plan};
    return true;
}

void PlanDocument::previewSink(int sink) {
    if (!m_gesture || !m_gesture->heads.empty()) return;
    m_plan.sink = std::clamp((sink + kBlock / 2) / kBlock, 0, kMaxSinkBlocks) * kBlock;
    emit changed();
}

void PlanDocument::endGesture() {
    // Views may have drawn what was refused: they hear that nothing changed.
    if (!m_gesture) return emit changed();
    const Gesture gesture = std::move(*m_gesture);
    m_gesture.reset();
    if (hideTheSame(gesture.before, m_plan)) return;
    const SparsePlan moved = m_plan;
    m_plan = gesture.before;
    const State before = state();
    startPlan();
    m_plan = moved;
    push(gesture.what, before);
}

void PlanDocument::cancelGesture() {
    if (!m_gesture) return;
    m_plan = m_gesture->before;
    m_gesture.reset();
    emit changed();
}

Rule PlanDocument::ruleWithSpan(HeadRef head, std::int64_t span, std::int64_t n, bool moveBeta) const {
    Rule moved = rule(head);
    if (moveBeta)
        moved.beta = (double(span) - moved.alpha) / double(n);
    else
        moved.alpha = double(span) - moved.beta * double(n);
    return moved;
}

} // namespace moa
