// This tree keeps the rules of the house, and the check sees every kind of break.
#include "tests/house/house_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace moa::house {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string listed(const Violations& violations) {
    std::string text;
    for (const std::string& one : violations) text += one + "\n";
    return text;
}

TEST(ThisTree, IncludesOnlyWhatItsRowsAllow) {
    const Violations found = checkIncludes(MOA_SOURCE_DIR);
    EXPECT_TRUE(found.empty()) << listed(found);
}

TEST(ThisTree, HasNoFileTooLong) {
    const Violations found = checkFileSizes(MOA_SOURCE_DIR);
    EXPECT_TRUE(found.empty()) << listed(found);
}

/// A small tree with one file of each kind that matters; tests add what is wrong.
class PlantedTree : public testing::Test {
protected:
    PlantedTree() : m_root(fs::path(testing::TempDir()) / "moa_house_test") {
        fs::remove_all(m_root);
        for (const char* header : {"engine/core/ids.h", "engine/model/model.h", "engine/plan/plan_file.h",
                                   "kernels/reference/truth.h", "kernels/include/moa_kernels/attention.h",
                                   "store/sqlite/connection.h", "app/cli/main.h"})
            plant(header, "#pragma once\n");
    }
    ~PlantedTree() override { fs::remove_all(m_root); }

    void plant(const std::string& name, const std::string& text) const {
        fs::create_directories((m_root / name).parent_path());
        std::ofstream(m_root / name) << text;
    }
    /// What the check says once `line` stands in `file`.
    Violations withLine(const std::string& file, const std::string& line) const {
        plant(file, "// Planted.\n" + line + "\n");
        const Violations found = checkIncludes(m_root);
        fs::remove(m_root / file);
        return found;
    }

    fs::path m_root;
};

TEST_F(PlantedTree, IsCleanBeforeAnythingIsPlanted) {
    EXPECT_THAT(checkIncludes(m_root), IsEmpty());
}

TEST_F(PlantedTree, AllowedIncludesPass) {
    EXPECT_THAT(withLine("engine/search/a.cpp", "#include \"engine/core/ids.h\""), IsEmpty());
    EXPECT_THAT(withLine("engine/search/a.cpp", "#include <coin/Cbc_C_Interface.h>"), IsEmpty());
    EXPECT_THAT(withLine("engine/core/a.cpp", "#include <vector>"), IsEmpty());
    EXPECT_THAT(withLine("engine/core/a.cpp", "#include <sys/stat.h>"), IsEmpty());
    EXPECT_THAT(withLine("engine/backend/cpu/a.cpp", "#include \"moa_kernels/attention.h\""), IsEmpty());
    EXPECT_THAT(withLine("kernels/cpu/a.cpp", "#include <hwy/highway.h>"), IsEmpty());
    EXPECT_THAT(withLine("tests/model/a.cpp", "#include \"kernels/reference/truth.h\""), IsEmpty());
    EXPECT_THAT(withLine("app/cli/a.cpp", "#include \"store/sqlite/connection.h\""), IsEmpty());
    EXPECT_THAT(withLine("engine/core/a.cpp", "// #include <QString> in a comment"), IsEmpty());
}

TEST_F(PlantedTree, ForbiddenFolderIsNamedWithFileAndLine) {
    EXPECT_THAT(withLine("engine/search/a.cpp", "#include \"engine/model/model.h\""),
                ElementsAre("engine/search/a.cpp:2: engine/search may not include engine/model/model.h"));
    EXPECT_THAT(withLine("engine/search/a.cpp", "  #  include   \"engine/plan/plan_file.h\" // sly"),
                ElementsAre(HasSubstr("a.cpp:2: engine/search may not include engine/plan")));
    EXPECT_THAT(withLine("engine/core/a.cpp", "#include \"engine/plan/plan_file.h\""), testing::SizeIs(1));
    EXPECT_THAT(withLine("kernels/cpu/a.cpp", "#include \"engine/core/ids.h\""), testing::SizeIs(1));
    EXPECT_THAT(withLine("store/history/a.cpp", "#include \"engine/model/model.h\""), testing::SizeIs(1));
    EXPECT_THAT(withLine("engine/model/a.cpp", "#include \"app/cli/main.h\""), testing::SizeIs(1));
    EXPECT_THAT(withLine("engine/backend/a.cpp", "#include \"kernels/reference/truth.h\""),
                testing::SizeIs(1));
}

TEST_F(PlantedTree, ForbiddenLibraryIsNamed) {
    EXPECT_THAT(withLine("engine/core/a.cpp", "#include <nlohmann/json.hpp>"),
                ElementsAre("engine/core/a.cpp:2: engine/core may not include nlohmann/json.hpp"));
    EXPECT_THAT(withLine("app/cli/a.cpp", "#include <QString>"), testing::SizeIs(1));
    EXPECT_THAT(withLine("engine/model/a.cpp", "#include <cblas.h>"), testing::SizeIs(1));
    EXPECT_THAT(withLine("engine/loader/a.cpp", "#include <curl/curl.h>"),
                ElementsAre(HasSubstr("<curl/curl.h> belongs to no library known")));
}

TEST_F(PlantedTree, PathsMustStartAtTheRoot) {
    EXPECT_THAT(withLine("engine/core/a.cpp", "#include \"ids.h\""),
                ElementsAre(HasSubstr("\"ids.h\" is no path from the root")));
}

TEST_F(PlantedTree, NewFoldersNeedARowAndHeadersAGuard) {
    EXPECT_THAT(withLine("engine/gossip/a.cpp", ""), ElementsAre(HasSubstr("its folder has no row")));
    EXPECT_THAT(withLine("engine/core/a.h", ""), ElementsAre(HasSubstr("has no #pragma once")));
}

TEST_F(PlantedTree, LongFilesAreSeen) {
    std::string text;
    for (std::size_t i = 0; i < kMostLines; ++i) text += "\n";
    plant("engine/core/just.cpp", text);
    EXPECT_THAT(checkFileSizes(m_root), IsEmpty());
    plant("engine/core/over.cpp", text + "\n");
    EXPECT_THAT(checkFileSizes(m_root), ElementsAre("engine/core/over.cpp:1: has 601 lines, at most 600"));
}

} // namespace
} // namespace moa::house
