// Prompts of a user's JSON Lines file, for calibration and as a task: one object a line,
// {"prompt": text, "response": text, optional}. Blank lines are skipped, other keys are kept as they are.
#pragma once

#include "engine/tasks/task_prompt.h"
#include "engine/tasks/text_metrics.h"

#include <optional>
#include <string>
#include <vector>

namespace moa {

struct PromptRecord {
    std::string prompt;                  ///< what the user says, not templated; never empty
    std::optional<std::string> response; ///< absent (or null): the dense model writes it
    std::string otherKeys; ///< a JSON object with the line's other keys, empty when there are none
    std::size_t line = 0;  ///< in the file, from 1; 0 when not read from one
};

/// @throws FileError naming file, line and what was expected: unreadable file, no record at all, a line that
/// is no JSON object or no UTF-8, "prompt" missing, empty or no text, "response" neither text nor null.
std::vector<PromptRecord> readRecords(const std::string& path);

/// Writes the records so that readRecords() gives them back; a crash leaves the old file or the new one.
/// @throws FileError when the file cannot be written or a text is not UTF-8.
void writeRecords(const std::string& path, const std::vector<PromptRecord>& records);

/// A record as a prompt with one question: the whole user turn is shared, the question text is empty.
TaskPrompt toTaskPrompt(const std::string& task, const PromptRecord& record);

/// One question of a prompt as a record; with the expected answer, or without so that the model writes it.
PromptRecord toRecord(const TaskPrompt& prompt, const Question& question, bool withAnswer);

/// A line of a user's task file: how its answer is scored. Lines may hold "answers" (a list of texts, each right) beside
/// or in place of "response", a "metric" (text_metrics.h) and "max_new".
struct UserTask {
    TaskPrompt prompt;                ///< one question; its answer is the first of `answers`
    std::vector<std::string> answers; ///< never empty, none of them empty
    Metric metric = Metric::Answer;   ///< where the line names none
    int maxNew = 0;                   ///< tokens the model may write; 0: by the length of the answers
};

/// Reads a user's task file for scoring.
/// @throws FileError as readRecords(), and at a line without an answer or with keys that are none of the above.
std::vector<UserTask> readTasks(const std::string& path);

} // namespace moa
