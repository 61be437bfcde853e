// Steps of the selection history.
#include "ui/viewmodels/selection_model.h"

namespace moa {

void SelectionModel::apply(const Selection& selection, bool isStep) {
    if (selection == m_now) return;
    m_now = selection;
    if (isStep) {
        m_steps.resize(m_at + 1);
        m_steps.push_back(m_now);
        if (m_steps.size() > kDepth) m_steps.erase(m_steps.begin());
        m_at = m_steps.size() - 1;
    } else {
        m_steps[m_at] = m_now;
    }
    emit changed();
}

void SelectionModel::selectHead(HeadRef head) {
    selectHeads({head}, head);
}

void SelectionModel::selectHeads(const std::set<HeadRef>& heads, HeadRef current) {
    Selection next = m_now;
    next.heads = heads;
    next.heads.insert(current);
    next.current = current;
    apply(next, true);
}

void SelectionModel::selectQueryHead(int queryHead) {
    Selection next = m_now;
    next.queryHead = queryHead;
    apply(next, true);
}

void SelectionModel::pointAt(int query, int key) {
    Selection next = m_now;
    next.query = query;
    next.key = key;
    apply(next, false);
}

void SelectionModel::set(const Selection& selection) {
    apply(selection, false);
}

void SelectionModel::goBack() {
    if (!canGoBack()) return;
    m_now = m_steps[--m_at];
    emit changed();
}

void SelectionModel::goForward() {
    if (!canGoForward()) return;
    m_now = m_steps[++m_at];
    emit changed();
}

void SelectionModel::reset() {
    m_steps = {Selection{}};
    m_at = 0;
    m_now = {};
    emit changed();
}

} // namespace moa
