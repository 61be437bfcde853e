// The engine's grid, cell by cell.
#include "ui/jobs/needle_service.h"

#include "engine/compare/needle_grid.h"
#include "ui/jobs/needle_options.h"

#include <algorithm>

namespace moa {
namespace {

NeedleValue valueOf(const NeedleCell& cell) {
    NeedleValue value{cell.length, cell.depth, int(cell.samples.size()), 0, 0, -1};
    if (cell.samples.empty()) return value;
    const auto share = [](const Score& score) { return 100.0 * score.right / std::max(score.asked, 1); };
    value.dense = share(cell.denseScore());
    value.sparse = share(cell.sparseScore());
    if (const auto lost = cell.firstLost()) value.firstLost = int(*lost);
    return value;
}

} // namespace

struct NeedleService::Kept {
    std::string model;
    NeedleQuestion question;
    SparsePlan plan;
    std::vector<NeedleCell> cells;

    bool isOf(const std::string& of, const NeedleQuestion& asked, const SparsePlan& under) const {
        return of == model && asked == question && under.rules == plan.rules && under.sink == plan.sink;
    }
};

NeedleOptions needleOptions(const NeedleQuestion& question, const std::filesystem::path& resources) {
    NeedleOptions options;
    options.task = question.task.toStdString();
    options.lengths = question.lengths;
    options.depths = question.depths;
    options.samples = question.samples;
    options.seed = question.seed;
    options.textFolder = resources / "texts";
    return options;
}

NeedleService::NeedleService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)), m_kept(std::make_shared<Kept>()) {}

Job* NeedleService::measure(const NeedleQuestion& question, const SparsePlan& plan) {
    return m_worker.submit(tr("Needle grid, %1").arg(question.task), true,
                           [this, question, plan, state = m_state, kept = m_kept](JobContext& context) {
        LanguageModel& model = state->model();
        const std::string name = model.files().path.string();
        if (!kept->isOf(name, question, plan)) *kept = {name, question, plan, {}};
        const auto tell = [&](const NeedleCell& cell) {
            if (!cell.samples.empty()) context.post([this, value = valueOf(cell)] { emit this->cell(value); });
        };
        std::ranges::for_each(kept->cells, tell);
        NeedleGrid grid = measureNeedleGrid(model, MaskSource::plan(plan), needleOptions(question, state->options().resources), kept->cells,
                                            tell, context.stop(), context.progressFn());
        kept->cells = std::move(grid.cells);
        context.mark(grid.completion);
    });
}

} // namespace moa
