// Candidates to points, limits to lines, remedies to buttons.
#include "ui/views/search_front_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/search/front_chart.h"
#include "ui/widgets/shell/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

SearchFrontPanel::SearchFrontPanel(SearchModel& model, QWidget* parent)
    : Panel(tr("Pareto front"), parent), m_model(model), m_chart(new FrontChart), m_legend(new QLabel), m_none(new QWidget), m_reason(new QLabel),
      m_remedies(new QHBoxLayout) {
    addHeaderWidget(m_legend);
    setBodyMargins(8);
    m_none->setObjectName(u"search.infeasible"_s);
    auto* column = new QVBoxLayout(m_none);
    column->setContentsMargins(8, 4, 8, 8);
    column->setSpacing(6);
    m_reason->setWordWrap(true);
    m_remedies->setSpacing(8);
    column->addWidget(m_reason);
    column->addLayout(m_remedies);
    body()->addWidget(m_none);
    body()->addWidget(m_chart, 1);
    connect(m_chart, &FrontChart::densityDragged, this, [this](double density) {
        SearchBounds bounds = m_model.bounds();
        bounds.density = density;
        m_model.setBounds(bounds);
    });
    connect(m_chart, &FrontChart::lossDragged, this, [this](std::optional<double> nats) {
        SearchBounds bounds = m_model.bounds();
        if (nats)
            bounds.loss[m_model.objectiveLength()] = *nats;
        else
            bounds.loss.erase(m_model.objectiveLength());
        m_model.setBounds(bounds);
    });
    connect(m_chart, &FrontChart::chosen, this, &SearchFrontPanel::chosen);
    connect(m_chart, &FrontChart::chosenMany, this, &SearchFrontPanel::chosenMany);
    connect(m_chart, &FrontChart::opened, this, &SearchFrontPanel::opened);
    connect(m_chart, &FrontChart::applied, this, &SearchFrontPanel::applied);
    for (const auto signal : {&SearchModel::boundsChanged, &SearchModel::candidatesChanged, &SearchModel::subjectChanged})
        connect(&m_model, signal, this, &SearchFrontPanel::refresh);
    connect(&m_model, &SearchModel::bestChanged, this, &SearchFrontPanel::refreshReason);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        refresh();
        refreshReason();
    });
    refresh();
    refreshReason();
}

void SearchFrontPanel::setNarrow(bool narrow) {
    if (narrow)
        body()->addWidget(m_legend);
    else
        addHeaderWidget(m_legend);
    refresh(); // a new parent takes the label's colour away
}

void SearchFrontPanel::select(const QString& name) {
    m_chart->setSelected(name);
}

void SearchFrontPanel::refresh() {
    const int length = m_model.objectiveLength();
    std::vector<FrontChartPoint> points;
    for (const SearchCandidate& c : m_model.candidates()) {
        const auto density = c.price.density.find(length);
        const auto loss = c.price.loss.find(length);
        if (density == c.price.density.end() || loss == c.price.loss.end()) continue;
        using Kind = FrontChartPoint::Kind;
        const Kind kind = c.kind == SearchCandidate::Kind::Front ? Kind::Front
                          : c.kind == SearchCandidate::Kind::Best ? Kind::Best
                          : c.kind == SearchCandidate::Kind::Lengths ? Kind::Other
                                                                     : Kind::Own;
        const QString tip = tr("%1: density %2, estimated loss %3, gap %4")
                                .arg(c.name, search_text::density(density->second), search_text::loss(loss->second), search_text::gap(c.gap));
        points.push_back({c.name, kind, density->second, loss->second, c.lowerBound, !m_model.broken(c).isEmpty(), tip});
    }
    m_chart->setStale(m_model.isFrontStale());
    m_chart->setPoints(std::move(points));
    const auto limit = m_model.bounds().loss.find(length);
    m_chart->setLimits(m_model.bounds().density, limit == m_model.bounds().loss.end() ? std::nullopt : std::optional(limit->second));
    m_chart->setAxisTitles(tr("KV density at N %1").arg(QLocale().toString(length)), tr("Estimated loss increase, nats per token"));
    const Theme& theme = Theme::instance();
    styleLabel(m_legend, TextStyle::Caption, Role::Text2);
    m_legend->setTextFormat(Qt::RichText);
    const auto entry = [&](const QString& sign, Role role, const QString& text) {
        return u"<span style='color:%1'>%2</span> %3"_s.arg(theme.color(role).name(), sign, text);
    };
    m_legend->setText(QStringList{entry(u"━"_s, Role::Accent, tr("Front")), entry(u"╌"_s, Role::Accent, tr("Proven bound")),
                                  entry(u"◉"_s, Role::Text, tr("Best")), entry(u"●"_s, Role::Control, tr("By length")),
                                  entry(u"◆"_s, Role::Sparse, tr("Plan in use"))}
                          .join(u" &nbsp; "_s));
}

QString SearchFrontPanel::remedyText(const SearchRemedy& remedy) const {
    const QLocale locale;
    switch (remedy.kind) {
    case SearchRemedy::Kind::RaiseDensity: return tr("Raise density to %1").arg(locale.toString(remedy.density, 'f', 3));
    case SearchRemedy::Kind::LowerShare: return tr("Allow any lower density");
    case SearchRemedy::Kind::AllowRules: return tr("Allow any number of rules");
    case SearchRemedy::Kind::Unpin: return tr("Unpin %n widest", nullptr, int(remedy.unpinned.size()));
    case SearchRemedy::Kind::RaiseLoss: break;
    }
    if (remedy.loss.size() > 1) return tr("Raise %n loss limits", nullptr, int(remedy.loss.size()));
    const auto& [length, nats] = *remedy.loss.begin();
    return tr("Raise loss at %1 to %2").arg(search_text::shortLength(length), search_text::loss(nats));
}

void SearchFrontPanel::refreshReason() {
    const QString& reason = m_model.reason();
    m_none->setVisible(!reason.isNull());
    while (QLayoutItem* item = m_remedies->takeAt(0)) {
        if (item->widget() != nullptr) item->widget()->deleteLater();
        delete item;
    }
    if (reason.isNull()) return;
    styleLabel(m_reason, TextStyle::Body, Role::Error);
    m_reason->setText(reason.left(1).toUpper() + reason.mid(1) + u'.');
    for (const SearchRemedy& remedy : m_model.remedies()) {
        auto* button = new QPushButton(remedyText(remedy));
        button->setProperty("small", true);
        connect(button, &QPushButton::clicked, this, [this, remedy] { m_model.remedy(remedy); });
        m_remedies->addWidget(button);
    }
    m_remedies->addStretch(1);
}

} // namespace moa
