// What the worker thread owns: the backend, the opened model and the resources. Touched by work on that thread only,
// but for the files of models, which any thread may ask for.
#pragma once

#include "engine/backend/device_choice.h"
#include "engine/loader/model_files.h"
#include "engine/model/language_model.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace moa {

struct EngineOptions {
    std::filesystem::path resources;
    std::string device = "auto"; ///< as --device
    int threads = 0;             ///< 0: as many as the process may use
};

class EngineState {
public:
    explicit EngineState(EngineOptions options) : m_options(std::move(options)) {}

    const EngineOptions& options() const { return m_options; }
    /// Made at the first call, and made anew, with no model loaded, for files whose type the card keeps in
    /// another one. Throws Error for a device that is not there.
    Backend& backend(DType fileType);
    /// The same, whatever types it keeps.
    Backend& backend();
    /// Name ("cpu", "cuda:0") and facts of every device, the one in use first. Throws as backend().
    std::vector<std::pair<std::string, DeviceInfo>> devices();
    /// The card in use; −1: none. Any thread.
    int card() const { return m_card; }
    /// Files of a model by path or bundled name; the last few are kept, so that a click on a list is quick. Any thread.
    /// Throws FileError.
    std::shared_ptr<const Model> files(const std::string& nameOrPath);
    /// The loaded model. Throws UsageError when there is none.
    LanguageModel& model();
    bool hasModel() const { return m_model != nullptr; }
    void setModel(std::unique_ptr<LanguageModel> model) { m_model = std::move(model); }
    /// What lives on the loaded model, e.g. caches of a comparison: freed before it, or when another guest comes.
    void setGuest(std::shared_ptr<void> guest) { m_guest = std::move(guest); }
    /// Frees the model and hands its memory back to the system.
    void eject();

private:
    EngineOptions m_options;
    DeviceChoice m_choice; ///< the worker's thread
    std::atomic<int> m_card{-1};
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<LanguageModel> m_model;
    std::shared_ptr<void> m_guest; ///< on the model
    std::mutex m_mutex;                                                       ///< guards what follows
    std::vector<std::pair<std::string, std::shared_ptr<const Model>>> m_files; ///< newest last
};

} // namespace moa
