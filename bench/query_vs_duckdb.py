"""A filter that selects 2 % of a namespace, beside DuckDB over the same data file, in turn.

  ./dev bench query [--documents N] [--runs N]

Fetch writes the documents to a file: parquedb as NDJSON, DuckDB the same columns as CSV. Count gives only the number. parquedb is
taken as a whole process, DuckDB (pinned, of .venv) inside its process, without the start of Python; its processor time has that start
in it. Medians of the runs; then ours over DuckDB's, pair by pair. The numbers of documents must agree.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import tempfile

from import_vs_duckdb import BINARY, PYTHON, Contestant, write_documents

REGION = 17  # of 50, drawn evenly
SYSTEM = ",".join(f'"${name}"' for name in ("id", "type", "version", "createdAt", "createdBy", "updatedAt", "updatedBy", "data"))
DUCKDB = """
import sys, time, duckdb
sql, threads = sys.argv[1:]
connection = duckdb.connect(config={"threads": threads})
start = time.perf_counter()
rows = connection.execute(sql).fetchall()
seconds = time.perf_counter() - start
print(rows[0][0], seconds)
"""


def make_database(folder, documents):
    source, database = os.path.join(folder, "documents.ndjson"), os.path.join(folder, "db")
    write_documents(source, documents, seed=1)
    subprocess.run([BINARY, "import", "--file", source, "--namespace", "docs", "--id-field", "id", "--directory", database, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([BINARY, "checkpoint", "--directory", database, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    os.remove(source)
    return database


def output(argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()


def race(title, ours, theirs, runs):
    for contestant in (ours, theirs):  # warm: what is read lies in memory
        contestant.run()
        contestant.wall.clear(), contestant.cpu.clear()
    for _ in range(runs):
        ours.run()
        theirs.run()
    for contestant in (ours, theirs):
        print(f"{contestant.name:24} {statistics.median(contestant.wall) * 1000:7.1f} ms [{min(contestant.wall) * 1000:.1f} .. {max(contestant.wall) * 1000:.1f}]   "
              f"processor {statistics.median(contestant.cpu) * 1000:6.1f} ms   peak {max(contestant.mib):4.0f} MiB")
    print(f"{title}: {statistics.median(a / b for a, b in zip(ours.wall, theirs.wall)):.2f} x DuckDB's time")


def compare(folder, documents, runs):
    database = make_database(folder, documents)
    (data,) = glob.glob(os.path.join(database, "data/docs/*.parquet"))
    query = [BINARY, "query", "docs", "--filter", f'{{"region":{REGION}}}', "--directory", database, "--quiet"]
    where = f"from read_parquet('{data}') where region = {REGION}"
    sql = {"fetch": f"copy (select {SYSTEM} {where}) to '{folder}/theirs.csv' (format csv)", "count": f"select count(*) {where}"}
    duck = {name: [PYTHON, "-c", DUCKDB, text, str(os.cpu_count())] for name, text in sql.items()}
    fetch, count = query + ["--format", "ndjson", "--output", os.path.join(folder, "ours.ndjson")], query + ["--count"]
    numbers = {int(output(count)[0]), *(int(output(argv)[0]) for argv in duck.values())}
    output(fetch)
    with open(os.path.join(folder, "ours.ndjson"), encoding="utf-8") as file:
        numbers.add(sum(1 for _ in file))
    if len(numbers) != 1:
        sys.exit(f"the answers differ: {sorted(numbers)} documents")
    print(f"{numbers.pop()} of {documents} documents, {os.path.getsize(data) / 1e6:.0f} MB of Parquet, {os.cpu_count()} cores")
    race("fetch", Contestant("parquedb query", fetch), Contestant("DuckDB, fetch", duck["fetch"], True), runs)
    race("count", Contestant("parquedb query --count", count), Contestant("DuckDB, count", duck["count"], True), runs)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--documents", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=11)
    args = options.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("PARQUEDB_BENCH_DIR")) as folder:
        compare(folder, args.documents, args.runs)


if __name__ == "__main__":
    main()
