#include "store/query/lineage.h"

#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <deque>
#include <map>

namespace moa {
namespace {

constexpr std::size_t kMostPlans = 200;
using Kind = LineageNode::Kind;

TimePoint timeOf(std::int64_t milliseconds) {
    return TimePoint(std::chrono::milliseconds(milliseconds));
}

class Builder {
public:
    explicit Builder(const Connection& c) : m_c(c) {}

    Lineage run(PlanId focus, int usesOfEach) {
        collectPlans(focus);
        for (const std::int64_t plan : m_plans) addOrigins(plan);
        for (const std::int64_t plan : m_plans) addUses(plan, usesOfEach);
        setDepths();
        return std::move(m_lineage);
    }

private:
    /// Breadth first over parents, children and copies; a cycle cannot make it longer.
    void collectPlans(PlanId focus) {
        std::deque<std::int64_t> open{focus.value};
        while (!open.empty() && m_plans.size() < kMostPlans) {
            const std::int64_t plan = open.front();
            open.pop_front();
            if (std::ranges::find(m_plans, plan) != m_plans.end()) continue;
            Statement row(m_c, "SELECT name, origin, created_at, parent_id FROM plans WHERE id = ?", plan);
            if (!row.step()) continue;
            m_plans.push_back(plan);
            add({Kind::Plan, plan, row.text(0), row.text(1), timeOf(row.integer(2)), 0, plan == focus.value});
            if (!row.isNull(3)) open.push_back(row.integer(3));
            for (Statement kin(m_c,
                               "SELECT id FROM plans WHERE parent_id = ?1 UNION SELECT b.id FROM plans a "
                               "JOIN plans b ON "
                               "b.sha256 = a.sha256 AND b.id <> a.id WHERE a.id = ?1 AND a.sha256 <> ''",
                               plan);
                 kin.step();)
                open.push_back(kin.integer(0));
        }
    }

    void addOrigins(std::int64_t plan) {
        const std::size_t to = m_numbers.at({Kind::Plan, plan});
        Statement parent(m_c, "SELECT parent_id, origin FROM plans WHERE id = ? AND parent_id IS NOT NULL",
                         plan);
        if (parent.step()) connect(Kind::Plan, parent.integer(0), to, parent.text(1));
        // The oldest of equal plans is the one that was copied.
        Statement copy(m_c,
                       "SELECT min(b.id) FROM plans a JOIN plans b ON b.sha256 = a.sha256 WHERE a.id = ? AND "
                       "a.sha256 <> ''",
                       plan);
        if (copy.step() && !copy.isNull(0) && copy.integer(0) != plan)
            connect(Kind::Plan, copy.integer(0), to, "copied");
        for (Statement run(
                 m_c,
                 "SELECT DISTINCT r.id, r.command, r.status, r.started_at, r.profile_id FROM searches s "
                 "JOIN runs r ON r.id = s.run_id WHERE s.plan_id = ?",
                 plan);
             run.step();) {
            const std::size_t search =
                add({Kind::Run, run.integer(0), run.text(1), run.text(2), timeOf(run.integer(3)), 0, false});
            m_lineage.edges.push_back({search, to, "found"});
            if (!run.isNull(4)) addProfile(run.integer(4), search);
        }
    }

    void addProfile(std::int64_t profile, std::size_t search) {
        const bool known = m_numbers.contains({Kind::Profile, profile});
        Statement row(m_c, "SELECT path, calibration FROM profiles WHERE id = ?", profile);
        if (!row.step()) return;
        const std::size_t node = add({Kind::Profile, profile, row.text(0), row.text(1), {}, 0, false});
        m_lineage.edges.push_back({node, search, "searched"});
        if (known) return;
        for (Statement run(m_c,
                           "SELECT id, command, status, started_at FROM runs WHERE profile_id = ? AND "
                           "command = 'profile'",
                           profile);
             run.step();) {
            const std::size_t maker =
                add({Kind::Run, run.integer(0), run.text(1), run.text(2), timeOf(run.integer(3)), 0, false});
            m_lineage.edges.push_back({maker, node, "profiled"});
        }
    }

    void addUses(std::int64_t plan, int most) {
        const std::size_t from = m_numbers.at({Kind::Plan, plan});
        Statement runs(
            m_c, "SELECT id, command, status, started_at FROM runs WHERE plan_id = ? ORDER BY id DESC", plan);
        for (int shown = 0; runs.step(); ++shown) {
            if (shown >= most) {
                ++m_lineage.omittedRuns;
                continue;
            }
            const std::size_t run = add(
                {Kind::Run, runs.integer(0), runs.text(1), runs.text(2), timeOf(runs.integer(3)), 0, false});
            m_lineage.edges.push_back({from, run, "used"});
        }
    }

    std::size_t add(LineageNode node) {
        const auto [at, isNew] = m_numbers.try_emplace({node.kind, node.id}, m_lineage.nodes.size());
        if (isNew) m_lineage.nodes.push_back(std::move(node));
        return at->second;
    }

    void connect(Kind kind, std::int64_t from, std::size_t to, const std::string& how) {
        const auto found = m_numbers.find({kind, from}); // a plan beyond the most shown has no node
        if (found != m_numbers.end() && found->second != to)
            m_lineage.edges.push_back({found->second, to, how});
    }

    /// Longest ways by repeated relaxing; a cycle ends it after as many rounds as there are nodes.
    void setDepths() {
        for (std::size_t round = 0; round < m_lineage.nodes.size(); ++round) {
            bool changed = false;
            for (const LineageEdge& edge : m_lineage.edges) {
                const int depth = m_lineage.nodes[edge.from].depth + 1;
                if (m_lineage.nodes[edge.to].depth >= depth) continue;
                m_lineage.nodes[edge.to].depth = depth;
                changed = true;
            }
            if (!changed) return;
        }
    }

    const Connection& m_c;
    std::vector<std::int64_t> m_plans;
    std::map<std::pair<Kind, std::int64_t>, std::size_t> m_numbers;
    Lineage m_lineage;
};

} // namespace

Lineage lineageOf(History& history, PlanId plan, int usesOfEach) {
    Transaction snapshot(history.connection(), Transaction::Kind::Read);
    history.showPlan(plan); // UsageError where there is none
    return Builder(history.connection()).run(plan, usesOfEach);
}

} // namespace moa
