// Columns of the Inspect page.
#include "ui/views/inspect_page.h"

#include "ui/views/inspect_heads.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_tokens.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/theme.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace moa {
namespace {

constexpr int kLeft = 300;

} // namespace

InspectPage::InspectPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_model(workspace), m_heads(new InspectHeads(m_model)),
      m_heatmap(new InspectHeatmap(m_model, actions)), m_tokens(new InspectTokens(m_model)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(metrics::kGutter, metrics::kGutter, metrics::kGutter, metrics::kGutter);
    row->setSpacing(metrics::kGutter);
    m_heads->setFixedWidth(kLeft);
    row->addWidget(m_heads);
    auto* centre = new QVBoxLayout;
    centre->setSpacing(metrics::kGutter);
    centre->addWidget(m_heatmap, 1);
    centre->addWidget(m_tokens);
    row->addLayout(centre, 1);
    connect(m_heads, &InspectHeads::headOpened, this, [this] { m_heatmap->canvas().setFocus(Qt::OtherFocusReason); });
}

} // namespace moa
