// Reads the JSON that exportJson() writes, also when another program laid it out anew.
#pragma once

#include "store/history/records.h"
#include "store/sqlite/connection.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moa {

/// A plan with the number that `parent` of others refers to.
struct ExportedPlan {
    std::int64_t id = 0;
    PlanRef plan;
};

/// SQLite reads the JSON, in a database in memory of its own.
class JsonImport {
public:
    /// Throws StoreError (Foreign) for a file that is no export, is larger than 900 MB or was made by a newer
    /// program.
    explicit JsonImport(const std::string& path);

    std::vector<ExportedPlan> plans();
    std::int64_t runs() const { return m_runs; }
    /// The run at this place, 0 … runs() − 1. Throws StoreError (BadValue) naming it when a part is missing.
    RunDetail run(std::int64_t index);

private:
    std::string m_path;
    Connection m_memory;
    std::int64_t m_runs = 0;
};

} // namespace moa
