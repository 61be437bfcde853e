// Post-processors of tokenizer.json: the begin and end tokens put around one text.
// Supported: TemplateProcessing, ByteLevel (which only moves offsets), Sequence. Others are refused by name.
#pragma once

#include "engine/loader/json_reader.h"

#include <vector>

namespace moa {

struct PostProcessor {
    std::vector<int> before; ///< ids put in front
    std::vector<int> after;  ///< ids appended

    PostProcessor() = default;
    /// Reads "post_processor". Throws FileError for an unknown or damaged one.
    explicit PostProcessor(const JsonView& json) { read(json); }

private:
    void read(const JsonView& json);
    void readTemplate(const JsonView& json);
};

} // namespace moa
