// NPY against files that numpy wrote, PNG through libpng's decoder, SVG and CSV as text.
#include "engine/capture/export.h"
#include "engine/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <sstream>
#include <sys/stat.h>

namespace moa {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string readFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Npy {
    std::vector<std::size_t> shape;
    std::vector<float> values;
};

/// An independent reader of the NPY 1.0 text on numpy.lib.format, for '<f4' in C order only.
Npy parseNpy(const std::string& bytes) {
    Npy npy;
    EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes.at(i)); };
    const std::size_t length = byte(8) + 256u * byte(9);
    EXPECT_EQ((10 + length) % 64, 0u);
    const std::string header = bytes.substr(10, length);
    EXPECT_EQ(header.back(), '\n');
    EXPECT_THAT(header, HasSubstr("'descr': '<f4'"));
    EXPECT_THAT(header, HasSubstr("'fortran_order': False"));
    std::smatch shape;
    EXPECT_TRUE(std::regex_search(header, shape, std::regex("'shape': \\(([0-9, ]*)\\)")));
    std::istringstream numbers(shape[1]);
    for (std::string n; std::getline(numbers, n, ',');)
        if (n.find_first_not_of(' ') != std::string::npos) npy.shape.push_back(std::stoul(n));
    for (std::size_t at = 10 + length; at + 4 <= bytes.size(); at += 4) {
        std::uint32_t bits = 0;
        for (std::size_t k = 4; k-- > 0;) bits = bits << 8 | byte(at + k);
        npy.values.push_back(std::bit_cast<float>(bits));
    }
    return npy;
}

struct Pixels {
    unsigned width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
    Rgb at(std::size_t x, std::size_t y) const {
        const std::size_t i = (y * width + x) * 3;
        return {rgb[i], rgb[i + 1], rgb[i + 2]};
    }
};

Pixels decodePng(const std::string& bytes) {
    Pixels pixels;
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) {
        ADD_FAILURE() << image.message;
        return pixels;
    }
    EXPECT_EQ(image.format, png_uint_32(PNG_FORMAT_RGB));
    pixels.width = image.width, pixels.height = image.height;
    pixels.rgb.resize(PNG_IMAGE_SIZE(image));
    EXPECT_TRUE(png_image_finish_read(&image, nullptr, pixels.rgb.data(), 0, nullptr)) << image.message;
    return pixels;
}

class Export : public testing::Test {
protected:
    Export() : m_folder(std::filesystem::path(testing::TempDir()) / "moa_export_test") {
        std::filesystem::remove_all(m_folder);
        std::filesystem::create_directories(m_folder);
        for (std::size_t i = 0; i < 24; ++i) m_values.push_back(float(i) / 7 - 1);
    }
    ~Export() override { std::filesystem::remove_all(m_folder); }

    std::string path(const std::string& name) const { return (m_folder / name).string(); }
    ArrayView view(std::vector<std::size_t> shape) const {
        std::size_t total = 1;
        for (std::size_t n : shape) total *= n;
        return {std::span(m_values).first(total), std::move(shape)};
    }
    std::ptrdiff_t filesWritten() const {
        return std::distance(std::filesystem::directory_iterator(m_folder), {});
    }

    std::filesystem::path m_folder;
    std::vector<float> m_values;
};

TEST_F(Export, NpyHoldsWhatNumpyWrites) {
    const std::string golden = MOA_SOURCE_DIR "/tests/capture/golden/";
    m_values[3] = float(3.0 / 7 - 1); // numpy divides in float32 too
    const float third = m_values[3];
    writeNpy(path("rank3.npy"), view({2, 3, 4}));
    writeNpy(path("rank1.npy"), view({5}));
    writeNpy(path("rank0.npy"), {std::span(&third, 1), {}});
    for (const char* name : {"rank3.npy", "rank1.npy", "rank0.npy"}) {
        const Npy ours = parseNpy(readFile(path(name))), numpys = parseNpy(readFile(golden + name));
        EXPECT_EQ(ours.shape, numpys.shape) << name;
        ASSERT_EQ(ours.values.size(), numpys.values.size()) << name;
        for (std::size_t i = 0; i < ours.values.size(); ++i)
            EXPECT_FLOAT_EQ(ours.values[i], numpys.values[i]);
    }
    EXPECT_EQ(filesWritten(), 3);
}

TEST_F(Export, NpyKeepsSpecialValuesAndEmptyAxes) {
    m_values = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -0.0f,
                1e-45f};
    writeNpy(path("a.npy"), view({2, 2}));
    const Npy npy = parseNpy(readFile(path("a.npy")));
    EXPECT_TRUE(std::isnan(npy.values[0]));
    EXPECT_TRUE(std::isinf(npy.values[1]));
    EXPECT_TRUE(std::signbit(npy.values[2]));
    EXPECT_EQ(npy.values[3], 1e-45f);
    writeNpy(path("b.npy"), view({0, 2}));
    EXPECT_THAT(parseNpy(readFile(path("b.npy"))).shape, ElementsAre(0u, 2u));
}

TEST_F(Export, ShapeThatDisagreesIsRefused) {
    EXPECT_THROW(writeNpy(path("a.npy"), {m_values, {5, 5}}), Error);
    EXPECT_THROW(writeCsv(path("a.csv"), {m_values, {5, 5}}), Error);
    EXPECT_THROW(writePng(path("a.png"), {m_values, {5, 5}}), Error);
    EXPECT_EQ(filesWritten(), 0);
}

TEST_F(Export, CsvReadsBackExactlyAndNumbersLeadingAxes) {
    m_values = {0.1f, -1, 3e20f, 1.0f / 3, 5, 6, 7, 8};
    writeCsv(path("matrix.csv"), view({2, 2}));
    const std::string text = readFile(path("matrix.csv"));
    EXPECT_EQ(text.substr(0, text.find('\n')), "0.1,-1");
    EXPECT_EQ(std::stof(text.substr(text.rfind(',') + 1)), 1.0f / 3);
    writeCsv(path("deep.csv"), view({2, 1, 2, 2}));
    EXPECT_THAT(readFile(path("deep.csv")), HasSubstr("\n1,0,5,6\n1,0,7,8\n"));
}

TEST_F(Export, PngHasTheColoursOfTheMap) {
    m_values = {0, 1, 2, 4};
    writePng(path("a.png"), view({2, 2}));
    const Pixels pixels = decodePng(readFile(path("a.png")));
    ASSERT_EQ(pixels.width, 512u);
    ASSERT_EQ(pixels.height, 512u);
    EXPECT_EQ(pixels.at(0, 0), (Rgb{0xF6, 0xFB, 0xF8})); // zero is the page
    EXPECT_EQ(pixels.at(511, 511), (Rgb{0x2E, 0x1E, 0x3B}));
    EXPECT_EQ(pixels.at(255, 255), pixels.at(0, 0)); // the cell ends here
    EXPECT_EQ(pixels.at(256, 0), mapColours(ColourMap::Attention)[64]);
    EXPECT_EQ(pixels.at(0, 256), mapColours(ColourMap::Attention)[128]);
}

TEST_F(Export, PngIsNotSquareWhenTheArrayIsNot) {
    writePng(path("a.png"), view({2, 12}));
    const Pixels pixels = decodePng(readFile(path("a.png")));
    EXPECT_EQ(pixels.width, 42u * 12);
    EXPECT_EQ(pixels.height, 42u * 2);
}

TEST_F(Export, LogScaleAndOddValues) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    m_values = {100, 1, 0.001f, nan};
    writePng(path("a.png"), view({1, 4}), {.map = ColourMap::Influence, .logScale = true});
    const Pixels pixels = decodePng(readFile(path("a.png")));
    const auto& colours = mapColours(ColourMap::Influence);
    EXPECT_EQ(pixels.at(0, 0), (Rgb{0xB0, 0x24, 0x6E}));
    EXPECT_EQ(pixels.at(128, 0), colours[128]); // two of four decades
    EXPECT_EQ(pixels.at(256, 0), (Rgb{0xFF, 0xFF, 0xFF}));
    EXPECT_EQ(pixels.at(384, 0), kGapColour);
    m_values = {0, 0, -1, std::numeric_limits<float>::infinity()};
    EXPECT_NO_THROW(writePng(path("zero.png"), view({2, 2})));
    EXPECT_EQ(decodePng(readFile(path("zero.png"))).at(0, 300), (Rgb{0xF6, 0xFB, 0xF8}));
}

TEST_F(Export, SheetSetsMapsApart) {
    for (float& v : m_values) v = 1;
    writePng(path("a.png"), view({2, 3, 2, 2})); // 8 columns, 5 rows with gaps, 64 pixels a cell
    const Pixels pixels = decodePng(readFile(path("a.png")));
    ASSERT_EQ(pixels.width, 512u);
    ASSERT_EQ(pixels.height, 320u);
    EXPECT_EQ(pixels.at(0, 0), (Rgb{0x2E, 0x1E, 0x3B}));
    EXPECT_EQ(pixels.at(130, 0), kGapColour);
    EXPECT_EQ(pixels.at(0, 130), kGapColour);
    EXPECT_EQ(pixels.at(192, 192), (Rgb{0x2E, 0x1E, 0x3B}));
}

TEST_F(Export, PicturesThatMakeNoSenseAreUsageErrors) {
    EXPECT_THROW(writePng(path("a.png"), view({4})), UsageError);
    EXPECT_THROW(writePng(path("a.png"), view({2, 2, 2})), UsageError);
    EXPECT_THROW(writePng(path("a.png"), view({0, 2})), UsageError);
    m_values.assign(8193, 0);
    EXPECT_THROW(writePng(path("a.png"), view({1, 8193})), UsageError);
    EXPECT_THROW(writeSvg(path("a.svg"), view({1, 8193})), UsageError);
    EXPECT_EQ(filesWritten(), 0);
}

std::size_t countOf(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST_F(Export, SmallSvgIsRectanglesWithTokenAxes) {
    m_values.assign(100, 1);
    writeSvg(path("a.svg"), view({10, 10}), {.title = "layer 5 <head 0> & \"all\"", .block = 64});
    const std::string svg = readFile(path("a.svg"));
    EXPECT_EQ(countOf(svg, "<rect "), 100u + 64 + 1); // cells, colour scale, page
    EXPECT_EQ(countOf(svg, "fill=\"#2E1E3B\""), 101u);
    EXPECT_THAT(svg, HasSubstr("layer 5 &lt;head 0&gt; &amp; &quot;all&quot;"));
    for (const char* tick : {">0<", ">128<", ">256<", ">640<"}) EXPECT_THAT(svg, HasSubstr(tick));
    EXPECT_THAT(svg, HasSubstr(">key token<"));
    EXPECT_THAT(svg, HasSubstr(">query token<"));
    EXPECT_EQ(countOf(svg, "<text "), countOf(svg, "</text>"));
}

TEST_F(Export, LargeSvgEmbedsAPngOfEveryCell) {
    m_values.assign(100 * 100, 0);
    m_values[99] = 1;
    writeSvg(path("a.svg"), view({100, 100}));
    const std::string svg = readFile(path("a.svg"));
    const std::string mark = "data:image/png;base64,";
    const std::size_t from = svg.find(mark) + mark.size();
    const std::string text = svg.substr(from, svg.find('"', from) - from);
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string png;
    unsigned bits = 0, held = 0;
    for (char c : text.substr(0, text.find('='))) {
        bits = bits << 6 | unsigned(digits.find(c));
        held += 6;
        if (held >= 8) held -= 8, png += char(bits >> held & 0xFF);
    }
    const Pixels pixels = decodePng(png);
    ASSERT_EQ(pixels.width, 100u);
    ASSERT_EQ(pixels.height, 100u);
    EXPECT_EQ(pixels.at(99, 0), (Rgb{0x2E, 0x1E, 0x3B}));
    EXPECT_EQ(pixels.at(0, 99), (Rgb{0xF6, 0xFB, 0xF8}));
}

TEST_F(Export, SheetAxesAreLayersAndHeads) {
    writeSvg(path("a.svg"), view({2, 3, 2, 2}));
    EXPECT_THAT(readFile(path("a.svg")), HasSubstr(">query head<"));
    EXPECT_THAT(readFile(path("a.svg")), HasSubstr(">layer<"));
}

TEST_F(Export, EndingPicksTheWriter) {
    for (const char* name : {"a.npy", "a.csv", "a.png", "a.svg"}) writeArray(path(name), view({4, 6}));
    EXPECT_EQ(readFile(path("a.npy")).substr(1, 5), "NUMPY");
    EXPECT_EQ(countOf(readFile(path("a.csv")), "\n"), 4u);
    EXPECT_EQ(readFile(path("a.png")).substr(1, 3), "PNG");
    EXPECT_EQ(readFile(path("a.svg")).substr(0, 5), "<?xml");
    EXPECT_THROW(writeArray(path("a.jpg"), view({4, 6})), UsageError);
    EXPECT_THROW(checkArrayEnding("heat"), UsageError);
    EXPECT_NO_THROW(checkArrayEnding("folder.d/heat.svg"));
}

TEST_F(Export, FailedWriteNamesTheFileAndLeavesNothing) {
    try {
        writeNpy(path("no/such/folder.npy"), view({4}));
        FAIL();
    } catch (const FileError& e) {
        EXPECT_THAT(e.what(), HasSubstr("folder.npy: cannot be written: No such file"));
    }
    std::filesystem::create_directories(path("taken.npy/inside"));
    EXPECT_THROW(writeNpy(path("taken.npy"), view({4})), FileError);
    ASSERT_EQ(::mkfifo(path("pipe.npy").c_str(), 0600), 0);
    EXPECT_THROW(writeNpy(path("pipe.npy"), view({4})), FileError);
    EXPECT_TRUE(std::filesystem::is_fifo(path("pipe.npy"))) << "a pipe is not replaced by a file";
    EXPECT_EQ(filesWritten(), 2);
}

TEST(ColourMaps, KeepTheirStopsAndDarkenSteadily) {
    const auto& colours = mapColours(ColourMap::Attention);
    EXPECT_EQ(colours.front(), (Rgb{0xF6, 0xFB, 0xF8}));
    EXPECT_EQ(colours.back(), (Rgb{0x2E, 0x1E, 0x3B}));
    const auto luma = [](Rgb c) { return 0.299 * c.r + 0.587 * c.g + 0.114 * c.b; };
    for (std::size_t i = 1; i < colours.size(); ++i) EXPECT_LE(luma(colours[i]), luma(colours[i - 1]) + 0.5);
    EXPECT_EQ(mapColours(ColourMap::Influence).front(), (Rgb{0xFF, 0xFF, 0xFF}));
    EXPECT_EQ(mapColours(ColourMap::Influence).back(), (Rgb{0xB0, 0x24, 0x6E}));
}

TEST(ColourMaps, InterpolateInLab) {
    // Computed in Python: Lab (70.19, 30.10, −3.84), 128/255 of the way from white to #B0246E.
    const Rgb middle = mapColours(ColourMap::Influence)[128];
    EXPECT_NEAR(middle.r, 221, 1);
    EXPECT_NEAR(middle.g, 152, 1);
    EXPECT_NEAR(middle.b, 179, 1);
}

TEST(ArrayShape, IsRefusedBeforeAnythingIsComputed) {
    EXPECT_NO_THROW(checkArrayShape("a.npy", {6, 8, 16384, 16384}));
    EXPECT_NO_THROW(checkArrayShape("a.csv", {6, 8, 16384, 16384}));
    EXPECT_NO_THROW(checkArrayShape("a.png", {8192, 8192}));
    EXPECT_THROW(checkArrayShape("a.png", {8193, 8193}), UsageError);
    EXPECT_THROW(checkArrayShape("a.svg", {6, 8, 2000, 2000}), UsageError);
    EXPECT_THROW(checkArrayShape("a.svg", {3}), UsageError);
    EXPECT_THROW(checkArrayShape("a.gif", {2, 2}), UsageError);
}

} // namespace
} // namespace moa
