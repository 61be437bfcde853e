// Plans of other programs, in and out, and what got lost on the way; plans to compare with; passports. Everything that
// reads or writes runs on the worker's thread.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/values.h"

#include <QObject>

#include <optional>

namespace moa {

struct PlanImport {
    QString path;                ///< a published plan (JSON), or DuoAttention's full_attention_heads.tsv
    std::optional<int> heads, kvHeads; ///< of the model in use
    int sink = kDefaultSink;     ///< tokens, for files that do not say
};

class PlanExchange : public QObject {
    Q_OBJECT
public:
    explicit PlanExchange(DeviceWorker& worker, QObject* parent = nullptr);

    /// Answers with imported(), whose notes say what was assumed and lost, or failed().
    void importPlan(const PlanImport& request);
    /// Answers with comparisonRead() or failed(): nothing is opened.
    void readComparison(const QString& path, std::optional<int> kvHeads);
    /// As DuoAttention's pattern where `path` ends with .tsv (its folder gets config.json too), else as the published code
    /// reads it. Answers with exported() or failed().
    void exportPlan(const QString& path, const SparsePlan& plan, std::int64_t n);
    /// Answers with passportRead(); empty text: the file has none.
    void readPassport(const QString& path);
    /// Answers with searchRead(): what the plan's passport says of its search, as JSON; empty: nothing.
    void readSearch(const QString& path);

signals:
    void imported(const moa::PlanValue& plan);
    void comparisonRead(const moa::PlanValue& plan);
    void exported(const QString& path, const QStringList& notes);
    void passportRead(const QString& path, const QString& text);
    void searchRead(const QString& path, const QByteArray& search);
    void failed(const QString& path, const moa::JobError& error);

private:
    void run(const QString& topic, const QString& path, std::function<void()> work);
    DeviceWorker& m_worker;
};

} // namespace moa
