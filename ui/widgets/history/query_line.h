// The query's line: completes names and values, offers recent queries while it is empty, marks the part that cannot be read.
#pragma once

#include <QLineEdit>

class QCompleter;
class QStringListModel;

namespace moa {

class QueryLine : public QLineEdit {
    Q_OBJECT
public:
    explicit QueryLine(QWidget* parent = nullptr);

    /// Without a signal, and only where it says something else.
    void setQuery(const QString& query);
    /// Whole queries to choose from; shown while the field has the focus.
    void offer(const QStringList& queries);
    void setRecent(const QStringList& queries) { m_recent = queries; }
    /// Marks characters [begin, end) as wrong; none where they are equal.
    void setFault(qsizetype begin, qsizetype end);
    bool hasFault() const { return m_begin < m_end; }
    QSize sizeHint() const override;

signals:
    void queryTyped(const QString& query);
    void committed(); ///< Enter: the query is worth remembering
    void completionsAsked(const QString& query);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void restyle();
    QCompleter* m_completer;
    QStringListModel* m_offers;
    QStringList m_recent;
    QAction* m_icon;
    qsizetype m_begin = 0, m_end = 0;
};

} // namespace moa
