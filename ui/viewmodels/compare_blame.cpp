// Who is to blame for the chosen token, and the edits that follow from it.
#include "ui/viewmodels/compare_model.h"

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

void CompareModel::blame() {
    if (m_selected < 0) select(firstDivergence() >= 0 ? firstDivergence() : int(m_tokens.size()) - 1);
    if (m_selected < 0 || m_state == State::Reading || m_blaming == m_selected) return;
    if (!isComparable(m_selected) || m_request.apart) {
        const QString why = m_request.apart ? tr("One cache after the other: blame needs both. Shorten the prompt until both fit.")
                            : m_selected < m_comparableFrom ? tr("It was decided under another plan. Continue from a token before it.")
                                                            : tr("The two texts differ before it. Run both on the dense tokens to ask about it.");
        return emit m_workspace.problem({u"compare"_s, tr("No head can be blamed for token %1").arg(m_selected), why, {}});
    }
    forgetBlame();
    m_blaming = m_selected;
    Job* job = m_service.blame(m_selected);
    const quint64 generation = m_generation;
    connect(job, &Job::finished, this, [this, job, generation, token = m_selected] {
        if (!isMine(generation)) return;
        if (m_blaming == token) m_blaming = -1;
        if (job->state() == JobState::Failed)
            emit m_workspace.problem({u"compare"_s, tr("No head was blamed for token %1").arg(token), job->error().message, {}});
        emit blameChanged();
    });
    emit blameChanged();
}

void CompareModel::onBlame(const CompareBlame& blame) {
    m_blame = blame;
    m_scores.clear();
    m_mending.reset();
    m_row = -1;
    if (!blame.rows.isEmpty()) return chooseRow(0);
    emit blameChanged();
}

void CompareModel::onScore(const CompareScore& score) {
    if (!m_blame || score.token != m_blame->token) return;
    if (score.isMending)
        m_mending = score;
    else if (score.heads.size() == 1)
        m_scores[score.heads.front()] = score;
    emit blameChanged();
}

const CompareBlame* CompareModel::blameNow() const {
    return m_blame && m_blame->token == m_selected ? &*m_blame : nullptr;
}

const CompareScore* CompareModel::score(int layer, int kvHead) const {
    const auto found = m_scores.find({layer, kvHead});
    return found == m_scores.end() ? nullptr : &found->second;
}

void CompareModel::chooseRow(int row) {
    const CompareBlame* now = blameNow();
    if (now == nullptr || row < 0 || row >= now->rows.size()) return;
    m_row = row;
    const CompareBlameRow& chosen = now->rows[row];
    SelectionModel& selection = m_workspace.selection();
    selection.selectHead({chosen.layer, chosen.kvHead});
    // Where in the prompt the head would have looked; other pages know the prompt alone.
    if (!chosen.hidden.empty() && m_prompt == m_workspace.prompt()) {
        const int key = int(std::ranges::max_element(chosen.hidden) - chosen.hidden.begin());
        const int last = int(m_prompt->ids.size()) - 1;
        selection.pointAt(std::min(int(m_request.ids.size()) + now->token - 1, last), std::min(key, last));
    }
    emit blameChanged();
}

void CompareModel::scoreRow(int row) {
    const CompareBlame* now = blameNow();
    if (now == nullptr || row < 0 || row >= now->rows.size()) return;
    m_service.score(now->token, {{now->rows[row].layer, now->rows[row].kvHead}});
}

void CompareModel::rerunRow(int row) {
    const CompareBlame* now = blameNow();
    if (now == nullptr || row < 0 || row >= now->rows.size()) return;
    Job* job = m_service.rerun(now->token, {{now->rows[row].layer, now->rows[row].kvHead}});
    connect(job, &Job::finished, this, [this, job] {
        if (job->state() == JobState::Failed) emit m_workspace.problem({u"compare"_s, tr("The re-run stopped"), job->error().message, {}});
    });
}

bool CompareModel::widen(const std::vector<HeadRef>& heads, const Rule& rule, const QString& what) {
    return !heads.empty() && m_workspace.plan().setRule({heads.begin(), heads.end()}, rule, what);
}

bool CompareModel::applyRow(int row) {
    const CompareBlame* now = blameNow();
    if (now == nullptr || row < 0 || row >= now->rows.size()) return false;
    const HeadRef head{now->rows[row].layer, now->rows[row].kvHead};
    return widen({head}, {0, 1}, tr("Widen L%1 · KV%2 to everything").arg(head.layer).arg(head.kvHead));
}

std::vector<HeadRef> CompareModel::mendingHeads() const {
    std::vector<HeadRef> heads;
    if (m_mending && blameNow() != nullptr)
        for (const auto& [layer, kvHead] : m_mending->heads) heads.push_back({layer, kvHead});
    return heads;
}

bool CompareModel::applyMending() {
    return widen(mendingHeads(), {0, 1}, tr("Widen the heads that mend token %1").arg(m_selected));
}

std::int64_t CompareModel::spanForEvidence(int row, double share) const {
    const CompareBlame* now = blameNow();
    if (now == nullptr || row < 0 || row >= now->rows.size() || now->rows[row].hidden.empty()) return 0;
    const std::vector<float>& hidden = now->rows[row].hidden;
    const double wanted = share * now->rows[row].hiddenMass;
    double shown = 0;
    std::size_t key = hidden.size(); // nearer keys first
    while (key > 0 && shown < wanted) shown += double(hidden[--key]);
    const auto window = roundUpToBlock(std::int64_t(hidden.size() - key));
    return std::min<std::int64_t>(window + m_request.plan.sink, m_setup ? m_setup->n : window);
}

bool CompareModel::applyEvidenceSpan(int row) {
    const std::int64_t span = spanForEvidence(row);
    const CompareBlame* now = blameNow();
    if (span <= 0 || now == nullptr) return false;
    const HeadRef head{now->rows[row].layer, now->rows[row].kvHead};
    PlanDocument& plan = m_workspace.plan();
    return widen({head}, plan.ruleWithSpan(head, span, m_setup->n, false),
                 tr("Widen L%1 · KV%2 to its evidence").arg(head.layer).arg(head.kvHead));
}

CompareModel::Price CompareModel::priceOf(const std::vector<HeadRef>& heads) const {
    Price price;
    if (!m_setup || !m_workspace.model()) return price;
    const SparsePlan& before = m_workspace.plan().plan();
    SparsePlan after = before;
    const int group = after.heads / after.kvHeads;
    for (const HeadRef head : heads)
        for (int h = 0; h < group; ++h) after.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * group + h)) = {0, 1};
    const auto bytes = [&](const SparsePlan& plan) {
        return plan.kvBytes(m_setup->n, m_workspace.model()->config.headDim, m_workspace.bytesPerValue());
    };
    price.density = after.density(m_setup->n);
    price.moreBytes = bytes(after) - bytes(before);
    return price;
}

} // namespace moa
