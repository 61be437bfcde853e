// Relaxing one kind of bound at a time, and asking whether a plan is there.
#include "ui/jobs/search_remedies.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace moa {
namespace {

constexpr double kDensityStep = 0.005;

/// Up to two digits.
double roundedUp(double nats) {
    const double unit = std::pow(10, std::floor(std::log10(std::max(nats, 1e-12))) - 1);
    return std::ceil(nats / unit) * unit;
}

class Remedies {
public:
    Remedies(SearchSession& session, const SearchOptions& options, double seconds, const std::stop_token& stop)
        : m_session(session), m_options(options), m_seconds(seconds), m_stop(stop) {
        m_options.explain = false;
    }

    std::vector<SearchRemedy> find() {
        lowerShare();
        unpin();
        raiseDensity();
        raiseLoss();
        allowRules();
        return std::move(m_found);
    }

private:
    SearchOutcome solve(const SearchOptions& options) {
        return m_stop.stop_requested() ? SearchOutcome{} : m_session.solve(options, {m_seconds, 0.05}, m_stop);
    }
    bool helps(const SearchOptions& options) { return solve(options).hasPlan(); }

    void lowerShare() {
        if (m_options.minDensityShare <= 0 && m_options.minDensityShareAt.empty()) return;
        SearchOptions free = m_options;
        free.minDensityShare = 0;
        free.minDensityShareAt.clear();
        if (helps(free)) m_found.push_back({.kind = SearchRemedy::Kind::LowerShare});
    }

    /// The widest pins go first: two, then twice as many, in the end all.
    void unpin() {
        std::vector<Pin> pins = m_options.pins;
        if (pins.empty()) return;
        const int n = m_session.instance().densityLengths().back(), sink = m_session.instance().sink;
        std::ranges::stable_sort(pins, std::greater<>{}, [&](const Pin& pin) { return cacheOf(pin.rule, n, sink); });
        for (std::size_t count = std::min<std::size_t>(2, pins.size());; count = std::min(2 * count, pins.size())) {
            SearchOptions fewer = m_options;
            fewer.pins.assign(pins.begin() + std::ptrdiff_t(count), pins.end());
            if (helps(fewer)) {
                m_found.push_back({.kind = SearchRemedy::Kind::Unpin,
                                   .unpinned = {pins.begin(), pins.begin() + std::ptrdiff_t(count)}});
                return;
            }
            if (count == pins.size() || m_stop.stop_requested()) return;
        }
    }

    SearchOptions withDensity(double density) const {
        SearchOptions options = m_options;
        options.density = density;
        options.densityAt.clear();
        return options;
    }

    /// The least density with a plan, on whole steps.
    void raiseDensity() {
        if (!m_options.density) return;
        int least = 1 + int(std::floor(*m_options.density / kDensityStep + 1e-9)), most = int(std::lround(1 / kDensityStep));
        if (least > most || !helps(withDensity(1))) return;
        while (least < most) {
            const int middle = (least + most) / 2;
            if (helps(withDensity(middle * kDensityStep)))
                most = middle;
            else
                least = middle + 1;
            if (m_stop.stop_requested()) return;
        }
        m_found.push_back({.kind = SearchRemedy::Kind::RaiseDensity, .density = most * kDensityStep});
    }

    /// Each limit as far as the plan of the least loss at its length asks for.
    void raiseLoss() {
        if (m_options.lossLimits.empty()) return;
        SearchOptions free = m_options;
        free.lossLimits.clear();
        SearchRemedy remedy{.kind = SearchRemedy::Kind::RaiseLoss};
        SearchOptions raised = m_options;
        const SearchOutcome plan = solve(free);
        if (!plan.hasPlan()) return;
        for (auto& [length, limit] : raised.lossLimits) {
            if (!limit.upper || plan.loss.at(length) <= *limit.upper) continue;
            remedy.loss[length] = roundedUp(plan.loss.at(length));
            limit.upper = remedy.loss[length];
        }
        if (!remedy.loss.empty() && helps(raised)) m_found.push_back(std::move(remedy));
    }

    void allowRules() {
        if (m_options.rulesPerLayer == 0) return;
        SearchOptions free = m_options;
        free.rulesPerLayer = 0;
        if (helps(free)) m_found.push_back({.kind = SearchRemedy::Kind::AllowRules});
    }

    SearchSession& m_session;
    SearchOptions m_options;
    double m_seconds;
    std::stop_token m_stop;
    std::vector<SearchRemedy> m_found;
};

} // namespace

std::vector<SearchRemedy> findRemedies(SearchSession& session, const SearchOptions& options, double secondsEach,
                                       const std::stop_token& stop) {
    return Remedies(session, options, secondsEach, stop).find();
}

} // namespace moa
