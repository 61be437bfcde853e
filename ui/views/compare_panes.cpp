// Tokens from the model's values; a word of the prompt from its pieces.
#include "ui/views/compare_panes.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBefore = 36, kAfter = 44; ///< tokens of the prompt around the evidence

QString speedText(double tokensPerSecond) {
    return CompareModel::tr("%1 tok/s").arg(QLocale().toString(tokensPerSecond, 'f', tokensPerSecond < 100 ? 1 : 0));
}

} // namespace

ComparePane::ComparePane(CompareModel& model, bool dense, QWidget* parent)
    : Panel(dense ? tr("Dense") : tr("Sparse"), parent), m_model(model), m_dense(dense),
      m_speed(new Chip({}, dense ? ChipTone::Dense : ChipTone::Sparse)), m_bytes(new Chip({}, dense ? ChipTone::Dense : ChipTone::Sparse)),
      m_user(new QLabel(tr("User"))), m_question(new ElidingLabel),
      m_flow(new TokenFlow(dense ? tr("Dense answer") : tr("Sparse answer"), dense ? Role::Dense : Role::Sparse, TextStyle::Answer)) {
    setMark(dense ? Role::Dense : Role::Sparse);
    addHeaderWidget(m_speed);
    addHeaderWidget(m_bytes);
    m_speed->setToolTip(tr("Median of single steps, the first left out; both sides on one clock"));
    m_bytes->setToolTip(tr("Keys and values allocated, with room for all new tokens and, for sparse, for looking back at them"));
    auto* row = new QHBoxLayout;
    row->setSpacing(16);
    row->addWidget(m_user);
    row->addWidget(m_question, 1);
    body()->setSpacing(6);
    body()->addLayout(row);
    body()->addWidget(m_flow, 1);
    connect(m_flow, &TokenFlow::chosen, &model, [this](int place) {
        if (const int token = tokenAt(place); token >= 0) m_model.select(token);
    });
    connect(&model, &CompareModel::progressChanged, this, &ComparePane::refreshWaiting);
    connect(m_flow, &TokenFlow::opened, this, [this](int place) { emit opened(tokenAt(place)); });
    connect(m_flow, &TokenFlow::hovered, this, [this](int place) { emit hovered(tokenAt(place)); });
}

QString ComparePane::userText() const {
    const auto prompt = m_model.state() == CompareModel::State::Empty ? m_model.workspace().prompt() : m_model.prompt();
    if (!prompt) return {};
    const qsizetype end = prompt->answerBegin >= 0 ? prompt->answerBegin : prompt->pieces.size();
    // Turns stand between special tokens; the last one that is more than a role's name is the user's.
    static const QStringList roles{u"assistant"_s, u"user"_s, u"system"_s, u"model"_s};
    constexpr qsizetype kMost = 400;
    QString turn;
    for (qsizetype i = end; i-- > 0;) {
        if (prompt->special[std::size_t(i)]) {
            if (!turn.trimmed().isEmpty() && !roles.contains(turn.trimmed())) break;
            turn.clear();
        } else {
            turn.prepend(prompt->pieces[i]);
            if (turn.size() > kMost) break;
        }
    }
    return turn.trimmed().right(kMost).simplified();
}

void ComparePane::refreshHeader() {
    const auto& setup = m_model.setup();
    if (!m_dense) {
        const bool running = m_model.state() != CompareModel::State::Empty;
        setTitle(running ? m_model.request().planName : m_model.hasPlan() ? m_model.workspace().plan().name() : tr("Sparse"));
    }
    const double speed = m_model.tokensPerSecond(m_dense);
    m_speed->setVisible(speed > 0 && !m_narrow); // its chart says it too
    m_speed->setText(speedText(speed));
    const CompareMemory need = m_model.memory();
    const quint64 bytes = setup ? (m_dense ? setup->denseBytes : setup->sparseBytes) : m_dense ? need.dense : need.sparse;
    m_bytes->setVisible(bytes > 0 && (setup || m_model.workspace().prompt()));
    m_bytes->setText(setup ? tr("%1 KV").arg(bytesText(bytes)) : tr("needs %1 KV").arg(bytesText(bytes)));
    if (m_narrow) {
        setNote({});
    } else if (m_dense) {
        const std::int64_t keys = setup ? setup->promptTokens + std::int64_t(m_model.tokens().size()) : m_model.promptTokens();
        setNote(keys > 0 ? tr("all %1 keys").arg(paint::count(keys)) : QString());
    } else {
        const SparsePlan& plan = setup ? m_model.request().plan : m_model.workspace().plan().plan();
        const std::int64_t n = setup ? setup->n : std::max<std::int64_t>(m_model.promptTokens(), 1);
        setNote(m_model.hasPlan() || setup ? tr("density %1").arg(QLocale().toString(plan.density(n), 'f', 3)) : QString());
    }
}

void ComparePane::setNarrow(bool narrow) {
    m_narrow = narrow;
    refresh();
}

void ComparePane::refresh() {
    styleLabel(m_user, TextStyle::Caption, Role::Text2);
    m_question->setStyle(TextStyle::Table, Role::Text2);
    const QString question = userText();
    m_question->setText(question.isEmpty() ? QString() : u"… "_s + question.right(160));
    m_user->setVisible(!question.isEmpty() && !m_narrow); // a low window keeps its lines for the answer
    m_question->setVisible(!m_narrow);
    refreshWaiting();
    m_flow->setCaret(m_model.state() == CompareModel::State::Running || m_model.canGoOn());
    refreshHeader();
    refreshTokens();
}

void ComparePane::refreshWaiting() {
    using State = CompareModel::State;
    QString waiting;
    if (m_model.state() == State::Reading) {
        const Progress progress = m_model.job() != nullptr ? m_model.job()->progress() : Progress{};
        const bool mine = progress.stage == (m_dense ? "read, dense" : "read, sparse");
        const bool writes = progress.stage == "write, dense"; // one cache after the other
        waiting = mine          ? tr("Reading the prompt, %1 of %2 tokens").arg(paint::count(progress.done), paint::count(progress.total))
                  : writes      ? (m_dense ? tr("Writing, %1 of %2 tokens").arg(progress.done).arg(progress.total) : tr("Starts once the dense side is done: both caches do not fit"))
                  : m_dense     ? tr("Reading the prompt…")
                                : tr("Reads after the dense side");
    } else if (m_model.state() == State::Empty) {
        waiting = m_dense ? tr("Space runs both, Right steps one token.") : tr("The same prompt under the plan.");
    }
    m_flow->setPlaceholder(waiting);
}

FlowToken ComparePane::shown(int index) const {
    const CompareToken& token = m_model.tokens()[std::size_t(index)];
    FlowToken shown{m_dense ? token.denseText : token.sparseText};
    shown.special = m_dense ? token.denseEnds : token.sparseEnds;
    shown.spoken = m_model.sentence(index);
    if (index == m_model.firstDivergence())
        shown.fill = FlowToken::Fill::First;
    else if (token.differs() || !token.sameContext)
        shown.fill = FlowToken::Fill::After;
    else if (!m_dense && token.kl >= CompareModel::kAlert)
        shown.fill = FlowToken::Fill::Alert;
    return shown;
}

void ComparePane::refreshTokens() {
    const std::vector<CompareToken>& all = m_model.tokens();
    std::vector<FlowToken> tokens;
    m_tokenOf.clear();
    m_placeOf.assign(all.size(), -1);
    bool ended = false;
    auto turn = m_model.turns().begin();
    for (int t = 0; t <= int(all.size()); ++t) {
        if (turn != m_model.turns().end() && turn->before == t) {
            tokens.push_back({.text = tr("\n%1\n").arg(turn->text), .muted = true, .spoken = tr("User: %1").arg(turn->text)});
            m_tokenOf.push_back(-1);
            ended = false;
            ++turn;
        }
        if (t == int(all.size()) || ended) continue; // behind its end a side's tokens are no text
        m_placeOf[std::size_t(t)] = int(tokens.size());
        m_tokenOf.push_back(t);
        tokens.push_back(shown(t));
        ended = m_dense ? all[std::size_t(t)].denseEnds : all[std::size_t(t)].sparseEnds;
    }
    m_flow->setTokens(std::move(tokens));
    refreshSelection();
    refreshHeader();
}

void ComparePane::refreshSelection() {
    const int token = m_model.selected();
    m_flow->setCurrent(token >= 0 && token < int(m_placeOf.size()) ? m_placeOf[std::size_t(token)] : -1);
}

QRect ComparePane::tokenRect(int token) const {
    return token >= 0 && token < int(m_placeOf.size()) ? m_flow->tokenRect(m_placeOf[std::size_t(token)]) : QRect();
}

CompareEvidence::CompareEvidence(CompareModel& model, QWidget* parent)
    : QWidget(parent), m_model(model), m_title(new QLabel), m_note(new QLabel), m_legend(new QLabel(tr("Orange: attention that the plan discards, by amount"))),
      m_flow(new TokenFlow(tr("Prompt around the evidence"), Role::Sparse, TextStyle::Table)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 6, 0, 0);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->addWidget(m_title);
    row->addStretch(1);
    row->addWidget(m_note);
    column->addLayout(row);
    column->addWidget(m_flow, 1);
    column->addWidget(m_legend);
    constexpr int kLines = 2;
    m_flow->setMinimumHeight(kLines * Theme::instance().rowHeight(TextStyle::Table) + 8);
    connect(m_flow, &TokenFlow::chosen, this, [this](int index) {
        m_key = m_first + index;
        const auto prompt = m_model.prompt();
        if (prompt && prompt == m_model.workspace().prompt())
            m_model.workspace().selection().pointAt(m_model.workspace().selection().now().query, std::min(m_key, int(prompt->ids.size()) - 1));
        refresh();
    });
    connect(&Theme::instance(), &Theme::changed, this, &CompareEvidence::refresh);
    refresh();
}

void CompareEvidence::setNarrow(bool narrow) {
    m_legend->setVisible(!narrow);
}

QString CompareEvidence::pieceAt(int key) const {
    const int prompt = int(m_model.request().ids.size());
    return key < prompt ? m_model.prompt()->pieces[key] : m_model.blameNow()->keys.value(key - prompt);
}

void CompareEvidence::refresh() {
    styleLabel(m_title, TextStyle::Key, Role::Text);
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    styleLabel(m_legend, TextStyle::Caption, Role::Text3);
    const CompareBlame* blame = m_model.blameNow();
    const int row = m_model.row();
    const bool shown = blame != nullptr && row >= 0 && !blame->rows[row].hidden.empty() && m_model.prompt();
    setVisible(shown);
    if (!shown) {
        m_key = -1;
        return;
    }
    const std::vector<float>& hidden = blame->rows[row].hidden;
    const int keys = int(hidden.size());
    const int peak = int(std::ranges::max_element(hidden) - hidden.begin());
    if (m_key < std::max(peak - kBefore, 0) || m_key > peak + kAfter) m_key = peak;
    m_first = std::max(peak - kBefore, 0);
    const int last = std::min(peak + kAfter, keys - 1);
    const double most = std::max(double(hidden[std::size_t(peak)]), 1e-12);
    std::vector<FlowToken> tokens;
    for (int key = m_first; key <= last; ++key) {
        const double share = double(hidden[std::size_t(key)]);
        tokens.push_back({.text = pieceAt(key),
                          .fill = FlowToken::Fill::Shade,
                          .shade = share / most < 0.02 ? 0.0 : share / most,
                          .spoken = tr("Key %1, “%2”, attention discarded %3").arg(paint::count(key), pieceAt(key).trimmed(), paint::weight(share))});
    }
    m_flow->setTokens(std::move(tokens));
    m_flow->setCurrent(m_key - m_first);
    m_title->setText(tr("Prompt at key %1").arg(paint::count(m_key)));
    m_note->setText(tr("%1 of %2 KV heads still see this token").arg(blame->seenBy[std::size_t(m_key)]).arg(blame->heads));
    emit keyChanged();
}

} // namespace moa
