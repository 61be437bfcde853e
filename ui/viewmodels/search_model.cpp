// Bounds to requests, answers to candidates.
#include "ui/viewmodels/search_model.h"

#include "ui/viewmodels/search_table_model.h"

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace moa {
namespace {

std::map<HeadRef, Rule> pinnedRules(const PlanDocument& document) {
    std::map<HeadRef, Rule> rules;
    for (const HeadRef head : document.pins()) rules[head] = document.rule(head);
    return rules;
}

bool isNoWorse(const SearchCandidate& a, const SearchCandidate& b) {
    return std::ranges::all_of(a.price.loss, [&](const auto& at) { return at.second <= b.price.loss.at(at.first); });
}

} // namespace

SearchModel::SearchModel(Workspace& workspace, QObject* parent)
    : QObject(parent), m_workspace(workspace), m_service(workspace.engine().search) {
    connect(&m_service, &SearchService::opened, this, &SearchModel::onSubject);
    connect(&m_service, &SearchService::failed, this, [this](const QString& path, const JobError& error) {
        m_awaiting = false;
        emit solvingChanged();
        emit m_workspace.problem({QStringLiteral("search"), tr("%1 cannot be searched").arg(QFileInfo(path).fileName()), error.message, {}});
    });
    connect(&m_service, &SearchService::answered, this, [this](quint64, const SearchAnswer& answer) { onAnswer(answer); });
    connect(&m_service, &SearchService::unanswered, this, [this] { settle(); });
    connect(&m_service, &SearchService::infeasible, this,
            [this](quint64, const QString& text, const QList<SearchRemedy>& remedies) {
                m_reason = text.isEmpty() ? tr("no plan meets these bounds") : text;
                m_remedies = remedies;
                m_current = true;
                rebuild();
                emit bestChanged();
                settle();
            });
    connect(&m_service, &SearchService::frontPoint, this, [this](quint64 generation, const FrontPoint& point) {
        if (m_frontGeneration != generation) m_frontSeen.clear();
        m_frontGeneration = generation;
        onFront(point);
    });
    connect(&m_service, &SearchService::frontDone, this, [this](quint64 generation) {
        if (m_frontGeneration != generation) m_frontSeen.clear(); // no density has a plan
        m_frontGeneration = generation;
        onFrontDone();
    });
    connect(&m_service, &SearchService::lengthsPoint, this, [this](quint64 generation, const FrontPoint& point) {
        if (m_lengthsGeneration != generation) m_lengths.clear();
        m_lengthsGeneration = generation;
        onLengths(point);
    });
    connect(&m_service, &SearchService::finished, this, [this] {
        settle();
        emit solvingChanged();
    });
    connect(&workspace.engine().plans, &PlanService::profileRead, this,
            [this](const QString& path) { m_service.openProfile(path); });
    connect(&workspace.engine().plans, &PlanService::storedProfileRead, this,
            [this](const QString& model) { m_service.openStoredProfile(model); });
    connect(&workspace.plan(), &PlanDocument::changed, this, &SearchModel::onDocument);
}

SearchBounds SearchModel::fitted(SearchBounds bounds) const {
    if (!hasSubject()) return bounds;
    const auto lacks = [](const std::vector<int>& lengths, int length) { return std::ranges::find(lengths, length) == lengths.end(); };
    std::erase_if(bounds.loss, [&](const auto& at) { return lacks(m_subject.lengths, at.first); });
    std::erase_if(bounds.densityAt, [&](const auto& at) { return lacks(m_subject.densityLengths, at.first); });
    if (lacks(m_subject.lengths, bounds.objective)) bounds.objective = 0;
    return bounds;
}

void SearchModel::onSubject(const SearchSubject& subject) {
    m_subject = subject;
    m_best.reset();
    m_trace.clear();
    m_reason = QString();
    m_remedies.clear();
    m_front.clear();
    m_lengths.clear();
    m_frontStale = true;
    m_awaiting = m_moved = m_current = false;
    m_bounds = fitted(m_bounds);
    // Without a model the profile says what the heads are.
    PlanDocument& document = m_workspace.plan();
    if (!m_workspace.model() && document.isDense()) document.setShape(subject.layers, subject.heads, subject.kvHeads);
    rebuild();
    emit subjectChanged();
    emit boundsChanged();
    emit bestChanged();
    if (m_live) solve();
}

QString SearchModel::mismatch() const {
    const SparsePlan& shape = m_workspace.plan().plan();
    if (!hasSubject() || m_subject.fits(shape)) return {};
    return tr("The profile has %1 layers of %2 KV heads, %3 has %4 of %5.")
        .arg(m_subject.layers)
        .arg(m_subject.kvHeads)
        .arg(m_workspace.model() ? tr("the model in use") : tr("the plan in use"))
        .arg(shape.layers)
        .arg(shape.kvHeads);
}

int SearchModel::objectiveLength() const {
    return m_bounds.objective != 0 || m_subject.lengths.empty() ? m_bounds.objective : m_subject.lengths.back();
}

int SearchModel::keptPins() const {
    return m_bounds.keepsPins && mismatch().isEmpty() ? int(m_workspace.plan().pins().size()) : 0;
}

SearchOptions SearchModel::options() const {
    SearchOptions options;
    options.density = m_bounds.density;
    options.densityAt = m_bounds.densityAt;
    options.minDensityShare = m_bounds.share;
    options.objectiveLength = m_bounds.objective;
    for (const auto& [length, nats] : m_bounds.loss) options.lossLimits[length].upper = nats;
    options.rulesPerLayer = m_bounds.rulesPerLayer;
    if (keptPins() > 0)
        for (const auto& [head, rule] : pinnedRules(m_workspace.plan()))
            options.pins.push_back({head.layer, head.kvHead, Pin::Kind::Exact, rule, 0, 0});
    return options;
}

/// The front is what a density buys under everything but the density and the drawn loss themselves: those are lines over it.
bool SearchModel::shapesFront(const SearchBounds& bounds) const {
    const auto others = [this](std::map<int, double> losses) {
        losses.erase(objectiveLength());
        return losses;
    };
    return bounds.share != m_bounds.share || bounds.rulesPerLayer != m_bounds.rulesPerLayer || bounds.objective != m_bounds.objective ||
           bounds.keepsPins != m_bounds.keepsPins || bounds.densityAt != m_bounds.densityAt ||
           (!bounds.densityAt.empty() && bounds.density != m_bounds.density) || others(bounds.loss) != others(m_bounds.loss);
}

void SearchModel::setBounds(const SearchBounds& bounds) {
    if (bounds == m_bounds) return;
    m_frontStale = m_frontStale || shapesFront(bounds);
    m_bounds = bounds;
    m_current = false;
    emit boundsChanged();
    emit candidatesChanged();
    if (m_live) solve();
}

void SearchModel::setLive(bool live) {
    m_live = live;
    if (live && !m_current) solve();
}

void SearchModel::solve(bool withLengths) {
    if (!hasSubject()) return;
    // Under a moving hand each request gets its first word before the next one is made, or none would ever be heard.
    if (m_awaiting && !withLengths) {
        m_moved = true;
        return;
    }
    SearchRequest request;
    request.options = options();
    if (m_frontStale) {
        request.front = SearchService::frontDensities(m_bounds.density);
        request.frontSeconds = m_subject.layers * m_subject.kvHeads > 256 ? 0.05 : 0.02;
    }
    request.lengths = withLengths;
    m_pinned = pinnedRules(m_workspace.plan());
    m_awaiting = true;
    m_moved = false;
    m_trace.clear();
    m_service.solve(request);
    emit solvingChanged();
}

void SearchModel::settle() {
    m_awaiting = false;
    if (m_moved) solve();
}

void SearchModel::stop() {
    m_service.cancel();
    m_awaiting = m_moved = false;
    emit solvingChanged();
}

void SearchModel::onAnswer(const SearchAnswer& answer) {
    const bool first = m_trace.empty();
    std::vector<ShadowPrice> prices = m_best ? m_best->prices : std::vector<ShadowPrice>();
    std::optional<SearchAnswer> before = std::exchange(m_best, answer);
    if (!first && before) {
        // Of one request the plan only gets better and the bound only higher; a proof begins with less than is known.
        SearchOutcome& now = m_best->outcome;
        const double bound = std::max(before->outcome.lowerBound, now.lowerBound);
        if (before->outcome.objective < now.objective) std::tie(now, m_best->plan) = std::tie(before->outcome, before->plan);
        now.lowerBound = bound;
        now.gap = std::max(now.objective - bound, 0.0) / std::max(std::abs(now.objective), 1e-15);
    }
    if (answer.prices.empty() && !answer.isProven) m_best->prices = std::move(prices); // those of the proof come with it
    if (first) m_quickSeconds = answer.seconds;
    m_trace.push_back({answer.seconds, m_best->outcome.objective, m_best->outcome.lowerBound});
    m_reason = QString();
    m_remedies.clear();
    m_current = !m_moved;
    rebuild();
    emit bestChanged();
    settle();
}

SearchCandidate SearchModel::candidate(SearchCandidate::Kind kind, const FrontPoint& point) const {
    SearchCandidate made;
    made.kind = kind;
    made.bound = point.bound;
    made.plan = point.plan;
    made.price = {point.outcome.loss, point.outcome.density, point.outcome.distinctRules};
    if (std::isfinite(point.outcome.gap)) made.gap = point.outcome.gap;
    made.lowerBound = point.outcome.lowerBound;
    return made;
}

void SearchModel::onFront(const FrontPoint& point) {
    // Under a moving hand a sweep seldom ends: each point takes the place of its elder.
    const auto at = std::ranges::lower_bound(m_front, point.bound, {}, &SearchCandidate::bound);
    if (at != m_front.end() && at->bound == point.bound)
        *at = candidate(SearchCandidate::Kind::Front, point);
    else
        m_front.insert(at, candidate(SearchCandidate::Kind::Front, point));
    m_frontSeen.insert(point.bound);
    rebuild();
}

void SearchModel::onFrontDone() {
    std::erase_if(m_front, [this](const SearchCandidate& c) { return !m_frontSeen.contains(c.bound); }); // no plan there any more
    m_frontStale = false;
    rebuild();
}

void SearchModel::onLengths(const FrontPoint& point) {
    SearchCandidate found = candidate(SearchCandidate::Kind::Lengths, point);
    if (std::ranges::any_of(m_lengths, [&](const SearchCandidate& c) { return c.price.loss == found.price.loss; })) return;
    for (SearchCandidate& other : m_lengths) {
        other.isDominated = other.isDominated || isNoWorse(found, other);
        found.isDominated = found.isDominated || isNoWorse(other, found);
    }
    m_lengths.push_back(std::move(found));
    rebuild();
}

void SearchModel::onDocument() {
    if (!hasSubject()) return;
    const bool pins = m_bounds.keepsPins && pinnedRules(m_workspace.plan()) != m_pinned;
    rebuild();
    if (!pins) return;
    m_frontStale = true;
    m_current = false;
    emit boundsChanged();
    if (m_live) solve();
}

void SearchModel::rebuild() {
    m_candidates.clear();
    if (m_best && m_reason.isNull()) {
        m_candidates.push_back(candidate(SearchCandidate::Kind::Best, {m_bounds.density, m_best->outcome, m_best->plan}));
        m_candidates.back().name = tr("Best");
    }
    int number = 0;
    for (const std::vector<SearchCandidate>* list : {&m_front, &m_lengths})
        for (const SearchCandidate& found : *list) {
            if (found.isDominated) continue;
            m_candidates.push_back(found);
            m_candidates.back().name = found.kind == SearchCandidate::Kind::Front
                                           ? tr("c%1").arg(std::lround(found.bound * 100), 2, 10, QLatin1Char('0'))
                                           : tr("n%1").arg(++number);
        }
    const PlanDocument& document = m_workspace.plan();
    if (hasSubject() && !document.isDense() && m_subject.fits(document.plan())) {
        SearchCandidate own;
        own.kind = SearchCandidate::Kind::Document;
        own.name = document.name();
        own.plan = document.plan();
        own.price = m_subject.price(own.plan);
        m_candidates.push_back(std::move(own));
    }
    emit candidatesChanged();
}

QString SearchModel::broken(const SearchCandidate& candidate, bool isShort) const {
    constexpr double kSlack = 1e-9;
    for (const auto& [length, density] : candidate.price.density) {
        const auto own = m_bounds.densityAt.find(length);
        if (density > (own == m_bounds.densityAt.end() ? m_bounds.density : own->second) + kSlack)
            return isShort ? tr("Over density") : tr("Over density at %1").arg(search_text::shortLength(length));
    }
    for (const auto& [length, most] : m_bounds.loss) {
        const auto loss = candidate.price.loss.find(length);
        if (loss != candidate.price.loss.end() && loss->second > most + kSlack)
            return isShort ? tr("Over loss") : tr("Over loss at %1").arg(search_text::shortLength(length));
    }
    return {};
}

void SearchModel::remedy(const SearchRemedy& remedy) {
    SearchBounds bounds = m_bounds;
    switch (remedy.kind) {
    case SearchRemedy::Kind::RaiseDensity:
        bounds.density = remedy.density;
        bounds.densityAt.clear();
        break;
    case SearchRemedy::Kind::RaiseLoss:
        for (const auto& [length, nats] : remedy.loss) bounds.loss[length] = nats;
        break;
    case SearchRemedy::Kind::LowerShare: bounds.share = 0; break;
    case SearchRemedy::Kind::AllowRules: bounds.rulesPerLayer = 0; break;
    case SearchRemedy::Kind::Unpin: {
        std::set<HeadRef> heads;
        for (const Pin& pin : remedy.unpinned) heads.insert({pin.layer, pin.kvHead});
        m_workspace.plan().setPinned(heads, false); // an edit; solving follows from it
        return;
    }
    }
    setBounds(bounds);
    if (!m_live) solve();
}

/// As `moa search` writes it into a plan's passport.
QByteArray SearchModel::origin(const SearchCandidate& candidate) const {
    const auto byLength = [](const std::map<int, double>& values) {
        QJsonObject object;
        for (const auto& [length, value] : values) object[QString::number(length)] = value;
        return object;
    };
    SearchBounds bounds = m_bounds;
    if (candidate.kind == SearchCandidate::Kind::Front) bounds.density = candidate.bound;
    QJsonObject samples;
    for (const auto& [length, count] : m_subject.samples) samples[QString::number(length)] = count;
    QJsonObject search{{QStringLiteral("bounds"), QJsonDocument::fromJson(boundsText(bounds)).object()},
                       {QStringLiteral("density_bound"), bounds.density},
                       {QStringLiteral("objective_length"), objectiveLength()},
                       {QStringLiteral("loss"), byLength(candidate.price.loss)},
                       {QStringLiteral("density"), byLength(candidate.price.density)},
                       {QStringLiteral("rules"), candidate.price.rules},
                       {QStringLiteral("estimate"), QStringLiteral("joint")},
                       {QStringLiteral("granularity"), QStringLiteral("elastic")},
                       {QStringLiteral("solver"), QStringLiteral("lagrangian")}};
    if (candidate.gap) search[QStringLiteral("gap")] = *candidate.gap;
    const QJsonObject profile{{QStringLiteral("file"), m_subject.name},
                              {QStringLiteral("samples"), samples},
                              {QStringLiteral("calibration"), m_subject.calibration}};
    return QJsonDocument(QJsonObject{{QStringLiteral("search"), search}, {QStringLiteral("profile"), profile}}).toJson(QJsonDocument::Compact);
}

ApplyPrice SearchModel::applyPrice(const SearchCandidate& candidate) const {
    ApplyPrice price;
    const SparsePlan& now = m_workspace.plan().plan();
    if (!m_workspace.plan().fits(candidate.plan)) return price;
    const std::int64_t n = m_workspace.length();
    const WindowMap from = windowsAt(now, n), to = windowsAt(candidate.plan, n);
    for (std::size_t i = 0; i < from.windows.size(); ++i) {
        price.narrower += to.windows[i] < from.windows[i];
        price.wider += to.windows[i] > from.windows[i];
    }
    if (price.wider > 0) price.seconds = m_workspace.prefillSeconds();
    return price;
}

bool SearchModel::apply(const SearchCandidate& candidate) {
    PlanDocument& document = m_workspace.plan();
    const SparsePlan& plan = candidate.plan;
    if (!document.fits(plan)) return false;
    if (plan.sink != document.plan().sink) {
        m_workspace.noteOrigin(plan, origin(candidate));
        document.open({candidate.name, {}, plan, {}});
        return true;
    }
    std::map<HeadRef, std::vector<Rule>> rules;
    const int group = plan.heads / plan.kvHeads;
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) {
            const auto first = plan.rules.begin() + (std::ptrdiff_t(l) * plan.heads + std::ptrdiff_t(g) * group);
            rules[{l, g}] = {first, first + group};
        }
    m_workspace.noteOrigin(plan, origin(candidate));
    return document.setRules(rules, tr("Apply search result, density %1").arg(candidate.price.density.rbegin()->second, 0, 'f', 4));
}

} // namespace moa
