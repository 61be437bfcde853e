#include "store/history/history.h"

#include "engine/core/error.h"
#include "engine/core/resources.h"
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <filesystem>

namespace moa {

namespace fs = std::filesystem;

TimePoint currentTime() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string isoTime(TimePoint time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::time_t t = seconds.time_since_epoch().count();
    std::tm utc{};
    ::gmtime_r(&t, &utc);
    std::array<char, 64> buffer{};
    const std::size_t n = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    const std::string millis = std::to_string(1000 + (time - seconds).count()).substr(1);
    return std::string(buffer.data(), n) + "." + millis + "Z";
}

std::optional<TimePoint> parseIsoTime(const std::string& text) {
    std::tm utc{};
    const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
    if (end == nullptr) return std::nullopt;
    int millis = 0;
    if (*end == '.') {
        const auto [after, error] = std::from_chars(end + 1, text.data() + text.size(), millis);
        if (error != std::errc() || after != end + 4) return std::nullopt;
        end = after;
    }
    if (std::string_view(end) != "Z") return std::nullopt;
    return TimePoint(std::chrono::seconds(::timegm(&utc)) + std::chrono::milliseconds(millis));
}

History History::inMemory() {
    return open(":memory:");
}

History History::open(const std::string& path, OpenMode mode, int busyTimeoutMs) {
    const fs::path folder = fs::path(path).parent_path();
    if (mode == OpenMode::ReadWrite && !folder.empty()) {
        std::error_code failed;
        fs::create_directories(folder, failed);
        if (failed && !fs::is_directory(folder))
            throw StoreError(path, "", "its folder cannot be made: " + failed.message(),
                             StoreProblem::Failed);
    }
    OpenedDatabase opened =
        openDatabase(path, historyMigrations(), kHistoryApplicationId,
                     {.readOnly = mode == OpenMode::ReadOnly, .busyTimeoutMs = busyTimeoutMs});
    if (!opened.connection) throw *opened.problem;
    return History(std::move(*opened.connection), opened.outcome);
}

std::string History::defaultPath() {
    const fs::path folder = userDataFolder();
    if (folder.empty()) throw UsageError("history: expected HOME or XDG_DATA_HOME, or a file given by --db");
    return (folder / "history.sqlite").string();
}

bool History::writable() const {
    return !m_connection.readOnly();
}

void History::requireWritable() const {
    if (writable()) return;
    if (m_outcome == SchemaOutcome::NewerCompatible)
        throw StoreError(path(), "",
                         "it was written by a newer program and is open read-only; use that one to add rows",
                         StoreProblem::ReadOnly);
    throw StoreError(path(), "", "it is open read-only; check the permissions of the file and its folder",
                     StoreProblem::ReadOnly);
}

RunDiff History::diff(RunId a, RunId b) {
    Transaction snapshot(m_connection, Transaction::Kind::Read);
    return diffRuns(show(a), show(b));
}

std::vector<std::string> History::check() {
    std::vector<std::string> problems;
    const auto collect = [&](const char* sql, auto&& line) {
        try {
            for (Statement rows(m_connection, sql); rows.step();) {
                std::string text = line(rows);
                std::replace(text.begin(), text.end(), '\n', ' ');
                if (text != "ok") problems.push_back(text);
            }
        } catch (const StoreError& e) { // damage can be so bad that the check itself stops
            problems.emplace_back(e.what());
        }
    };
    collect("PRAGMA integrity_check", [](const Statement& row) { return row.text(0); });
    collect("PRAGMA foreign_key_check", [](const Statement& row) {
        return "row " + row.text(1) + " of " + row.text(0) + " refers to a missing row of " + row.text(2);
    });
    // The full-text index against the texts it is of; asking counts as writing.
    if (writable()) {
        try {
            m_connection.execute(
                "INSERT INTO document_index (document_index, rank) VALUES ('integrity-check', 1)");
        } catch (const StoreError& e) {
            // Anything else (another program writes, the disk is full) says nothing of the index.
            if (e.problem() == StoreProblem::Corrupt)
                problems.emplace_back("the full-text index does not fit the texts");
        }
    }
    return problems;
}

} // namespace moa
