// Runs `moa` as a child process and reads its two outputs; a fixture gives every test a folder and a history
// of its own.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace moa::test {

using Json = nlohmann::json;

struct Outcome {
    int code = -1; ///< exit code; 128 + n for signal n, as shells say
    std::string out, err;
    /// Standard output as one JSON document; a test failure and null when it is anything else.
    Json json() const;
};

/// Variables to set for the child; an empty value removes the variable.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// A running program.
class Child {
public:
    Child(const std::vector<std::string>& arguments, const std::string& input, const Environment& environment,
          const std::filesystem::path& folder);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void signal(int number) const;
    /// Collects output until `text` was seen on either output; false at the end of the program or after
    /// `limit`.
    bool waitFor(const std::string& text, std::chrono::seconds limit);
    /// Collects all output and the exit code; kills the program after `limit`.
    Outcome finish(std::chrono::seconds limit = std::chrono::seconds(300));

private:
    /// Waits for output for a while; false when both outputs have ended.
    bool pump(std::chrono::milliseconds wait);

    pid_t m_process = -1;
    int m_out = -1, m_err = -1;
    Outcome m_outcome;
};

class CliTest : public ::testing::Test {
protected:
    CliTest();
    ~CliTest() override;

    /// Runs `moa` in the test's folder with its own history.
    Outcome run(const std::vector<std::string>& arguments, const std::string& input = {},
                const Environment& more = {}) const;
    /// The same with --json; fails the test unless the exit code is 0.
    Json runJson(std::vector<std::string> arguments, const std::string& input = {}) const;
    Environment environment() const;
    /// Writes a file in the test's folder; its path.
    std::string write(const std::string& name, const std::string& text) const;
    std::string path(const std::string& name) const { return (m_folder / name).string(); }
    std::string read(const std::string& name) const;

    std::filesystem::path m_folder;
};

} // namespace moa::test
