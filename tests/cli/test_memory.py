"""What verbs hold in memory does not grow with the input: 512 MiB at most, measured as the kernel counts it (peak resident
set of the process), for many documents and for large ones."""
import os
import random
import subprocess
import sys

import pytest

BINARY = os.environ.get("PARQUEDB_BIN", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release/parquedb"))
BOUND_MIB = 512


# A process inherits the peak of the one that starts it, and this one may have grown large: a small one stands between.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)])
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def peak_mib(*arguments):
    """Runs the program, which must succeed, and returns its peak memory."""
    measured = subprocess.run([sys.executable, "-S", "-c", MEASURE, BINARY, *map(str, arguments)], capture_output=True, text=True, check=True)
    status, peak_kib = map(int, measured.stdout.split())
    assert status == 0, arguments
    return peak_kib / 1024


@pytest.fixture(scope="module", params=["many", "large"])
def loaded(request, tmp_path_factory):
    """A database, the number of its documents, and what its import took."""
    folder = tmp_path_factory.mktemp(request.param)
    draw = random.Random(1)
    count = 300_000 if request.param == "many" else 24
    with open(folder / "in.ndjson", "w") as out:
        for i in range(count):
            # Ids come in no order, and the texts don't compress: 430 bytes each, or 15 MB.
            text = draw.randbytes(195 if request.param == "many" else 7_500_000).hex()
            out.write(f'{{"id":"d{i * 7919 % count}","text":"{text}"}}\n')
    peak = peak_mib("import", "--file", folder / "in.ndjson", "--namespace", "docs", "--id-field", "id", "--directory", folder / "db")
    os.remove(folder / "in.ndjson")
    return folder, count, peak


def test_import_stays_within_the_bound(loaded):
    assert loaded[2] <= BOUND_MIB


def test_reading_and_rewriting_stay_within_the_bound(loaded):
    folder, count, _ = loaded
    where = ("--directory", folder / "db")
    peaks = {
        "query of the log": peak_mib("query", "docs", "--format", "ndjson", *where),
        "events": peak_mib("events", "--json", *where),
        "checkpoint": peak_mib("checkpoint", *where),
        "query": peak_mib("query", "docs", "--format", "ndjson", *where),
        "sorted query": peak_mib("query", "docs", "--format", "ndjson", "--sort=-text", *where),
        "query by a filter": peak_mib("query", "docs", "--format", "ndjson", "--filter", '{"text":{"$gt":"8"}}', *where),
        "query on many threads": peak_mib("query", "docs", "--format", "ndjson", "--threads", 16, *where),
        "export to NDJSON": peak_mib("export", "--format", "ndjson", "--output", folder / "out.ndjson", *where),
        "export to Parquet": peak_mib("export", "--format", "parquet", "--output", folder / "out.parquet", *where),
        "drop": peak_mib("drop", "docs", "--confirm", *where),
        "restore": peak_mib("restore", "--namespace", "docs", "--at", f"lsn:{count}", "--confirm", *where),
    }
    assert {verb: mib for verb, mib in peaks.items() if mib > BOUND_MIB} == {}
