// Keys "workspace/…" of the settings.
#include "app/gui/last_workspace.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>
#include <QSettings>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr std::int64_t kMostTokens = std::int64_t(1) << 20; ///< as Workspace::setLength() allows

struct Words {
    Q_DECLARE_TR_FUNCTIONS(moa::LastWorkspace)
};

} // namespace

QString LastWorkspace::detail() const {
    const QString what = plan.isEmpty() ? Words::tr("%1, dense, N %2").arg(modelName, QLocale().toString(qlonglong(length)))
                                        : Words::tr("%1, plan %2, N %3")
                                              .arg(modelName, QFileInfo(plan).completeBaseName(),
                                                   QLocale().toString(qlonglong(length)));
    if (!savedAt.isValid()) return what;
    return what + u'\n' + Words::tr("Saved %1").arg(QLocale().toString(savedAt.toLocalTime(), QLocale::ShortFormat));
}

LastWorkspace readLastWorkspace(const QSettings& settings) {
    LastWorkspace last;
    last.length = settings.value(u"workspace/length"_s).toLongLong();
    if (last.length < 1 || last.length > kMostTokens) return {};
    last.model = settings.value(u"workspace/model"_s).toString();
    last.modelName = settings.value(u"workspace/modelName"_s).toString();
    if (last.modelName.isEmpty()) last.modelName = QFileInfo(last.model).fileName();
    last.plan = settings.value(u"workspace/plan"_s).toString();
    last.savedAt = QDateTime::fromString(settings.value(u"workspace/savedAt"_s).toString(), Qt::ISODate);
    return last;
}

void writeLastWorkspace(QSettings& settings, const LastWorkspace& workspace) {
    settings.setValue(u"workspace/model"_s, workspace.model);
    settings.setValue(u"workspace/modelName"_s, workspace.modelName);
    settings.setValue(u"workspace/plan"_s, workspace.plan);
    settings.setValue(u"workspace/length"_s, qlonglong(workspace.length));
    settings.setValue(u"workspace/savedAt"_s, workspace.savedAt.toUTC().toString(Qt::ISODate));
}

} // namespace moa
