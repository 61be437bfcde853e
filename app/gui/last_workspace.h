// What was open last: model, plan and length N, kept in the settings so that a start can offer it again.
#pragma once

#include <QDateTime>
#include <QString>

#include <cstdint>

class QSettings;

namespace moa {

struct LastWorkspace {
    QString model, modelName; ///< as opened (a path or a bundled name), and as shown; no model: nothing was kept
    QString plan;             ///< path; empty: dense, or a plan that was never saved
    std::int64_t length = 0;
    QDateTime savedAt;

    bool isKept() const { return !model.isEmpty(); }
    /// "moa-tiny, plan balanced-50, N 4,096", then when it was saved on a line of its own.
    QString detail() const;
};

/// Damaged values read as if nothing was kept.
LastWorkspace readLastWorkspace(const QSettings& settings);
void writeLastWorkspace(QSettings& settings, const LastWorkspace& workspace);

} // namespace moa
