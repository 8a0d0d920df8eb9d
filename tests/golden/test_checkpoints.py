"""The made-up checkpoints on which all golden tokens rest have the same bytes everywhere."""
import hashlib

import pytest

from support import checkpoint

SHA256 = {
    "tiny": "b747334b78c6bc42b86c521bc259cce1b8cc15697752b96fdbeb4d8f4d1508bf",
    "gqa": "7afb5a8da8b3a2480f995ed689bcea26b5578fafe7818e9b4bdf0e2389607142",
    "15M": "6d4d55b2febcd3da5fff07d9a080ae7d085ed80bc19aad5ca3c9e2b228bdf91f",
}


@pytest.mark.parametrize("shape", SHA256)
def test_a_made_up_checkpoint_is_the_same_on_every_machine(shape):
    assert hashlib.sha256(checkpoint(shape).read_bytes()).hexdigest() == SHA256[shape]
