// The bounds' own text, with the profile's path beside it.
#include "ui/viewmodels/search_keeper.h"

#include "ui/jobs/kept_text.h"

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include <utility>

namespace moa {

using namespace Qt::StringLiterals;

SearchKeeper::SearchKeeper(SearchModel& model, const QString& file, QObject* parent) : QObject(parent), m_model(model), m_file(file) {
    read();
    m_timer.setSingleShot(true);
    m_timer.setInterval(kDelayMs);
    connect(&m_timer, &QTimer::timeout, this, &SearchKeeper::write);
    connect(&model, &SearchModel::boundsChanged, this, &SearchKeeper::onChanged);
    connect(&model, &SearchModel::subjectChanged, this, &SearchKeeper::onChanged);
}

SearchKeeper::~SearchKeeper() {
    if (!m_timer.isActive()) return;
    try {
        keepText(m_file, text());
    } catch (const std::exception&) {
        // The program ends; the bounds before these stay.
    }
}

void SearchKeeper::read() {
    const QByteArray kept = keptText(m_file);
    if (const auto bounds = boundsOf(kept)) m_model.useBounds(*bounds);
    const QString profile = QJsonDocument::fromJson(kept).object()[u"profile"_s].toString();
    if (QFileInfo(profile).isFile()) m_lastProfile = profile;
}

void SearchKeeper::onChanged() {
    if (!m_timer.isActive()) m_timer.start(); // a long drag is written while it goes on
}

QByteArray SearchKeeper::text() const {
    QJsonObject kept{{u"bounds"_s, QJsonDocument::fromJson(boundsText(m_model.bounds())).object()}};
    kept[u"profile"_s] = m_model.subject().path.isEmpty() ? m_lastProfile : m_model.subject().path;
    return QJsonDocument(kept).toJson();
}

void SearchKeeper::write() {
    m_model.workspace().engine().files.interact(
        u"search bounds"_s, [file = m_file, text = text()](const std::stop_token&) { keepText(file, text); },
        [this](const JobError& error) {
            if (!std::exchange(m_told, true)) emit failed(error.message);
        });
}

} // namespace moa
