"""The programs for AArch64, and machines that start them."""
import pytest

import qemu
import support
from make_image import BOOT_PATH_AA64

PROGRAM, CORE, STANDALONE, DEBUG = (support.OUT / f"llama{form}-aa64.efi" for form in ("", "-core", "-standalone", "-debug"))


def need(firmware="aavmf"):
    """Skips the test where there is no such machine."""
    try:
        qemu.qemu(qemu.find_firmware(firmware).arch)
    except qemu.QemuError as error:
        pytest.skip(str(error).splitlines()[0])


def options(firmware="aavmf", program=PROGRAM, cpu="max", smp=1, **more):
    """What to start a machine with."""
    need(firmware)
    return {"boot_path": BOOT_PATH_AA64, "program": support.built(program), "firmware": firmware, "accel": "tcg", "cpu": cpu,
            "smp": smp, **more}
