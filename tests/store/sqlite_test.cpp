// The RAII layer: values come back as they went in, transactions end with their scope, errors are typed.
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"
#include "tests/store/store_samples.h"

#include <cmath>
#include <limits>

namespace moa {
namespace {

Connection scratch(const StoreFolder& folder) {
    Connection c(folder.file("s.sqlite"), Connection::Access::Create, 1000);
    c.execute("CREATE TABLE t (a INTEGER, b REAL, c TEXT, id INTEGER PRIMARY KEY) STRICT;"
              "CREATE TABLE u (t INTEGER REFERENCES t (id));");
    return c;
}

std::int64_t rows(const Connection& c) {
    Statement s(c, "SELECT count(*) FROM t");
    s.step();
    return s.integer(0);
}

TEST(Sqlite, ValuesRoundTrip) {
    const StoreFolder folder;
    const Connection c = scratch(folder);
    const std::string nasty("nul\0 \xff quote' \xf0\x9f\x98\x80", 18);
    Statement insert(c, "INSERT INTO t (a, b, c) VALUES (?, ?, ?)");
    insert.bind(std::numeric_limits<std::int64_t>::min(), -0.1, nasty).run();
    insert.bind(std::nullopt, std::nan(""), "").run();
    insert.bind(std::optional<std::int64_t>(7), std::numeric_limits<double>::infinity(), std::nullopt).run();
    Statement read(c, "SELECT a, b, c FROM t ORDER BY rowid");
    ASSERT_TRUE(read.step());
    EXPECT_EQ(read.integer(0), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(read.real(1), -0.1);
    EXPECT_EQ(read.text(2), nasty);
    ASSERT_TRUE(read.step());
    EXPECT_EQ(read.optionalInteger(0), std::nullopt);
    EXPECT_EQ(read.optionalReal(1), std::nullopt) << "a NaN is no value";
    EXPECT_FALSE(read.isNull(2)) << "an empty text is a text";
    ASSERT_TRUE(read.step());
    EXPECT_EQ(read.integer(0), 7);
    EXPECT_EQ(read.real(1), std::numeric_limits<double>::infinity());
    EXPECT_TRUE(read.isNull(2));
    EXPECT_FALSE(read.step());
}

TEST(Sqlite, TransactionsRollBackUnlessCommitted) {
    const StoreFolder folder;
    Connection c = scratch(folder);
    try {
        Transaction t(c, Transaction::Kind::Write);
        Statement(c, "INSERT INTO t (a) VALUES (?)", 1).run();
        throw std::runtime_error("in the middle");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(rows(c), 0);
    Transaction t(c, Transaction::Kind::Write);
    Statement(c, "INSERT INTO t (a) VALUES (?)", 1).run();
    t.commit();
    EXPECT_EQ(rows(c), 1);
}

TEST(Sqlite, ErrorsAreTyped) {
    const StoreFolder folder;
    Connection c = scratch(folder);
    EXPECT_EQ(problemOf([&] { c.execute("no sql"); }), StoreProblem::Failed);
    EXPECT_EQ(problemOf([&] { Statement(c, "SELECT * FROM nothing"); }), StoreProblem::Failed);
    EXPECT_EQ(problemOf([&] { Statement(c, "INSERT INTO u VALUES (99)").run(); }), StoreProblem::BadValue)
        << "foreign keys are on";
    EXPECT_EQ(problemOf([&] { Statement(c, "INSERT INTO t (a) VALUES (?)", "text").run(); }),
              StoreProblem::BadValue)
        << "tables are strict";
    EXPECT_EQ(problemOf([&] { Statement(c, "SELECT ?", 1, 2); }), StoreProblem::Failed);
    EXPECT_EQ(problemOf([&] { Connection(folder.path(), Connection::Access::Create, 0); }),
              StoreProblem::Failed);
    EXPECT_EQ(problemOf([&] { Connection(folder.file("x/y"), Connection::Access::Create, 0); }),
              StoreProblem::Failed);
    EXPECT_EQ(problemOf([&] { Connection(folder.file("absent"), Connection::Access::ReadOnly, 0); }),
              StoreProblem::Failed);
}

TEST(Sqlite, ReadOnlyAndImmutableConnectionsCannotWrite) {
    const StoreFolder folder;
    { scratch(folder); }
    for (const auto access : {Connection::Access::ReadOnly, Connection::Access::Immutable}) {
        Connection c(folder.file("s.sqlite"), access, 0);
        EXPECT_TRUE(c.readOnly());
        EXPECT_EQ(rows(c), 0);
        EXPECT_EQ(problemOf([&] { c.execute("INSERT INTO t (a) VALUES (1)"); }), StoreProblem::ReadOnly);
    }
}

TEST(Sqlite, ImmutableNamesMeanThemselves) {
    const StoreFolder folder;
    const std::string odd = folder.file("100% öd?a=b#c.sqlite");
    { Connection(odd, Connection::Access::Create, 0).execute("CREATE TABLE t (a)"); }
    EXPECT_EQ(rows(Connection(odd, Connection::Access::Immutable, 0)), 0);
}

} // namespace
} // namespace moa
