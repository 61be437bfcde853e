// Prompts for the interface: text, files and built-in samples, as the loaded model's tokens.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/needle_service.h"
#include "ui/jobs/values.h"

namespace moa {

class PromptService : public QObject {
    Q_OBJECT
public:
    PromptService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    // Each answers with ready(), or failed() naming the prompt.

    /// `chat`: wrapped in the model's own template as one user turn.
    void fromText(const QString& name, const QString& text, bool chat);
    /// A UTF-8 text file of at most 64 MiB.
    void fromFile(const QString& path);
    /// A built-in retrieval prompt ("lines", "facts", "passkey") of about `tokens` tokens with its right answer, so that
    /// the last rows show where the answer was looked up. `evidence` marks that answer where it stands in the text.
    /// With several `questions` the earliest one is asked: its evidence lies far from the end.
    void sample(const QString& task, std::int64_t tokens, quint64 seed, int questions = 1);
    /// A sample of a needle grid's cell, as it was measured.
    void needle(const NeedleQuestion& question, int length, int depth, int sample);

signals:
    void ready(const moa::PromptValue& prompt);
    void failed(const QString& name, const moa::JobError& error);

private:
    void run(const QString& name, std::function<PromptValue()> make);

    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
