// JSON: a plan file as any other, with what else is needed beside it.
#include "ui/jobs/plan_backup.h"

#include "engine/core/error.h"
#include "engine/plan/json_file.h"
#include "engine/plan/plan_file.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QUuid>

namespace moa {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t(1) << 30;
constexpr const char* kSuffix = ".moabackup";

nlohmann::json planJson(const SparsePlan& plan) {
    return planDocument(makePlanFile(plan, {}));
}

SparsePlan planOf(const nlohmann::json& document, const std::string& name) {
    return parsePlan(document.dump(), name).plan;
}

} // namespace

void writePlanBackup(const QString& path, const PlanBackup& backup) {
    nlohmann::json document;
    document["name"] = backup.base.name.toStdString();
    document["path"] = backup.base.path.toStdString();
    document["model"] = backup.model.toStdString();
    document["length"] = backup.length;
    document["saved_at"] = backup.savedAt.toUTC().toString(Qt::ISODateWithMs).toStdString();
    document["pins"] = backup.pins;
    document["base"] = planJson(backup.base.plan);
    document["edited"] = planJson(backup.edited);
    jsonfile::writeAtomically(path.toStdString(), jsonfile::text(document));
}

PlanBackup readPlanBackup(const QString& path) {
    const std::string file = path.toStdString();
    const nlohmann::json document = jsonfile::parse(jsonfile::readText(file, kMostBytes), file);
    const jsonfile::Place root(file);
    const auto text = [&](const char* key) {
        const nlohmann::json& value = root.member(document, key, "a text");
        if (!value.is_string()) (root / key).fail("expected a text");
        return QString::fromStdString(value.get<std::string>());
    };
    PlanBackup backup;
    backup.base.name = text("name");
    backup.base.path = text("path");
    backup.base.plan = planOf(root.member(document, "base", "a plan"), file + ": base");
    backup.edited = planOf(root.member(document, "edited", "a plan"), file + ": edited");
    const SparsePlan &a = backup.base.plan, &b = backup.edited;
    if (a.layers != b.layers || a.heads != b.heads || a.kvHeads != b.kvHeads) root.fail("expected two plans of one shape");
    backup.model = text("model");
    backup.length = (root / "length").integer(root.member(document, "length", "tokens"), 1, std::int64_t(1) << 40);
    backup.savedAt = QDateTime::fromString(text("saved_at"), Qt::ISODateWithMs);
    const jsonfile::Place pins = root / "pins";
    for (const nlohmann::json& pin : pins.array(root.member(document, "pins", "pins"), "pins")) {
        if (!pin.is_array() || pin.size() != 2) pins.fail("expected pairs of layer and KV head");
        backup.pins.emplace_back(int(pins.integer(pin[0], 0, b.layers - 1)), int(pins.integer(pin[1], 0, b.kvHeads - 1)));
    }
    return backup;
}

PlanBackupFolder::PlanBackupFolder(const QString& folder) : m_folder(folder) {
    if (!QDir().mkpath(folder)) throw FileError(folder.toStdString(), "", "the folder for unsaved edits cannot be made");
    const QString name = QStringLiteral("plan-%1-%2").arg(QCoreApplication::applicationPid()).arg(QUuid::createUuid().toString(QUuid::Id128).left(8));
    m_path = QDir(folder).filePath(name + QLatin1String(kSuffix));
    m_lock = std::make_unique<QLockFile>(m_path + QStringLiteral(".lock"));
    m_lock->setStaleLockTime(0); // held as long as the program lives, however long that is
    if (!m_lock->tryLock(0)) throw FileError(m_path.toStdString(), "", "the folder for unsaved edits cannot be written");
}

PlanBackupFolder::~PlanBackupFolder() = default;

QList<QString> PlanBackupFolder::orphans() const {
    QList<QString> found;
    const QFileInfoList files = QDir(m_folder).entryInfoList({QLatin1String("*") + QLatin1String(kSuffix)}, QDir::Files, QDir::Time);
    for (const QFileInfo& file : files) {
        if (file.filePath() == m_path) continue;
        // The lock of a program that is gone is stale, and taken.
        QLockFile lock(file.filePath() + QStringLiteral(".lock"));
        lock.setStaleLockTime(0);
        if (!lock.tryLock(0)) continue;
        try {
            readPlanBackup(file.filePath());
            found.append(file.filePath());
        } catch (const FileError&) {
            continue; // left for a person to look at
        }
    }
    return found;
}

void PlanBackupFolder::remove(const QString& path) {
    QFile::remove(path);
    QFile::remove(path + QStringLiteral(".lock"));
}

} // namespace moa
