// Models that can be opened: bundled, recent, found in folders; with their state.
#pragma once

#include "ui/viewmodels/workspace.h"

#include <QAbstractListModel>

namespace moa {

class ModelList : public QAbstractListModel {
    Q_OBJECT
public:
    enum ModelRole { PathRole = Qt::UserRole, DetailRole, StateRole, StateKindRole, LoadedRole };
    /// What the state means, for its colour.
    enum class StateKind { Plain, Loading, Loaded };

    explicit ModelList(Workspace& workspace, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    int rowOf(const QString& path) const; ///< −1: not in the list
    /// From the list, never from disk. Bundled models, the chosen one and the loaded one stay.
    bool remove(const QString& path);
    /// "Llama · 5.8 M · F16 · 11.1 MiB".
    static QString detailOf(const ModelFacts& facts);
    static QString parametersText(quint64 parameters);

private:
    void add(const ModelFacts& facts);
    void refreshStates();

    Workspace& m_workspace;
    QList<ModelFacts> m_models;
};

} // namespace moa
