// The work on a plan by hand, between the Plan page's views and the document: which heads an edit is for, grid steps,
// spans typed, copying and pasting of rules, bounds, and the plan compared with. Every edit is one undo step.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/plan_figures.h"
#include "ui/viewmodels/plan_merge.h"
#endif
#include "ui/viewmodels/plan_speeds.h"
#include "ui/viewmodels/workspace.h"

#include <QObject>

#include <optional>
#include <set>

namespace moa {

/// Which heads an edit of the rule line is for.
enum class ApplyTo { Head, SameRule, Layer, Selection };

/// Limits that the user holds the plan to at N; nothing: no limit.
struct PlanBounds {
    std::optional<double> density, loss; ///< share of dense; nats per token
    int rulesPerLayer = 0;               ///< 0: no limit
    bool operator==(const PlanBounds&) const = default;
};

enum class Comparison { Saved, Dense, File };

class PlanDesk : public QObject {
    Q_OBJECT
public:
    explicit PlanDesk(Workspace& workspace, QObject* parent = nullptr);

    Workspace& workspace() { return m_workspace; }
    PlanDocument& document() { return m_workspace.plan(); }
    const PlanDocument& document() const { return m_workspace.plan(); }
    HeadRef current() const { return m_workspace.selection().now().current; }
    const std::set<HeadRef>& selected() const { return m_workspace.selection().now().heads; }
    std::int64_t length() const { return m_workspace.length(); }

    ApplyTo applyTo() const { return m_applyTo; }
    void setApplyTo(ApplyTo applyTo) { m_applyTo = applyTo; }
    std::set<HeadRef> targets() const;

    /// Of α, tokens: a 32nd of N, at least a block.
    std::int64_t alphaStep() const;
    static constexpr double kBetaStep = 0.125;

    // Edits of the selected heads.

    /// α of each by grid steps, so that spans grow or shrink; one undo step.
    void widen(int steps);
    /// α of each such that its span at N is `span`.
    void typeSpan(std::int64_t span);
    /// Each to the span that keeps 95% of its influence. False: no influence is known.
    bool widenToInfluence();
    void togglePins();
    void pin(const std::set<HeadRef>& heads, bool pinned) { document().setPinned(heads, pinned); }
    /// The current head's rules to all selected ones.
    void fill();
    /// Rules of the box around the selection, a row a layer, tabs between heads: "1024+0.125N", or one rule a query head
    /// with '|' between. Empty text for cells of the box that are not selected.
    QString copied() const;
    /// The same, from the first selected head on; a single rule goes to all selected ones. A number alone is a constant
    /// span. False, changing nothing, where the text is something else or has no place.
    bool paste(const QString& text);

    const PlanBounds& bounds() const { return m_bounds; }
    void setBounds(const PlanBounds& bounds);

    // The plan compared with; null: of another shape, or none was opened.

    Comparison comparison() const { return m_comparison; }
    void compareWith(Comparison comparison);
    void compareWith(const PlanValue& plan);
    const SparsePlan* compared() const;
    QString comparedName() const;
    /// Name of the file that was opened for it; empty: none.
    QString comparedFile() const { return m_other ? m_other->name : QString(); }
    /// The compared plan's rules for these heads, as an edit.
    void takeOver(const std::set<HeadRef>& heads);
    /// The plan in use and the compared file against what was saved; nothing: no file is compared.
    std::optional<PlanMerge> merge() const;
    /// Takes what only they changed and, of the conflicts, those named; one edit.
    void applyMerge(const std::set<HeadRef>& conflictsOfTheirs);

    // Measured speeds and kernel times.

    PlanSpeeds& speeds() { return m_speeds; }
    const PlanSpeeds& speeds() const { return m_speeds; }

    /// Estimated loss of `plan` at N, nats per token; nothing without influence.
    std::optional<double> loss(const SparsePlan& plan) const { return m_workspace.estimatedLoss(plan); }

signals:
    void boundsChanged();
    void comparedChanged();

private:
    void refreshDense();

    Workspace& m_workspace;
    PlanSpeeds m_speeds;
    ApplyTo m_applyTo = ApplyTo::Head;
    PlanBounds m_bounds;
    Comparison m_comparison = Comparison::Saved;
    std::optional<PlanValue> m_other;
    SparsePlan m_dense; ///< of the document's shape
};

} // namespace moa
