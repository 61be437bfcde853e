"""What a PyTorch user can get from a per-head window plan today, on one GPU (7B shape): FlexAttention prefill against cuDNN
dense, and decode with heads sorted into two cache lengths (two SDPA calls a layer, whole step in a CUDA graph).
Plan: a third of the heads at full length, the rest equal and short, so that the mean is the density.
Density 1: the best-case dense engine, one static cache and one SDPA call a layer.
    sparse_peers.py decode BATCH:CONTEXT:DENSITY...  |  sparse_peers.py prefill [TOKENS...]"""
import json, time, gc, sys, torch, torch.nn.functional as F
from torch.nn.attention import sdpa_kernel, SDPBackend
from torch.nn.attention.flex_attention import flex_attention, create_block_mask
dev = "cuda"; D, H, HD, FF, L, V = 4096, 32, 128, 11008, 32, 32000
out = lambda **k: print(json.dumps(k), flush=True)
def spans(N, density):
    if density >= 1: return H, 0
    full = H // 3; short = max(128, round(((density * H - full) / (H - full)) * N / 64) * 64) if density * H > full else None
    if short is None: full = H // 8; short = max(128, round(((density * H - full) / (H - full)) * N / 64) * 64)
    return full, short
def timed(f, n=10):
    for _ in range(3): f()
    torch.cuda.synchronize(); ts = []
    for _ in range(5):
        a, b = torch.cuda.Event(True), torch.cuda.Event(True); a.record()
        for _ in range(n): f()
        b.record(); torch.cuda.synchronize(); ts.append(a.elapsed_time(b) / n)
    return sorted(ts)[2]
def prefill(lengths):
    flex = torch.compile(flex_attention, dynamic=False, mode="default")
    for N in lengths:
        q, k, v = (torch.randn(1, H, N, HD, device=dev, dtype=torch.float16) for _ in range(3))
        fl = 2 * N * N * HD * H          # causal: half of 4 N^2 D H
        r = {}
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION): r["cudnn"] = timed(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True))
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION): r["fa2"] = timed(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True))
        for d in (1.0, .5, .25):
            if d == 1: c = torch.full((H,), N, device=dev)
            else:
                full, short = spans(N, d); c = torch.tensor([N] * full + [short] * (H - full), device=dev)
            w = c - 64
            mask = lambda b, h, i, j: (j <= i) & ((j < 64) | (i - j < w[h]))
            bm = create_block_mask(mask, 1, H, N, N, device=dev, BLOCK_SIZE=128, _compile=True)
            try: r[f"flex{d}"] = timed(lambda: flex(q, k, v, block_mask=bm)); r[f"density{d}"] = float(c.float().mean() / N)
            except Exception as e: r[f"flex{d}"] = str(e)[:120]
        out(what="prefill", N=N, ms=r, tflops={a: round(fl / b / 1e9) for a, b in r.items() if isinstance(b, float) and not a.startswith("density")})
def decode(B, N, density):
    w_ = lambda o, i: torch.randn(o, i, device=dev, dtype=torch.float16) * 0.02
    global W, EMB, HEAD, NF
    if "W" not in globals():
        W = [dict(qkv=w_(3 * D, D), o=w_(D, D), gu=w_(2 * FF, D), d=w_(D, FF), n1=torch.ones(D, device=dev, dtype=torch.float16), n2=torch.ones(D, device=dev, dtype=torch.float16)) for _ in range(L)]
        EMB, HEAD = w_(V, D), w_(V, D); NF = torch.ones(D, device=dev, dtype=torch.float16)
    full, short = spans(N, density); z = lambda h, n: torch.randn(B, h, n, HD, device=dev, dtype=torch.float16)
    C = [(z(full, N), z(full, N), z(H - full, short), z(H - full, short)) for _ in range(L)]
    ids = torch.zeros(B, dtype=torch.long, device=dev); c = torch.ones(1, 1, 1, 64, device=dev, dtype=torch.float16); s = torch.zeros_like(c)
    p1, p2 = torch.tensor([N - 1], device=dev), torch.tensor([max(short, 1) - 1], device=dev)
    rope = lambda x: torch.cat([x[..., :64] * c - x[..., 64:] * s, x[..., 64:] * c + x[..., :64] * s], -1)
    def step():
        x = EMB[ids]
        for l, p in enumerate(W):
            q, k, v = F.linear(F.rms_norm(x, (D,), p["n1"], 1e-5), p["qkv"]).view(B, 3, H, 1, HD).unbind(1); q, k = rope(q), rope(k)
            kf, vf, ks, vs = C[l]
            kf.index_copy_(2, p1, k[:, :full]); vf.index_copy_(2, p1, v[:, :full])
            a = F.scaled_dot_product_attention(q[:, :full], kf, vf)
            if short:
                ks.index_copy_(2, p2, k[:, full:]); vs.index_copy_(2, p2, v[:, full:])
                a = torch.cat([a, F.scaled_dot_product_attention(q[:, full:], ks, vs)], 1)
            x = x + F.linear(a.reshape(B, D), p["o"])
            g, u = F.linear(F.rms_norm(x, (D,), p["n2"], 1e-5), p["gu"]).chunk(2, -1); x = x + F.linear(F.silu(g) * u, p["d"])
        ids.copy_(F.linear(F.rms_norm(x, (D,), NF, 1e-5), HEAD).argmax(-1))
    s0 = torch.cuda.Stream(); s0.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(s0), torch.no_grad():
        for _ in range(3): step()
    torch.cuda.current_stream().wait_stream(s0); g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g), torch.no_grad(): step()
    dt = timed(g.replay, 10) / 1e3
    kv = B * L * HD * 4 * (full * N + (H - full) * short); by = kv + sum(sum(v.numel() for v in p.values()) for p in W) * 2 + HEAD.numel() * 2
    out(what="decode", B=B, N=N, density=(full * N + (H - full) * short) / (H * N), full=full, short=short, ms=dt * 1e3, tok_s=B / dt, TBps=by / dt / 1e12, mem=torch.cuda.max_memory_allocated() / 2**30)
    del C, g; gc.collect(); torch.cuda.empty_cache()
if __name__ == "__main__":
    out(what="device", name=torch.cuda.get_device_name(0), torch=torch.__version__)
    if sys.argv[1] == "prefill":
        prefill([int(a) for a in sys.argv[2:]] or [8192, 16384, 32768])
    else:
        x = torch.empty(2 * 2**30, dtype=torch.uint8, device=dev); t = timed(lambda: x.view(torch.int64).sum(), 3)
        out(what="read", TBps=x.numel() / t / 1e9); del x
        for case in sys.argv[2:]:
            b, n, d = case.split(":")
            try: decode(int(b), int(n), float(d))
            except torch.OutOfMemoryError as e: out(what="decode", B=int(b), N=int(n), oom=str(e)[:100]); gc.collect(); torch.cuda.empty_cache()
