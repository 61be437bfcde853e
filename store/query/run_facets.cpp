#include "store/query/run_facets.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

namespace moa {
namespace {

struct FieldName {
    const char* name;
    QueryField field;
};
constexpr FieldName kNames[kFacetFields] = {
    {"command", QueryField::Command}, {"status", QueryField::Status}, {"model", QueryField::Model},
    {"plan", QueryField::Plan},       {"device", QueryField::Device}, {"machine", QueryField::Machine},
    {"tag", QueryField::Tag},         {"month", QueryField::On},      {"version", QueryField::Version}};

using Counts = std::vector<std::pair<std::string, std::int64_t>>;

Counts countNames(const NameColumn& column, const RunMask& mask) {
    std::vector<std::int64_t> counts(column.names.size());
    for (std::size_t i = 0; i < mask.size(); ++i) counts[static_cast<std::size_t>(column.of[i])] += mask[i];
    Counts list;
    for (std::size_t i = 0; i < counts.size(); ++i) list.emplace_back(column.names[i], counts[i]);
    return list;
}

/// Rows of equal name (a model with other weights) are one value.
Counts sumByName(const std::vector<RefName>& names,
                 const std::unordered_map<std::int64_t, std::int64_t>& counts) {
    std::map<std::string, std::int64_t> sums;
    for (const RefName& row : names) {
        const auto found = counts.find(row.id);
        sums[row.name] += found == counts.end() ? 0 : found->second;
    }
    return {sums.begin(), sums.end()};
}

Counts countRefs(const RefColumn& column, const std::vector<RefName>& names, const RunMask& mask) {
    std::unordered_map<std::int64_t, std::int64_t> counts;
    std::int64_t last = 0, run = 0; // neighbours are often alike
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) continue;
        if (column.of[i] != last) {
            if (run > 0) counts[last] += run;
            last = column.of[i], run = 0;
        }
        ++run;
    }
    if (run > 0) counts[last] += run;
    return sumByName(names, counts);
}

Counts countTags(const RunColumns& columns, const RunMask& mask) {
    std::unordered_map<std::int64_t, std::int64_t> counts;
    for (const auto& [run, tag] : columns.tagged)
        if (mask[static_cast<std::size_t>(run)] != 0) ++counts[tag];
    return sumByName(columns.tags, counts);
}

/// Months of UTC, newest first.
Counts countMonths(const RunColumns& columns, const RunMask& mask) {
    using namespace std::chrono;
    std::map<int, std::int64_t, std::greater<>> counts; // year × 12 + month
    std::int64_t from = 0, to = 0, *count = nullptr;    // of the last month: neighbours are mostly in it
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) continue;
        const std::int64_t at = columns.started[i];
        if (count == nullptr || at < from || at >= to) {
            const year_month_day day(floor<days>(TimePoint(milliseconds(at))));
            const year_month month = day.year() / day.month();
            from = TimePoint(sys_days(month / 1)).time_since_epoch().count();
            to = TimePoint(sys_days((month + months(1)) / 1)).time_since_epoch().count();
            count = &counts[static_cast<int>(day.year()) * 12 +
                            static_cast<int>(static_cast<unsigned>(day.month())) - 1];
        }
        ++*count;
    }
    Counts list;
    for (const auto& [month, runs] : counts) {
        char text[16];
        std::snprintf(text, sizeof text, "%04d-%02d", month / 12, month % 12 + 1);
        list.emplace_back(text, runs);
    }
    return list;
}

Counts countsOf(const RunColumns& c, FacetField field, const RunMask& mask) {
    switch (field) {
    case FacetField::Command:
        return countNames(c.command, mask);
    case FacetField::Status:
        return countNames(c.status, mask);
    case FacetField::Model:
        return countRefs(c.model, c.models, mask);
    case FacetField::Plan:
        return countRefs(c.plan, c.plans, mask);
    case FacetField::Device:
        return countNames(c.device, mask);
    case FacetField::Machine:
        return countRefs(c.machine, c.machines, mask);
    case FacetField::Tag:
        return countTags(c, mask);
    case FacetField::Month:
        return countMonths(c, mask);
    case FacetField::Version:
        break;
    }
    return countNames(c.version, mask);
}

} // namespace

QueryField queryFieldOf(FacetField field) {
    return kNames[static_cast<int>(field)].field;
}

Facet countFacet(const RunColumns& columns, FacetField field, const RunMask& mask,
                 const std::vector<std::string>& chosen, std::size_t most) {
    Facet facet{kNames[static_cast<int>(field)].name, {}, 0};
    Counts counts = countsOf(columns, field, mask);
    if (field != FacetField::Month) // those stay in their order
        std::ranges::stable_sort(counts, [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const std::string& value : chosen) // a chosen value without runs is still there to be unchosen
        if (std::ranges::none_of(counts, [&](const auto& c) { return equalIgnoringCase(c.first, value); }))
            counts.emplace_back(value, 0);
    for (const auto& [value, count] : counts) {
        const bool isChosen =
            std::ranges::any_of(chosen, [&](const auto& c) { return equalIgnoringCase(c, value); });
        if (count == 0 && !isChosen) continue;
        if (facet.values.size() < most || isChosen)
            facet.values.push_back({value, count, isChosen});
        else
            ++facet.others;
    }
    return facet;
}

std::vector<std::string> facetNames(const RunColumns& c, QueryField field) {
    const auto namesOf = [](const std::vector<RefName>& rows, bool detail) {
        std::vector<std::string> names;
        for (const RefName& row : rows) names.push_back(detail ? row.detail : row.name);
        return names;
    };
    switch (field) {
    case QueryField::Command:
        return c.command.names;
    case QueryField::Status:
        return c.status.names;
    case QueryField::Device:
        return c.device.names;
    case QueryField::Version:
        return c.version.names;
    case QueryField::Model:
        return namesOf(c.models, false);
    case QueryField::Plan:
        return namesOf(c.plans, false);
    case QueryField::Profile:
        return namesOf(c.profiles, false);
    case QueryField::Machine:
        return namesOf(c.machines, false);
    case QueryField::Gpu:
        return namesOf(c.accelerators, false);
    case QueryField::Driver:
        return namesOf(c.accelerators, true);
    case QueryField::Tag:
        return namesOf(c.tags, false);
    case QueryField::Has:
        return {"note", "tag", "prompt", "plan", "series", "error", "rerun"};
    case QueryField::After:
    case QueryField::Before:
    case QueryField::On:
        return {"today", "yesterday", "7d", "30d"};
    default:
        return {};
    }
}

} // namespace moa
