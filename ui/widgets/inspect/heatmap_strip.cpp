// Layout of the strip and painting of the colour keys.
#include "ui/widgets/inspect/heatmap_strip.h"

#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/inspect/minimap.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/resolution_ladder.h"
#include "ui/widgets/theme.h"

#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kBarHeight = 10, kBarWidth = 128, kSectionGap = 16;

void tint(QLabel* label, TextStyle style, Role role) {
    label->setFont(Theme::instance().font(style));
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(role));
    label->setPalette(palette);
}

QFont demiCaption() {
    QFont font = Theme::instance().font(TextStyle::Caption);
    font.setWeight(QFont::DemiBold);
    return font;
}

} // namespace

ColourKey::ColourKey(Kind kind, QWidget* parent) : QWidget(parent), m_kind(kind) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void ColourKey::setLook(const HeatLook& look) {
    m_look = look;
    setAccessibleName(tr("%1, from %2 to %3").arg(title(), ticks().first(), ticks().last()));
    update();
}

QString ColourKey::title() const {
    switch (m_kind) {
    case Kind::Attention:
        return m_look.log ? tr("Attention, log") : tr("Attention");
    case Kind::Evidence:
        return tr("Masked-out evidence");
    case Kind::Influence:
        return tr("Influence");
    }
    return {};
}

QStringList ColourKey::ticks() const {
    switch (m_kind) {
    case Kind::Attention: {
        const double low = m_look.log ? m_look.floor : 0;
        const double middle = m_look.log ? std::sqrt(m_look.floor * m_look.top) : m_look.top / 2;
        return {paint::scaleEnd(low), paint::scaleEnd(middle), paint::scaleEnd(m_look.top)};
    }
    case Kind::Evidence:
        return {paint::scaleEnd(m_look.evidenceFloor), paint::scaleEnd(m_look.evidenceTop)};
    case Kind::Influence:
        return {QStringLiteral("0"), QStringLiteral("1")};
    }
    return {};
}

QRgb ColourKey::colourAt(double t) const {
    if (m_kind == Kind::Attention) return m_look.attentionColour(t);
    if (m_kind == Kind::Evidence) return m_look.evidenceColour(t);
    return Theme::instance().ramp(Ramp::Influence)[std::size_t(std::lround(t * (kMapColours - 1)))];
}

QSize ColourKey::sizeHint() const {
    const QFontMetrics heading(demiCaption()), ticks(Theme::instance().font(TextStyle::Axis));
    return {std::max(kBarWidth, heading.horizontalAdvance(tr("Masked-out evidence"))) + 6,
            heading.height() + 5 + kBarHeight + 2 + ticks.height()};
}

void ColourKey::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setFont(demiCaption());
    painter.setPen(theme.color(Role::Text2));
    const int head = painter.fontMetrics().height();
    painter.drawText(QRect(3, 0, width() - 6, head), Qt::AlignLeft | Qt::AlignVCenter, title());
    const QRect bar(3, head + 5, width() - 6, kBarHeight);
    for (int x = 0; x < bar.width(); ++x)
        painter.fillRect(bar.left() + x, bar.top(), 1, bar.height(),
                         QColor::fromRgb(colourAt(double(x) / std::max(bar.width() - 1, 1))));
    painter.setPen(theme.color(Role::Strong));
    painter.drawRect(bar.adjusted(0, 0, -1, -1));
    painter.setFont(theme.font(TextStyle::Axis));
    painter.setPen(theme.color(Role::Text3));
    const QStringList texts = ticks();
    const QRect line(bar.left(), bar.bottom() + 2, bar.width(), painter.fontMetrics().height());
    painter.drawText(line, Qt::AlignLeft, texts.first());
    painter.drawText(line, Qt::AlignRight, texts.last());
    if (texts.size() == 3) painter.drawText(line, Qt::AlignHCenter, texts[1]);
}

HeatmapStrip::HeatmapStrip(QWidget* parent)
    : QScrollArea(parent), m_ladder(new ResolutionLadder), m_minimap(new Minimap),
      m_attention(new ColourKey(ColourKey::Kind::Attention)),
      m_evidence(new ColourKey(ColourKey::Kind::Evidence)),
      m_influence(new ColourKey(ColourKey::Kind::Influence)), m_mass(new QWidget), m_massValue(new QLabel),
      m_massNote(new QLabel) {
    setFrameShape(QFrame::NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::NoFocus);
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 8, 0, 8);
    column->setSpacing(4);
    column->addWidget(heading(tr("Resolution")));
    column->addWidget(m_ladder);
    column->addSpacing(kSectionGap);
    column->addWidget(heading(tr("Viewport")));
    column->addWidget(m_minimap);
    column->addSpacing(kSectionGap);
    for (ColourKey* key : {m_attention, m_evidence, m_influence}) {
        column->addWidget(key);
        column->addSpacing(8);
    }
    m_influence->hide();
    auto* mass = new QVBoxLayout(m_mass);
    mass->setContentsMargins(0, 8, 0, 0);
    mass->setSpacing(2);
    mass->addWidget(heading(tr("Mass kept at N")));
    mass->addWidget(m_massValue);
    mass->addWidget(m_massNote);
    m_massNote->setWordWrap(true);
    for (QLabel* label : {m_massValue, m_massNote}) label->setIndent(3);
    column->addWidget(m_mass);
    column->addStretch(1);
    m_mass->hide();
    setWidget(content);
    content->setAutoFillBackground(false); // the panel's surface shows through
    viewport()->setAutoFillBackground(false);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
    connect(&Theme::instance(), &Theme::changed, this, &HeatmapStrip::restyle);
    restyle();
    setLook({});
}

void HeatmapStrip::follow(HeatmapCanvas& canvas) {
    const auto showMask = [this, &canvas] {
        const double tokens = std::max(canvas.geometry().tokens(), 1);
        const MaskShape& mask = canvas.mask();
        m_minimap->setMask(mask.window > 0 ? ThumbnailMask{double(mask.window) / tokens, mask.sink / tokens}
                                           : ThumbnailMask{});
    };
    const auto showView = [this, &canvas] {
        m_ladder->setSteps(canvas.source() ? canvas.source()->ladder() : std::vector<int>{});
        m_ladder->setCurrent(canvas.block());
        m_minimap->setView(canvas.geometry().visibleTokens(), canvas.geometry().tokens());
    };
    const auto showTiles = [this, &canvas, showMask] {
        m_minimap->setThumbnail(canvas.overview(), {}, canvas.look());
        showMask();
    };
    const auto showLook = [this, &canvas, showTiles] {
        setLook(canvas.look());
        setInfluenceShown(canvas.layer(HeatLayer::Influence));
        showTiles();
    };
    connect(&canvas, &HeatmapCanvas::viewChanged, this, showView);
    connect(&canvas, &HeatmapCanvas::maskChanged, this, showMask);
    connect(&canvas, &HeatmapCanvas::tilesChanged, this, showTiles);
    connect(&canvas, &HeatmapCanvas::lookChanged, this, showLook);
    connect(m_ladder, &ResolutionLadder::blockChosen, &canvas, &HeatmapCanvas::showBlock);
    connect(m_minimap, &Minimap::centreRequested, &canvas, &HeatmapCanvas::centreOn);
    showView();
    showLook();
}

QSize HeatmapStrip::sizeHint() const {
    return {widget()->sizeHint().width() +
                (verticalScrollBar()->isVisible() ? verticalScrollBar()->width() : 0),
            widget()->sizeHint().height()};
}

QSize HeatmapStrip::minimumSizeHint() const {
    return {sizeHint().width(), 120};
}

void HeatmapStrip::showEvent(QShowEvent* event) {
    QScrollArea::showEvent(event);
    restyle(); // the style sheet, on its first look at a scroll area, gives the labels inside its own font
}

QLabel* HeatmapStrip::heading(const QString& text) {
    auto* label = new QLabel(text);
    label->setIndent(3);
    m_headings.append(label);
    return label;
}

void HeatmapStrip::setLook(const HeatLook& look) {
    for (ColourKey* key : {m_attention, m_evidence, m_influence}) key->setLook(look);
    m_evidence->setVisible(look.evidence);
}

void HeatmapStrip::setInfluenceShown(bool shown) {
    m_influence->setVisible(shown);
}

void HeatmapStrip::setMassKept(std::optional<double> kept, double worstBlock) {
    m_mass->setVisible(kept.has_value());
    if (!kept) return;
    m_massValue->setText(tr("%1%").arg(paint::number(100 * *kept, 1)));
    const QString hidden = paint::number(100 * std::max(0.0, 1 - *kept), 1);
    m_massNote->setText(
        worstBlock > 0
            ? tr("%1% masked out, %2% in one block").arg(hidden, paint::number(100 * worstBlock, 1))
            : tr("%1% masked out").arg(hidden));
}

void HeatmapStrip::restyle() {
    for (QLabel* label : m_headings) {
        tint(label, TextStyle::Caption, Role::Text2);
        label->setFont(demiCaption());
    }
    tint(m_massValue, TextStyle::Display, Role::Text);
    tint(m_massNote, TextStyle::Caption, Role::Sparse);
}

} // namespace moa
