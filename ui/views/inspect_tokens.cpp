// Slices of the prompt around what is pointed at.
#include "ui/views/inspect_tokens.h"

#include "ui/views/inspect_export.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/row_profile.h"
#include "ui/widgets/inspect/token_lane.h"
#include "ui/widgets/panel.h"

#include <QMenu>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

constexpr int kReach = 200; ///< tokens on either side that a lane is given; more never fit on a screen

} // namespace

InspectTokens::InspectTokens(InspectModel& model, QWidget* parent)
    : QWidget(parent), m_model(model), m_queries(new TokenLane(tr("Query"))), m_keys(new TokenLane(tr("Key"))),
      m_row(new RowProfile) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(6);
    column->addWidget(m_queries);
    column->addWidget(m_keys);
    column->addWidget(m_row, 1);
    m_queries->setTitle(tr("Query tokens"));
    m_keys->setTitle(tr("Key tokens"), tr("orange = masked"));
    SelectionModel& selection = m_model.workspace().selection();
    connect(m_queries, &TokenLane::currentChanged, this, [&selection](int query) {
        selection.pointAt(query, std::min(query, selection.now().key));
    });
    const auto toKey = [&selection](int key) { selection.pointAt(std::max(selection.now().query, key), key); };
    connect(m_keys, &TokenLane::currentChanged, this, toKey);
    connect(m_row, &RowProfile::keyChanged, this, toKey);
    connect(m_row, &RowProfile::peakRequested, this, &InspectTokens::goToPeak);
    m_row->setTokenText([this](int key) {
        const auto prompt = m_model.workspace().prompt();
        return prompt && key < prompt->pieces.size() ? prompt->pieces[key] : QString();
    });
    connect(&selection, &SelectionModel::changed, this, &InspectTokens::refresh);
    connect(&m_model, &InspectModel::rowChanged, this, &InspectTokens::refresh);
    connect(&m_model, &InspectModel::reset, this, &InspectTokens::refresh);
    connect(&m_model.workspace().plan(), &PlanDocument::changed, this, &InspectTokens::refresh);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    // No header and so no ⋯: the menu opens by a right click or the menu key.
    setAccessibleName(tr("Tokens and row profile"));
    auto* menu = new QMenu(this);
    new PanelExport(*this, *menu, m_model.workspace(), [this] { return rowContent(m_model); });
    setContextMenuPolicy(Qt::CustomContextMenu);
    connect(this, &QWidget::customContextMenuRequested, this, [this, menu](QPoint at) { menu->popup(mapToGlobal(at)); });
    refresh();
}

void InspectTokens::refresh() {
    const Selection& now = m_model.workspace().selection().now();
    const auto prompt = m_model.workspace().prompt();
    const int tokens = prompt ? int(prompt->ids.size()) : 0;
    const MaskShape mask{m_model.window(now.current), m_model.sink()};
    const std::vector<float>& weights = m_model.row();
    const bool rowIsThere = m_model.rowQuery() == now.query && !weights.empty();
    const auto slice = [&](TokenLane* lane, int centre, bool isKeys) {
        const int first = std::clamp(centre - kReach, 0, std::max(0, tokens - 1));
        const int last = std::min(tokens - 1, centre + kReach);
        QList<LaneToken> out;
        for (int t = first; tokens > 0 && t <= last; ++t) {
            LaneToken token{prompt->pieces[t], bool(prompt->special[std::size_t(t)])};
            if (isKeys) {
                token.masked = mask.hides(now.query, t);
                if (rowIsThere && std::size_t(t) < weights.size()) token.weight = weights[std::size_t(t)];
            }
            out.append(token);
        }
        lane->setTokens(first, std::move(out));
        lane->setCurrent(tokens > 0 ? centre : -1);
    };
    slice(m_queries, std::clamp(now.query, 0, std::max(0, tokens - 1)), false);
    slice(m_keys, std::clamp(now.key, 0, std::max(0, tokens - 1)), true);
    m_row->setMask(mask);
    m_row->setRow(rowIsThere ? now.query : -1, rowIsThere ? weights : std::vector<float>{}, tokens);
    m_row->setKey(now.key);
}

void InspectTokens::goToPeak(int direction) {
    const std::vector<float>& weights = m_model.row();
    const int at = m_model.workspace().selection().now().key;
    // A peak is a key that takes at least a hundredth of the row and more than both neighbours.
    const auto isPeak = [&](int key) {
        const auto k = std::size_t(key);
        return weights[k] >= 0.01f && (key == 0 || weights[k] >= weights[k - 1]) &&
               (k + 1 == weights.size() || weights[k] > weights[k + 1]);
    };
    for (int key = at + direction; key >= 0 && key < int(weights.size()); key += direction)
        if (isPeak(key)) return m_model.workspace().selection().pointAt(m_model.rowQuery(), key);
}

void InspectTokens::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintPanelFrame(painter, rect());
}

} // namespace moa
