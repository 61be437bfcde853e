// What the command palette finds: an action, a head, a plan or a run; and where such items come from.
#pragma once

#include <QMetaType>
#include <QString>

#include <functional>
#include <vector>

namespace moa {

/// The order is that of the sections; plans and runs share one.
enum class PaletteKind { Action, Head, Plan, Run };

struct PaletteItem {
    PaletteKind kind = PaletteKind::Action;
    QString id;          ///< what the owner recognises it by
    QString title;       ///< matched letters are shown in accent
    QString detail = {}; ///< grey, after the title; searched too
    QString key = {};    ///< "Shift+]"
    bool enabled = true;
    QString reason = {};   ///< why it is not enabled
    QString icon = {};     ///< of resources/icons; empty: that of the kind
    QString keywords = {}; ///< searched, never shown
};

/// Asked for its items when the palette opens; with `followsQuery` also at each change of the query, which it
/// gets as typed (a number becomes "Go to token 9,152").
struct PaletteSource {
    std::function<std::vector<PaletteItem>(const QString& query)> items;
    bool followsQuery = false;
};

} // namespace moa

Q_DECLARE_METATYPE(moa::PaletteItem)
