#include "ui/jobs/history_query.h"

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// Characters of the first `bytes` bytes of UTF-8.
qsizetype charactersOf(const QByteArray& utf8, std::size_t bytes) {
    return QString::fromUtf8(utf8.left(qsizetype(bytes))).size();
}

QString fieldTerm(const QString& field, const std::vector<std::string>& values) {
    const bool isName = field == u"command"_s || field == u"status"_s || field == u"tag"_s || field == u"month"_s;
    const bool plain = isName && std::ranges::all_of(values, [](const std::string& value) {
        return !value.empty() && value.find_first_of(" \t\r\n\",") == std::string::npos;
    });
    std::string text;
    for (const std::string& value : values) {
        if (!text.empty()) text += ',';
        const std::string quoted = exactTerm("", value).substr(1); // without the colon
        text += plain ? value : quoted;
    }
    return field + u':' + QString::fromStdString(text);
}

} // namespace

QString withFacetToggled(const QString& query, const QString& field, const QString& value) {
    const QByteArray utf8 = query.toUtf8();
    const Query parsed = parseQuery({utf8.constData(), std::size_t(utf8.size())}, localClock());
    const std::string wanted = value.toStdString();
    const bool isMonth = field == u"month"_s;
    for (const QueryTerm& term : parsed.terms) {
        const bool isName = field == u"command"_s || field == u"status"_s || field == u"tag"_s;
        if (term.negated || QString::fromStdString(term.name) != field || !(term.exact || isName || isMonth)) continue;
        std::vector<std::string> values = term.values;
        const auto same = [&](const std::string& v) {
            return QString::fromStdString(v).compare(value, Qt::CaseInsensitive) == 0;
        };
        if (std::erase_if(values, same) == 0) {
            if (isMonth) values.clear();
            values.push_back(wanted);
        }
        const QString before = QString::fromUtf8(utf8.left(qsizetype(term.begin))),
                      after = QString::fromUtf8(utf8.mid(qsizetype(term.end)));
        const QString text = before + (values.empty() ? QString() : fieldTerm(field, values)) + after;
        return values.empty() ? text.simplified() : text;
    }
    const QString kept = query.trimmed();
    return (kept.isEmpty() ? kept : kept + u' ') + fieldTerm(field, {wanted});
}

QueryFault faultOf(const QString& query, const QueryProblem& problem) {
    const QByteArray utf8 = query.toUtf8();
    const qsizetype begin = charactersOf(utf8, problem.begin);
    const qsizetype end = std::max(charactersOf(utf8, problem.end), begin);
    return {begin, std::min(end, query.size()), QString::fromStdString(problem.message),
            QString::fromStdString(problem.remedy)};
}

QStringList completed(const QString& query, const std::vector<std::string>& words) {
    const qsizetype space = std::max(query.lastIndexOf(u' '), query.lastIndexOf(u'\t'));
    QStringList list;
    for (const std::string& word : words) list.append(query.left(space + 1) + QString::fromStdString(word));
    return list;
}

} // namespace moa
