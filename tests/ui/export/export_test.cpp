// Every panel's exports, through its menu and the file dialog, read back and compared with what is shown.
#include "tests/ui/export/export_bench.h"
#include "tests/ui/export/read_exports.h"

#include "ui/views/inspect_heads.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/inspect_tokens.h"
#include "ui/views/model_export.h"
#include "ui/views/model_page.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/inspect/heads_grid.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/notices.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QCryptographicHash>
#include <QFile>
#include <QFileDialog>
#include <QImage>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include <cmath>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::ExportBench;

constexpr int kWanted = 512; ///< tokens of the sample prompt, which may come out a little shorter

class ExportTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase() { m_bench.reset(); }
    void init() { m_bench->window().showPage(u"inspect"_s); }
    void picturesOfEveryPanel();
    void exactHeadEqualsRows();
    void visiblePartIsPooledAsShown();
    void statisticOfHeads();
    void thumbnailsOfHeads();
    void tableOfHeads();
    void rowOfTheQuery();
    void distanceProfile();
    void queryHeadsAndRule();
    void modelPage();
    void copies();
    void unwritablePlace();
    void keyExportsTheFocusedView();
    void anotherEndingIsAnotherFormat();
    void anotherPromptMeanwhile();

private:
    InspectModel& model() { return m_bench->bench().inspectPage().model(); }
    HeatmapCanvas& canvas() { return m_bench->bench().inspectPage().heatmap().canvas(); }
    Panel& heatmap() { return m_bench->bench().inspectPage().heatmap(); }
    Panel& heads() { return m_bench->bench().inspectPage().heads(); }
    /// What every file must say about itself.
    void checkNotes(const QMap<QString, QString>& notes, bool ofPrompt);
    test::NpyFile exactHead();

    int tokens() { return model().tokens(); }

    std::unique_ptr<ExportBench> m_bench;
    QString m_sha;
};

void ExportTest::initTestCase() {
    m_bench = std::make_unique<ExportBench>();
    QVERIFY(m_bench->loadTiny());
    QVERIFY(m_bench->capture(kWanted));
    m_bench->bench().workspace().selection().selectHead({2, 0});
    m_bench->bench().workspace().selection().selectQueryHead(0);
    QVERIFY(m_bench->wait([&] { return canvas().exactShare() >= 1; }));
    QFile hash(QStringLiteral(MOA_SOURCE_DIR) + u"/resources/models/moa-tiny/model.safetensors"_s);
    QVERIFY(hash.open(QIODevice::ReadOnly));
    QCryptographicHash sha(QCryptographicHash::Sha256);
    QVERIFY(sha.addData(&hash));
    m_sha = QString::fromLatin1(sha.result().toHex()).left(12);
}

void ExportTest::checkNotes(const QMap<QString, QString>& notes, bool ofPrompt) {
    QCOMPARE(notes[u"program"_s], u"moa-workbench 9.8.7"_s);
    QCOMPARE(notes[u"model"_s], u"moa-tiny"_s);
    QCOMPARE(notes[u"model_sha256"_s], m_sha);
    QCOMPARE(notes[u"plan"_s], u"dense"_s);
    QCOMPARE(notes[u"n"_s], QString::number(m_bench->bench().workspace().length()));
    const QDateTime time = QDateTime::fromString(notes[u"time"_s], Qt::ISODate);
    QVERIFY(time.isValid() && std::abs(time.secsTo(QDateTime::currentDateTimeUtc())) < 120);
    if (!ofPrompt) return;
    QCOMPARE(notes[u"prompt"_s], m_bench->bench().workspace().prompt()->name);
    QVERIFY(m_bench->bench().workspace().captureRun() > 0);
    QCOMPARE(notes[u"run"_s], QString::number(m_bench->bench().workspace().captureRun()));
}

void ExportTest::picturesOfEveryPanel() {
    int count = 0;
    for (const QString& page : {u"model"_s, u"inspect"_s}) {
        m_bench->window().showPage(page);
        m_bench->hand().settle();
        for (Panel* panel : m_bench->window().page(page)->findChildren<Panel*>()) {
            if (!panel->isVisible()) continue;
            const QString name = u"%1-%2"_s.arg(page).arg(++count);
            const QString png = m_bench->exportTo(*panel, {u"Save picture as PNG…"_s}, name + u".png"_s);
            QVERIFY2(!png.isEmpty(), qPrintable(panel->accessibleName()));
            const QImage picture(png);
            QCOMPARE(picture.size(), panel->size() * 2);
            checkNotes(test::readNotes(picture.text(u"Description"_s)), false);
            const QString svg = m_bench->exportTo(*panel, {u"Save picture as SVG…"_s}, name + u".svg"_s);
            QVERIFY2(!svg.isEmpty(), qPrintable(panel->accessibleName()));
            checkNotes(test::readNotes(test::svgDescription(svg)), false);
        }
    }
    QVERIFY2(count >= 11, qPrintable(QString::number(count)));
}

test::NpyFile ExportTest::exactHead() {
    const QString path = m_bench->exportTo(heatmap(), {u"Whole head"_s, u"Save exact tokens as NPY…"_s}, u"exact.npy"_s);
    if (path.isEmpty()) return {};
    checkNotes(test::readSidecar(path), true);
    return test::readNpy(path);
}

void ExportTest::exactHeadEqualsRows() {
    const test::NpyFile npy = exactHead();
    const auto n = std::size_t(tokens());
    QCOMPARE(npy.shape, (std::vector<std::size_t>{n, n}));
    QCOMPARE(test::readSidecar(m_bench->path(u"exact.npy"_s))[u"head"_s], u"L2 Q0"_s);
    QCOMPARE(test::readSidecar(m_bench->path(u"exact.npy"_s))[u"block"_s], u"1"_s);
    // The rows come by another way: one softmax row, not tiles.
    for (const int query : {0, 63, 64, 200, tokens() - 1}) {
        m_bench->bench().workspace().selection().pointAt(query, 0);
        QVERIFY(m_bench->wait([&] { return model().rowQuery() == query; }));
        double sum = 0;
        for (int key = 0; key < tokens(); ++key) {
            const float value = npy.values[std::size_t(query) * n + std::size_t(key)];
            const float row = key <= query ? model().row()[std::size_t(key)] : 0;
            QVERIFY2(std::abs(value - row) < 1e-5f, qPrintable(u"%1 %2: %3 %4"_s.arg(query).arg(key).arg(value).arg(row)));
            sum += double(value);
        }
        QVERIFY(std::abs(sum - 1) < 1e-4);
    }
}

void ExportTest::visiblePartIsPooledAsShown() {
    const test::NpyFile exact = exactHead();
    QVERIFY2(!exact.shape.empty(), qPrintable(exact.error));
    canvas().showTokens(QRectF(64, 256, 128, 128));
    QVERIFY(m_bench->wait([&] { return canvas().exactShare() >= 1; }));
    const auto compare = [&](Pooling pooling, int block, const QString& name) {
        canvas().setPooling(pooling);
        const QString npyPath = m_bench->exportTo(heatmap(), {u"Save visible part as NPY…"_s}, name + u".npy"_s);
        const test::NpyFile npy = test::readNpy(npyPath);
        QVERIFY2(npy.shape.size() == 2, qPrintable(npyPath + npy.error));
        const QMap<QString, QString> notes = test::readSidecar(npyPath);
        QCOMPARE(notes[u"block"_s].toInt(), block);
        const int firstQuery = notes[u"first_query"_s].toInt(), firstKey = notes[u"first_key"_s].toInt();
        const QRect view = canvas().geometry().visibleTokens();
        QCOMPARE(firstQuery / block, view.top() / block);
        QCOMPARE(firstKey / block, view.left() / block);
        QCOMPARE(int(npy.shape[0]), view.bottom() / block - view.top() / block + 1);
        QCOMPARE(int(npy.shape[1]), view.right() / block - view.left() / block + 1);
        const QString csvPath = m_bench->exportTo(heatmap(), {u"Save visible part as CSV…"_s}, name + u".csv"_s);
        const test::CsvFile csv = test::readCsv(csvPath);
        checkNotes(csv.notes, true);
        QCOMPARE(std::size_t(csv.rows.size()), npy.shape[0]);
        for (std::size_t r = 0; r < npy.shape[0]; ++r)
            for (std::size_t c = 0; c < npy.shape[1]; ++c) {
                double most = 0, sum = 0;
                int pairs = 0;
                for (int q = firstQuery + int(r) * block; q < std::min(tokens(), firstQuery + int(r + 1) * block); ++q)
                    for (int k = firstKey + int(c) * block; k < std::min(q + 1, firstKey + int(c + 1) * block); ++k) {
                        const double weight = double(exact.values[std::size_t(q * tokens() + k)]);
                        most = std::max(most, weight);
                        sum += weight;
                        ++pairs;
                    }
                const double wanted = pooling == Pooling::Max ? most : pairs > 0 ? sum / pairs : 0;
                const float value = npy.values[r * npy.shape[1] + c];
                QVERIFY(std::abs(double(value) - wanted) < 2e-5);
                QCOMPARE(csv.rows[qsizetype(r)][qsizetype(c)].toFloat(), value);
            }
    };
    compare(Pooling::Max, canvas().block(), u"zoomed"_s);
    canvas().resize(200, 200); // few pixels: the fitted view needs blocks of several tokens
    canvas().fit();
    QVERIFY(canvas().block() > 1);
    compare(Pooling::Max, canvas().block(), u"max"_s);
    compare(Pooling::Mean, canvas().block(), u"mean"_s);
    canvas().setPooling(Pooling::Max);
    m_bench->window().resize(1601, 1000); // lays the canvas out again
    m_bench->hand().settle();
}

void ExportTest::statisticOfHeads() {
    auto* show = heads().findChild<QComboBox*>();
    show->setFocus();
    QTest::keyClick(show, Qt::Key_Down); // Entropy
    const ModelConfig& config = m_bench->bench().workspace().model()->config;
    const QString path = m_bench->exportTo(heads(), {u"Save entropy as NPY…"_s}, u"entropy.npy"_s);
    const test::NpyFile npy = test::readNpy(path);
    QCOMPARE(npy.shape, (std::vector<std::size_t>{std::size_t(config.layers), std::size_t(config.kvHeads)}));
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g)
            QCOMPARE(npy.values[std::size_t(l * config.kvHeads + g)], float(model().summary({l, g})->entropy));
    checkNotes(test::readSidecar(path), true);
    const test::CsvFile csv = test::readCsv(m_bench->exportTo(heads(), {u"Save entropy as CSV…"_s}, u"entropy.csv"_s));
    QCOMPARE(csv.rows.size(), config.layers);
    QCOMPARE(csv.rows[2][0].toFloat(), npy.values[std::size_t(2 * config.kvHeads)]);
    QTest::keyClick(show, Qt::Key_Up);
}

void ExportTest::thumbnailsOfHeads() {
    const ModelConfig& config = m_bench->bench().workspace().model()->config;
    const test::NpyFile npy = test::readNpy(m_bench->exportTo(heads(), {u"Save thumbnails as NPY…"_s}, u"thumbnails.npy"_s));
    const GroupSummary* summary = model().summary({2, 0});
    const auto side = std::size_t(summary->side); // 64 cells, or fewer where the prompt's end leaves some empty
    QVERIFY(side > 60 && side <= 64);
    QCOMPARE(npy.shape, (std::vector<std::size_t>{std::size_t(config.layers), std::size_t(config.kvHeads), side, side}));
    const auto* of = npy.values.data() + std::size_t(2 * config.kvHeads) * side * side;
    QVERIFY(std::equal(summary->thumbnail.begin(), summary->thumbnail.end(), of));
}

void ExportTest::tableOfHeads() {
    const ModelConfig& config = m_bench->bench().workspace().model()->config;
    const test::CsvFile csv = test::readCsv(m_bench->exportTo(heads(), {u"Save all statistics as CSV…"_s}, u"heads.csv"_s));
    checkNotes(csv.notes, true);
    QCOMPARE(csv.rows.size(), 1 + config.layers * config.kvHeads);
    const qsizetype row = 2 * config.kvHeads;
    QCOMPARE(csv.column(u"layer"_s)[row], u"2"_s);
    QCOMPARE(csv.column(u"sink_mass"_s)[row].toDouble(), model().summary({2, 0})->sinkMass);
    QCOMPARE(csv.column(u"mean_distance_tokens"_s)[row].toDouble(), model().summary({2, 0})->meanDistance);
    QCOMPARE(csv.column(u"span_tokens"_s)[row].toInt(), tokens());
    QCOMPARE(csv.column(u"influence_outside"_s)[row], u"0"_s); // dense hides nothing
    QVERIFY(csv.notes[u"influence"_s].startsWith(u"moa-tiny.moaprofile"_s));
}

void ExportTest::rowOfTheQuery() {
    m_bench->bench().workspace().selection().pointAt(300, 10);
    QVERIFY(m_bench->wait([&] { return model().rowQuery() == 300; }));
    InspectTokens& tokens = m_bench->bench().inspectPage().tokens();
    auto* menu = tokens.findChild<QMenu*>({}, Qt::FindDirectChildrenOnly);
    QVERIFY(menu != nullptr);
    const auto save = [&](const QString& entry, const QString& name) {
        QContextMenuEvent event(QContextMenuEvent::Mouse, {20, 20}, tokens.mapToGlobal(QPoint(20, 20)));
        QApplication::sendEvent(&tokens, &event);
        if (!m_bench->wait([&] { return menu->isVisible(); }, 2000) || !m_bench->chooseIn(*menu, {entry})) return QString();
        return m_bench->saveAs(m_bench->path(name)) ? m_bench->path(name) : QString();
    };
    const QString npyPath = save(u"Save row of query 300 as NPY…"_s, u"row.npy"_s);
    const test::NpyFile npy = test::readNpy(npyPath);
    QCOMPARE(npy.values, model().row());
    QCOMPARE(test::readSidecar(npyPath)[u"query"_s], u"300"_s);
    const test::CsvFile csv = test::readCsv(save(u"Save row of query 300 as CSV…"_s, u"row.csv"_s));
    checkNotes(csv.notes, true);
    QCOMPARE(csv.rows.size(), 302);
    const auto prompt = m_bench->bench().workspace().prompt();
    for (const int key : {0, 7, 299, 300}) {
        QCOMPARE(csv.column(u"weight"_s)[key].toFloat(), npy.values[std::size_t(key)]);
        QCOMPARE(csv.column(u"token"_s)[key], prompt->pieces[key]);
    }
    // The heatmap offers the same row, for who looks there.
    const test::NpyFile again = test::readNpy(m_bench->exportTo(heatmap(), {u"Save row of query 300 as NPY…"_s}, u"row2.npy"_s));
    QCOMPARE(again.values, npy.values);
}

void ExportTest::distanceProfile() {
    Panel* panel = m_bench->panel(u"Distance profile"_s);
    const DistanceCurves curves = model().distanceCurves({2, 0});
    const test::CsvFile csv = test::readCsv(m_bench->exportTo(*panel, {u"Save curves as CSV…"_s}, u"distance.csv"_s));
    const test::NpyFile npy = test::readNpy(m_bench->exportTo(*panel, {u"Save curves as NPY…"_s}, u"distance.npy"_s));
    const std::size_t distances = std::max(curves.attention.size(), curves.influence.size()); // the profile's are longer texts
    QCOMPARE(npy.shape, (std::vector<std::size_t>{distances, 3}));
    QCOMPARE(std::size_t(csv.rows.size()), 1 + distances);
    double before = 0;
    for (std::size_t i = 0; i < curves.attention.size(); ++i) {
        QCOMPARE(csv.column(u"distance_tokens"_s)[qsizetype(i)].toLongLong(), curves.attention[i].first);
        QCOMPARE(csv.column(u"attention_share"_s)[qsizetype(i)].toDouble(), curves.attention[i].second);
        QCOMPARE(npy.values[3 * i + 1], float(curves.attention[i].second));
        const double influence = double(npy.values[3 * i + 2]); // of the stored profile: a share that only grows
        QVERIFY(influence >= before && influence <= 1);
        before = influence;
    }
}

void ExportTest::queryHeadsAndRule() {
    Workspace& workspace = m_bench->bench().workspace();
    const test::CsvFile group = test::readCsv(
        m_bench->exportTo(*m_bench->panel(u"Query heads of KV0"_s), {u"Save table as CSV…"_s}, u"group.csv"_s));
    const auto spans = model().spansNeeded({2, 0});
    QCOMPARE(std::size_t(group.rows.size()), 1 + spans.size());
    QCOMPARE(group.column(u"span_needed_tokens"_s)[0].toLongLong(), spans[0].second);
    QCOMPARE(group.notes[u"kept"_s], u"0.95 of influence"_s);
    const test::CsvFile rule = test::readCsv(
        m_bench->exportTo(*m_bench->panel(u"Rule and cost"_s), {u"Save table as CSV…"_s}, u"rule.csv"_s));
    const auto value = [&](const QString& figure) {
        return rule.column(u"value"_s).value(rule.column(u"figure"_s).indexOf(figure));
    };
    QCOMPARE(value(u"plan_density"_s).toDouble(), workspace.density());
    QCOMPARE(value(u"kv_bytes"_s).toLongLong(), workspace.kvBytes(workspace.plan().plan()));
    QCOMPARE(value(u"span_tokens"_s).toLongLong(), roundUpToBlock(tokens()));
}

void ExportTest::modelPage() {
    m_bench->window().showPage(u"model"_s);
    m_bench->hand().settle();
    Workspace& workspace = m_bench->bench().workspace();
    const auto table = [&](const QString& title, const QString& name) {
        const test::CsvFile csv = test::readCsv(m_bench->exportTo(*m_bench->panel(title), {u"Save table as CSV…"_s}, name));
        checkNotes(csv.notes, false);
        return csv;
    };
    const RunEstimate estimate = estimateRun(estimateInput(workspace));
    const test::CsvFile memory = table(u"Memory estimate"_s, u"memory.csv"_s);
    QCOMPARE(memory.column(u"dense_bytes"_s)[1].toULongLong(), estimate.dense.kv);
    QCOMPARE(memory.column(u"dense_bytes"_s)[3].toULongLong(), estimate.dense.total());
    const test::CsvFile fit = table(u"Longest input that fits"_s, u"fit.csv"_s);
    QCOMPARE(std::size_t(fit.rows.size()), 1 + estimate.denseCurve.size());
    QCOMPARE(fit.column(u"dense_bytes"_s).last().toULongLong(), estimate.denseCurve.back().second);
    const test::CsvFile layers = table(u"KV by layer"_s, u"layers.csv"_s);
    QCOMPARE(layers.column(u"dense_bytes"_s)[3].toULongLong(), estimate.denseByLayer[3]);
    QCOMPARE(layers.column(u"allocated_bytes"_s)[3].toULongLong(), workspace.loaded()->kvByLayer[3]);
    const test::CsvFile allocation = table(u"Estimate against allocation"_s, u"allocation.csv"_s);
    QCOMPARE(allocation.column(u"allocated_bytes"_s)[0].toULongLong(), workspace.loaded()->allocated.weights);
    const test::CsvFile facts = table(u"Architecture"_s, u"architecture.csv"_s);
    QCOMPARE(facts.column(u"value"_s)[facts.column(u"fact"_s).indexOf(u"layers"_s)].toInt(),
             workspace.model()->config.layers);
    QCOMPARE(table(u"Device"_s, u"device.csv"_s).column(u"device"_s).value(0), workspace.devices().front().id);
    QVERIFY(table(u"Models"_s, u"models.csv"_s).column(u"model"_s).contains(u"moa-tiny"_s));
}

void ExportTest::copies() {
    Panel* rule = m_bench->panel(u"Rule and cost"_s);
    QVERIFY(m_bench->chooseInMenu(*rule, {u"Copy table as Markdown"_s}));
    const QString markdown = QApplication::clipboard()->text();
    QVERIFY2(markdown.startsWith(u"| figure | value |\n| --- | ---: |\n| alpha_tokens | "_s), qPrintable(markdown));
    QVERIFY(markdown.contains(u"model moa-tiny"_s) && markdown.contains(u"n %1"_s.arg(tokens())));
    QVERIFY(m_bench->chooseInMenu(*rule, {u"Copy table as CSV"_s}));
    QVERIFY(QApplication::clipboard()->text().startsWith(u"figure,value\nalpha_tokens,"_s));
    QVERIFY(m_bench->chooseInMenu(*rule, {u"Copy picture"_s}));
    QCOMPARE(QApplication::clipboard()->image().size(), rule->size() * 2);
}

void ExportTest::unwritablePlace() {
    BannerArea& banners = m_bench->window().banners(u"inspect"_s);
    banners.clear();
    for (const QString& entry : {u"Save picture as PNG…"_s, u"Save all statistics as CSV…"_s, u"Save thumbnails as NPY…"_s}) {
        QVERIFY(m_bench->chooseInMenu(heads(), {entry}));
        const QString name = entry.contains(u"PNG"_s) ? u"no.png"_s : entry.contains(u"CSV"_s) ? u"no.csv"_s : u"no.npy"_s;
        QVERIFY(!m_bench->saveAs(u"/sys/"_s + name)); // nobody can make a file there, the superuser neither
        QVERIFY(banners.current() != nullptr);
        QCOMPARE(banners.current()->title, name + u" was not saved"_s);
        QVERIFY2(banners.current()->detail.contains(u"/sys/"_s + name), qPrintable(banners.current()->detail));
    }
    m_bench->hand().settle();
    ExportBench::grab(m_bench->window(), u"unwritable"_s);
    // The banner's own way out.
    QPushButton* elsewhere = nullptr;
    for (QPushButton* button : banners.findChildren<QPushButton*>())
        if (button->text() == u"Save elsewhere…"_s && button->isVisible()) elsewhere = button;
    QVERIFY(elsewhere != nullptr);
    QTest::mouseClick(elsewhere, Qt::LeftButton);
    QVERIFY(m_bench->saveAs(m_bench->path(u"yes.npy"_s)));
    QCOMPARE(test::readNpy(m_bench->path(u"yes.npy"_s)).shape.size(), 4u);
    QCOMPARE(banners.count(), 2);
    banners.clear();
}

void ExportTest::keyExportsTheFocusedView() {
    m_bench->bench().inspectPage().heads().grid().setFocus();
    m_bench->key(Qt::Key_E, Qt::ControlModifier);
    QFileDialog* dialog = m_bench->dialog();
    QVERIFY(dialog != nullptr);
    QVERIFY2(dialog->nameFilters().contains(u"Thumbnails, NPY (*.npy)"_s), qPrintable(dialog->nameFilters().join(u'\n')));
    ExportBench::grab(*dialog, u"dialog"_s);
    QVERIFY(m_bench->saveAs(m_bench->path(u"by-key.png"_s)));
    QVERIFY(!QImage(m_bench->path(u"by-key.png"_s)).isNull());
    // Without a focus in a view it is the heatmap's turn.
    m_bench->window().activateWindow();
    QVERIFY(m_bench->wait([&] { return m_bench->window().isActiveWindow(); }, 2000));
    if (QWidget* focused = QApplication::focusWidget()) focused->clearFocus();
    m_bench->key(Qt::Key_E, Qt::ControlModifier);
    dialog = m_bench->dialog();
    QVERIFY(dialog != nullptr);
    QVERIFY(dialog->nameFilters().contains(u"Visible part, NPY (*.npy)"_s));
    QTest::keyClick(dialog, Qt::Key_Escape);
    QVERIFY(m_bench->wait([&] { return m_bench->window().findChildren<QFileDialog*>().isEmpty(); }));
}

void ExportTest::anotherEndingIsAnotherFormat() {
    canvas().setFocus();
    m_bench->key(Qt::Key_E, Qt::ControlModifier);
    QVERIFY(m_bench->saveAs(m_bench->path(u"typed.npy"_s)));
    QCOMPARE(test::readNpy(m_bench->path(u"typed.npy"_s)).shape.size(), 2u);
    QVERIFY(m_bench->window().notices().kept().front().title.contains(u"typed.npy"_s));
}

void ExportTest::anotherPromptMeanwhile() {
    CaptureService& captures = m_bench->bench().engine().captures;
    bool isGone = false, isDone = false;
    captures.pooled({5, 3, -1}, 1, {0, 0, tokens(), tokens()}, true, this,
                    [&](const std::optional<std::vector<float>>& values) { (values ? isDone : isGone) = true; });
    captures.drop();
    QVERIFY(m_bench->wait([&] { return isGone; }));
    QVERIFY(!isDone);
    QVERIFY(m_bench->chooseInMenu(heatmap(), {u"Whole head"_s, u"Save 4-token blocks as NPY…"_s}));
    m_bench->bench().workspace().eject();
    QVERIFY(m_bench->wait([&] { return !model().hasCapture(); }));
    QVERIFY(!m_bench->saveAs(m_bench->path(u"gone.npy"_s)));
    QVERIFY(!QFile::exists(m_bench->path(u"gone.npy"_s)));
    QCOMPARE(m_bench->window().banners(u"inspect"_s).count(), 1);
}

} // namespace
} // namespace moa

QTEST_MAIN(moa::ExportTest)
#include "export_test.moc"
