// Text forms of tables and arrays, and the jobs that write them.
#include "ui/jobs/export_service.h"

#include "engine/capture/atomic_file.h"
#include "engine/capture/export.h"
#include "engine/core/error.h"

#include <QBuffer>
#include <QFileInfo>
#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QPointer>

#include <charconv>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kShaDigits = 12;

void writeBytes(const QString& path, const QByteArray& bytes) {
    AtomicFile file(path.toStdString());
    file.write({bytes.constData(), std::size_t(bytes.size())});
    file.commit();
}

QString quoted(const QString& cell) {
    if (!cell.contains(u',') && !cell.contains(u'"') && !cell.contains(u'\n') && !cell.contains(u'\r')) return cell;
    return u'"' + QString(cell).replace(u'"', u"\"\""_s) + u'"';
}

QString commentLines(const Provenance& provenance) {
    QString text;
    for (const auto& [key, value] : provenance)
        text += u"# %1: %2\n"_s.arg(key, QString(value).replace(u'\n', u' '));
    return text;
}

QJsonObject provenanceJson(const Provenance& provenance) {
    QJsonObject notes;
    for (const auto& [key, value] : provenance) notes[key] = value;
    return notes;
}

/// An NPY has no room for notes that readers agree on, so they lie beside it.
QByteArray sidecar(const QString& path, const ExportArray& array, const Provenance& provenance) {
    QJsonArray shape;
    for (const std::size_t n : array.shape) shape.append(qint64(n));
    return QJsonDocument({{u"file"_s, QFileInfo(path).fileName()},
                          {u"dtype"_s, u"float32"_s},
                          {u"shape"_s, shape},
                          {u"axes"_s, QJsonArray::fromStringList(array.axes)},
                          {u"provenance"_s, provenanceJson(provenance)}})
        .toJson();
}

/// The last axis along the line, one line for each index of the axes before it.
void writeArrayCsv(const QString& path, const ExportArray& array, const Provenance& provenance) {
    AtomicFile file(path.toStdString());
    file.write((commentLines(provenance) + u"# axes: %1\n"_s.arg(array.axes.join(u" × "_s))).toStdString());
    const std::size_t cols = array.shape.empty() ? 1 : array.shape.back();
    std::string line;
    char number[32];
    for (std::size_t i = 0; i < array.values.size(); ++i) {
        const auto end = std::to_chars(number, number + sizeof number, array.values[i]).ptr;
        line.append(number, end);
        const bool last = (i + 1) % cols == 0;
        line += last ? '\n' : ',';
        if (!last) continue;
        file.write(line);
        line.clear();
    }
    file.commit();
}

void writePicture(const QString& path, const QImage& picture, const Provenance& provenance) {
    QImage noted = picture;
    noted.setText(u"Description"_s, provenanceText(provenance));
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    if (!noted.save(&buffer, "PNG")) throw FileError(path.toStdString(), "", "the picture cannot be encoded");
    writeBytes(path, bytes);
}

void writeContent(const QString& path, const ExportContent& content, const Provenance& provenance) {
    if (const auto* picture = std::get_if<std::shared_ptr<const QImage>>(&content))
        return writePicture(path, **picture, provenance);
    if (const auto* bytes = std::get_if<QByteArray>(&content)) return writeBytes(path, *bytes);
    if (const auto* table = std::get_if<ExportTable>(&content))
        return writeBytes(path, path.endsWith(u".json"_s, Qt::CaseInsensitive)
                                    ? jsonText(*table, provenance)
                                    : (commentLines(provenance) + csvText(*table)).toUtf8());
    const auto& array = std::get<ExportArray>(content);
    if (path.endsWith(u".csv"_s, Qt::CaseInsensitive)) return writeArrayCsv(path, array, provenance);
    writeNpy(path.toStdString(), {array.values, array.shape});
    writeBytes(path + u".json"_s, sidecar(path, array, provenance));
}

} // namespace

QString provenanceText(const Provenance& provenance) {
    QStringList lines;
    for (const auto& [key, value] : provenance) lines.append(u"%1: %2"_s.arg(key, value));
    return lines.join(u'\n');
}

QString exactNumber(double value) {
    return QString::number(value, 'g', QLocale::FloatingPointShortest);
}

QString csvText(const ExportTable& table) {
    QString text;
    const auto line = [&](const QStringList& cells) {
        QStringList out;
        for (const QString& cell : cells) out.append(quoted(cell));
        text += out.join(u',') + u'\n';
    };
    line(table.columns);
    for (const QStringList& row : table.rows) line(row);
    return text;
}

QByteArray jsonText(const ExportTable& table, const Provenance& provenance) {
    QJsonArray rows;
    for (const QStringList& cells : table.rows) {
        QJsonObject row;
        for (qsizetype c = 0; c < table.columns.size(); ++c) {
            const QString cell = cells.value(c);
            bool isNumber = false;
            const double number = cell.toDouble(&isNumber);
            row[table.columns[c]] = cell.isEmpty()                           ? QJsonValue()
                                    : isNumber && std::isfinite(number) ? QJsonValue(number)
                                                                             : QJsonValue(cell);
        }
        rows.append(row);
    }
    return QJsonDocument({{u"provenance"_s, provenanceJson(provenance)},
                          {u"columns"_s, QJsonArray::fromStringList(table.columns)},
                          {u"rows"_s, rows}})
        .toJson();
}

QString markdownText(const ExportTable& table) {
    const auto line = [](const QStringList& cells) {
        QStringList out;
        for (const QString& cell : cells) out.append(QString(cell).replace(u'|', u"\\|"_s));
        return u"| %1 |\n"_s.arg(out.join(u" | "_s));
    };
    QStringList rule;
    for (qsizetype c = 0; c < table.columns.size(); ++c) {
        bool numbers = !table.rows.isEmpty();
        for (const QStringList& row : table.rows) {
            bool isNumber = row.value(c).isEmpty();
            if (!isNumber) row.value(c).toDouble(&isNumber);
            numbers = numbers && isNumber;
        }
        rule.append(numbers ? u"---:"_s : u"---"_s);
    }
    QString text = line(table.columns) + line(rule);
    for (const QStringList& row : table.rows) text += line(row);
    return text;
}

ExportService::ExportService(DeviceWorker& device, DeviceWorker& files, std::shared_ptr<EngineState> state,
                             QObject* parent)
    : QObject(parent), m_device(device), m_files(files), m_state(std::move(state)) {}

void ExportService::identify(const QString& model, QObject* context, std::function<void(const QString&)> then) {
    if (model.isEmpty() || m_shas.contains(model)) return then(m_shas.value(model));
    const auto deliver = [this, model, guard = QPointer(context), then = std::move(then)](const QString& sha) {
        if (!sha.isEmpty()) m_shas.insert(model, sha);
        if (guard) then(sha);
    };
    // The open files belong to the device's thread; hashing them takes long and goes on elsewhere.
    m_device.interact(u"identify "_s + model + QString::number(quintptr(context)),
                      [this, model, deliver, state = m_state](const std::stop_token&) {
        std::shared_ptr<const Model> files;
        try {
            files = state->files(model.toStdString());
        } catch (const std::exception&) {
            // Moved away since: what is shown is still there, and is written without a hash.
        }
        m_device.post([this, files, deliver] {
            if (!files) return deliver({});
            m_files.submit(tr("Identifying the model"), false, [files, deliver](JobContext& job) {
                const QString sha = QString::fromStdString(files->sha256()).left(kShaDigits);
                job.post([deliver, sha] { deliver(sha); });
            });
        });
    });
}

void ExportService::write(const QString& path, ExportContent content, const Provenance& provenance,
                          std::function<void()> again) {
    Job* job = m_files.submit(tr("Writing %1").arg(QFileInfo(path).fileName()), false,
                              [path, content = std::make_shared<const ExportContent>(std::move(content)),
                               provenance](JobContext&) { writeContent(path, *content, provenance); });
    connect(job, &Job::finished, this, [this, job, path, again = std::move(again)] {
        if (job->state() == JobState::Done)
            emit written(path);
        else
            emit failed({path, job->error().message, again});
    });
}

} // namespace moa
