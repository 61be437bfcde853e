// Building and filling of the right column.
#include "ui/views/model_facts_column.h"

#include "ui/viewmodels/model_list.h"
#include "ui/views/model_export.h"
#include "ui/widgets/model/facts_table.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/painting.h"

#include <QLabel>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

ModelFactsColumn::ModelFactsColumn(Workspace& workspace, bool welcome, QWidget* parent)
    : QWidget(parent), m_workspace(workspace) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    auto* device = new Panel(tr("Device"));
    auto* refresh = new QToolButton;
    m_refresh = refresh;
    refresh->setToolTip(tr("Ask the devices again"));
    refresh->setAccessibleName(refresh->toolTip());
    connect(refresh, &QToolButton::clicked, this, [this] { m_workspace.engine().models.refreshDevices(); });
    device->addHeaderWidget(refresh);
    m_deviceName = new QLabel;
    m_deviceDetail = new QLabel;
    m_deviceDetail->setWordWrap(true);
    m_deviceBar = new MemoryBar;
    m_deviceBar->setNumbersShown(false);
    m_deviceUse = new QLabel;
    m_deviceUse->setWordWrap(true);
    m_ejected = new QLabel;
    m_ejected->setWordWrap(true);
    m_ejected->hide();
    device->body()->setSpacing(6);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_deviceName, m_deviceDetail, m_deviceBar, m_deviceUse, m_ejected})
        device->body()->addWidget(widget);
    column->addWidget(device);
    new PanelExport(*device, m_workspace, [this] { return deviceContent(m_workspace); });
    auto* facts = new Panel(welcome ? tr("Keys worth knowing") : tr("Architecture"));
    m_facts = new FactsTable;
    facts->body()->addWidget(m_facts);
    column->addWidget(facts);
    if (welcome) {
        std::vector<Fact> keys;
        for (const auto& [key, what] : {std::pair{u"Ctrl+Shift+P"_s, tr("Find any action")}, {u"Ctrl+P"_s, tr("Find a head")},
                                        {u"F6"_s, tr("Next panel")}, {u"W S A D"_s, tr("Zoom and pan")},
                                        {u"[  ]"_s, tr("Narrow, widen a head")}, {u"P"_s, tr("Pin a head")},
                                        {u"Ctrl+Z"_s, tr("Undo, drags too")}, {u"?"_s, tr("All keys")}})
            keys.push_back({what, key, Role::Text, true});
        m_facts->setFacts(keys);
    } else {
        m_allocationPanel = new Panel(tr("Estimate against allocation"));
        m_allocation = new AllocationTable;
        m_noAllocation = new QLabel(tr("Load the model to see what it really takes."));
        m_noAllocation->setWordWrap(true);
        m_allocationPanel->body()->addWidget(m_allocation);
        m_allocationPanel->body()->addWidget(m_noAllocation);
        column->addWidget(m_allocationPanel);
        new PanelExport(*facts, m_workspace, [this] { return architectureContent(m_workspace); });
        new PanelExport(*m_allocationPanel, m_workspace, [this] { return allocationContent(m_workspace, m_estimate); });
        connect(&m_workspace, &Workspace::modelChanged, this, &ModelFactsColumn::refreshFacts);
    }
    column->addStretch(1);
    connect(&m_workspace, &Workspace::devicesChanged, this, &ModelFactsColumn::refreshDevices);
    connect(&m_workspace, &Workspace::loadedChanged, this, [this] { m_ejected->hide(); });
    connect(&m_workspace, &Workspace::ejectedBytes, this, [this](quint64 before, quint64 after) {
        m_ejected->setText(tr("Ejected: this program held %1, now %2.").arg(bytesText(before), bytesText(after)));
        m_ejected->show();
    });
    connect(&Theme::instance(), &Theme::changed, this, &ModelFactsColumn::refreshDevices);
    refreshDevices();
}

void ModelFactsColumn::refreshDevices() {
    m_refresh->setIcon(Theme::instance().icon(u"refresh"_s));
    styleLabel(m_deviceName, TextStyle::PanelTitle, Role::Text);
    styleLabel(m_deviceDetail, TextStyle::Caption, Role::Text2);
    styleLabel(m_deviceUse, TextStyle::Caption, Role::Text2);
    styleLabel(m_ejected, TextStyle::Caption, Role::Ok);
    if (m_noAllocation != nullptr) styleLabel(m_noAllocation, TextStyle::Table, Role::Text2);
    const bool known = !m_workspace.devices().isEmpty();
    for (QWidget* widget : std::initializer_list<QWidget*>{m_deviceBar, m_deviceUse}) widget->setVisible(known);
    if (!known) {
        m_deviceName->setText(tr("No device yet"));
        m_deviceDetail->setText(tr("They are being asked, or the one in the settings is not there."));
        return;
    }
    const DeviceFacts& device = m_workspace.devices().front();
    m_deviceName->setText(device.id == u"cpu"_s ? tr("CPU") : device.id);
    m_deviceDetail->setText(u"%1, %2"_s.arg(device.name, device.detail));
    m_deviceBar->setUse({device.totalBytes - device.freeBytes, 0, device.totalBytes});
    m_deviceUse->setText(tr("%1 of %2 in use, %3 by this program")
                             .arg(bytesText(device.totalBytes - device.freeBytes), bytesText(device.totalBytes),
                                  bytesText(device.processBytes)));
}

void ModelFactsColumn::refreshFacts() {
    if (!m_workspace.model()) return;
    const ModelFacts& facts = *m_workspace.model();
    const ModelConfig& c = facts.config;
    const QLocale locale;
    const auto number = [&](qint64 value) { return locale.toString(value); };
    QString rope = tr("θ %1").arg(number(qint64(c.ropeTheta)));
    if (!c.ropeScaling.empty()) rope += tr(", %1 scaling").arg(QString::fromStdString(c.ropeScaling));
    m_facts->setFacts({{tr("Architecture"), QString::fromStdString(c.architecture)},
                       {tr("Parameters"), ModelList::parametersText(facts.parameters)},
                       {tr("Layers"), number(c.layers)},
                       {tr("Query heads"), tr("%1 per layer").arg(c.heads)},
                       {tr("KV heads"), tr("%1, groups of %2").arg(c.kvHeads).arg(c.groupSize())},
                       {tr("Head dimension"), number(c.headDim)},
                       {tr("Context"), tr("%1 tokens").arg(number(c.context))},
                       {tr("RoPE"), rope},
                       {tr("Vocabulary"), number(c.vocab)},
                       {tr("KV per token"), tr("%1 KiB").arg(2.0 * c.layers * c.kvHeads * c.headDim *
                                                            m_workspace.bytesPerValue() / 1024)}});
}

void ModelFactsColumn::showEstimate(const RunEstimate& estimate) {
    const bool loaded = m_workspace.isLoaded();
    m_allocation->setVisible(loaded);
    m_noAllocation->setVisible(!loaded);
    if (!loaded) {
        m_estimate = estimate; // what is compared is the estimate that stood before the load
        return;
    }
    const LoadedModel& model = *m_workspace.loaded();
    const MemoryParts& expected = model.hasPlan ? m_estimate.plan : m_estimate.dense;
    m_allocation->setRows({{tr("Weights"), expected.weights, model.allocated.weights},
                           {model.hasPlan ? tr("KV, plan") : tr("KV, dense"), expected.kv, model.allocated.kv},
                           {tr("Activations"), expected.activations, model.allocated.activations}});
}

} // namespace moa
