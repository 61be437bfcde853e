// Facets of the history as one list: a heading a field, a box and a count a value. A click or Space takes a value into the
// query or out of it. Arrows walk over the values.
#pragma once

#include <QListWidget>

#include <vector>

namespace moa {

struct FacetEntry {
    QString field, value; ///< as the query names them
    QString title;        ///< as people read it; of a heading: the field's
    qint64 count = 0;
    bool isChosen = false, isHeading = false;
    bool operator==(const FacetEntry&) const = default;
};

class FacetList : public QListWidget {
    Q_OBJECT
public:
    explicit FacetList(QWidget* parent = nullptr);

    /// Keeps the current value and the place of the scroll bar.
    void setEntries(std::vector<FacetEntry> entries);
    const std::vector<FacetEntry>& entries() const { return m_entries; }
    int rowOf(const QString& field, const QString& value) const; ///< −1: not there

signals:
    void toggled(const QString& field, const QString& value);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    void toggleRow(int row);
    std::vector<FacetEntry> m_entries;
};

} // namespace moa
