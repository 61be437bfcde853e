// The chosen plan: density and estimated loss by length, and the button that makes it the plan in use.
#pragma once

#include "ui/viewmodels/search_model.h"
#include "ui/widgets/panel.h"

class QGridLayout;
class QLabel;
class QPushButton;

namespace moa {

class Chip;

class SearchResultPanel : public Panel {
    Q_OBJECT
public:
    explicit SearchResultPanel(SearchModel& model, QWidget* parent = nullptr);

    /// Null: none.
    void show(const SearchCandidate* candidate);

signals:
    void applyAsked();

private:
    void cell(int row, int column, const QString& text, bool isHead, Qt::Alignment align);

    SearchModel& m_model;
    Chip* m_name;
    QWidget* m_table;
    QGridLayout* m_grid;
    QLabel* m_note;
    QPushButton* m_apply;
};

} // namespace moa
