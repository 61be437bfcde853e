// Every reader of the loader on damaged copies of valid files, by fixed seeds: only FileError ever escapes,
// and no single allocation is out of proportion to the file.
#include "engine/core/error.h"
#include "engine/loader/chat_template.h"
#include "engine/loader/gguf.h"
#include "engine/loader/gguf_tokenizer.h"
#include "engine/loader/hf_config.h"
#include "tests/fuzz/loader_allocations.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

namespace moa {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
    return n == 0 ? 0 : random() % n;
}

/// One to four small changes: bytes flipped, cut, doubled, or replaced by something that numbers dislike.
std::string damaged(std::string bytes, Random& random) {
    static const std::vector<std::string> tokens{"-1",
                                                 "0",
                                                 "1e999",
                                                 "NaN",
                                                 "null",
                                                 "true",
                                                 "[]",
                                                 "{}",
                                                 "\"\"",
                                                 "[[",
                                                 "}",
                                                 "18446744073709551615",
                                                 "9223372036854775807",
                                                 "4294967296",
                                                 "\\u0000",
                                                 "\xff",
                                                 ",",
                                                 ":",
                                                 "\"",
                                                 "1.5",
                                                 "(a+)+$",
                                                 "\\"};
    for (std::size_t changes = 1 + below(random, 4); changes > 0; --changes) {
        const std::size_t at = below(random, bytes.size());
        const std::size_t length = std::min(bytes.size() - at, below(random, 12));
        switch (below(random, 6)) {
        case 0:
            if (!bytes.empty())
                bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1u << below(random, 8)));
            break;
        case 1:
            bytes.erase(at, length);
            break;
        case 2:
            bytes.insert(at, bytes.substr(below(random, bytes.size()), below(random, 40)));
            break;
        case 3:
            bytes.replace(at, length, tokens[below(random, tokens.size())]);
            break;
        case 4:
            bytes.resize(below(random, 20) == 0 ? at : bytes.size());
            break;
        default: {
            const std::size_t digit = bytes.find_first_of("0123456789", at);
            if (digit != std::string::npos) bytes.replace(digit, 1, tokens[below(random, tokens.size())]);
        }
        }
    }
    return bytes;
}

/// Runs `read` and fails the test if anything but FileError comes out, or memory is taken out of proportion.
/// @return whether it succeeded
bool onlyFileErrors(const std::function<void()>& read, std::size_t fileBytes, const std::string& about) {
    resetLargestAllocation();
    bool success = false;
    try {
        read();
        success = true;
    } catch (const FileError& error) {
        const std::string line = error.what();
        EXPECT_FALSE(line.empty());
        EXPECT_TRUE(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x20; })) << line;
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what() << " from " << about.substr(0, 2000);
    }
    EXPECT_LE(largestAllocation(), 64 * fileBytes + (1u << 20)) << about.substr(0, 2000);
    return success;
}

/// Values of every JSON type, put in every place of a document in turn.
const std::vector<Json> kStrange{nullptr,    true,           -1, 0,   1.5,           1e300,
                                 UINT64_MAX, INT64_MAX,      "", "x", Json::array(), Json::object(),
                                 {1, 2},     {{"type", "x"}}};

void forEveryPlace(const Json& document, const std::function<void(const Json&)>& visit) {
    const Json flat = document.flatten();
    std::vector<Json::json_pointer> places;
    for (const auto& [key, value] : flat.items()) {
        for (Json::json_pointer place(key); !place.empty(); place = place.parent_pointer())
            if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
    for (const auto& place : places)
        for (const Json& strange : kStrange) {
            Json changed = document;
            changed[place] = strange;
            visit(changed);
        }
}

const std::filesystem::path kData = std::filesystem::path(MOA_SOURCE_DIR) / "tests/loader/data";

void tryTokenizer(const std::string& text) {
    onlyFileErrors(
        [&text] {
            const Tokenizer tokenizer = Tokenizer::fromJson(text, "t.json");
            const auto ids =
                tokenizer.encode("Hello  <|eot_id|> w\xc3\xb6rld 123\n\n<s> it's \xff\xe6\x97\xa5");
            tokenizer.decode(ids);
            for (int id = -1; id < 20; ++id) tokenizer.piece(id);
        },
        text.size(), text);
}

/// A tokenizer file cut down to a few words, so that damage hits all of it.
Json smallTokenizer(const std::string& name) {
    Json json = readJsonFile(kData / name, 1 << 20);
    Json vocab = Json::object(), merges = Json::array();
    for (const auto& [token, id] : json["model"]["vocab"].items())
        if (id < 320) vocab[token] = id;
    for (const Json& merge : json["model"]["merges"]) {
        const bool pair = merge.is_array();
        const std::string text =
            pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>() : merge.get<std::string>();
        const std::size_t space = text.find(' ');
        const std::string left = text.substr(0, space), right = text.substr(space + 1);
        if (merges.size() < 20 && vocab.contains(left) && vocab.contains(right) &&
            vocab.contains(left + right))
            merges.push_back(merge);
    }
    json["model"]["vocab"] = vocab;
    json["model"]["merges"] = merges;
    return json;
}

constexpr const char* kTokenizers[] = {"byte_level_gpt2.json", "llama3.json",
                                       "llama2_legacy.json",   "llama2_metaspace.json",
                                       "prefixed_digits.json", "split_behaviours.json"};

class LoaderFuzz : public testing::Test {
protected:
    /// Calls `attempt` with a random generator until the time is over; at least `minimum` times.
    void repeat(double seconds, int minimum, const std::function<void(Random&)>& attempt) {
        Random random(20240614);
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
        for (int i = 0; (i < minimum || std::chrono::steady_clock::now() < end) && !HasFailure(); ++i)
            attempt(random);
    }
};

TEST_F(LoaderFuzz, tokenizersWithDamage) {
    std::vector<std::string> texts;
    for (const char* name : kTokenizers) texts.push_back(smallTokenizer(name).dump());
    repeat(0.6, 100,
           [&](Random& random) { tryTokenizer(damaged(texts[below(random, texts.size())], random)); });
}

TEST_F(LoaderFuzz, tokenizersWithStrangeValues) {
    for (const char* name : kTokenizers) {
        Json json = smallTokenizer(name);
        const Json vocab = json["model"]["vocab"], merges = json["model"]["merges"];
        for (const Json& strange : kStrange) { // of these two a single entry is enough
            Json changed = json;
            changed["model"]["vocab"]["strange"] = strange;
            tryTokenizer(changed.dump());
            changed["model"]["vocab"] = vocab;
            changed["model"]["merges"].push_back(strange);
            tryTokenizer(changed.dump());
        }
        Json rest = json;
        rest["model"]["vocab"] = {{"a", 0}, {"<unk>", 1}};
        rest["model"]["merges"] = Json::array();
        forEveryPlace(rest, [](const Json& changed) { tryTokenizer(changed.dump()); });
    }
}

TEST_F(LoaderFuzz, configs) {
    const TemporaryModel model;
    Json config = Json::parse(model.read("config.json"));
    config["rope_scaling"] = {{"rope_type", "llama3"},
                              {"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 8192}};
    config["eos_token_id"] = {2, 3};
    const auto attempt = [&model](const std::string& text) {
        model.write("config.json", text);
        onlyFileErrors(
            [&model] {
                ModelConfig read = readModelConfig(model.path() / "config.json");
                addGenerationConfig(model.path() / "config.json", read);
                EXPECT_GT(read.headDim, 0);
                EXPECT_EQ(read.heads % read.kvHeads, 0);
            },
            text.size(), text);
    };
    forEveryPlace(config, [&attempt](const Json& changed) { attempt(changed.dump()); });
    repeat(0.4, 100, [&](Random& random) { attempt(damaged(config.dump(), random)); });
}

TEST_F(LoaderFuzz, weights) {
    const TemporaryModel model;
    const std::string whole = model.read("model.safetensors");
    const std::size_t head = std::min<std::size_t>(whole.size(), 2000); // header and some data
    repeat(0.6, 100, [&](Random& random) {
        const std::string bytes = damaged(whole.substr(0, head), random) + whole.substr(head);
        model.write("model.safetensors", bytes);
        onlyFileErrors(
            [&model] {
                const SafetensorsFile file(model.path() / "model.safetensors");
                for (const TensorView& tensor : file.tensors())
                    if (weightType(tensor.type)) toFloat(tensor);
            },
            bytes.size(), "weights");
    });
}

TEST_F(LoaderFuzz, ggufModelsAndVocabularies) {
    const TemporaryFolder folder;
    for (const char* name : {"tiny.gguf", "sentencepiece.gguf", "quant_blocks.gguf"}) {
        const std::string whole = readTextFile(kData / name, 1 << 20);
        repeat(0.4, 60, [&](Random& random) {
            // Mostly the counts, lengths and shapes: the front, and around the tensor table.
            const std::size_t from = below(random, 3) == 0 ? below(random, whole.size()) : 0;
            const std::size_t head = std::min(whole.size(), from + 600);
            const std::string bytes = whole.substr(0, from) + damaged(whole.substr(from, head - from), random) + whole.substr(head);
            folder.write("m.gguf", bytes);
            onlyFileErrors(
                [&folder] {
                    const GgufFile file(folder.path() / "m.gguf");
                    for (const TensorView& tensor : file.tensors())
                        if (isWeightType(tensor.type)) toFloat(tensor);
                    readGgufTokenizer(file).encode("Hello <|im_end|> 123 w\xc3\xb6rld");
                },
                bytes.size(), name);
            onlyFileErrors([&folder] { loadModel(folder.path()); }, bytes.size(), name);
        });
    }
}

TEST_F(LoaderFuzz, foldersWithDamage) {
    const TemporaryModel model;
    model.split(2);
    model.write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": {"content": "</s>"},
        "chat_template": [{"name": "default", "template": "<|im_start|>system\nx<|im_end|>"}]})");
    model.write("generation_config.json", R"({"eos_token_id": [1, 2]})");
    model.write("tokenizer.json", smallTokenizer("llama3.json").dump());
    std::vector<std::pair<std::string, std::string>> files;
    std::size_t total = 0;
    for (const auto& entry : std::filesystem::directory_iterator(model.path())) {
        files.emplace_back(entry.path().filename(), model.read(entry.path().filename()));
        total += files.back().second.size();
    }
    std::sort(files.begin(), files.end());
    repeat(0.6, 50, [&](Random& random) {
        const auto& [name, bytes] = files[below(random, files.size())];
        model.write(name, damaged(bytes, random));
        onlyFileErrors([&model] { loadModel(model.path())->chat.render({{"user", "x"}}); }, 2 * total, name);
        model.write(name, bytes);
    });
    EXPECT_TRUE(onlyFileErrors([&model] { loadModel(model.path()); }, total, "undamaged"));
}

} // namespace
} // namespace moa
