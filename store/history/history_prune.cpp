// Removing runs, and what nobody else refers to.
#include "store/history/history.h"

#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>

namespace moa {
namespace {

std::int64_t count(const Connection& c, std::string_view sql) {
    Statement row(c, sql);
    return row.step() ? row.integer(0) : 0;
}

/// Temporary tables of what is to go: nothing of the file is touched. They vanish with this object.
class Doomed {
public:
    explicit Doomed(Connection& c) : m_c(c) {
        drop();
        m_c.execute("CREATE TEMP TABLE doomed_runs (id INTEGER PRIMARY KEY);"
                    "CREATE TEMP TABLE doomed_plans (id INTEGER PRIMARY KEY);"
                    "CREATE TEMP TABLE doomed_prompts (id INTEGER PRIMARY KEY);"
                    "CREATE TEMP TABLE doomed_profiles (id INTEGER PRIMARY KEY);");
    }
    ~Doomed() {
        try {
            drop();
        } catch (const StoreError&) { // the connection's end drops them too
        }
    }
    Doomed(const Doomed&) = delete;
    Doomed& operator=(const Doomed&) = delete;

    /// Returns how many of the runs stay.
    std::int64_t choose(std::span<const RunId> runs, bool marked) {
        Transaction whole(m_c,
                          Transaction::Kind::Read); // one for all rows: temporary tables have commits too
        Statement insert(m_c, "INSERT OR IGNORE INTO temp.doomed_runs SELECT id FROM runs WHERE id = ?");
        for (const RunId run : runs) insert.bind(run.value).run();
        const std::int64_t asked = count(m_c, "SELECT count(*) FROM temp.doomed_runs");
        m_c.execute(
            "DELETE FROM temp.doomed_runs WHERE id IN (SELECT id FROM runs WHERE status = 'running')");
        if (!marked)
            m_c.execute("DELETE FROM temp.doomed_runs WHERE id IN (SELECT run_id FROM run_tags UNION SELECT "
                        "run_id FROM notes)");
        chooseOrphans();
        whole.commit();
        return asked - count(m_c, "SELECT count(*) FROM temp.doomed_runs");
    }

    PruneReport report() const {
        PruneReport r;
        r.runs = count(m_c, "SELECT count(*) FROM temp.doomed_runs");
        r.measurements =
            count(m_c, "SELECT count(*) FROM measurements WHERE run_id IN (SELECT id FROM temp.doomed_runs)");
        r.series =
            count(m_c, "SELECT count(*) FROM series WHERE run_id IN (SELECT id FROM temp.doomed_runs)");
        r.plans = count(m_c, "SELECT count(*) FROM temp.doomed_plans");
        r.prompts = count(m_c, "SELECT count(*) FROM temp.doomed_prompts");
        r.profiles = count(m_c, "SELECT count(*) FROM temp.doomed_profiles");
        return r;
    }

    /// A few hundred runs a transaction, so that others can write in between.
    void removeRuns() {
        constexpr int kBatch = 400;
        for (;;) {
            Transaction batch(m_c, Transaction::Kind::Write);
            m_c.execute("CREATE TEMP TABLE IF NOT EXISTS doomed_now (id INTEGER PRIMARY KEY); DELETE FROM "
                        "temp.doomed_now;");
            Statement(m_c, "INSERT INTO temp.doomed_now SELECT id FROM temp.doomed_runs ORDER BY id LIMIT ?",
                      kBatch)
                .run();
            if (m_c.changes() == 0) return;
            // A run that was tagged meanwhile was chosen before that; a running one never is.
            m_c.execute("DELETE FROM runs WHERE id IN (SELECT id FROM temp.doomed_now);"
                        "DELETE FROM temp.doomed_runs WHERE id IN (SELECT id FROM temp.doomed_now);");
            batch.commit();
        }
    }

    /// Checked again: another program may have used them since.
    void removeOrphans() {
        Transaction whole(m_c, Transaction::Kind::Write);
        m_c.execute("DELETE FROM plans WHERE id IN (SELECT id FROM temp.doomed_plans) AND NOT EXISTS (SELECT "
                    "1 FROM runs r WHERE "
                    "r.plan_id = plans.id) AND NOT EXISTS (SELECT 1 FROM searches s WHERE s.plan_id = "
                    "plans.id) AND NOT EXISTS "
                    "(SELECT 1 FROM plans p WHERE p.parent_id = plans.id);"
                    "DELETE FROM prompts WHERE id IN (SELECT id FROM temp.doomed_prompts) AND NOT EXISTS "
                    "(SELECT 1 FROM runs r "
                    "WHERE r.prompt_id = prompts.id);"
                    "DELETE FROM profiles WHERE id IN (SELECT id FROM temp.doomed_profiles) AND NOT EXISTS "
                    "(SELECT 1 FROM runs r "
                    "WHERE r.profile_id = profiles.id);"
                    "DELETE FROM tags WHERE id NOT IN (SELECT tag_id FROM run_tags);");
        whole.commit();
    }

private:
    void drop() {
        for (const char* table : {"runs", "plans", "prompts", "profiles", "now"})
            m_c.execute(std::string("DROP TABLE IF EXISTS temp.doomed_") + table);
    }

    /// Only what a doomed run refers to: a plan that was saved without a run stays.
    void chooseOrphans() {
        m_c.execute("INSERT INTO temp.doomed_plans SELECT DISTINCT p.id FROM plans p JOIN (SELECT plan_id "
                    "FROM runs WHERE id IN "
                    "(SELECT id FROM temp.doomed_runs) UNION SELECT plan_id FROM searches WHERE run_id IN "
                    "(SELECT id FROM "
                    "temp.doomed_runs)) d ON d.plan_id = p.id WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE "
                    "r.plan_id = p.id AND "
                    "r.id NOT IN (SELECT id FROM temp.doomed_runs)) AND NOT EXISTS (SELECT 1 FROM searches s "
                    "WHERE s.plan_id = p.id "
                    "AND s.run_id NOT IN (SELECT id FROM temp.doomed_runs)) AND NOT EXISTS (SELECT 1 FROM "
                    "plans c WHERE c.parent_id "
                    "= p.id);"
                    "INSERT INTO temp.doomed_prompts SELECT DISTINCT r.prompt_id FROM runs r WHERE r.id IN "
                    "(SELECT id FROM "
                    "temp.doomed_runs) AND r.prompt_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs o "
                    "WHERE o.prompt_id = "
                    "r.prompt_id AND o.id NOT IN (SELECT id FROM temp.doomed_runs));"
                    "INSERT INTO temp.doomed_profiles SELECT DISTINCT r.profile_id FROM runs r WHERE r.id IN "
                    "(SELECT id FROM "
                    "temp.doomed_runs) AND r.profile_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs o "
                    "WHERE o.profile_id = "
                    "r.profile_id AND o.id NOT IN (SELECT id FROM temp.doomed_runs));");
    }

    Connection& m_c;
};

} // namespace

PruneReport History::prune(std::span<const RunId> runs, bool marked, bool dryRun) {
    if (!dryRun) requireWritable();
    Doomed doomed(m_connection);
    const std::int64_t kept = doomed.choose(runs, marked);
    PruneReport report = doomed.report();
    report.kept = kept;
    if (dryRun) return report;
    doomed.removeRuns();
    doomed.removeOrphans();
    return report;
}

void History::compact() {
    requireWritable();
    m_connection.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
}

} // namespace moa
