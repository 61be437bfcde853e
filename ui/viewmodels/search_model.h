// What the Search page holds: the profile, the bounds, the best plan under them with its gap and prices, the front, and why
// there is no plan where there is none. A bound that moves asks the solver's thread; answers arrive as signals. Goal: a
// drag never waits and always sees a plan of its own bounds soon. Non-goal: drawing, and solving.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/search_service.h"
#endif
#include "ui/viewmodels/search_bounds.h"
#include "ui/viewmodels/workspace.h"

#include <QObject>

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace moa {

/// A plan that can be chosen.
struct SearchCandidate {
    enum class Kind { Best, Front, Lengths, Document };
    Kind kind = Kind::Best;
    QString name;
    double bound = 0; ///< density asked for; 0: see kind
    SparsePlan plan;
    PlanPrice price;
    std::optional<double> gap; ///< to the proven bound of its own solve
    double lowerBound = 0;     ///< nats, at the objective length
    bool isDominated = false;  ///< among its kind
};

/// One moment of a solve.
struct SolveMoment {
    double seconds = 0, objective = 0, bound = 0;
};

/// What a running model pays for another plan: what narrows is dropped at once, what widens is gone and must be read again.
struct ApplyPrice {
    int narrower = 0, wider = 0; ///< KV heads
    /// Of reading the prompt again; nothing: no head widens, no model and prompt are in use, or it was not timed yet.
    std::optional<double> seconds;
};

class SearchModel : public QObject {
    Q_OBJECT
public:
    explicit SearchModel(Workspace& workspace, QObject* parent = nullptr);

    Workspace& workspace() { return m_workspace; }

    // The profile.

    bool hasSubject() const { return m_subject.instance != nullptr; }
    const SearchSubject& subject() const { return m_subject; }
    /// Opens it for all pages.
    void openProfile(const QString& path) { m_workspace.openProfile(path); }
    /// The profile that lies in a bundled model's folder; needs no model.
    void openBundledProfile(const QString& model) { m_service.openStoredProfile(model); }
    /// A search without a profile.
    void openInstance(const SearchInstance& instance, const QString& name) { m_service.openInstance(instance, name); }
    /// Why the plan in use cannot take a plan of this profile; empty: it can.
    QString mismatch() const;

    // Bounds.

    const SearchBounds& bounds() const { return m_bounds; }
    void setBounds(const SearchBounds& bounds);
    /// The same for bounds that were made elsewhere: those of lengths that this profile lacks are left out.
    void useBounds(const SearchBounds& bounds) { setBounds(fitted(bounds)); }
    int objectiveLength() const;
    /// As the engine takes them, with the pins that are kept.
    SearchOptions options() const;
    bool isLive() const { return m_live; }
    void setLive(bool live);
    int keptPins() const;

    // Solving.

    void solve(bool withLengths = false);
    void stop();
    bool isSolving() const { return m_service.isSolving(); }

    /// Of the newest bounds that had an answer; null: none yet, or the present bounds have no plan.
    const SearchAnswer* best() const { return m_best && m_reason.isNull() ? &*m_best : nullptr; }
    /// Whether best() belongs to the present bounds.
    bool isCurrent() const { return m_current; }
    const std::vector<SolveMoment>& trace() const { return m_trace; }
    double quickSeconds() const { return m_quickSeconds; } ///< until the first answer
    const QString& reason() const { return m_reason; }     ///< why there is no plan; null: there is one
    const QList<SearchRemedy>& remedies() const { return m_remedies; }
    void remedy(const SearchRemedy& remedy);

    /// The best plan, the front by density, the plans of the set over the lengths, the plan in use.
    const std::vector<SearchCandidate>& candidates() const { return m_candidates; }
    bool isFrontStale() const { return m_frontStale; }
    /// First bound that a candidate breaks: "Over density at 2k", "Over loss at 1k", without the length where `isShort`;
    /// empty: none.
    QString broken(const SearchCandidate& candidate, bool isShort = false) const;

    /// The plan of a candidate into the document, as one undo step; false, changing nothing, where it does not fit.
    bool apply(const SearchCandidate& candidate);
    /// What that would mean for a running model, at N.
    ApplyPrice applyPrice(const SearchCandidate& candidate) const;

signals:
    void subjectChanged();
    void boundsChanged();
    void bestChanged();       ///< plan, gap, trace or reason
    void candidatesChanged(); ///< rows or their state
    void solvingChanged();

private:
    void onSubject(const SearchSubject& subject);
    void onAnswer(const SearchAnswer& answer);
    void onFront(const FrontPoint& point);
    void onFrontDone();
    void onLengths(const FrontPoint& point);
    void onDocument();
    QByteArray origin(const SearchCandidate& candidate) const;
    bool shapesFront(const SearchBounds& bounds) const; ///< instead of the present ones
    SearchBounds fitted(SearchBounds bounds) const;
    void settle(); ///< the awaited first word is there: what moved meanwhile is asked now
    void rebuild();
    SearchCandidate candidate(SearchCandidate::Kind kind, const FrontPoint& point) const;

    Workspace& m_workspace;
    SearchService& m_service;
    SearchSubject m_subject;
    SearchBounds m_bounds;
    bool m_live = true, m_current = false, m_frontStale = true, m_awaiting = false, m_moved = false;
    double m_quickSeconds = 0;
    std::optional<SearchAnswer> m_best;
    std::vector<SolveMoment> m_trace;
    QString m_reason;
    QList<SearchRemedy> m_remedies;
    std::vector<SearchCandidate> m_front, m_lengths, m_candidates;
    std::set<double> m_frontSeen; ///< densities that the newest sweep has answered
    quint64 m_frontGeneration = 0, m_lengthsGeneration = 0;
    std::map<HeadRef, Rule> m_pinned; ///< as last asked
};

} // namespace moa
