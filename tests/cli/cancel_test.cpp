// Ctrl-C: within a second, with exit code 130, and what was made is kept.
#include "tests/cli/program_runner.h"

#include <csignal>

namespace moa::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kAtOnce = 10; // sanitizers make everything slower
#else
constexpr double kAtOnce = 1;
#endif

class Cancel : public CliTest {
protected:
    std::vector<std::string> longGeneration(const std::string& more) const {
        return {"generate",  "moa-tiny", "--text",       "Once upon a time",
                "--max-new", "16000",    "--ignore-end", more};
    }
    double secondsToEnd(Child& child, Outcome& outcome) const {
        const auto start = Clock::now();
        outcome = child.finish(seconds(60));
        return std::chrono::duration<double>(Clock::now() - start).count();
    }
};

TEST_F(Cancel, AGenerationKeepsItsText) {
    for (const int signal : {SIGINT, SIGTERM}) {
        Child child(longGeneration("--quiet"), {}, environment(), m_folder);
        ASSERT_TRUE(child.waitFor(" ", seconds(60)));
        child.signal(signal);
        Outcome outcome;
        EXPECT_LT(secondsToEnd(child, outcome), kAtOnce);
        EXPECT_EQ(outcome.code, 130);
        EXPECT_FALSE(outcome.out.empty());
        EXPECT_NE(outcome.err.find("cancelled after"), std::string::npos) << outcome.err;
    }
    const Json runs = runJson({"history", "list"})["runs"];
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0]["status"], "cancelled");
    const Json run = runJson({"history", "show", runs[0]["id"].dump()});
    EXPECT_FALSE(run["result"]["text"].get<std::string>().empty());
    EXPECT_EQ(run["measurements"].size(), 4u);
}

TEST_F(Cancel, JsonIsStillOneDocument) {
    Child child(longGeneration("--json"), {}, environment(), m_folder);
    // Nothing is printed until the end: give it the time to load and to write some tokens.
    child.waitFor("never", seconds(2));
    child.signal(SIGINT);
    Outcome outcome;
    EXPECT_LT(secondsToEnd(child, outcome), kAtOnce);
    EXPECT_EQ(outcome.code, 130);
    EXPECT_EQ(outcome.json()["status"], "cancelled");
}

TEST_F(Cancel, AScoreLeavesACancelledRow) {
    Json ids = Json::array();
    for (int i = 0; i < 16000; ++i) ids.push_back(3 + (i * 37) % 2000);
    Child child({"score", "moa-tiny", "--ids", write("ids.json", ids.dump())}, {}, environment(), m_folder);
    ASSERT_TRUE(child.waitFor("score tokens", seconds(60)));
    child.signal(SIGINT);
    Outcome outcome;
    EXPECT_LT(secondsToEnd(child, outcome), kAtOnce);
    EXPECT_EQ(outcome.code, 130);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("moa: cancelled; nothing was kept"), std::string::npos) << outcome.err;
    EXPECT_EQ(runJson({"history", "list"})["runs"][0]["status"], "cancelled");
}

TEST_F(Cancel, AChatGoesOnAfterAnAnswer) {
    // A hot temperature keeps the end token away.
    Child child({"chat", "moa-tiny", "--max-new", "16000", "--temperature", "100", "--no-db"},
                "Hello\n/stats\n", environment(), m_folder);
    ASSERT_TRUE(child.waitFor("/help", seconds(60)));
    child.waitFor("never", seconds(1));
    child.signal(SIGINT);
    const Outcome outcome = child.finish(seconds(60));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_FALSE(outcome.out.empty());
    EXPECT_NE(outcome.err.find("(stopped)"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("laid out for"), std::string::npos)
        << "the next line was read: " << outcome.err;
}

TEST_F(Cancel, ASecondSignalEndsTheProgram) {
    Child child(longGeneration("--quiet"), {}, environment(), m_folder);
    ASSERT_TRUE(child.waitFor(" ", seconds(60)));
    child.signal(SIGINT);
    child.signal(SIGTERM);
    const Outcome outcome = child.finish(seconds(60));
    EXPECT_TRUE(outcome.code == 130 || outcome.code == 128 + SIGTERM) << outcome.code;
}

} // namespace
} // namespace moa::test
