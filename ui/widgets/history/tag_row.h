// Tags of runs as small buttons that take them off, and a field for a new one.
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLineEdit;

namespace moa {

class TagRow : public QWidget {
    Q_OBJECT
public:
    explicit TagRow(QWidget* parent = nullptr);

    void setTags(const QStringList& tags);
    /// Known tags, offered while one is typed.
    void setKnown(const QStringList& tags);
    void setWritable(bool on);
    QLineEdit& field() { return *m_field; }

signals:
    void added(const QString& tag);
    void removed(const QString& tag);

private:
    QHBoxLayout* m_row;
    QLineEdit* m_field;
    QStringList m_tags, m_known;
    bool m_writable = true;
};

} // namespace moa
