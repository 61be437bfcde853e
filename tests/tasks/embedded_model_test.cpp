// Prompts in the tokens of the embedded model.
#include "engine/loader/tokenizer.h"
#include "engine/tasks/generator.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace moa {
namespace {

class EmbeddedModel : public testing::Test {
protected:
    std::vector<int> encode(const std::string& text) const { return m_tokenizer.encode(text, true, false); }

    Tokenizer m_tokenizer = Tokenizer::fromFile(MOA_SOURCE_DIR "/resources/models/moa-tiny/tokenizer.json");
    TaskGenerator m_generator{
        loadTaskTexts(MOA_SOURCE_DIR "/resources/texts"),
        [this](std::string_view text) { return m_tokenizer.encode(text, true, false).size(); }};
};

TEST_F(EmbeddedModel, HeadTailAndAnswerJoinToTheTokensOfTheWholeChat) {
    for (const std::string& task : builtInTasks()) {
        const TaskPrompt prompt = m_generator.make(
            {.task = task, .length = 700, .questions = questionsPerPrompt(task, 3), .seed = 7});
        const std::vector<int> head = encode(promptHead(m_generator.turns(), prompt));
        for (const Question& question : prompt.questions) {
            std::vector<int> joined = head;
            for (const std::string& part :
                 {questionTail(m_generator.turns(), question), question.answer + "<|im_end|>"}) {
                const std::vector<int> ids = encode(part);
                joined.insert(joined.end(), ids.begin(), ids.end());
            }
            EXPECT_EQ(joined, encode("<|im_start|>user\n" + prompt.context + question.text +
                                     "<|im_end|>\n<|im_start|>assistant\n" + question.answer + "<|im_end|>"))
                << task;
        }
    }
}

TEST_F(EmbeddedModel, LengthsAreKeptInItsOwnTokens) {
    for (const std::string& task : builtInTasks())
        for (std::size_t length : {128, 192, 195, 1024, 4096, 16384}) {
            if (task == "lines" && length < 192)
                continue; // its instruction, question and answer alone take 130
            const int questions = questionsPerPrompt(task, length < 1024 ? 1 : 4);
            const TaskPrompt prompt =
                m_generator.make({.task = task, .length = length, .questions = questions});
            const std::size_t head = encode(promptHead(m_generator.turns(), prompt)).size();
            std::size_t longest = 0;
            for (const Question& question : prompt.questions)
                longest =
                    std::max(longest, head + encode(questionTail(m_generator.turns(), question)).size() +
                                          encode(question.answer + "<|im_end|>").size());
            EXPECT_LE(longest, length) << task;
            EXPECT_GE(longest + std::max<std::size_t>(40, length / 50), length) << task << ' ' << length;
        }
}

} // namespace
} // namespace moa
