// Arrays and tables from the Inspect page's model. Column names are for programs and not translated.
#include "ui/views/inspect_export.h"

#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QCoreApplication>

#include <limits>
#include <map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostCells = 4096;    ///< along a side of a whole head: 64 MiB
constexpr int kMostCsvCells = 1024; ///< the same as text

/// Gives tr() to functions.
struct Words {
    Q_DECLARE_TR_FUNCTIONS(moa::InspectExport)
};

QString headText(InspectModel& model, QChar between) {
    const Selection& now = model.workspace().selection().now();
    const int group = model.workspace().model() ? model.workspace().model()->config.groupSize() : 1;
    return now.queryHead < 0
               ? u"L%1%2KV%3"_s.arg(now.current.layer).arg(between).arg(now.current.kvHead)
               : u"L%1%2Q%3"_s.arg(now.current.layer).arg(between).arg(now.current.kvHead * group + now.queryHead);
}

Provenance promptNotes(InspectModel& model) {
    const auto prompt = model.workspace().prompt();
    if (!prompt) return {};
    Provenance notes{{u"prompt"_s, prompt->name}, {u"prompt_tokens"_s, QString::number(prompt->ids.size())}};
    if (const qint64 run = model.workspace().captureRun(); run > 0) notes.prepend({u"run"_s, QString::number(run)});
    return notes;
}

PanelContent contentOfHead(InspectModel& model, const QString& stem) {
    PanelContent content{headText(model, u'-') + stem, promptNotes(model), {}};
    content.provenance.append({u"head"_s, headText(model, u' ')});
    return content;
}

Provenance influenceNotes(InspectModel& model) {
    const auto influence = model.workspace().influence();
    if (!influence) return {};
    Provenance notes{{u"influence"_s, influence->origin()},
                     {u"influence_length"_s, QString::number(influence->length())}};
    if (const qint64 run = model.workspace().influenceRun(); run > 0)
        notes.append({u"influence_run"_s, QString::number(run)});
    return notes;
}

/// Every head's value, row-major [L, G]; NaN where it is not known.
ExportArray byHead(InspectModel& model, const std::function<std::optional<double>(HeadRef)>& value) {
    const ModelConfig& config = model.workspace().model()->config;
    ExportArray array{{}, {std::size_t(config.layers), std::size_t(config.kvHeads)}, {u"layer"_s, u"KV head"_s}};
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g)
            array.values.push_back(float(value({l, g}).value_or(std::numeric_limits<double>::quiet_NaN())));
    return array;
}

ExportArray thumbnails(InspectModel& model) {
    const ModelConfig& config = model.workspace().model()->config;
    std::size_t side = 0;
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g)
            if (const GroupSummary* summary = model.summary({l, g})) side = std::size_t(summary->side);
    ExportArray array{{},
                      {std::size_t(config.layers), std::size_t(config.kvHeads), side, side},
                      {u"layer"_s, u"KV head"_s, u"query cell"_s, u"key cell"_s}};
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g) {
            const GroupSummary* summary = model.summary({l, g});
            if (summary != nullptr)
                array.values.insert(array.values.end(), summary->thumbnail.begin(), summary->thumbnail.end());
            else
                array.values.insert(array.values.end(), side * side, std::numeric_limits<float>::quiet_NaN());
        }
    return array;
}

QString cell(const std::optional<double>& value) {
    return value ? exactNumber(*value) : QString();
}

ExportTable statisticsTable(InspectModel& model) {
    const ModelConfig& config = model.workspace().model()->config;
    const std::int64_t n = model.workspace().length();
    ExportTable table{{u"layer"_s, u"kv_head"_s, u"entropy_nats"_s, u"mean_distance_tokens"_s, u"sink_mass"_s,
                       u"influence_outside"_s, u"span_tokens"_s, u"pinned"_s},
                      {}};
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g) {
            const GroupSummary* summary = model.summary({l, g});
            const auto of = [&](double GroupSummary::*member) { return summary ? exactNumber(summary->*member) : QString(); };
            PlanDocument& plan = model.workspace().plan();
            table.rows.append({QString::number(l), QString::number(g), of(&GroupSummary::entropy),
                               of(&GroupSummary::meanDistance), of(&GroupSummary::sinkMass),
                               cell(model.influenceOutside({l, g})),
                               QString::number(std::min<std::int64_t>(n, plan.span({l, g}, n))),
                               QString::number(int(plan.isPinned({l, g})))});
        }
    return table;
}

/// Cells of the shown head.
PanelData headArray(InspectModel& model, HeatmapCanvas& canvas, int block, const QRect& cells) {
    const bool useMax = canvas.look().pooling == Pooling::Max;
    PanelData data;
    data.provenance = {{u"block"_s, QString::number(block)},
                       {u"pooling"_s, block == 1 ? u"exact"_s : useMax ? u"max"_s : u"mean"_s},
                       {u"first_query"_s, QString::number(cells.top() * block)},
                       {u"first_key"_s, QString::number(cells.left() * block)}};
    data.array = [&model, block, cells, useMax](std::function<void(std::optional<ExportArray>)> ready) {
        model.workspace().engine().captures.pooled(
            model.attention().shown(), block, cells, useMax, &model, [cells, ready](std::optional<std::vector<float>> values) {
                if (!values) return ready(std::nullopt);
                ready(ExportArray{std::move(*values), {std::size_t(cells.height()), std::size_t(cells.width())},
                                  {u"query cell"_s, u"key cell"_s}});
            });
    };
    return data;
}

PanelData rowData(InspectModel& model) {
    PanelData data;
    const int query = model.rowQuery();
    data.what = Words::tr("row of query %1").arg(paint::count(query));
    data.stem = u"row-%1"_s.arg(query);
    data.provenance = {{u"query"_s, QString::number(query)}};
    data.array = readyArray({model.row(), {model.row().size()}, {u"key"_s}});
    data.table = [&model] {
        const auto prompt = model.workspace().prompt();
        const HeadRef head = model.workspace().selection().now().current;
        const std::int64_t window = model.window(head);
        ExportTable table{{u"key"_s, u"token"_s, u"weight"_s, u"visible"_s}, {}};
        const int q = model.rowQuery();
        for (int key = 0; key < int(model.row().size()); ++key) {
            const bool visible = window == 0 || key < model.sink() || q - key < window;
            table.rows.append({QString::number(key), prompt ? prompt->pieces.value(key) : QString(),
                               exactNumber(double(model.row()[std::size_t(key)])), QString::number(int(visible))});
        }
        return table;
    };
    return data;
}

} // namespace

PanelContent headsContent(InspectModel& model, const ShownStatistic& shown) {
    PanelContent content{u"heads"_s, promptNotes(model), {}};
    if (!model.workspace().model()) return content;
    content.provenance.append(influenceNotes(model));
    if (!shown.name.isEmpty()) {
        PanelData data;
        data.what = shown.name.toLower();
        data.stem = shown.stem;
        data.provenance = {{u"statistic"_s, shown.stem}};
        data.array = readyArray(byHead(model, shown.value));
        content.data.push_back(std::move(data));
    }
    if (model.hasCapture() && model.headsSummarised() > 0) {
        PanelData data;
        data.what = Words::tr("thumbnails");
        data.stem = u"thumbnails"_s;
        data.provenance = {{u"pooling"_s, u"max, mean over the group"_s}};
        data.array = readyArray(thumbnails(model));
        data.hasCsv = false;
        content.data.push_back(std::move(data));
    }
    PanelData table;
    table.what = Words::tr("all statistics");
    table.stem = u"statistics"_s;
    table.table = [&model] { return statisticsTable(model); };
    table.isSmall = true;
    content.data.push_back(std::move(table));
    return content;
}

PanelContent heatmapContent(InspectModel& model, HeatmapCanvas& canvas) {
    PanelContent content = contentOfHead(model, {});
    const int tokens = model.tokens();
    if (tokens == 0) return content;
    const auto cellsOf = [](const QRect& rect, int block) {
        return QRect(QPoint(rect.left() / block, rect.top() / block), QPoint(rect.right() / block, rect.bottom() / block));
    };
    const int shown = canvas.block();
    const QRect visible = canvas.geometry().visibleTokens();
    if (!visible.isEmpty()) {
        PanelData data = headArray(model, canvas, shown, cellsOf(visible, shown));
        data.what = Words::tr("visible part");
        data.stem = u"visible-block%1"_s.arg(shown);
        content.data.push_back(std::move(data));
    }
    for (const int block : model.attention().ladder()) {
        const int side = (tokens + block - 1) / block;
        if (side > kMostCells || (side == 1 && block > 1)) continue;
        PanelData data = headArray(model, canvas, block, {0, 0, side, side});
        data.what = block == 1 ? Words::tr("exact tokens") : Words::tr("%1-token blocks").arg(block);
        data.submenu = Words::tr("Whole head");
        data.stem = u"block%1"_s.arg(block);
        data.hasCsv = side <= kMostCsvCells;
        content.data.push_back(std::move(data));
    }
    if (!model.row().empty()) content.data.push_back(rowData(model));
    return content;
}

PanelContent rowContent(InspectModel& model) {
    PanelContent content = contentOfHead(model, {});
    if (!model.row().empty()) content.data.push_back(rowData(model));
    return content;
}

PanelContent distanceContent(InspectModel& model) {
    PanelContent content = contentOfHead(model, u"-distance"_s);
    content.provenance.append(influenceNotes(model));
    const DistanceCurves curves = model.distanceCurves(model.workspace().selection().now().current);
    if (curves.attention.empty() && curves.influence.empty()) return content;
    // The two curves may stop at different lengths; each distance stands once.
    std::map<std::int64_t, std::pair<std::optional<double>, std::optional<double>>> shares;
    for (const auto& [distance, share] : curves.attention) shares[distance].first = share;
    for (const auto& [distance, share] : curves.influence) shares[distance].second = share;
    PanelData data;
    data.what = Words::tr("curves");
    ExportArray array{{}, {shares.size(), 3}, {u"distance"_s, u"distance in tokens, attention share, influence share"_s}};
    ExportTable table{{u"distance_tokens"_s, u"attention_share"_s, u"influence_share"_s}, {}};
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    for (const auto& [distance, share] : shares) {
        for (const double v : {double(distance), share.first.value_or(kNone), share.second.value_or(kNone)})
            array.values.push_back(float(v));
        table.rows.append({QString::number(distance), cell(share.first), cell(share.second)});
    }
    data.array = readyArray(std::move(array));
    data.table = [table] { return table; };
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

PanelContent groupContent(InspectModel& model) {
    PanelContent content = contentOfHead(model, u"-query-heads"_s);
    Workspace& workspace = model.workspace();
    const HeadRef head = workspace.selection().now().current;
    const auto spans = model.spansNeeded(head);
    if (spans.empty()) return content;
    content.provenance.append(influenceNotes(model));
    content.provenance.append({u"kept"_s, workspace.influence() ? u"0.95 of influence"_s : u"0.95 of attention"_s});
    const std::int64_t rule = std::min(workspace.plan().span(head, workspace.length()), roundUpToBlock(workspace.length()));
    PanelData data;
    data.what = Words::tr("table");
    data.table = [spans, rule] {
        ExportTable table{{u"query_head"_s, u"span_needed_tokens"_s, u"rule_span_tokens"_s}, {}};
        for (const auto& [queryHead, span] : spans)
            table.rows.append({QString::number(queryHead), QString::number(span), QString::number(rule)});
        return table;
    };
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

PanelContent ruleContent(InspectModel& model) {
    PanelContent content = contentOfHead(model, u"-rule"_s);
    Workspace& workspace = model.workspace();
    if (!workspace.model()) return content;
    content.provenance.append(influenceNotes(model));
    PanelData data;
    data.what = Words::tr("table");
    data.table = [&model, &workspace] {
        const HeadRef head = workspace.selection().now().current;
        PlanDocument& plan = workspace.plan();
        const std::int64_t n = workspace.length();
        const Rule rule = plan.rule(head);
        return ExportTable{{u"figure"_s, u"value"_s},
                           {{u"alpha_tokens"_s, exactNumber(rule.alpha)},
                            {u"beta"_s, exactNumber(rule.beta)},
                            {u"span_tokens"_s, QString::number(std::min(plan.span(head, n), roundUpToBlock(n)))},
                            {u"sink_tokens"_s, QString::number(model.sink())},
                            {u"pinned"_s, QString::number(int(plan.isPinned(head)))},
                            {u"plan_density"_s, exactNumber(workspace.density())},
                            {u"kv_bytes"_s, QString::number(workspace.kvBytes(plan.plan()))},
                            {u"estimated_loss_nats_per_token"_s, cell(workspace.estimatedLoss(plan.plan()))},
                            {u"influence_outside"_s, cell(model.influenceOutside(head))}}};
    };
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

} // namespace moa
