// What the Plan page asks of the workbench.
#include "app/gui/workbench.h"

#include "ui/views/plan_page.h"
#include "ui/widgets/shell/status_bar.h"

namespace moa {

using namespace Qt::StringLiterals;

void Workbench::connectPlanPage() {
    connect(m_planPage, &PlanPage::said, this, [this](const QString& text) { m_window->status().setIdleText(text); });
}

} // namespace moa
