// JSON Lines of prompts: what is read, what is refused and where, what survives a write.
#include "engine/core/error.h"
#include "engine/tasks/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace moa {
namespace {

using testing::HasSubstr;

class Records : public testing::Test {
protected:
    Records() : m_folder(std::filesystem::path(testing::TempDir()) / "moa_records_test") {
        std::filesystem::remove_all(m_folder);
        std::filesystem::create_directories(m_folder);
    }
    ~Records() override { std::filesystem::remove_all(m_folder); }

    std::string file(const std::string& bytes) {
        const std::string path = (m_folder / "set.jsonl").string();
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    std::string refusal(const std::string& bytes) {
        try {
            readRecords(file(bytes));
        } catch (const FileError& e) {
            EXPECT_EQ(e.exitCode(), ExitCode::BadFile);
            return e.what();
        }
        return "accepted";
    }

    std::filesystem::path m_folder;
};

TEST_F(Records, ReadsPromptsAndOptionalResponses) {
    const auto records = readRecords(file("{\"prompt\": \"one\"}\r\n\n  \n"
                                          "{\"response\": \"zwei\", \"prompt\": \"two\\n\", \"id\": 7}\n"
                                          "{\"prompt\": \"three\", \"response\": null}"));
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].prompt, "one");
    EXPECT_FALSE(records[0].response);
    EXPECT_EQ(records[1].prompt, "two\n");
    EXPECT_EQ(records[1].response, "zwei");
    EXPECT_EQ(records[1].otherKeys, R"({"id":7})");
    EXPECT_EQ(records[1].line, 4u);
    EXPECT_FALSE(records[2].response);
}

TEST_F(Records, RefusalsNameFileLineAndWhatWasExpected) {
    const std::string good = "{\"prompt\": \"x\"}\n";
    EXPECT_THAT(refusal(good + "{\"prompt\": "), HasSubstr("set.jsonl: line 2: not valid JSON"));
    EXPECT_THAT(refusal(good + "[1]"), HasSubstr("line 2: not a JSON object; expected {\"prompt\""));
    EXPECT_THAT(refusal(good + "\n{\"promt\": \"x\"}"), HasSubstr("line 3: expected \"prompt\""));
    EXPECT_THAT(refusal("{\"prompt\": \"\"}"), HasSubstr("line 1: expected \"prompt\""));
    EXPECT_THAT(refusal("{\"prompt\": 3}"), HasSubstr("line 1: expected \"prompt\""));
    EXPECT_THAT(refusal("{\"prompt\": \"x\", \"response\": 3}"), HasSubstr("line 1: expected \"response\""));
    EXPECT_THAT(refusal("{\"prompt\": \"\xff\"}"), HasSubstr("line 1: not valid JSON"));
    EXPECT_THAT(refusal("{\"prompt\": \"x\", \"n\": 1e999}"), HasSubstr("line 1: not valid JSON"));
    EXPECT_THAT(refusal(""), HasSubstr("holds no record"));
    EXPECT_THAT(refusal("\n \n"), HasSubstr("holds no record"));
    EXPECT_THROW(readRecords((m_folder / "absent.jsonl").string()), FileError);
    EXPECT_THROW(readRecords(m_folder.string()), FileError);
}

TEST_F(Records, DeepNestingIsNoCrash) {
    const std::string deep = "{\"prompt\": \"x\", \"n\": " + std::string(200000, '[');
    EXPECT_THAT(refusal(deep), HasSubstr("line 1"));
    EXPECT_THAT(refusal(deep + std::string(200000, ']') + "}"), HasSubstr("line 1"));
}

TEST_F(Records, WriteThenReadKeepsEverythingAndLeavesNoTemporary) {
    const std::string path =
        file("{\"prompt\": \"caf\xc3\xa9 \\u0000 \xf0\x9f\x98\x80\", \"source\": {\"page\": 3}}\n");
    auto records = readRecords(path);
    records[0].response = "line one\nline two";
    writeRecords(path, records);
    const auto again = readRecords(path);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].prompt, records[0].prompt);
    EXPECT_EQ(again[0].response, records[0].response);
    EXPECT_EQ(again[0].otherKeys, R"({"source":{"page":3}})");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(m_folder), {}), 1);
}

TEST_F(Records, FailedWriteKeepsTheOldFile) {
    const std::string path = file("{\"prompt\": \"old\"}\n");
    EXPECT_THROW(writeRecords(path, {{"new", "\xff not UTF-8", "", 0}}), FileError);
    EXPECT_EQ(readRecords(path)[0].prompt, "old");
    EXPECT_THROW(writeRecords((m_folder / "no" / "such.jsonl").string(), {{"new", {}, "", 0}}), FileError);
    EXPECT_THROW(writeRecords(m_folder.string(), {{"new", {}, "", 0}}), FileError);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(m_folder), {}), 1);
}

TEST_F(Records, TaskFileNeedsResponsesAndSharesTheWholeTurn) {
    const auto prompts = readTasks(file("{\"prompt\": \"What is 1 + 1?\", \"response\": \"2\"}\n"));
    ASSERT_EQ(prompts.size(), 1u);
    EXPECT_EQ(prompts[0].prompt.context, "What is 1 + 1?");
    ASSERT_EQ(prompts[0].prompt.questions.size(), 1u);
    EXPECT_EQ(prompts[0].prompt.questions[0].text, "");
    EXPECT_EQ(prompts[0].prompt.questions[0].answer, "2");
    EXPECT_THROW(readTasks(file("{\"prompt\": \"x\"}\n")), FileError);
}

TEST_F(Records, APromptBecomesARecordWithOrWithoutItsAnswer) {
    const TaskPrompt prompt{"facts", "context ", {{"What?", "That."}}};
    EXPECT_EQ(toRecord(prompt, prompt.questions[0], true).prompt, "context What?");
    EXPECT_EQ(toRecord(prompt, prompt.questions[0], true).response, "That.");
    EXPECT_FALSE(toRecord(prompt, prompt.questions[0], false).response);
}

} // namespace
} // namespace moa
