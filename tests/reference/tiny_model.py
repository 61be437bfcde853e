"""A random two-layer Llama as a complete HF folder that differs from moa-tiny in everything a loader and an
engine might take for granted: BF16, two shards, untied output, one KV head, head_dim 48 that is not
hidden / heads, llama3 rotary scaling, a vocabulary of 300.
"""

import json

import torch
from safetensors.torch import save_file

HIDDEN, INTERMEDIATE, VOCAB, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 80, 112, 300, 2, 4, 1, 48

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HEAD_DIM,
    "vocab_size": VOCAB,
    "max_position_embeddings": 256,
    "rope_theta": 10000.0,
    # Short wavelengths stay, long ones are divided, a few lie between: all three cases within 100 tokens.
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    },
    "rms_norm_eps": 1e-06,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
    "torch_dtype": "bfloat16",
    "bos_token_id": 0,
    "eos_token_id": [2, 0],
}


def random_weights(seed):
    """BF16 tensors by their HF names; spread wide enough that attention is far from uniform."""
    generator = torch.Generator().manual_seed(seed)

    def normal(rows, columns, gain=1.0):
        return (torch.randn(rows, columns, generator=generator) * gain / columns**0.5).to(torch.bfloat16)

    def scale():
        return (1 + 0.2 * torch.randn(HIDDEN, generator=generator)).to(torch.bfloat16)

    weights = {"model.embed_tokens.weight": normal(VOCAB, HIDDEN, HIDDEN**0.5)}
    for layer in range(LAYERS):
        p = f"model.layers.{layer}."
        weights[p + "input_layernorm.weight"] = scale()
        weights[p + "self_attn.q_proj.weight"] = normal(HEADS * HEAD_DIM, HIDDEN, 1.5)
        weights[p + "self_attn.k_proj.weight"] = normal(KV_HEADS * HEAD_DIM, HIDDEN, 1.5)
        weights[p + "self_attn.v_proj.weight"] = normal(KV_HEADS * HEAD_DIM, HIDDEN)
        weights[p + "self_attn.o_proj.weight"] = normal(HIDDEN, HEADS * HEAD_DIM)
        weights[p + "post_attention_layernorm.weight"] = scale()
        weights[p + "mlp.gate_proj.weight"] = normal(INTERMEDIATE, HIDDEN)
        weights[p + "mlp.up_proj.weight"] = normal(INTERMEDIATE, HIDDEN)
        weights[p + "mlp.down_proj.weight"] = normal(HIDDEN, INTERMEDIATE)
    weights["model.norm.weight"] = scale()
    weights["lm_head.weight"] = normal(VOCAB, HIDDEN, 2.0)
    return weights


def write_shards(folder, weights):
    """Two shards and their index, cut after the first layer."""
    cut = {name: 0 if "embed" in name or ".layers.0." in name else 1 for name in weights}
    files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for part, name in enumerate(files):
        save_file({k: v for k, v in weights.items() if cut[k] == part}, folder / name, metadata={"format": "pt"})
        (folder / name).chmod(0o644)
    total = sum(v.numel() * v.element_size() for v in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": {k: files[cut[k]] for k in sorted(weights)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def write_tokenizer(folder, source):
    """moa-tiny's byte-level BPE cut to VOCAB entries: specials, bytes and the first merges, ids unchanged."""
    full = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    vocab = {token: i for token, i in full["model"]["vocab"].items() if i < VOCAB}
    assert len(vocab) == VOCAB
    kept = []
    for merge in full["model"]["merges"]:
        left, right = merge if isinstance(merge, list) else merge.split(" ")
        if left + right in vocab:
            kept.append(merge)
    full["model"]["vocab"], full["model"]["merges"] = vocab, kept
    (folder / "tokenizer.json").write_text(
        json.dumps(full, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    settings = (source / "tokenizer_config.json").read_text(encoding="utf-8")
    config = json.loads(settings)
    config["model_max_length"] = CONFIG["max_position_embeddings"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def write(folder, source, seed=17):
    """Writes the whole folder; `source` is the model whose tokenizer is cut down."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n", encoding="utf-8")
    write_shards(folder, random_weights(seed))
    write_tokenizer(folder, source)
