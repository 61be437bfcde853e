#include "tests/store/full_disk.h"

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <sqlite3.h>
#include <string>

namespace moa {
namespace {

std::atomic<int> g_room{-1};

/// The real methods of a file, with writing replaced. One table for each of SQLite's own (they differ by
/// kind).
struct Methods {
    sqlite3_io_methods ours;
    const sqlite3_io_methods* real;
};

std::mutex g_mutex;
std::map<const sqlite3_io_methods*, Methods>& tables() {
    static std::map<const sqlite3_io_methods*, Methods> map;
    return map;
}

int writeUntilFull(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    const auto* methods = reinterpret_cast<const Methods*>(file->pMethods); // `ours` is its first member
    if (g_room >= 0 && g_room-- <= 0) {
        g_room = 0;
        return SQLITE_FULL;
    }
    return methods->real->xWrite(file, data, bytes, offset);
}

sqlite3_vfs* g_real = nullptr;

int openWithOurMethods(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* outFlags) {
    const int code = g_real->xOpen(g_real, name, file, flags, outFlags);
    if (file->pMethods == nullptr) return code;
    const std::lock_guard lock(g_mutex);
    const auto [entry, isNew] = tables().try_emplace(file->pMethods);
    if (isNew) {
        entry->second = {*file->pMethods, file->pMethods};
        entry->second.ours.xWrite = writeUntilFull;
    }
    file->pMethods = &entry->second.ours;
    return code;
}

sqlite3_vfs g_full;

} // namespace

FullDisk::FullDisk(int writes) {
    g_real = sqlite3_vfs_find(nullptr);
    g_full = *g_real;
    g_full.zName = "full-disk";
    g_full.pNext = nullptr;
    g_full.xOpen = openWithOurMethods;
    g_room = writes;
    sqlite3_vfs_register(&g_full, 1);
}

FullDisk::~FullDisk() {
    sqlite3_vfs_unregister(&g_full);
    sqlite3_vfs_register(g_real, 1);
}

void FullDisk::setRoom(int writes) {
    g_room = writes;
}

} // namespace moa
