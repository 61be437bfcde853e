// Reads the JSON that exportJson() writes, also when another program laid it out anew.
#pragma once

#include "store/history/records.h"
#include "store/sqlite/connection.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
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

    /// To be asked for first: runs name plans, whose texts stand here to the byte.
    std::vector<ExportedPlan> plans();
    std::int64_t runs() const { return m_runs; }
    /// The run at this place, 0 … runs() − 1. Throws StoreError (BadValue) naming it when a part is missing.
    RunDetail run(std::int64_t index);

private:
    RunDetail readRun(std::int64_t index, const std::string& where);
    void restoreText(std::optional<PlanRef>& plan) const;

    std::string m_path;
    Connection m_memory;
    std::int64_t m_runs = 0;
    std::map<std::pair<std::string, std::string>, std::string>
        m_texts; ///< {name, without spaces} → as it was
};

} // namespace moa
