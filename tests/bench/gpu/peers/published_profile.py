"""The published profiling method in PyTorch on the 7B shape, random weights: a dense forward and backward pass, then per
layer the whole attention matrix and its gradient, and influence summed in 64 × 64 blocks. One JSON line a length:
seconds of the second of two samples, and the peak of memory.   published_profile.py [TOKENS…]"""
import gc
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

DEVICE = "cuda"
kept = []  # (query, key, value, output) of every layer


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    output = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    output.retain_grad()
    kept.append((query.detach(), key.detach(), value.detach(), output))
    return output.transpose(1, 2).contiguous(), None


def model_7b():
    config = LlamaConfig(hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32,
                         num_key_value_heads=32, vocab_size=32000, max_position_embeddings=65536)
    torch.set_default_dtype(torch.float16)
    with torch.device(DEVICE):
        model = LlamaForCausalLM._from_config(config, attn_implementation="sdpa")
    torch.set_default_dtype(torch.float32)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    ALL_ATTENTION_FUNCTIONS["profiled"] = attention
    model.config._attn_implementation = "profiled"
    return model.half().eval()


def influence(query, key, value, output):
    """Blocks of one layer, [heads][N / 64][N / 64]."""
    n = query.shape[2]
    scores = torch.matmul(query, key.transpose(2, 3)) / math.sqrt(query.shape[3])
    scores = scores + torch.triu(torch.full((n, n), float("-inf"), device=DEVICE, dtype=torch.float16), 1)
    a = F.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    del scores
    gradient = torch.matmul(output.grad, value.transpose(2, 3))
    product = a * gradient
    e = a * (gradient - product.sum(-1, keepdim=True)) / (torch.finfo(torch.float16).eps + 1 - a)
    e[..., 0, :] = product[..., 0, :]
    return (F.avg_pool2d(e.abs_().float(), 64) * 4096).cpu()


def sample(model, n):
    kept.clear()
    torch.cuda.synchronize()
    start = time.time()
    ids = torch.randint(0, 32000, (1, n), device=DEVICE)
    embedded = model.model.embed_tokens(ids).detach().requires_grad_(True)
    logits = model(inputs_embeds=embedded, use_cache=False).logits
    F.cross_entropy(logits[0, :-1].float(), ids[0, 1:]).backward()
    blocks = [influence(*layer) for layer in kept]
    torch.cuda.synchronize()
    return time.time() - start, len(blocks)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = model_7b()
    for n in [int(x) for x in sys.argv[1:]] or [2048, 4096, 8192]:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        line = {"what": "published_profile", "tokens": n}
        try:
            sample(model, n)
            line["seconds"] = sample(model, n)[0]
        except torch.OutOfMemoryError:
            line["error"] = "out of memory"
        line["peak_bytes"] = torch.cuda.max_memory_allocated()
        print(json.dumps(line), flush=True)
