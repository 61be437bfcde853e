#include "engine/compare/retrieval.h"

#include "engine/core/error.h"
#include "engine/model/language_model.h"
#include "engine/tasks/records.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

namespace moa {

namespace {

bool isBuiltIn(const std::string& task) {
    return std::find(builtInTasks().begin(), builtInTasks().end(), task) != builtInTasks().end();
}

/// One prompt of a cell; with a metric it has one question, answered in the model's own words.
struct CellPrompt {
    EncodedPrompt ids;
    std::int64_t length = 0; ///< N that the masks are taken at
    std::vector<std::string> answers{};
    int maxNew = 0;
};

/// The prompts of one row.
struct Cell {
    std::string task;
    int length = 0;
    Metric metric = Metric::Answer;
    std::vector<CellPrompt> prompts{};
};

Cell builtInCell(const TaskEncoder& encoder, const TaskGenerator& generator, const std::string& task, int length,
                 const RetrievalOptions& options) {
    Cell cell{task, length};
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
        cell.prompts.push_back({encodePrompt(encoder, generator.make(make)), length});
    }
    return cell;
}

/// Tokens that an answer in the model's own words may have where the line does not say.
constexpr std::size_t kLeastAnswer = 32;

CellPrompt filePrompt(const TaskEncoder& encoder, const UserTask& task) {
    CellPrompt prompt{encodePrompt(encoder, task.prompt), 0, task.answers, task.maxNew};
    std::size_t longest = 0, answer = 0;
    for (const auto& branch : prompt.ids.branches) longest = std::max(longest, branch.tail.size() + branch.answer.size());
    if (task.metric != Metric::Answer) {
        for (const std::string& text : task.answers) answer = std::max(answer, encoder.encode(text).size());
        if (prompt.maxNew == 0) prompt.maxNew = static_cast<int>(std::max(kLeastAnswer, 2 * answer));
        longest = prompt.ids.branches.front().tail.size() + static_cast<std::size_t>(prompt.maxNew);
    }
    prompt.length = static_cast<std::int64_t>(prompt.ids.head.size() + longest);
    return prompt;
}

/// One cell for every metric that the file's lines name, in the order of their first lines.
std::vector<Cell> fileCells(const TaskEncoder& encoder, const std::string& file, int context) {
    std::vector<Cell> cells;
    for (const UserTask& task : readTasks(file)) {
        CellPrompt prompt = filePrompt(encoder, task);
        if (prompt.length > context)
            throw UsageError(file + ": a prompt has " + std::to_string(prompt.length) +
                             " tokens with its answer, the model's context is " + std::to_string(context));
        auto cell = std::ranges::find(cells, task.metric, &Cell::metric);
        if (cell == cells.end())
            cell = cells.insert(cells.end(), {std::filesystem::path(file).filename().string(), 0, task.metric});
        cell->length = std::max(cell->length, static_cast<int>(prompt.length));
        prompt.length = roundUpToBlock(prompt.length);
        cell->prompts.push_back(std::move(prompt));
    }
    return cells;
}

/// One prompt under one mask, added to the row; false when stopped.
bool measurePrompt(LanguageModel& model, const CellPrompt& prompt, const MaskSource& mask, std::size_t m, RetrievalRow& row,
                   const std::stop_token& stop) {
    if (row.metric == Metric::Answer) {
        const auto answers = answerBranches(model, prompt.ids, mask, prompt.length, stop);
        if (answers.size() != prompt.ids.branches.size()) return false;
        for (const AnswerOutcome& answer : answers) {
            row.scores[m].add(answer.right);
            row.means[m] += answer.right;
            row.nll[m] += answer.nll;
        }
        return true;
    }
    std::vector<int> ids = prompt.ids.head;
    const std::vector<int>& tail = prompt.ids.branches.front().tail;
    ids.insert(ids.end(), tail.begin(), tail.end());
    const auto text = writeAnswer(model, ids, mask, prompt.length, prompt.maxNew, stop);
    if (!text) return false;
    const double score = scoreText(row.metric, *text, prompt.answers);
    row.scores[m].add(score >= 1);
    row.means[m] += score;
    return true;
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
            std::ranges::move(fileCells(encoder, task, model.config().context), std::back_inserter(cells));
            continue;
        }
        if (!generator) generator = encoder.generator(options.textFolder);
        for (const int length : options.lengths) cells.push_back(builtInCell(encoder, *generator, task, length, options));
    }
    std::int64_t done = 0, total = 0;
    for (const Cell& cell : cells) total += static_cast<std::int64_t>(cell.prompts.size() * masks.size());

    RetrievalOutcome outcome;
    for (const Cell& cell : cells) {
        const std::size_t count = masks.size();
        RetrievalRow row{cell.task, cell.length, std::vector<Score>(count), std::vector<double>(count), cell.metric,
                         std::vector<double>(count)};
        for (const CellPrompt& prompt : cell.prompts)
            for (std::size_t m = 0; m < count; ++m) {
                if (progress) progress({"retrieval " + cell.task + " " + std::to_string(cell.length), done, total});
                if (!measurePrompt(model, prompt, masks[m].mask, m, row, stop)) {
                    outcome.completion = Completion::Cancelled;
                    return outcome;
                }
                ++done;
            }
        for (std::size_t m = 0; m < count; ++m) {
            row.nll[m] /= std::max(1, row.scores[m].asked);
            row.means[m] /= std::max(1, row.scores[m].asked);
        }
        outcome.rows.push_back(std::move(row));
    }
    if (progress) progress({"retrieval", total, total});
    return outcome;
}

double RetrievalRow::relativeDrop(std::size_t reference, std::size_t mask) const {
    return means[reference] > 0 ? std::max(0.0, 1 - means[mask] / means[reference]) : 0;
}

Score RetrievalOutcome::pooled(std::size_t mask) const {
    Score sum;
    for (const RetrievalRow& row : rows) {
        sum.asked += row.scores[mask].asked;
        sum.right += row.scores[mask].right;
    }
    return sum;
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
