// Building and filling of the left column.
#include "ui/views/model_sidebar.h"

#include "ui/views/model_export.h"
#include "ui/widgets/model/model_list_view.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/tab_order.h"

#include <QAction>
#include <QLabel>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QRadioButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

DropZone::DropZone(const QString& title, const QString& text, bool large, QWidget* parent)
    : QWidget(parent), m_large(large), m_icon(new QLabel), m_title(new QLabel(title)), m_text(new QLabel(text)),
      m_foot(new QVBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(6);
    column->addStretch(1);
    for (QLabel* label : {m_icon, m_title, m_text}) {
        label->setAlignment(Qt::AlignCenter);
        column->addWidget(label);
    }
    if (large) column->addSpacing(8);
    column->addLayout(m_foot);
    column->addStretch(1);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(title + u". "_s + text);
    connect(&Theme::instance(), &Theme::changed, this, &DropZone::restyle);
    restyle();
}

void DropZone::restyle() {
    const int side = m_large ? 40 : 28;
    m_icon->setPixmap(Theme::instance().icon(u"download"_s, m_large ? Role::Accent : Role::Text2).pixmap(side, side));
    styleLabel(m_title, m_large ? TextStyle::Title : TextStyle::PanelTitle, Role::Text);
    styleLabel(m_text, m_large ? TextStyle::Body : TextStyle::Caption, Role::Text2);
    update();
}

QSize DropZone::sizeHint() const {
    return layout()->sizeHint();
}

void DropZone::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(Role::Control), 1.5, Qt::DashLine));
    painter.setBrush(theme.color(Role::Window));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), metrics::kPanelRadius, metrics::kPanelRadius);
}

void DropZone::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && rect().contains(event->pos())) emit clicked();
}

ModelSidebar::ModelSidebar(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_models(models), m_panel(new Panel(tr("Models"))),
      m_list(new ModelListView), m_plans(new QWidget), m_planRows(new QVBoxLayout), m_planTitle(new QLabel) {
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_panel);
    QAction* open = actions.action(u"model.open"_s);
    auto* button = new QPushButton(tr("Open…"));
    button->setProperty("small", true);
    button->setToolTip(open->toolTip());
    connect(button, &QPushButton::clicked, open, &QAction::trigger);
    m_panel->addHeaderWidget(button);
    m_panel->setBodyMargins(0);
    auto* drop = new DropZone(tr("Drop a model here"), tr("safetensors or GGUF, a folder or a file;\nfiles stay where they are"));
    connect(drop, &DropZone::clicked, open, &QAction::trigger);
    auto* dropBox = new QVBoxLayout;
    dropBox->setContentsMargins(12, 12, 12, 12);
    dropBox->addWidget(drop);
    m_panel->body()->addLayout(dropBox);
    m_list->setModel(&m_models);
    m_panel->body()->addWidget(m_list, 1);
    auto* planBox = new QVBoxLayout(m_plans);
    planBox->setContentsMargins(12, 8, 12, 12);
    planBox->setSpacing(6);
    planBox->addWidget(m_planTitle);
    planBox->addLayout(m_planRows);
    m_panel->body()->addWidget(m_plans);
    new PanelExport(*m_panel, m_workspace, [this] { return modelsContent(m_models); });
    connect(m_list, &ModelListView::chosen, this, [this](const QString& path) { m_workspace.chooseModel(path); });
    connect(m_list, &ModelListView::loadAsked, this, [this](const QString& path) { m_workspace.chooseModel(path, true); });
    connect(m_list, &ModelListView::ejectAsked, this, [this] { m_workspace.eject(); });
    connect(m_list, &ModelListView::removeAsked, this, [this](const QString& path) { m_models.remove(path); });
    // A model of a file is in use before it is in the list.
    connect(&m_models, &QAbstractItemModel::rowsInserted, this, &ModelSidebar::showCurrent);
    connect(&m_workspace, &Workspace::modelChanged, this, [this] {
        showCurrent();
        refreshPlans();
    });
    connect(&m_workspace.plan(), &PlanDocument::changed, this, &ModelSidebar::refreshPlans);
    connect(&m_workspace, &Workspace::lengthChanged, this, &ModelSidebar::refreshPlans);
    connect(&Theme::instance(), &Theme::changed, this, &ModelSidebar::refreshPlans);
    refreshPlans();
}

void ModelSidebar::showCurrent() {
    const int row = m_workspace.model() ? m_models.rowOf(m_workspace.model()->path) : -1;
    const QSignalBlocker quiet(m_list);
    if (row >= 0) m_list->setCurrentIndex(m_models.index(row));
}

void ModelSidebar::refreshPlans() {
    while (QLayoutItem* item = m_planRows->takeAt(0)) {
        if (item->widget() != nullptr) item->widget()->deleteLater();
        delete item;
    }
    m_plans->setVisible(m_workspace.model().has_value());
    m_planTitle->setText(tr("Plan to load with it"));
    styleLabel(m_planTitle, TextStyle::Key, Role::Text2);
    const PlanDocument& plan = m_workspace.plan();
    QWidget* before = m_list;
    const auto row = [&](const QString& name, double density, bool checked) {
        auto* line = new QWidget;
        auto* box = new QHBoxLayout(line);
        box->setContentsMargins(0, 0, 0, 0);
        auto* choice = new QRadioButton(name);
        choice->setChecked(checked);
        auto* value = new QLabel(QLocale().toString(density, 'f', 3));
        styleLabel(value, TextStyle::Table, Role::Text2);
        box->addWidget(choice, 1);
        box->addWidget(value);
        m_planRows->addWidget(line);
        tabAfter(before, choice);
        before = choice;
        return choice;
    };
    QRadioButton* dense = row(tr("Dense, no plan"), 1.0, plan.isDense());
    connect(dense, &QRadioButton::clicked, this, [this] { m_workspace.plan().useDense(); });
    if (!plan.isDense())
        row(plan.isModified() ? tr("%1, edited").arg(plan.name()) : plan.name(), m_workspace.density(), true);
}

} // namespace moa
