// Models and devices for the interface: what is there, what it would need, load, eject.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/values.h"

#include <optional>

namespace moa {

/// What a load is made for.
struct LoadRequest {
    QString path;
    std::int64_t length = 4096; ///< N, tokens
    int batch = 1;
    std::optional<SparsePlan> plan; ///< none: dense
};

class ModelService : public QObject {
    Q_OBJECT
public:
    /// `worker` owns the device; `reader` reads files' headers beside it.
    ModelService(DeviceWorker& worker, DeviceWorker& reader, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    /// Reads the files' headers; answers with factsRead() or failed(). Waits for no job.
    void readFacts(const QString& path);
    /// Models in the resources, in the folders given and beside the program; answers with modelsFound().
    void findModels(const QStringList& folders);
    void refreshDevices();
    /// Stages: files, weights (layers), kv, warm-up. Answers with loaded(). A loaded model is ejected first.
    Job* load(const LoadRequest& request);
    /// Frees the model; answers with ejected().
    Job* eject();

signals:
    void factsRead(const moa::ModelFacts& facts);
    void modelsFound(const QList<moa::ModelFacts>& models);
    void devicesRead(const QList<moa::DeviceFacts>& devices);
    void loaded(const moa::LoadedModel& model);
    /// `freedBytes`: live bytes of this program before and after.
    void ejected(quint64 bytesBefore, quint64 bytesAfter);
    void failed(const QString& path, const moa::JobError& error);

private:
    QList<DeviceFacts> devices();

    DeviceWorker &m_worker, &m_reader;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
