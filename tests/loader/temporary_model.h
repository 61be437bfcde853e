// A tiny valid model folder in a temporary place, and ways to damage it. Removed on destruction.
#pragma once

#include "engine/loader/json_reader.h"
#include "engine/loader/model_files.h"
#include "engine/loader/safetensors.h"

#include <filesystem>
#include <string>
#include <vector>

namespace moa {

class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return m_path; }
    void write(const std::string& name, const std::string& bytes) const;
    std::string read(const std::string& name) const;
    void remove(const std::string& name) const { std::filesystem::remove(m_path / name); }

private:
    std::filesystem::path m_path;
};

/// 2 layers, hidden 16, 4 heads over 2 KV heads of dimension 4, inner 24, vocabulary 700, F32, tied.
class TemporaryModel : public TemporaryFolder {
public:
    TemporaryModel();
    void drop(const std::string& weight) const;
    void add(const std::string& weight, std::vector<std::int64_t> shape) const;
    void reshape(const std::string& weight, std::vector<std::int64_t> shape) const;
    void retype(const std::string& weight, TensorType type) const;
    void setConfig(const std::string& key, const Json& value) const;
    /// Replaces model.safetensors by an index that says this.
    void writeIndex(const Json& weightMap) const;
    /// Replaces model.safetensors by that many shards and their index.
    void split(int shards) const;

private:
    void writeWeights(const std::vector<TensorToWrite>& tensors, const std::string& file) const;
    std::vector<TensorToWrite> weights() const;
};

} // namespace moa
