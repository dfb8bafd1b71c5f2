"""Every bash block of the README and the tutorial runs, in order, in an empty folder."""
import os
import re
import subprocess

import pytest
from conftest import BIN, ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_every_block_of_the_page_runs(page, tmp_path):
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        blocks = re.findall(r"^```bash\n(.*?)^```", f.read(), re.S | re.M)
    assert blocks
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARQUEDB_")}
    env.update(PATH=os.path.dirname(BIN) + ":" + env["PATH"], HOME=str(tmp_path), PARQUEDB_SOURCE=ROOT)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_ends_with_its_proof():
    done = subprocess.run(["bash", os.path.join(ROOT, "scripts/demo.sh")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "The restored data equals the original" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
