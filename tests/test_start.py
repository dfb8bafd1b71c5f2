"""What a command loads: Arrow's libraries take longer to load than most commands to run."""
import os
import shutil
import subprocess

import pytest

from conftest import BIN



def loaded(*words):
    """The command's output, and the names of the libraries that were opened for it."""
    done = subprocess.run([BIN, *words], capture_output=True, text=True, env={**os.environ, "LD_DEBUG": "files"})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, {line.split("file=")[1].split(" ")[0] for line in done.stderr.splitlines() if "file=" in line}


@pytest.fixture
def database(tmp_path):
    folder = str(tmp_path / "db")
    run = lambda *words: subprocess.run([BIN, *words, "-d", folder], check=True, capture_output=True)
    subprocess.run([BIN, "init", folder], check=True, capture_output=True)
    run("create", "posts", "--id", "a", "--data", '{"n":1}')
    run("checkpoint")
    run("update", "posts/a", "--data", '{"$set":{"n":2}}')
    return folder


@pytest.mark.parametrize("words", [("version",), ("get", "posts/a"), ("get", "posts/a", "--at", "lsn:1"), ("query", "posts"), ("events",),
                                   ("stats",), ("list",), ("window",), ("create", "posts", "--id", "b", "--data", "{}")],
                         ids=" ".join)
def test_a_command_that_writes_no_parquet_file_does_without_arrow(database, words):
    out, files = loaded(*words, *([] if words == ("version",) else ["-d", database]))
    assert out and "libcrypto.so.3" in files
    assert not [name for name in files if "arrow" in name or "libparquet" in name or "libssl" in name]


def test_a_command_that_writes_one_loads_it(database):
    _, files = loaded("checkpoint", "-d", database)
    assert any("libparquedb-arrow.so" in name for name in files) and any("libarrow.so" in name for name in files)


def test_without_its_module_the_program_reads_and_says_what_it_can_not_do(database, tmp_path):
    if os.path.exists("/usr/lib/parquedb"):
        pytest.skip("an installed package has a module")
    alone = tmp_path / "alone" / "parquedb"
    alone.parent.mkdir()
    shutil.copy(BIN, alone)
    run = lambda *words: subprocess.run([alone, *words, "-d", database], capture_output=True, text=True)
    got = run("get", "posts/a")
    assert got.returncode == 0 and '"n":2' in got.stdout
    failed = run("checkpoint")
    assert failed.returncode == 1
    assert "what writes Parquet files is missing: " in failed.stderr and "try: install parquedb anew" in failed.stderr
    assert '"n":2' in run("get", "posts/a").stdout and "(2 events)" in run("events").stdout
