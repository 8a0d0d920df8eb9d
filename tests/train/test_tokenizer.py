"""The tokenizer trainer: what it learns, what it writes, and that its encoder is llama2.c's."""
import struct
import subprocess
import sys

import pytest

import tokenizer as tokenizer_module
from tokenizer import BOS, FIRST_BYTE, FIRST_LEARNED, Tokenizer, train

STORIES = ["Once upon a time, there was a little cat. The cat didn't like the rain.\n\"Oh no!\" said the cat.",
           "One day, the cat and the little dog went to the park. They liked the park, and the park liked them."] * 3
AWKWARD = ["", " ", "  ", "a", "cat", " cat", "the cat\nthe dog", "don't", "a  b   c", "\n\n", "x\r\ty", "naïve café",
           "日本語", "🙂", "''s \"'s", "ALL CAPS 1234!?"]


@pytest.fixture(scope="module")
def tokenizer():
    return train(STORIES, vocab_size=420)


def merge_whole_text(tokenizer, text):
    """llama2.c's encoder as it is described: characters, then the best pair of the whole text, again and again."""
    ids = {token: number for number, token in reversed(list(enumerate(tokenizer.tokens))) if number >= FIRST_LEARNED}
    tokens = []
    for character in " " + text if text else "":
        raw = character.encode()
        tokens += [ids[raw]] if raw in ids else [byte + FIRST_BYTE for byte in raw]
    while True:
        pairs = [(tokenizer.scores[ids[joined]], -at) for at in range(len(tokens) - 1)
                 if (joined := tokenizer.tokens[tokens[at]] + tokenizer.tokens[tokens[at + 1]]) in ids]
        if not pairs:
            return [BOS] + tokens
        at = -max(pairs)[1]
        tokens[at:at + 2] = [ids[tokenizer.tokens[tokens[at]] + tokenizer.tokens[tokens[at + 1]]]]


@pytest.mark.parametrize("text", AWKWARD + STORIES[:2])
def test_decoding_gives_the_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", AWKWARD + STORIES[:2])
def test_encoding_in_pieces_is_encoding_of_the_whole(tokenizer, text):
    assert tokenizer.encode(text) == merge_whole_text(tokenizer, text)


def test_frequent_words_become_one_token(tokenizer):
    assert len(tokenizer.encode("the cat", bos=False)) == 2


def test_the_vocabulary_has_exactly_the_size_that_was_asked_for(tokenizer):
    assert len(tokenizer) == 420
    assert len(set(tokenizer.tokens[FIRST_LEARNED:])) == 420 - FIRST_LEARNED


def test_special_and_byte_tokens_have_their_usual_ids(tokenizer):
    assert tokenizer.tokens[:5] == [b"<unk>", b"\n<s>\n", b"\n</s>\n", b"<0x00>", b"<0x01>"]
    assert tokenizer.tokens[258] == b"<0xFF>"
    assert tokenizer.encode("é", bos=False)[1:] == [0xC3 + FIRST_BYTE, 0xA9 + FIRST_BYTE]


def test_text_that_cannot_fill_the_vocabulary_is_refused():
    with pytest.raises(SystemExit, match="no more than"):
        train(["a cat"], vocab_size=4096)


def test_a_written_file_reads_back_the_same(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.bin"
    tokenizer.save(path)
    again = Tokenizer.load(path)
    assert (again.tokens, again.scores) == (tokenizer.tokens, tokenizer.scores)
    assert struct.unpack_from("<i", path.read_bytes())[0] == max(map(len, tokenizer.tokens))

def test_held_out_stories_do_not_shape_the_vocabulary(tmp_path):
    pytest.importorskip("numpy", reason="NumPy is not installed")
    path, out = tmp_path / "stories.txt", tmp_path / "tokenizer.bin"
    path.write_text("\n<|endoftext|>\n".join(["a cat sat on the mat"] * 9 + ["zyzzyva " * 50]))
    for hold_out, known in ((0, True), (1, False)):
        subprocess.run([sys.executable, tokenizer_module.__file__, path, "--vocab-size", "362", "--out", out,
                        "--hold-out", str(hold_out)], check=True, capture_output=True)
        assert any(b"zy" in token for token in Tokenizer.load(out).tokens) == known
