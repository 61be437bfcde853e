// Keeps what the Search page was set to: bounds and profile are on disk within half a second of a change, written on the
// files' thread, and come back with the next start, however the program ended.
#pragma once

#include "ui/viewmodels/search_model.h"

#include <QObject>
#include <QTimer>

namespace moa {

class SearchKeeper : public QObject {
    Q_OBJECT
public:
    static constexpr int kDelayMs = 250;

    /// Reads `file` where there is one, and puts its bounds into the model.
    SearchKeeper(SearchModel& model, const QString& file, QObject* parent = nullptr);
    /// Writes what is not written yet.
    ~SearchKeeper() override;

    /// The profile that was open last and is still there; empty: none.
    const QString& lastProfile() const { return m_lastProfile; }

signals:
    void failed(const QString& message); ///< once

private:
    void read();
    void onChanged();
    void write();
    QByteArray text() const;

    SearchModel& m_model;
    QString m_file, m_lastProfile;
    QTimer m_timer;
    bool m_told = false;
};

} // namespace moa
