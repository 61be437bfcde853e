// Exports are valid JSON and CSV whatever the history holds, and complete.
#include "store/history/json_text.h"
#include "store/sqlite/statement.h"
#include "tests/store/store_samples.h"

#include <cmath>
#include <limits>
#include <sstream>

namespace moa {
namespace {

/// SQLite is a JSON reader of its own: what json_extract finds at `path` in `json`.
std::string at(const std::string& json, const std::string& path) {
    const Connection c(":memory:", Connection::Access::Create, 0);
    Statement s(c, "SELECT json_extract(?, ?)", json, path);
    return s.step() ? s.text(0) : "";
}

struct Exports : testing::Test {
    StoreFolder folder;
    History history = History::open(folder.file("h.sqlite"));
    std::string json() {
        std::ostringstream out;
        history.exportJson(out);
        return out.str();
    }
    std::string csv() {
        std::ostringstream out;
        history.exportCsv(out);
        return out.str();
    }
};

TEST_F(Exports, AnEmptyHistoryIsAnEmptyList) {
    EXPECT_EQ(at(json(), "$.runs"), "[]");
    EXPECT_EQ(csv().find("\r\n"), csv().size() - 2) << "the header only";
}

TEST_F(Exports, JsonHasEverythingOfEveryRun) {
    RunRecord search = sampleRun();
    search.command = "search";
    SearchRecord found;
    found.plan = sampleRun().plan;
    found.gap = 0.125;
    found.status = "optimal";
    search.searches = {found};
    history.recordRun(sampleRun());
    history.recordRun(search);
    const std::string text = json();
    EXPECT_EQ(at(text, "$.schema"), "2");
    EXPECT_EQ(at(text, "$.runs[0].command"), "retrieval");
    EXPECT_EQ(at(text, "$.runs[0].arguments[4]"), "line\n\"two\"");
    EXPECT_NE(text.find("\"seed\": 18446744073709551615"), std::string::npos);
    EXPECT_EQ(at(text, "$.runs[0].settings.samples"), "60");
    EXPECT_EQ(at(text, "$.runs[0].model.kv_heads"), "4");
    EXPECT_EQ(at(text, "$.runs[0].profile.lengths[1]"), "2048");
    EXPECT_EQ(at(text, "$.runs[0].plan.plan.betas[0][0]"), "0.5");
    EXPECT_EQ(at(text, "$.runs[0].measurements[0].context.length"), "1024");
    EXPECT_EQ(at(text, "$.runs[0].measurements[1].error"), "");
    EXPECT_EQ(at(text, "$.runs[0].machine.cores"), std::to_string(currentMachine().cores));
    EXPECT_EQ(at(text, "$.runs[1].searches[0].gap"), "0.125");
    EXPECT_EQ(at(text, "$.runs[1].searches[0].plan.name"), "half.json");
}

TEST_F(Exports, HostileTextStaysText) {
    RunRecord run = sampleRun();
    run.arguments = {std::string("\xff\xfe\0\x01 \"quoted\" \\ ", 16), "\xed\xa0\x80", "\xc0\xaf", "日本 😀"};
    run.error = "=1+1\",\r\nnext";
    run.model->name = "a,b\"c\nd";
    run.settings = "{\"k\": \"\xff\"}";
    run.measurements = {{"inf", "", std::numeric_limits<double>::infinity(), 1,
                         -std::numeric_limits<double>::infinity(), "{}"},
                        {"nan", "", std::nan(""), 1, std::nullopt, "{}"},
                        {"tiny", "", 5e-324, 1, std::nullopt, "{}"}};
    history.recordRun(run);
    const std::string text = json();
    EXPECT_EQ(historyjson::validUtf8(text), text);
    EXPECT_EQ(at(text, "$.runs[0].arguments[3]"), "日本 😀");
    EXPECT_EQ(at(text, "$.runs[0].model.name"), run.model->name);
    EXPECT_EQ(at(text, "$.runs[0].error"), run.error);
    EXPECT_EQ(at(text, "$.runs[0].measurements[0].value"), "");
    EXPECT_NE(text.find("5e-324"), std::string::npos);
    EXPECT_NE(csv().find("\"a,b\"\"c\nd\""), std::string::npos);
}

TEST_F(Exports, CsvHasOneLinePerMeasurement) {
    history.recordRun(sampleRun());
    RunRecord bare;
    bare.command = "info";
    history.recordRun(bare);
    std::vector<std::string> lines;
    std::istringstream in(csv());
    for (std::string l; std::getline(in, l);) lines.push_back(l);
    ASSERT_EQ(lines.size(), 4u);
    const auto commas = [](const std::string& l) { return std::count(l.begin(), l.end(), ','); };
    EXPECT_EQ(lines[0].rfind("run,command,status", 0), 0u);
    EXPECT_EQ(commas(lines[3]), commas(lines[0]));
    EXPECT_NE(lines[1].find(",retrieval,,0.9833333333333333,60,0.02,\"{\"\"length\"\": 1024}\"\r"),
              std::string::npos)
        << lines[1];
}

TEST_F(Exports, AStreamThatCannotTakeItIsAnError) {
    history.recordRun(sampleRun());
    std::ofstream full("/dev/full");
    EXPECT_THROW(history.exportJson(full), Error);
    std::ostringstream closed;
    closed.setstate(std::ios::badbit);
    EXPECT_THROW(history.exportCsv(closed), Error);
}

TEST(HistoryJson, RepairsOnlyWhatIsNotUtf8) {
    using historyjson::validUtf8;
    const std::string good = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf";
    EXPECT_EQ(validUtf8(good), good);
    for (const char* bad : {"\x80", "\xc3", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff"}) {
        EXPECT_NE(validUtf8(bad), bad);
        EXPECT_EQ(validUtf8(validUtf8(bad)), validUtf8(bad));
    }
}

TEST(HistoryJson, CompactKeepsWhatIsInStrings) {
    using historyjson::compact;
    EXPECT_EQ(compact("{ \"a b\" : [1,\n 2 ], \"c\\\"  d\": \"\\\\\" }"),
              "{\"a b\":[1,2],\"c\\\"  d\":\"\\\\\"}");
    EXPECT_EQ(compact(""), "");
    EXPECT_EQ(compact("\"\\"), "\"\\") << "cut off in an escape";
}

TEST(HistoryJson, IntegersComeBack) {
    const std::vector<int> numbers = {1024, -3, 0, 2147483647};
    EXPECT_EQ(historyjson::integersOf(historyjson::array(numbers)), numbers);
    EXPECT_TRUE(historyjson::integersOf("[]").empty());
}

} // namespace
} // namespace moa
