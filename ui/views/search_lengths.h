// What the panels of measurements on the Search page share.
#pragma once

#include "ui/viewmodels/search_table_model.h"

#include <QComboBox>
#include <QSignalBlocker>

#include <algorithm>
#include <vector>

namespace moa {

/// Lengths in tokens as entries, the chosen one kept; hidden where there are none.
inline void fillLengths(QComboBox& box, const std::vector<int>& lengths) {
    const QSignalBlocker quiet(&box);
    const int chosen = box.currentData().toInt();
    box.clear();
    for (const int length : lengths) box.addItem(search_text::shortLength(length), length);
    box.setCurrentIndex(std::max(box.findData(chosen), 0));
    box.setVisible(box.count() > 0);
}

/// Name of the plan in use among the candidates; null: it is none of them.
inline QString ownName(const SearchModel& model) {
    const std::vector<SearchCandidate>& all = model.candidates();
    return !all.empty() && all.back().kind == SearchCandidate::Kind::Document ? all.back().name : QString();
}

} // namespace moa
