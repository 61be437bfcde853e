#!/usr/bin/env python3
"""Writes a model folder of a given shape with random weights, so that the programs can be measured on sizes for
which no file is at hand.   random_model.py SHAPE OUT_DIR     SHAPE: llama-7b, llama-3-8b, smollm2
The tokenizer is the embedded model's: its ids are a subset of the vocabulary. Text is noise."""
import json
import os
import shutil
import struct
import sys

import numpy as np

# layers, heads, KV heads, head_dim, hidden, intermediate, vocabulary
SHAPES = {"llama-7b": (32, 32, 32, 128, 4096, 11008, 32000), "llama-3-8b": (32, 32, 8, 128, 4096, 14336, 128256),
          "smollm2": (30, 9, 3, 64, 576, 1536, 49152)}


def main(shape, out):
    layers, heads, kv, d, hidden, inner, vocab = SHAPES[shape]
    here = os.path.dirname(os.path.abspath(__file__))
    tiny = os.path.join(here, "../../../resources/models/moa-tiny")
    os.makedirs(out, exist_ok=True)
    for name in os.listdir(tiny):
        if name.startswith("tokenizer"):
            shutil.copy(os.path.join(tiny, name), out)
    config = json.load(open(os.path.join(tiny, "config.json")))
    config.update(hidden_size=hidden, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads,
                  num_key_value_heads=kv, head_dim=d, vocab_size=vocab, max_position_embeddings=262144,
                  tie_word_embeddings=False)
    json.dump(config, open(os.path.join(out, "config.json"), "w"))
    tensors = [("model.embed_tokens.weight", (vocab, hidden)), ("lm_head.weight", (vocab, hidden)),
               ("model.norm.weight", (hidden,))]
    for i in range(layers):
        base = f"model.layers.{i}."
        tensors += [(base + "input_layernorm.weight", (hidden,)), (base + "post_attention_layernorm.weight", (hidden,)),
                    (base + "self_attn.q_proj.weight", (heads * d, hidden)),
                    (base + "self_attn.k_proj.weight", (kv * d, hidden)),
                    (base + "self_attn.v_proj.weight", (kv * d, hidden)),
                    (base + "self_attn.o_proj.weight", (hidden, heads * d)),
                    (base + "mlp.gate_proj.weight", (inner, hidden)), (base + "mlp.up_proj.weight", (inner, hidden)),
                    (base + "mlp.down_proj.weight", (hidden, inner))]
    header, at = {}, 0
    for name, dims in tensors:
        size = 2 * int(np.prod(dims))
        header[name] = {"dtype": "F16", "shape": list(dims), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64 + 56)  # data at a multiple of 64
    rng = np.random.default_rng(1)
    noise = (rng.standard_normal(1 << 24) * 0.02).astype(np.float16)
    with open(os.path.join(out, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, dims in tensors:
            count = int(np.prod(dims))
            if len(dims) == 1:
                file.write(np.ones(count, np.float16).tobytes())
                continue
            start = int(rng.integers(0, 1 << 20))
            block = noise[start:start + (1 << 23)]
            for first in range(0, count, len(block)):
                file.write(block[:min(len(block), count - first)].tobytes())


main(*sys.argv[1:])
