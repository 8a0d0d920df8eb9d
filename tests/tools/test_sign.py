"""tools/sign: what it makes, and what it says when something is missing."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import audit
from support import EFI, OUT, ROOT, built

pytestmark = pytest.mark.skipif(not (shutil.which("sbsign") and shutil.which("openssl")),
                                reason="sbsign or openssl is not installed")


def sign(*arguments, **environment):
    environment = {**os.environ, "KEY": "", "CERT": "", **environment}
    return subprocess.run([ROOT / "tools/sign", *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}/",
                        "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"],
                       check=True, capture_output=True)
    return folder


@pytest.fixture
def program(tmp_path):
    return Path(shutil.copy(built(EFI), tmp_path))


def test_the_environment_names_the_key(keys, program):
    done = sign(program, KEY=str(keys / "one.key"), CERT=str(keys / "one.crt"))
    assert done.returncode == 0 and "llama-signed.efi: signed, and verified" in done.stdout


@pytest.mark.parametrize("name", ["llama.efi", "llama-standalone.efi", "llama-aa64.efi", "llama-standalone-aa64.efi"])
def test_a_signature_changes_nothing_of_the_program(keys, name, tmp_path, capsys):
    original = built(OUT / name)
    program = Path(shutil.copy(original, tmp_path))
    assert sign(program, "--key", keys / "one.key", "--cert", keys / "one.crt").returncode == 0
    signed = program.with_name(f"{program.stem}-signed.efi")
    verified = [subprocess.run(["sbverify", "--cert", keys / f"{key}.crt", signed], capture_output=True).returncode == 0
                for key in ("one", "two")]
    assert verified == [True, False]
    promises = audit.Audit()
    audit.check_image(promises, signed)
    assert not promises.broken, capsys.readouterr().out
    before, after = (bytearray(path.read_bytes()) for path in (original, signed))
    optional = int.from_bytes(before[0x3c:0x40], "little") + 24
    for data in (before, after):
        data[optional + 64:optional + 68] = bytes(4)    # the checksum
        data[optional + 144:optional + 152] = bytes(8)  # where the signature is
    assert after[:len(before)] == before


@pytest.mark.parametrize("arguments, fault", [
    ([], "which key"),
    (["--key", "gone.key", "--cert", "gone.crt"], "gone.key: there is no such key"),
    (["--key", "{keys}/one.key", "--cert", "gone.crt"], "gone.crt: there is no such certificate"),
    (["--key", "{keys}/one.key", "--cert", "{keys}/two.crt"], "sbsign: .*key values mismatch"),
], ids=["none", "key", "certificate", "another-certificate"])
def test_what_is_missing_is_said_and_nothing_is_written(keys, program, tmp_path, arguments, fault):
    done = sign(program, *(argument.format(keys=keys) for argument in arguments))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert re.search(fault, done.stderr, re.DOTALL)
    assert os.listdir(tmp_path) == ["llama.efi"]
