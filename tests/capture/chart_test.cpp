// Charts: the same panels as pixels and as SVG.
#include "engine/capture/chart.h"
#include "engine/capture/colour_map.h"
#include "engine/capture/glyphs.h"
#include "engine/core/error.h"

#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <unistd.h>

namespace moa {
namespace {

class Chart : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(m_folder); }
    void TearDown() override { std::filesystem::remove_all(m_folder); }
    std::string path(const std::string& name) const { return (m_folder / name).string(); }
    std::string read(const std::string& name) const {
        std::stringstream text;
        text << std::ifstream(path(name), std::ios::binary).rdbuf();
        return text.str();
    }
    const std::filesystem::path m_folder =
        std::filesystem::temp_directory_path() / ("moa-chart-" + std::to_string(::getpid()));
};

struct Pixels {
    png_image image{};
    std::vector<std::uint8_t> rgb;
    explicit Pixels(const std::string& file) {
        image.version = PNG_IMAGE_VERSION;
        EXPECT_TRUE(png_image_begin_read_from_file(&image, file.c_str())) << image.message;
        image.format = PNG_FORMAT_RGB;
        rgb.resize(PNG_IMAGE_SIZE(image));
        EXPECT_TRUE(png_image_finish_read(&image, nullptr, rgb.data(), 0, nullptr));
    }
    std::size_t count(Rgb colour) const {
        std::size_t n = 0;
        for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) n += rgb[i] == colour.r && rgb[i + 1] == colour.g && rgb[i + 2] == colour.b;
        return n;
    }
};

GridPanel grid() {
    return {"Plan", "tokens", "depth", {"1k", "2k"}, {"0%", "50%"}, {1, 0, 0.5, std::numeric_limits<double>::quiet_NaN()}};
}

LinePanel lines() {
    LinePanel panel{"Retrieval", "density", "share", {}};
    panel.percent = true;
    panel.series.push_back({"plan", kPlanColour, {0.1, 0.5, 1}, {0.2, 0.9, 1}, {0.1, 0.8, 0.9}, {0.3, 0.95, 1}});
    panel.series.push_back({"uniform", kUniformColour, {0.1, 0.5, 1}, {0, 0.4, 1}, {}, {}, true});
    return panel;
}

TEST_F(Chart, CellsCarryTheirColourAndNumber) {
    writeFigure(path("grid.png"), {grid()});
    const Pixels pixels(path("grid.png"));
    const auto& colours = mapColours(ColourMap::Attention);
    EXPECT_GT(pixels.count(colours.back()), 1000u) << "the cell of 100%";
    EXPECT_GT(pixels.count(kGapColour), 1000u) << "the cell that is not there";
    writeFigure(path("grid.svg"), {grid()});
    const std::string svg = read("grid.svg");
    for (const std::string text : {">100<", ">0<", ">50<", ">1k<", ">depth<", ">Plan<"})
        EXPECT_NE(svg.find(text), std::string::npos) << text;
    EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST_F(Chart, ChangesHaveASignAndTwoColours) {
    GridPanel change = grid();
    change.colours = GridColours::Change;
    change.values = {-1, 1, 0, -0.25};
    writeFigure(path("change.svg"), {change, lines()});
    const std::string svg = read("change.svg");
    for (const std::string text : {">-100<", ">+100<", "#590008", "#001261", ">0<", ">uniform<", "stroke-dasharray"})
        EXPECT_NE(svg.find(text), std::string::npos) << text;
}

TEST_F(Chart, LinesAreDrawnInTheirColours) {
    writeFigure(path("lines.png"), {lines()});
    const Pixels pixels(path("lines.png"));
    EXPECT_GT(pixels.count(kPlanColour), 300u);
    EXPECT_GT(pixels.count(kUniformColour), 150u);
    EXPECT_LT(pixels.count(kUniformColour), pixels.count(kPlanColour)) << "dashed";
    LinePanel empty{"Nothing", "x", "y", {}};
    EXPECT_NO_THROW(writeFigure(path("empty.png"), {empty}));
}

TEST_F(Chart, RefusesOtherEndings) {
    EXPECT_THROW(writeFigure(path("x.jpg"), {lines()}), UsageError);
    EXPECT_THROW(writeFigure(path("x.png"), {}), UsageError);
    EXPECT_THROW(writeFigure(path("no/such/x.png"), {lines()}), FileError);
}

TEST(Glyphs, EveryShadeIsThere) {
    std::size_t drawn = 0;
    for (const Glyph& glyph : glyphs()) {
        EXPECT_EQ(glyph.shades.size(), std::size_t(kGlyphRows * glyph.width)) << std::uint32_t(glyph.code);
        drawn += glyph.shades.find_first_not_of('0') != std::string_view::npos;
    }
    EXPECT_EQ(drawn + 1, glyphs().size()) << "all but the space";
}

} // namespace
} // namespace moa
