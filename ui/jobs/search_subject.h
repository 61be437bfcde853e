// What a search is over, as the interface needs to know it, and what any plan costs there.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/core/profile_data.h"
#include "engine/search/search_instance.h"
#endif

#include <QString>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace moa {

/// Figures of a plan under a profile.
struct PlanPrice {
    std::map<int, double> loss;    ///< estimated, nats, by profiled length; empty: not known
    std::map<int, double> density; ///< by density length
    int rules = 0;                 ///< different ones
};

struct SearchSubject {
    SearchSubject() = default;
    /// Shape and lengths of an instance; of a profile see describe().
    explicit SearchSubject(const SearchInstance& instance);
    void describe(std::shared_ptr<const ProfileData> profile);

    QString name; ///< of the file
    QString path; ///< empty: not of a file
    QString model, modelSha256, calibration;
    int layers = 0, heads = 0, kvHeads = 0, sink = kDefaultSink;
    std::vector<int> lengths;        ///< profiled, tokens, ascending
    std::vector<int> densityLengths; ///< and the further ones whose density is bounded
    std::map<int, int> samples;      ///< by profiled length
    std::shared_ptr<const SearchInstance> instance;
    std::shared_ptr<const ProfileData> profile; ///< null: a bare instance

    bool fits(const SparsePlan& plan) const {
        return plan.layers == layers && plan.heads == heads && plan.kvHeads == kvHeads;
    }
    /// Of a plan that fits. Losses are known where the plan has the profile's sink and, for a bare instance, rules of its
    /// own.
    PlanPrice price(const SparsePlan& plan) const;

private:
    /// nats; nothing where the rule's loss is not known.
    std::optional<double> lossOf(int length, int layer, int kvHead, const Rule& rule) const;
};

} // namespace moa
