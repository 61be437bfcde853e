// Layout of the rule and its costs.
#include "ui/widgets/inspect/rule_cost_panel.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/spin_arrows.h"

#include <QDoubleSpinBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>

#include <cmath>

namespace moa {
namespace {

constexpr int kEditRestMs = 500;

void tint(QLabel* label, TextStyle style, Role role) {
    label->setFont(Theme::instance().font(style));
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(role));
    label->setPalette(palette);
}

} // namespace

RuleCostPanel::RuleCostPanel(QWidget* parent) : Panel(tr("Rule and cost"), parent) {
    m_pin = new QPushButton(tr("Pin"));
    m_plan = new QPushButton(tr("Edit in Plan"));
    for (QPushButton* button : {m_pin, m_plan}) {
        button->setProperty("small", true);
        addHeaderWidget(button);
    }
    m_pin->setToolTip(tr("Keep this head's rule out of every search (P)"));
    m_plan->setToolTip(tr("Open this head in the rule editor"));
    scrollBody();
    body()->setSpacing(8);
    body()->addWidget(ruleRow());
    m_costs = new QGridLayout;
    m_costs->setContentsMargins(0, 0, 0, 0);
    m_costs->setHorizontalSpacing(12);
    m_costs->setVerticalSpacing(0);
    m_costs->setColumnStretch(0, 1);
    body()->addLayout(m_costs);
    body()->addWidget(warningRow());
    body()->addStretch(1);
    m_idle.setSingleShot(true);
    m_idle.setInterval(kEditRestMs);
    connect(&m_idle, &QTimer::timeout, this, &RuleCostPanel::ruleEditFinished);
    connect(m_pin, &QPushButton::clicked, this, [this] { emit pinToggled(!m_pinned); });
    connect(m_plan, &QPushButton::clicked, this, &RuleCostPanel::planRequested);
    connect(m_widen, &QPushButton::clicked, this, &RuleCostPanel::widenRequested);
    connect(&Theme::instance(), &Theme::changed, this, &RuleCostPanel::restyle);
    restyle();
}

QWidget* RuleCostPanel::ruleRow() {
    m_alpha = new QSpinBox;
    m_alpha->setGroupSeparatorShown(true);
    m_alpha->setSuffix(tr(" α"));
    m_alpha->setAccessibleName(tr("Alpha, tokens"));
    m_alpha->setToolTip(tr("α: tokens of the span at any length"));
    m_alpha->setKeyboardTracking(false);
    m_beta = new QDoubleSpinBox;
    m_beta->setDecimals(3);
    m_beta->setSuffix(tr(" β"));
    m_beta->setAccessibleName(tr("Beta, share of the length"));
    m_beta->setToolTip(tr("β: how much the span grows per token of the length"));
    m_beta->setKeyboardTracking(false);
    setGrid(-32768, 32768, 1024, 0.125);
    for (QAbstractSpinBox* box :
         {static_cast<QAbstractSpinBox*>(m_alpha), static_cast<QAbstractSpinBox*>(m_beta)}) {
        new SpinArrows(box);
        box->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    }
    m_plus = new QLabel(QStringLiteral("+"));
    m_times = new QLabel(tr("× N ="));
    m_span = new QLabel;
    const auto line = [](std::initializer_list<QWidget*> widgets) {
        auto* box = new QWidget;
        auto* layout = new QHBoxLayout(box);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(6);
        for (QWidget* widget : widgets) layout->addWidget(widget);
        return box;
    };
    m_edit = line({m_alpha, m_plus, m_beta});
    m_result = line({m_times, m_span});
    m_ruleBox = new QWidget;
    m_ruleBox->installEventFilter(this);
    m_rule = new QBoxLayout(QBoxLayout::LeftToRight, m_ruleBox);
    m_rule->setContentsMargins(0, 0, 0, 0);
    m_rule->setSpacing(6);
    m_rule->setSizeConstraint(
        QLayout::SetNoConstraint); // narrow panels put the result below, see arrangeRule
    m_rule->addWidget(m_edit, 0, Qt::AlignLeft);
    m_rule->addWidget(m_result, 0, Qt::AlignLeft);
    m_rule->addStretch(1);
    connect(m_alpha, &QSpinBox::valueChanged, this, &RuleCostPanel::announceEdit);
    connect(m_beta, &QDoubleSpinBox::valueChanged, this, &RuleCostPanel::announceEdit);
    connect(m_alpha, &QSpinBox::editingFinished, this, &RuleCostPanel::finishEdit);
    connect(m_beta, &QDoubleSpinBox::editingFinished, this, &RuleCostPanel::finishEdit);
    return m_ruleBox;
}

QWidget* RuleCostPanel::warningRow() {
    m_warning = new QWidget;
    m_warningIcon = new QLabel;
    m_warningText = new QLabel;
    m_warningText->setWordWrap(true);
    m_widen = new QPushButton;
    m_widen->setProperty("small", true);
    m_widen->setToolTip(tr("Widen to the span that holds the head's influence (Shift+])"));
    auto* layout = new QHBoxLayout(m_warning);
    layout->setContentsMargins(0, 4, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(m_warningIcon);
    layout->addWidget(m_warningText, 1);
    layout->addWidget(m_widen);
    m_warning->hide();
    return m_warning;
}

void RuleCostPanel::arrangeRule() {
    const int room = m_ruleBox->width();
    const bool fits = m_edit->sizeHint().width() + m_rule->spacing() + m_result->sizeHint().width() <= room;
    m_rule->setDirection(fits ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    m_ruleBox->setMinimumSize(m_edit->sizeHint().width(), m_rule->sizeHint().height());
}

bool RuleCostPanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_ruleBox && event->type() == QEvent::Resize) arrangeRule();
    return Panel::eventFilter(watched, event);
}

void RuleCostPanel::announceEdit() {
    m_idle.start();
    emit ruleEdited(m_alpha->value(), m_beta->value());
}

void RuleCostPanel::finishEdit() {
    if (!m_idle.isActive()) return;
    m_idle.stop();
    emit ruleEditFinished();
}

void RuleCostPanel::setRule(double alpha, double beta, qint64 span) {
    const QSignalBlocker quietAlpha(m_alpha), quietBeta(m_beta);
    m_alpha->setValue(int(std::lround(alpha)));
    m_beta->setValue(beta);
    m_span->setText(paint::count(span));
    m_span->setAccessibleName(tr("Span %1").arg(paint::count(span)));
    arrangeRule();
}

void RuleCostPanel::setGrid(int alphaMin, int alphaMax, int alphaStep, double betaStep) {
    const QSignalBlocker quietAlpha(m_alpha), quietBeta(m_beta);
    m_alpha->setRange(alphaMin, alphaMax);
    m_alpha->setSingleStep(alphaStep);
    m_beta->setRange(0, 1);
    m_beta->setSingleStep(betaStep);
    sizeSpinBoxes();
}

void RuleCostPanel::sizeSpinBoxes() {
    // Numbers never elide: as wide as the widest one that the design shows, frame and chevrons.
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Body));
    m_alpha->setFixedWidth(
        metrics.horizontalAdvance(tr("%1 α").arg(paint::count(std::max(m_alpha->maximum(), 10000)))) +
        SpinArrows::kWidth + 18);
    m_beta->setFixedWidth(metrics.horizontalAdvance(tr("%1 β").arg(paint::number(0.125, 3))) +
                          SpinArrows::kWidth + 18);
}

void RuleCostPanel::setPinned(bool pinned) {
    m_pinned = pinned;
    m_pin->setText(pinned ? tr("Unpin") : tr("Pin"));
    updateEnabled();
    restyle();
}

void RuleCostPanel::setEditable(bool editable) {
    m_editable = editable;
    updateEnabled();
}

void RuleCostPanel::updateEnabled() {
    for (QWidget* widget :
         {static_cast<QWidget*>(m_alpha), static_cast<QWidget*>(m_beta), static_cast<QWidget*>(m_widen)})
        widget->setEnabled(m_editable && !m_pinned);
    m_pin->setEnabled(m_editable);
    m_plan->setEnabled(m_editable);
}

void RuleCostPanel::setCosts(const QList<Cost>& costs) {
    m_shown = costs;
    // Labels are made once and reused: this runs on every frame of a drag.
    for (int row = 0; row < std::max(m_costs->rowCount(), int(costs.size())); ++row)
        for (int column = 0; column < 3; ++column) {
            auto* item = m_costs->itemAtPosition(row, column);
            auto* label = item ? qobject_cast<QLabel*>(item->widget()) : nullptr;
            if (row >= costs.size()) {
                if (label) label->hide();
                continue;
            }
            if (!label) {
                label = new QLabel;
                label->setWordWrap(column == 0); // names may take two lines, numbers never
                if (column > 0) label->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
                m_costs->addWidget(label, row, column);
            }
            const Cost& cost = costs[row];
            label->setText(column == 0 ? cost.name : column == 1 ? cost.value : cost.delta);
            label->setToolTip(cost.tip);
            label->setMinimumHeight(Theme::instance().rowHeight(TextStyle::Table));
            tint(label, column == 1 ? TextStyle::Key : TextStyle::Table,
                 cost.stale    ? Role::Text3
                 : column == 0 ? Role::Text2
                 : column == 1 ? Role::Text
                               : cost.deltaRole);
            label->show();
        }
}

void RuleCostPanel::setWarning(const QString& text, qint64 widenTo) {
    m_warningText->setText(text);
    m_widen->setText(tr("Widen to %1").arg(paint::count(widenTo)));
    m_widen->setVisible(widenTo > 0);
    m_warning->setVisible(!text.isEmpty());
}

void RuleCostPanel::restyle() {
    const Theme& theme = Theme::instance();
    m_pin->setIcon(theme.icon(m_pinned ? QStringLiteral("unpin") : QStringLiteral("pin"), Role::Pinned));
    sizeSpinBoxes();
    tint(m_plus, TextStyle::Body, Role::Text2);
    tint(m_times, TextStyle::Body, Role::Text2);
    tint(m_span, TextStyle::Title, Role::Sparse);
    tint(m_warningText, TextStyle::Chip, Role::Sparse);
    m_warningIcon->setPixmap(theme.icon(QStringLiteral("warning"), Role::Sparse).pixmap(16, 16));
    setCosts(QList<Cost>(m_shown));
    arrangeRule();
}

} // namespace moa
