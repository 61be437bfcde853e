// Metrics of texts against the published definitions (make_text_metrics.py), and users' task files that name them.
#include "engine/core/error.h"
#include "engine/tasks/records.h"
#include "engine/tasks/text_metrics.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace moa {
namespace {

TEST(TextMetrics, EqualThePublishedDefinitions) {
    std::ifstream in(MOA_SOURCE_DIR "/tests/tasks/golden/text_metrics.json");
    const auto rows = nlohmann::json::parse(in);
    ASSERT_GE(rows.size(), 15u);
    for (const auto& row : rows) {
        const auto answers = row["answers"].get<std::vector<std::string>>();
        for (const char* name : {"contains", "exact", "f1", "rouge-l"}) {
            const auto metric = metricNamed(name);
            ASSERT_TRUE(metric);
            EXPECT_NEAR(scoreText(*metric, row["produced"].get<std::string>(), answers), row[name].get<double>(), 1e-12)
                << name << " " << row.dump();
        }
    }
}

TEST(TextMetrics, BytesBeyondAscii) {
    const std::vector<std::string> answers{"Füße im Café"};
    for (const Metric metric : {Metric::Contains, Metric::Exact, Metric::F1, Metric::RougeL})
        EXPECT_EQ(scoreText(metric, "Füße im Café", answers), 1) << nameOf(metric);
    EXPECT_FALSE(metricNamed("bleu"));
    EXPECT_FALSE(metricNamed("answer")) << "the default is not named in files";
    EXPECT_EQ(scoreText(Metric::F1, "x", {}), 0);
}

class TaskFile : public testing::Test {
protected:
    std::string write(const std::string& text) {
        m_path = (std::filesystem::temp_directory_path() / ("moa-task-" + std::to_string(::getpid()) + ".jsonl")).string();
        std::ofstream(m_path) << text;
        return m_path;
    }
    void TearDown() override { std::filesystem::remove(m_path); }
    std::string m_path;
};

TEST_F(TaskFile, NamesItsMetricLineByLine) {
    const auto tasks = readTasks(write("{\"prompt\": \"p\", \"response\": \"r\"}\n"
                                       "{\"prompt\": \"q\", \"answers\": [\"a\", \"b\"], \"metric\": \"f1\", \"max_new\": 9}\n"
                                       "{\"prompt\": \"s\", \"response\": \"t\", \"metric\": \"rouge-l\"}\n"));
    ASSERT_EQ(tasks.size(), 3u);
    EXPECT_EQ(tasks[0].metric, Metric::Answer);
    EXPECT_EQ(tasks[1].metric, Metric::F1);
    EXPECT_EQ(tasks[1].answers, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(tasks[1].maxNew, 9);
    EXPECT_EQ(tasks[2].answers, std::vector<std::string>{"t"});
    EXPECT_EQ(tasks[2].maxNew, 0);
}

TEST_F(TaskFile, RefusesNonsenseByLine) {
    for (const std::string line :
         {R"({"prompt": "p", "response": "r", "metric": "bleu"})", R"({"prompt": "p", "response": "r", "metric": 3})",
          R"({"prompt": "p", "answers": [], "metric": "f1"})", R"({"prompt": "p", "answers": "r", "metric": "f1"})",
          R"({"prompt": "p", "answers": [1], "metric": "f1"})", R"({"prompt": "p", "metric": "f1"})", R"({"prompt": "p"})",
          R"({"prompt": "p", "answers": [""], "metric": "f1"})", R"({"prompt": "p", "response": "r", "metric": "f1", "max_new": 0})",
          R"({"prompt": "p", "response": "r", "metric": "f1", "max_new": "x"})"}) {
        try {
            readTasks(write("{\"prompt\": \"p\", \"response\": \"r\"}\n" + line + "\n"));
            FAIL() << line;
        } catch (const FileError& error) {
            EXPECT_EQ(error.where(), "line 2") << line;
        }
    }
}

} // namespace
} // namespace moa
