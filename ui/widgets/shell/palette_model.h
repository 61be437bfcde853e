// The rows of the command palette for a query: section headings and the best items under each.
#pragma once

#include "ui/widgets/shell/fuzzy_match.h"
#include "ui/widgets/shell/palette_item.h"

#include <QAbstractListModel>

#include <optional>

namespace moa {

class PaletteModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role {
        KindRole = Qt::UserRole,
        IdRole,
        DetailRole,
        KeyRole,
        ReasonRole,
        IconRole,
        PositionsRole,
        HeadingRole
    };
    static constexpr int kMostPerSection = 60, kMostWithoutQuery = 8;

    explicit PaletteModel(QObject* parent = nullptr) : QAbstractListModel(parent) {}

    void addSource(PaletteSource source);
    /// Asks every source again; then the query anew.
    void refresh();
    /// `>` actions, `@` heads, `#` plans, `:` runs as the first letter keep one kind.
    void setQuery(const QString& query);
    const QString& query() const { return m_query; }

    int resultCount() const { return m_results; } ///< all that match, shown or not
    /// nullptr: a heading, or out of range.
    const PaletteItem* item(int row) const;
    int firstItem() const; ///< row of the first item; −1: none
    static QString kindName(PaletteKind kind);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    struct Known {
        PaletteItem item;
        FuzzyText text;
    };
    struct Row {
        const Known* known = nullptr; ///< nullptr: a heading
        QString heading;
        std::vector<int> positions;
    };
    struct Hit {
        const Known* known;
        int score;
    };
    void rebuild();
    void addSection(const QString& heading, std::vector<Hit>& hits, const FuzzyQuery& query);

    std::vector<PaletteSource> m_sources;
    std::vector<Known> m_known, m_following; ///< of sources asked once, and of those that follow the query
    std::vector<Row> m_rows;
    QString m_query;
    int m_results = 0;
};

} // namespace moa
