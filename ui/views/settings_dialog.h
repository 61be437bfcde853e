// Settings, without OK: each change counts at once. The dialog shows and reports values; its owner applies
// and keeps them.
#pragma once

#include "ui/widgets/theme.h"

#include <QDialog>

#include <vector>

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLineEdit;
class QSpinBox;

namespace moa {

class SegmentedControl;

struct WorkbenchSettings {
    ThemeMode theme = ThemeMode::System;
    bool highContrast = false;
    bool reducedMotion = false; ///< no fades
    AttentionMap attentionMap = AttentionMap::Mako;
    QString fontFamily = {}; ///< empty: the system's
    bool wheelZooms = false; ///< the wheel zooms and Ctrl+wheel pans, instead of the other way round
    QString device = {};     ///< id of a DeviceOption; empty: the recommended one
    int threads = 0;         ///< 0: as many as there are cores
    int tileCacheMiB = 512;
    QString historyFile = {}; ///< empty: the default place

    bool operator==(const WorkbenchSettings&) const = default;
};

struct DeviceOption {
    QString id, name;
};

class SettingsDialog : public QDialog {
    Q_OBJECT
public:
    static constexpr int kLeastCacheMiB = 64, kMostCacheMiB = 65'536, kMostThreads = 1024;

    explicit SettingsDialog(QWidget* parent = nullptr);

    void setDevices(const std::vector<DeviceOption>& devices);
    /// Shows these; no signal. Values out of range are brought into it, an unknown device reads as the first
    /// entry.
    void setSettings(const WorkbenchSettings& settings);
    const WorkbenchSettings& settings() const { return m_settings; }

signals:
    void changed(const moa::WorkbenchSettings& settings);

private:
    void buildAppearance(QFormLayout* form);
    void buildWork(QFormLayout* form);
    void collect();
    void chooseHistoryFile();

    WorkbenchSettings m_settings;
    bool m_showing = false;
    SegmentedControl* m_theme;
    QCheckBox *m_motion, *m_contrast, *m_wheel;
    QComboBox *m_map, *m_font, *m_device;
    QSpinBox *m_threads, *m_cache;
    QLineEdit* m_history;
};

} // namespace moa
