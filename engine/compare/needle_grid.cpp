#include "engine/compare/needle_grid.h"

#include "engine/core/error.h"
#include "engine/model/language_model.h"

#include <algorithm>

namespace moa {

namespace {

/// Depth rows that one prompt serves, from `row` on.
int rowsPerPrompt(const NeedleOptions& options) { return questionsPerPrompt(options.task, options.depths); }

/// The prompt that holds sample `sample` of row `row` (and, where it has several keys, of all rows).
TaskPrompt makePrompt(const TaskEncoder& encoder, const TaskGenerator& generator, const NeedleOptions& options, int length,
                      int row, int sample) {
    TaskOptions make;
    make.task = options.task;
    make.length = static_cast<std::size_t>(length);
    make.questions = rowsPerPrompt(options);
    make.seed = options.seed;
    make.reserved = encoder.beginTokens();
    const bool allRows = make.questions == options.depths;
    // A prompt of one key is another one for every row; else its text would give the key away to the next.
    make.sample = allRows ? sample : sample * options.depths + row;
    for (int i = 0; i < make.questions; ++i)
        make.depths.push_back(depthInStratum(options.seed, sample, allRows ? i : row, options.depths));
    return generator.make(make);
}

void check(const ModelConfig& config, const NeedleOptions& options) {
    if (options.depths < 1 || options.depths > NeedleOptions::kMostDepths)
        throw UsageError("a needle grid has 1 to " + std::to_string(NeedleOptions::kMostDepths) + " depths, not " +
                         std::to_string(options.depths));
    if (options.samples < 1) throw UsageError("a needle grid needs at least one sample a cell");
    if (options.lengths.empty()) throw UsageError("a needle grid needs at least one length");
    for (const int length : options.lengths)
        if (length > config.context)
            throw UsageError("length " + std::to_string(length) + " is past the model's context of " +
                             std::to_string(config.context) + " tokens");
}

class NeedleRun {
public:
    NeedleRun(LanguageModel& model, const MaskSource& sparse, const NeedleOptions& options, std::span<const NeedleCell> done,
              const NeedleCellFn& onCell, std::stop_token stop, const ProgressFn& progress)
        : m_model(model), m_sparse(sparse), m_options(options), m_onCell(onCell), m_stop(std::move(stop)),
          m_progress(progress), m_encoder(model.files()), m_generator(m_encoder.generator(options.textFolder)) {
        for (const int length : options.lengths)
            for (int depth = 0; depth < options.depths; ++depth) {
                NeedleCell& cell = m_grid.cells.emplace_back(NeedleCell{length, depth, {}});
                for (const NeedleCell& old : done)
                    if (old.length == length && old.depth == depth) cell.samples = old.samples;
                m_finished += std::min<std::int64_t>(options.samples, static_cast<std::int64_t>(cell.samples.size()));
            }
    }

    NeedleGrid run() {
        // Every cell gets its first sample before any gets its second.
        for (int sample = 0; sample < m_options.samples; ++sample)
            for (std::size_t l = 0; l < m_options.lengths.size(); ++l)
                for (int row = 0; row < m_options.depths; row += rowsPerPrompt(m_options))
                    if (!measure(l, row, sample)) {
                        m_grid.completion = Completion::Cancelled;
                        return std::move(m_grid);
                    }
        report(m_options.lengths.back());
        return std::move(m_grid);
    }

private:
    void report(int length) {
        if (m_progress)
            m_progress({"needles at " + std::to_string(length) + " tokens", m_finished,
                        static_cast<std::int64_t>(m_grid.cells.size()) * m_options.samples});
    }

    NeedleCell& cell(std::size_t length, int row) {
        return m_grid.cells[length * static_cast<std::size_t>(m_options.depths) + static_cast<std::size_t>(row)];
    }

    /// Sample `sample` of the rows from `row` on that one prompt serves; false when stopped.
    bool measure(std::size_t l, int row, int sample) {
        const auto rows = static_cast<std::size_t>(rowsPerPrompt(m_options));
        const auto lacks = [&](std::size_t i) {
            return cell(l, row + static_cast<int>(i)).samples.size() == static_cast<std::size_t>(sample);
        };
        bool wanted = false;
        for (std::size_t i = 0; i < rows; ++i) wanted = wanted || lacks(i);
        if (!wanted) return true;
        const int length = m_options.lengths[l];
        report(length);
        const EncodedPrompt prompt = encodePrompt(m_encoder, makePrompt(m_encoder, m_generator, m_options, length, row, sample));
        const auto dense = answerBranches(m_model, prompt, MaskSource::dense(), length, m_stop);
        if (dense.size() != rows) return false;
        const auto sparse = m_sparse.isDense() ? dense : answerBranches(m_model, prompt, m_sparse, length, m_stop);
        if (sparse.size() != rows) return false;
        for (std::size_t i = 0; i < rows; ++i) {
            if (!lacks(i)) continue;
            NeedleCell& filled = cell(l, row + static_cast<int>(i));
            filled.samples.push_back({dense[i].right, sparse[i].right, dense[i].nll, sparse[i].nll});
            ++m_finished;
            if (m_onCell) m_onCell(filled);
        }
        return true;
    }

    LanguageModel& m_model;
    const MaskSource& m_sparse;
    const NeedleOptions& m_options;
    const NeedleCellFn& m_onCell;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    TaskEncoder m_encoder;
    TaskGenerator m_generator;
    NeedleGrid m_grid;
    std::int64_t m_finished = 0; ///< samples
};

} // namespace

Score NeedleCell::denseScore() const {
    Score score;
    for (const NeedleSample& sample : samples) score.add(sample.dense);
    return score;
}

Score NeedleCell::sparseScore() const {
    Score score;
    for (const NeedleSample& sample : samples) score.add(sample.sparse);
    return score;
}

std::optional<std::size_t> NeedleCell::firstLost() const {
    const auto at = std::ranges::find_if(samples, [](const NeedleSample& s) { return s.dense && !s.sparse; });
    if (at == samples.end()) return std::nullopt;
    return static_cast<std::size_t>(at - samples.begin());
}

NeedleGrid measureNeedleGrid(LanguageModel& model, const MaskSource& sparse, const NeedleOptions& options,
                             std::span<const NeedleCell> done, const NeedleCellFn& onCell, std::stop_token stop,
                             const ProgressFn& progress) {
    check(model.config(), options);
    return NeedleRun(model, sparse, options, done, onCell, std::move(stop), progress).run();
}

NeedlePrompt needlePrompt(const Model& model, const NeedleOptions& options, int length, int depth, int sample) {
    check(model.config, options);
    if (depth < 0 || depth >= options.depths || sample < 0 || length > model.config.context)
        throw UsageError("the needle grid has no cell at depth " + std::to_string(depth) + " and length " +
                         std::to_string(length));
    const TaskEncoder encoder(model);
    const TaskPrompt text = makePrompt(encoder, encoder.generator(options.textFolder), options, length, depth, sample);
    const EncodedPrompt encoded = encodePrompt(encoder, text);
    const std::size_t branch = encoded.branches.size() > 1 ? static_cast<std::size_t>(depth) : 0;
    NeedlePrompt prompt;
    prompt.head = encoded.head;
    prompt.ids = encoded.head;
    prompt.ids.insert(prompt.ids.end(), encoded.branches[branch].tail.begin(), encoded.branches[branch].tail.end());
    prompt.answer = encoded.branches[branch].answer;
    prompt.question = text.questions[branch].text;
    prompt.expected = text.questions[branch].answer;
    prompt.depth = depthInStratum(options.seed, sample, depth, options.depths);
    return prompt;
}

} // namespace moa
