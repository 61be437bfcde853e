// The safetensors reader and writer: round trips, and every way a file can lie.
#include "engine/core/error.h"
#include "engine/loader/safetensors.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace moa {
namespace {

std::string fileOf(const std::string& header, const std::string& data) {
    std::string bytes(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
}

class Safetensors : public testing::Test {
protected:
    std::filesystem::path file() const { return m_folder.path() / "x.safetensors"; }
    /// The error line of a file with these bytes.
    std::string refused(const std::string& bytes) const {
        m_folder.write("x.safetensors", bytes);
        try {
            const SafetensorsFile opened(file());
        } catch (const FileError& error) {
            EXPECT_NE(std::string(error.what()).find("x.safetensors"), std::string::npos);
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            return error.what();
        }
        return "accepted";
    }
    TemporaryFolder m_folder;
};

TEST_F(Safetensors, roundTrip) {
    const std::vector<float> floats{1, -2.5f, 3, 0.25f, 5, 6};
    const std::vector<std::uint16_t> halves{0x3c00, 0xc000, 0x0001};
    const std::vector<std::int64_t> longs{-1, 1ll << 40};
    const std::uint8_t byte = 200;
    writeSafetensors(file(),
                     {{"byte", TensorType::U8, {}, &byte},
                      {"half", TensorType::F16, {3}, halves.data()},
                      {"float \"quoted\"", TensorType::F32, {2, 3}, floats.data()},
                      {"empty", TensorType::F32, {0, 7}, nullptr},
                      {"long", TensorType::I64, {2, 1}, longs.data()}},
                     {{"model", "é"}, {"version", "1"}});
    const SafetensorsFile opened(file());
    EXPECT_EQ(opened.metadata(), (std::map<std::string, std::string>{{"model", "é"}, {"version", "1"}}));
    ASSERT_EQ(opened.tensors().size(), 5u);
    EXPECT_EQ(toFloat(opened.at("float \"quoted\"")), floats);
    EXPECT_EQ(opened.at("float \"quoted\"").shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(toFloat(opened.at("half")), (std::vector<float>{1, -2, 0x1p-24f}));
    EXPECT_EQ(opened.at("long").as<std::int64_t>()[1], 1ll << 40);
    EXPECT_EQ(opened.at("byte").as<std::uint8_t>()[0], 200);
    EXPECT_EQ(opened.at("empty").elements(), 0u);
    EXPECT_EQ(opened.find("none"), nullptr);
    EXPECT_THROW(opened.at("none"), FileError);
    EXPECT_THROW(toFloat(opened.at("long")), Error);
    for (const TensorView& tensor : opened.tensors())
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data) % tensorTypeBytes(tensor.type), 0u);
}

TEST_F(Safetensors, viewsSurviveMoves) {
    const float value = 7;
    writeSafetensors(file(), {{"a", TensorType::F32, {1}, &value}}, {});
    SafetensorsFile first(file());
    const TensorView* view = first.find("a");
    const SafetensorsFile second(std::move(first));
    EXPECT_EQ(second.find("a"), view);
    EXPECT_EQ(toFloat(*view).front(), 7);
}

TEST_F(Safetensors, unalignedDataIsReadable) {
    const float value = 7;
    std::string data(4, '\0');
    std::memcpy(data.data(), &value, 4);
    for (int spaces = 0; spaces < 4; ++spaces) {
        m_folder.write("x.safetensors", fileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})" +
                                                   std::string(static_cast<std::size_t>(spaces), ' '),
                                               data));
        const SafetensorsFile opened(file());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(opened.at("a").data) % 4, 0u);
        EXPECT_EQ(opened.at("a").as<float>()[0], 7);
    }
}

struct BadFile {
    const char* header;
    std::size_t dataBytes;
    const char* named;
};

TEST_F(Safetensors, namesEveryLie) {
    const std::vector<BadFile> files{
        {"", 0, "header"},
        {"[]", 0, "object"},
        {"{", 0, "JSON"},
        {"{}", 1, "end of data"},
        {R"({"a":3})", 0, "a: "},
        {R"({"a":{}})", 0, "dtype"},
        {R"({"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}})", 4, "a.dtype"},
        {R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4, "F33"},
        {R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "a.shape"},
        {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "a.shape[0]"},
        {R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "a.shape[0]"},
        {R"({"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}})", 4, "a.shape[0]"},
        {R"({"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}})", 4, "JSON"},
        {R"({"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}})", 4, "range"},
        {R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", 4, "a.shape[0]"},
        {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "a: "},
        {R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0, "a: "},
        {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "expected 8 bytes"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 8, "expected 4 bytes"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 4, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "gap"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8, "end of data"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3, "data_offsets"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
         4, "overlap"},
        {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
         8, "overlap"},
        {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
         12, "gap"},
        {R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})",
         1, "twice"},
        {R"({"a":{"dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1]}})", 1, "twice"},
        {R"({"__metadata__":3})", 0, "__metadata__"},
        {R"({"__metadata__":{"a":3}})", 0, "__metadata__.a"},
    };
    for (const BadFile& bad : files) {
        const std::string error = refused(fileOf(bad.header, std::string(bad.dataBytes, 'x')));
        EXPECT_NE(error.find(bad.named), std::string::npos) << bad.header << ": " << error;
    }
    const std::string rank =
        R"({"a":{"dtype":"U8","shape":[)" + std::string(2000, '1').replace(1, 0, "") + "]}}";
    EXPECT_NE(refused(fileOf(rank, "")), "accepted");
    EXPECT_NE(refused(fileOf(std::string(200000, '['), "")).find("deep"), std::string::npos);
    std::string nested;
    for (int i = 0; i < 5000; ++i) nested += R"({"a":)";
    EXPECT_NE(refused(fileOf(nested, "")).find("deep"), std::string::npos);
}

TEST_F(Safetensors, refusesWrongHeaderLengths) {
    const std::string good = fileOf("{}", "");
    for (std::uint64_t length : {std::uint64_t{3}, std::uint64_t{100}, std::uint64_t{100'000'001}, UINT64_MAX,
                                 UINT64_MAX - 8, std::uint64_t{1} << 63}) {
        std::string bytes = good;
        std::memcpy(bytes.data(), &length, 8);
        EXPECT_NE(refused(bytes).find("byte 0"), std::string::npos) << length;
    }
    for (std::size_t n = 0; n < 10; ++n) EXPECT_NE(refused(good.substr(0, n)), "accepted") << n;
}

TEST_F(Safetensors, refusesEveryTruncation) {
    const std::vector<float> values(40, 1.0f);
    writeSafetensors(
        file(), {{"a", TensorType::F32, {4, 5}, values.data()}, {"b", TensorType::F16, {9}, values.data()}},
        {{"k", "v"}});
    const std::string whole = m_folder.read("x.safetensors");
    for (std::size_t n = 0; n < whole.size(); ++n) ASSERT_NE(refused(whole.substr(0, n)), "accepted") << n;
    EXPECT_NE(refused(whole + "x"), "accepted");
}

TEST_F(Safetensors, missingAndOddFiles) {
    EXPECT_THROW(SafetensorsFile("/nowhere/x.safetensors"), FileError);
    EXPECT_THROW(SafetensorsFile(m_folder.path()), FileError);
    EXPECT_THROW(SafetensorsFile("/dev/zero"), FileError);
    const auto pipe = m_folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THROW(SafetensorsFile{pipe}, FileError);
}

TEST_F(Safetensors, failedWritesLeaveNothing) {
    const float value = 1;
    const TensorToWrite tensor{"a", TensorType::F32, {1}, &value};
    EXPECT_THROW(writeSafetensors(m_folder.path() / "no" / "x", {tensor}, {}), FileError);
    EXPECT_THROW(writeSafetensors(file(), {tensor, tensor}, {}), Error);
    EXPECT_THROW(writeSafetensors(file(), {{"__metadata__", TensorType::F32, {1}, &value}}, {}), Error);
    EXPECT_THROW(writeSafetensors(file(), {{"a", TensorType::F32, {-1}, &value}}, {}), Error);
    EXPECT_THROW(writeSafetensors(file(), {{"a", TensorType::F32, {INT64_MAX, 9}, &value}}, {}), Error);
    std::filesystem::create_directories(m_folder.path() / "folder" / "inside");
    EXPECT_THROW(writeSafetensors(m_folder.path() / "folder", {tensor}, {}), FileError); // cannot be replaced
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(m_folder.path()))
        names.push_back(entry.path().filename().string());
    EXPECT_EQ(names, std::vector<std::string>{"folder"});
}

TEST_F(Safetensors, writingReplacesTheOldFile) {
    const float one = 1, two = 2;
    writeSafetensors(file(), {{"a", TensorType::F32, {1}, &one}}, {});
    const SafetensorsFile old(file());
    writeSafetensors(file(), {{"a", TensorType::F32, {1}, &two}}, {});
    EXPECT_EQ(toFloat(old.at("a")).front(), 1); // still mapped
    EXPECT_EQ(toFloat(SafetensorsFile(file()).at("a")).front(), 2);
}

} // namespace
} // namespace moa
