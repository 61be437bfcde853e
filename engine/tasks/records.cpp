// Reads and writes JSON Lines of prompts and responses.
#include "engine/tasks/records.h"

#include "engine/core/error.h"
#include "engine/core/file_target.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace moa {
namespace {

using Json = nlohmann::json;

constexpr const char* kExpected = R"(expected {"prompt": text, "response": text (optional)})";
constexpr int kMaxDepth = 64; // of JSON nesting

[[noreturn]] void failAt(const std::string& path, std::size_t line, const std::string& expected) {
    throw FileError(path, "line " + std::to_string(line), expected);
}

/// Parses one line. Nesting is limited because nlohmann::json writes what it holds recursively.
Json parseLine(const std::string& path, std::size_t number, const std::string& line) {
    const auto limitDepth = [&](int depth, Json::parse_event_t, const Json&) {
        if (depth > kMaxDepth)
            failAt(path, number, "expected at most " + std::to_string(kMaxDepth) + " nested levels");
        return true;
    };
    try {
        return Json::parse(line, limitDepth);
    } catch (const Json::parse_error& e) {
        failAt(path, number, "not valid JSON at byte " + std::to_string(e.byte) + "; " + kExpected);
    } catch (const Json::out_of_range&) {
        failAt(path, number, std::string("not valid JSON, a number is out of range; ") + kExpected);
    }
}

PromptRecord parseRecord(const std::string& path, std::size_t number, const std::string& line) {
    Json object = parseLine(path, number, line);
    if (!object.is_object()) failAt(path, number, std::string("not a JSON object; ") + kExpected);
    const auto prompt = object.find("prompt");
    if (prompt == object.end() || !prompt->is_string() || prompt->get_ref<const std::string&>().empty())
        failAt(path, number, R"(expected "prompt" to be a text that is not empty)");
    PromptRecord record{prompt->get<std::string>(), std::nullopt, {}, number};
    if (const auto response = object.find("response"); response != object.end() && !response->is_null()) {
        if (!response->is_string()) failAt(path, number, R"(expected "response" to be a text, or absent)");
        record.response = response->get<std::string>();
    }
    object.erase("prompt");
    object.erase("response");
    if (!object.empty()) record.otherKeys = object.dump();
    return record;
}

std::string recordLine(const std::string& path, const PromptRecord& record, std::size_t number) {
    // Ordered, so that the prompt comes first and a person reading the file finds it.
    nlohmann::ordered_json object;
    object["prompt"] = record.prompt;
    if (record.response) object["response"] = *record.response;
    try {
        if (!record.otherKeys.empty()) object.update(nlohmann::ordered_json::parse(record.otherKeys));
        return object.dump() + "\n";
    } catch (const Json::exception&) {
        failAt(path, number, "cannot be written: the text is not UTF-8");
    }
}

/// Writes a temporary beside `path`, fsyncs it, renames it over `path`.
void writeWhole(const std::string& path, const std::string& bytes) {
    requireFileTarget(path);
    const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
    const auto fail = [&] {
        const std::string why = std::strerror(errno);
        std::remove(temporary.c_str());
        throw FileError(path, "", "cannot be written: " + why);
    };
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(temporary.c_str(), "wb"), std::fclose);
    if (!file) fail();
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() ||
        std::fflush(file.get()) != 0 || ::fsync(::fileno(file.get())) != 0)
        fail();
    if (std::fclose(file.release()) != 0 || std::rename(temporary.c_str(), path.c_str()) != 0) fail();
}

/// "answers", or the response.
std::vector<std::string> answersOf(const std::string& path, const PromptRecord& record, const Json& keys) {
    std::vector<std::string> answers;
    if (const auto list = keys.find("answers"); list != keys.end()) {
        for (const Json& answer : list->is_array() ? *list : Json::array())
            answers.push_back(answer.is_string() ? answer.get<std::string>() : "");
        if (answers.empty() || std::ranges::count(answers, "") > 0)
            failAt(path, record.line, R"(expected "answers" to be a list of texts that are not empty)");
    } else if (record.response && !record.response->empty()) {
        answers.push_back(*record.response);
    } else {
        failAt(path, record.line,
               R"(expected a "response" or "answers" that are not empty: scoring needs the right answer)");
    }
    return answers;
}

UserTask parseTask(const std::string& path, const PromptRecord& record) {
    const Json keys = record.otherKeys.empty() ? Json::object() : Json::parse(record.otherKeys);
    UserTask task;
    task.answers = answersOf(path, record, keys);
    task.prompt = {path, record.prompt, {{"", task.answers.front()}}};
    if (const auto metric = keys.find("metric"); metric != keys.end()) {
        const auto named = metric->is_string() ? metricNamed(metric->get<std::string>()) : std::nullopt;
        if (!named) failAt(path, record.line, R"(expected "metric" to be "contains", "exact", "f1" or "rouge-l")");
        task.metric = *named;
    }
    if (const auto most = keys.find("max_new"); most != keys.end()) {
        if (!most->is_number_integer() || most->get<std::int64_t>() < 1 || most->get<std::int64_t>() > 1 << 20)
            failAt(path, record.line, R"(expected "max_new" to be a number of tokens, at least 1)");
        task.maxNew = most->get<int>();
    }
    return task;
}

} // namespace

std::vector<PromptRecord> readRecords(const std::string& path) {
    std::error_code ignored;
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path, ignored))
        throw FileError(path, "", "expected a readable JSON Lines file");
    std::vector<PromptRecord> records;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number)
        if (line.find_first_not_of(" \t\r") != std::string::npos)
            records.push_back(parseRecord(path, number, line));
    if (in.bad()) throw FileError(path, "", "cannot be read to its end");
    if (records.empty())
        throw FileError(path, "", std::string("holds no record; ") + kExpected + " on each line");
    return records;
}

void writeRecords(const std::string& path, const std::vector<PromptRecord>& records) {
    std::string bytes;
    for (std::size_t i = 0; i < records.size(); ++i) bytes += recordLine(path, records[i], i + 1);
    writeWhole(path, bytes);
}

TaskPrompt toTaskPrompt(const std::string& task, const PromptRecord& record) {
    return {task, record.prompt, {{"", record.response.value_or("")}}};
}

PromptRecord toRecord(const TaskPrompt& prompt, const Question& question, bool withAnswer) {
    PromptRecord record;
    record.prompt = prompt.context + question.text;
    if (withAnswer) record.response = question.answer;
    return record;
}

std::vector<UserTask> readTasks(const std::string& path) {
    std::vector<UserTask> tasks;
    for (const PromptRecord& record : readRecords(path)) tasks.push_back(parseTask(path, record));
    return tasks;
}

} // namespace moa
