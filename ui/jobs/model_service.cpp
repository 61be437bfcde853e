// Facts, loads and ejects on the worker thread.
#include "ui/jobs/model_service.h"

#include "engine/core/error.h"
#include "engine/core/resources.h"
#include "engine/model/memory_estimate.h"
#include "engine/model/sequence.h"

#include <QFileInfo>

#include <algorithm>
#include <chrono>

namespace moa {
namespace {

namespace fs = std::filesystem;

ModelFacts factsOf(const Model& model, const QString& path, const fs::path& resources) {
    ModelFacts facts;
    facts.path = path;
    facts.name = QString::fromStdString(model.name);
    facts.config = model.config;
    facts.dtype = QString::fromUtf8(tensorTypeName(model.mainType()).data());
    facts.fileWeightBytes = model.weightBytes();
    facts.processorWeightBytes = weightBytes(model, DType::F32, true);
    facts.parameters = quint64(parameterCount(model.config));
    facts.hasChatTemplate = model.chat.family() != ChatFamily::None && model.chat.known();
    facts.isBuiltIn = model.path.string().starts_with(resources.string());
    return facts;
}

/// Folders directly under `folder` that look like a model. Unreadable folders hold none.
std::vector<fs::path> modelFolders(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
        if (holdsModel(entry.path())) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
}

/// Lays the cache out and runs a first chunk, so that everything a run needs is allocated and can be measured.
LoadedModel warmUp(LanguageModel& model, const LoadRequest& request, quint64 usedBefore, JobContext& context) {
    LoadedModel result;
    result.length = request.length;
    result.hasPlan = request.plan.has_value();
    result.allocated.weights = model.weightBytes();
    const MaskSource mask = request.plan ? MaskSource::plan(*request.plan) : MaskSource::dense();
    std::vector<Sequence> sequences;
    for (int b = 0; b < request.batch; ++b) {
        context.report({"Lay out the KV cache", b, request.batch});
        sequences.emplace_back(model, mask, request.length);
        result.allocated.kv += sequences.back().kvBytes();
    }
    const ModelConfig& config = model.config();
    for (int l = 0; l < config.layers; ++l) {
        quint64 bytes = 0;
        for (const KvHeadCache& head : sequences.front().layer(LayerIndex(l)))
            bytes += quint64(head.sink + head.ring) * quint64(config.headDim) * 2 * quint64(bytesPerValue(model.backend().dtype()));
        result.kvByLayer.push_back(bytes * quint64(request.batch));
    }
    context.report({"Warm up", 0, 1});
    const std::vector<int> tokens(std::size_t(std::min<std::int64_t>(model.chunkRows(), request.length)), 0);
    std::vector<ForwardItem> items;
    for (Sequence& sequence : sequences) items.push_back({&sequence, tokens, 1});
    context.mark(model.forward(items, [](std::size_t, std::int64_t, std::span<const float>) {}, context.stop()));
    const quint64 taken = model.backend().usedBytes() - usedBefore;
    const quint64 known = result.allocated.weights + result.allocated.kv;
    result.allocated.activations = taken > known ? taken - known : 0;
    context.report({"Warm up", 1, 1});
    return result;
}

} // namespace

ModelService::ModelService(DeviceWorker& worker, DeviceWorker& reader, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_reader(reader), m_state(std::move(state)) {}

void ModelService::readFacts(const QString& path) {
    m_reader.interact(
        QStringLiteral("facts"),
        [this, path, state = m_state](const std::stop_token&) {
            const auto model = state->files(path.toStdString());
            m_reader.post([this, facts = factsOf(*model, path, state->options().resources)] { emit factsRead(facts); });
        },
        [this, path](const JobError& error) { emit failed(path, error); });
}

void ModelService::findModels(const QStringList& folders) {
    m_reader.interact(QStringLiteral("find"), [this, folders, state = m_state](const std::stop_token& stop) {
        QList<ModelFacts> found;
        std::vector<fs::path> places{state->options().resources / "models", userDataFolder() / "models"};
        for (const QString& folder : folders) places.emplace_back(folder.toStdString());
        for (const fs::path& place : places)
            for (const fs::path& path : modelFolders(place)) {
                if (stop.stop_requested()) return;
                try {
                    const bool builtIn = place == places.front();
                    const std::string name = builtIn ? path.filename().string() : path.string();
                    found.append(factsOf(*state->files(name), QString::fromStdString(name), state->options().resources));
                } catch (const Error&) {
                    continue; // a folder that is no model we can open is not offered; opening it by hand says why
                }
            }
        m_reader.post([this, found] { emit modelsFound(found); });
    });
}

QList<DeviceFacts> ModelService::devices() {
    QList<DeviceFacts> facts;
    for (const auto& [id, info] : m_state->devices())
        facts.append({QString::fromStdString(id), QString::fromStdString(info.name),
                      info.kind == "cpu" ? threadsText(info.threads) : QString(),
                      info.memoryBytes, info.freeBytes, 0});
    facts.front().processBytes = m_state->backend().usedBytes();
    return facts;
}

void ModelService::refreshDevices() {
    m_worker.interact(QStringLiteral("devices"), [this](const std::stop_token&) {
        m_worker.post([this, list = devices()] { emit devicesRead(list); });
    });
}

Job* ModelService::load(const LoadRequest& request) {
    return m_worker.submit(tr("Loading %1").arg(QFileInfo(request.path).fileName()), false,
                           [this, request, state = m_state](JobContext& context) {
        const auto began = std::chrono::steady_clock::now();
        state->eject();
        context.report({"Check files", 0, 1});
        const auto files = state->files(request.path.toStdString());
        context.report({"Check files", 1, 1});
        Backend& backend = state->backend(files->config.dtype); // its own memory is not the model's
        const quint64 before = backend.usedBytes();
        auto model = std::make_unique<LanguageModel>(files, backend, context.stop(), context.progressFn());
        if (!context.stop().stop_requested()) {
            LoadedModel result = warmUp(*model, request, before, context);
            if (!context.stop().stop_requested()) {
                result.facts = factsOf(*files, request.path, state->options().resources);
                result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
                state->setModel(std::move(model));
                context.post([this, result, list = devices()] {
                    emit devicesRead(list);
                    emit loaded(result);
                });
                return;
            }
        }
        model.reset();
        state->eject(); // also hands the half-loaded weights back to the system
        context.mark(Completion::Cancelled);
        context.post([this, list = devices()] { emit devicesRead(list); });
    });
}

Job* ModelService::eject() {
    return m_worker.submit(tr("Ejecting the model"), false, [this, state = m_state](JobContext& context) {
        const quint64 before = state->backend().usedBytes();
        state->eject();
        context.post([this, before, after = quint64(state->backend().usedBytes()), list = devices()] {
            emit devicesRead(list);
            emit ejected(before, after);
        });
    });
}

} // namespace moa
