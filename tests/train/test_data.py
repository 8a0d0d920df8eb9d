"""Stories in, batches out, in an order that a kill does not change."""
import gzip

import pytest

numpy = pytest.importorskip("numpy", reason="NumPy is not installed")

from augment import with_renamed  # noqa: E402
from data import Corpus, Mixture, make_batch, read_stories, sound_stories  # noqa: E402
from tokenizer import BOS, EOS, train  # noqa: E402

STORIES = [f"Lily had {n} cats and Ben had {n * 7} dogs. " * (n % 5 + 1) for n in range(40)]


@pytest.fixture(scope="module")
def corpora():
    tokenizer = train(STORIES, vocab_size=400)
    return [Corpus.encode(STORIES, tokenizer, 48), Corpus.encode(STORIES[::-1], tokenizer, 48, start=EOS)]


@pytest.mark.parametrize("name", ["stories.txt", "stories.txt.gz"])
def test_stories_are_what_lies_between_the_separators(tmp_path, name):
    opener = gzip.open if name.endswith("gz") else open
    with opener(tmp_path / name, "wt") as file:
        file.write("One.\nTwo.\n<|endoftext|>\n\n<|endoftext|>\nThree.\n")
    assert list(read_stories(tmp_path / name)) == ["One.\nTwo.", "Three."]


def test_a_story_runs_from_its_first_token_to_bos_and_is_cut_at_the_context(corpora):
    assert corpora[0][0][0] == BOS and corpora[0][0][-1] == BOS and corpora[1][0][0] == EOS
    assert max(len(corpora[0][i]) for i in range(40)) == 49


def test_targets_are_the_inputs_one_later():
    batch = make_batch([numpy.array([1, 5, 6]), numpy.array([1, 7, 8, 9])])
    assert batch.inputs.tolist() == [[1, 5, 1], [1, 7, 8]]
    assert batch.targets.tolist() == [[5, 6, -1], [7, 8, 9]]
    assert batch.tokens == 5


def test_a_restored_mixture_gives_the_same_batches(corpora):
    first = Mixture(*corpora, seed=3, batch_tokens=256, batches_at_once=4)
    for _ in range(7):
        first.round(0.5)
    second = Mixture(*corpora, seed=3, batch_tokens=256, batches_at_once=4)
    second.restore(first.state())
    for a, b in zip(first.round(0.5), second.round(0.5)):
        assert (a.inputs == b.inputs).all() and (a.targets == b.targets).all()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_mixture_keeps_its_shares(corpora, share):
    mixture = Mixture(*corpora, seed=3, batch_tokens=256, batches_at_once=8)
    for _ in range(50):
        mixture.round(share)
    assert mixture.drawn[0] / sum(mixture.drawn) == pytest.approx(share, abs=0.03)


def test_unsound_stories_are_left_out():
    examples = ["The cat sat on the mat and was happy all day long."]
    assert sound_stories(["The cat sat.", "The catt sat.", "The cat sat on",
                          "The cat sat on the mat. The cat sat on the mat."], examples) == ["The cat sat."]


def test_renamed_children_keep_their_sex_and_stay_apart():
    stories = ["Lily met Anna and Ben. \"Hi, Lily!\" said Ben."]
    for story in with_renamed(stories, copies=20, seed=1)[1:]:
        first, second, boy = story.split()[0], story.split()[2], story.split()[4].rstrip(".")
        assert first != second
        assert story == f"{first} met {second} and {boy}. \"Hi, {first}!\" said {boy}."


def test_a_child_with_two_names_keeps_them():
    stories = ["Timmy was tired. Tim and Lily went home."]
    assert set(with_renamed(stories, copies=5, seed=1)) == set(stories)
