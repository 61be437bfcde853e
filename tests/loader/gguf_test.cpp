// GGUF files: block types against the `gguf` package, weights against the same model in safetensors, split files, and
// what is refused. Golden files and script: tests/loader/data/*.gguf, tests/reference/gguf_golden.py.
#include "engine/core/error.h"
#include "engine/loader/gguf.h"
#include "engine/loader/safetensors.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace moa {
namespace {

const std::filesystem::path kRoot = MOA_SOURCE_DIR;
const std::filesystem::path kData = kRoot / "tests/loader/data";

/// Writes headers byte by byte, right or wrong.
class GgufBytes {
public:
    explicit GgufBytes(std::uint64_t tensors = 0, std::uint64_t values = 0, std::uint32_t version = 3) {
        m_bytes = "GGUF";
        put(version).put(tensors).put(values);
    }
    template <class T>
    GgufBytes& put(T value) {
        m_bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
        return *this;
    }
    GgufBytes& text(const std::string& text) {
        put(std::uint64_t(text.size()));
        m_bytes += text;
        return *this;
    }
    GgufBytes& tensor(const std::string& name, std::vector<std::uint64_t> dimensions, std::uint32_t type, std::uint64_t offset) {
        text(name).put(std::uint32_t(dimensions.size()));
        for (const std::uint64_t d : dimensions) put(d);
        return put(type).put(offset);
    }
    GgufBytes& data(std::size_t bytes) {
        m_bytes.resize((m_bytes.size() + 31) / 32 * 32 + bytes);
        return *this;
    }
    const std::string& bytes() const { return m_bytes; }

private:
    std::string m_bytes;
};

/// What opening says, or "" when it opens.
std::string errorOf(const std::string& bytes) {
    const TemporaryFolder folder;
    folder.write("m.gguf", bytes);
    try {
        GgufFile file(folder.path() / "m.gguf");
        return "";
    } catch (const FileError& error) {
        return error.where() + ": " + error.expected();
    }
}

TEST(Gguf, BlockTypesAreTheReferencesFloats) {
    const GgufFile file(kData / "quant_blocks.gguf");
    const SafetensorsFile golden(kData / "quant_blocks.safetensors");
    ASSERT_EQ(file.tensors().size(), 11u);
    for (const TensorView& tensor : file.tensors()) {
        SCOPED_TRACE(tensor.name);
        EXPECT_EQ(tensor.name, tensorTypeName(tensor.type));
        const auto ours = toFloat(tensor), reference = toFloat(golden.at(tensor.name));
        ASSERT_EQ(ours.size(), reference.size());
        for (std::size_t i = 0; i < ours.size(); ++i)
            EXPECT_NEAR(ours[i], reference[i], 1e-6 * (1 + std::abs(reference[i]))) << i;
        std::vector<float> second(ours.size() / 2);
        copyRows(tensor, 1, second);
        EXPECT_TRUE(std::equal(second.begin(), second.end(), ours.begin() + std::ptrdiff_t(second.size())));
    }
}

TEST(Gguf, IsTheSameModelAsItsSafetensors) {
    const auto gguf = loadModel(kData / "tiny.gguf");
    const auto folder = loadModel(kRoot / "tests/reference/golden/tiny-bf16-sharded");
    EXPECT_EQ(gguf->name, "tiny");
    EXPECT_EQ(gguf->config.heads, folder->config.heads);
    EXPECT_EQ(gguf->config.kvHeads, folder->config.kvHeads);
    EXPECT_EQ(gguf->config.headDim, folder->config.headDim);
    EXPECT_EQ(gguf->config.context, folder->config.context);
    EXPECT_EQ(gguf->config.vocab, folder->config.vocab);
    EXPECT_EQ(gguf->config.dtype, DType::BF16);
    EXPECT_EQ(gguf->config.bosId, 0);
    EXPECT_EQ(gguf->config.eosIds, std::vector<int>{2});
    EXPECT_EQ(gguf->weightBytes(), folder->weightBytes());
    for (const RequiredWeight& need : requiredWeights(folder->config))
        EXPECT_EQ(toFloat(gguf->weight(need.name)), toFloat(folder->weight(need.name))) << need.name;
    const TensorView& q = gguf->weight("model.layers.1.self_attn.q_proj.weight");
    std::vector<float> some(3 * 80);
    copyRows(q, 47, some); // across the border of two heads
    const auto all = toFloat(q);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + 47 * 80));
    EXPECT_EQ(gguf->sha256().size(), 64u);
}

TEST(Gguf, OpensAFolderOfOne) {
    const TemporaryFolder folder;
    folder.write("tiny.gguf", readTextFile(kData / "tiny.gguf", 1 << 20));
    EXPECT_EQ(loadModel(folder.path())->name, "tiny");
    folder.write("other.gguf", "GGUF");
    EXPECT_THROW(loadModel(folder.path()), FileError);
}

TEST(Gguf, ReadsSplitModels) {
    const TemporaryFolder folder;
    for (const int part : {0, 1}) {
        GgufBytes file(1, 2);
        file.text("split.count").put(std::uint32_t(2)).put(std::uint16_t(2));
        file.text("split.no").put(std::uint32_t(2)).put(static_cast<std::uint16_t>(part));
        file.tensor("t" + std::to_string(part), {2}, 0, 0).data(8);
        folder.write("m-0000" + std::to_string(part + 1) + "-of-00002.gguf", file.bytes());
    }
    const auto parts = openGguf(folder.path() / "m-00001-of-00002.gguf");
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[1].tensors().at(0).name, "t1");
    folder.remove("m-00002-of-00002.gguf");
    EXPECT_THROW(openGguf(folder.path() / "m-00001-of-00002.gguf"), FileError);
    folder.write("renamed.gguf", folder.read("m-00001-of-00002.gguf"));
    EXPECT_THROW(openGguf(folder.path() / "renamed.gguf"), FileError);
}

TEST(Gguf, RefusesWhatDoesNotAddUp) {
    EXPECT_EQ(errorOf(GgufBytes().bytes()), "");
    EXPECT_NE(errorOf("GGUF"), "");
    EXPECT_NE(errorOf(std::string(64, 'x')).find("begins with"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(0, 0, 1).bytes()).find("version 2 or 3, found 1"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(0, 1).bytes()).find("more bytes"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(UINT64_MAX, 0).bytes()).find("more bytes"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(0, 1).put(UINT64_MAX).bytes()).find("text within the file"), std::string::npos);
    const auto key = [](std::uint32_t type) { return GgufBytes(0, 1).text("k").put(type); };
    EXPECT_NE(errorOf(key(13).put(0).bytes()).find("value type"), std::string::npos);
    EXPECT_NE(errorOf(key(9).put(9u).put(std::uint64_t(1)).bytes()).find("array of arrays"), std::string::npos);
    EXPECT_NE(errorOf(key(9).put(8u).put(std::uint64_t(1) << 61).bytes()).find("array within"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(0, 2).text("k").put(7u).put('\1').text("k").put(7u).put('\1').bytes()).find("every key once"),
              std::string::npos);
    const auto one = [](std::vector<std::uint64_t> dims, std::uint32_t type, std::uint64_t offset) {
        return errorOf(GgufBytes(1).tensor("t", std::move(dims), type, offset).data(64).bytes());
    };
    EXPECT_EQ(one({16}, 0, 0), "");
    EXPECT_NE(one({}, 0, 0).find("1 to 4 dimensions"), std::string::npos);
    EXPECT_NE(one({0}, 0, 0).find("at least 1"), std::string::npos);
    EXPECT_NE(one({1ull << 40, 1ull << 40}, 0, 0).find("below 2^64"), std::string::npos);
    EXPECT_NE(one({1ull << 62}, 0, 0).find("2^64 bytes"), std::string::npos);
    EXPECT_NE(one({16}, 99, 0).find("found type number 99"), std::string::npos);
    EXPECT_NE(one({16}, 2, 0).find("whole blocks of 32"), std::string::npos);
    EXPECT_NE(one({16}, 0, 4).find("multiple of 32"), std::string::npos);
    EXPECT_NE(one({16}, 0, 32).find("the file has 64"), std::string::npos);
    EXPECT_NE(one({16}, 0, std::uint64_t(-32)).find("the file has 64"), std::string::npos);
    EXPECT_NE(errorOf(GgufBytes(2).tensor("t", {8}, 0, 0).tensor("t", {8}, 0, 0).data(64).bytes()).find("every tensor once"),
              std::string::npos);
}

TEST(Gguf, NamesWhatAModelLacks) {
    const TemporaryFolder folder;
    const auto refused = [&folder](const GgufBytes& file) {
        folder.write("m.gguf", file.bytes());
        try {
            loadModel(folder.path() / "m.gguf");
            return std::string();
        } catch (const FileError& error) {
            return error.where() + ": " + error.expected();
        }
    };
    EXPECT_NE(refused(GgufBytes()).find("general.architecture"), std::string::npos);
    EXPECT_NE(refused(GgufBytes(0, 1).text("general.architecture").put(8u).text("mamba")).find("\"mamba\""), std::string::npos);
    const auto llama = [](std::uint64_t values) { return GgufBytes(0, values).text("general.architecture").put(8u).text("llama"); };
    EXPECT_NE(refused(llama(1)).find("llama.block_count"), std::string::npos);
    EXPECT_NE(refused(llama(2).text("llama.block_count").put(4u).put(1u << 24)).find("tensors of the file"), std::string::npos);
    EXPECT_NE(refused(llama(2).text("llama.block_count").put(8u).text("two")).find("an integer"), std::string::npos);
}

} // namespace
} // namespace moa
