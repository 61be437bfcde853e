// See sentencepiece_model.h.
#include "engine/loader/sentencepiece_model.h"

#include "engine/core/error.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/utf8.h"

#include <sentencepiece_processor.h>

namespace moa {

namespace {

constexpr std::uint64_t kMaxModelBytes = 64u << 20;

} // namespace

struct SentencePieceModel::Library {
    sentencepiece::SentencePieceProcessor processor;
};

SentencePieceModel::SentencePieceModel(const std::filesystem::path& file) {
    const std::string bytes = readTextFile(file, kMaxModelBytes);
    auto library = std::make_unique<Library>();
    const auto status = library->processor.LoadFromSerializedProto(bytes);
    if (!status.ok()) throw FileError(file.string(), "", "expected a SentencePiece model: " + oneLine(status.ToString()));
    m_library = std::move(library);
}

SentencePieceModel::~SentencePieceModel() = default;

std::vector<SentencePieceModel::Piece> SentencePieceModel::pieces() const {
    const auto& p = m_library->processor;
    std::vector<Piece> pieces;
    for (int id = 0; id < p.GetPieceSize(); ++id)
        pieces.push_back({p.IdToPiece(id), p.IsControl(id), p.IsUnknown(id), p.IsByte(id)});
    return pieces;
}

int SentencePieceModel::bosId() const {
    return m_library->processor.bos_id();
}

int SentencePieceModel::eosId() const {
    return m_library->processor.eos_id();
}

bool SentencePieceModel::leadingSpace() const {
    std::vector<std::string> pieces;
    return m_library->processor.Encode("a", &pieces).ok() && !pieces.empty() && pieces.front().starts_with("▁");
}

void SentencePieceModel::encode(std::string_view text, std::vector<int>& out) const {
    std::vector<int> ids;
    const auto status = m_library->processor.Encode(absl::string_view(text.data(), text.size()), &ids);
    if (!status.ok()) throw Error("SentencePiece could not cut the text: " + oneLine(status.ToString()));
    out.insert(out.end(), ids.begin(), ids.end());
}

} // namespace moa
