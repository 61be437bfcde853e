// Columns of the Inspect page.
#include "ui/views/inspect_page.h"

#include "ui/views/inspect_heads.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_rule.h"
#include "ui/views/inspect_tokens.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/theme.h"

#include <QVBoxLayout>

namespace moa {
namespace {

constexpr int kLeft = 300, kRight = 384;

} // namespace

InspectPage::InspectPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : DockPage(parent), m_model(workspace), m_heads(new InspectHeads(m_model)),
      m_heatmap(new InspectHeatmap(m_model, actions)), m_tokens(new InspectTokens(m_model)) {
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_heatmap, 1);
    column->addWidget(m_tokens);
    setLeft(m_heads, kLeft);
    setCentre(centre);
    setRightWidth(kRight);
    m_rule = new InspectRule(m_model, *this);
    connect(this, &DockPage::widthClassChanged, m_heatmap,
            [this](WidthClass width) { m_heatmap->setNarrow(width != WidthClass::Wide); });
    connect(&m_heatmap->canvas(), &HeatmapCanvas::peakRequested, m_tokens, &InspectTokens::goToPeak);
    connect(m_heads, &InspectHeads::headOpened, this, [this] { m_heatmap->canvas().setFocus(Qt::OtherFocusReason); });
}

} // namespace moa
