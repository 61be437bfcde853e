// Role tables and their application to palette, font and style sheet.
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QEvent>
#include <QFile>
#include <QFontDatabase>
#include <QFontMetrics>
#include <QPainter>
#include <QPalette>
#include <QRegularExpression>
#include <QStyle>
#include <QSvgRenderer>

#include <cmath>
#include <vector>

namespace moa {
namespace {

struct RoleColours {
    Role role;
    const char* name; ///< as "@name" in the style sheet
    QRgb light, dark;
};

constexpr RoleColours kRoles[] = {
    {Role::Window, "window", 0xFFF3F4F6, 0xFF15181D},
    {Role::Surface, "surface", 0xFFFFFFFF, 0xFF1D2127},
    {Role::Raised, "raised", 0xFFFFFFFF, 0xFF262B33},
    {Role::Sunken, "sunken", 0xFFE9EBEF, 0xFF111419},
    {Role::Hover, "hover", 0xFFEEF1F5, 0xFF2A3039},
    {Role::Grid, "grid", 0xFFE6E9ED, 0xFF2B313A},
    {Role::Border, "border", 0xFFD8DCE2, 0xFF333A44},
    {Role::Strong, "strong", 0xFFAEB5C0, 0xFF566070},
    {Role::Control, "control", 0xFF868F9D, 0xFF7B8593},
    {Role::Neutral, "neutral", 0xFFC3C9D2, 0xFF4A525E},
    {Role::Text, "text", 0xFF1A1E25, 0xFFE6E9EE},
    {Role::Text2, "text2", 0xFF4C5462, 0xFFAAB2BF},
    {Role::Text3, "text3", 0xFF666E7D, 0xFF8A93A1},
    {Role::Accent, "accent", 0xFF0B6E75, 0xFF4CC2C4},
    {Role::AccentSoft, "accentSoft", 0xFFDCEFF0, 0xFF12393D},
    {Role::OnAccent, "onAccent", 0xFFFFFFFF, 0xFF06201F},
    {Role::Dense, "dense", 0xFF2F66B5, 0xFF7FB0F0},
    {Role::DenseSoft, "denseSoft", 0xFFE3ECF8, 0xFF1C2F49},
    {Role::Sparse, "sparse", 0xFFAD4E08, 0xFFF29A4A},
    {Role::SparseSoft, "sparseSoft", 0xFFFCEADB, 0xFF43290F},
    {Role::Pinned, "pinned", 0xFF5B2A86, 0xFFE0C3F7},
    {Role::PinnedSoft, "pinnedSoft", 0xFFF0E5F7, 0xFF3B2B4A},
    {Role::Influence, "influence", 0xFFB0246E, 0xFFF07FB3},
    {Role::InfluenceSoft, "influenceSoft", 0xFFFBE4EF, 0xFF47203A},
    {Role::Ok, "ok", 0xFF1B7546, 0xFF5CC98B},
    {Role::OkSoft, "okSoft", 0xFFDDF3E6, 0xFF16372A},
    {Role::Warn, "warn", 0xFF8A5D00, 0xFFE3B341},
    {Role::WarnSoft, "warnSoft", 0xFFFFF2D1, 0xFF3B2F10},
    {Role::Error, "error", 0xFFB42318, 0xFFFF7B72},
    {Role::ErrorSoft, "errorSoft", 0xFFFDE8E5, 0xFF47201E},
};

const std::vector<Rgb> kMakoLight{{0xF6, 0xFB, 0xF8}, {0xC4, 0xEB, 0xD0}, {0x8B, 0xDA, 0xB2}, {0x40, 0xB7, 0xAD},
                                  {0x34, 0x8F, 0xA7}, {0x37, 0x65, 0x9E}, {0x41, 0x3D, 0x7B}, {0x2E, 0x1E, 0x3B}};
const std::vector<Rgb> kMakoDark{{0x14, 0x18, 0x1D}, {0x2E, 0x1E, 0x3B}, {0x41, 0x3D, 0x7B}, {0x37, 0x65, 0x9E},
                                 {0x34, 0x8F, 0xA7}, {0x40, 0xB7, 0xAD}, {0x8B, 0xDA, 0xB2}, {0xDE, 0xF5, 0xE5}};
const std::vector<Rgb> kViridis{{0x44, 0x01, 0x54}, {0x46, 0x32, 0x7E}, {0x36, 0x5C, 0x8D}, {0x27, 0x7F, 0x8E},
                                {0x1F, 0xA1, 0x87}, {0x4A, 0xC1, 0x6D}, {0xA0, 0xDA, 0x39}, {0xFD, 0xE7, 0x25}};
const std::vector<Rgb> kCividis{{0x00, 0x22, 0x4E}, {0x23, 0x3E, 0x6C}, {0x57, 0x5D, 0x6D}, {0x7D, 0x7C, 0x78},
                                {0xA5, 0x9C, 0x74}, {0xD3, 0xC1, 0x64}, {0xFE, 0xE8, 0x38}};
const std::vector<Rgb> kVik{{0x00, 0x12, 0x61}, {0x03, 0x44, 0x81}, {0x30, 0x7D, 0xA6}, {0x94, 0xBE, 0xD2},
                            {0xEC, 0xE5, 0xE0}, {0xDB, 0xAA, 0x8D}, {0xC2, 0x70, 0x41}, {0x91, 0x2D, 0x06},
                            {0x59, 0x00, 0x08}};
const std::vector<Rgb> kBerlin{{0x9E, 0xB0, 0xFF}, {0x51, 0x9F, 0xD3}, {0x28, 0x68, 0x86}, {0x14, 0x30, 0x3E},
                               {0x19, 0x0C, 0x09}, {0x41, 0x12, 0x01}, {0x7D, 0x34, 0x1E}, {0xBE, 0x6F, 0x63},
                               {0xFF, 0xAD, 0xAD}};

Rgb rgbOf(const QColor& color) {
    return {std::uint8_t(color.red()), std::uint8_t(color.green()), std::uint8_t(color.blue())};
}

std::array<QRgb, kMapColours> rampOf(const std::vector<Rgb>& stops) {
    std::array<QRgb, kMapColours> ramp;
    const auto colours = interpolateLab(stops);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = qRgb(colours[i].r, colours[i].g, colours[i].b);
    return ramp;
}

/// WCAG relative luminance.
double luminance(const QColor& color) {
    const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QString firstFamily(std::initializer_list<const char*> wanted) {
    const QStringList there = QFontDatabase::families();
    for (const char* family : wanted)
        if (there.contains(QLatin1String(family))) return QLatin1String(family);
    return {};
}

} // namespace

Theme& Theme::instance() {
    static Theme* theme = new Theme; // lives as long as the application, whose destruction needs no theme
    return *theme;
}

Theme::Theme() : QObject(qApp), m_system(QApplication::palette()) {
    qApp->installEventFilter(this);
    rebuild();
}

void Theme::setMode(ThemeMode mode) {
    if (mode == m_mode) return;
    m_mode = mode;
    rebuild();
}

void Theme::setHighContrast(bool on) {
    if (on == m_highContrast) return;
    m_highContrast = on;
    rebuild();
}

void Theme::setAttentionMap(AttentionMap map) {
    if (map == m_attentionMap) return;
    m_attentionMap = map;
    rebuild();
}

void Theme::setFontFamily(const QString& family) {
    if (family == m_family) return;
    m_family = family;
    rebuild();
}

bool Theme::hasMotion() const {
    return !m_reducedMotion && QApplication::style()->styleHint(QStyle::SH_Widget_Animation_Duration) > 0;
}

bool Theme::eventFilter(QObject* watched, QEvent* event) {
    // A palette change that is not ours comes from the desktop: light became dark, or another highlight.
    if (watched == qApp && event->type() == QEvent::ApplicationPaletteChange && !m_applying) {
        m_system = QApplication::palette();
        rebuild();
    }
    return QObject::eventFilter(watched, event);
}

void Theme::rebuild() {
    m_dark = m_mode == ThemeMode::Dark ||
             (m_mode == ThemeMode::System && luminance(m_system.color(QPalette::Window)) < 0.4 * 0.4);
    for (const RoleColours& r : kRoles) m_colors[std::size_t(r.role)] = QColor::fromRgb(m_dark ? r.dark : r.light);
    if (m_highContrast) {
        const QColor ink = m_dark ? QColor(Qt::white) : QColor(Qt::black);
        for (const Role role : {Role::Border, Role::Strong, Role::Control, Role::Text, Role::Text2, Role::Text3})
            m_colors[std::size_t(role)] = ink;
        for (const Role role : {Role::Window, Role::Surface, Role::Raised, Role::AccentSoft, Role::DenseSoft,
                                Role::SparseSoft, Role::PinnedSoft, Role::InfluenceSoft, Role::OkSoft, Role::WarnSoft,
                                Role::ErrorSoft})
            m_colors[std::size_t(role)] = m_dark ? QColor(Qt::black) : QColor(Qt::white);
    }
    // The desktop's own highlight counts where somebody chose one: Qt's default palettes all have this blue.
    const QColor highlight = m_system.color(QPalette::Highlight);
    const bool chosen = highlight != QColor(48, 140, 198) && highlight != QColor(0, 0, 128);
    if (chosen && contrast(highlight, color(Role::Surface)) >= 4.5) {
        m_colors[std::size_t(Role::Accent)] = highlight;
        m_colors[std::size_t(Role::OnAccent)] = textOn(highlight);
    }
    const auto& mako = m_dark ? kMakoDark : kMakoLight;
    m_ramps[std::size_t(Ramp::Attention)] = rampOf(m_attentionMap == AttentionMap::Viridis   ? kViridis
                                                   : m_attentionMap == AttentionMap::Cividis ? kCividis
                                                                                             : mako);
    m_ramps[std::size_t(Ramp::Difference)] = rampOf(m_dark ? kBerlin : kVik);
    const Rgb page = rgbOf(color(Role::Surface));
    m_ramps[std::size_t(Ramp::Influence)] = rampOf({page, rgbOf(color(Role::Influence))});
    m_ramps[std::size_t(Ramp::Evidence)] = rampOf({page, rgbOf(color(Role::Sparse))});
    // "Luminance only, 30% over sunken": from sunken to sunken with 30% of the text's ink.
    const QColor sunken = color(Role::Sunken), ink = color(Role::Text);
    const auto mix = [](int a, int b) { return std::uint8_t(a + (b - a) * 3 / 10); };
    m_ramps[std::size_t(Ramp::Masked)] =
        rampOf({rgbOf(sunken),
                {mix(sunken.red(), ink.red()), mix(sunken.green(), ink.green()), mix(sunken.blue(), ink.blue())}});
    applyToApplication();
    emit changed();
}

void Theme::applyToApplication() {
    m_applying = true;
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, Role ours) { palette.setColor(role, color(ours)); };
    set(QPalette::Window, Role::Window);
    set(QPalette::WindowText, Role::Text);
    set(QPalette::Base, Role::Surface);
    set(QPalette::AlternateBase, Role::Hover);
    set(QPalette::Text, Role::Text);
    set(QPalette::Button, Role::Surface);
    set(QPalette::ButtonText, Role::Text);
    set(QPalette::PlaceholderText, Role::Text3);
    set(QPalette::Highlight, Role::Accent);
    set(QPalette::HighlightedText, Role::OnAccent);
    set(QPalette::ToolTipBase, Role::Raised);
    set(QPalette::ToolTipText, Role::Text);
    set(QPalette::Link, Role::Accent);
    set(QPalette::Light, Role::Surface);
    set(QPalette::Midlight, Role::Grid);
    set(QPalette::Mid, Role::Border);
    set(QPalette::Dark, Role::Strong);
    set(QPalette::Shadow, Role::Strong);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, color(Role::Text3));
    QApplication::setPalette(palette);
    QApplication::setFont(font(TextStyle::Body));
    QFile file(QStringLiteral(":/themes/workbench.qss"));
    if (file.open(QIODevice::ReadOnly)) {
        QString sheet = QString::fromUtf8(file.readAll());
        for (const RoleColours& r : kRoles) {
            const QRegularExpression use(QStringLiteral("@%1\\b").arg(QLatin1String(r.name)));
            sheet.replace(use, color(r.role).name());
        }
        sheet.replace(QStringLiteral("@scheme"), m_dark ? QStringLiteral("dark") : QStringLiteral("light"));
        qApp->setStyleSheet(sheet);
    }
    m_applying = false;
}

QFont Theme::font(TextStyle style) const {
    static const QString fallback = firstFamily({"Inter", "Noto Sans", "DejaVu Sans"});
    // The desktop's own font where the platform names one; bare platforms (offscreen) do not.
    static const bool bare = QGuiApplication::platformName() == QLatin1String("offscreen") ||
                             QGuiApplication::platformName() == QLatin1String("minimal");
    static const QFont general = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    QFont font = general;
    if (!m_family.isEmpty())
        font.setFamilies({m_family});
    else if (bare && !fallback.isEmpty())
        font.setFamilies({fallback});
    const auto shape = [&](int px, QFont::Weight weight) {
        font.setPixelSize(px);
        font.setWeight(weight);
    };
    switch (style) {
    case TextStyle::Display: shape(21, QFont::DemiBold); break;
    case TextStyle::Title: shape(18, QFont::DemiBold); break;
    case TextStyle::PanelTitle: shape(13, QFont::DemiBold); break;
    case TextStyle::Body: shape(13, QFont::Normal); break;
    case TextStyle::Answer: shape(14, QFont::Normal); break;
    case TextStyle::Table: shape(12, QFont::Normal); break;
    case TextStyle::Key: shape(12, QFont::DemiBold); break;
    case TextStyle::Caption: shape(11, QFont::Normal); break;
    case TextStyle::Chip: shape(11, QFont::Medium); break;
    case TextStyle::Axis: shape(10, QFont::Normal); break;
    case TextStyle::Mono: {
        font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
        if (bare) font.setFamilies({firstFamily({"JetBrains Mono", "DejaVu Sans Mono", "Noto Sans Mono"})});
        shape(12, QFont::Normal);
        break;
    }
    }
    return font;
}

QColor Theme::textOn(const QColor& cell) {
    const int luma = (cell.red() * 299 + cell.green() * 587 + cell.blue() * 114) / 1000;
    return luma >= 140 ? QColor(0x14, 0x18, 0x1D) : QColor(Qt::white);
}

QIcon Theme::icon(const QString& name, Role role) const {
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly)) return {};
    QByteArray svg = file.readAll();
    svg.replace("currentColor", color(role).name().toLatin1());
    QSvgRenderer renderer(svg);
    QIcon icon;
    for (const int size : {16, 20, 24, 32, 48, 64}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        icon.addPixmap(pixmap);
    }
    return icon;
}

int Theme::rowHeight(TextStyle style) const {
    return QFontMetrics(font(style)).height() + 8;
}

int Theme::panelHeaderHeight() const {
    return QFontMetrics(font(TextStyle::PanelTitle)).height() + 20;
}

} // namespace moa
