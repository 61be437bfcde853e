// JSON in and out, read with doubt.
#include "ui/viewmodels/search_bounds.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostRules = 64, kMostLength = 1 << 24;

QJsonObject byLength(const std::map<int, double>& values) {
    QJsonObject object;
    for (const auto& [length, value] : values) object[QString::number(length)] = value;
    return object;
}

/// False: a length or a value that cannot be.
bool readByLength(const QJsonValue& value, double most, std::map<int, double>& into) {
    if (value.isUndefined()) return true;
    if (!value.isObject()) return false;
    const QJsonObject object = value.toObject();
    for (auto at = object.begin(); at != object.end(); ++at) {
        bool isNumber = false;
        const int length = at.key().toInt(&isNumber);
        const double x = at.value().toDouble(-1);
        if (!isNumber || length < 1 || length > kMostLength || !(x >= 0 && x <= most)) return false;
        into[length] = x;
    }
    return true;
}

bool readNumber(const QJsonValue& value, double least, double most, double& into) {
    if (value.isUndefined()) return true;
    const double x = value.toDouble(std::nan(""));
    if (!(x >= least && x <= most)) return false;
    into = x;
    return true;
}

} // namespace

QByteArray boundsText(const SearchBounds& bounds) {
    return QJsonDocument(QJsonObject{{u"density"_s, bounds.density},
                                     {u"min_density_share"_s, bounds.share},
                                     {u"density_at"_s, byLength(bounds.densityAt)},
                                     {u"max_loss"_s, byLength(bounds.loss)},
                                     {u"rules_per_layer"_s, bounds.rulesPerLayer},
                                     {u"objective_length"_s, bounds.objective},
                                     {u"keeps_pins"_s, bounds.keepsPins}})
        .toJson(QJsonDocument::Compact);
}

std::optional<SearchBounds> boundsOf(const QByteArray& text) {
    const QJsonDocument document = QJsonDocument::fromJson(text);
    if (!document.isObject()) return {};
    QJsonObject from = document.object();
    SearchBounds bounds;
    if (from.contains(u"bounds"_s)) {
        from = from[u"bounds"_s].toObject();
    } else if (from.contains(u"density_bound"_s)) {
        // Passports of earlier programs: "density" and "loss" there are the plan's own.
        from = {{u"density"_s, from[u"density_bound"_s]}, {u"objective_length"_s, from[u"objective_length"_s]}};
    }
    double rules = 0, objective = 0;
    const bool isGood = readNumber(from[u"density"_s], 0.001, 1, bounds.density) && readNumber(from[u"min_density_share"_s], 0, 1, bounds.share) &&
                        readNumber(from[u"rules_per_layer"_s], 0, kMostRules, rules) &&
                        readNumber(from[u"objective_length"_s], 0, kMostLength, objective) &&
                        readByLength(from[u"density_at"_s], 1, bounds.densityAt) && readByLength(from[u"max_loss"_s], 1e6, bounds.loss);
    if (!isGood || !from.contains(u"density"_s)) return {};
    bounds.rulesPerLayer = int(rules);
    bounds.objective = int(objective);
    bounds.keepsPins = from[u"keeps_pins"_s].toBool(true);
    return bounds;
}

} // namespace moa
