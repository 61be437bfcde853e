// Opening: the welcome card, drops of everything that can be dropped, and of what cannot. Whatever a file is, the window
// says so in a banner and goes on.
#include "tests/ui/gui/gui_session.h"

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "engine/plan/plan_file.h"
#endif
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/widgets/model/model_list_view.h"
#include "ui/widgets/shell/banner_area.h"

#include <QMimeData>
#include <QTest>
#include <QUrl>

#include <filesystem>
#include <functional>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;
namespace fs = std::filesystem;

/// The one that lies beside the bundled model.
bool usesStoredProfile(Session& session) {
    return session.workspace().influence() && session.workspace().influence()->origin().startsWith(u"moa-tiny.moaprofile"_s);
}

class OpenFlowTest : public QObject {
    Q_OBJECT
private slots:
    void tinyFromItsCard();
    void dropsOfEveryKind();
    void dropsOfSeveralFilesAreNotTaken();
    void textIsAPromptOnceAModelIsLoaded();
    void filesThatNeedAModelSaySo();
    void damagedModels();
    void plansThatDoNotFit();
    void damagedPlansAndProfiles();
    void textsThatAreNone();
    void aTextLongerThanTheContext();
    void anotherModelWhileTheFirstIsInUse();
    void anotherModelSetsUnsavedEditsAside();
    void theStoredProfileIsUsedAtOnce();
    void missingFiles();
    void openingAgainAndAgain();

private:
    /// After whatever went wrong: a model loads, a prompt is captured, the page shows it.
    static bool isUsable(Session& session) {
        session.step(u"use it afterwards"_s);
        if (!session.workspace().isLoaded() || session.workspace().model()->path != u"moa-tiny"_s)
            session.bench().open(u"moa-tiny"_s);
        return session.wait([&] { return session.workspace().isLoaded() && session.isIdle(); }) && session.capture(8);
    }
};

void OpenFlowTest::tinyFromItsCard() {
    Session session;
    QVERIFY(session.bench().modelPage().isWelcoming());
    session.grab(u"welcome"_s);
    QVERIFY(session.openTiny());
    QVERIFY(!session.bench().modelPage().isWelcoming());
    QCOMPARE(session.workspace().model()->name, u"moa-tiny"_s);
    QVERIFY(session.workspace().loaded()->allocated.weights > 0);
    QCOMPARE(session.banners(u"model"_s).count(), 0);
    session.step(u"page Inspect"_s);
    session.hand().key(Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(session.window().currentPage(), u"inspect"_s);
    QVERIFY(session.wait([&] { return session.buttonNamed(u"Use sample prompt"_s) != nullptr; }, 1000));
}

void OpenFlowTest::dropsOfEveryKind() {
    Session session;
    test::writeUniformPlan(session.path(u"half.json"_s), 6, 8, 4, 0, 0.5);
    test::writeSomeProfile(session.path(u"tiny.profile"_s));
    QString offered;
    session.step(u"drop model"_s);
    QVERIFY(session.dropFile(test::kSource + u"/resources/models/moa-tiny"_s, &offered));
    QCOMPARE(offered, u"Open model moa-tiny"_s);
    QVERIFY(session.wait([&] { return session.workspace().isLoaded() && session.isIdle(); }));
    QVERIFY(session.capture(20));
    QCOMPARE(session.window().currentPage(), u"inspect"_s);
    QVERIFY(usesStoredProfile(session));
    session.step(u"drop plan"_s);
    QVERIFY(session.dropFile(session.path(u"half.json"_s), &offered));
    QCOMPARE(offered, u"Open plan half.json"_s);
    QVERIFY(session.wait([&] { return !session.workspace().plan().isDense(); }));
    QCOMPARE(session.workspace().plan().name(), u"half"_s);
    QVERIFY(session.workspace().density() < 1);
    session.step(u"drop profile"_s);
    QVERIFY(session.dropFile(session.path(u"tiny.profile"_s), &offered));
    QCOMPARE(offered, u"Open profile tiny.profile"_s);
    QVERIFY(session.wait([&] { return session.workspace().influence() && !usesStoredProfile(session); }));
    QVERIFY(session.workspace().estimatedLoss(session.workspace().plan().plan()).value() > 0);
    session.hand().settle();
    session.grab(u"everything-dropped"_s);
    QCOMPARE(session.banners(u"inspect"_s).count(), 0);
    QCOMPARE(session.banners(u"model"_s).count(), 0);
}

void OpenFlowTest::dropsOfSeveralFilesAreNotTaken() {
    Session session;
    QMimeData several, web, nothing;
    several.setUrls({QUrl::fromLocalFile(u"/a.json"_s), QUrl::fromLocalFile(u"/b.json"_s)});
    web.setUrls({QUrl(u"https://example.org/model.safetensors"_s)});
    nothing.setText(u"a text before any model"_s);
    for (const QMimeData* data : {&several, &web, &nothing}) QVERIFY(!session.drop(*data));
    QVERIFY(isUsable(session));
}

void OpenFlowTest::textIsAPromptOnceAModelIsLoaded() {
    Session session;
    QVERIFY(session.openTiny());
    QMimeData text;
    text.setText(test::textLines(4));
    session.step(u"drop text"_s);
    QVERIFY(session.drop(text));
    QVERIFY(session.wait([&] { return session.workspace().prompt() != nullptr && session.isIdle(); }));
    QCOMPARE(session.workspace().prompt()->name, u"Pasted text"_s);
    QVERIFY(session.bench().inspectPage().model().hasCapture());
}

void OpenFlowTest::filesThatNeedAModelSaySo() {
    Session session;
    test::writeSomeProfile(session.path(u"tiny.profile"_s));
    test::writeUniformPlan(session.path(u"small.json"_s), 3, 4, 2, 512, 0);
    test::writeFile(session.path(u"text.txt"_s), "Some text.\n");
    session.step(u"profile without model"_s);
    QVERIFY(session.dropFile(session.path(u"tiny.profile"_s)));
    QVERIFY2(session.wait([&] { return !session.workspace().profile().isEmpty(); }), "a profile alone says what heads there are");
    session.step(u"prompt without model"_s);
    QString offered;
    QVERIFY(session.dropFile(session.path(u"text.txt"_s), &offered));
    QVERIFY2(offered.contains(u"model"_s), qPrintable(offered));
    QVERIFY(session.bannerSays(u"inspect"_s, {u"text.txt"_s, u"no model"_s}));
    session.step(u"plan without model"_s);
    QVERIFY(session.dropFile(session.path(u"small.json"_s)));
    QVERIFY(session.wait([&] { return !session.workspace().plan().isDense(); }));
    QVERIFY2(session.workspace().profile().isEmpty(), "of other heads");
    // A model of another shape cannot take the plan, and says so.
    session.bench().open(u"moa-tiny"_s);
    QVERIFY(session.bannerSays(u"model"_s, {u"small"_s, u"3 layers"_s, u"6"_s}));
    QVERIFY(session.workspace().plan().isDense());
    QVERIFY(isUsable(session));
}

void OpenFlowTest::damagedModels() {
    Session session;
    const auto config = [](const char* text) {
        return [text](const fs::path& at) { test::writeFile(QString::fromStdString((at / "config.json").string()), text); };
    };
    const auto without = [](const char* name) { return [name](const fs::path& at) { fs::remove(at / name); }; };
    const fs::path shard = "model-00001-of-00002.safetensors";
    const std::pair<QString, std::function<void(const fs::path&)>> damages[] = {
        {u"truncated"_s, [&](const fs::path& at) { fs::resize_file(at / shard, fs::file_size(at / shard) / 2); }},
        {u"no-shard"_s, without("model-00001-of-00002.safetensors")},
        {u"no-json"_s, config("\xff{{{")},
        {u"no-config"_s, without("config.json")},
        {u"impossible"_s, config(R"({"architectures":["LlamaForCausalLM"],"hidden_size":-1})")},
        {u"no-tokenizer"_s, without("tokenizer.json")},
        {u"empty"_s, [](const fs::path& at) {
             fs::remove_all(at);
             fs::create_directory(at);
         }}};
    for (const auto& [name, damage] : damages) {
        const QString folder = session.path(name);
        test::copySmallModel(folder);
        damage(folder.toStdString());
        session.step(u"drop model "_s + name);
        QVERIFY2(session.dropFile(folder), qPrintable(name));
        QVERIFY2(session.bannerSays(u"model"_s, {name}), qPrintable(name));
        QVERIFY2(session.wait([&] { return session.isIdle(); }), qPrintable(name));
        QVERIFY2(!session.workspace().isLoaded(), qPrintable(name));
    }
    session.grab(u"damaged-models"_s);
    QVERIFY(isUsable(session));
}

void OpenFlowTest::plansThatDoNotFit() {
    Session session;
    test::writeUniformPlan(session.path(u"other.json"_s), 32, 32, 8, 1024, 0);
    test::writeSomeProfile(session.path(u"other.profile"_s), 6, 4, 4);
    QVERIFY(session.openTiny());
    QVERIFY(session.capture(8));
    QVERIFY(session.dropFile(session.path(u"other.json"_s)));
    QVERIFY(session.bannerSays(u"inspect"_s, {u"other"_s, u"32 layers"_s, u"6"_s}));
    QVERIFY(session.workspace().plan().isDense());
    session.grab(u"plan-does-not-fit"_s);
    QVERIFY(session.dropFile(session.path(u"other.profile"_s)));
    QVERIFY(session.bannerSays(u"inspect"_s, {u"other.profile"_s, u"4 heads"_s}));
    QVERIFY(usesStoredProfile(session));
    QVERIFY(isUsable(session));
}

void OpenFlowTest::damagedPlansAndProfiles() {
    Session session;
    QVERIFY(session.openTiny());
    const std::pair<QString, QByteArray> files[] = {{u"no.json"_s, "not json at all"},
                                                    {u"empty.json"_s, {}},
                                                    {u"uneven.json"_s, R"({"alphas":[[1,2],[3]],"betas":[[0,0],[0]]})"},
                                                    {u"words.json"_s, R"({"alphas":[["x"]],"betas":[[0]]})"},
                                                    {u"deep.json"_s, QByteArray(100000, '[')},
                                                    {u"empty.profile"_s, {}},
                                                    {u"garbage.profile"_s, QByteArray(4096, '\xee')}};
    for (const auto& [name, bytes] : files) {
        test::writeFile(session.path(name), bytes);
        session.step(u"drop "_s + name);
        QVERIFY2(session.dropFile(session.path(name)), qPrintable(name));
        QVERIFY2(session.bannerSays(u"inspect"_s, {name}), qPrintable(name));
        QVERIFY2(session.workspace().plan().isDense() && usesStoredProfile(session), qPrintable(name));
    }
    QVERIFY(isUsable(session));
}

void OpenFlowTest::textsThatAreNone() {
    Session session;
    QVERIFY(session.openTiny());
    QByteArray every;
    for (int i = 0; i < 4096; ++i) every.append(char(i * 37 % 256));
    const std::pair<QString, QByteArray> files[] = {{u"binary.bin"_s, every},
                                                    {u"zeros.txt"_s, QByteArray(1000, '\0')},
                                                    {u"cut.txt"_s, "caf\xc3"},
                                                    {u"empty.txt"_s, {}}};
    for (const auto& [name, bytes] : files) {
        test::writeFile(session.path(name), bytes);
        session.step(u"drop "_s + name);
        QVERIFY2(session.dropFile(session.path(name)), qPrintable(name));
        QVERIFY2(session.bannerSays(u"inspect"_s, {name, u"text"_s}), qPrintable(name));
        QVERIFY2(session.workspace().prompt() == nullptr, qPrintable(name));
    }
    QVERIFY(isUsable(session));
}

void OpenFlowTest::aTextLongerThanTheContext() {
    Session session;
    test::writeFile(session.path(u"long.txt"_s), test::textLines(6000).toUtf8());
    QVERIFY(session.openTiny());
    session.step(u"drop long text"_s);
    QVERIFY(session.dropFile(session.path(u"long.txt"_s)));
    QVERIFY(session.bannerSays(u"inspect"_s, {u"long.txt"_s, u"context"_s, u"16384"_s}));
    QVERIFY(session.workspace().prompt() == nullptr);
    session.grab(u"text-too-long"_s);
    QVERIFY(isUsable(session));
}

void OpenFlowTest::anotherModelWhileTheFirstIsInUse() {
    Session session;
    test::copySmallModel(session.path(u"small"_s));
    QVERIFY(session.openTiny());
    QVERIFY(session.capture(8));
    test::writeUniformPlan(session.path(u"half.json"_s), 6, 8, 4, 0, 0.5);
    QVERIFY(session.dropFile(session.path(u"half.json"_s)));
    QVERIFY(session.wait([&] { return !session.workspace().plan().isDense(); }));
    session.workspace().selection().selectHead({5, 3});
    session.hand().settle();
    session.step(u"choose another model"_s);
    session.workspace().chooseModel(session.path(u"small"_s));
    QVERIFY(session.wait([&] { return session.workspace().model()->path == session.path(u"small"_s); }));
    session.hand().settle();
    QVERIFY2(session.bannerSays(u"model"_s, {u"half"_s}), "the plan that was left is named");
    const auto* list = session.bench().modelPage().findChild<ModelListView*>();
    QCOMPARE(list->currentIndex().data().toString(), u"small"_s);
    QVERIFY(!session.bench().inspectPage().model().hasCapture());
    session.step(u"load it too"_s);
    session.workspace().load();
    QVERIFY(session.wait([&] { return session.workspace().isLoaded() && session.isIdle(); }));
    QVERIFY(session.capture(2));
    QCOMPARE(session.bench().inspectPage().model().headsSummarised(), 8);
    QVERIFY(isUsable(session));
}

void OpenFlowTest::anotherModelSetsUnsavedEditsAside() {
    Session session;
    test::copySmallModel(session.path(u"small"_s));
    QVERIFY(session.openTiny());
    session.workspace().plan().setRule({{1, 1}}, {512, 0}, u"edit"_s);
    const SparsePlan edited = session.workspace().plan().plan();
    session.step(u"choose another model"_s);
    session.workspace().chooseModel(session.path(u"small"_s));
    QVERIFY(session.wait([&] { return session.workspace().model()->path == session.path(u"small"_s); }));
    session.hand().settle();
    QVERIFY(session.bannerSays(u"model"_s, {u"unsaved edits"_s}));
    QVERIFY2(session.buttonNamed(u"Save the plan set aside…"_s) != nullptr, "the banner offers to keep it");
    session.grab(u"set-aside"_s);
    session.window().close();
    QVERIFY2(session.window().isVisible(), "closing asks first");
    const QString kept = session.path(u"kept.json"_s);
    session.workspace().savePlanSetAside(kept);
    QVERIFY(session.wait([&] { return session.workspace().planSetAside() == nullptr; }));
    QVERIFY(session.workspace().plan().isDense()); // what is in use now is another plan
    const PlanFile file = readPlan(kept.toStdString());
    QCOMPARE(file.plan.rules, edited.rules);
    session.window().close();
    QVERIFY(!session.window().isVisible());
}

void OpenFlowTest::theStoredProfileIsUsedAtOnce() {
    Session session;
    QVERIFY(session.openTiny());
    QVERIFY(session.wait([&] { return session.workspace().influence() != nullptr; }));
    session.workspace().setLength(4096);
    QCOMPARE(session.workspace().influence()->length(), 4096);
    session.workspace().plan().setRule({{5, 0}}, {512, 0}, u"edit"_s); // the head that carries retrieval
    const auto loss = [&] { return session.workspace().estimatedLoss(session.workspace().plan().plan()).value_or(0); };
    const double one = loss();
    session.hand().key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(loss(), 0.0);
    session.workspace().plan().setRule({{0, 0}}, {512, 0}, u"edit"_s);
    QVERIFY2(one > 10 * loss() && loss() > 0, qPrintable(u"%1, another head %2"_s.arg(one).arg(loss())));
    test::writeSomeProfile(session.path(u"own.moaprofile"_s));
    QVERIFY(session.dropFile(session.path(u"own.moaprofile"_s)));
    QVERIFY2(session.wait([&] { return session.workspace().influence()->length() == 512; }), "the user's own takes its place");
}

void OpenFlowTest::missingFiles() {
    Session session({.model = u"/nowhere/model"_s, .plan = u"/nowhere/plan.json"_s, .prompt = u"/nowhere/prompt.txt"_s});
    QVERIFY(session.bannerSays(u"model"_s, {u"cannot be opened"_s}));
    const QString gone = session.path(u"gone.txt"_s);
    QVERIFY(session.openTiny());
    session.step(u"missing prompt"_s);
    session.workspace().openPrompt(gone);
    QVERIFY(session.bannerSays(u"inspect"_s, {u"gone.txt"_s}));
    session.step(u"missing plan"_s);
    session.workspace().openPlan(session.path(u"gone.json"_s));
    QVERIFY(session.bannerSays(u"inspect"_s, {u"gone.json"_s}));
    session.step(u"plan that cannot be written"_s);
    session.workspace().plan().setRule({{0, 0}}, {512, 0}, u"edit"_s);
    session.workspace().savePlan(u"/nowhere/at/all.json"_s);
    QVERIFY(session.bannerSays(u"inspect"_s, {u"all.json"_s}));
    QVERIFY(session.workspace().plan().isModified());
    QVERIFY(isUsable(session));
}

void OpenFlowTest::openingAgainAndAgain() {
    Session session;
    QVERIFY(session.openTiny());
    test::writeFile(session.path(u"a.txt"_s), test::textLines(40).toUtf8());
    test::writeFile(session.path(u"b.txt"_s), test::textLines(10).toUtf8());
    session.step(u"many drops"_s);
    for (int i = 0; i < 12; ++i) {
        QVERIFY(session.dropFile(session.path(i % 2 == 0 ? u"a.txt"_s : u"b.txt"_s)));
        session.hand().settle(30);
    }
    QVERIFY(session.wait([&] { return session.isIdle() && session.workspace().prompt() && session.workspace().prompt()->name == u"b.txt"_s &&
                                       session.bench().inspectPage().model().headsSummarised() == 48; }));
    QCOMPARE(session.banners(u"inspect"_s).count(), 0);
    QCOMPARE(session.bench().inspectPage().model().tokens(), int(session.workspace().prompt()->ids.size()));
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::OpenFlowTest>(argc, argv);
}

#include "open_flow_test.moc"
