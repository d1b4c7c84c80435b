"""The notifier says what the contracts say."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("summaries.py")


def test_the_notifier_carries_the_summaries_of_all_contracts():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "ok\n")
