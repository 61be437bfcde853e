// What the plan tests share: a folder that vanishes, small plans, and the error a call ends with.
#pragma once

#include "engine/core/error.h"
#include "engine/plan/plan_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace moa {

/// A new empty folder, removed at scope end.
class TempFolder {
public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "moa-plan-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        m_path = name;
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    std::string path() const { return m_path.string(); }
    std::string file(const std::string& name) const { return (m_path / name).string(); }
    /// Writes a file and returns its path.
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(file(name), std::ios::binary) << bytes;
        return file(name);
    }
    std::size_t entries() const {
        const std::filesystem::directory_iterator it(m_path);
        return static_cast<std::size_t>(std::distance(begin(it), end(it)));
    }

private:
    std::filesystem::path m_path;
};

inline std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Two layers, four query heads, two KV heads; every group agrees.
inline SparsePlan samplePlan() {
    SparsePlan plan = uniformPlan(2, 4, 2, {0, 0.5});
    for (int h = 2; h < 4; ++h) plan.rule(LayerIndex(0), HeadIndex(h)) = {512, 0};
    for (int h = 0; h < 2; ++h) plan.rule(LayerIndex(1), HeadIndex(h)) = {-1024, 0.875};
    return plan;
}

inline PlanFile samplePlanFile() {
    Passport passport;
    passport.modelName = "moa-tiny";
    passport.modelSha256 = std::string(64, 'a');
    passport.headDim = 64;
    passport.profile = {{"file", "p.safetensors"}, {"lengths", {1024, 2048}}};
    passport.search = {{"density", 0.5}, {"gap", 0.0125}};
    passport.measurements = nlohmann::json::array({{{"name", "retrieval"}, {"value", 1.0}}});
    return makePlanFile(samplePlan(), passport);
}

/// The FileError `call` throws; anything else fails the test.
template <class Call>
std::string fileErrorOf(Call&& call) {
    try {
        call();
    } catch (const FileError& e) {
        EXPECT_EQ(e.exitCode(), ExitCode::BadFile);
        EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << "one line for the user";
        return e.what();
    }
    ADD_FAILURE() << "expected a FileError";
    return {};
}

} // namespace moa
