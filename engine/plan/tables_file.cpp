#include "engine/plan/tables_file.h"

#include "engine/core/error.h"
#include "engine/plan/json_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace moa {
namespace {

using Json = nlohmann::json;
using jsonfile::Place;

/// 1,600 groups × 200 rules × 8 lengths of 20-digit numbers is about 50 MiB.
constexpr std::uint64_t kMaxTablesBytes = 512u << 20;
constexpr int kMaxSide = 4096;      ///< layers, KV heads
constexpr int kMaxLength = 1 << 30; ///< tokens
constexpr std::size_t kMaxLengths = 1024;

std::vector<int> readLengths(const Json& array, const Place& place, std::set<int>& seen) {
    place.array(array, "an array of lengths");
    if (array.size() > kMaxLengths) place.fail("at most " + std::to_string(kMaxLengths) + " lengths");
    std::vector<int> lengths;
    for (std::size_t i = 0; i < array.size(); ++i) {
        lengths.push_back(static_cast<int>(place[i].integer(array[i], 1, kMaxLength)));
        if (!seen.insert(lengths.back()).second) place[i].fail("every length once");
    }
    std::sort(lengths.begin(), lengths.end());
    return lengths;
}

std::vector<Rule> readRules(const Json& array, const Place& place) {
    place.array(array, "an array of [alpha, beta] pairs");
    if (array.empty()) place.fail("at least one rule");
    std::vector<Rule> rules;
    for (std::size_t r = 0; r < array.size(); ++r) {
        if (!array[r].is_array() || array[r].size() != 2) place[r].fail("a pair [alpha, beta]");
        rules.push_back({place[r][0].number(array[r][0]), place[r][1].number(array[r][1])});
    }
    return rules;
}

/// One row of `rules` numbers, none below `least`.
std::vector<double> readRow(const Json& array, const Place& place, std::size_t rules, double least) {
    place.array(array, "an array of one number per rule");
    if (array.size() != rules)
        place.fail(std::to_string(rules) + " numbers, one per rule, it has " + std::to_string(array.size()));
    std::vector<double> row;
    row.reserve(rules);
    for (std::size_t r = 0; r < rules; ++r) {
        // Places cost text: they are made only for what is wrong.
        const bool good = array[r].is_number() && array[r].get<double>() >= least;
        if (!good) place[r].fail(least == 0 ? "a number of at least 0" : "a number");
        row.push_back(array[r].get<double>());
    }
    return row;
}

std::vector<std::vector<double>> readLoss(const Json& array, const Place& place, const SearchTables& tables) {
    place.array(array, "an array of one row per group (layer, KV head)");
    if (array.size() != std::size_t(tables.groups()))
        place.fail(std::to_string(tables.groups()) + " rows, one per layer and KV head, it has " +
                   std::to_string(array.size()));
    std::vector<std::vector<double>> loss;
    for (std::size_t g = 0; g < array.size(); ++g)
        loss.push_back(readRow(array[g], place[g], tables.rules.size(), -std::numeric_limits<double>::max()));
    return loss;
}

/// Every key of `object` must be one of `lengths`, written as a plain number.
void checkLengthKeys(const Json& object, const Place& place, const std::set<int>& lengths) {
    if (!object.is_object()) place.fail("an object with one entry per length");
    for (const auto& [key, value] : object.items()) {
        int n = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), n);
        if (error != std::errc() || end != key.data() + key.size() || std::to_string(n) != key ||
            lengths.count(n) == 0)
            (place / key).fail("only the lengths listed in the file");
    }
}

/// The text after "what" when a row has other than `want` finite entries.
void requireRow(const std::vector<double>& row, std::size_t want, const char* what) {
    const bool finite = std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); });
    if (row.size() != want || !finite)
        throw UsageError(std::string("search tables: expected ") + what + " of " + std::to_string(want) +
                         " finite numbers, one per rule");
}

void requireSizes(const SearchTables& t) {
    const std::size_t all = t.lengths.size() + t.extraDensityLengths.size();
    if (t.layers < 1 || t.kvHeads < 1 || t.rules.empty() || t.lengths.empty() ||
        t.loss.size() != t.lengths.size() || t.density.size() != all)
        throw UsageError("search tables: expected rules, and losses and densities of every length");
    for (const auto& groups : t.loss) {
        if (groups.size() != std::size_t(t.groups()))
            throw UsageError("search tables: expected one row of losses per layer and KV head");
        for (const auto& row : groups) requireRow(row, t.rules.size(), "rows of losses");
    }
    for (const auto& row : t.density) requireRow(row, t.rules.size(), "rows of densities");
}

} // namespace

SearchTables readSearchTables(const std::string& path) {
    return parseSearchTables(jsonfile::readText(path, kMaxTablesBytes), path);
}

SearchTables parseSearchTables(std::string_view text, const std::string& name) {
    const Json document = jsonfile::parse(text, name);
    const Place root(name);
    const auto member = [&](const char* key, const char* what) -> const Json& {
        return root.member(document, key, what);
    };
    SearchTables tables;
    tables.layers = static_cast<int>((root / "layers").integer(member("layers", "the layers"), 1, kMaxSide));
    tables.kvHeads =
        static_cast<int>((root / "kv_heads").integer(member("kv_heads", "KV heads a layer"), 1, kMaxSide));
    tables.rules = readRules(member("rules", "[alpha, beta] pairs"), root / "rules");

    std::set<int> lossLengths;
    tables.lengths = readLengths(member("lengths", "an array of lengths"), root / "lengths", lossLengths);
    if (tables.lengths.empty()) (root / "lengths").fail("at least one length");
    std::set<int> allLengths = lossLengths;
    if (const auto extra = document.find("extra_density_lengths"); extra != document.end())
        tables.extraDensityLengths = readLengths(*extra, root / "extra_density_lengths", allLengths);

    const Json& loss = member("loss", "losses by length");
    checkLengthKeys(loss, root / "loss", allLengths);
    for (const int n : tables.lengths) {
        const std::string key = std::to_string(n);
        tables.loss.push_back(readLoss((root / "loss").member(loss, key, "losses at this length"),
                                       root / "loss" / key, tables));
    }
    const Json& density = member("density", "densities by length");
    checkLengthKeys(density, root / "density", allLengths);
    for (const auto* list : {&tables.lengths, &tables.extraDensityLengths})
        for (const int n : *list) {
            const std::string key = std::to_string(n);
            tables.density.push_back(
                readRow((root / "density").member(density, key, "densities at this length"),
                        root / "density" / key, tables.rules.size(), 0));
        }
    return tables;
}

void writeSearchTables(const std::string& path, const SearchTables& tables) {
    requireSizes(tables);
    Json rules = Json::array(), loss = Json::object(), density = Json::object();
    for (const Rule& r : tables.rules) rules.push_back(Json::array({r.alpha, r.beta}));
    std::size_t at = 0;
    for (const int n : tables.lengths) {
        loss[std::to_string(n)] = tables.loss[at];
        density[std::to_string(n)] = tables.density[at++];
    }
    for (const int n : tables.extraDensityLengths) density[std::to_string(n)] = tables.density[at++];
    const Json document = {{"layers", tables.layers},
                           {"kv_heads", tables.kvHeads},
                           {"rules", std::move(rules)},
                           {"lengths", tables.lengths},
                           {"extra_density_lengths", tables.extraDensityLengths},
                           {"loss", std::move(loss)},
                           {"density", std::move(density)}};
    jsonfile::writeAtomically(path, jsonfile::text(document));
}

} // namespace moa
