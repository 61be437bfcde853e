// The widgets of the Inspect page together, laid out as on the page: no overlap, nothing cut, and pictures to
// look at.
#include "tests/ui/inspect/grabs.h"
#include "tests/ui/inspect/synthetic_source.h"
#include "ui/widgets/inspect/distance_profile.h"
#include "ui/widgets/inspect/group_truth.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/inspect/heatmap_strip.h"
#include "ui/widgets/inspect/minimap.h"
#include "ui/widgets/inspect/resolution_ladder.h"
#include "ui/widgets/inspect/row_profile.h"
#include "ui/widgets/inspect/rule_cost_panel.h"
#include "ui/widgets/inspect/token_lane.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/chip.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QTest>
#include <QVBoxLayout>

#include <cmath>

using namespace moa;

namespace {

constexpr int kTokens = 32768, kNeedle = 9152, kQuery = 32448;
const MaskShape kMask{6080, 64};

HeatLook look() {
    HeatLook look;
    look.floor = 1e-3;
    look.top = 0.6;
    look.evidenceFloor = 0.05;
    look.evidenceTop = 0.34;
    return look;
}

Thumbnail thumbnailOf(const test::SyntheticSource& source, double reach) {
    Thumbnail t{64, std::vector<float>(64 * 64, 0.0f)};
    const int step = source.tokens() / 64;
    for (int q = 0; q < 64; ++q)
        for (int k = 0; k <= q; ++k)
            t.values[std::size_t(q) * 64 + std::size_t(k)] =
                float(source.weight(q * step + step / 2, k * step + step / 2) * std::exp(-(q - k) / reach));
    return t;
}

QList<LaneToken> lane(const char* text, int maskedFrom, int maskedTo, bool filled) {
    QList<LaneToken> list;
    const QStringList words = QString::fromUtf8(text).split(QLatin1Char('|'));
    for (int i = 0; i < words.size(); ++i) {
        LaneToken token{words[i], false, i >= maskedFrom && i <= maskedTo, -1};
        if (filled)
            token.weight = float(0.002 * std::pow(1.4, i >= maskedFrom && i <= maskedTo ? 6 + i : i % 5));
        list.append(token);
    }
    return list;
}

} // namespace

class PageGrabTest : public QObject {
    Q_OBJECT

    test::SyntheticSource m_source{kTokens, kNeedle};
    HeatmapStrip* m_strip = nullptr;
    QList<QWidget*> m_extras;

    Panel* headsPanel() {
        auto* panel = new Panel(QStringLiteral("Heads"));
        panel->setNote(QStringLiteral("32 × 8"));
        panel->setBodyMargins(6);
        auto* grid = new HeadsGrid;
        grid->setShape(32, 8);
        grid->setLook(look());
        std::vector<qint64> windows;
        std::vector<float> influence;
        std::vector<bool> pinned;
        for (int i = 0; i < 256; ++i) {
            const double reach = i == 117 ? 1e9 : 3.0 + (i * 37 % 23) * (i % 3 ? 1 : 8);
            grid->setThumbnail({i / 8, i % 8}, thumbnailOf(m_source, reach));
            windows.push_back(i == 117 ? 6080 : 1984 + (i * 5 % 9) * 1024);
            influence.push_back(i == 117 ? 0.93f : float(i * 7 % 10) / 22);
            pinned.push_back(i % 29 == 6);
        }
        grid->setWindows(windows, 64, kTokens);
        grid->setInfluence(influence);
        grid->setPinned(pinned);
        grid->setCurrent({14, 5});
        panel->body()->addWidget(grid);
        return panel;
    }

    Panel* heatmapPanel() {
        auto* panel = new Panel(QStringLiteral("L14 · KV5"));
        panel->setBodyMargins(6);
        for (const char* name : {"Attention", "Influence", "Evidence", "Log", "Hide sink"}) {
            auto* box = new QCheckBox(QString::fromLatin1(name));
            box->setChecked(name[0] != 'I' && name[0] != 'H');
            panel->addHeaderWidget(box);
            if (!box->isChecked()) m_extras.append(box);
        }
        auto* canvas = new HeatmapCanvas;
        canvas->setSource(&m_source);
        canvas->setMask(kMask);
        canvas->setRuleText(QStringLiteral("2,048 + 0.125 N"));
        canvas->setWeightRange(look().floor, look().top);
        canvas->setEvidenceRange(look().evidenceFloor, look().evidenceTop);
        canvas->setCrosshair(kQuery, kNeedle);
        auto* strip = m_strip = new HeatmapStrip;
        strip->follow(*canvas);
        strip->setMassKept(0.714, 0.198);
        auto* row = new QHBoxLayout;
        row->addWidget(canvas, 1);
        row->addWidget(strip);
        panel->body()->addLayout(row);
        return panel;
    }

    Panel* lanesPanel() {
        auto* panel = new Panel(QStringLiteral("Tokens"));
        panel->setBodyMargins(8);
        auto* queries = new TokenLane(QStringLiteral("Query"));
        queries->setTitle(QStringLiteral("Query tokens"));
        queries->setTokens(
            32439,
            lane(" What| is| the| access| code| for| the| Lisbon| archive|?|\n| Answer|:", 1, 0, false));
        queries->setCurrent(kQuery);
        auto* keys = new TokenLane(QStringLiteral("Key"));
        keys->setTitle(QStringLiteral("Keys near 9,152"), QStringLiteral("orange = masked"));
        keys->setLook(look());
        keys->setTokens(
            9142, lane(" |The| access| code| for| the| Lisbon| archive| is| |48|17|-Q|.| Rain| fell| on| the",
                       2, 12, true));
        keys->setCurrent(kNeedle);
        auto* profile = new RowProfile;
        std::vector<float> row;
        for (int k = 0; k <= kQuery; ++k)
            row.push_back(float(k == kNeedle ? 0.341
                                             : m_source.weight(kQuery, k) *
                                                   (std::abs(k - kNeedle) < 100 ? 0.02 : 0.3)));
        profile->setLook(look());
        profile->setMask(kMask);
        profile->setRow(kQuery, row, kTokens);
        profile->setTokenText([](int) { return QStringLiteral("48"); });
        profile->setKey(kNeedle);
        for (QWidget* widget :
             {static_cast<QWidget*>(queries), static_cast<QWidget*>(keys), static_cast<QWidget*>(profile)})
            panel->body()->addWidget(widget);
        return panel;
    }

    QWidget* right() {
        auto* column = new QWidget;
        auto* layout = new QVBoxLayout(column);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(12);
        auto* rule = new RuleCostPanel;
        rule->setRule(2048, 0.125, 6144);
        rule->setCosts(
            {{QStringLiteral("Plan density"), QStringLiteral("0.4993"), QStringLiteral("−0.0022"), Role::Ok},
             {QStringLiteral("Estimated loss increase"), QStringLiteral("+0.0231"), QStringLiteral("+0.0079"),
              Role::Error},
             {QStringLiteral("KV cache, batch 1"), QStringLiteral("1.997 GiB"), QStringLiteral("−9.0 MiB"),
              Role::Ok},
             {QStringLiteral("Head kernel time, decode"), QStringLiteral("3.1 µs"), QStringLiteral("stale"),
              Role::Ok, true}});
        rule->setWarning(QStringLiteral("Influence outside window 0.93, highest of 256 KV heads."), 23552);
        auto* distance = new Panel(QStringLiteral("Distance profile"));
        distance->setBodyMargins(6);
        auto* chart = new DistanceProfile;
        std::vector<double> at, attention, influence;
        for (int d = 64; d <= kTokens; d *= 2) {
            const double x = std::log2(d) - 6;
            at.push_back(d);
            attention.push_back(std::min(1.0, 0.04 + x * x / 62 + (d > 17000 ? 0.03 : 0)));
            influence.push_back(d > 17000 ? 1.0 : 0.03 + x * 0.045);
        }
        attention.back() = 1;
        chart->setCurves(at, attention, influence);
        chart->setWindow(6080, 6144);
        chart->setDistance(kQuery - kNeedle);
        distance->body()->addWidget(chart);
        auto* truth = new Panel(QStringLiteral("Query heads of KV5"));
        truth->addHeaderWidget(new Chip(QStringLiteral("Saving held by Q22"), ChipTone::Sparse));
        truth->setBodyMargins(8);
        auto* group = new GroupTruth;
        group->setHeads({{20, 2816}, {21, 2048}, {22, 23552}, {23, 3584}}, 6144, kTokens);
        group->setCurrent(22);
        truth->body()->addWidget(group);
        layout->addWidget(rule);
        layout->addWidget(distance, 1);
        layout->addWidget(truth);
        return column;
    }

private slots:
    void initTestCase() { test::prepare(); }

    void page() {
        QWidget page;
        auto* columns = new QHBoxLayout(&page);
        columns->setContentsMargins(12, 12, 12, 12);
        columns->setSpacing(12);
        Panel* heads = headsPanel();
        auto* centre = new QVBoxLayout;
        centre->setSpacing(12);
        centre->addWidget(heatmapPanel(), 1);
        centre->addWidget(lanesPanel());
        auto* side = new QScrollArea;
        side->setWidget(right());
        side->setWidgetResizable(true);
        side->setFrameShape(QFrame::NoFrame);
        side->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
        columns->addWidget(heads);
        columns->addLayout(centre, 1);
        columns->addWidget(side);
        page.setAutoFillBackground(true);
        page.show();
        page.setFocus();
        for (const QSize size : {QSize(1528, 890), QSize(1108, 610)}) { // the windows' page areas
            const bool wide = size.width() > 1400;
            heads->setFixedWidth(wide ? 300 : 260);
            side->setFixedWidth(wide ? 384 : 330);
            // Narrow pages keep legends and rare switches in a menu, and scroll their right column.
            m_strip->setVisible(wide);
            for (QWidget* extra : m_extras) extra->setVisible(wide);
            QTest::qWait(20); // nested layouts hear of it one after the other
            test::grabThemes(page, "page", size);
            page.resize(size);
            QTest::qWait(20);
            QCOMPARE(page.size(), size); // needs no more than the window has
            const auto children = page.findChildren<QWidget*>();
            for (const QWidget* child : children)
                if (child->isVisible() && qobject_cast<const QLabel*>(child) &&
                    !qobject_cast<const QLabel*>(child)->wordWrap())
                    QVERIFY2(child->width() >= child->sizeHint().width(),
                             qPrintable(child->accessibleName() + static_cast<const QLabel*>(child)->text()));
        }
    }
};

QTEST_MAIN(PageGrabTest)
#include "page_grab_test.moc"
