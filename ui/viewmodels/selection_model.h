// The one linked selection: heads, query, key. Every view reads it and writes it; its history is walked with back and
// forward, 200 steps deep, across pages.
#pragma once

#include <QObject>

#include <compare>
#include <set>
#include <vector>

namespace moa {

/// A KV head of a layer.
struct HeadRef {
    int layer = 0, kvHead = 0;
    auto operator<=>(const HeadRef&) const = default;
};

struct Selection {
    HeadRef current;
    std::set<HeadRef> heads{HeadRef{}}; ///< always holds `current`
    int queryHead = -1;   ///< within the group whose attention is shown; −1: their mean
    int query = -1, key = -1; ///< tokens; −1: none
    bool operator==(const Selection&) const = default;
};

class SelectionModel : public QObject {
    Q_OBJECT
public:
    static constexpr std::size_t kDepth = 200;
    using QObject::QObject;

    const Selection& now() const { return m_now; }

    /// Makes `head` the current and only one. The query head within the group is kept.
    void selectHead(HeadRef head);
    void selectHeads(const std::set<HeadRef>& heads, HeadRef current);
    void selectQueryHead(int queryHead);
    /// Pointing moves often: one history step per head, not per token.
    void pointAt(int query, int key);
    /// Everything at once, e.g. to undo a preview.
    void set(const Selection& selection);

    bool canGoBack() const { return m_at > 0; }
    bool canGoForward() const { return m_at + 1 < m_steps.size(); }
    void goBack();
    void goForward();
    /// Another model: nothing of before exists.
    void reset();

signals:
    void changed();

private:
    void apply(const Selection& selection, bool isStep);

    Selection m_now;
    std::vector<Selection> m_steps{Selection{}};
    std::size_t m_at = 0;
};

} // namespace moa
