// The parts of the program that can be wrong on their own: tables, lists, streamed text, progress lines, and
// the paths a rerun must not overwrite.
#include "app/cli/commands/rerun.h"
#include "app/cli/parse_list.h"
#include "app/cli/progress_printer.h"
#include "app/cli/text_stream.h"
#include "app/cli/text_table.h"

#include "engine/loader/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

namespace moa::cli {
namespace {

TEST(TextTable, PadsByCharactersNotBytes) {
    TextTable table({"name", "n"});
    table.add({"Δ", "5"});
    table.add({"abc", "12"});
    EXPECT_EQ(table.text(), "name   n\n"
                            "Δ      5\n"
                            "abc   12\n");
}

TEST(ParseList, Lists) {
    EXPECT_EQ(splitList(""), std::vector<std::string>{});
    EXPECT_EQ(splitList("a,,b"), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(parseIntegers("--x", "3,1,2", 0, 9), (std::vector<int>{3, 1, 2}));
    EXPECT_EQ(parseLengths("--x", "4096,1024,4096"), (std::vector<int>{1024, 4096}));
    for (const std::string bad : {"1,", ",1", "1,x", "1.5", " 1", "10", "-1", "99999999999999999999"})
        EXPECT_THROW(parseIntegers("--x", bad, 0, 9), UsageError) << bad;
    EXPECT_THROW(parseLengths("--x", ""), UsageError);
    EXPECT_THROW(parseNumber("--x", "nan"), UsageError);
    EXPECT_THROW(parseNumber("--x", "1e"), UsageError);
    EXPECT_EQ(parseNumber("--x", "-1.5e2"), -150.0);
}

TEST(TextStream, PiecesAddUpToTheText) {
    const Tokenizer tokenizer =
        Tokenizer::fromFile(MOA_SOURCE_DIR "/resources/models/moa-tiny/tokenizer.json");
    for (const std::string& text : {std::string("plain words"), std::string("日本語 🙂 é\n  x"),
                                    std::string("a<|im_end|>b"), std::string("🙂🙂🙂")}) {
        const std::vector<int> ids = tokenizer.encode(text);
        TextStream stream(tokenizer);
        std::string out;
        for (const int id : ids) {
            const std::string piece = stream.push(id);
            EXPECT_FALSE(piece.ends_with("\xEF\xBF\xBD")) << "half a character came out";
            out += piece;
        }
        out += stream.finish();
        EXPECT_EQ(out, tokenizer.decode(ids, true)) << text;
    }
}

TEST(TextStream, AnUnfinishedCharacterComesLast) {
    const Tokenizer tokenizer =
        Tokenizer::fromFile(MOA_SOURCE_DIR "/resources/models/moa-tiny/tokenizer.json");
    std::vector<int> ids = tokenizer.encode("x🙂");
    ids.pop_back();
    TextStream stream(tokenizer);
    std::string out;
    for (const int id : ids) out += stream.push(id);
    EXPECT_EQ(out, "x");
    EXPECT_EQ(out + stream.finish(), tokenizer.decode(ids, true));
}

std::string printed(ProgressStyle style, const std::function<void(ProgressPrinter&)>& use) {
    std::FILE* file = std::tmpfile();
    {
        ProgressPrinter printer(file, style);
        use(printer);
    }
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
    return text;
}

TEST(ProgressPrinter, ShortStagesAreSilent) {
    const auto quick = [](ProgressPrinter& printer) {
        for (int i = 0; i <= 100; ++i) printer.report({"load", i, 100});
    };
    for (const ProgressStyle style : {ProgressStyle::None, ProgressStyle::Plain, ProgressStyle::Terminal})
        EXPECT_EQ(printed(style, quick), "");
}

TEST(ProgressPrinter, LongStagesSayWhereTheyAre) {
    const auto slow = [](ProgressPrinter& printer) {
        printer.report({"profile", 0, 4});
        std::this_thread::sleep_for(std::chrono::milliseconds(1100));
        printer.report({"profile", 2, 4});
        printer.report({"profile", 4, 4});
    };
    EXPECT_EQ(printed(ProgressStyle::Plain, slow), "profile: 2 of 4, 1 s left\nprofile: 4 of 4\n");
    const std::string line = printed(ProgressStyle::Terminal, slow);
    EXPECT_NE(line.find("\r\033[Kprofile: 2 of 4, 1 s left"), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with("\r\033[K")) << "the line is wiped at the end";
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(printed(ProgressStyle::None, slow), "");
}

TEST(ProgressPrinter, Durations) {
    EXPECT_EQ(formatDuration(0.4), "0 s");
    EXPECT_EQ(formatDuration(59.4), "59 s");
    EXPECT_EQ(formatDuration(125), "2 min 5 s");
    EXPECT_EQ(formatDuration(7260), "2 h 1 min");
    EXPECT_EQ(formatDuration(-3), "0 s");
}

TEST(Rerun, OutputsMoveAway) {
    std::vector<MovedOutput> outputs;
    EXPECT_EQ(
        redirectOutputs({"search", "p.moa", "-o", "/keep/plan.json", "--density", "0.5"}, "/tmp/r", outputs),
        (std::vector<std::string>{"search", "p.moa", "-o", "/tmp/r/plan.json", "--density", "0.5"}));
    EXPECT_EQ(redirectOutputs({"demo", "--out=dir/"}, "/tmp/r", outputs),
              (std::vector<std::string>{"demo", "--out=/tmp/r/dir"}));
    EXPECT_EQ(redirectOutputs({"x", "-oa.json", "--out", "b.json"}, "/tmp/r", outputs),
              (std::vector<std::string>{"x", "-o/tmp/r/a.json", "--out", "/tmp/r/b.json"}));
    EXPECT_EQ(redirectOutputs({"generate", "--text", "-o", "--text", "-ox"}, "/tmp/r", outputs),
              (std::vector<std::string>{"generate", "--text", "-o", "--text", "-ox"}));
    EXPECT_EQ(redirectOutputs({"--save-responses=r.jsonl"}, "/tmp/r", outputs),
              (std::vector<std::string>{"--save-responses=/tmp/r/r.jsonl"}));
    EXPECT_EQ(outputs, (std::vector<MovedOutput>{{"/keep/plan.json", "/tmp/r/plan.json"},
                                                 {"dir/", "/tmp/r/dir"},
                                                 {"a.json", "/tmp/r/a.json"},
                                                 {"b.json", "/tmp/r/b.json"},
                                                 {"r.jsonl", "/tmp/r/r.jsonl"}}));
}

TEST(Rerun, TimingsAreNoChange) {
    const Json before = {{"text", "a"}, {"seconds", 1}, {"plans", {{{"loss", 1.5}, {"seconds", 0.1}}}}};
    Json after = before;
    after["seconds"] = 2;
    after["plans"][0]["seconds"] = 0.3;
    EXPECT_EQ(changedKeys(before, after), Json::array());
    after["plans"][0]["loss"] = 1.25;
    after["text"] = "b";
    EXPECT_EQ(changedKeys(before, after), Json({"plans", "text"}));
    after.erase("text");
    EXPECT_EQ(changedKeys(before, after), Json({"plans", "text"}));
}

} // namespace
} // namespace moa::cli
