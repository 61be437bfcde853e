"""Rule costs, published influence and block maps from full N x N matrices (docs/method.md, "What a rule costs").

Everything is double precision and takes the matrices whole: slow, and easy to compare with the page.
"""

import torch

from reference_model import token_exact_mask

BLOCK = 64
SINKS = 5  # sink 64 k, k = 0 ... 4


def window_losses(scores, g, delta, sink, window):
    """C_i(w) [H, N]: first-order loss change of each row when only the window and the sink stay visible."""
    n = scores.shape[-1]
    visible = token_exact_mask(n, sink, window)
    kept = torch.softmax(scores.masked_fill(~visible, float("-inf")), dim=-1)
    loss = (kept * g).sum(-1) - delta
    unchanged = visible.sum(-1) == torch.arange(1, n + 1)  # nothing is hidden from these rows: exactly 0
    return torch.where(unchanged, torch.zeros((), dtype=loss.dtype), loss)


def rule_costs(scores, a, g):
    """cost and cost_signed [H, 5, T + 1]: sums over rows of |C_i| and of C_i; entry 0 is unused (0)."""
    heads, n, _ = a.shape
    t = -(-n // BLOCK)
    delta = (a * g).sum(-1)
    cost = torch.zeros(heads, SINKS, t + 1, dtype=torch.float64)
    signed = torch.zeros_like(cost)
    for k in range(SINKS):
        for b in range(1, t + 1):
            c = window_losses(scores, g, delta, BLOCK * k, BLOCK * b)
            cost[:, k, b] = c.abs().sum(-1)
            signed[:, k, b] = c.sum(-1)
    return cost, signed


def published_influence(scores, a, g):
    """E [H, N, N]: first-order loss change if one key is hidden from one query and the row renormalises.

    The largest weight of a row is taken from the other keys, whose exponentials are relative to the second
    largest score: no cancellation in 1 - A, no floor. Row 0 has one key and is -g A.
    """
    n = a.shape[-1]
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    masked = scores.masked_fill(~causal, float("-inf"))
    delta = (a * g).sum(-1, keepdim=True)
    top = masked.argmax(-1, keepdim=True)
    is_top = torch.zeros_like(causal.expand_as(a)).scatter(-1, top, True)
    others = masked.masked_fill(is_top, float("-inf"))
    others[:, 0, :] = 0.0  # row 0 has no other key; its value is set below
    rest = torch.softmax(others, dim=-1)  # subtracts the largest of the others first
    rest_mean = (rest * g).sum(-1, keepdim=True)
    ordinary = -(a / (1 - a.masked_fill(is_top, 0.0))) * (g - delta)
    e = torch.where(is_top, -a * (g - rest_mean), ordinary).masked_fill(~causal, 0.0)
    e[:, 0, 0] = -g[:, 0, 0] * a[:, 0, 0]
    return e


def distance_histogram(e):
    """hist [H, 5, T]: sum of |E| by bucket floor((i - j) / 64), keys j >= 64 k."""
    heads, n, _ = e.shape
    t = -(-n // BLOCK)
    i = torch.arange(n).unsqueeze(1)
    j = torch.arange(n).unsqueeze(0)
    hist = torch.zeros(heads, SINKS, t, dtype=torch.float64)
    for k in range(SINKS):
        for bucket in range(t):
            cells = (j <= i) & (j >= BLOCK * k) & ((i - j) // BLOCK == bucket)
            hist[:, k, bucket] = (e.abs() * cells).sum((-1, -2))
    return hist


def block_sums(x):
    """[H, T, T]: sums over 64 x 64 blocks, the last one partial."""
    heads, n, _ = x.shape
    t = -(-n // BLOCK)
    padded = torch.zeros(heads, t * BLOCK, t * BLOCK, dtype=x.dtype)
    padded[:, :n, :n] = x
    return padded.view(heads, t, BLOCK, t, BLOCK).sum((2, 4))


def statistics(recorder, kv_heads):
    """All stored statistics of one sample, [L, ...] each, from a Recorder after the backward pass."""
    rows = {name: [] for name in ("cost", "cost_signed", "hist", "influence_map", "attention_map")}
    for layer in sorted(recorder.weights):
        a = recorder.weights[layer].detach()
        g = recorder.weights[layer].grad
        scores = recorder.scores[layer]
        cost, signed = rule_costs(scores, a, g)
        e = published_influence(scores, a, g)
        rows["cost"].append(cost)
        rows["cost_signed"].append(signed)
        rows["hist"].append(distance_histogram(e))
        rows["influence_map"].append(block_sums(e.abs()))
        rows["attention_map"].append(block_sums(a))
    out = {name: torch.stack(values) for name, values in rows.items()}
    layers, heads, _, columns = out["cost_signed"].shape
    default_sink = out["cost_signed"][:, :, 1, :].view(layers, kv_heads, heads // kv_heads, columns)
    out["cost_signed_kv"] = default_sink.sum(2)
    return out
