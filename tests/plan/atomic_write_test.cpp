// A plan is written whole or not at all: failures leave the old file and no temporary behind.
#include "engine/plan/json_file.h"

#include "tests/plan/plan_samples.h"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace moa {
namespace {

namespace fs = std::filesystem;

/// Runs `body` in a child process (it may lower limits or privileges); true when it returns true.
template <class Body>
bool inChild(Body&& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        bool good = false;
        try {
            good = body();
        } catch (...) {
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool refusesToWrite(const std::string& path, const std::string& bytes) {
    try {
        jsonfile::writeAtomically(path, bytes);
        return false;
    } catch (const FileError&) {
        return true;
    }
}

TEST(AtomicWrite, ReplacesTheFileAndLeavesNothingElse) {
    const TempFolder folder;
    const std::string path = folder.write("a", "old");
    jsonfile::writeAtomically(path, "new");
    EXPECT_EQ(contents(path), "new");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicWrite, KeepsPermissionsAndFollowsSymbolicLinks) {
    const TempFolder folder;
    const std::string path = folder.write("a", "old");
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    fs::create_symlink("a", folder.file("link"));
    jsonfile::writeAtomically(folder.file("link"), "new");
    EXPECT_TRUE(fs::is_symlink(folder.file("link")));
    EXPECT_EQ(contents(path), "new");
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST(AtomicWrite, ReadOnlyFolderKeepsTheOldFile) {
    const TempFolder folder;
    const std::string path = folder.write("plan.json", "old");
    ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
    const bool refused = inChild([&] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) return false; // root writes everywhere
        return refusesToWrite(path, "new") && refusesToWrite(folder.file("other.json"), "new");
    });
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    EXPECT_TRUE(refused);
    EXPECT_EQ(contents(path), "old");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicWrite, RunningOutOfSpaceKeepsTheOldFile) {
    const TempFolder folder;
    const std::string path = folder.write("plan.json", "old");
    EXPECT_TRUE(inChild([&] {
        std::signal(SIGXFSZ, SIG_IGN); // the write then fails as on a full disk
        const rlimit limit{4096, 4096};
        return ::setrlimit(RLIMIT_FSIZE, &limit) == 0 && refusesToWrite(path, std::string(100'000, 'x'));
    }));
    EXPECT_EQ(contents(path), "old");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicWrite, KilledInTheMiddleKeepsAWholeFile) {
    const TempFolder folder;
    const std::string path = folder.file("plan.json");
    const std::string a(300'000, 'a'), b(300'000, 'b');
    jsonfile::writeAtomically(path, a);
    for (int round = 0; round < 10; ++round) {
        const pid_t child = ::fork();
        if (child == 0)
            for (;;) {
                jsonfile::writeAtomically(path, b);
                jsonfile::writeAtomically(path, a);
            }
        std::this_thread::sleep_for(std::chrono::milliseconds(3 + 2 * round));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        const std::string now = contents(path);
        EXPECT_TRUE(now == a || now == b) << "half-written: " << now.size() << " bytes";
    }
}

TEST(AtomicWrite, BadTargetsAreRefused) {
    const TempFolder folder;
    fileErrorOf([&] { jsonfile::writeAtomically(folder.file("no/such/folder.json"), "x"); });
    fileErrorOf([&] { jsonfile::writeAtomically(folder.path(), "x"); });
    fileErrorOf([&] { jsonfile::writeAtomically("/dev/null", "x"); });
    fileErrorOf([&] { jsonfile::writeAtomically("", "x"); });
    EXPECT_EQ(folder.entries(), 0u);
}

TEST(AtomicWrite, ManyWritersLeaveOneWholeFile) {
    const TempFolder folder;
    const std::string path = folder.file("plan.json");
    std::vector<std::thread> writers;
    for (char c = 'a'; c < 'e'; ++c)
        writers.emplace_back([&path, c] {
            for (int i = 0; i < 5; ++i) jsonfile::writeAtomically(path, std::string(50'000, c));
        });
    for (std::thread& t : writers) t.join();
    const std::string now = contents(path);
    EXPECT_EQ(now, std::string(50'000, now.at(0)));
    EXPECT_EQ(folder.entries(), 1u);
}

} // namespace
} // namespace moa
