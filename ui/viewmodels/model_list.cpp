// Rows of the model list.
#include "ui/viewmodels/model_list.h"

#include <QLocale>

namespace moa {

ModelList::ModelList(Workspace& workspace, QObject* parent) : QAbstractListModel(parent), m_workspace(workspace) {
    ModelService& models = workspace.engine().models;
    connect(&models, &ModelService::modelsFound, this, [this](const QList<ModelFacts>& found) {
        for (const ModelFacts& facts : found) add(facts);
    });
    connect(&models, &ModelService::factsRead, this, &ModelList::add);
    connect(&workspace, &Workspace::loadedChanged, this, &ModelList::refreshStates);
    connect(&workspace.engine().worker, &DeviceWorker::jobChanged, this, [this](Job* job) {
        if (job == m_workspace.loading()) refreshStates();
    });
}

void ModelList::add(const ModelFacts& facts) {
    if (rowOf(facts.path) >= 0) return;
    beginInsertRows({}, int(m_models.size()), int(m_models.size()));
    m_models.append(facts);
    endInsertRows();
}

void ModelList::refreshStates() {
    if (!m_models.isEmpty()) emit dataChanged(index(0), index(int(m_models.size()) - 1));
}

int ModelList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_models.size());
}

int ModelList::rowOf(const QString& path) const {
    for (int row = 0; row < m_models.size(); ++row)
        if (m_models[row].path == path) return row;
    return -1;
}

bool ModelList::remove(const QString& path) {
    const int row = rowOf(path);
    const bool chosen = m_workspace.model() && m_workspace.model()->path == path;
    const bool loaded = m_workspace.loaded() && m_workspace.loaded()->facts.path == path;
    if (row < 0 || m_models[row].isBuiltIn || chosen || loaded) return false;
    beginRemoveRows({}, row, row);
    m_models.removeAt(row);
    endRemoveRows();
    return true;
}

QString ModelList::parametersText(quint64 parameters) {
    const QLocale locale;
    if (parameters >= 1'000'000'000) return tr("%1 B").arg(locale.toString(double(parameters) / 1e9, 'f', 2));
    return tr("%1 M").arg(locale.toString(double(parameters) / 1e6, 'f', parameters < 100'000'000 ? 1 : 0));
}

QString ModelList::detailOf(const ModelFacts& facts) {
    QString family = QString::fromStdString(facts.config.architecture);
    family.remove(QStringLiteral("ForCausalLM"));
    const QString size = QLocale().formattedDataSize(qint64(facts.fileWeightBytes), 1, QLocale::DataSizeIecFormat);
    return QStringLiteral("%1 · %2 · %3 · %4").arg(family, parametersText(facts.parameters), facts.dtype,
                                                   facts.isBuiltIn ? tr("built in") : size);
}

QVariant ModelList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const ModelFacts& facts = m_models[index.row()];
    const bool chosen = m_workspace.model() && m_workspace.model()->path == facts.path;
    const bool loading = chosen && m_workspace.loading() != nullptr;
    const bool loaded = m_workspace.loaded() && m_workspace.loaded()->facts.path == facts.path;
    switch (role) {
    case Qt::DisplayRole: return facts.name;
    case Qt::ToolTipRole: return facts.path;
    case PathRole: return facts.path;
    case DetailRole: return detailOf(facts);
    case LoadedRole: return loaded;
    case StateKindRole: return int(loading ? StateKind::Loading : loaded ? StateKind::Loaded : StateKind::Plain);
    case StateRole:
        if (loading) {
            const double fraction = m_workspace.loading()->fraction();
            return fraction < 0 ? tr("Loading") : tr("Loading %1%").arg(int(100 * fraction));
        }
        return loaded ? tr("Loaded") : QString();
    default: return {};
    }
}

} // namespace moa
