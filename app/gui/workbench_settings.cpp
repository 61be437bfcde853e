// Settings: read with doubt, shown in the dialog, applied at once and kept. What was open last. Notices on the desktop.
#include "app/gui/last_workspace.h"
#include "app/gui/workbench.h"

#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/settings_dialog.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"

#include <QFileInfo>
#include <QFontDatabase>
#include <QRegularExpression>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// A value of another kind, or out of range, is no reason to fail: it reads as the default, or as the nearest that is.
WorkbenchSettings readSettings(const QSettings& from) {
    WorkbenchSettings settings;
    const QString mode = from.value(u"theme"_s).toString();
    settings.theme = mode == u"dark"_s ? ThemeMode::Dark : mode == u"light"_s ? ThemeMode::Light : ThemeMode::System;
    settings.highContrast = from.value(u"highContrast"_s).toBool();
    settings.reducedMotion = from.value(u"reducedMotion"_s).toBool();
    const QString map = from.value(u"attentionMap"_s).toString();
    settings.attentionMap = map == u"viridis"_s   ? AttentionMap::Viridis
                            : map == u"cividis"_s ? AttentionMap::Cividis
                                                  : AttentionMap::Mako;
    const QString font = from.value(u"font"_s).toString();
    if (QFontDatabase::hasFamily(font)) settings.fontFamily = font;
    settings.wheelZooms = from.value(u"wheelZooms"_s).toBool();
    static const QRegularExpression device(u"^(cpu|cuda(:\\d{1,3})?)$"_s);
    const QString id = from.value(u"device"_s).toString();
    if (device.match(id).hasMatch()) settings.device = id;
    settings.threads = std::clamp(from.value(u"threads"_s).toInt(), 0, SettingsDialog::kMostThreads);
    bool isNumber = false;
    const int cache = from.value(u"tileCacheMiB"_s).toInt(&isNumber);
    if (isNumber)
        settings.tileCacheMiB = std::clamp(cache, SettingsDialog::kLeastCacheMiB, SettingsDialog::kMostCacheMiB);
    settings.historyFile = from.value(u"historyFile"_s).toString();
    return settings;
}

void writeSettings(QSettings& to, const WorkbenchSettings& settings) {
    constexpr const char* themes[] = {"system", "light", "dark"};
    constexpr const char* maps[] = {"mako", "viridis", "cividis"};
    to.setValue(u"theme"_s, QString::fromLatin1(themes[int(settings.theme)]));
    to.setValue(u"highContrast"_s, settings.highContrast);
    to.setValue(u"reducedMotion"_s, settings.reducedMotion);
    to.setValue(u"attentionMap"_s, QString::fromLatin1(maps[int(settings.attentionMap)]));
    to.setValue(u"font"_s, settings.fontFamily);
    to.setValue(u"wheelZooms"_s, settings.wheelZooms);
    to.setValue(u"device"_s, settings.device);
    to.setValue(u"threads"_s, settings.threads);
    to.setValue(u"tileCacheMiB"_s, settings.tileCacheMiB);
    to.setValue(u"historyFile"_s, settings.historyFile);
}

} // namespace

void Workbench::loadSettings(EngineOptions& engine) {
    m_preferences = readSettings(*m_settings);
    applyTheme();
    // What the command line asks for counts more.
    if (engine.device == "auto" && !m_preferences.device.isEmpty()) engine.device = m_preferences.device.toStdString();
    if (engine.threads == 0) engine.threads = m_preferences.threads;
}

HistoryOptions Workbench::historyOptions(const WorkbenchOptions& options) const {
    const QString file = options.historyFile.isEmpty() ? m_preferences.historyFile : options.historyFile;
    return {options.keepsHistory, file.toStdString()};
}

void Workbench::applyTheme() {
    Theme& theme = Theme::instance();
    theme.setMode(m_preferences.theme);
    theme.setHighContrast(m_preferences.highContrast);
    theme.setReducedMotion(m_preferences.reducedMotion);
    theme.setAttentionMap(m_preferences.attentionMap);
    theme.setFontFamily(m_preferences.fontFamily);
}

void Workbench::applySettings() {
    applyTheme();
    m_inspectPage->heatmap().canvas().setWheelZooms(m_preferences.wheelZooms);
    m_engine->captures.setCacheLimit(quint64(m_preferences.tileCacheMiB) << 20);
}

void Workbench::connectSettings() {
    applySettings();
    m_engine->exports.setFolder(m_settings->value(u"exportFolder"_s).toString());
    connect(m_window.get(), &ShellWindow::settingsRequested, this, [this] { showSettings(); });
    connect(&m_window->notices(), &NoticeStack::postedUnseen, &m_desktopNotice, &DesktopNotice::show);
    connect(&m_desktopNotice, &DesktopNotice::clicked, m_window.get(), [this] {
        m_window->raise();
        m_window->activateWindow();
    });
    // A drag changes the plan sixty times a second; what is kept may lag behind.
    m_rememberTimer.setSingleShot(true);
    m_rememberTimer.setInterval(500);
    connect(&m_rememberTimer, &QTimer::timeout, this, [this] { rememberWorkspace(); });
    const auto later = [this] { m_rememberTimer.start(); };
    connect(m_workspace.get(), &Workspace::modelChanged, this, later);
    connect(m_workspace.get(), &Workspace::lengthChanged, this, later);
    connect(&m_workspace->plan(), &PlanDocument::changed, this, later);
    connect(m_window.get(), &ShellWindow::closing, this, [this] { rememberWorkspace(); });
}

void Workbench::showSettings() {
    if (m_settingsDialog == nullptr) {
        m_settingsDialog = new SettingsDialog(m_window.get());
        connect(m_settingsDialog, &SettingsDialog::changed, this,
                [this](const WorkbenchSettings& settings) { onSettings(settings); });
    }
    std::vector<DeviceOption> devices;
    for (const DeviceFacts& d : m_workspace->devices()) devices.push_back({d.id, u"%1 (%2)"_s.arg(d.id, d.name)});
    const auto isKept = [this](const DeviceOption& choice) { return choice.id == m_preferences.device; };
    // A card that is not there today is no reason to forget it.
    if (!m_preferences.device.isEmpty() && std::ranges::none_of(devices, isKept))
        devices.push_back({m_preferences.device, tr("%1 (not there now)").arg(m_preferences.device)});
    m_settingsDialog->setDevices(devices);
    m_settingsDialog->setSettings(m_preferences);
    m_settingsDialog->show();
    m_settingsDialog->raise();
    m_settingsDialog->activateWindow();
}

void Workbench::onSettings(const WorkbenchSettings& settings) {
    const bool later = settings.device != m_preferences.device || settings.threads != m_preferences.threads ||
                       settings.historyFile != m_preferences.historyFile;
    m_preferences = settings;
    writeSettings(*m_settings, settings);
    applySettings();
    if (!later) return;
    BannerArea& banners = m_window->banners(m_window->currentPage());
    banners.dismiss(m_restartBanner);
    Banner banner{tr("Device, threads and history file count from the next start"),
                  tr("Everything else in the settings counts at once."),
                  {},
                  BannerKind::Warning};
    banner.hasLog = false;
    m_restartBanner = banners.post(banner);
}

void Workbench::addWorkspaceAction() {
    const LastWorkspace last = readLastWorkspace(*m_settings);
    m_window->addAction(m_window->actions().add({.id = u"workspace.last"_s,
                                                 .text = tr("Restore last &workspace"),
                                                 .menu = MenuId::File,
                                                 .icon = u"history"_s,
                                                 .detail = last.isKept() ? last.detail() : QString()},
                                                [this, last] { openWorkspace(last); }));
    m_window->actions().setEnabled(u"workspace.last"_s, last.isKept(), tr("None was kept yet."));
}

void Workbench::openWorkspace(const LastWorkspace& last) {
    // One object holds the links of one restore, so that a later choice of a model is not taken for an answer.
    auto* restore = new QObject(this);
    const auto end = [this, restore] {
        disconnect(m_workspace.get(), nullptr, restore, nullptr);
        disconnect(&m_workspace->plan(), nullptr, restore, nullptr);
        restore->deleteLater();
    };
    const auto withModel = [this, restore, end, last] {
        disconnect(m_workspace.get(), nullptr, restore, nullptr);
        m_workspace->setLength(last.length);
        if (last.plan.isEmpty()) {
            end();
            return m_workspace->load();
        }
        // Under the plan once it is read; dense, with a banner that says why, where it cannot be.
        const auto load = [this, end] {
            end();
            m_workspace->load();
        };
        connect(&m_workspace->plan(), &PlanDocument::changed, restore, load);
        connect(m_workspace.get(), &Workspace::problem, restore, load);
        m_workspace->openPlan(last.plan);
    };
    m_window->showPage(u"model"_s);
    if (m_workspace->model() && m_workspace->model()->path == last.model) return withModel();
    connect(m_workspace.get(), &Workspace::problem, restore, end);
    connect(m_workspace.get(), &Workspace::modelChanged, restore, [this, end, withModel, last] {
        if (m_workspace->model()->path == last.model)
            withModel();
        else
            end();
    });
    m_workspace->chooseModel(last.model);
}

void Workbench::rememberWorkspace() {
    m_rememberTimer.stop();
    m_settings->setValue(u"exportFolder"_s, m_engine->exports.folder());
    if (!m_workspace->model()) return; // what was kept before stays
    const PlanDocument& plan = m_workspace->plan();
    writeLastWorkspace(*m_settings, {m_workspace->model()->path, m_workspace->model()->name,
                                     plan.isDense() ? QString() : plan.path(), m_workspace->length(),
                                     QDateTime::currentDateTimeUtc()});
}

} // namespace moa
