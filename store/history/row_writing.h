// Rows of what runs refer to and of what belongs to them. Every function runs inside the caller's transaction
// and throws StoreError; equal things share a row.
#pragma once

#include "store/history/records.h"
#include "store/sqlite/connection.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa::rows {

using OptionalRow = std::optional<std::int64_t>;

template <class Tag>
OptionalRow rowOf(const std::optional<RowId<Tag>>& id) {
    return id ? OptionalRow(id->value) : std::nullopt;
}

/// 64 unsigned bits as SQLite keeps them: they wrap, and back on reading.
inline OptionalRow wrapped(const std::optional<std::uint64_t>& value) {
    return value ? OptionalRow(static_cast<std::int64_t>(*value)) : std::nullopt;
}

/// Throws BadValue unless `text` is one JSON document; SQLite itself would only name a failed constraint.
void requireJson(const Connection& c, const std::string& text, const std::string& what);

std::int64_t onMachine(Connection& c, const Machine& machine);
OptionalRow onAccelerator(Connection& c, const std::optional<Accelerator>& accelerator);
OptionalRow onModel(Connection& c, const std::optional<ModelRef>& model);
OptionalRow onProfile(Connection& c, const std::optional<ProfileRef>& profile, OptionalRow model);
OptionalRow onPlan(Connection& c, const std::optional<PlanRef>& plan, OptionalRow model);
/// A text that comes with a known hash is added to its row; one that is there stays.
OptionalRow onPrompt(Connection& c, const std::optional<PromptRef>& prompt);

void onMeasurements(Connection& c, RunId run, const std::vector<Measurement>& measurements);
void onSearches(Connection& c, RunId run, const std::vector<SearchRecord>& searches, OptionalRow model);
void onSeries(Connection& c, RunId run, const std::vector<Series>& series);
void onTags(Connection& c, RunId run, std::span<const std::string> tags);
void onNote(Connection& c, RunId run, const std::string& text);

} // namespace moa::rows
