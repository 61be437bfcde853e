// Rows of the page, and how its parts move each other.
#include "ui/views/compare_page.h"

#include "ui/views/compare_blame_panel.h"
#include "ui/views/compare_charts.h"
#include "ui/views/compare_controls.h"
#include "ui/views/compare_export.h"
#include "ui/views/compare_message.h"
#include "ui/views/compare_needle_panel.h"
#include "ui/views/compare_panes.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/compare/alternatives_popover.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/empty_state.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLocale>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRight = 372, kShownAlternatives = 5, kEarliestOf = 4;
const QString kPage = QStringLiteral("compare");

} // namespace

ComparePage::ComparePage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : DockPage(parent), m_workspace(workspace), m_model(workspace), m_needleModel(workspace), m_actions(actions), m_stack(new QStackedWidget) {
    m_stack->addWidget(start(actions));
    m_stack->addWidget(work());
    setCentre(m_stack);
    setRightWidth(kRight);
    m_blame = new CompareBlamePanel(m_model);
    m_needles = new CompareNeedlePanel(m_needleModel);
    addPanel(u"compare.blame"_s, m_blame, 5);
    addPanel(u"compare.needle"_s, m_needles, 6);
    m_popover = new AlternativesPopover(this);
    connectPanes();
    connectModel();
    addExports();
    connect(this, &DockPage::widthClassChanged, this, &ComparePage::arrange);
    arrange(widthClass());
    refresh();
}

QWidget* ComparePage::start(ActionRegistry& actions) {
    auto* panel = new Panel(tr("Compare"));
    m_empty = new EmptyState(u"compare"_s);
    QPushButton* open = m_empty->addSecondary(tr("Open plan…"));
    if (QAction* action = actions.action(u"plan.open"_s)) connect(open, &QPushButton::clicked, action, &QAction::trigger);
    connect(m_empty, &EmptyState::primaryClicked, this, [this] {
        if (!m_workspace.isLoaded()) return m_actions.action(u"model.tiny"_s)->trigger();
        if (m_workspace.prompt() && !m_model.hasPlan()) return usePlanHalf();
        m_runsWhenReady = true;
        m_workspace.samplePrompt(u"lines"_s, m_workspace.length(), kEarliestOf, kPage);
    });
    panel->body()->addWidget(m_empty, 1);
    m_first = new CompareMessage;
    panel->body()->addWidget(m_first);
    connect(m_first, &CompareMessage::sent, this, &ComparePage::send);
    return panel;
}

QWidget* ComparePage::work() {
    m_controls = new CompareControls(m_model);
    m_dense = new ComparePane(m_model, true);
    m_sparse = new ComparePane(m_model, false);
    m_evidence = new CompareEvidence(m_model);
    m_dense->body()->setStretchFactor(&m_dense->flow(), 3);
    m_dense->body()->addWidget(m_evidence, 4);
    m_kl = new CompareKlPanel(m_model);
    m_bytes = new ComparePairPanel(m_model, true);
    m_speed = new ComparePairPanel(m_model, false);
    m_saving = new CompareSavingPanel(m_model);
    m_message = new CompareMessage;
    const auto rowOf = [](std::initializer_list<QWidget*> widgets) {
        auto* row = new QHBoxLayout;
        row->setSpacing(metrics::kGutter);
        for (QWidget* widget : widgets) row->addWidget(widget, 1);
        return row;
    };
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_controls);
    column->addLayout(rowOf({m_dense, m_sparse}), 10);
    column->addWidget(m_message);
    column->addWidget(m_kl, 4);
    column->addLayout(rowOf({m_bytes, m_speed, m_saving}), 4);
    return box;
}

void ComparePage::connectPanes() {
    m_dense->flow().followScroll(m_sparse->flow());
    for (ComparePane* pane : {m_dense, m_sparse}) {
        connect(pane, &ComparePane::opened, this, [this, pane](int token) { showAlternatives(*pane, token, true); });
        connect(pane, &ComparePane::hovered, this, [this, pane](int token) {
            if (m_popover->hasFocus() || m_popover->underMouse()) return; // somebody reads it
            token < 0 ? m_popover->hide() : showAlternatives(*pane, token, false);
        });
    }
    connect(m_popover, &AlternativesPopover::continueAsked, this, [this](int token) {
        m_dense->flow().setFocus(Qt::OtherFocusReason);
        m_model.continueFrom(m_popoverToken, token);
    });
    connect(m_popover, &AlternativesPopover::closed, this, [this](bool hadFocus) {
        if (hadFocus) m_dense->flow().setFocus(Qt::OtherFocusReason);
    });
    connect(m_popover, &AlternativesPopover::blameAsked, &m_model, [this] {
        m_popover->hide();
        m_model.blame();
    });
    connect(m_blame, &CompareBlamePanel::inspectAsked, this, &ComparePage::inspectAsked);
    connect(m_message, &CompareMessage::sent, this, &ComparePage::send);
    connect(m_needles, &CompareNeedlePanel::openAsked, this, [this](int depth, int length) {
        m_runsWhenReady = m_thenBlames = m_needleModel.open(depth, length);
    });
}

void ComparePage::connectModel() {
    connect(&m_model, &CompareModel::stateChanged, this, &ComparePage::refresh);
    connect(&m_model, &CompareModel::tokensChanged, this, [this] {
        m_dense->refreshTokens();
        m_sparse->refreshTokens();
    });
    connect(&m_model, &CompareModel::selectionChanged, this, [this] {
        m_dense->refreshSelection();
        m_sparse->refreshSelection();
        m_evidence->refresh();
    });
    connect(&m_model, &CompareModel::blameChanged, this, [this] {
        m_evidence->refresh();
        m_blame->setEvidenceKey(m_evidence->key());
    });
    connect(m_evidence, &CompareEvidence::keyChanged, this, [this] { m_blame->setEvidenceKey(m_evidence->key()); });
    connect(&m_workspace, &Workspace::promptChanged, this, [this] {
        if (!std::exchange(m_runsWhenReady, false) || !m_workspace.prompt()) return;
        if (m_model.obstacle().isEmpty()) m_model.start({0, m_thenBlames});
    });
    connect(&m_model, &CompareModel::stateChanged, this, [this] {
        if (!m_thenBlames || m_model.state() != CompareModel::State::Resting || m_model.job() != nullptr) return;
        m_thenBlames = false;
        if (m_model.firstDivergence() >= 0) m_model.blame();
    });
    connect(&m_workspace, &Workspace::problem, this, [this](const Problem& problem) {
        if (problem.page == kPage) m_runsWhenReady = m_thenBlames = false;
    });
    connect(&Theme::instance(), &Theme::changed, this, &ComparePage::refresh);
}

void ComparePage::addExports() {
    new PanelExport(*m_dense, m_workspace, [this] { return compareTokensContent(m_model); });
    new PanelExport(*m_sparse, m_workspace, [this] { return compareTokensContent(m_model); });
    new PanelExport(*m_kl, m_workspace, [this] { return compareTokensContent(m_model); });
    new PanelExport(*m_bytes, m_workspace, [this] { return compareSummaryContent(m_model); });
    new PanelExport(*m_speed, m_workspace, [this] { return compareTokensContent(m_model); });
    new PanelExport(*m_saving, m_workspace, [this] { return compareSummaryContent(m_model); });
    new PanelExport(*m_blame, m_workspace, [this] { return compareBlameContent(m_model); });
    new PanelExport(*m_needles, m_workspace, [this] { return needleContent(m_needleModel); });
}

void ComparePage::usePlanHalf() {
    const SparsePlan& shape = m_workspace.plan().plan();
    m_workspace.usePlan({tr("uniform-50"), {}, uniformPlan(shape.layers, shape.heads, shape.kvHeads, {0, 0.5}), {}});
}

void ComparePage::shorten(std::int64_t tokens) {
    m_runsWhenReady = true;
    m_workspace.shortenPrompt(tokens, kPage);
}

void ComparePage::send(const QString& text) {
    if (m_model.state() == CompareModel::State::Resting && !m_model.tokens().empty()) return m_model.say(text);
    m_runsWhenReady = true;
    m_workspace.askPrompt(text, kPage);
}

void ComparePage::refreshStart() {
    const bool loaded = m_workspace.isLoaded(), prompt = m_workspace.prompt() != nullptr;
    m_empty->setSentence(m_model.obstacle());
    m_empty->setPrimary(!loaded            ? tr("Open MoA Tiny")
                        : !prompt          ? tr("Sample needle prompt")
                        : m_model.hasPlan() ? QString()
                                            : tr("Uniform 50%"));
    m_first->setVisible(loaded && !prompt);
    m_first->setPurpose(false, {});
    for (QPushButton* button : m_empty->findChildren<QPushButton*>())
        if (button->text() == tr("Open plan…")) button->setVisible(loaded && prompt && !m_model.hasPlan());
}

void ComparePage::refresh() {
    const bool works = m_model.state() != CompareModel::State::Empty || m_model.obstacle().isEmpty();
    m_stack->setCurrentIndex(works ? 1 : 0);
    refreshStart();
    if (!works) return;
    m_dense->refresh();
    m_sparse->refresh();
    m_message->setPurpose(!m_model.tokens().empty(), m_model.whyNotSay());
}

void ComparePage::showAlternatives(ComparePane& pane, int token, bool takesFocus) {
    if (token < 0 || token >= int(m_model.tokens().size())) return;
    const CompareToken& about = m_model.tokens()[std::size_t(token)];
    AlternativesPopover::Content content;
    content.title = token == m_model.firstDivergence() ? tr("Token %1, first divergence").arg(token) : tr("Token %1").arg(token);
    content.kl = tr("KL %1 nats").arg(QLocale().toString(about.kl, 'f', about.kl < 0.01 ? 5 : 2));
    content.denseName = tr("Dense");
    content.sparseName = m_model.request().planName;
    for (const bool dense : {true, false}) {
        QList<CompareAlternative> all = about.alternatives;
        std::ranges::stable_sort(all, std::greater{}, dense ? &CompareAlternative::dense : &CompareAlternative::sparse);
        auto& side = dense ? content.dense : content.sparse;
        for (const CompareAlternative& one : all.mid(0, kShownAlternatives))
            side.push_back({one.token, one.text, dense ? one.dense : one.sparse, one.token == (dense ? about.dense : about.sparse)});
    }
    m_popoverToken = token;
    const QRect rect = pane.tokenRect(token);
    m_popover->present(content, QRect(pane.flow().viewport()->mapTo(this, rect.topLeft()), rect.size()), this->rect());
    if (takesFocus) m_popover->setFocus(Qt::OtherFocusReason);
}

void ComparePage::keyPressEvent(QKeyEvent* event) {
    // Letters come here from the canvases, which leave what is not theirs.
    if (m_stack->currentIndex() == 0 || (event->modifiers() & ~Qt::KeypadModifier) != 0) return DockPage::keyPressEvent(event);
    switch (event->key()) {
    case Qt::Key_Space: return m_model.runOrPause();
    case Qt::Key_Right: return m_model.step();
    case Qt::Key_B: return m_model.blame();
    case Qt::Key_Period: return m_model.selectPeak(1);
    case Qt::Key_Comma: return m_model.selectPeak(-1);
    case Qt::Key_Escape: return m_popover->hide();
    default: DockPage::keyPressEvent(event);
    }
}

void ComparePage::showEvent(QShowEvent* event) {
    DockPage::showEvent(event);
    refresh();
}

void ComparePage::arrange(WidthClass width) {
    const bool narrow = width != WidthClass::Wide;
    m_controls->setNarrow(narrow);
    m_kl->setNarrow(narrow);
    m_bytes->setNarrow(narrow);
    m_speed->setNarrow(narrow);
    m_saving->setNarrow(narrow);
    m_dense->setNarrow(narrow);
    m_sparse->setNarrow(narrow);
    m_evidence->setNarrow(narrow);
}

} // namespace moa
