#!/usr/bin/env python3
"""Token ids and texts of the `tokenizers` library on hard text, for tests/loader/tokenizer_golden_test.cpp.

Trains small tokenizers of the layouts found in Llama-architecture models and writes, into tests/loader/data,
each as <name>.json beside golden_tokenizer.json with what the library makes of every text.
Run from anywhere: python3 tests/reference/tokenizer_golden.py  (needs: tokenizers)
"""
import json
import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "loader" / "data"
VOCAB = 640

LLAMA3_WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT4O_WORDS = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
               r"|[^\r\n\p{L}\p{N}]?+[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
               r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

UNICODE_SAMPLE = [
    "Größe naïve façade Ελληνικά кириллица текст עברית العربية हिन्दी ภาษาไทย 日本語のテキスト 中文文本 한국어 텍스트",
    "émigré cafe\u0301 ﬁne ﬀ ½ ² Ⅷ ① ๓ ४२ x² “quoted” — dash… €100 £5 ¥7 →←↑ ∑∫√ ✓✗ 😀😃🎉👍🏽👩‍👩‍👧‍👦🇩🇪",
    "def f(x):\n    return x + 1\n\n\tif (a != b) { c->d(); }  // comment\r\n#include <vector>\r\n",
]


def training_lines():
    docs = (ROOT / "resources" / "texts" / "sqlite-docs.txt").read_text(encoding="utf-8")
    return [docs[i:i + 400] for i in range(0, 60000, 400)] + UNICODE_SAMPLE * 5


def train(tokenizer, specials, byte_level=True):
    alphabet = pre_tokenizers.ByteLevel.alphabet() if byte_level else []
    trainer = trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=specials, initial_alphabet=sorted(alphabet),
                                  show_progress=False)
    tokenizer.train_from_iterator(training_lines(), trainer)
    return tokenizer


def byte_level_gpt2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    train(t, ["<|endoftext|>"])
    t.add_tokens([AddedToken("<tool>", normalized=True), AddedToken("<tool_call>"), AddedToken("ability")])
    t.add_special_tokens([AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True),
                          AddedToken("<both>", lstrip=True, rstrip=True), AddedToken("<word>", single_word=True),
                          AddedToken("wordy", single_word=True)])
    return t


def prefixed_digits():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False),
                                               pre_tokenizers.ByteLevel(add_prefix_space=True)])
    t.decoder = decoders.ByteLevel()
    t.normalizer = normalizers.Sequence([normalizers.Strip(left=False, right=True),
                                         normalizers.Replace(Regex(r"\s*\n\s*"), "\n")])
    t.add_tokens([AddedToken("Line \n One", normalized=True)])
    return train(t, ["<s>", "</s>"])


def llama3():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3_WORDS), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    train(t, ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B",
                                      special_tokens=[("<|begin_of_text|>", t.token_to_id("<|begin_of_text|>"))])])
    return t


def gpt4o():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(GPT4O_WORDS), "removed", invert=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    train(t, ["<|im_start|>", "<|im_end|>"])
    t.post_processor = processors.TemplateProcessing(single="$A <|im_end|>", special_tokens=[("<|im_end|>", 1)])
    return t


def split_behaviours():
    t = Tokenizer(models.BPE())
    split = pre_tokenizers.Split
    t.pre_tokenizer = pre_tokenizers.Sequence([
        split("\n", "merged_with_previous"), split(Regex(r"[,;]\s*"), "merged_with_next"),
        split(Regex(r"[a-z]"), "contiguous"), split(Regex(r"\d+"), "isolated", invert=True),
        split("--", "removed"), split(Regex(r"\bx\b|\W\w\h"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    return train(t, ["<s>"])


def llama2_legacy():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")  # only to train words, removed below
    train(t, ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], byte_level=False)
    blank = json.loads(t.to_str())
    blank["pre_tokenizer"] = None
    blank["added_tokens"] = [a for a in blank["added_tokens"] if a["id"] < 3]
    blank["model"]["merges"] = [" ".join(m) for m in blank["model"]["merges"]]
    t = Tokenizer.from_str(json.dumps(blank))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return t, blank


def llama2_metaspace():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    t.add_tokens([AddedToken("New Line", normalized=True)])
    return train(t, ["<unk>", "<s>", "</s>"], byte_level=False)


def qwen2():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3_WORDS.replace("{1,3}", "")), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    return train(t, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])


def lower_nfkc():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return train(t, ["<s>"])


def decomposed():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.NFD()])
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return train(t, ["<s>"])


def hard_texts():
    texts = [
        "", " ", "  ", "   \n", "\n", "\n\n\n", "\r\n", "\r\n\r\n  \r\n", "\t", "\t\t x", " a", "a ", "  a  b   c    ",
        "Hello world", "Hello, world! It's the SQLite's we'll they'd I'M YOU'RE 'S ſ's 'ſ", "x" * 300, "ab" * 150,
        "the " * 40, "1", "12", "123", "1234567890", "3.14159e-10", "1,234,567.89", "٣٤٥ ४२ ๓ ½ ² Ⅷ ① 〇 一二三", "a1b2c3",
        "line amber-river: REGISTER_CONTENT is <41827>\n", "<|endoftext|>", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>",
        "a<|endoftext|>b <|endoftext|> c", "<|endoftext|><|endoftext|>", "<|endoftext", "<|begin_of_text|>x<|eot_id|>",
        "<s>a</s> <s> b", "<unk>", "  <left>  x  <right>  y  <both>  z", "<left><left> <right> <right><both>", "a <word> b<word>c <word>.",
        "wordy swordy wordy, éwordy wordyé _wordy \u0301wordy wordy\u200d", "<tool><tool_call> <tool_cal", "capability ability abilities",
        "New Line\nNew  Line New Line ", "aLine\nOneb Line \n\n One", "def f(x):\n    return x**2  # ok\n\n\nclass A:\n\tpass\n", "a\n \n  b\n\n   c",
        "for(int i=0;i<10;++i){a[i]->b(&c);}//x\r\n", "https://example.org/a?b=c&d=%20#e", "x;  y,z--w---v", "x y xx x.x",
        "😀", "😀😃 🎉", "👩‍👩‍👧‍👦👍🏽", "🇩🇪🇫🇷", "日本語のテキスト", "中文，文本。", "한국어 텍스트", "ภาษาไทย", "हिन्दी", "العربية עברית",
        "cafe\u0301 café", "a\u0300\u0301\u0302\u0303", "\u0301\u0301", "ﬁ ﬀ ß ẞ İ ı", "Ǆ ǅ ǆ ʰ ª º", "\u00a0x\u00a0\u00a0y", "\u2003\u3000 \u2028\u2029\u0085x",
        "\u180e \u200b \ufeff \u200d", "\x00", "a\x00b\x00\x00", "\x01\x02\x1b[0m\x7f", "\x1c\x1d\x1e\x1f ", "\x0b\x0c",
        "\ufffd", "\U0010ffff \ue000", "▁", "▁▁ ▁a", "Ġ ĠĠa Ċ", "<0x0A> <0xFF>", "a<0x41>b", "'", "''s", "'' 't", "\"it''s\"",
        "\\n \\\\", "{{ }} {,3} [[a]]", "_under_score_ CamelCaseWORDSHere XMLHttpRequest", "ＦＵＬＬｗｉｄｔｈ１２３", "𝕌𝕟𝕚𝕔𝕠𝕕𝕖 𝟘𝟙𝟚", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "   leading", "trailing   ", "a  \n  b", "\n\n x", " \n\n", "A\u200bB", "١٢٣abc٤٥", "E=mc²", "50% €3", "x  ", "tab\tsep\t\tx",
    ]
    texts = [t.encode("utf-8") for t in texts]
    texts += [b"\xff", b"a\x80b", b"\xc3", b"\xe2\x82", b"\xe2\x82 x", b"\xf0\x9f\x98", b"\xf0\x9f\x98\x80\xf0\x9f", b"\xed\xa0\x80",
              b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"ok \xc3\xa9 \xc3( \xfe\xff", b"\xf5\x80\x80\x80", b"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"]
    docs = (ROOT / "resources" / "texts" / "sqlite-docs.txt").read_text(encoding="utf-8")
    texts.append(docs[100000:101500].encode("utf-8"))
    return texts


def random_texts(rng, count):
    """Mixtures of characters that the splitting patterns treat differently."""
    sets = [" ", "  ", "\n", "\r\n", "\t", "abcdefghij", "THEQ", "0123456789", ".,;:!?'\"-_()[]{}<>|/\\@#$%^&*+=~`", "éüñßçÅØ", "жшΩλ",
            "日本語中文한국", "\u0301\u0308\u200d", "²½Ⅷ٣", "😀👍🏽", "\u00a0\u2003\u3000\u0085", "\x00\x1f", "'sS'tT're've'm'll'd", "x", "▁Ġ"]
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 14)):
            chosen = rng.choice(sets)
            parts.append("".join(rng.choice(chosen) for _ in range(rng.randint(1, 4))))
        texts.append("".join(parts).encode("utf-8"))
    return texts


def golden(tokenizer, texts):
    rows = []
    for raw in texts:
        text = raw.decode("utf-8", errors="replace")
        tokenizer.encode_special_tokens = False
        full = tokenizer.encode(text).ids
        bare = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        row = {"hex": raw.hex(), "ids": bare}
        if full != bare:
            row["full"] = full
        if plain != bare:
            row["plain"] = plain
        for key, value in (("text", tokenizer.decode(bare, skip_special_tokens=False)),
                           ("skip", tokenizer.decode(full, skip_special_tokens=True))):
            if value != text:
                row[key] = value
        rows.append(row)
    return rows


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    rng = random.Random(4)
    hard = hard_texts()
    result = {"moa-tiny": {"file": "resources/models/moa-tiny/tokenizer.json",
                           "cases": golden(Tokenizer.from_file(str(ROOT / "resources/models/moa-tiny/tokenizer.json")),
                                           hard + random_texts(rng, 120))}}
    for make in (byte_level_gpt2, prefixed_digits, llama3, gpt4o, split_behaviours, llama2_legacy, llama2_metaspace, qwen2, lower_nfkc,
                 decomposed):
        made = make()
        tokenizer, blank = made if isinstance(made, tuple) else (made, None)
        content = json.loads(tokenizer.to_str())
        if blank:  # the library writes pairs; older files have "a b"
            content["model"]["merges"] = blank["model"]["merges"]
        name = make.__name__
        (DATA / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        tokenizer = Tokenizer.from_file(str(DATA / f"{name}.json"))
        result[name] = {"file": f"tests/loader/data/{name}.json", "cases": golden(tokenizer, hard + random_texts(rng, 80))}
    lines = []
    for name, entry in result.items():
        cases = ",\n".join(json.dumps(row, separators=(",", ":")) for row in entry["cases"])
        lines.append(f'"{name}": {{"file": "{entry["file"]}", "cases": [\n{cases}]}}')
    (DATA / "golden_tokenizer.json").write_text("{\n" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
