// What the store tests share: a folder that vanishes, a run to record, a child process, the error of a call.
#pragma once

#include "store/history/history.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace moa {

/// A new empty folder, removed at scope end.
class StoreFolder {
public:
    StoreFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "moa-store-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        m_path = name;
    }
    ~StoreFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    StoreFolder(const StoreFolder&) = delete;
    StoreFolder& operator=(const StoreFolder&) = delete;

    std::string path() const { return m_path.string(); }
    std::string file(const std::string& name) const { return (m_path / name).string(); }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(file(name), std::ios::binary) << bytes;
        return file(name);
    }

private:
    std::filesystem::path m_path;
};

inline std::string bytesOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs `body` in a child process, where it may drop privileges or die; true when it returned true.
template <class Body>
bool inChild(Body&& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        bool good = false;
        try {
            good = body();
        } catch (...) {
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Gives up root, which may write everywhere; true when this process is now an ordinary one.
inline bool becomeOrdinary() {
    return ::geteuid() != 0 || ::setuid(65534) == 0;
}

/// The problem of the StoreError `call` throws; anything else fails the test.
template <class Call>
StoreProblem problemOf(Call&& call) {
    try {
        call();
    } catch (const StoreError& e) {
        EXPECT_EQ(e.exitCode(), ExitCode::BadFile);
        EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << "one line for the user";
        return e.problem();
    }
    ADD_FAILURE() << "expected a StoreError";
    return StoreProblem::Failed;
}

inline ModelRef sampleModel() {
    ModelRef model{"moa-tiny", std::string(64, 'a'), {}};
    model.shape.layers = 6;
    model.shape.heads = 8;
    model.shape.kvHeads = 4;
    model.shape.headDim = 32;
    model.shape.context = 16384;
    return model;
}

inline RunRecord sampleRun() {
    RunRecord run;
    run.command = "retrieval";
    run.arguments = {"moa-tiny", "--lengths", "1024", "--text", "line\n\"two\""};
    run.model = sampleModel();
    run.profile = ProfileRef{"p.safetensors", "", {1024, 2048}, 24, "lines,facts"};
    run.plan = PlanRef{"half.json", R"({"alphas": [[0]], "betas": [[0.5]]})", "", "search", std::nullopt};
    run.device = "cpu";
    run.backend = "cpu";
    run.versions = {{"openblas", "0.3.21"}};
    run.seed = 18446744073709551615u;
    run.settings = R"({"samples": 60})";
    run.result = R"({"right": 59})";
    run.measurements = {{"retrieval", "", 59.0 / 60, 60, 0.02, R"({"length": 1024})"},
                        {"decode_tok_s", "tok/s", 123.456, 5, std::nullopt, "{}"}};
    return run;
}

} // namespace moa
