// Tables of the Model page. Column names are for programs and not translated.
#include "ui/views/model_export.h"

#include "ui/viewmodels/model_list.h"

#include <QCoreApplication>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// Gives tr() to functions.
struct Words {
    Q_DECLARE_TR_FUNCTIONS(moa::ModelExport)
};

/// One small table; estimated figures say so.
PanelContent tableContent(const QString& stem, ExportTable table, const Provenance& provenance = {}) {
    PanelContent content{stem, provenance, {}};
    PanelData data;
    data.what = Words::tr("table");
    data.table = [table = std::move(table)] { return table; };
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

QString bytes(quint64 value) {
    return QString::number(value);
}

const Provenance& estimatedNote() {
    static const Provenance note{{u"figures"_s, u"estimated"_s}};
    return note;
}

} // namespace

EstimateInput estimateInput(Workspace& workspace) {
    EstimateInput input{*workspace.model(), {}, workspace.length(), workspace.batch(), false, 0};
    if (!workspace.plan().isDense()) input.plan = workspace.plan().plan();
    if (!workspace.devices().isEmpty()) {
        const DeviceFacts& facts = workspace.devices().front();
        input.onCard = facts.id.startsWith(QLatin1String("cuda"));
        // What this program holds now would be free for another load.
        input.usableBytes = facts.freeBytes + facts.processBytes;
    }
    return input;
}

PanelContent memoryContent(Workspace& workspace) {
    if (!workspace.model()) return {u"memory"_s, {}, {}};
    const EstimateInput input = estimateInput(workspace);
    const RunEstimate estimate = estimateRun(input);
    ExportTable table{{u"part"_s, u"dense_bytes"_s}, {}};
    if (input.plan) table.columns.append(u"plan_bytes"_s);
    const auto row = [&](const QString& part, quint64 dense, quint64 plan) {
        QStringList cells{part, bytes(dense)};
        if (input.plan) cells.append(bytes(plan));
        table.rows.append(cells);
    };
    row(u"weights"_s, estimate.dense.weights, estimate.plan.weights);
    row(u"kv_cache"_s, estimate.dense.kv, estimate.plan.kv);
    row(u"activations"_s, estimate.dense.activations, estimate.plan.activations);
    row(u"total"_s, estimate.dense.total(), estimate.plan.total());
    if (input.usableBytes > 0) row(u"device_usable"_s, input.usableBytes, input.usableBytes);
    return tableContent(u"memory"_s, std::move(table), estimatedNote());
}

PanelContent fitContent(Workspace& workspace) {
    if (!workspace.model()) return {u"memory-by-length"_s, {}, {}};
    const EstimateInput input = estimateInput(workspace);
    const RunEstimate estimate = estimateRun(input);
    ExportTable table{{u"n_tokens"_s, u"dense_bytes"_s}, {}};
    if (input.plan) table.columns.append(u"plan_bytes"_s);
    for (std::size_t i = 0; i < estimate.denseCurve.size(); ++i) {
        QStringList cells{QString::number(estimate.denseCurve[i].first), bytes(estimate.denseCurve[i].second)};
        if (input.plan) cells.append(i < estimate.planCurve.size() ? bytes(estimate.planCurve[i].second) : QString());
        table.rows.append(cells);
    }
    Provenance notes = estimatedNote();
    if (input.usableBytes > 0) {
        notes.append({u"device_usable_bytes"_s, bytes(input.usableBytes)});
        notes.append({u"longest_dense_tokens"_s, QString::number(estimate.longestDense)});
        if (input.plan) notes.append({u"longest_plan_tokens"_s, QString::number(estimate.longestPlan)});
    }
    return tableContent(u"memory-by-length"_s, std::move(table), notes);
}

PanelContent layersContent(Workspace& workspace) {
    if (!workspace.model()) return {u"kv-by-layer"_s, {}, {}};
    const EstimateInput input = estimateInput(workspace);
    const RunEstimate estimate = estimateRun(input);
    const std::vector<quint64> allocated = workspace.isLoaded() ? workspace.loaded()->kvByLayer : std::vector<quint64>{};
    ExportTable table{{u"layer"_s, u"dense_bytes"_s}, {}};
    if (input.plan) table.columns.append(u"plan_bytes"_s);
    if (!allocated.empty()) table.columns.append(u"allocated_bytes"_s);
    for (std::size_t l = 0; l < estimate.denseByLayer.size(); ++l) {
        QStringList cells{QString::number(l), bytes(estimate.denseByLayer[l])};
        if (input.plan) cells.append(l < estimate.planByLayer.size() ? bytes(estimate.planByLayer[l]) : QString());
        if (!allocated.empty()) cells.append(l < allocated.size() ? bytes(allocated[l]) : QString());
        table.rows.append(cells);
    }
    return tableContent(u"kv-by-layer"_s, std::move(table), estimatedNote());
}

PanelContent allocationContent(Workspace& workspace, const RunEstimate& estimate) {
    if (!workspace.isLoaded()) return {u"allocation"_s, {}, {}};
    const LoadedModel& model = *workspace.loaded();
    const MemoryParts& expected = model.hasPlan ? estimate.plan : estimate.dense;
    ExportTable table{{u"part"_s, u"estimated_bytes"_s, u"allocated_bytes"_s}, {}};
    const auto row = [&](const QString& part, quint64 estimated, quint64 allocated) {
        table.rows.append({part, bytes(estimated), bytes(allocated)});
    };
    row(u"weights"_s, expected.weights, model.allocated.weights);
    row(u"kv_cache"_s, expected.kv, model.allocated.kv);
    row(u"activations"_s, expected.activations, model.allocated.activations);
    row(u"total"_s, expected.total(), model.allocated.total());
    return tableContent(u"allocation"_s, std::move(table),
                        {{u"loaded_at_n"_s, QString::number(model.length)},
                         {u"loaded_with"_s, model.hasPlan ? u"plan"_s : u"dense"_s}});
}

PanelContent deviceContent(Workspace& workspace) {
    ExportTable table{{u"device"_s, u"name"_s, u"detail"_s, u"total_bytes"_s, u"free_bytes"_s, u"process_bytes"_s}, {}};
    for (const DeviceFacts& d : workspace.devices())
        table.rows.append({d.id, d.name, d.detail, bytes(d.totalBytes), bytes(d.freeBytes), bytes(d.processBytes)});
    if (table.rows.isEmpty()) return {u"device"_s, {}, {}};
    return tableContent(u"device"_s, std::move(table));
}

PanelContent architectureContent(Workspace& workspace) {
    if (!workspace.model()) return {u"architecture"_s, {}, {}};
    const ModelFacts& facts = *workspace.model();
    const ModelConfig& c = facts.config;
    const auto number = [](qint64 value) { return QString::number(value); };
    return tableContent(facts.name + u"-architecture"_s,
                        {{u"fact"_s, u"value"_s},
                         {{u"architecture"_s, QString::fromStdString(c.architecture)},
                          {u"parameters"_s, QString::number(facts.parameters)},
                          {u"dtype"_s, facts.dtype},
                          {u"weight_bytes"_s, bytes(facts.fileWeightBytes)},
                          {u"layers"_s, number(c.layers)},
                          {u"query_heads"_s, number(c.heads)},
                          {u"kv_heads"_s, number(c.kvHeads)},
                          {u"head_dim"_s, number(c.headDim)},
                          {u"context_tokens"_s, number(c.context)},
                          {u"rope_theta"_s, exactNumber(c.ropeTheta)},
                          {u"vocabulary"_s, number(c.vocab)}}});
}

PanelContent modelsContent(const ModelList& models) {
    ExportTable table{{u"model"_s, u"detail"_s, u"state"_s}, {}};
    for (int row = 0; row < models.rowCount(); ++row) {
        const QModelIndex index = models.index(row);
        table.rows.append({index.data().toString(), index.data(ModelList::DetailRole).toString(),
                           index.data(ModelList::StateRole).toString()});
    }
    return tableContent(u"models"_s, std::move(table));
}

} // namespace moa
