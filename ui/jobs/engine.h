// The engine as the interface holds it: one worker, what it owns, and the services that speak for it.
#pragma once

#include "ui/jobs/calibration_service.h"
#include "ui/jobs/capture_service.h"
#include "ui/jobs/compare_service.h"
#include "ui/jobs/decode_service.h"
#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/export_service.h"
#include "ui/jobs/history_reader.h"
#include "ui/jobs/history_service.h"
#include "ui/jobs/model_service.h"
#include "ui/jobs/needle_service.h"
#include "ui/jobs/plan_service.h"
#include "ui/jobs/prompt_service.h"
#include "ui/jobs/rerun_service.h"
#include "ui/jobs/search_service.h"

namespace moa {

/// Services answer on the GUI thread; no answer comes once the engine is being destroyed.
struct Engine {
    explicit Engine(const EngineOptions& options, const HistoryOptions& historyOptions = {})
        : state(std::make_shared<EngineState>(options)), models(worker, reader, state), prompts(worker, state),
          plans(reader, state), captures(worker, views, state), calibration(worker, state), compares(worker, state), needles(worker, state),
          decode(worker, state), exports(worker, files, state),
          history(files, state, historyOptions), historyReader(historyOptions), reruns(worker), search(state) {}
    ~Engine() {
        search.shutDown();
        worker.shutDown();
        views.shutDown();
        files.shutDown();
        reader.shutDown();
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    std::shared_ptr<EngineState> state;
    DeviceWorker worker; ///< owns the device
    DeviceWorker views;  ///< computes what views show from captured values
    DeviceWorker files;  ///< writes exports and the history
    DeviceWorker reader; ///< reads what models' files say, and plans and profiles: they must not wait for a layer, or for a sample
    ModelService models;
    PromptService prompts;
    PlanService plans;
    CaptureService captures;
    CalibrationService calibration;
    CompareService compares;
    NeedleService needles;
    DecodeService decode;
    ExportService exports;
    HistoryService history;
    HistoryReader historyReader; ///< on a thread of its own
    RerunService reruns;
    SearchService search; ///< on a thread of its own
};

} // namespace moa
