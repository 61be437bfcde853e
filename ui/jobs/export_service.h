// Files of what the views show: NPY and CSV of numbers, PNG and SVG of pictures, each with a note of where it comes
// from. Everything that touches a disk runs on a thread of its own; the device never waits for it.
// Non-goals: drawing the pictures, choosing the numbers.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QString>
#include <QStringList>

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

class QImage;

namespace moa {

/// Where numbers come from, in the order it is written: ("model", "moa-tiny"), ("n", "4096"). Keys are for programs and
/// not translated.
using Provenance = QList<std::pair<QString, QString>>;

/// "key: value" lines.
QString provenanceText(const Provenance& provenance);

/// Row-major float32 values, e.g. [rows, cols] or [L, G, 64, 64].
struct ExportArray {
    std::vector<float> values;
    std::vector<std::size_t> shape;
    QStringList axes; ///< one name an axis: "query cell", "key cell"
};

/// A small table of text and numbers; numbers as exactNumber() writes them.
struct ExportTable {
    QStringList columns;
    QList<QStringList> rows;
};

/// The shortest text that reads back as the same double, with a point.
QString exactNumber(double value);
/// One line a row, RFC 4180 quoting, header first.
QString csvText(const ExportTable& table);
/// {"provenance": {…}, "columns": […], "rows": [{column: value}, …]}; cells that are numbers are numbers, empty ones null.
QByteArray jsonText(const ExportTable& table, const Provenance& provenance);
/// A GitHub table; numbers align right.
QString markdownText(const ExportTable& table);

/// PNG from a picture, SVG from its bytes, NPY or CSV from an array, CSV or JSON from a table.
using ExportContent = std::variant<std::shared_ptr<const QImage>, QByteArray, ExportArray, ExportTable>;

/// Why a file was not written, and the way to try elsewhere.
struct ExportFailure {
    QString path, message;
    std::function<void()> again; ///< asks for another place; may be empty
};

class ExportService : public QObject {
    Q_OBJECT
public:
    /// `device`: whose thread opens model files. `files`: the thread that hashes and writes.
    ExportService(DeviceWorker& device, DeviceWorker& files, std::shared_ptr<EngineState> state,
                  QObject* parent = nullptr);

    /// Finds the first 12 hex digits of the SHA-256 of a model's weights (about a second per GB the first time) and
    /// hands them to `then` on the GUI thread; nothing of `then` once `context` is gone. Empty: the files are not there
    /// any more, or `model` is empty.
    void identify(const QString& model, QObject* context, std::function<void(const QString& sha)> then);

    /// Writes the file whole or not at all, with its provenance: a text chunk of a PNG, comment lines of a CSV, a key
    /// of a JSON, a file <path>.json beside an NPY; an SVG brings its own. Answers with written() or failed().
    void write(const QString& path, ExportContent content, const Provenance& provenance,
               std::function<void()> again = {});
    /// failed() for a file that nothing was written to.
    void refuse(const QString& path, const QString& why) { emit failed({path, why, {}}); }
    bool isIdle() const { return m_files.isIdle(); }

    /// Where the last export went; empty: none yet.
    QString folder() const { return m_folder; }
    void setFolder(const QString& folder) { m_folder = folder; }

signals:
    void written(const QString& path);
    void failed(const moa::ExportFailure& failure);

private:
    DeviceWorker &m_device, &m_files;
    std::shared_ptr<EngineState> m_state;
    QHash<QString, QString> m_shas; ///< by model path, GUI thread
    QString m_folder;
};

} // namespace moa
