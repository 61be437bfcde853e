// Results of engine work as the interface holds them: immutable values, shared between views.
#pragma once

#include "engine/core/model_config.h"
#include "engine/core/plan.h"

#include <QString>
#include <QStringList>

#include <cstdint>
#include <vector>

namespace moa {

/// A device to run on, and how full it is.
struct DeviceFacts {
    QString id;     ///< "cpu", "cuda:0"
    QString name;   ///< processor or card
    QString detail; ///< threadsText(), or of a card
    quint64 totalBytes = 0, freeBytes = 0;
    quint64 processBytes = 0; ///< live bytes of this program on it
};

/// "2 threads".
QString threadsText(int threads);

/// What a model's files say, before anything is loaded.
struct ModelFacts {
    QString path; ///< as opened: a path, or a bundled name
    QString name;
    ModelConfig config;
    QString dtype; ///< of the files: "F16"
    quint64 fileWeightBytes = 0;
    quint64 processorWeightBytes = 0; ///< once loaded on the processor, which keeps quantised weights as they are
    quint64 parameters = 0;
    bool hasChatTemplate = false, isBuiltIn = false;
};

/// Bytes by part of a model in memory: what was predicted, or what was allocated.
struct MemoryParts {
    quint64 weights = 0, kv = 0, activations = 0;
    quint64 total() const { return weights + kv + activations; }
};

/// What a load really took, at the length and plan it was made for.
struct LoadedModel {
    ModelFacts facts;
    std::int64_t length = 0; ///< N that the KV cache was laid out for
    bool hasPlan = false;
    MemoryParts allocated;
    std::vector<quint64> kvByLayer;
    double seconds = 0;
};

/// A text as the model reads it.
struct PromptValue {
    QString name; ///< file name, "Sample: …" or "Pasted text"
    std::vector<int> ids;
    QStringList pieces; ///< one a token, as text
    std::vector<bool> special;
    /// Tokens that hold the answer to the prompt's question, ascending; empty where nobody says.
    std::vector<std::int64_t> evidence;
    std::int64_t query = -1; ///< the token that predicts the answer's first evidence; −1: nobody says
    std::int64_t answerBegin = -1; ///< where the right answer of a sample begins, which a model is asked for; −1: no sample
    QString task; ///< of a sample: "lines"; empty: the user's own text
};

struct PlanValue {
    QString name, path;
    SparsePlan plan;
    QStringList notes; ///< what was lost or assumed while reading
};

} // namespace moa
