#include "ui/viewmodels/history_text.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <array>
#include <cmath>

namespace moa::history_text {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("moa::history_text", text);
}

struct Kind {
    const char* command;
    const char* title;
    const char* icon;
};
constexpr std::array<Kind, 12> kKinds = {{
    {"compare", QT_TRANSLATE_NOOP("moa::history_text", "Compare"), "compare"},
    {"validate", QT_TRANSLATE_NOOP("moa::history_text", "Validate"), "check"},
    {"search", QT_TRANSLATE_NOOP("moa::history_text", "Search"), "search"},
    {"profile", QT_TRANSLATE_NOOP("moa::history_text", "Profile"), "chart"},
    {"retrieval", QT_TRANSLATE_NOOP("moa::history_text", "Retrieval"), "table"},
    {"needle", QT_TRANSLATE_NOOP("moa::history_text", "Needle"), "table"},
    {"score", QT_TRANSLATE_NOOP("moa::history_text", "Score"), "text"},
    {"generate", QT_TRANSLATE_NOOP("moa::history_text", "Generate"), "play"},
    {"bench", QT_TRANSLATE_NOOP("moa::history_text", "Benchmark"), "step"},
    {"demo", QT_TRANSLATE_NOOP("moa::history_text", "Demo"), "info"},
    {"capture", QT_TRANSLATE_NOOP("moa::history_text", "Capture"), "inspect"},
    {"influence", QT_TRANSLATE_NOOP("moa::history_text", "Influence"), "sliders"},
}};

const Kind* kindOf(const std::string& command) {
    for (const Kind& kind : kKinds)
        if (command == kind.command) return &kind;
    return nullptr;
}

/// Characters that would move, hide or turn around others.
bool isTrick(QChar c) {
    const char16_t u = c.unicode();
    return (u >= 0x202A && u <= 0x202E) || (u >= 0x2066 && u <= 0x2069) || u == 0x200E || u == 0x200F || u == 0x2028 ||
           u == 0x2029 || u == 0xFEFF;
}

QString cleaned(const QString& text, bool lines) {
    QString out;
    out.reserve(text.size());
    for (const QChar c : text) {
        if (lines && c == u'\n')
            out += c;
        else if (c == u'\t' || c == u'\n' || c == u'\r')
            out += u' ';
        else if (c.unicode() < 0x20)
            out += QChar(0x2400 + c.unicode());
        else if (c.unicode() == 0x7F || (c.unicode() >= 0x80 && c.unicode() < 0xA0) || isTrick(c))
            out += QChar(0xFFFD);
        else
            out += c;
    }
    return out;
}

QDateTime localTime(TimePoint time) {
    return QDateTime::fromMSecsSinceEpoch(time.time_since_epoch().count());
}

} // namespace

QString plain(const std::string& text, qsizetype most) {
    // Cut first: a name may be megabytes.
    QString line = QString::fromUtf8(text.data(), qsizetype(std::min(text.size(), std::size_t(4 * most))));
    const bool cut = line.size() > most || text.size() > std::size_t(4 * most);
    if (line.size() > most) line.truncate(most);
    return cleaned(line, false) + (cut ? u"…"_s : QString());
}

QString plainLines(const std::string& text) {
    return cleaned(QString::fromUtf8(text.data(), qsizetype(text.size())), true);
}

QString toolTip(const QString& text) {
    return text.isEmpty() ? QString() : u"<p style='white-space:pre-wrap'>"_s + text.left(2000).toHtmlEscaped() + u"</p>"_s;
}

QString when(TimePoint time) {
    const QDateTime then = localTime(time);
    const QDate today = QDate::currentDate();
    const QString clock = then.toString(u"HH:mm"_s);
    if (then.date() == today) return tr("Today %1").arg(clock);
    if (then.date() == today.addDays(-1)) return tr("Yesterday %1").arg(clock);
    if (then.date().year() == today.year()) return QLocale().toString(then.date(), u"d MMM "_s) + clock;
    return QLocale().toString(then.date(), u"d MMM yyyy"_s);
}

QString exactTime(TimePoint time) {
    return localTime(time).toString(u"yyyy-MM-dd HH:mm:ss"_s);
}

QString duration(double seconds) {
    if (!std::isfinite(seconds)) return {};
    if (seconds < 10) return tr("%1 s").arg(QLocale().toString(seconds, 'f', seconds < 1 ? 2 : 1));
    const auto whole = qint64(std::llround(seconds));
    if (whole < 3600) return u"%1:%2"_s.arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    return u"%1:%2:%3"_s.arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0')).arg(whole % 60, 2, 10, QLatin1Char('0'));
}

QString tokens(std::int64_t tokens) {
    return QLocale().toString(qlonglong(tokens));
}

QString density(double density) {
    return QLocale().toString(density, 'f', 4);
}

QString gib(double bytes) {
    const double value = bytes / double(1 << 30);
    return QLocale().toString(value, 'f', value < 0.1 ? 4 : value < 1 ? 3 : 2);
}

QString number(double value) {
    if (!std::isfinite(value)) return u"–"_s;
    QString text;
    if (std::abs(value) < 1e15 && value == std::round(value))
        text = QLocale().toString(qlonglong(std::abs(value)));
    else if (std::abs(value) >= 1000)
        text = QLocale().toString(std::abs(value), 'f', 0);
    else
        text = QLocale().toString(std::abs(value), 'g', std::abs(value) < 1e-3 ? 3 : 4);
    return (value < 0 ? u"−"_s : QString()) + text;
}

QString measure(const std::string& name) {
    if (name == "kl") return u"KL"_s;
    if (name == "decode_tok_s") return tr("decode, tok/s");
    if (name == "kv_bytes") return tr("KV bytes");
    if (name == "nll_mean") return u"NLL"_s;
    if (name == "answer_nll") return tr("answer NLL");
    if (name == "search_loss") return tr("loss");
    QString text = plain(name, 60);
    const bool isSeconds = text.endsWith(u"_s"_s);
    if (isSeconds) text.chop(2);
    text.replace(u'_', u' ');
    return isSeconds ? tr("%1, s").arg(text) : text;
}

QString kind(const std::string& command) {
    const Kind* known = kindOf(command);
    return known != nullptr ? tr(known->title) : plain(command, 40);
}

QString icon(const std::string& command) {
    const Kind* known = kindOf(command);
    return known != nullptr ? QString::fromLatin1(known->icon) : u"file"_s;
}

QString status(RunStatus status) {
    switch (status) {
    case RunStatus::Running: return tr("Running");
    case RunStatus::Done: return tr("Done");
    case RunStatus::Failed: return tr("Failed");
    case RunStatus::Cancelled: return tr("Cancelled");
    case RunStatus::Infeasible: return tr("Infeasible");
    case RunStatus::TimeLimit: return tr("Time limit");
    case RunStatus::Interrupted: return tr("Interrupted");
    }
    return {};
}

bool isGood(RunStatus status) {
    return status == RunStatus::Done || status == RunStatus::TimeLimit;
}

QString facetTitle(const std::string& field) {
    if (field == "command") return tr("Kind");
    if (field == "status") return tr("State");
    if (field == "model") return tr("Model");
    if (field == "plan") return tr("Plan");
    if (field == "device") return tr("Device");
    if (field == "machine") return tr("Machine");
    if (field == "tag") return tr("Tag");
    if (field == "month") return tr("Month");
    if (field == "version") return tr("Program");
    return plain(field, 40);
}

QString facetValue(const std::string& field, const std::string& value) {
    if (field == "command") return kind(value);
    if (field == "status") {
        QString text = plain(value, 40).replace(u'_', u' ');
        if (!text.isEmpty()) text[0] = text[0].toUpper();
        return text;
    }
    if (field == "month") {
        const QDate month = QDate::fromString(QString::fromStdString(value) + u"-01"_s, Qt::ISODate);
        if (month.isValid()) return QLocale().toString(month, u"MMMM yyyy"_s);
    }
    return value.empty() ? tr("(no name)") : plain(value, 200);
}

QString shortHash(const std::string& sha256) {
    const QString text = plain(sha256, 80);
    return text.size() > 16 ? text.left(8) + u'…' + text.right(4) : text;
}

} // namespace moa::history_text
