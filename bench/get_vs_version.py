"""`get` in a large namespace beside `version`, whole processes in turn: what finding a document costs over starting the program.

  ./dev bench get [--documents N] [--runs N]

Each run gets another document. Medians of the runs; then get over version, pair by pair.
"""
import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile

from import_vs_duckdb import BINARY, Contestant
from query_vs_duckdb import make_database


def compare(folder, documents, runs):
    database = make_database(folder, documents)
    version, get = Contestant("parquedb version", [BINARY, "version"]), Contestant("parquedb get", [])
    draw = random.Random(1)
    for run in range(runs + 1):
        name = f"docs/d{draw.randrange(documents):09}"
        get.argv = [BINARY, "get", name, "--directory", database]
        if f'"$id":"{name}"' not in subprocess.run(get.argv, check=True, capture_output=True, text=True).stdout:
            sys.exit(f"{name} was not printed")
        for contestant in (version, get):
            contestant.run()
            if run == 0:  # warm: the program lies in memory
                contestant.wall.clear(), contestant.cpu.clear()
    print(f"{documents} documents, {os.cpu_count()} cores")
    for contestant in (version, get):
        print(f"{contestant.name:20} {statistics.median(contestant.wall) * 1000:6.1f} ms [{min(contestant.wall) * 1000:.1f} .. {max(contestant.wall) * 1000:.1f}]   "
              f"processor {statistics.median(contestant.cpu) * 1000:5.1f} ms   peak {max(contestant.mib):4.0f} MiB")
    print(f"get: {statistics.median(a / b for a, b in zip(get.wall, version.wall)):.2f} x the time of version")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--documents", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=41)
    args = options.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("PARQUEDB_BENCH_DIR")) as folder:
        compare(folder, args.documents, args.runs)


if __name__ == "__main__":
    main()
