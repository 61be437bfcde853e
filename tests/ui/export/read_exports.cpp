// NPY 1.0, CSV with comment lines, JSON and SVG notes.
#include "tests/ui/export/read_exports.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QXmlStreamReader>

#include <cstring>

namespace moa::test {

using namespace Qt::StringLiterals;

namespace {

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QStringList cellsOf(const QString& line) {
    QStringList cells{QString()};
    bool quoted = false;
    for (qsizetype i = 0; i < line.size(); ++i) {
        const QChar c = line[i];
        if (quoted && c == u'"' && i + 1 < line.size() && line[i + 1] == u'"')
            cells.back() += line[++i];
        else if (c == u'"')
            quoted = !quoted;
        else if (c == u',' && !quoted)
            cells.append(QString());
        else
            cells.back() += c;
    }
    return cells;
}

} // namespace

NpyFile readNpy(const QString& path) {
    const QByteArray bytes = bytesOf(path);
    NpyFile npy;
    if (!bytes.startsWith("\x93NUMPY\x01")) {
        npy.error = u"no NPY 1.0"_s;
        return npy;
    }
    const int headerSize = int(uchar(bytes[8])) | int(uchar(bytes[9])) << 8;
    const QString header = QString::fromLatin1(bytes.mid(10, headerSize));
    if (!header.contains(u"'descr': '<f4'"_s) || !header.contains(u"'fortran_order': False"_s)) {
        npy.error = header;
        return npy;
    }
    std::size_t count = 1;
    const auto shape = QRegularExpression(u"'shape': \\(([^)]*)\\)"_s).match(header);
    for (const QString& part : shape.captured(1).split(u',', Qt::SkipEmptyParts)) {
        if (part.trimmed().isEmpty()) continue;
        npy.shape.push_back(part.trimmed().toULongLong());
        count *= npy.shape.back();
    }
    if (std::size_t(bytes.size()) != 10 + std::size_t(headerSize) + count * sizeof(float)) {
        npy.error = u"%1 bytes for %2 values"_s.arg(bytes.size()).arg(count);
        npy.shape.clear();
        return npy;
    }
    npy.values.resize(count);
    std::memcpy(npy.values.data(), bytes.constData() + 10 + headerSize, count * sizeof(float));
    return npy;
}

QStringList CsvFile::column(const QString& name) const {
    const qsizetype at = rows.isEmpty() ? -1 : rows.front().indexOf(name);
    QStringList cells;
    for (qsizetype r = 1; at >= 0 && r < rows.size(); ++r) cells.append(rows[r].value(at));
    return cells;
}

CsvFile readCsv(const QString& path) {
    CsvFile csv;
    const QString text = QString::fromUtf8(bytesOf(path));
    QString pending; // a quoted cell may hold an end of line
    for (const QString& line : text.split(u'\n')) {
        if (pending.isEmpty() && line.startsWith(u"# "_s)) {
            csv.notes.insert(readNotes(line.mid(2)));
            continue;
        }
        pending += pending.isEmpty() ? line : u'\n' + line;
        if (pending.count(u'"') % 2 == 1) continue;
        if (!pending.isEmpty()) csv.rows.append(cellsOf(pending));
        pending.clear();
    }
    return csv;
}

QMap<QString, QString> readNotes(const QString& text) {
    QMap<QString, QString> notes;
    for (const QString& line : text.split(u'\n')) {
        const qsizetype colon = line.indexOf(u": "_s);
        if (colon > 0) notes.insert(line.left(colon).trimmed(), line.mid(colon + 2));
    }
    return notes;
}

QMap<QString, QString> readSidecar(const QString& npyPath) {
    const QJsonObject notes =
        QJsonDocument::fromJson(bytesOf(npyPath + u".json"_s)).object().value(u"provenance"_s).toObject();
    QMap<QString, QString> out;
    for (auto it = notes.begin(); it != notes.end(); ++it) out.insert(it.key(), it.value().toString());
    return out;
}

QString svgDescription(const QString& path) {
    QXmlStreamReader xml(bytesOf(path));
    QString description;
    while (!xml.atEnd()) {
        xml.readNext();
        if (xml.isStartElement() && xml.name() == u"desc"_s && description.isEmpty()) description = xml.readElementText();
    }
    return xml.hasError() ? QString() : description;
}

} // namespace moa::test
