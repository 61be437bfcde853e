// Retrieval prompts: exact wording, length, spread, evidence, and the same bytes for the same seed.
#include "engine/core/error.h"
#include "engine/tasks/generator.h"
#include "engine/tasks/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace moa {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Splits like a byte-level BPE of a small vocabulary: digits and marks singly, letters in threes.
std::size_t countRoughly(std::string_view text) {
    std::size_t tokens = 0, letters = 0;
    for (unsigned char c : text) {
        const bool letter = std::isalpha(c) || c == ' ';
        letters = letter ? letters + 1 : 0;
        tokens += !letter || letters % 3 == 1;
    }
    return tokens;
}

std::size_t countBytes(std::string_view text) {
    return text.size();
}

TaskGenerator generator(TokenCounter count = countRoughly) {
    return TaskGenerator(loadTaskTexts(MOA_SOURCE_DIR "/resources/texts"), std::move(count));
}

TEST(Random, KnownStream) {
    // First outputs of the published SplitMix64 for seed 1234567.
    SplitMix64 random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317ULL);
    EXPECT_EQ(random.next(), 3203168211198807973ULL);
    EXPECT_EQ(random.next(), 9817491932198370423ULL);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LT(random.below(7), 7u);
        const double u = random.uniform();
        EXPECT_GE(u, 0);
        EXPECT_LT(u, 1);
    }
}

TEST(Texts, BundledFilesLoad) {
    const TaskTexts texts = loadTaskTexts(MOA_SOURCE_DIR "/resources/texts");
    EXPECT_GT(texts.words.size(), 5000u);
    EXPECT_GT(texts.filler.size(), 30000u);
    EXPECT_GT(texts.paragraphs.size(), 900u);
    EXPECT_TRUE(texts.filler.front().startsParagraph);
}

TEST(Texts, RefusesWhatIsNotAWordList) {
    const auto folder = std::filesystem::path(testing::TempDir()) / "moa_texts_test";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "sqlite-docs.txt") << "Some prose.\n";
    const auto refusal = [&] {
        try {
            loadTaskTexts(folder.string());
        } catch (const FileError& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    std::filesystem::remove(folder / "words.txt");
    EXPECT_THAT(refusal(), HasSubstr("words.txt: expected a readable"));
    std::ofstream(folder / "words.txt") << "amber\nRiver\n";
    EXPECT_THAT(refusal(), HasSubstr("words.txt: line 2: expected one lower-case word"));
    std::ofstream(folder / "words.txt") << "amber\nriver\n";
    EXPECT_THAT(refusal(), HasSubstr("at least 64 distinct words"));
    std::filesystem::remove_all(folder);
}

TEST(Generator, LinesInTheWordingTheModelKnows) {
    const TaskPrompt prompt = generator().make({.task = "lines", .length = 1024, .questions = 4, .seed = 1});
    const std::string intro =
        "Below is a record of lines I want you to remember. Each line begins with 'line <line "
        "index>' and contains a '<REGISTER_CONTENT>'.\n";
    ASSERT_THAT(prompt.context, StartsWith(intro));
    const std::regex line("line ([a-z]+-[a-z]+): REGISTER_CONTENT is <([1-9][0-9]{4})>\n");
    std::set<std::string> keys;
    std::size_t covered = intro.size(), lines = 0;
    for (std::sregex_iterator it(prompt.context.begin(), prompt.context.end(), line), end; it != end;
         ++it, ++lines) {
        keys.insert((*it)[1]);
        covered += std::size_t(it->length());
    }
    EXPECT_EQ(covered, prompt.context.size()); // nothing but lines
    EXPECT_EQ(keys.size(), lines);
    ASSERT_EQ(prompt.questions.size(), 4u);
    const std::regex question("Now tell me the REGISTER_CONTENT in line ([a-z]+-[a-z]+)\\?");
    const std::regex answer("The REGISTER_CONTENT in line ([a-z]+-[a-z]+) is <([0-9]{5})>\\.");
    for (const Question& q : prompt.questions) {
        std::smatch asked, told;
        ASSERT_TRUE(std::regex_match(q.text, asked, question)) << q.text;
        ASSERT_TRUE(std::regex_match(q.answer, told, answer)) << q.answer;
        EXPECT_EQ(asked[1], told[1]);
        EXPECT_THAT(prompt.context, HasSubstr("\nline " + asked[1].str() + ": REGISTER_CONTENT is <" +
                                              told[2].str() + ">\n"));
    }
}

TEST(Generator, FactsInTheWordingTheModelKnows) {
    const TaskPrompt prompt = generator().make({.task = "facts", .length = 2048, .questions = 5, .seed = 2});
    EXPECT_THAT(
        prompt.context,
        StartsWith("There is important information hidden in the text below. Find it and remember it.\n"));
    EXPECT_EQ(prompt.context.back(), '\n');
    ASSERT_EQ(prompt.questions.size(), 5u);
    const std::regex fact("The ([a-z]+ of [a-z]+) is [a-z]+\\.");
    for (const Question& q : prompt.questions) {
        std::smatch told;
        ASSERT_TRUE(std::regex_match(q.answer, told, fact)) << q.answer;
        EXPECT_EQ(q.text, "What is the " + told[1].str() + "?");
        EXPECT_THAT(prompt.context, HasSubstr("\n" + q.answer + " \n"));
    }
}

TEST(Generator, PasskeyHidesOneKey) {
    const TaskPrompt prompt = generator().make({.task = "passkey", .length = 512, .questions = 1, .seed = 3});
    ASSERT_EQ(prompt.questions.size(), 1u);
    EXPECT_EQ(prompt.questions[0].text, "What is the pass key?");
    EXPECT_TRUE(std::regex_match(prompt.questions[0].answer, std::regex("The pass key is [1-9][0-9]{4}\\.")));
    EXPECT_THAT(prompt.context, HasSubstr("\n" + prompt.questions[0].answer + " Remember it. \n"));
    EXPECT_EQ(questionsPerPrompt("passkey", 8), 1);
    EXPECT_EQ(questionsPerPrompt("facts", 8), 8);
}

TEST(Generator, ShortTurnsOfABranchJoinToTheChatText) {
    const ChatTurns chat;
    const TaskPrompt prompt{"facts", "context\n", {{"What?", "That."}}};
    EXPECT_EQ(promptHead(chat, prompt) + questionTail(chat, prompt.questions[0]) + "That." + chat.afterAnswer,
              "<|im_start|>user\ncontext\nWhat?<|im_end|>\n<|im_start|>assistant\nThat.<|im_end|>");
}

class GeneratorLength : public testing::TestWithParam<std::string> {};

TEST_P(GeneratorLength, NeverAboveTheTargetAndCloseBelow) {
    const std::string& task = GetParam();
    for (const auto& count : {TokenCounter(countRoughly), TokenCounter(countBytes)}) {
        const bool bytes = count("abc") == 3;
        const TaskGenerator make = generator(count);
        for (std::size_t length : {300, 512, 1000, 1024, 2048, 4099, 16384}) {
            if (bytes && length < 1000) continue; // one line of bytes fills a quarter of it
            const int questions = questionsPerPrompt(task, length < 1024 ? 2 : 4);
            for (int sample = 0; sample < 3; ++sample) {
                const TaskPrompt prompt = make.make(
                    {.task = task, .length = length, .questions = questions, .seed = 5, .sample = sample});
                const std::size_t tokens = countPromptTokens(prompt, make.turns(), count);
                EXPECT_LE(tokens, length);
                const std::size_t unit = bytes ? 60 : 40; // a line of bytes is up to 55 long
                EXPECT_GE(tokens + std::max(unit, length / 50), length) << task << ' ' << length;
                EXPECT_EQ(int(prompt.questions.size()), questions);
            }
        }
    }
}

TEST_P(GeneratorLength, WrapsWhenTheProseRunsOut) {
    const std::size_t length = 300000; // over twice what the document holds
    const TaskGenerator make = generator();
    const int questions = questionsPerPrompt(GetParam(), 3);
    const TaskPrompt prompt = make.make({.task = GetParam(), .length = length, .questions = questions});
    const std::size_t tokens = countPromptTokens(prompt, make.turns(), countRoughly);
    EXPECT_LE(tokens, length);
    EXPECT_GE(tokens, length - length / 50);
}

TEST_P(GeneratorLength, ReservedTokensAreLeftFree) {
    const TaskGenerator make = generator();
    const int questions = questionsPerPrompt(GetParam(), 2);
    const TaskPrompt prompt =
        make.make({.task = GetParam(), .length = 1024, .questions = questions, .reserved = 200});
    EXPECT_LE(countPromptTokens(prompt, make.turns(), countRoughly), 824u);
}

TEST_P(GeneratorLength, SameSeedSameBytesOtherSeedOtherBytes) {
    const TaskOptions options{.task = GetParam(), .length = 800, .questions = 1, .seed = 9, .sample = 4};
    const TaskPrompt first = generator().make(options), again = generator().make(options);
    EXPECT_EQ(first.context, again.context);
    EXPECT_EQ(first.questions[0].text, again.questions[0].text);
    EXPECT_EQ(first.questions[0].answer, again.questions[0].answer);
    for (auto change : {&TaskOptions::seed}) {
        TaskOptions other = options;
        other.*change += 1;
        EXPECT_NE(generator().make(other).context, first.context);
    }
    TaskOptions other = options;
    other.sample += 1;
    EXPECT_NE(generator().make(other).context, first.context);
}

TEST_P(GeneratorLength, OneKeyAPromptStillCoversAllDepths) {
    const TaskGenerator make = generator();
    int quarters[4] = {};
    for (int sample = 0; sample < 20; ++sample) {
        const TaskPrompt prompt =
            make.make({.task = GetParam(), .length = 2048, .questions = 1, .seed = 11, .sample = sample});
        const std::string& answer = prompt.questions[0].answer;
        const std::string evidence =
            GetParam() == "lines"
                ? answer.substr(answer.find("line "), answer.find(" is <") - answer.find("line "))
                : answer;
        const std::size_t at = prompt.context.find(evidence);
        ASSERT_NE(at, std::string::npos);
        ++quarters[4 * at / prompt.context.size()];
    }
    for (int found : quarters) EXPECT_GE(found, 3);
}

TEST_P(GeneratorLength, RefusesWhatCannotHold) {
    const TaskGenerator make = generator();
    EXPECT_THROW(make.make({.task = GetParam(), .length = 127, .questions = 1}), UsageError);
    EXPECT_THROW(make.make({.task = GetParam(), .length = 1024, .questions = 0}), UsageError);
    EXPECT_THROW(make.make({.task = GetParam(), .length = 1024, .questions = -3}), UsageError);
    EXPECT_THROW(make.make({.task = GetParam(), .length = 1024, .questions = 5000}), UsageError);
}

INSTANTIATE_TEST_SUITE_P(Tasks, GeneratorLength, testing::ValuesIn(builtInTasks()),
                         [](const auto& test) { return test.param; });

TEST(Generator, SeveralKeysStandInOrderOverTheDepth) {
    const TaskPrompt prompt = generator().make({.task = "facts", .length = 4096, .questions = 8, .seed = 4});
    std::size_t last = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        const std::size_t at = prompt.context.find(prompt.questions[i].answer);
        EXPECT_GT(at, last);
        const double depth = double(at) / double(prompt.context.size());
        EXPECT_NEAR(depth, (double(i) + 0.5) / 8, 0.5 / 8 + 0.03);
        last = at;
    }
}

TEST(Generator, UnknownTaskIsAUsageError) {
    try {
        generator().make({.task = "needles"});
        FAIL();
    } catch (const UsageError& e) {
        EXPECT_THAT(e.what(), HasSubstr("unknown task 'needles'"));
    }
}

TEST(Generator, TooShortForTheKeysSaysWhatWouldDo) {
    const TaskGenerator make = generator();
    std::string message;
    try {
        make.make({.task = "lines", .length = 128, .questions = 10});
    } catch (const UsageError& e) {
        message = e.what();
    }
    std::smatch needed;
    ASSERT_TRUE(std::regex_search(message, needed, std::regex("needs at least ([0-9]+) tokens"))) << message;
    EXPECT_EQ(make.make({.task = "lines", .length = std::stoul(needed[1]), .questions = 10}).questions.size(),
              10u);
}

} // namespace
} // namespace moa
