"""Every bash block of these pages runs, in order, in an empty folder; examples in tables hold."""
import json
import os
import re
import subprocess

import pytest
from conftest import BIN, ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/query.md", "docs/files.md"])
def test_every_block_of_the_page_runs(page, tmp_path):
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        blocks = re.findall(r"^```bash\n(.*?)^```", f.read(), re.S | re.M)
    assert blocks
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARQUEDB_")}
    env.update(PATH=os.path.dirname(BIN) + ":" + env["PATH"], HOME=str(tmp_path), PARQUEDB_SOURCE=ROOT)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def language_page():
    """docs/query.md: the document of its first block, and the tables of filters and of updates as lists of code spans."""
    with open(os.path.join(ROOT, "docs/query.md"), encoding="utf-8") as f:
        text = f.read()
    document = re.search(r"--id hello --data '(.*?)'", text, re.S)[1]
    filters, updates = text.split("## Updates")
    spans = lambda part: [re.findall(r"`(\{[^`]*\})`", line) for line in part.splitlines() if re.match(r"\| .*`\{", line)]
    return text, json.loads(document), spans(filters), spans(updates)


def test_every_filter_of_the_language_page_matches_its_document(place):
    text, document, filters, _ = language_page()
    place.ok("create", "posts", "--id", "hello", "--data", json.dumps(document))
    prose = text[text.index("**Paths"):text.index("The filter of")] + text[text.index("**Arrays"):text.index("**Types")]
    examples = [x for row in filters for x in row] + re.findall(r"`(\{[^`]*\})`", prose)
    assert len(filters) == 17 and len(examples) > 25
    for example in examples:
        assert place.ok("query", "posts", "--filter", example, "--count", "--json").json()["count"] == 1, example


def test_every_update_of_the_language_page_makes_what_it_says(place):
    _, _, _, updates = language_page()
    assert len(updates) == 17 and sum(len(row) == 3 for row in updates) == 16
    for i, (update, before, *after) in enumerate(updates):
        place.ok("create", "posts", "--id", f"p{i}", "--data", before)
        own = {k: v for k, v in place.ok("update", f"posts/p{i}", "--data", update).json().items() if not k.startswith("$")}
        assert json.dumps(own) == json.dumps(json.loads(after[0])) if after else re.match(r"20\d\d-.*\.\d{3}Z$", own["at"]), update


def test_the_demo_ends_with_its_proof():
    done = subprocess.run(["bash", os.path.join(ROOT, "scripts/demo.sh")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "The restored data equals the original" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
