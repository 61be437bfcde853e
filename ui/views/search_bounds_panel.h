// "2 Bounds": density with its least share, density and loss by length, rules in a layer, what is minimised, pins. Every
// move is a new question to the solver.
#pragma once

#include "ui/viewmodels/search_model.h"
#include "ui/widgets/panel.h"

#include <map>

class QCheckBox;
class QComboBox;
class QLabel;
class QSpinBox;
class QToolButton;
class QVBoxLayout;

namespace moa {

class BoundSlider;

class SearchBoundsPanel : public Panel {
    Q_OBJECT
public:
    explicit SearchBoundsPanel(SearchModel& model, QWidget* parent = nullptr);

    BoundSlider& densitySlider() { return *m_density; }
    /// Of a profiled length; null: none.
    BoundSlider* lossSlider(int length) const;
    /// Puts the focus on the control of a limit: "density", "loss" or another, at a length.
    void focusLimit(const QString& limit, int length);

private:
    void build();
    void refresh();
    void restyle();
    QWidget* choices();
    BoundSlider* addDensity(int length);
    BoundSlider* addLoss(int length);
    void change(const std::function<void(SearchBounds&)>& edit);

    SearchModel& m_model;
    QCheckBox *m_live, *m_pins;
    QToolButton* m_again;
    BoundSlider* m_density;
    QLabel *m_densityTitle, *m_byLengthTitle, *m_lossTitle, *m_rulesTitle, *m_objectiveTitle, *m_tickNote;
    QWidget* m_sliders;
    QVBoxLayout* m_densityRows;
    QVBoxLayout* m_lossRows;
    QSpinBox* m_rules;
    QComboBox* m_objective;
    std::map<int, BoundSlider*> m_densityAt, m_loss;
    std::vector<int> m_built; ///< density lengths that the rows are made for
};

} // namespace moa
