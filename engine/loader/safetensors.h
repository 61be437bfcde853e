// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes.
// Reading is strict, as the reference implementation is: tensors cover the data without gap or overlap.
// https://github.com/huggingface/safetensors#format
#pragma once

#include "engine/loader/mapped_file.h"
#include "engine/loader/tensor_view.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// An opened, fully checked file. Views stay valid as long as the object lives (moves included).
class SafetensorsFile {
public:
    /// Maps and checks the file. Throws FileError naming the file, the tensor or byte, and what was expected.
    explicit SafetensorsFile(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return m_path; }
    /// The free text entries of "__metadata__".
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    /// In the order of their bytes.
    const std::vector<TensorView>& tensors() const { return m_tensors; }
    /// Nothing (nullptr) when there is none of that name.
    const TensorView* find(std::string_view name) const;
    /// Throws FileError when there is none of that name.
    const TensorView& at(std::string_view name) const;
    /// The whole file, header included.
    std::span<const std::byte> bytes() const { return m_file.bytes(); }

private:
    void readTensors(std::string_view header, std::span<const std::byte> data);
    void checkCover(std::size_t dataBytes) const;
    void align();

    std::filesystem::path m_path;
    MappedFile m_file;
    std::map<std::string, std::string> m_metadata;
    std::vector<TensorView> m_tensors;
    std::map<std::string, std::size_t, std::less<>> m_byName;
    std::vector<std::unique_ptr<std::byte[]>> m_realigned; ///< copies of tensors the file left unaligned
};

/// A tensor to write; `data` holds product(shape) elements of `type`.
struct TensorToWrite {
    std::string name;
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape;
    const void* data = nullptr;
};

/// Writes a file that any safetensors reader opens: into a temporary name in the same folder, fsynced,
/// renamed, the folder fsynced. Data start at a multiple of 64 bytes and tensors stand in falling order of
/// alignment. Throws FileError when it cannot be written (no file is left behind) and Error on duplicate
/// names.
void writeSafetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                      const std::map<std::string, std::string>& metadata);

} // namespace moa
