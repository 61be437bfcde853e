// What filters, facets and sorting look at, of every run, as columns in memory: ids, times and numbers of
// names. Read from one narrow index; 100,000 runs take a few megabytes and less than a tenth of a second.
// Goals: a facet is a pass over an array. Non-goals: settings, results, measurements.
#pragma once

#include "store/history/records.h"
#include "store/sqlite/connection.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Ids as a set: a bit for each where they lie close together, else a sorted list.
class IdSet {
public:
    IdSet() = default;
    explicit IdSet(std::vector<std::int64_t> ids);
    bool contains(std::int64_t id) const;
    bool empty() const { return m_count == 0; }

private:
    std::vector<bool> m_bits;
    std::vector<std::int64_t> m_sorted;
    std::size_t m_count = 0;
};

/// Texts by the number of their first appearance.
class NameColumn {
public:
    std::vector<std::int32_t> of; ///< [run]; index into names, −1: none
    std::vector<std::string> names;
    void set(std::size_t run, std::string_view name);

private:
    std::map<std::string, std::int32_t, std::less<>> m_numbers;
    std::int32_t m_last = -1;
};

/// Rows of another table by their id.
struct RefColumn {
    std::vector<std::int64_t> of; ///< [run]; 0: none
};

/// A row of models, plans, machines … as far as it is looked for.
struct RefName {
    std::int64_t id = 0;
    std::string name;
    std::string detail; ///< hash of a model, plan or profile; system of a machine; driver of a card
};

struct RunColumns {
    std::vector<std::int64_t> id;      ///< ascending
    std::vector<std::int64_t> started; ///< milliseconds since 1970, UTC
    std::vector<float> seconds;        ///< NaN: not finished
    NameColumn command, status, device, version;
    RefColumn machine, accelerator, model, plan, profile, prompt, rerunOf;
    std::vector<RefName> machines, accelerators, models, plans, profiles, tags;
    std::vector<std::pair<std::int32_t, std::int64_t>> tagged; ///< {run, tag}, ascending

    std::string lastUid; ///< of the last run: tells it from another one of the same number

    std::size_t size() const { return id.size(); }
    void resize(std::size_t runs);
    /// The run of this id; −1: not here.
    std::ptrdiff_t find(std::int64_t run) const;
};

/// Reads everything in the caller's snapshot.
RunColumns readRunColumns(const Connection& connection);

/// The same from columns that were read earlier: only runs that are new, or had not ended, are read again,
/// unless runs were removed since.
void refreshRunColumns(const Connection& connection, RunColumns& columns);

} // namespace moa
