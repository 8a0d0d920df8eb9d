"""Lets these tests import the trainer's modules from tools/train/."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "train"))
