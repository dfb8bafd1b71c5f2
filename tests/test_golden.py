"""The check of docs/format/golden.md, as it stands there."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def test_the_golden_files_are_what_the_pages_say():
    page = open(os.path.join(ROOT, "docs/format/golden.md"), encoding="utf-8").read()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    run = subprocess.run([sys.executable, "-c", program], cwd=os.path.join(ROOT, "tests/golden"), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "golden files: as the pages say\n"
