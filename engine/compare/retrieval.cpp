#include "engine/compare/retrieval.h"

#include "engine/core/error.h"
#include "engine/model/language_model.h"
#include "engine/tasks/records.h"

#include <algorithm>
#include <map>
#include <optional>

namespace moa {

namespace {

bool isBuiltIn(const std::string& task) {
    return std::find(builtInTasks().begin(), builtInTasks().end(), task) != builtInTasks().end();
}

/// The prompts of one cell, and the length each is measured at.
struct Cell {
    std::string task;
    int length = 0;
    std::vector<EncodedPrompt> prompts;
    std::vector<std::int64_t> lengths;
};

Cell builtInCell(const TaskEncoder& encoder, const TaskGenerator& generator, const std::string& task, int length,
                 const RetrievalOptions& options) {
    Cell cell{task, length, {}, {}};
    const int perPrompt = questionsPerPrompt(task, options.questionsPerPrompt);
    // A task with fewer questions a prompt gets more prompts: cells stay comparable.
    const int prompts = std::max(options.prompts, options.prompts * options.questionsPerPrompt / perPrompt);
    for (int i = 0; i < prompts; ++i) {
        TaskOptions make;
        make.task = task;
        make.length = static_cast<std::size_t>(length);
        make.questions = perPrompt;
        make.seed = options.seed;
        make.sample = i;
        make.reserved = encoder.beginTokens();
        cell.prompts.push_back(encodePrompt(encoder, generator.make(make)));
        cell.lengths.push_back(length);
    }
    return cell;
}

Cell fileCell(const TaskEncoder& encoder, const std::string& file, int context) {
    Cell cell{std::filesystem::path(file).filename().string(), 0, {}, {}};
    for (const TaskPrompt& prompt : readTaskFile(file)) {
        EncodedPrompt encoded = encodePrompt(encoder, prompt);
        std::size_t longest = 0;
        for (const auto& branch : encoded.branches) longest = std::max(longest, branch.tail.size() + branch.answer.size());
        const auto n = static_cast<std::int64_t>(encoded.head.size() + longest);
        if (n > context)
            throw UsageError(file + ": a prompt has " + std::to_string(n) + " tokens, the model's context is " + std::to_string(context));
        cell.length = std::max(cell.length, static_cast<int>(n));
        cell.lengths.push_back(roundUpToBlock(n));
        cell.prompts.push_back(std::move(encoded));
    }
    return cell;
}

} // namespace

RetrievalOutcome measureRetrieval(LanguageModel& model, const std::vector<MaskChoice>& masks,
                                  const RetrievalOptions& options, std::stop_token stop, const ProgressFn& progress) {
    const TaskEncoder encoder(model.files());
    std::optional<TaskGenerator> generator;
    if (options.prompts < 1 || options.questionsPerPrompt < 1) throw UsageError("at least one prompt and one question are needed");
    for (const int length : options.lengths)
        if (length > model.config().context)
            throw UsageError("length " + std::to_string(length) + " is past the model's context of " +
                             std::to_string(model.config().context) + " tokens");
    std::vector<Cell> cells;
    for (const std::string& task : options.tasks) {
        if (!isBuiltIn(task)) {
            cells.push_back(fileCell(encoder, task, model.config().context));
            continue;
        }
        if (!generator) generator = encoder.generator(options.textFolder);
        for (const int length : options.lengths) cells.push_back(builtInCell(encoder, *generator, task, length, options));
    }
    std::int64_t done = 0, total = 0;
    for (const Cell& cell : cells) total += static_cast<std::int64_t>(cell.prompts.size() * masks.size());

    RetrievalOutcome outcome;
    for (const Cell& cell : cells) {
        RetrievalRow row{cell.task, cell.length, std::vector<Score>(masks.size()), std::vector<double>(masks.size())};
        for (std::size_t i = 0; i < cell.prompts.size(); ++i)
            for (std::size_t m = 0; m < masks.size(); ++m) {
                if (progress) progress({"retrieval " + cell.task + " " + std::to_string(cell.length), done, total});
                const auto answers = answerBranches(model, cell.prompts[i], masks[m].mask, cell.lengths[i], stop);
                if (answers.size() != cell.prompts[i].branches.size()) {
                    outcome.completion = Completion::Cancelled;
                    return outcome;
                }
                for (const AnswerOutcome& answer : answers) {
                    row.scores[m].add(answer.right);
                    row.nll[m] += answer.nll;
                }
                ++done;
            }
        for (std::size_t m = 0; m < masks.size(); ++m) row.nll[m] /= std::max(1, row.scores[m].asked);
        outcome.rows.push_back(std::move(row));
    }
    if (progress) progress({"retrieval", total, total});
    return outcome;
}

int effectiveLength(const std::vector<RetrievalRow>& rows, std::size_t mask, double threshold) {
    std::map<int, Score> byLength;
    for (const RetrievalRow& row : rows) {
        byLength[row.length].asked += row.scores[mask].asked;
        byLength[row.length].right += row.scores[mask].right;
    }
    int effective = 0;
    for (const auto& [length, score] : byLength) {
        if (score.accuracy() <= threshold) break;
        effective = length;
    }
    return effective;
}

} // namespace moa
