// Families recognised and rendered as Jinja does. Golden file: tests/reference/chat_golden.py.
#include "engine/core/error.h"
#include "engine/loader/chat_template.h"
#include "engine/loader/json_reader.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

const std::filesystem::path kData = std::filesystem::path(MOA_SOURCE_DIR) / "tests/loader/data";

std::vector<Message> messagesOf(const Json& json) {
    std::vector<Message> messages;
    for (const Json& message : json) messages.push_back({message.at("role"), message.at("content")});
    return messages;
}

ChatTemplate templateOf(const Json& row) {
    return {row.at("template"), row.at("bos"), row.at("eos")};
}

TEST(ChatTemplate, rendersAsJinja) {
    const Json golden = readJsonFile(kData / "golden_chat.json", 1 << 20);
    std::size_t rendered = 0;
    for (const Json& row : golden) {
        SCOPED_TRACE(row.at("name"));
        const ChatTemplate chat = templateOf(row);
        EXPECT_EQ(chat.name(), row.at("family"));
        EXPECT_EQ(chat.known(), row.at("family") != "unknown");
        for (const Json& example : row.at("cases")) {
            EXPECT_EQ(chat.render(messagesOf(example.at("messages")), true), example.at("prompt"));
            EXPECT_EQ(chat.render(messagesOf(example.at("messages")), false), example.at("plain"));
            ++rendered;
        }
    }
    EXPECT_GE(rendered, 30u);
}

/// Prompt, answer as the model writes it, and the appended turn make up the whole conversation.
TEST(ChatTemplate, appendedTurnsEqualTheWhole) {
    const Json golden = readJsonFile(kData / "golden_chat.json", 1 << 20);
    for (const Json& row : golden) {
        SCOPED_TRACE(row.at("name"));
        const ChatTemplate chat = templateOf(row);
        if (!chat.known()) continue;
        const Message first{"user", "One?"}, answer{"assistant", "Two."}, second{"user", "Three?"};
        const std::string prompt = chat.render({first}), whole = chat.render({first, answer, second});
        ASSERT_TRUE(whole.starts_with(prompt));
        const std::string lead = whole.substr(prompt.size()).starts_with(" ") ? " " : "";
        EXPECT_EQ(prompt + lead + "Two." + chat.renderUserTurn("Three?"), whole);
        const std::string space = chat.family() == ChatFamily::Llama2 ? " " : "";
        EXPECT_EQ(prompt + lead + "Two." + space + chat.endOfTurn() + chat.renderUserTurn("Three?", true),
                  whole);
    }
}

TEST(ChatTemplate, withoutTemplateTextPassesThrough) {
    const ChatTemplate none;
    EXPECT_EQ(none.name(), "none");
    EXPECT_TRUE(none.known());
    EXPECT_EQ(none.render({{"user", "a"}, {"assistant", "b"}}), "ab");
    EXPECT_EQ(none.renderUserTurn("c"), "c");
    EXPECT_EQ(none.endOfTurn(), "");
}

TEST(ChatTemplate, refusesUnknownRoles) {
    EXPECT_THROW(ChatTemplate().render({{"tool", "x"}}), UsageError);
    const ChatTemplate llama2("[INST] <<SYS>>", "<s>", "</s>");
    EXPECT_THROW(llama2.render({{"system", "x"}}), UsageError);
}

TEST(ChatTemplate, readsEveryPlaceItMayStand) {
    const TemporaryFolder folder;
    EXPECT_EQ(readChatTemplate(folder.path()).name(), "none");
    folder.write("tokenizer_config.json", R"({"eos_token": {"content": "</s>"}, "bos_token": null,
        "chat_template": [{"name": "tools", "template": "x"},
                          {"name": "default", "template": "<|user|> <|assistant|> eos_token"}]})");
    EXPECT_EQ(readChatTemplate(folder.path()).name(), "zephyr");
    EXPECT_EQ(readChatTemplate(folder.path()).endOfTurn(), "</s>");
    folder.write("chat_template.jinja", "<|im_start|> <|im_end|>");
    EXPECT_EQ(readChatTemplate(folder.path()).name(), "chatml");
}

TEST(ChatTemplate, namesDamage) {
    const TemporaryFolder folder;
    for (const char* text :
         {"", "[]", "{", R"({"chat_template": 3})", R"({"chat_template": [3]})", R"({"eos_token": 1})",
          R"({"chat_template": [{"name": "a"}]})", R"({"bos_token": {"content": 1}})"}) {
        folder.write("tokenizer_config.json", text);
        EXPECT_THROW(readChatTemplate(folder.path()), FileError) << text;
    }
}

} // namespace
} // namespace moa
