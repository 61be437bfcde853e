"""Token sequences for the golden files: technical prose and small `lines` tasks, by seed and to the token.

The wording of the task is the one resources/models/moa-tiny/README.md fixes.
"""

import random
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "resources" / "models" / "moa-tiny"
TEXTS = ROOT / "resources" / "texts"

INSTRUCTION = (
    "Below is a record of lines I want you to remember. Each line begins with 'line <line index>' "
    "and contains a '<REGISTER_CONTENT>'.\n"
)


def prose(tokenizer, tokens, skip=0):
    """The first `tokens` ids of the technical prose, after `skip` characters; returns (ids, text)."""
    text = (TEXTS / "sqlite-docs.txt").read_text(encoding="utf-8")[skip : skip + 8 * tokens]
    ids = tokenizer.encode(text, add_special_tokens=False).ids[:tokens]
    assert len(ids) == tokens
    return ids, tokenizer.decode(ids, skip_special_tokens=False)


def lines_text(rng, words, count):
    """One ChatML `lines` task of `count` lines; returns (prompt, answer)."""
    names = rng.sample(words, 2 * count)
    keys = [f"{names[2 * i]}-{names[2 * i + 1]}" for i in range(count)]
    values = [rng.randrange(10000, 100000) for _ in keys]
    asked = rng.randrange(count)
    record = "".join(f"line {k}: REGISTER_CONTENT is <{v}>\n" for k, v in zip(keys, values))
    question = f"Now tell me the REGISTER_CONTENT in line {keys[asked]}?"
    prompt = f"<|im_start|>user\n{INSTRUCTION}{record}{question}<|im_end|>\n<|im_start|>assistant\n"
    return prompt, f"The REGISTER_CONTENT in line {keys[asked]} is <{values[asked]}>.<|im_end|>"


def lines_task(tokenizer, seed, count, tokens=None):
    """The first `lines` task from `seed` on whose prompt + answer has exactly `tokens` ids (any if None).

    Returns (ids of prompt + answer, ids in the answer, text).
    """
    words = (TEXTS / "words.txt").read_text(encoding="utf-8").split()
    for attempt in range(seed, seed + 5000):
        prompt, answer = lines_text(random.Random(attempt), words, count)
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        response = tokenizer.encode(answer, add_special_tokens=False).ids
        if tokens is None or len(ids) + len(response) == tokens:
            return ids + response, len(response), prompt + answer
    raise RuntimeError(f"no lines task of {tokens} tokens with {count} lines from seed {seed}")
