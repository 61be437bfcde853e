#!/usr/bin/env python3
"""GGUF files and what independent readers make of them, for tests/loader/gguf_*_test.cpp.

Writes into tests/loader/data:
  quant_blocks.gguf, quant_blocks.safetensors   two rows of every block type, and the `gguf` package's floats
  tiny.gguf                                     tests/reference/golden/tiny-bf16-sharded as llama's converter lays it out
  sentencepiece.gguf                            vocabulary of a small SentencePiece BPE model with byte fallback
  sentencepiece/tokenizer.model, unigram/…      that model and a unigram one, as Hugging Face folders have them
  golden_gguf_tokenizer.json                    ids of these by `sentencepiece`, those of tiny.gguf by `tokenizers`
and, with --smollm2 FILE (packaging/fetch-model.sh smollm2), into tests/reference/golden:
  smollm2.json                                  ids of hard texts by `tokenizers`
  smollm2.safetensors                           logits of the dequantised model in float32 by `transformers`

Run from anywhere. Needs: gguf, numpy, safetensors, sentencepiece, tokenizers; for --smollm2 torch, transformers, accelerate.
"""
import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
from safetensors.numpy import save_file
from tokenizers import Tokenizer, pre_tokenizers

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tokenizer_golden import DATA, ROOT, golden, hard_texts, random_texts, training_lines  # noqa: E402

TINY = ROOT / "tests" / "reference" / "golden" / "tiny-bf16-sharded"
GOLDEN = ROOT / "tests" / "reference" / "golden"
BLOCK_TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0]}  # where a block keeps its scales


def quant_blocks():
    """Random bytes are valid blocks once their half-precision scales are ordinary numbers."""
    rng = np.random.default_rng(7)
    writer, floats = gguf.GGUFWriter(DATA / "quant_blocks.gguf", "test"), {}
    for name in BLOCK_TYPES:
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (2, 2 * size), dtype=np.uint8)
        for block in range(2):
            for at in HALVES[name]:
                halves = rng.uniform(-0.1, 0.1, 2).astype(np.float16).view(np.uint8).reshape(2, 2)
                blocks[:, block * size + at:block * size + at + 2] = halves
        writer.add_tensor(name, blocks, raw_dtype=kind)
        floats[name] = gguf.quants.dequantize(blocks, kind).astype(np.float32)
    close(writer)
    save_file(floats, DATA / "quant_blocks.safetensors")


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def bf16(path, name):
    """Raw 16-bit values of one tensor."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    entry = json.loads(raw[8:8 + length])[name]
    begin, end = entry["data_offsets"]
    return np.frombuffer(raw[8 + length + begin:8 + length + end], np.uint16).reshape(entry["shape"])


def pairs(weight, heads):
    """The row order of convert_hf_to_gguf.py: LlamaModel.permute."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def rope_divisors(config):
    """As convert_hf_to_gguf.py writes Llama 3's scaling of rotary frequencies."""
    scaling = config["rope_scaling"]
    low, high = (scaling["original_max_position_embeddings"] / scaling[f"{side}_freq_factor"] for side in ("low", "high"))
    divisors = []
    for i in range(0, config["head_dim"], 2):
        wavelength = 2 * np.pi * config["rope_theta"] ** (i / config["head_dim"])
        smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) / (
            scaling["high_freq_factor"] - scaling["low_freq_factor"])
        divisors.append(1 if wavelength < high else scaling["factor"] if wavelength > low
                        else 1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(divisors, np.float32)


def tiny():
    config = json.loads((TINY / "config.json").read_text())
    tokenizer = json.loads((TINY / "tokenizer.json").read_text())
    writer = gguf.GGUFWriter(DATA / "tiny.gguf", "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"][0])
    writer.add_add_bos_token(False)
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    special = {t["id"] for t in tokenizer["added_tokens"] if t["special"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if i in special else 1 for _, i in vocabulary])
    writer.add_token_merges([" ".join(m) if isinstance(m, list) else m for m in tokenizer["model"]["merges"]])
    index = json.loads((TINY / "model.safetensors.index.json").read_text())["weight_map"]
    for name, file in sorted(index.items()):
        weight = bf16(TINY / file, name)
        if name.startswith("model.layers."):
            layer, part = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
            heads = {"self_attn.q_proj": config["num_attention_heads"], "self_attn.k_proj": config["num_key_value_heads"]}
            if part in heads:
                weight = pairs(weight, heads[part])
            target = f"blk.{layer}.{NAMES[part]}.weight"
        else:
            target = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                      "lm_head.weight": "output.weight"}[name]
        writer.add_tensor(target, np.ascontiguousarray(weight).view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.add_tensor("rope_freqs.weight", rope_divisors(config))
    close(writer)


def sentencepiece_model(kind, size):
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        text.write_text("\n".join(" ".join(line.split()) for line in training_lines()), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=f"{folder}/m", vocab_size=size, model_type=kind, byte_fallback=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
            num_threads=1, minloglevel=2)
        target = DATA / ("sentencepiece" if kind == "bpe" else kind)
        target.mkdir(exist_ok=True)
        (target / "tokenizer.model").write_bytes(Path(f"{folder}/m.model").read_bytes())
        return sentencepiece.SentencePieceProcessor(model_file=f"{folder}/m.model")


def sentencepiece_vocabulary(model):
    writer = gguf.GGUFWriter(DATA / "sentencepiece.gguf", "llama")
    writer.add_tokenizer_model("llama")
    count = model.vocab_size()
    kinds = [2 if model.is_unknown(i) else 3 if model.is_control(i) else 6 if model.is_byte(i) else 1 for i in range(count)]
    writer.add_token_list([model.id_to_piece(i) for i in range(count)])
    writer.add_token_scores([model.get_score(i) for i in range(count)])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    close(writer)


def plain_rows(model, texts):
    rows = []
    for raw in texts:
        text = raw.decode("utf-8", errors="replace")
        ids = model.encode(text)
        rows.append({"hex": raw.hex(), "ids": ids, "text": model.decode(ids)})
    return rows


def smollm2(file):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    torch.set_num_threads(1)
    made = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)._tokenizer
    # `transformers` leaves out how the published tokenizer.json of SmolLM2 cuts words, "smollm" in the file.
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                  pre_tokenizers.ByteLevel(add_prefix_space=False)])
    rows = golden(made, hard_texts() + random_texts(random.Random(9), 1950))
    lines = ",\n".join(json.dumps([row["hex"], row["ids"]], separators=(",", ":")) for row in rows)
    (GOLDEN / "smollm2.json").write_text(f"[\n{lines}]\n", encoding="utf-8")
    docs = (ROOT / "resources" / "texts" / "sqlite-docs.txt").read_text(encoding="utf-8")
    ids = made.encode(docs[20000:24000], add_special_tokens=False).ids[:600]
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].numpy()
    save_file({"ids": np.array(ids, np.int32), "top": logits.argmax(1).astype(np.int32),
               "columns": np.ascontiguousarray(logits[:, ::512]), "mean": logits.mean(1), "deviation": logits.std(1)},
              GOLDEN / "smollm2.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smollm2", type=Path)
    arguments = parser.parse_args()
    if arguments.smollm2:
        return smollm2(arguments.smollm2.resolve())
    quant_blocks()
    tiny()
    model, unigram = sentencepiece_model("bpe", 900), sentencepiece_model("unigram", 700)
    sentencepiece_vocabulary(model)
    rng = random.Random(8)
    texts = hard_texts() + random_texts(rng, 150)
    result = {"sentencepiece": plain_rows(model, texts), "unigram": plain_rows(unigram, texts),
              "tiny": golden(Tokenizer.from_file(str(TINY / "tokenizer.json")), texts)}
    blocks = [f'"{name}": [\n' + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "]" for name, rows in result.items()]
    (DATA / "golden_gguf_tokenizer.json").write_text("{\n" + ",\n".join(blocks) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
