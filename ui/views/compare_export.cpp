// Tables from the comparison.
#include "ui/views/compare_export.h"

#include <QCoreApplication>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(moa::CompareExport)
};

PanelContent tableContent(CompareModel& model, const QString& stem, std::function<ExportTable()> table) {
    PanelContent content{stem, {}, {}};
    if (model.runNumber() > 0) content.provenance.append({u"run"_s, QString::number(model.runNumber())});
    if (model.setup()) {
        content.provenance.append({u"compared_plan"_s, model.request().planName});
        content.provenance.append({u"compared_prompt"_s, model.request().name});
        content.provenance.append({u"prompt_tokens"_s, QString::number(model.setup()->promptTokens)});
    }
    PanelData data;
    data.what = Words::tr("table");
    data.table = std::move(table);
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

} // namespace

PanelContent compareTokensContent(CompareModel& model) {
    return tableContent(model, u"compare-tokens"_s, [&model] {
        ExportTable table{{u"token"_s, u"dense_id"_s, u"dense_text"_s, u"sparse_id"_s, u"sparse_text"_s, u"kl_nats"_s, u"js_nats"_s,
                           u"rank_of_dense"_s, u"dense_step_s"_s, u"sparse_step_s"_s},
                          {}};
        for (std::size_t t = 0; t < model.tokens().size(); ++t) {
            const CompareToken& token = model.tokens()[t];
            table.rows.append({QString::number(t), QString::number(token.dense), token.denseText, QString::number(token.sparse), token.sparseText,
                               exactNumber(token.kl), exactNumber(token.js), QString::number(token.rank),
                               token.denseSeconds > 0 ? exactNumber(token.denseSeconds) : QString(),
                               token.sparseSeconds > 0 ? exactNumber(token.sparseSeconds) : QString()});
        }
        return table;
    });
}

PanelContent compareSummaryContent(CompareModel& model) {
    return tableContent(model, u"compare"_s, [&model] {
        ExportTable table{{u"side"_s, u"text"_s, u"kv_bytes"_s, u"decode_tok_s"_s, u"first_divergence"_s, u"mean_kl_nats"_s}, {}};
        for (const bool dense : {true, false}) {
            QString text;
            for (const CompareToken& token : model.tokens()) text += dense ? token.denseText : token.sparseText;
            const int first = model.firstDivergence();
            const quint64 bytes = !model.setup() ? 0 : dense ? model.setup()->denseBytes : model.setup()->sparseBytes;
            table.rows.append({dense ? u"dense"_s : u"sparse"_s, text, QString::number(bytes), exactNumber(model.tokensPerSecond(dense)),
                               first < 0 ? QString() : QString::number(first), exactNumber(model.meanKl())});
        }
        return table;
    });
}

PanelContent compareBlameContent(CompareModel& model) {
    return tableContent(model, u"compare-blame-%1"_s.arg(std::max(model.selected(), 0)), [&model] {
        ExportTable table{{u"layer"_s, u"kv_head"_s, u"window_tokens"_s, u"attention_discarded"_s, u"influence_nats"_s, u"kl_before_nats"_s,
                           u"kl_widened_nats"_s, u"kl_rerun_nats"_s},
                          {}};
        const CompareBlame* blame = model.blameNow();
        if (blame == nullptr) return table;
        for (const CompareBlameRow& row : blame->rows) {
            const CompareScore* score = model.score(row.layer, row.kvHead);
            table.rows.append({QString::number(row.layer), QString::number(row.kvHead), QString::number(row.window), exactNumber(row.hiddenMass),
                               exactNumber(row.influence), exactNumber(model.tokens()[std::size_t(blame->token)].kl),
                               score != nullptr ? exactNumber(score->klAfter.front()) : QString(),
                               score != nullptr && score->klRerun ? exactNumber(*score->klRerun) : QString()});
        }
        return table;
    });
}

PanelContent needleContent(NeedleModel& model) {
    PanelContent content{u"needle-%1"_s.arg(model.question().task), {}, {}};
    if (model.run() > 0) content.provenance.append({u"run"_s, QString::number(model.run())});
    content.provenance.append({u"task"_s, model.question().task});
    content.provenance.append({u"seed"_s, QString::number(model.question().seed)});
    PanelData data;
    data.what = Words::tr("table");
    data.isSmall = true;
    data.table = [&model] {
        ExportTable table{{u"depth_percent"_s, u"length_tokens"_s, u"samples"_s, u"dense_score"_s, u"sparse_score"_s}, {}};
        for (int d = 0; d < model.question().depths; ++d)
            for (int k = 0; k < int(model.question().lengths.size()); ++k)
                if (const NeedleValue* value = model.cell(d, k))
                    table.rows.append({QString::number(model.depthPercent(d)), QString::number(value->length), QString::number(value->samples),
                                       exactNumber(value->dense), exactNumber(value->sparse)});
        return table;
    };
    content.data.push_back(std::move(data));
    return content;
}

} // namespace moa
