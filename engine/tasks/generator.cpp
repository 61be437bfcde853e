// Builds a prompt for a given number of filler units (lines or words), and finds the number that fits.
#include "engine/tasks/generator.h"

#include "engine/core/error.h"
#include "engine/tasks/random.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_set>
#include <utility>

namespace moa {
namespace {

constexpr const char* kLinesIntro =
    "Below is a record of lines I want you to remember. Each line begins with 'line <line index>' and "
    "contains a '<REGISTER_CONTENT>'.\n";
constexpr const char* kProseIntro =
    "There is important information hidden in the text below. Find it and remember it.\n";

constexpr std::uint64_t kKeyStream = 1, kDepthStream = 2, kPassageStream = 3;
constexpr std::size_t kProseWordsPerFact = 8; // fewer, and facts stand side by side with no prose to hide in
constexpr std::size_t kSlack = 8;             // tokens below the target that end the search for a size

/// Draws distinct words, digits and depths for one prompt.
class Draw {
public:
    Draw(const TaskTexts& texts, std::uint64_t seed) : m_texts(texts), m_random(seed) {}

    const std::string& word() { return m_texts.words[m_random.below(m_texts.words.size())]; }

    /// A word this prompt has not used yet.
    const std::string& freshWord() {
        const std::string* candidate = &word();
        while (!m_used.insert(*candidate).second) candidate = &word();
        return *candidate;
    }

    /// `adj-noun`, unique within the prompt.
    std::string freshKey() {
        std::string key = word() + "-" + word();
        while (!m_used.insert(key).second) key = word() + "-" + word();
        return key;
    }

    /// Five digits, the first not 0.
    std::string number() { return std::to_string(10000 + m_random.below(90000)); }

private:
    const TaskTexts& m_texts;
    SplitMix64 m_random;
    std::unordered_set<std::string> m_used;
};

/// Those asked for, or one in each of `count` equal strata, so that prompts with one key cover all depths too.
std::vector<double> spreadDepths(const TaskOptions& options, int count) {
    if (!options.depths.empty()) return options.depths;
    std::vector<double> depths;
    for (int i = 0; i < count; ++i) depths.push_back(depthInStratum(options.seed, options.sample, i, count));
    return depths;
}

/// A record of `size` lines, `questions` of them asked for.
TaskPrompt buildLines(const TaskTexts& texts, const TaskOptions& options, std::uint64_t seed,
                      std::size_t size) {
    if (size > texts.words.size() * texts.words.size() / 2)
        throw UsageError("too few words for a record of " + std::to_string(size) +
                         " lines with distinct keys");
    TaskPrompt prompt{options.task, kLinesIntro, {}};
    Draw draw(texts, mixSeed(seed, kKeyStream));
    const std::vector<double> depths = spreadDepths(options, options.questions);
    for (std::size_t line = 0; line < size; ++line) {
        const std::string key = draw.freshKey(), value = draw.number();
        prompt.context += "line " + key + ": REGISTER_CONTENT is <" + value + ">\n";
        const std::size_t asked = prompt.questions.size();
        if (asked < depths.size() && line == std::size_t(depths[asked] * double(size)))
            prompt.questions.push_back({"Now tell me the REGISTER_CONTENT in line " + key + "?",
                                        "The REGISTER_CONTENT in line " + key + " is <" + value + ">."});
    }
    return prompt;
}

struct Hidden {
    std::string sentence; ///< what the prose hides
    Question question;
};

std::vector<Hidden> hiddenSentences(const TaskTexts& texts, const TaskOptions& options, std::uint64_t seed) {
    Draw draw(texts, mixSeed(seed, kKeyStream));
    std::vector<Hidden> hidden;
    if (options.task == "passkey") {
        const std::string fact = "The pass key is " + draw.number() + ".";
        hidden.push_back({fact + " Remember it.", {"What is the pass key?", fact}});
        return hidden;
    }
    for (int i = 0; i < options.questions; ++i) {
        const std::string subject = draw.freshWord() + " of " + draw.freshWord();
        const std::string fact = "The " + subject + " is " + draw.freshWord() + ".";
        hidden.push_back({fact, {"What is the " + subject + "?", fact}});
    }
    return hidden;
}

/// The sentence start nearest to word `at` of a passage of `size` words that begins at `first`.
std::size_t nearestSentence(const TaskTexts& texts, std::size_t first, std::size_t at, std::size_t size) {
    const auto starts = [&](std::size_t i) {
        return texts.filler[(first + i) % texts.filler.size()].startsSentence;
    };
    for (std::size_t away = 0; away <= at || at + away < size; ++away) {
        if (away <= at && starts(at - away)) return at - away;
        if (at + away < size && starts(at + away)) return at + away;
    }
    return 0;
}

/// `size` words of prose from a random paragraph on (wrapping at the end of the document), with the hidden
/// sentences between sentences of the prose. Each stands on a line of its own: inside a paragraph the
/// embedded model does not find them (dense retrieval 0.1 instead of 0.98).
TaskPrompt buildProse(const TaskTexts& texts, const TaskOptions& options, std::uint64_t seed,
                      std::size_t size) {
    TaskPrompt prompt{options.task, kProseIntro, {}};
    const std::vector<Hidden> hidden = hiddenSentences(texts, options, seed);
    const std::vector<double> depths = spreadDepths(options, int(hidden.size()));
    const std::size_t first =
        texts.paragraphs[SplitMix64(mixSeed(seed, kPassageStream)).below(texts.paragraphs.size())];
    std::vector<std::size_t> places;
    for (double depth : depths)
        places.push_back(nearestSentence(texts, first, std::size_t(depth * double(size)), size));

    std::size_t next = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const FillerWord& word = texts.filler[(first + i) % texts.filler.size()];
        const bool hides = next < hidden.size() && places[next] == i;
        if (i > 0) prompt.context += hides || word.startsParagraph ? '\n' : ' ';
        for (; next < hidden.size() && places[next] == i; ++next)
            prompt.context += hidden[next].sentence + " \n";
        prompt.context += word.text;
    }
    prompt.context += '\n';
    for (const Hidden& one : hidden) prompt.questions.push_back(one.question);
    return prompt;
}

/// A size whose prompt has at most `limit` tokens: within `slack` tokens of it, or the largest that fits.
/// Interpolates inside a bracket; `smallest` fits already, `perUnit` is a first guess of tokens per unit.
std::size_t largestFitting(const std::function<std::size_t(std::size_t)>& tokens, std::size_t smallest,
                           std::size_t limit, std::size_t slack, double perUnit) {
    std::size_t low = smallest, lowTokens = tokens(low);
    std::size_t high = 0; // 0: no size known that is too large
    while (limit - lowTokens > slack && (high == 0 || high - low > 1)) {
        auto step = std::max<std::size_t>(1, std::size_t(double(limit - lowTokens) / perUnit));
        if (high != 0) step = std::min(step, (high - low) / 2);
        const std::size_t size = low + step, count = tokens(size);
        perUnit = std::max(0.1, (double(count) - double(lowTokens)) / double(step));
        if (count > limit)
            high = size;
        else
            low = size, lowTokens = count;
    }
    return low;
}

void checkOptions(const TaskOptions& options, const TaskTexts& texts) {
    const auto& known = builtInTasks();
    if (std::find(known.begin(), known.end(), options.task) == known.end())
        throw UsageError("unknown task '" + options.task + "': expected lines, facts or passkey");
    if (options.questions < 1) throw UsageError("a prompt needs at least one question");
    if (options.questions > questionsPerPrompt(options.task, options.questions))
        throw UsageError("a passkey prompt hides one key: ask one question a prompt");
    if (options.task == "facts" && std::size_t(options.questions) > texts.words.size() / 6)
        throw UsageError("too many facts a prompt: " + std::to_string(options.questions) + ", at most " +
                         std::to_string(texts.words.size() / 6));
    if (!options.depths.empty() && options.depths.size() != std::size_t(options.questions))
        throw UsageError("one depth is needed for every question");
    for (std::size_t i = 0; i < options.depths.size(); ++i)
        if (!(options.depths[i] >= (i ? options.depths[i - 1] : 0.0) && options.depths[i] < 1))
            throw UsageError("depths ascend and lie in [0, 1)");
    if (options.length < kShortestTask)
        throw UsageError(
            "a " + options.task + " prompt of " + std::to_string(options.length) +
            " tokens is too short: instruction, key, question and answer leave no text to hide the "
            "key in; the shortest is " +
            std::to_string(kShortestTask));
}

} // namespace

const std::vector<std::string>& builtInTasks() {
    static const std::vector<std::string> tasks{"lines", "facts", "passkey"};
    return tasks;
}

double depthInStratum(std::uint64_t seed, int sample, int row, int rows) {
    const double start = SplitMix64(mixSeed(seed, kDepthStream)).uniform();
    const double turns = start + 0.6180339887498949 * sample;
    const double offset = turns - std::floor(turns);
    return (row + offset) / rows;
}

int questionsPerPrompt(const std::string& task, int wanted) {
    return task == "passkey" ? std::min(wanted, 1) : wanted;
}

std::size_t countPromptTokens(const TaskPrompt& prompt, const ChatTurns& turns, const TokenCounter& count) {
    std::size_t longest = 0;
    for (const Question& question : prompt.questions)
        longest = std::max(longest,
                           count(questionTail(turns, question)) + count(question.answer + turns.afterAnswer));
    return count(promptHead(turns, prompt)) + longest;
}

TaskGenerator::TaskGenerator(TaskTexts texts, TokenCounter count, ChatTurns turns)
    : m_texts(std::move(texts)), m_count(std::move(count)), m_turns(std::move(turns)) {}

TaskPrompt TaskGenerator::make(const TaskOptions& options) const {
    checkOptions(options, m_texts);
    std::uint64_t seed = options.seed;
    for (char c : options.task) seed = mixSeed(seed, std::uint64_t(c));
    seed = mixSeed(mixSeed(seed, options.length), std::uint64_t(options.sample));

    const bool lines = options.task == "lines";
    const auto build = [&](std::size_t size) {
        return lines ? buildLines(m_texts, options, seed, size) : buildProse(m_texts, options, seed, size);
    };
    const auto tokens = [&](std::size_t size) {
        return countPromptTokens(build(size), m_turns, m_count) + options.reserved;
    };
    const std::size_t smallest = std::size_t(options.questions) * (lines ? 1 : kProseWordsPerFact);
    if (const std::size_t needed = tokens(smallest); needed > options.length)
        throw UsageError("a " + options.task + " prompt with " + std::to_string(options.questions) +
                         " questions needs at least " + std::to_string(needed) + " tokens; " +
                         std::to_string(options.length) +
                         " were asked for: fewer questions or a greater length");
    const double perUnit = lines ? 24 : 2; // of the embedded model's tokenizer
    return build(largestFitting(tokens, smallest, options.length, kSlack, perUnit));
}

} // namespace moa
