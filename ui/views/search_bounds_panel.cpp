// Rows by length are made when the profile's lengths are known.
#include "ui/views/search_bounds_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/inspect/spin_arrows.h"
#include "ui/widgets/search/bound_slider.h"
#include "ui/widgets/shell/painting.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLeastDensity = 0.05, kDensityStep = 0.005, kLossCurve = 3;

QString densityText(double value) {
    return QLocale().toString(value, 'f', 3);
}

QHBoxLayout* titleRow(QLabel* title, QLabel* note = nullptr) {
    auto* row = new QHBoxLayout;
    row->addWidget(title);
    row->addStretch(1);
    if (note != nullptr) row->addWidget(note);
    return row;
}

} // namespace

SearchBoundsPanel::SearchBoundsPanel(SearchModel& model, QWidget* parent)
    : Panel(tr("2  Bounds"), parent), m_model(model), m_live(new QCheckBox(tr("Solve live"))), m_pins(new QCheckBox), m_again(new QToolButton),
      m_density(new BoundSlider(tr("All"), tr("Density bound at every length"))), m_densityTitle(new QLabel(tr("Density"))),
      m_byLengthTitle(new QLabel), m_lossTitle(new QLabel(tr("Loss increase allowed"))), m_rulesTitle(new QLabel(tr("Rules per layer"))),
      m_objectiveTitle(new QLabel(tr("Minimise"))), m_tickNote(new QLabel(tr("orange tick: best plan"))), m_sliders(new QWidget),
      m_densityRows(new QVBoxLayout), m_lossRows(new QVBoxLayout), m_rules(new QSpinBox), m_objective(new QComboBox) {
    m_live->setToolTip(tr("Every move of a bound is answered at once"));
    m_again->setToolTip(tr("Solve with these bounds now"));
    m_again->setAccessibleName(m_again->toolTip());
    addHeaderWidget(m_live);
    addHeaderWidget(m_again);
    m_density->setRange(kLeastDensity, 1, kDensityStep);
    m_density->setText(densityText, u"0.000–0.000"_s);
    m_density->setTwoHandles(true);
    m_density->setToolTip(tr("Density must lie between the two handles at every length; Space changes the handle that keys move"));
    auto* column = new QVBoxLayout(m_sliders);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addLayout(titleRow(m_densityTitle, m_tickNote));
    column->addWidget(m_density);
    m_densityRows->setSpacing(2);
    column->addLayout(m_densityRows);
    column->addSpacing(6);
    column->addLayout(titleRow(m_lossTitle, m_byLengthTitle));
    m_lossRows->setSpacing(2);
    column->addLayout(m_lossRows);
    body()->addWidget(m_sliders);
    body()->addSpacing(8);
    body()->addWidget(choices());
    connect(m_density, &BoundSlider::moved, this, [this](double value, bool) { change([&](SearchBounds& b) { b.density = value; }); });
    connect(m_density, &BoundSlider::lowerMoved, this,
            [this](double value) { change([&](SearchBounds& b) { b.share = std::clamp(value / b.density, 0.0, 1.0); }); });
    connect(m_live, &QCheckBox::toggled, &m_model, &SearchModel::setLive);
    connect(m_again, &QToolButton::clicked, &m_model, [this] { m_model.solve(); });
    connect(&m_model, &SearchModel::subjectChanged, this, &SearchBoundsPanel::build);
    for (const auto signal : {&SearchModel::boundsChanged, &SearchModel::bestChanged, &SearchModel::candidatesChanged})
        connect(&m_model, signal, this, &SearchBoundsPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &SearchBoundsPanel::restyle);
    restyle();
    build();
}

QWidget* SearchBoundsPanel::choices() {
    auto* box = new QWidget;
    auto* grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(0, 1);
    m_rules->setRange(0, 64);
    m_rules->setSpecialValueText(tr("any"));
    m_rules->setAccessibleName(tr("Most rules in a layer"));
    m_rules->setToolTip(tr("Most different rules in one layer; 0: any number"));
    m_rules->setKeyboardTracking(false);
    new SpinArrows(m_rules);
    m_objective->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_objective->setAccessibleName(tr("Length whose loss is minimised"));
    grid->addWidget(m_rulesTitle, 0, 0);
    grid->addWidget(m_rules, 0, 1);
    grid->addWidget(m_objectiveTitle, 1, 0);
    grid->addWidget(m_objective, 1, 1);
    grid->addWidget(m_pins, 2, 0, 1, 2);
    connect(m_rules, &QSpinBox::valueChanged, this, [this](int value) { change([&](SearchBounds& b) { b.rulesPerLayer = value; }); });
    connect(m_objective, &QComboBox::currentIndexChanged, this, [this](int index) {
        if (index >= 0) change([&](SearchBounds& b) { b.objective = m_objective->itemData(index).toInt(); });
    });
    connect(m_pins, &QCheckBox::toggled, this, [this](bool on) { change([&](SearchBounds& b) { b.keepsPins = on; }); });
    return box;
}

void SearchBoundsPanel::change(const std::function<void(SearchBounds&)>& edit) {
    SearchBounds bounds = m_model.bounds();
    edit(bounds);
    m_model.setBounds(bounds);
}

BoundSlider* SearchBoundsPanel::addDensity(int length) {
    auto* slider = new BoundSlider(search_text::shortLength(length), tr("Density bound at %1 tokens").arg(length));
    slider->setRange(kLeastDensity, 1, kDensityStep);
    slider->setText(densityText, u"0.000–0.000"_s);
    slider->setToolTip(tr("Follows the bound above until it is moved; Delete or a double click lets it follow again"));
    connect(slider, &BoundSlider::moved, this, [this, length](double v, bool) { change([&](SearchBounds& b) { b.densityAt[length] = v; }); });
    connect(slider, &BoundSlider::reset, this, [this, length] { change([&](SearchBounds& b) { b.densityAt.erase(length); }); });
    m_densityRows->addWidget(slider);
    return m_densityAt[length] = slider;
}

BoundSlider* SearchBoundsPanel::addLoss(int length) {
    auto* slider = new BoundSlider(search_text::shortLength(length), tr("Most estimated loss at %1 tokens, nats per token").arg(length));
    slider->setText(&search_text::loss, u"0.0000"_s);
    slider->setOffText(tr("no limit"));
    slider->setToolTip(tr("Most estimated loss increase at %1 tokens, nats per token; the far right is no limit").arg(length));
    connect(slider, &BoundSlider::moved, this, [this, length](double v, bool off) {
        change([&](SearchBounds& b) {
            if (off)
                b.loss.erase(length);
            else
                b.loss[length] = v;
        });
    });
    connect(slider, &BoundSlider::reset, this, [this, length] { change([&](SearchBounds& b) { b.loss.erase(length); }); });
    m_lossRows->addWidget(slider);
    return m_loss[length] = slider;
}

void SearchBoundsPanel::build() {
    const SearchSubject& subject = m_model.subject();
    setEnabled(m_model.hasSubject());
    if (m_built != subject.densityLengths) {
        m_built = subject.densityLengths;
        for (auto* sliders : {&m_densityAt, &m_loss}) {
            for (const auto& [length, slider] : *sliders) delete slider;
            sliders->clear();
        }
        for (const int length : subject.densityLengths) addDensity(length);
        for (const int length : subject.lengths) addLoss(length);
        const QSignalBlocker quiet(m_objective);
        m_objective->clear();
        for (const int length : subject.lengths) m_objective->addItem(tr("Loss at %1").arg(search_text::shortLength(length)), length);
        QWidget* before = m_density;
        for (const auto* sliders : {&m_densityAt, &m_loss})
            for (const auto& [length, slider] : *sliders) {
                setTabOrder(before, slider);
                before = slider;
            }
    }
    refresh();
}

void SearchBoundsPanel::refresh() {
    const SearchBounds& bounds = m_model.bounds();
    const SearchAnswer* best = m_model.best();
    m_density->setValue(bounds.density);
    m_density->setLower(bounds.share * bounds.density);
    const auto tick = [](const std::map<int, double>& values, int length) -> std::optional<double> {
        const auto at = values.find(length);
        return at == values.end() ? std::nullopt : std::optional(at->second);
    };
    m_density->setTick(best != nullptr ? tick(best->outcome.density, m_model.objectiveLength()) : std::nullopt);
    for (const auto& [length, slider] : m_densityAt) {
        const auto own = bounds.densityAt.find(length);
        slider->setFollowing(own == bounds.densityAt.end());
        slider->setValue(own == bounds.densityAt.end() ? bounds.density : own->second);
        slider->setTick(best != nullptr ? tick(best->outcome.density, length) : std::nullopt);
    }
    // The track ends at what the sparsest plan seen loses, a little beyond.
    for (const auto& [length, slider] : m_loss) {
        double most = 0;
        for (const SearchCandidate& c : m_model.candidates())
            if (const auto loss = c.price.loss.find(length); loss != c.price.loss.end()) most = std::max(most, loss->second);
        const auto limit = bounds.loss.find(length);
        if (limit != bounds.loss.end()) most = std::max(most, limit->second);
        if (most > 0) slider->setRange(0, std::ceil(most * 1000) / 1000, std::pow(10, std::floor(std::log10(most)) - 4), kLossCurve);
        slider->setOff(limit == bounds.loss.end());
        if (limit != bounds.loss.end()) slider->setValue(limit->second);
        slider->setTick(best != nullptr ? tick(best->outcome.loss, length) : std::nullopt);
    }
    const QSignalBlocker quietRules(m_rules), quietObjective(m_objective), quietPins(m_pins), quietLive(m_live);
    m_rules->setValue(bounds.rulesPerLayer);
    m_objective->setCurrentIndex(m_objective->findData(m_model.objectiveLength()));
    m_pins->setChecked(bounds.keepsPins);
    m_pins->setText(tr("Keep pinned rules, %1 heads").arg(m_model.workspace().plan().pins().size()));
    m_live->setChecked(m_model.isLive());
}

BoundSlider* SearchBoundsPanel::lossSlider(int length) const {
    const auto at = m_loss.find(length);
    return at == m_loss.end() ? nullptr : at->second;
}

void SearchBoundsPanel::focusLimit(const QString& limit, int length) {
    QWidget* control = m_density;
    if (limit.startsWith(u"loss"_s)) {
        if (BoundSlider* slider = lossSlider(length)) control = slider;
    } else if (m_model.bounds().densityAt.contains(length)) {
        control = m_densityAt.at(length);
    }
    control->setFocus(Qt::OtherFocusReason);
}

void SearchBoundsPanel::restyle() {
    m_again->setIcon(Theme::instance().icon(u"refresh"_s));
    m_pins->setIcon(Theme::instance().icon(u"pin"_s, Role::Pinned));
    for (QLabel* label : {m_densityTitle, m_lossTitle}) styleLabel(label, TextStyle::Key, Role::Text);
    for (QLabel* label : {m_rulesTitle, m_objectiveTitle}) styleLabel(label, TextStyle::Table, Role::Text);
    m_byLengthTitle->setText(tr("nats per token"));
    for (QLabel* label : {m_byLengthTitle, m_tickNote}) styleLabel(label, TextStyle::Caption, Role::Text3);
}

} // namespace moa
