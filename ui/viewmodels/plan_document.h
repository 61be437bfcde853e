// The plan in use: rules, pins, where it was saved, and the one undo stack that every edit goes through.
// A gesture (drag) previews first and becomes one undo step when it ends.
#pragma once

#include "ui/jobs/values.h"
#include "ui/viewmodels/selection_model.h"

#include <QUndoStack>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace moa {

class PlanDocument : public QObject {
    Q_OBJECT
public:
    explicit PlanDocument(QObject* parent = nullptr);
    ~PlanDocument() override;

    /// Dense: no plan is in use. An edit makes a plan that starts from every key visible.
    bool isDense() const { return !m_value; }
    /// Also right for dense: a plan of full spans. Needs a shape, see setShape().
    const SparsePlan& plan() const { return m_plan; }
    QString name() const;
    QString path() const { return m_value ? m_value->path : QString(); }
    PlanValue value() const;
    bool isModified() const;

    /// Layers, heads and KV heads of the model; a plan of another shape is dropped.
    void setShape(int layers, int heads, int kvHeads);
    bool fits(const SparsePlan& plan) const;
    // Both can be undone.
    void open(const PlanValue& value);
    void useDense();
    void markSaved(const QString& path, const SparsePlan& saved);
    /// Edits that were never saved, as they were kept: `base` as it was opened or saved last, then the edits as one step.
    void recover(const PlanValue& base, const SparsePlan& edited, const std::set<HeadRef>& pins);
    /// What was opened or saved last; null: dense.
    const PlanValue* savedValue() const { return m_value.get(); }

    Rule rule(HeadRef head) const;
    /// One per query head of the group; a plan that was opened may have different ones.
    std::vector<Rule> groupRules(HeadRef head) const { return rulesOf(m_plan, head); }
    std::int64_t span(HeadRef head, std::int64_t n) const;
    /// w of every KV head at n.
    WindowMap windows(std::int64_t n) const { return windowsAt(m_plan, n); }
    /// Heads whose rule is not the saved one.
    bool isEdited(HeadRef head) const;

    bool isPinned(HeadRef head) const { return m_pins.contains(head); }
    const std::set<HeadRef>& pins() const { return m_pins; }

    // Edits. Each returns false, changing nothing, where all heads asked for are pinned.

    bool setRule(const std::set<HeadRef>& heads, const Rule& rule, const QString& what);
    /// Different rules in one step, e.g. pasted ones. A list holds one rule per query head of the group, or a single one
    /// for all of them. std::invalid_argument for another count.
    bool setRules(const std::map<HeadRef, std::vector<Rule>>& rules, const QString& what);
    void setPinned(const std::set<HeadRef>& heads, bool pinned);
    /// Back to the rule of the saved plan.
    bool resetRules(const std::set<HeadRef>& heads);

    /// A drag: begin, preview as often as the pointer moves, then end (one undo step) or cancel (as it was).
    bool beginGesture(HeadRef head, const QString& what) { return beginGestureOf({head}, what); }
    /// Of several heads, which all get the rule that is previewed; pinned ones among them stay as they are.
    bool beginGestureOf(const std::set<HeadRef>& heads, const QString& what);
    void preview(const Rule& rule); ///< outside of a gesture, e.g. where it was refused: nothing
    /// The same for the sink, which is the whole plan's: any pinned head refuses.
    bool beginSinkGesture(const QString& what);
    void previewSink(int sink); ///< tokens, 64·k for k = 0…4
    void endGesture();
    void cancelGesture();
    bool isInGesture() const { return m_gesture.has_value(); }
    /// The plan as it was when the gesture began; the present one outside of gestures.
    const SparsePlan& beforeGesture() const { return m_gesture ? m_gesture->before : m_plan; }

    QUndoStack* undoStack() { return &m_undo; }

    /// The rule with which `head` has span `span` at n: α moves, or β when `moveBeta`.
    Rule ruleWithSpan(HeadRef head, std::int64_t span, std::int64_t n, bool moveBeta) const;

signals:
    /// Rules, pins, name or the saved state changed; also each preview.
    void changed();
    /// An edit was refused because of a pin.
    void refused(moa::HeadRef head);

private:
    friend class PlanEdit;
    struct State {
        std::shared_ptr<PlanValue> value;
        SparsePlan plan;
        std::set<HeadRef> pins;
    };
    struct Gesture {
        std::set<HeadRef> heads; ///< none: the sink
        QString what;
        SparsePlan before;
    };
    State state() const { return {m_value, m_plan, m_pins}; }
    void restore(const State& state);
    void push(const QString& what, const State& before);
    /// What a step changed, for the list of edits: "L14 · KV5, β 0.75 → 0.125", "12 heads".
    QString detail(const State& before) const;
    static std::vector<Rule> rulesOf(const SparsePlan& plan, HeadRef head);
    void startPlan();
    void writeRule(HeadRef head, const Rule& rule);

    /// What was opened or saved last; its plan is the saved one. Null: dense. Undo steps share it, so that a save holds
    /// for the states before it too.
    std::shared_ptr<PlanValue> m_value;
    SparsePlan m_plan;
    std::set<HeadRef> m_pins;
    std::optional<Gesture> m_gesture;
    QUndoStack m_undo;
};

} // namespace moa
