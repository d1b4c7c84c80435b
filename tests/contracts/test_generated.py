"""What is made from the contracts, or from what the services say of themselves, is what is committed."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_generated_files_are_what_their_sources_say():
    path = os.pathsep.join(str(ROOT / folder) for folder in ("deploy", "tests"))
    done = subprocess.run(
        [sys.executable, "-m", "contracts.generate", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
