#!/usr/bin/env python3
"""Tiny random models of each architecture that the loader reads, and their logits by `transformers` in float32.

Writes tests/reference/golden/families/<name>/ (config.json, model.safetensors, tokenizer.json) and
tests/reference/golden/families.safetensors: for every name `<name>/ids`, `<name>/logits` (dense) and `<name>/windowed`
(every KV head under the window that `window()` gives it, sink 3). For tests/model/families_test.cpp.
Run from anywhere. Needs: torch, transformers, safetensors.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Phi3Config, Qwen2Config, Qwen3Config
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

GOLDEN = Path(__file__).resolve().parent / "golden"
SHAPE = {"hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "vocab_size": 96, "max_position_embeddings": 256, "bos_token_id": 1, "eos_token_id": 2,
         "pad_token_id": 0, "tie_word_embeddings": False}
SINK = 3


def window(layer, kv_head):
    return 5 + 9 * layer + 17 * kv_head


def with_rope(config, **scaling):
    return {**config, "rope_parameters": {"rope_theta": 10000.0, **scaling}}


FAMILIES = {
    "llama-linear": (LlamaConfig, with_rope(SHAPE, rope_type="linear", factor=2.0)),
    "llama-dynamic": (LlamaConfig, with_rope(SHAPE, rope_type="dynamic", factor=2.0)),
    "llama-yarn": (LlamaConfig, with_rope(SHAPE, rope_type="yarn", factor=4.0, original_max_position_embeddings=64)),
    "mistral": (MistralConfig, {**SHAPE, "sliding_window": 128, "head_dim": 16}),
    "qwen2": (Qwen2Config, {**SHAPE, "tie_word_embeddings": True}),
    "qwen3": (Qwen3Config, {**SHAPE, "head_dim": 20}),
    "phi3-short": (Phi3Config, {**SHAPE, "original_max_position_embeddings": 128, "rope_parameters": {
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.3, 1.5, 1.6, 1.9],
        "long_factor": [1.0, 1.5, 2.0, 3.0, 4.0, 6.0]}}),
    "phi3-long": (Phi3Config, {**SHAPE, "original_max_position_embeddings": 48, "rope_parameters": {
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.3, 1.5, 1.6, 1.9],
        "long_factor": [1.0, 1.5, 2.0, 3.0, 4.0, 6.0]}}),
}


def windowed_attention(module, query, key, value, attention_mask, scaling, **_):
    """Eager attention with one window per KV head and the sink of the golden file."""
    groups = query.shape[1] // key.shape[1]
    n = key.shape[2]
    distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
    visible = torch.stack([(distance >= 0) & ((torch.arange(n)[None, :] < SINK) | (distance < window(module.layer_idx, g)))
                           for g in range(key.shape[1])])
    key, value, visible = (t.repeat_interleave(groups, dim=d) for t, d in ((key, 1), (value, 1), (visible, 0)))
    scores = (query @ key.transpose(2, 3)) * scaling
    weights = torch.softmax(scores.masked_fill(~visible[None], float("-inf")), dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def main():
    torch.set_num_threads(1)
    ALL_ATTENTION_FUNCTIONS.register("windowed", windowed_attention)
    tensors = {}
    for name, (config_class, settings) in FAMILIES.items():
        torch.manual_seed(len(name))
        config = config_class(**settings)
        config._attn_implementation = "eager"
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        with torch.no_grad():
            for parameter in model.parameters():  # norms and biases too, or they would test nothing
                parameter.add_(torch.randn_like(parameter) * 0.1)
        folder = GOLDEN / "families" / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}))
        ids = torch.randint(3, SHAPE["vocab_size"], (1, 90))
        with torch.no_grad():
            tensors[f"{name}/ids"] = ids[0].to(torch.int32)
            tensors[f"{name}/logits"] = model(ids).logits[0].clone()
            model.config._attn_implementation = "windowed"
            tensors[f"{name}/windowed"] = model(ids).logits[0].clone()
    save_file(tensors, GOLDEN / "families.safetensors")


if __name__ == "__main__":
    main()
