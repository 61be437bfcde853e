"""Llama from `transformers` with a token-exact mask per KV head, in float32 or wholly in double precision.

Two things of the stock model would quietly spoil a double-precision run: RMSNorm and the rotary angles are
computed in float32 whatever the model's type. `load_double` replaces both. Attention is written out here, so
that the N x N weights A can be kept and differentiated; `check_against_stock` holds it to the stock code.
"""

import torch
from transformers import AttentionInterface, AutoModelForCausalLM
from transformers.masking_utils import AttentionMaskInterface
from transformers.models.llama import modeling_llama

EVERYTHING = 16384  # a window that shows every key of the sequences used here


def token_exact_mask(n, sink, window):
    """visible[i, j]: j <= i and (j < sink or i - j < window)."""
    i = torch.arange(n).unsqueeze(1)
    j = torch.arange(n).unsqueeze(0)
    return (j <= i) & ((j < sink) | (i - j < window))


class Recorder:
    """What one forward pass uses and leaves behind: the mask coming in, A and its scores going out."""

    def __init__(self, windows=None, sink=64, keep=False):
        self.windows = windows  # [L][G] tokens, None: dense
        self.sink = sink
        self.keep = keep
        self.weights = {}  # layer -> A [H, N, N] with retained gradient
        self.scores = {}  # layer -> scaled scores [H, N, N], unmasked
        self.values = {}  # layer -> V [G, N, D]

    def mask(self, layer, n, heads, kv_heads):
        """[H, N, N], one mask per query head: that of its KV head."""
        window = [EVERYTHING] * kv_heads if self.windows is None else self.windows[layer]
        per_kv = torch.stack([token_exact_mask(n, self.sink, int(w)) for w in window])
        return per_kv.repeat_interleave(heads // kv_heads, dim=0)


RECORDER = Recorder()


def golden_attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    """Plain attention, query [1, H, N, D], key and value [1, G, N, D]; the mask comes from RECORDER."""
    heads, n = query.shape[1], query.shape[2]
    kv_heads = key.shape[1]
    full_key = key[0].repeat_interleave(heads // kv_heads, dim=0)
    full_value = value[0].repeat_interleave(heads // kv_heads, dim=0)
    scores = query[0] @ full_key.transpose(1, 2) * scaling
    visible = RECORDER.mask(module.layer_idx, n, heads, kv_heads)
    weights = torch.softmax(scores.masked_fill(~visible, float("-inf")), dim=-1)
    if RECORDER.keep:
        weights.retain_grad()
        RECORDER.weights[module.layer_idx] = weights
        RECORDER.scores[module.layer_idx] = scores.detach()
        RECORDER.values[module.layer_idx] = value[0].detach()
    return (weights @ full_value).transpose(0, 1).unsqueeze(0).contiguous(), None


AttentionInterface.register("golden", golden_attention)
AttentionMaskInterface.register("golden", lambda *args, **kwargs: None)


def load_float(folder):
    """The model in float32 with golden_attention."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="golden")
    return model.eval()


class DoubleRope(torch.nn.Module):
    """cos and sin of position x theta^(-2i/D), computed in double precision (plain RoPE only)."""

    def __init__(self, config, theta):
        super().__init__()
        half = torch.arange(0, config.head_dim, 2, dtype=torch.float64)
        self.inverse = theta ** (-half / config.head_dim)

    def forward(self, x, position_ids):
        angles = position_ids[..., None].to(torch.float64) * self.inverse
        both = torch.cat((angles, angles), dim=-1)
        return both.cos().to(x.dtype), both.sin().to(x.dtype)


class DoubleNorm(torch.nn.Module):
    """RMSNorm in the type of its input."""

    def __init__(self, norm):
        super().__init__()
        self.weight = norm.weight
        self.eps = norm.variance_epsilon

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def load_double(folder, theta):
    """The model wholly in double precision with golden_attention; parameters need no gradient."""
    model = load_float(folder).double()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.model.rotary_emb = DoubleRope(model.config, theta)
    model.model.norm = DoubleNorm(model.model.norm)
    for layer in model.model.layers:
        layer.input_layernorm = DoubleNorm(layer.input_layernorm)
        layer.post_attention_layernorm = DoubleNorm(layer.post_attention_layernorm)
    assert not any(isinstance(m, modeling_llama.LlamaRMSNorm) for m in model.modules())
    return model


def logits_of(model, ids, windows=None, sink=64):
    """Logits [N, vocab] of one sequence under a window map (None: dense)."""
    global RECORDER
    RECORDER = Recorder(windows, sink)
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def loss_and_gradients(model, ids, response, windows=None, sink=64):
    """Mean cross-entropy of the last `response` tokens, its gradient by the input embeddings [N, hidden],
    and the Recorder whose weights hold A and dloss/dA of every layer."""
    global RECORDER
    RECORDER = Recorder(windows, sink, keep=True)
    embeddings = model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
    logits = model(inputs_embeds=embeddings, use_cache=False).logits[0]
    n = len(ids)
    target = torch.tensor(ids[n - response :])
    loss = torch.nn.functional.cross_entropy(logits[n - response - 1 : n - 1], target)
    loss.backward()
    return loss.item(), embeddings.grad[0], RECORDER


def check_against_stock(folder, ids):
    """Dense logits [N, vocab] of the stock eager code; golden_attention must agree to float32 rounding."""
    stock = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        expected = stock(torch.tensor([ids]), use_cache=False).logits[0]
    worst = (logits_of(load_float(folder), ids) - expected).abs().max().item()
    assert worst < 1e-4, f"golden attention is off the stock model by {worst}"
    return expected
