"""Durable puts beside RocksDB: acknowledged 430-byte puts a second of 256 clients, and db_bench fillsync (Debian rocksdb-tools)
with as many threads, in turn on the same disk.

  ./dev bench puts [--runs N]
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENTS = 256


def rocksdb(folder):
    command = ["db_bench", "--benchmarks=fillsync", "--sync=1", f"--threads={CLIENTS}", "--num=100000000", "--duration=1",
               "--ops_between_duration_checks=10", "--value_size=430", "--disable_auto_compactions=1", f"--db={folder}/rocks"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"fillsync.*?(\d+) ops/sec", out)[1])


def parquedb(folder):
    command = [os.path.join(ROOT, "build/release/parquedb_bench"), f"--benchmark_filter=DurablePut/clients:{CLIENTS}/", "--benchmark_format=json"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ, PARQUEDB_BENCH_DIR=folder)).stdout
    return json.loads(out)["benchmarks"][0]["items_per_second"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=5)
    args = options.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(dir=os.environ.get("PARQUEDB_BENCH_DIR")) as folder:
        for _ in range(args.runs):
            theirs.append(rocksdb(folder))
            ours.append(parquedb(folder))
    for name, rates in (("RocksDB fillsync", theirs), ("parquedb puts", ours)):
        print(f"{name:20} {statistics.median(rates):8.0f}/s [{min(rates):.0f} .. {max(rates):.0f}]")
    print(f"parquedb over RocksDB: {statistics.median(a / b for a, b in zip(ours, theirs)):.2f}")


main()
