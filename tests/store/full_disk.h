// A SQLite file system whose disk runs full, so that tests can see what happens then.
#pragma once

namespace moa {

/// While alive, every file SQLite opens in this process is on a disk with room for `writes` more writes (−1:
/// all). One at a time.
class FullDisk {
public:
    explicit FullDisk(int writes);
    ~FullDisk();
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    void setRoom(int writes);
};

} // namespace moa
