"""A llama2.c checkpoint as a GGUF file in F32 says the same, token by token: the weights, the RoPE and the tokenizer are the
same, in other files."""
import pytest

import gguf_files
from support import MODELS, case_name, checkpoint, replaced, words_of
from test_host_golden import LLAMA2C, OWN, generate, model_and_tokenizer

GREEDY = [case for case in LLAMA2C + OWN if case["temperature"] == 0 and case.get("engine", "run") == "run"
          and case.get("precision", "f32") == "f32" and case.get("shape") != "default"
          and "15M" not in case.get("model", case.get("shape"))]


@pytest.mark.parametrize("case", GREEDY, ids=map(case_name, GREEDY))
def test_greedy_tokens_are_those_of_the_checkpoint(case):
    model, words = ((checkpoint(case["shape"]), words_of(case["shape"])) if "shape" in case else model_and_tokenizer(case))
    made = MODELS / f"{model.stem}-{words.stem}.gguf"
    with replaced(made) as unfinished:
        gguf_files.from_checkpoint(model.read_bytes(), words.read_bytes()).write(unfinished)
    assert generate(made, words, case, "scalar", "f32") == case["tokens"]
    assert generate(made, words, case, "swar", "f32", threads=2) == case["tokens"]
