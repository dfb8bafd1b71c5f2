"""The benchmarks of docs/speed.md run, on little data: they check the answers of both sides themselves. No time is judged."""
import os
import re
import subprocess
import sys

import pytest
from conftest import BIN, ROOT


@pytest.mark.parametrize("script, lines", [
    ("query_vs_duckdb.py", [r"\d+ of 2000 documents, ", "parquedb query ", "DuckDB, fetch ", r"fetch: \d+\.\d\d x DuckDB's time", "parquedb query --count ", "DuckDB, count ", r"count: \d+\.\d\d x DuckDB's time"]),
    ("get_vs_version.py", ["2000 documents, ", "parquedb version ", "parquedb get ", r"get: \d+\.\d\d x the time of version"]),
])
def test_a_benchmark_checks_its_answers_and_prints_ratios(tmp_path, script, lines):
    env = dict(os.environ, PARQUEDB_BIN=BIN, PARQUEDB_BENCH_DIR=str(tmp_path))
    done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", script), "--documents", "2000", "--runs", "2"], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert len(printed) == len(lines) and all(re.match(want, line) for want, line in zip(lines, printed)), done.stdout
    assert os.listdir(tmp_path) == []


def test_each_line_of_the_table_names_a_benchmark_that_dev_knows():
    with open(os.path.join(ROOT, "docs/speed.md"), encoding="utf-8") as file:
        named = set(re.findall(r"`\./dev bench (\w+)`", file.read()))
    with open(os.path.join(ROOT, "dev"), encoding="utf-8") as file:
        known = set(re.findall(r"^      (\w+)\) .*bench/\w+\.py", file.read(), re.M))
    assert named == known == {"import", "query", "get", "puts"}
