#include "engine/search/session_state.h"

#include "engine/core/error.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <iomanip>
#include <locale>
#include <sstream>

namespace moa {

namespace {

constexpr const char* kTitle = "moa-search-state";
constexpr std::size_t kMostChoices = 64, kMostMultipliers = 1024;

/// FNV-1a over all numbers of the instance.
class Fingerprint {
public:
    template <class T>
    void add(const T& value) {
        unsigned char bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof(T));
        for (unsigned char b : bytes) m_hash = (m_hash ^ b) * 1099511628211ull;
    }
    std::string text() const {
        std::ostringstream out;
        out.imbue(std::locale::classic());
        out << std::hex << std::setw(16) << std::setfill('0') << m_hash;
        return out.str();
    }

private:
    std::uint64_t m_hash = 14695981039346656037ull;
};

std::string fingerprintOf(const SearchInstance& instance) {
    Fingerprint print;
    print.add(instance.layers);
    print.add(instance.kvHeads);
    print.add(instance.sink);
    print.add(instance.freeRules);
    for (const Rule& rule : instance.rules) print.add(rule.alpha), print.add(rule.beta);
    for (int n : instance.densityLengths()) print.add(n);
    for (const auto& table : instance.loss)
        for (const auto& row : table)
            for (double v : row) print.add(v);
    for (const auto& row : instance.cacheBlocks)
        for (std::int64_t v : row) print.add(v);
    return print.text();
}

[[noreturn]] void damaged(int line, const std::string& expected) {
    throw Error("search state, line " + std::to_string(line) + ": " + expected + " expected");
}

void parseMultiplier(std::istringstream& in, int line, LearntState& state) {
    double value = 0;
    std::string name;
    if (!(in >> value >> std::ws) || !std::getline(in, name) || name.empty() || !std::isfinite(value))
        damaged(line, "a finite number and the name of a limit");
    if (state.multipliers.size() >= kMostMultipliers) damaged(line, "fewer limits");
    state.multipliers[name] = value;
}

void parseChoice(std::istringstream& in, int line, const SearchInstance& instance, LearntState& state) {
    std::vector<int> choice;
    for (int rule = 0; in >> rule;) {
        if (rule < 0 || rule >= instance.ruleCount() || choice.size() >= std::size_t(instance.groups()))
            damaged(line, "a rule for each of " + std::to_string(instance.groups()) + " groups");
        choice.push_back(rule);
    }
    if (!in.eof() || choice.size() != std::size_t(instance.groups()) || state.choices.size() >= kMostChoices)
        damaged(line, "a rule for each of " + std::to_string(instance.groups()) + " groups");
    state.choices.push_back(std::move(choice));
}

} // namespace

std::string stateText(const SearchInstance& instance, const LearntState& state) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << kTitle << " 1 " << fingerprintOf(instance) << '\n' << std::setprecision(17);
    for (const auto& [name, value] : state.multipliers) out << "multiplier " << value << ' ' << name << '\n';
    for (const std::vector<int>& choice : state.choices) {
        out << "choice";
        for (int rule : choice) out << ' ' << rule;
        out << '\n';
    }
    return out.str();
}

LearntState parseState(const SearchInstance& instance, std::string_view text) {
    LearntState state;
    std::istringstream all{std::string(text)};
    std::string line, word;
    int number = 0;
    while (std::getline(all, line)) {
        ++number;
        std::istringstream in(line);
        in.imbue(std::locale::classic());
        in >> word;
        if (number == 1) {
            int version = 0;
            std::string print;
            if (word != kTitle || !(in >> version >> print) || version != 1)
                damaged(1, std::string(kTitle) + " 1 and a fingerprint");
            if (print != fingerprintOf(instance))
                throw Error("search state: it was saved for another profile or other rules");
        } else if (word == "multiplier") {
            parseMultiplier(in, number, state);
        } else if (word == "choice") {
            parseChoice(in, number, instance, state);
        } else {
            damaged(number, "\"multiplier\" or \"choice\"");
        }
    }
    if (number == 0) damaged(1, std::string(kTitle) + " 1 and a fingerprint");
    return state;
}

} // namespace moa
