"""Each fuzz target over its corpus, and over inputs made from it. A seed that finds something repeats it: PARQUEDB_TEST_SEED."""
import os
import random
import subprocess

import pytest

from conftest import ROOT

BUILD = os.environ.get("PARQUEDB_BUILD") or os.path.join(ROOT, "build/release")
TARGETS = sorted(os.listdir(os.path.join(ROOT, "fuzz/corpus")))
MADE = 20_000


def test_each_target_has_a_corpus_and_each_corpus_a_target():
    targets = sorted(name[: -len("_fuzz.cc")] for name in os.listdir(os.path.join(ROOT, "fuzz")) if name.endswith("_fuzz.cc"))
    assert targets == TARGETS == ["filter", "json", "manifest", "parquet", "time", "update", "wal"]


@pytest.mark.parametrize("target", TARGETS)
def test_what_must_hold_holds_for_the_corpus_and_for_what_is_made_from_it(target):
    corpus = os.path.join(ROOT, "fuzz/corpus", target)
    seed = os.environ.get("PARQUEDB_TEST_SEED") or str(random.getrandbits(32))
    done = subprocess.run([os.path.join(BUILD, f"{target}_fuzz"), corpus, str(MADE), seed], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    assert done.stdout == f"{len(os.listdir(corpus))} inputs, {MADE} made from them, seed {seed}\n"
