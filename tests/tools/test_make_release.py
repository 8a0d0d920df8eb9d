"""tools/make_release.py: what others get has sums, and is the same whoever makes it, wherever and whenever."""
import os
import subprocess

from support import CORE, EFI, ROOT, STANDALONE, built


def make(folder, where, **environment):
    done = subprocess.run([ROOT / "tools/make_release.py", folder], cwd=where, capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_releases_have_the_same_bytes_and_sums_that_hold(tmp_path):
    programs = [built(path) for each in (EFI, CORE, STANDALONE) for path in (each, each.with_name(f"{each.stem}-aa64.efi"))]
    said = make(tmp_path / "a", ROOT, TZ="UTC", LC_ALL="C")
    before = os.umask(0o077)
    try:
        again = make(tmp_path / "b", tmp_path, TZ="Asia/Kolkata", LC_ALL="C.UTF-8", HOME=str(tmp_path))
    finally:
        os.umask(before)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(["SHA256SUMS", "llama.img", "llama.iso", *(path.name for path in programs)])
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert said == again == (tmp_path / "a/SHA256SUMS").read_text()
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "a", check=True)
    for path in programs:
        assert (tmp_path / "a" / path.name).read_bytes() == path.read_bytes()


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    done = subprocess.run([ROOT / "tools/make_release.py", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "thesis.txt: is in the folder already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
