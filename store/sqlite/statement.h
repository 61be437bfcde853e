// RAII over one prepared statement, with typed parameters and columns.
#pragma once

#include "store/sqlite/connection.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3_stmt;

namespace moa {

/// Parameters are bound in order by bind(); columns are counted from 0. Text is copied both ways. Throws
/// StoreError.
class Statement {
public:
    Statement(const Connection& connection, std::string_view sql);

    /// Prepares, binds and returns: Statement(c, "…", 1, "x").
    template <class... Values>
    requires(sizeof...(Values) > 0)
        Statement(const Connection& connection, std::string_view sql, const Values&... values)
        : Statement(connection, sql) {
        bind(values...);
    }

    /// Binds parameters 1 … n; std::nullopt and an empty optional are NULL, as is a NaN.
    template <class... Values>
    Statement& bind(const Values&... values) {
        int index = 0;
        (bindAt(++index, values), ...);
        return *this;
    }

    /// Advances to the next row; false at the end.
    bool step();
    /// For statements without rows: runs to the end.
    void run();
    /// Ready to be bound and stepped again.
    void reset();

    /// Of a row, counted before the first step too.
    int columns() const;
    bool isNull(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    /// The same without a copy; valid until the next step.
    std::string_view textView(int column) const;
    /// The bytes of a BLOB, valid until the next step.
    std::span<const std::byte> blob(int column) const;
    std::optional<std::int64_t> optionalInteger(int column) const;
    std::optional<double> optionalReal(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    void bindAt(int index, std::nullopt_t);
    void bindAt(int index, std::int64_t value);
    void bindAt(int index, double value);
    void bindAt(int index, std::string_view value);
    void bindAt(int index, std::span<const std::byte> value);
    void bindAt(int index, const std::string& value) { bindAt(index, std::string_view(value)); }
    void bindAt(int index, const char* value) { bindAt(index, std::string_view(value)); }
    template <std::integral Int>
    void bindAt(int index, Int value) {
        bindAt(index, static_cast<std::int64_t>(value));
    }
    template <class Value>
    void bindAt(int index, const std::optional<Value>& value) {
        if (value)
            bindAt(index, *value);
        else
            bindAt(index, std::nullopt);
    }
    void check(int code) const;

    const Connection* m_connection;
    std::unique_ptr<sqlite3_stmt, Finalize> m_handle;
};

} // namespace moa
