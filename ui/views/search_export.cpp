// Exact numbers, not the rounded ones of the page.
#include "ui/views/search_export.h"

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString valueAt(const std::map<int, double>& values, int length) {
    const auto at = values.find(length);
    return at == values.end() ? QString() : exactNumber(at->second);
}

QString kindText(SearchCandidate::Kind kind) {
    switch (kind) {
    case SearchCandidate::Kind::Best: return u"best"_s;
    case SearchCandidate::Kind::Front: return u"front"_s;
    case SearchCandidate::Kind::Lengths: return u"by_length"_s;
    case SearchCandidate::Kind::Document: return u"in_use"_s;
    }
    return {};
}

/// What the candidates were searched under.
Provenance boundsNotes(const SearchModel& model) {
    return {{u"profile"_s, model.subject().name}, {u"bounds"_s, QString::fromUtf8(boundsText(model.bounds()))}};
}

} // namespace

PanelContent searchCandidatesContent(const SearchModel& model) {
    PanelContent content = tableContent(u"candidates"_s, [&model] {
        ExportTable table{{u"plan"_s, u"kind"_s, u"density_bound"_s}, {}};
        for (const int n : model.subject().densityLengths) table.columns.append(u"density_%1"_s.arg(n));
        for (const int n : model.subject().lengths) table.columns.append(u"estimated_loss_nats_%1"_s.arg(n));
        table.columns << u"rules"_s << u"gap"_s << u"breaks"_s;
        for (const SearchCandidate& c : model.candidates()) {
            QStringList row{c.name, kindText(c.kind), c.bound > 0 ? exactNumber(c.bound) : QString()};
            for (const int n : model.subject().densityLengths) row << valueAt(c.price.density, n);
            for (const int n : model.subject().lengths) row << valueAt(c.price.loss, n);
            row << QString::number(c.price.rules) << (c.gap ? exactNumber(*c.gap) : QString()) << model.broken(c);
            table.rows.append(row);
        }
        return table;
    });
    content.provenance = boundsNotes(model);
    return content;
}

PanelContent searchLimitsContent(const SearchModel& model) {
    PanelContent content = tableContent(u"limits"_s, [&model] {
        ExportTable table{{u"limit"_s, u"side"_s, u"step"_s, u"unit"_s, u"nats_saved"_s}, {}};
        if (const SearchAnswer* best = model.best())
            for (const ShadowPrice& p : best->prices)
                table.rows.append({QString::fromStdString(p.limit), p.upper ? u"upper"_s : u"lower"_s, exactNumber(p.step), QString::fromStdString(p.unit),
                                   exactNumber(p.nats)});
        return table;
    });
    content.provenance = boundsNotes(model);
    return content;
}

} // namespace moa
