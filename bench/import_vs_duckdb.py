"""Import beside DuckDB: NDJSON documents of 430 bytes until they are durable, whole processes in turn.

  ./dev bench import [--documents N] [--runs N] [--input FILE]

DuckDB (pinned, of .venv) reads the same file with read_json and writes one Parquet file, zstd, with fsync, on as many threads
as there are processors. For each contestant: wall time, processor time (user + system) and peak memory, medians of the runs;
then ours over DuckDB's, pair by pair. DuckDB is taken at the time inside its process, without the start of Python.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("PARQUEDB_BIN", os.path.join(ROOT, "build/release/parquedb"))
PYTHON = os.path.join(ROOT, ".venv/bin/python")
DUCKDB = """
import os, sys, time, duckdb
source, target, threads = sys.argv[1:]
start = time.perf_counter()
connection = duckdb.connect(config={"threads": threads})
connection.execute(f"copy (select * from read_json('{source}')) to '{target}' (format parquet, compression zstd)")
descriptor = os.open(target, os.O_RDONLY)
os.fsync(descriptor)
print(time.perf_counter() - start)
"""


def write_documents(name, count, seed):
    """Documents with ids in no order, as a dump of a hash table has them."""
    draw = random.Random(seed)
    words = ["".join(draw.choice("bcdfghklmnprst") + draw.choice("aeiou") for _ in range(draw.randint(1, 4))) for _ in range(6000)]
    step = 7919 if count % 7919 else 7907  # coprime to the count: each id comes once
    with open(name, "w") as out:
        for i in range(count):
            document = {"id": f"d{i * step % count:09}", "name": " ".join(draw.choices(words, k=2)), "region": draw.randrange(50),
                        "quantity": draw.randrange(1000), "score": draw.randrange(100_000) / 1000, "active": draw.random() < 0.5,
                        "status": draw.choice(["draft", "published", "archived"]), "seenMs": 1766595717280 + draw.randrange(10**9),
                        "address": {"street": " ".join(draw.choices(words, k=2)), "zip": f"{draw.randrange(100_000):05}"},
                        "tags": draw.choices(words, k=3), "note": ""}
            line = json.dumps(document, separators=(",", ":"))
            note = ""
            while len(line) + len(note) < 429:
                note += " " + draw.choice(words)
            out.write(line[:-2] + note[:430 - len(line)] + '"}\n')


class Contestant:
    def __init__(self, name, argv, reads_seconds=False):
        self.name, self.argv, self.reads_seconds = name, argv, reads_seconds
        self.wall, self.cpu, self.mib = [], [], []

    def run(self):
        with tempfile.TemporaryFile("w+") as out:
            start = time.perf_counter()
            process = subprocess.Popen(self.argv, stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"{self.name}: exit {process.returncode}")
            out.seek(0)
            if self.reads_seconds:
                wall = float(out.read().split()[-1])  # behind a progress bar, if it took long
        self.wall.append(wall)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.mib.append(usage.ru_maxrss / 1024)

    def line(self):
        return (f"{self.name:30} {statistics.median(self.wall):7.2f} s [{min(self.wall):.2f} .. {max(self.wall):.2f}]   "
                f"processor {statistics.median(self.cpu):6.2f} s   peak {max(self.mib):4.0f} MiB")


def compare(source, folder, runs):
    database, parquet = os.path.join(folder, "db"), os.path.join(folder, "documents.parquet")
    load = [BINARY, "import", "--file", source, "--namespace", "docs", "--id-field", "id", "--directory", database, "--quiet"]
    duck = Contestant("DuckDB read_json to Parquet", [PYTHON, "-c", DUCKDB, source, parquet, str(os.cpu_count())], True)
    alone = Contestant("parquedb import", load)
    both = Contestant("parquedb import, checkpoint", ["sh", "-c", '"$@" && exec "$1" checkpoint --directory "$0" --quiet', database, *load])
    for _ in range(runs):
        for contestant in (alone, duck, both):
            shutil.rmtree(database, ignore_errors=True)
            if os.path.exists(parquet):
                os.remove(parquet)
            os.sync()
            contestant.run()
    for contestant in (duck, alone, both):
        print(contestant.line())
    for contestant in (alone, both):
        times = statistics.median(a / b for a, b in zip(contestant.wall, duck.wall))
        print(f"{contestant.name}: {times:.2f} x DuckDB's time")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--documents", type=int, default=400_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--input", help="NDJSON documents with a field `id`, instead of made ones")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("PARQUEDB_BENCH_DIR")) as folder:
        source = args.input or os.path.join(folder, "documents.ndjson")
        if not args.input:
            write_documents(source, args.documents, seed=1)
        compare(source, folder, args.runs)


if __name__ == "__main__":
    main()
