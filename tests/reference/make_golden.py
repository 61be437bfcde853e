"""Writes every golden file under tests/reference/golden/ from PyTorch and transformers.

    python3 tests/reference/make_golden.py [name ...]     names: logits influence masked generate tiny

Deterministic: fixed seeds, one thread; a rerun on the same versions gives the same bytes. What each file
holds is in README.md beside this script.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

import influence
import reference_model as reference
import samples
import tiny_model

GOLDEN = Path(__file__).resolve().parent / "golden"
THETA = 1000000.0
LAYERS, KV_HEADS = 6, 4
TOP = 8
COLUMNS = 32
END = 2  # <|im_end|>


def mixed_windows():
    """[L][G] windows in tokens, from 64 to everything, four different ones in each layer. Layer 5, KV head 0,
    which carries retrieval, gets 64, so that the answer suffers and the loss is no rounding error."""
    sizes = [64, 128, 192, 256, 320, reference.EVERYTHING]
    return [
        [sizes[(1 + layer + g * (1, 5)[layer % 2]) % len(sizes)] for g in range(KV_HEADS)]
        for layer in range(LAYERS)
    ]


def save(name, tensors, **metadata):
    """One safetensors file; floats as F32, integers as I32, so that any reader copes. The metadata is one JSON
    text: the library writes several entries in random order, and reruns are to give the same bytes."""
    out = {}
    for key, value in tensors.items():
        tensor = value if isinstance(value, torch.Tensor) else torch.tensor(value)
        out[key] = tensor.to(torch.float32 if tensor.is_floating_point() else torch.int32).contiguous()
    path = GOLDEN / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(out, path, metadata={"about": json.dumps(metadata)})
    path.chmod(0o644)
    print(f"{path.relative_to(GOLDEN.parent)}: {path.stat().st_size} bytes")


def summary(prefix, logits):
    """Per position: the TOP largest logits with their ids, log-sum-exp, and COLUMNS evenly spread logits."""
    top = logits.topk(TOP, dim=-1)
    step = logits.shape[1] // COLUMNS
    return {
        f"{prefix}/top_ids": top.indices,
        f"{prefix}/top_logits": top.values,
        f"{prefix}/logsumexp": torch.logsumexp(logits, -1),
        f"{prefix}/columns": logits[:, ::step][:, :COLUMNS].contiguous(),
    }


def write_logits(tokenizer):
    """Dense logits and logits under mixed windows with sinks 0, 64 and 128, of two odd lengths."""
    prose_ids, prose_text = samples.prose(tokenizer, 201, skip=3)
    lines_ids, _, lines_text = samples.lines_task(tokenizer, seed=100, count=7, tokens=333)
    model = reference.load_float(samples.MODEL)
    windows = mixed_windows()
    tensors = {"windows": windows}
    for name, ids in (("prose", prose_ids), ("lines", lines_ids)):
        tensors[f"{name}/ids"] = ids
        dense = reference.check_against_stock(samples.MODEL, ids)
        tensors.update(summary(f"{name}/dense", dense))
        by_sink = {s: reference.logits_of(model, ids, windows, s) for s in (0, 64, 128)}
        for sink, logits in by_sink.items():
            tensors.update(summary(f"{name}/sink{sink}", logits))
        if name == "prose":
            tensors["prose/dense/logits"] = dense
            tensors["prose/sink64/logits"] = by_sink[64]
    save("logits", tensors, prose=prose_text, lines=lines_text, columns=f"every {2048 // COLUMNS}th id from 0")


def influence_samples(tokenizer):
    """Two lines tasks, of an odd length and of a multiple of the block, whose answers the model is sure of
    (loss near 0: p - 1 must not cancel), and prose, whose loss is of the order of nats.
    Returns name -> (ids, response tokens, text)."""
    prose_ids, prose_text = samples.prose(tokenizer, 139, skip=5000)
    return {
        "prose": (prose_ids, 40, prose_text),
        "odd": samples.lines_task(tokenizer, seed=20000, count=7, tokens=331),
        "even": samples.lines_task(tokenizer, seed=40000, count=12, tokens=512),
    }


def write_influence(tokenizer):
    """Rule costs, influence and gradients of dense attention in double precision."""
    model = reference.load_double(samples.MODEL, THETA)
    tensors, texts = {}, {}
    for name, (ids, response, text) in influence_samples(tokenizer).items():
        loss, gradient, recorder = reference.loss_and_gradients(model, ids, response)
        tensors.update({f"{name}/{k}": v for k, v in influence.statistics(recorder, KV_HEADS).items()})
        tensors[f"{name}/ids"] = ids
        tensors[f"{name}/response"] = [response]
        tensors[f"{name}/loss"] = [loss]
        tensors[f"{name}/embedding_gradient"] = gradient
        texts[name] = text
        print(f"  {name}: {len(ids)} tokens, {response} in the response, loss {loss:.6f}")
    save("influence", tensors, **texts)


def write_masked(tokenizer):
    """Loss and gradient under the mixed windows (sink 64), in double precision: the sparse backward."""
    ids, response, text = influence_samples(tokenizer)["odd"]
    model = reference.load_double(samples.MODEL, THETA)
    windows = mixed_windows()
    loss, gradient, _ = reference.loss_and_gradients(model, ids, response, windows, 64)
    print(f"  masked: loss {loss:.6f}")
    save("masked", {"ids": ids, "response": [response], "windows": windows, "sink": [64], "loss": [loss],
                    "embedding_gradient": gradient}, text=text)


def write_generate(tokenizer, limit=64):
    """Greedy continuation of a short lines prompt up to its end token; margins tell how safe each step is."""
    ids, response, _ = samples.lines_task(tokenizer, seed=300, count=3)
    prompt = ids[: len(ids) - response]
    model = reference.load_float(samples.MODEL)
    held, margins = list(prompt), []
    while not margins or (held[-1] != END and len(margins) < limit):
        best = reference.logits_of(model, held)[-1].topk(2)
        held.append(int(best.indices[0]))
        margins.append(float(best.values[0] - best.values[1]))
    text = tokenizer.decode(held[len(prompt) :], skip_special_tokens=False)
    print(f"  {len(prompt)} prompt tokens, smallest margin {min(margins):.3f}: {text!r}")
    save("generate", {"prompt_ids": prompt, "generated_ids": held[len(prompt) :], "margins": margins},
         prompt=tokenizer.decode(prompt, skip_special_tokens=False), generated=text)


def write_tiny(_):
    """The random BF16 model in two shards, and its logits."""
    folder = GOLDEN / "tiny-bf16-sharded"
    tiny_model.write(folder, samples.MODEL)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids, text = samples.prose(tokenizer, 100, skip=3)
    logits = reference.check_against_stock(folder, ids)
    model = reference.load_float(folder)
    windows = [[64], [reference.EVERYTHING]]
    save("tiny-bf16-sharded-logits", {"ids": ids, "logits": logits, "windows": windows, "sink": [0],
                                      "windows_logits": reference.logits_of(model, ids, windows, 0)}, text=text)


WRITERS = {"logits": write_logits, "influence": write_influence, "masked": write_masked,
           "generate": write_generate, "tiny": write_tiny}


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = Tokenizer.from_file(str(samples.MODEL / "tokenizer.json"))
    for name in sys.argv[1:] or WRITERS:
        print(name)
        WRITERS[name](tokenizer)


if __name__ == "__main__":
    main()
