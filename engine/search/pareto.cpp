#include "engine/search/pareto.h"

#include "engine/core/error.h"
#include "engine/search/problem.h"
#include "engine/search/search_session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMaxSolves = 5000;

/// Shares what is left of a time limit evenly among the solves to come.
class TimeShare {
public:
    TimeShare(double seconds, int solves) : m_start(Clock::now()), m_seconds(seconds), m_left(solves) {}
    double next() {
        const double used = std::chrono::duration<double>(Clock::now() - m_start).count();
        return std::max(1e-3, (m_seconds - used) / std::max(1, m_left--));
    }
    bool over() const { return std::chrono::duration<double>(Clock::now() - m_start).count() >= m_seconds; }

private:
    Clock::time_point m_start;
    double m_seconds;
    int m_left;
};

/// b is no worse anywhere and better somewhere, or equal and earlier.
bool dominates(const SearchOutcome& b, const SearchOutcome& a, bool earlier) {
    bool better = false;
    for (const auto& [n, loss] : a.loss) {
        if (b.loss.at(n) > loss) return false;
        better = better || b.loss.at(n) < loss;
    }
    return better || earlier;
}

int solvesOf(int lengths, int cells) {
    double perObjective = 1;
    for (int i = 1; i < lengths; ++i) perObjective *= cells;
    const double total = lengths + (lengths > 1 ? lengths * perObjective : 0.0);
    if (total > kMaxSolves)
        throw UsageError("a Pareto set over " + std::to_string(lengths) + " lengths would take more than " +
                         std::to_string(kMaxSolves) + " searches: use fewer lengths or edges");
    return static_cast<int>(total);
}

class ParetoBuilder {
public:
    ParetoBuilder(const SearchInstance& instance, const SearchOptions& options, int edges,
                  std::stop_token stop, const ProgressFn& progress, const ParetoFn& onPoint)
        : m_instance(instance), m_options(options), m_cells(edges - 1), m_stop(stop), m_progress(progress),
          m_onPoint(onPoint), m_total(solvesOf(static_cast<int>(instance.lengths.size()), m_cells)),
          m_time(options.timeLimit, m_total), m_session(instance) {}

    ParetoSet build() {
        singleObjectives();
        if (!m_all.empty() && m_instance.lengths.size() > 1)
            for (int objective : m_instance.lengths) cellsOf(objective);
        m_set.feasible = static_cast<int>(m_all.size());
        for (std::size_t i = 0; i < m_all.size(); ++i) {
            ParetoPoint& point = m_all[i];
            point.dominated = false;
            for (std::size_t j = 0; j < m_all.size() && !point.dominated; ++j)
                point.dominated = j != i && dominates(m_all[j].outcome, point.outcome, j < i);
            (point.dominated ? m_set.dominated : m_set.points).push_back(point);
        }
        const int last = m_instance.lengths.back();
        std::stable_sort(m_set.points.begin(), m_set.points.end(),
                         [&](const ParetoPoint& a, const ParetoPoint& b) {
                             return a.outcome.loss.at(last) < b.outcome.loss.at(last);
                         });
        return std::move(m_set);
    }

private:
    bool over() {
        if (m_stop.stop_requested()) m_set.completion = Completion::Cancelled;
        if (m_time.over()) m_set.outOfTime = true;
        return m_set.completion == Completion::Cancelled || m_set.outOfTime;
    }

    void solve(int objective, const std::map<int, LossLimit>& cell) {
        if (over()) return;
        SearchOptions options = m_options;
        options.objectiveLength = objective;
        options.explain = m_options.explain && cell.empty();
        for (const auto& [length, limit] : cell) {
            LossLimit& both = options.lossLimits[length];
            both.lower = std::max(limit.lower.value(), both.lower.value_or(limit.lower.value()));
            both.upper = std::min(limit.upper.value(), both.upper.value_or(limit.upper.value()));
            if (*both.lower > *both.upper) return skip(); // the user's limit excludes the cell
        }
        for (const ParetoPoint& point : m_all) options.starts.push_back(point.outcome.choice);
        SearchOutcome outcome = m_session.solve(options, {m_time.next(), m_options.gapTarget}, m_stop);
        skip();
        if (outcome.hasPlan())
            add({std::move(outcome), objective, cell});
        else if (cell.empty())
            m_set.infeasible = std::move(outcome);
    }

    void skip() {
        ++m_set.solves;
        if (m_progress) m_progress({"pareto", m_set.solves, m_total});
    }

    void add(ParetoPoint point) {
        for (const ParetoPoint& known : m_all)
            point.dominated = point.dominated || dominates(known.outcome, point.outcome, true);
        m_all.push_back(std::move(point));
        if (m_onPoint) m_onPoint(m_all.back());
    }

    void singleObjectives() {
        for (int objective : m_instance.lengths) {
            solve(objective, {});
            if (m_all.empty()) return; // every objective has the same limits: none has a plan
        }
        for (const ParetoPoint& point : m_all)
            for (const auto& [n, loss] : point.outcome.loss) {
                auto& range = m_range.try_emplace(n, loss, loss).first->second;
                range.first = std::min(range.first, loss);
                range.second = std::max(range.second, loss);
            }
    }

    void cellsOf(int objective) {
        std::vector<int> others;
        for (int n : m_instance.lengths)
            if (n != objective) others.push_back(n);
        std::vector<int> place(others.size(), 0);
        while (true) {
            std::map<int, LossLimit> cell;
            for (std::size_t i = 0; i < others.size(); ++i) {
                const auto [low, high] = m_range.at(others[i]);
                const double step = (high - low) / m_cells;
                LossLimit& limit = cell[others[i]];
                limit.lower = low + step * place[i];
                limit.upper = place[i] + 1 == m_cells ? high : low + step * (place[i] + 1);
            }
            solve(objective, cell);
            std::size_t i = 0;
            while (i < place.size() && ++place[i] == m_cells) place[i++] = 0;
            if (i == place.size() || over()) return;
        }
    }

    const SearchInstance& m_instance;
    const SearchOptions& m_options;
    int m_cells;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    const ParetoFn& m_onPoint;
    int m_total;
    TimeShare m_time;
    SearchSession m_session;
    std::vector<ParetoPoint> m_all;
    std::map<int, std::pair<double, double>> m_range;
    ParetoSet m_set;
};

} // namespace

ParetoSet paretoSet(const SearchInstance& instance, const SearchOptions& options, int edges,
                    std::stop_token stop, const ProgressFn& progress, const ParetoFn& onPoint) {
    if (edges < 2) throw UsageError("a Pareto grid needs at least 2 edges");
    return ParetoBuilder(instance, options, edges, stop, progress, onPoint).build();
}

std::vector<SearchOutcome> sweepDensity(const SearchInstance& instance, const SearchOptions& options,
                                        const std::vector<double>& densities, std::stop_token stop,
                                        const ProgressFn& progress, const ParetoFn& onPoint) {
    TimeShare time(options.timeLimit, static_cast<int>(densities.size()));
    SearchSession session(instance);
    std::vector<SearchOutcome> outcomes;
    for (double density : densities) {
        if (stop.stop_requested()) break;
        SearchOptions one = options;
        one.density = density;
        outcomes.push_back(session.solve(one, {time.next(), options.gapTarget}, stop));
        if (onPoint && outcomes.back().hasPlan())
            onPoint({outcomes.back(), objectiveLengthOf(instance, options), options.lossLimits, false});
        if (progress)
            progress({"sweep", static_cast<std::int64_t>(outcomes.size()),
                      static_cast<std::int64_t>(densities.size())});
    }
    return outcomes;
}

std::vector<double> sweepDensities() {
    std::vector<double> densities;
    for (int percent = 10; percent <= 100; percent += 5) densities.push_back(percent / 100.0);
    return densities;
}

} // namespace moa
