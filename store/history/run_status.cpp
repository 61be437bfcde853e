#include "store/history/run_status.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <utility>

namespace moa {
namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 7> kStatusNames = {
    {{RunStatus::Running, "running"},
     {RunStatus::Done, "done"},
     {RunStatus::Failed, "failed"},
     {RunStatus::Cancelled, "cancelled"},
     {RunStatus::Infeasible, "infeasible"},
     {RunStatus::TimeLimit, "time_limit"},
     {RunStatus::Interrupted, "interrupted"}}};

} // namespace

std::string toString(RunStatus status) {
    for (const auto& [known, text] : kStatusNames)
        if (status == known) return std::string(text);
    return "failed";
}

RunStatus statusNamed(std::string_view name) {
    for (const auto& [status, text] : kStatusNames)
        if (name == text) return status;
    return RunStatus::Failed;
}

bool processIsGone(std::int64_t process) {
    return process > 0 && process <= std::numeric_limits<pid_t>::max() &&
           ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

} // namespace moa
