#include "tests/cli/program_runner.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moa::test {

namespace fs = std::filesystem;

Json Outcome::json() const {
    Json document = Json::parse(out, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << "standard output is no JSON document:\n" << out << "\n" << err;
    return document.is_discarded() ? Json() : document;
}

Child::Child(const std::vector<std::string>& arguments, const std::string& input,
             const Environment& environment, const fs::path& folder) {
    // The input is a file: the child may end without reading it.
    std::string inputName = (folder / "input-XXXXXX").string();
    const int in = ::mkstemp(inputName.data());
    ::unlink(inputName.c_str());
    EXPECT_EQ(::write(in, input.data(), input.size()), static_cast<ssize_t>(input.size()));
    ::lseek(in, 0, SEEK_SET);
    int out[2], err[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
    std::vector<const char*> argv = {MOA_PROGRAM};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    m_process = ::fork();
    if (m_process == 0) {
        ::dup2(in, STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        for (const auto& [name, value] : environment)
            value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
        if (::chdir(folder.c_str()) == 0) ::execv(MOA_PROGRAM, const_cast<char* const*>(argv.data()));
        ::_exit(126);
    }
    for (const int fd : {in, out[1], err[1]}) ::close(fd);
    m_out = out[0];
    m_err = err[0];
}

Child::~Child() {
    if (m_process > 0) {
        ::kill(m_process, SIGKILL);
        ::waitpid(m_process, nullptr, 0);
    }
    for (const int fd : {m_out, m_err})
        if (fd >= 0) ::close(fd);
}

void Child::signal(int number) const {
    ::kill(m_process, number);
}

bool Child::pump(std::chrono::milliseconds wait) {
    std::array<pollfd, 2> fds{{{m_out, POLLIN, 0}, {m_err, POLLIN, 0}}}; // negative descriptors are skipped
    if (m_out < 0 && m_err < 0) return false;
    if (::poll(fds.data(), fds.size(), static_cast<int>(wait.count())) <= 0) return true;
    const auto take = [](short events, int& fd, std::string& text) {
        if (events == 0) return;
        std::array<char, 65536> piece{};
        const auto got = ::read(fd, piece.data(), piece.size());
        if (got > 0)
            text.append(piece.data(), static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR) {
            ::close(fd);
            fd = -1;
        }
    };
    take(fds[0].revents, m_out, m_outcome.out);
    take(fds[1].revents, m_err, m_outcome.err);
    return true;
}

bool Child::waitFor(const std::string& text, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    const auto seen = [&] {
        return m_outcome.out.find(text) != std::string::npos || m_outcome.err.find(text) != std::string::npos;
    };
    while (!seen())
        if (std::chrono::steady_clock::now() > end || !pump(std::chrono::milliseconds(20))) return seen();
    return true;
}

Outcome Child::finish(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (pump(std::chrono::milliseconds(100)))
        if (std::chrono::steady_clock::now() > end) {
            ADD_FAILURE() << "the program took too long";
            ::kill(m_process, SIGKILL);
            break;
        }
    int status = 0;
    ::waitpid(m_process, &status, 0);
    m_process = -1;
    m_outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return m_outcome;
}

CliTest::CliTest() {
    std::string name = (fs::temp_directory_path() / "moa-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    m_folder = name;
}

CliTest::~CliTest() {
    std::error_code ignored;
    fs::remove_all(m_folder, ignored);
}

Environment CliTest::environment() const {
    return {{"XDG_DATA_HOME", (m_folder / "data").string()}, {"MOA_RESOURCES", MOA_SOURCE_DIR "/resources"}};
}

Outcome CliTest::run(const std::vector<std::string>& arguments, const std::string& input,
                     const Environment& more) const {
    Environment variables = environment();
    variables.insert(variables.end(), more.begin(), more.end());
    return Child(arguments, input, variables, m_folder).finish();
}

Json CliTest::runJson(std::vector<std::string> arguments, const std::string& input) const {
    arguments.push_back("--json");
    const Outcome outcome = run(arguments, input);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.json();
}

std::string CliTest::write(const std::string& name, const std::string& text) const {
    fs::create_directories((m_folder / name).parent_path());
    std::ofstream(m_folder / name, std::ios::binary) << text;
    return path(name);
}

std::string CliTest::read(const std::string& name) const {
    std::ifstream file(m_folder / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace moa::test
