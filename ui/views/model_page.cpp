// Columns of the Model page and the estimate they share.
#include "ui/views/model_page.h"

#include "ui/views/model_export.h"
#include "ui/views/model_facts_column.h"
#include "ui/views/model_overview.h"
#include "ui/views/model_sidebar.h"
#include "ui/views/model_welcome.h"
#include "ui/widgets/shell/accessible_roles.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QResizeEvent>
#include <QScrollArea>
#include <QStackedLayout>

namespace moa {
namespace {

constexpr int kWide = 1428; ///< of the page, when the window has 1,500
constexpr int kLeft = 316, kNarrowLeft = 250, kRight = 348, kNarrowRight = 320;

/// `name`: what a screen reader calls it; arrows and Page keys scroll it.
QScrollArea* scrolled(QWidget* content, const QString& name) {
    auto* area = new QScrollArea;
    area->setProperty(kRoleProperty, int(QAccessible::Pane)); // before anything asks for its role
    area->setAccessibleName(name);
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFrameShape(QFrame::NoFrame);
    area->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    area->setWidget(content);
    return area;
}

} // namespace

ModelPage::ModelPage(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_stack(new QStackedLayout(this)) {
    m_welcome = new ModelWelcome(workspace, models, actions);
    m_welcomeFacts = new ModelFactsColumn(workspace, true);
    auto* first = new QWidget;
    auto* firstRow = new QHBoxLayout(first);
    firstRow->setContentsMargins(metrics::kGutter, metrics::kGutter, metrics::kGutter, metrics::kGutter);
    firstRow->setSpacing(metrics::kGutter);
    firstRow->addWidget(m_welcome, 1);
    auto* firstRight = scrolled(m_welcomeFacts, tr("Device and keys"));
    firstRow->addWidget(firstRight);
    m_full = new QWidget;
    auto* row = new QHBoxLayout(m_full);
    row->setContentsMargins(metrics::kGutter, metrics::kGutter, metrics::kGutter, metrics::kGutter);
    row->setSpacing(metrics::kGutter);
    m_sidebar = new ModelSidebar(workspace, models, actions);
    m_overview = new ModelOverview(workspace, actions);
    m_facts = new ModelFactsColumn(workspace, false);
    auto* right = scrolled(m_facts, tr("Device and architecture"));
    row->addWidget(m_sidebar);
    row->addWidget(scrolled(m_overview, tr("Load and estimates")), 1);
    row->addWidget(right);
    m_sidebar->setFixedWidth(kLeft);
    right->setFixedWidth(kRight);
    firstRight->setFixedWidth(kRight);
    m_stack->addWidget(first);
    m_stack->addWidget(m_full);
    connect(m_overview, &ModelOverview::layerOpened, this, &ModelPage::layerOpened);
    connect(&m_workspace, &Workspace::modelChanged, this, &ModelPage::refresh);
    for (const auto signal : {&Workspace::lengthChanged, &Workspace::devicesChanged, &Workspace::loadedChanged})
        connect(&m_workspace, signal, this, &ModelPage::refreshEstimate);
    connect(&m_workspace.plan(), &PlanDocument::changed, this, &ModelPage::refreshEstimate);
    refresh();
}

bool ModelPage::isWelcoming() const {
    return m_stack->currentWidget() != m_full;
}

void ModelPage::refresh() {
    m_stack->setCurrentIndex(m_workspace.model() ? 1 : 0);
    refreshEstimate();
}

void ModelPage::refreshEstimate() {
    // A hidden page costs nothing while an edge is dragged on another; it catches up when it shows.
    if (!m_workspace.model() || !isVisible()) return;
    const EstimateInput input = estimateInput(m_workspace);
    const QString id = m_workspace.devices().isEmpty() ? QString() : m_workspace.devices().front().id;
    const QString device = id == QLatin1String("cpu") ? tr("CPU") : id;
    m_estimate = estimateRun(input);
    m_overview->showEstimate(m_estimate, input.usableBytes, device);
    m_facts->showEstimate(m_estimate);
}

void ModelPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refreshEstimate();
}

void ModelPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    const bool wide = event->size().width() >= kWide;
    m_sidebar->setFixedWidth(wide ? kLeft : kNarrowLeft);
    m_full->layout()->itemAt(2)->widget()->setFixedWidth(wide ? kRight : kNarrowRight);
}

} // namespace moa
