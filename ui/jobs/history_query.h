// The text of a query as the page edits it: a facet's value in or out, and where in the text a fault is.
#pragma once

#include "ui/jobs/history_values.h"

#include <QStringList>

namespace moa {

/// `query` with `field:value` added, or taken out where it names the value already. Other terms stay as typed. A
/// month replaces another month.
QString withFacetToggled(const QString& query, const QString& field, const QString& value);
/// A store's fault with places in characters instead of bytes.
QueryFault faultOf(const QString& query, const QueryProblem& problem);
/// The last word of `query` replaced by each of `words`.
QStringList completed(const QString& query, const std::vector<std::string>& words);

} // namespace moa
