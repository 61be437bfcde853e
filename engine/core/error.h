// Typed errors. Bad input and device faults are exceptions, caught once in app/cli and ui/jobs;
// normal endings (cancelled, infeasible, out of time) are values, see Completion.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace moa {

/// Exit codes of `moa`, fixed by the contract in docs/cli.md.
enum class ExitCode { Done = 0, Failed = 1, Usage = 2, BadFile = 3, OutOfMemory = 4, Cancelled = 130 };

/// Base of every error this project throws on purpose. `what()` is one line for the user.
class Error : public std::runtime_error {
public:
    explicit Error(const std::string& message, ExitCode code = ExitCode::Failed)
        : std::runtime_error(message), m_code(code) {}
    ExitCode exitCode() const noexcept { return m_code; }

private:
    ExitCode m_code;
};

/// The caller asked for something that makes no sense (wrong flag, wrong range).
class UsageError : public Error {
public:
    explicit UsageError(const std::string& message) : Error(message, ExitCode::Usage) {}
};

/// A file that is missing, damaged, mis-shaped or unsupported: which file, where in it, what was expected.
class FileError : public Error {
public:
    FileError(const std::string& path, const std::string& where, const std::string& expected)
        : Error(path + ": " + (where.empty() ? "" : where + ": ") + expected, ExitCode::BadFile), m_path(path),
          m_where(where), m_expected(expected) {}
    const std::string& path() const noexcept { return m_path; }
    const std::string& where() const noexcept { return m_where; }
    const std::string& expected() const noexcept { return m_expected; }

private:
    std::string m_path, m_where, m_expected;
};

/// Something does not fit in memory: what it needs, what there is, what would fit.
class MemoryError : public Error {
public:
    MemoryError(const std::string& what, std::uint64_t neededBytes, std::uint64_t availableBytes,
                const std::string& wouldFit);
    std::uint64_t neededBytes() const noexcept { return m_needed; }
    std::uint64_t availableBytes() const noexcept { return m_available; }

private:
    std::uint64_t m_needed, m_available;
};

} // namespace moa
