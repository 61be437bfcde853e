#include "engine/tasks/task_encoding.h"

namespace moa {

ChatTurns chatTurnsOf(const ChatTemplate& chat) {
    if (chat.family() == ChatFamily::None || !chat.known()) return {"", "\n", "\n"};
    // Render a marker and cut around it: whatever the family writes, the parts fit together.
    const std::string marker = "\x01marker\x01";
    const std::string rendered = chat.render({{"user", marker}}, true);
    const std::size_t at = rendered.find(marker);
    return {rendered.substr(0, at), rendered.substr(at + marker.size()), chat.endOfTurn()};
}

TaskEncoder::TaskEncoder(const Model& model) : m_model(model), m_turns(chatTurnsOf(model.chat)) {}

std::vector<int> TaskEncoder::head(const TaskPrompt& prompt) const {
    const bool bare = m_turns.beforeUser.empty();
    return m_model.tokenizer.encode(promptHead(m_turns, prompt), true, bare);
}

std::vector<int> TaskEncoder::nextTurn(const Question& question) const {
    const bool bare = m_turns.beforeUser.empty();
    return encode(bare ? m_turns.afterAnswer + question.text + m_turns.beforeAnswer
                       : m_model.chat.renderUserTurn(question.text, endToken() >= 0));
}

int TaskEncoder::endToken() const {
    const auto ids = encode(m_turns.afterAnswer);
    if (ids.size() == 1 && m_model.tokenizer.isSpecial(ids[0])) return ids[0];
    return m_model.config.eosIds.empty() ? -1 : m_model.config.eosIds.front();
}

TaskGenerator TaskEncoder::generator(const std::filesystem::path& textFolder) const {
    const Model* model = &m_model;
    const TokenCounter count = [model](std::string_view text) {
        return model->tokenizer.encode(text, true, false).size();
    };
    return TaskGenerator(loadTaskTexts(textFolder.string()), count, m_turns);
}

} // namespace moa
