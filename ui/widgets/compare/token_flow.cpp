// Words from tokens, lines from words.
#include "ui/widgets/compare/token_flow.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/token_text.h"
#include "ui/widgets/shell/painting.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kRim = 4, kCaret = 2;

bool isSpace(QChar c) {
    return c == QLatin1Char(' ') || c == QLatin1Char('\t');
}

} // namespace

/// Parts that stay on one line if they can.
struct TokenFlow::Word {
    std::vector<Part> parts;
    bool breaksAfter = false; ///< a new line follows
};

TokenFlow::TokenFlow(const QString& name, Role tone, TextStyle style, QWidget* parent)
    : QAbstractScrollArea(parent), m_tone(tone), m_style(style) {
    registerCanvases();
    setAccessibleName(name);
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setMouseTracking(true);
    viewport()->setAutoFillBackground(false);
    m_rest.setSingleShot(true);
    m_rest.setInterval(HoverTip::kDelayMs);
    connect(&m_rest, &QTimer::timeout, this, [this] { emit hovered(m_hovered); });
    connect(&Theme::instance(), &Theme::changed, this, &TokenFlow::restyle);
    restyle();
}

void TokenFlow::setTokens(std::vector<FlowToken> tokens) {
    if (tokens == m_tokens) return;
    const bool atEnd = verticalScrollBar()->value() == verticalScrollBar()->maximum();
    m_tokens = std::move(tokens);
    m_current = std::min(m_current, int(m_tokens.size()) - 1);
    layOut();
    if (atEnd && m_caret) verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void TokenFlow::setCurrent(int index) {
    index = std::clamp(index, -1, int(m_tokens.size()) - 1);
    if (index == m_current) return;
    m_current = index;
    ensureVisible(index);
    announceCurrent(this);
    viewport()->update();
}

void TokenFlow::setCaret(bool on) {
    if (on == m_caret) return;
    m_caret = on;
    viewport()->update();
}

void TokenFlow::setPlaceholder(const QString& text) {
    m_placeholder = text;
    viewport()->update();
}

void TokenFlow::followScroll(TokenFlow& other) {
    const auto follow = [](QScrollBar* from, QScrollBar* to) {
        connect(from, &QScrollBar::valueChanged, to, &QScrollBar::setValue);
    };
    follow(verticalScrollBar(), other.verticalScrollBar());
    follow(other.verticalScrollBar(), verticalScrollBar());
}

void TokenFlow::restyle() {
    QPalette colours = palette();
    colours.setColor(QPalette::Base, Qt::transparent);
    viewport()->setPalette(colours);
    updateGeometry();
    layOut();
}

int TokenFlow::lineHeight() const {
    return QFontMetrics(Theme::instance().font(m_style)).height() + (m_style == TextStyle::Answer ? 9 : 8);
}

QSize TokenFlow::minimumSizeHint() const {
    return {120, lineHeight() + 2 * kRim};
}

std::vector<TokenFlow::Word> TokenFlow::words() const {
    const QFontMetricsF metrics(Theme::instance().font(m_style));
    std::vector<Word> all(1);
    bool mayBreak = true;
    for (int t = 0; t < int(m_tokens.size()); ++t) {
        const FlowToken& token = m_tokens[std::size_t(t)];
        if (token.special) {
            const QString shown = tokenSymbols(token.text);
            all.push_back({{{t, shown, QRectF(0, 0, metrics.horizontalAdvance(shown) + 6, 0), true}}, false});
            mayBreak = true;
            continue;
        }
        const QStringList lines = token.text.split(QLatin1Char('\n'));
        for (qsizetype i = 0; i < lines.size(); ++i) {
            const bool ends = i + 1 < lines.size();
            QString text = lines[i];
            if (ends || token.text.isEmpty()) text += tokenSymbols(token.text.isEmpty() ? QString() : QStringLiteral("\n"));
            if (text.isEmpty()) continue;
            if (mayBreak || isSpace(text.front())) all.emplace_back();
            text.replace(QLatin1Char('\t'), QStringLiteral("    "));
            const bool symbol = lines[i].isEmpty();
            all.back().parts.push_back({t, text, QRectF(0, 0, metrics.horizontalAdvance(text), 0), symbol});
            all.back().breaksAfter = ends;
            mayBreak = ends || isSpace(text.back());
        }
    }
    return all;
}

void TokenFlow::place(const Word& word) {
    const double room = viewport()->width() - 2 * kRim, line = lineHeight();
    double width = 0;
    for (const Part& part : word.parts) width += part.box.width();
    if (m_pen.x() > kRim && m_pen.x() + width > room + kRim) m_pen = {double(kRim), m_pen.y() + line};
    for (Part part : word.parts) {
        if (m_pen.x() > kRim && m_pen.x() + part.box.width() > room + kRim) m_pen = {double(kRim), m_pen.y() + line};
        // A line begins with its first letter.
        if (m_pen.x() <= kRim && !part.isSymbol && part.text.size() > 1 && isSpace(part.text.front()) && !m_parts.empty()) {
            const QFontMetricsF metrics(Theme::instance().font(m_style));
            part.text = part.text.mid(1);
            part.box.setWidth(metrics.horizontalAdvance(part.text));
        }
        part.box = QRectF(m_pen.x(), m_pen.y(), part.box.width(), line);
        m_pen.rx() += part.box.width();
        auto& first = m_firstPart[std::size_t(part.token)];
        if (first < 0) first = int(m_parts.size());
        m_parts.push_back(std::move(part));
    }
    if (word.breaksAfter) m_pen = {double(kRim), m_pen.y() + line};
}

void TokenFlow::layOut() {
    m_parts.clear();
    m_firstPart.assign(m_tokens.size(), -1);
    m_pen = {double(kRim), double(kRim)};
    for (const Word& word : words()) place(word);
    m_height = int(std::ceil(m_pen.y())) + lineHeight() + kRim;
    verticalScrollBar()->setRange(0, std::max(0, m_height - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(lineHeight());
    viewport()->update();
}

QRect TokenFlow::tokenRect(int index) const {
    if (index < 0 || index >= int(m_firstPart.size()) || m_firstPart[std::size_t(index)] < 0) return {};
    return m_parts[std::size_t(m_firstPart[std::size_t(index)])].box.translated(0, -verticalScrollBar()->value()).toAlignedRect();
}

void TokenFlow::paintPart(QPainter& painter, const Part& part) const {
    const Theme& theme = Theme::instance();
    const FlowToken& token = m_tokens[std::size_t(part.token)];
    const Role soft = m_tone == Role::Dense ? Role::DenseSoft : Role::SparseSoft;
    const QRectF fill = part.box.adjusted(0.5, 3, -0.5, -3);
    QColor ink = theme.color(part.isSymbol ? Role::Text3 : token.muted ? Role::Text2 : Role::Text), back;
    switch (token.fill) {
    case FlowToken::Fill::None: break;
    case FlowToken::Fill::Alert:
    case FlowToken::Fill::After: back = theme.color(soft); break;
    case FlowToken::Fill::First:
        back = theme.color(m_tone);
        ink = Theme::textOn(back);
        break;
    case FlowToken::Fill::Shade: {
        const double at = std::clamp(token.shade, 0.0, 1.0);
        back = QColor::fromRgb(theme.ramp(Ramp::Evidence)[std::size_t(std::lround(at * (kMapColours - 1)))]);
        if (at > 0) ink = Theme::textOn(back);
        break;
    }
    }
    if (back.isValid() && !(token.fill == FlowToken::Fill::Shade && token.shade <= 0)) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(back);
        painter.drawRoundedRect(fill, metrics::kCellRadius + 1, metrics::kCellRadius + 1);
    }
    QFont font = theme.font(m_style);
    if (token.fill == FlowToken::Fill::First) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(ink);
    // A heavier weight is wider: it may stand over its box, never be cut by it.
    painter.drawText(part.box.adjusted(-2, 0, 2, 0), Qt::AlignCenter | Qt::TextDontClip, part.text);
    if (part.token == m_current) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme.color(Role::Text), 1.5));
        painter.drawRoundedRect(fill.adjusted(-1.5, -1, 1.5, 1), metrics::kCellRadius + 2, metrics::kCellRadius + 2); // around a letter, not on it
    }
}

void TokenFlow::paintEvent(QPaintEvent* event) {
    const Theme& theme = Theme::instance();
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_parts.empty() && !m_placeholder.isEmpty()) {
        painter.setFont(theme.font(TextStyle::Body));
        painter.setPen(theme.color(Role::Text3));
        painter.drawText(viewport()->rect().adjusted(kRim, kRim, -kRim, -kRim), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_placeholder);
    }
    const int top = verticalScrollBar()->value();
    painter.translate(0, -top);
    const QRectF dirty = QRectF(event->rect()).translated(0, top);
    for (const Part& part : m_parts)
        if (part.box.intersects(dirty)) paintPart(painter, part);
    if (m_caret) painter.fillRect(QRectF(m_pen.x() + 2, m_pen.y() + 5, kCaret, lineHeight() - 10), theme.color(m_tone));
    painter.translate(0, top);
    if (hasFocus()) paint::focusRing(painter, QRectF(viewport()->rect()), metrics::kControlRadius);
}

void TokenFlow::ensureVisible(int index) {
    const QRect rect = tokenRect(index);
    if (rect.isEmpty()) return;
    if (rect.top() < 0)
        verticalScrollBar()->setValue(verticalScrollBar()->value() + rect.top() - kRim);
    else if (rect.bottom() > viewport()->height())
        verticalScrollBar()->setValue(verticalScrollBar()->value() + rect.bottom() - viewport()->height() + kRim);
}

} // namespace moa
