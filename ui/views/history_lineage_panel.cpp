#include "ui/views/history_lineage_panel.h"

#include "ui/viewmodels/history_text.h"
#include "ui/widgets/history/lineage_view.h"
#include "ui/widgets/shell/painting.h"

#include <QFileInfo>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <numeric>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// What leads to others stands above them.
std::vector<std::size_t> orderOf(const Lineage& lineage) {
    std::vector<std::size_t> order(lineage.nodes.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
        const LineageNode &x = lineage.nodes[a], &y = lineage.nodes[b];
        return std::tuple(x.depth, x.when) < std::tuple(y.depth, y.when);
    });
    return order;
}

LineageMark markOf(const LineageNode& node, std::optional<RunId> current) {
    using Kind = LineageNode::Kind;
    LineageMark mark;
    mark.id = node.id;
    const QString label = history_text::plain(node.label), detail = history_text::plain(node.detail, 120);
    const QString when = node.when == TimePoint{} ? QString() : history_text::when(node.when);
    switch (node.kind) {
    case Kind::Run:
        mark.title = u"#%1"_s.arg(node.id);
        mark.kind = history_text::kind(node.label);
        mark.detail = when;
        mark.role = Role::Dense;
        mark.isRun = true;
        mark.isFocus = current && current->value == node.id;
        mark.tip = QObject::tr("Run %1, %2, %3").arg(node.id).arg(mark.kind, detail);
        break;
    case Kind::Plan:
        mark.title = label;
        mark.kind = QObject::tr("plan");
        mark.detail = detail;
        mark.role = Role::Sparse;
        mark.isFocus = node.isFocus;
        mark.tip = QObject::tr("Plan %1, from %2").arg(label, detail);
        break;
    case Kind::Profile:
        mark.title = QFileInfo(label).fileName();
        mark.kind = QObject::tr("profile");
        mark.detail = detail;
        mark.role = Role::Accent;
        mark.tip = label;
        break;
    }
    return mark;
}

} // namespace

HistoryLineagePanel::HistoryLineagePanel(HistoryModel& model, QWidget* parent)
    : Panel(tr("Lineage"), parent), m_model(model), m_view(new LineageView), m_note(new QLabel) {
    scrollBody();
    m_note->setWordWrap(true);
    m_note->setTextFormat(Qt::PlainText);
    body()->addWidget(m_view);
    body()->addWidget(m_note);
    body()->addStretch(1);
    connect(m_view, &LineageView::opened, this, &HistoryLineagePanel::open);
    connect(&m_model, &HistoryModel::passportChanged, this, &HistoryLineagePanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryLineagePanel::refresh);
    refresh();
}

void HistoryLineagePanel::refresh() {
    const auto passport = m_model.passport();
    if (m_model.current() && !passport) return; // the old one stays until the new one is read
    std::vector<LineageMark> marks;
    m_queries.clear();
    if (passport) {
        const Lineage& lineage = passport->lineage;
        const std::vector<std::size_t> order = orderOf(lineage);
        std::vector<int> rowOf(lineage.nodes.size(), -1);
        for (std::size_t row = 0; row < order.size(); ++row) rowOf[order[row]] = int(row);
        for (const std::size_t at : order) {
            const LineageNode& node = lineage.nodes[at];
            marks.push_back(markOf(node, m_model.current()));
            for (const LineageEdge& edge : lineage.edges)
                if (edge.to == at && rowOf[edge.from] < rowOf[at]) marks.back().from.push_back(rowOf[edge.from]);
            m_queries.push_back(node.kind == LineageNode::Kind::Run ? QString()
                                : node.kind == LineageNode::Kind::Plan ? QString::fromStdString(exactTerm("plan", node.label))
                                                                       : QString::fromStdString(exactTerm("profile", node.label)));
        }
    }
    styleLabel(m_note, TextStyle::Caption, Role::Text3);
    m_note->setText(!passport                              ? tr("Choose a run.")
                    : marks.empty()                        ? tr("This run used no plan.")
                    : passport->lineage.omittedRuns > 0 ? tr("%1 older uses are not drawn.").arg(passport->lineage.omittedRuns)
                                                        : QString());
    m_note->setVisible(!m_note->text().isEmpty());
    m_view->setVisible(!marks.empty());
    m_view->setMarks(std::move(marks));
}

void HistoryLineagePanel::open(int index) {
    const LineageMark& mark = m_view->marks()[std::size_t(index)];
    if (mark.isRun)
        m_model.show(RunId(mark.id));
    else
        emit queryAsked(m_queries[std::size_t(index)]);
}

} // namespace moa
