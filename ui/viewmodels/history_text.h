// How the History page writes what the store holds: times, kinds, numbers, and texts of strangers, which are shown as text
// whatever they hold.
#pragma once

#include "ui/jobs/history_values.h"

#include <QString>

namespace moa::history_text {

/// One line without control and direction characters; at most `most` characters.
QString plain(const std::string& text, qsizetype most = 300);
/// The same over several lines.
QString plainLines(const std::string& text);
/// A tooltip that no text turns into markup.
QString toolTip(const QString& text);

/// "Today 09:38", "Yesterday 18:20", "20 Nov 11:05", "20 Nov 2024" in the user's time zone.
QString when(TimePoint time);
/// "2025-11-20 11:05:12".
QString exactTime(TimePoint time);
/// "1:12", "0.8 s".
QString duration(double seconds);
/// "32,768".
QString tokens(std::int64_t tokens);
QString density(double density); ///< "0.4993"
QString gib(double bytes);       ///< "2.01", small ones "0.004"
/// Four significant digits, three below a thousandth, with a true minus; whole numbers with grouped digits.
QString number(double value);
/// What people call a measure: "kl" → "KL", "decode_tok_s" → "decode, tok/s".
QString measure(const std::string& name);

/// What a command is called on the page: "Comparison"; the command itself where nobody named it.
QString kind(const std::string& command);
/// Of resources/icons.
QString icon(const std::string& command);
/// "Done", "Failed"…
QString status(RunStatus status);
bool isGood(RunStatus status);

/// Title of a facet: "Kind" for "command".
QString facetTitle(const std::string& field);
/// How a facet's value reads: kinds and states by their names.
QString facetValue(const std::string& field, const std::string& value);

/// "5f2a91c7…e03b"; short ones whole.
QString shortHash(const std::string& sha256);

} // namespace moa::history_text
