// See post_processor.h.
#include "engine/loader/post_processor.h"

namespace moa {

void PostProcessor::read(const JsonView& json) {
    const std::string type = json.at("type").text();
    if (type == "Sequence") {
        const JsonView list = json.at("processors");
        for (std::size_t i = 0; i < list.size(); ++i) read(list[i]);
    } else if (type == "TemplateProcessing") {
        readTemplate(json);
    } else if (type != "ByteLevel") {
        json.fail(
            "expected a post-processor that is supported (Sequence, TemplateProcessing, ByteLevel), found " +
            type);
    }
}

/// "single": a list of {"SpecialToken": {"id": name}} around one {"Sequence": {"id": "A"}}.
void PostProcessor::readTemplate(const JsonView& json) {
    const JsonView single = json.at("single");
    std::vector<int> front, back;
    bool seen = false;
    for (std::size_t i = 0; i < single.size(); ++i) {
        if (const auto sequence = single[i].find("Sequence")) {
            if (seen || sequence->at("id").text() != "A") sequence->fail("expected the sequence A, once");
            seen = true;
            continue;
        }
        const JsonView name = single[i].at("SpecialToken").at("id");
        const JsonView ids = json.at("special_tokens").at(name.text()).at("ids");
        for (std::size_t k = 0; k < ids.size(); ++k)
            (seen ? back : front).push_back(static_cast<int>(ids[k].integer(0, INT32_MAX)));
    }
    if (!seen) single.fail("expected the sequence A in the template");
    // A later processor works on the result of an earlier one: its tokens go outside.
    before.insert(before.begin(), front.begin(), front.end());
    after.insert(after.end(), back.begin(), back.end());
}

} // namespace moa
