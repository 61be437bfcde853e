// What the Compare page holds: the conversation that dense and sparse went through together, token by token, which token
// is chosen, which heads are to blame for it and what it becomes without their rules. Asks the engine, keeps its answers.
// Non-goals: drawing, and the caches themselves (ui/jobs/compare_service.h).
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/compare_service.h"
#include "ui/viewmodels/workspace.h"
#endif

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace moa {

/// What both caches of the next comparison take beside what is free on the device.
struct CompareMemory {
    quint64 dense = 0, sparse = 0, free = 0; ///< bytes; free 0: not known
    bool fits() const { return free == 0 || dense + sparse <= free; }
    bool fitsApart() const { return free == 0 || std::max(dense, sparse) <= free; } ///< one after the other
};

/// What a user said after the prompt.
struct CompareTurn {
    int before = 0; ///< the token that answers it first
    QString text;
};

class CompareModel : public QObject {
    Q_OBJECT
public:
    enum class State { Empty, Reading, Running, Resting };
    static constexpr double kAlert = 0.1;  ///< nats: a token worth a look
    static constexpr double kMended = 0.1; ///< of its KL is left when a token counts as mended

    explicit CompareModel(Workspace& workspace, QObject* parent = nullptr);
    ~CompareModel() override;

    Workspace& workspace() { return m_workspace; }

    // What the next comparison starts from.

    /// Why none can start; empty: it can.
    QString obstacle() const;
    bool hasPlan() const { return !m_workspace.plan().isDense(); }
    int maxNew() const { return m_maxNew; }
    void setMaxNew(int tokens);
    CompareMemory memory() const;
    /// The longest prompt whose caches fit, apart or together, in steps of 64 tokens; 0: none does.
    std::int64_t longestPrompt() const;
    CompareFeed feed() const { return m_feed; }
    /// Of the present conversation at once, and of the next ones.
    void setFeed(CompareFeed feed);
    std::int64_t promptTokens() const { return std::int64_t(promptIds().size()); }

    // Running.

    State state() const { return m_state; }
    Job* job() const { return m_job; } ///< the running or queued one; null: none
    /// A new conversation on the workspace's prompt and plan.
    void start(const CompareGoal& goal, bool apart = false);
    /// Starts, goes on, or comes to rest after the present token.
    void runOrPause();
    void step();
    void runToDivergence();
    void cancel();
    CompareRest rest() const { return m_rest; } ///< why it rests
    bool canGoOn() const;
    /// Both go on with another token at `at`; what came after is forgotten.
    void continueFrom(int at, int token);
    /// A further message to both; empty reason: it can be said.
    QString whyNotSay() const;
    void say(const QString& text);
    const std::vector<CompareTurn>& turns() const { return m_turns; }
    /// The plan in use is not the one of the conversation any more.
    bool isStale() const;
    /// What the plan in use costs in the running conversation; nothing: not known yet.
    const std::optional<CompareCost>& swapCost() const { return m_swapCost; }
    void swapPlan();
    // What the plan saves, measured apart from the conversation.
    void measureSaving();
    const CompareSaving* saving() const { return m_saving ? &*m_saving : nullptr; }

    // The conversation.

    const std::optional<CompareSetup>& setup() const { return m_setup; }
    const CompareRequest& request() const { return m_request; }
    std::shared_ptr<const PromptValue> prompt() const { return m_prompt; }
    const std::vector<CompareToken>& tokens() const { return m_tokens; }
    int firstDivergence() const { return m_first; } ///< −1: none
    /// Tokens a second of one side: the median over steps but the first, which warms up; 0: too few.
    double tokensPerSecond(bool ofDense) const;
    double meanKl() const;

    // The chosen token.

    int selected() const { return m_selected; } ///< −1: none
    void select(int token);
    /// Next (+1) or previous (−1) peak of the KL.
    void selectPeak(int direction);
    std::vector<int> peaks() const;
    const QString& sentence(int token) const { return m_sentences[std::size_t(token)]; } ///< for screen readers and tips
    /// Its divergence is the plan's doing alone, and can be asked about.
    bool isComparable(int token) const;

    // Blame.

    /// For the chosen token, or the first divergence where none is.
    void blame();
    /// The answer for the chosen token is on its way.
    bool isBlaming() const { return m_blaming >= 0 && m_blaming == m_selected; }
    /// Of the chosen token; null: nobody asked, or it is on its way.
    const CompareBlame* blameNow() const;
    /// KL with that head alone widened; null: not scored.
    const CompareScore* score(int layer, int kvHead) const;
    const CompareScore* mending() const { return m_mending ? &*m_mending : nullptr; }
    int row() const { return m_row; } ///< chosen blame row; −1: none
    void chooseRow(int row);
    void scoreRow(int row);
    void rerunRow(int row);
    /// One undo step: the row's head shows what its score let it see, everything. False, changing nothing, for a pinned
    /// head, which the document says.
    bool applyRow(int row);
    bool applyMending();
    /// Least span that shows `share` of the attention that the row's rule hides; 0: not known.
    std::int64_t spanForEvidence(int row, double share = 0.95) const;
    bool applyEvidenceSpan(int row);
    /// The plan's figures with that row at another span: density at the conversation's N, KV bytes more.
    struct Price {
        double density = 0;
        std::int64_t moreBytes = 0;
    };
    Price priceOf(const std::vector<HeadRef>& heads) const;
    std::vector<HeadRef> mendingHeads() const;

    // Numbers of rows in the history; 0: none is kept.
    qint64 runNumber() const { return m_workspace.engine().history.run(m_ticket); }

    void clear();

signals:
    void stateChanged();     ///< state, setup, memory, obstacle
    void tokensChanged();    ///< while both write: 30 times a second at most
    void progressChanged();  ///< of the job
    void selectionChanged();
    void blameChanged();     ///< blame, scores, row
    void shortOfMemory(const moa::CompareMemory& need);

private:
    std::vector<int> promptIds() const;
    QString makeSentence(int token) const;
    void tellTokens(); ///< now
    bool widen(const std::vector<HeadRef>& heads, const Rule& rule, const QString& what);
    void connectService();
    void onToken(const CompareToken& token);
    void onCut(int tokens);
    void onPlan();
    void go(Job* job, bool records, const QString& title);
    void onRest(CompareRest why);
    void onBlame(const CompareBlame& blame);
    void onScore(const CompareScore& score);
    void onJobEnd(Job* job, const QString& title);
    void record();
    void finishRecord(JobState state, const QString& error);
    void forgetBlame();
    bool isMine(quint64 generation) const { return m_generation != 0 && generation == m_generation; }

    Workspace& m_workspace;
    CompareService& m_service;
    State m_state = State::Empty;
    CompareRest m_rest = CompareRest::Paused;
    int m_maxNew = 64;
    quint64 m_generation = 0;
    QPointer<Job> m_job;
    CompareRequest m_request;
    std::shared_ptr<const PromptValue> m_prompt;
    std::optional<CompareSetup> m_setup;
    std::vector<CompareToken> m_tokens;
    std::vector<QString> m_sentences; ///< by token
    int m_first = -1;                 ///< divergence
    QTimer m_tokensTimer;             ///< until new tokens are told
    std::vector<CompareTurn> m_turns;
    int m_comparableFrom = 0; ///< tokens before were decided under another plan
    CompareFeed m_feed = CompareFeed::Own;
    std::optional<CompareCost> m_swapCost;
    std::optional<CompareSaving> m_saving;
    SparsePlan m_savingPlan; ///< that it was measured with
    bool m_isStarting = false;
    int m_selected = -1;
    bool m_follows = true; ///< the newest token is the chosen one
    std::optional<CompareBlame> m_blame;
    int m_blaming = -1; ///< token asked about
    std::map<std::pair<int, int>, CompareScore> m_scores;
    std::optional<CompareScore> m_mending;
    int m_row = -1;
    RunTicket m_ticket = 0;
    bool m_isRecording = false;
};

} // namespace moa
