"""Collects the lines of run.sh into one JSON file named after the card: every figure, and the ratios that
performance targets are stated in.   collect.py LOG OUT_DIR"""
import json, re, subprocess, sys
from statistics import median

log, out_dir = sys.argv[1:3]
rows = []
for line in open(log):
    try:
        rows.append(json.loads(line))
    except ValueError:
        pass
card = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True,
                      text=True).stdout.strip().split("\n")[0]
name = re.sub(r"[^a-z0-9]+", "-", card.split(",")[0].lower()).strip("-") or "unknown"


def of(by, what):
    return [r for r in rows if r.get("by") == by and r.get("what") == what and "error" not in r and "oom" not in r]


def density(r):
    return round(float(r["density"]) * 4) / 4


ours, peers = {}, {}
for r in of("moa", "decode"):
    if r["batch"] > 1:
        ours.setdefault((r["context"], density(r), r["plan"]), []).append(r)
for r in of("torch", "decode"):
    peers.setdefault((r["N"], density(r)), []).append(r["tok_s"])
decode = []
for (context, d, plan), group in sorted(ours.items()):
    best = max(r["batch"] for r in group)
    group = [r for r in group if r["batch"] == best]
    speeds = [r["tok_s"] for r in group]
    row = {"context": context, "density": d, "plan": plan, "batch": best, "tok_s": speeds, "TBps": median(r["TBps"] for r in group),
           "share_of_read": median(r["share_of_read"] for r in group), "joules_per_token": median(r["joules_per_token"] for r in group)}
    if (context, d) in peers and plan == "two":
        row["peer_tok_s"] = peers[context, d]
        row["ratio_to_peer"] = median(speeds) / median(peers[context, d])
    if (context, 1.0) in peers:
        row["ratio_to_dense_peer"] = median(speeds) / median(peers[context, 1.0])
    decode.append(row)
prefill = []
for r in of("torch", "prefill"):
    n = r["N"]
    for d in (1.0, 0.5, 0.25):
        mine = [x for x in of("moa", "prefill") if x["tokens"] == n and density(x) == d and x["head_dim"] == 128 and x["path"] == "best"]
        dense = [x for x in of("moa", "prefill") if x["tokens"] == n and density(x) == 1 and x["head_dim"] == 128 and x["path"] == "best"]
        flex = r["ms"].get(f"flex{d}")
        if not mine or not dense:
            continue
        ms = median(x["ms"] for x in mine)
        rate, dense_rate = median(x["visible_TFLOPs"] for x in mine), median(x["visible_TFLOPs"] for x in dense)
        prefill.append({"tokens": n, "density": d, "ms": ms, "visible_TFLOPs": rate, "share_of_dense_rate": rate / dense_rate,
                        "cudnn_dense_ms": r["ms"]["cudnn"], "ratio_to_cudnn_dense": r["ms"]["cudnn"] / ms,
                        "flex_ms": flex, "ratio_to_flex": flex / ms if isinstance(flex, float) else None})
result = {"card": card, "shape": "llama-7b", "decode": decode, "prefill": prefill, "figures": rows}
path = f"{out_dir}/{name}.json"
with open(path, "w") as f:
    json.dump(result, f, indent=1)
print(path)
for row in decode + prefill:
    print({k: (round(v, 3) if isinstance(v, float) else v) for k, v in row.items()})
