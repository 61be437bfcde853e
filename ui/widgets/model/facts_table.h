// Names and values in two columns, rows as high as the font asks for; used for architecture and device facts.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct Fact {
    QString name, value;
    Role role = Role::Text;
    bool isKey = false; ///< the value is a key of the keyboard, drawn as one
};

class FactsTable : public QWidget {
    Q_OBJECT
public:
    explicit FactsTable(QWidget* parent = nullptr);
    void setFacts(const std::vector<Fact>& facts);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Fact> m_facts;
};

/// Part, estimate, allocated and error in percent, one row a part and a total.
class AllocationTable : public QWidget {
    Q_OBJECT
public:
    struct Row {
        QString part;
        quint64 estimated = 0, allocated = 0;
    };
    explicit AllocationTable(QWidget* parent = nullptr);
    void setRows(const std::vector<Row>& rows);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Row> m_rows;
};

} // namespace moa
