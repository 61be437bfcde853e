#!/usr/bin/env python3
"""Writes golden/text_metrics.json: scores of pairs of texts by the published definitions.

squad_*: the functions of the SQuAD v1.1 evaluation script, unchanged. rouge_l: F-measure of the longest common
subsequence over words of [a-z0-9], as the rouge_score package without stemming.

    tests/tasks/make_text_metrics.py > tests/tasks/golden/text_metrics.json
"""
import json
import re
import string
from collections import Counter


def normalize_answer(s):
    def remove_articles(text):
        return re.sub(r"\b(a|an|the)\b", " ", text)

    def white_space_fix(text):
        return " ".join(text.split())

    def remove_punc(text):
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return white_space_fix(remove_articles(remove_punc(s.lower())))


def f1_score(prediction, ground_truth):
    prediction_tokens = normalize_answer(prediction).split()
    ground_truth_tokens = normalize_answer(ground_truth).split()
    if not prediction_tokens or not ground_truth_tokens:
        return float(prediction_tokens == ground_truth_tokens)  # as the v2.0 script
    common = Counter(prediction_tokens) & Counter(ground_truth_tokens)
    num_same = sum(common.values())
    if num_same == 0:
        return 0
    precision = 1.0 * num_same / len(prediction_tokens)
    recall = 1.0 * num_same / len(ground_truth_tokens)
    return (2 * precision * recall) / (precision + recall)


def rouge_l(prediction, target):
    a, b = (re.sub(r"[^a-z0-9]+", " ", t.lower()).split() for t in (prediction, target))
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            table[i + 1][j + 1] = table[i][j] + 1 if a[i] == b[j] else max(table[i][j + 1], table[i + 1][j])
    lcs = table[-1][-1]
    if not lcs:
        return 0.0
    precision, recall = lcs / len(a), lcs / len(b)
    return 2 * precision * recall / (precision + recall)


PAIRS = [
    ("The pass key is 46196.", ["46196"]), ("46196", ["The pass key is 46196."]),
    ("the  Eiffel Tower!", ["Eiffel tower"]), ("An apple, a pear", ["apple pear", "the pear"]),
    ("", ["anything"]), ("", [""]), ("The", ["a"]), ("police killed the gunman", ["police kill the gunman"]),
    ("the gunman kill police", ["police kill the gunman"]), ("red red blue", ["red blue blue"]),
    ("It's a well-known fact", ["its well known fact"]), ("seven", ["7", "Seven."]), ("A-B c_d", ["ab cd", "a b c d"]),
    ("one two three four five six", ["two four six eight"]), ("x", ["x y z"]), ("theatre and anthem", ["theatre anthem"]),
    ("Füße im Café", ["füße im café", "Füße im Café"]),
]
rows = []
for produced, answers in PAIRS:
    rows.append({
        "produced": produced, "answers": answers,
        "contains": float(any(a.lower() in produced.lower() for a in answers)),
        "exact": float(any(normalize_answer(a) == normalize_answer(produced) for a in answers)),
        "f1": max(f1_score(produced, a) for a in answers),
        "rouge-l": max(rouge_l(produced, a) for a in answers),
    })
print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")
