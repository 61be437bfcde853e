// Colours, fonts and spacing of the workbench by role (light, dark, high contrast): widgets ask for roles and never
// name a colour. One Theme per program, applied to the application's palette, font and style sheet.
#pragma once

#include "engine/core/colour_ramp.h"

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPalette>

#include <array>

namespace moa {

enum class Role {
    Window, Surface, Raised, Sunken, Hover, Grid, Border, Strong, Control, Neutral,
    Text, Text2, Text3, Accent, AccentSoft, OnAccent,
    Dense, DenseSoft, Sparse, SparseSoft, Pinned, PinnedSoft, Influence, InfluenceSoft,
    Ok, OkSoft, Warn, WarnSoft, Error, ErrorSoft,
    Count
};

enum class TextStyle { Display, Title, PanelTitle, Body, Answer, Table, Key, Caption, Chip, Axis, Mono };

enum class ThemeMode { System, Light, Dark };

/// Which values a ramp stands for.
enum class Ramp {
    Attention,  ///< mako on the page's side; also spans
    Difference, ///< vik or berlin, diverging
    Influence,  ///< surface to influence
    Evidence,   ///< surface to sparse: what the plan hides
    Masked,     ///< luminance only, over sunken
};

/// What the Attention ramp looks like; Mako unless the user chose another in the settings.
enum class AttentionMap { Mako, Viridis, Cividis };

namespace metrics {
inline constexpr int kPad = 12, kGutter = 12, kControl = 28, kSmallControl = 24, kRailWidth = 72;
inline constexpr int kPanelRadius = 6, kControlRadius = 5, kChipRadius = 4, kCellRadius = 2;
inline constexpr int kDragTolerance = 6; ///< px on either side of a draggable edge
} // namespace metrics

class Theme : public QObject {
    Q_OBJECT
public:
    /// The program's theme; made at the first call, which must come after the QApplication.
    static Theme& instance();

    void setMode(ThemeMode mode);
    void setHighContrast(bool on);
    void setAttentionMap(AttentionMap map);
    /// No fades; also where the platform's style says so.
    void setReducedMotion(bool on) { m_reducedMotion = on; }
    bool hasMotion() const;
    /// Overrides the system's font family; empty: back to the system's.
    void setFontFamily(const QString& family);
    ThemeMode mode() const { return m_mode; }
    bool isHighContrast() const { return m_highContrast; }
    AttentionMap attentionMap() const { return m_attentionMap; }
    bool isDark() const { return m_dark; }

    QColor color(Role role) const { return m_colors[std::size_t(role)]; }
    QFont font(TextStyle style) const;
    /// 256 colours, low to high.
    const std::array<QRgb, kMapColours>& ramp(Ramp ramp) const { return m_ramps[std::size_t(ramp)]; }
    /// White or near black, whichever is readable on `cell`.
    static QColor textOn(const QColor& cell);
    /// A line icon of resources/icons ("model", "pin" …) drawn in a role's colour. Null icon for an unknown name.
    QIcon icon(const QString& name, Role role = Role::Text2) const;

    /// Row heights from font metrics, so that no text is cut at any font or scale.
    int rowHeight(TextStyle style = TextStyle::Table) const;  ///< line height + 8
    int panelHeaderHeight() const;                            ///< line height + 20

signals:
    /// Colours, fonts or contrast are different: repaint.
    void changed();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    Theme();
    void rebuild();
    void applyToApplication();

    ThemeMode m_mode = ThemeMode::System;
    AttentionMap m_attentionMap = AttentionMap::Mako;
    bool m_highContrast = false, m_dark = false, m_applying = false, m_reducedMotion = false;
    QString m_family;
    QPalette m_system;
    std::array<QColor, std::size_t(Role::Count)> m_colors;
    std::array<std::array<QRgb, kMapColours>, 5> m_ramps;
};

} // namespace moa
