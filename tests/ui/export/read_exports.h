// Readers of exported files, written for these tests alone: what the program writes is read by other eyes.
#pragma once

#include <QMap>
#include <QString>
#include <QStringList>

#include <cstddef>
#include <vector>

namespace moa::test {

struct NpyFile {
    std::vector<std::size_t> shape; ///< empty: it could not be read, `error` says why
    std::vector<float> values;
    QString error;
};
NpyFile readNpy(const QString& path);

struct CsvFile {
    QMap<QString, QString> notes; ///< of its comment lines
    QList<QStringList> rows;      ///< the header among them
    QStringList column(const QString& name) const;
};
CsvFile readCsv(const QString& path);

/// "key: value" lines.
QMap<QString, QString> readNotes(const QString& text);
/// Of the file <path>.json beside an NPY.
QMap<QString, QString> readSidecar(const QString& npyPath);
/// <desc> of an SVG; empty: none, or the file is no XML.
QString svgDescription(const QString& path);

} // namespace moa::test
