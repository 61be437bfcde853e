// Controls of the settings dialog.
#include "ui/views/settings_dialog.h"

#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFontDatabase>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {
namespace {

void addHeading(QFormLayout* form, const QString& text) {
    auto* label = new QLabel(text);
    const auto restyle = [label] { styleLabel(label, TextStyle::PanelTitle, Role::Text); };
    QObject::connect(&Theme::instance(), &Theme::changed, label, restyle);
    restyle();
    if (form->rowCount() > 0) label->setContentsMargins(0, 12, 0, 0);
    form->addRow(label);
}

} // namespace

SettingsDialog::SettingsDialog(QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Settings"));
    auto* form = new QFormLayout;
    form->setHorizontalSpacing(24);
    form->setVerticalSpacing(8);
    form->setFieldGrowthPolicy(QFormLayout::FieldsStayAtSizeHint);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    buildAppearance(form);
    buildWork(form);
    auto* defaults = new QPushButton(tr("Restore defaults"));
    connect(defaults, &QPushButton::clicked, this, [this] {
        setSettings({});
        emit changed(m_settings);
    });
    auto* done = new QPushButton(tr("Close"));
    done->setDefault(true);
    connect(done, &QPushButton::clicked, this, &QDialog::close);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(defaults);
    buttons->addStretch(1);
    buttons->addWidget(done);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(16);
    column->addLayout(form);
    column->addStretch(1);
    column->addLayout(buttons);
    setMinimumWidth(560);
    setSettings({});
}

void SettingsDialog::buildAppearance(QFormLayout* form) {
    addHeading(form, tr("Appearance"));
    m_theme = new SegmentedControl(tr("Theme"));
    for (const QString& name : {tr("System"), tr("Light"), tr("Dark")}) m_theme->addSegment(name);
    connect(m_theme, &SegmentedControl::chosen, this, &SettingsDialog::collect);
    form->addRow(tr("Theme"), m_theme);
    m_contrast = new QCheckBox(tr("High contrast: strong borders, no soft fills"));
    connect(m_contrast, &QCheckBox::toggled, this, &SettingsDialog::collect);
    form->addRow(QString(), m_contrast);
    m_motion = new QCheckBox(tr("Reduce motion: nothing fades in"));
    connect(m_motion, &QCheckBox::toggled, this, &SettingsDialog::collect);
    form->addRow(QString(), m_motion);
    m_map = new QComboBox;
    for (const QString& name : {tr("Mako"), tr("Viridis"), tr("Cividis")}) m_map->addItem(name);
    connect(m_map, &QComboBox::currentIndexChanged, this, &SettingsDialog::collect);
    form->addRow(tr("Attention &colours"), m_map);
    m_font = new QComboBox;
    m_font->addItem(tr("System font"), QString());
    for (const QString& family : QFontDatabase::families()) m_font->addItem(family, family);
    m_font->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_font->setMinimumContentsLength(26);
    connect(m_font, &QComboBox::currentIndexChanged, this, &SettingsDialog::collect);
    form->addRow(tr("&Font"), m_font);
    m_wheel = new QCheckBox(tr("Wheel zooms, Ctrl+wheel pans"));
    connect(m_wheel, &QCheckBox::toggled, this, &SettingsDialog::collect);
    form->addRow(tr("Canvases"), m_wheel);
}

void SettingsDialog::buildWork(QFormLayout* form) {
    addHeading(form, tr("Computing"));
    m_device = new QComboBox;
    m_device->addItem(tr("Recommended"), QString());
    m_device->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    connect(m_device, &QComboBox::currentIndexChanged, this, &SettingsDialog::collect);
    form->addRow(tr("&Device"), m_device);
    m_threads = new QSpinBox;
    m_threads->setRange(0, kMostThreads);
    m_threads->setSpecialValueText(tr("Automatic"));
    connect(m_threads, &QSpinBox::valueChanged, this, &SettingsDialog::collect);
    form->addRow(tr("CPU &threads"), m_threads);
    m_cache = new QSpinBox;
    m_cache->setRange(kLeastCacheMiB, kMostCacheMiB);
    m_cache->setSingleStep(64);
    m_cache->setSuffix(tr(" MiB"));
    m_cache->setToolTip(tr("Memory for attention tiles that were computed once"));
    connect(m_cache, &QSpinBox::valueChanged, this, &SettingsDialog::collect);
    form->addRow(tr("T&ile cache"), m_cache);
    addHeading(form, tr("History"));
    auto* row = new QWidget;
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    m_history = new QLineEdit;
    m_history->setPlaceholderText(tr("Default place"));
    m_history->setMinimumWidth(280);
    m_history->setAccessibleName(tr("History file"));
    connect(m_history, &QLineEdit::editingFinished, this, &SettingsDialog::collect);
    auto* browse = new QPushButton(tr("Browse…"));
    browse->setAutoDefault(false);
    connect(browse, &QPushButton::clicked, this, &SettingsDialog::chooseHistoryFile);
    line->addWidget(m_history, 1);
    line->addWidget(browse);
    form->addRow(tr("&History file"), row);
}

void SettingsDialog::setDevices(const std::vector<DeviceOption>& devices) {
    const QSignalBlocker block(m_device);
    m_device->clear();
    m_device->addItem(tr("Recommended"), QString());
    for (const DeviceOption& d : devices) m_device->addItem(d.name, d.id);
    m_device->setCurrentIndex(std::max(0, m_device->findData(m_settings.device)));
}

void SettingsDialog::setSettings(const WorkbenchSettings& settings) {
    m_showing = true;
    m_theme->setCurrent(int(settings.theme));
    m_contrast->setChecked(settings.highContrast);
    m_motion->setChecked(settings.reducedMotion);
    m_map->setCurrentIndex(int(settings.attentionMap));
    m_font->setCurrentIndex(std::max(0, m_font->findData(settings.fontFamily)));
    m_wheel->setChecked(settings.wheelZooms);
    m_device->setCurrentIndex(std::max(0, m_device->findData(settings.device)));
    m_threads->setValue(settings.threads);
    m_cache->setValue(settings.tileCacheMiB);
    m_history->setText(settings.historyFile);
    m_showing = false;
    m_settings = settings;
    m_settings.threads = m_threads->value();
    m_settings.tileCacheMiB = m_cache->value();
    m_settings.device = m_device->currentData().toString();
    m_settings.fontFamily = m_font->currentData().toString();
}

void SettingsDialog::collect() {
    if (m_showing) return;
    WorkbenchSettings now;
    now.theme = ThemeMode(std::max(0, m_theme->current()));
    now.highContrast = m_contrast->isChecked();
    now.reducedMotion = m_motion->isChecked();
    now.attentionMap = AttentionMap(std::max(0, m_map->currentIndex()));
    now.fontFamily = m_font->currentData().toString();
    now.wheelZooms = m_wheel->isChecked();
    now.device = m_device->currentData().toString();
    now.threads = m_threads->value();
    now.tileCacheMiB = m_cache->value();
    now.historyFile = m_history->text().trimmed();
    if (now == m_settings) return;
    m_settings = now;
    emit changed(m_settings);
}

void SettingsDialog::chooseHistoryFile() {
    auto* dialog = new QFileDialog(this, tr("History file"), m_history->text(),
                                   tr("SQLite files (*.sqlite *.db);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setOption(QFileDialog::DontConfirmOverwrite); // an existing history is opened, not overwritten
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        m_history->setText(file);
        collect();
    });
    dialog->open();
}

} // namespace moa
