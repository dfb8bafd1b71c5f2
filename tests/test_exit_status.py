"""Every exit status that a verb can give, with the error object of --json; a full disk; damaged files.

PARQUEDB_TEST_SEED chooses the bytes that are flipped.
"""
import fcntl
import json
import os
import pty
import random
import resource
import signal
import subprocess
import time

import pyarrow.parquet
import pytest
from conftest import BIN, Place, tree

FLIPS = int(os.environ.get("PARQUEDB_TEST_FLIPS") or 12)
KINDS = {1: "io", 2: "usage", 3: "partial", 10: "not_found", 11: "locked", 14: "conflict", 20: "corrupt", 22: "window", 23: "invalid", 75: "busy", 130: "interrupted"}


def error_of(stderr):
    return json.loads(stderr.strip().splitlines()[-1])


def stops(place, code, *args, kind=None, says=(), db=True, **kw):
    """Without and with --json: the status, nothing on stdout, words on stderr, the error object."""
    for more in ((), ("--json",)):
        r = place.call(*more, *args, db=db, **kw)
        assert r.rc == code and (r.out == "" or code == 3), (r.argv[1:], r.rc, r.out, r.err)
        assert all(word in r.err for word in (*says, "error: ")), r.err
        if more:
            error = error_of(r.err)
            assert set(error) == {"type", "code", "kind", "message", "hint"}
            assert (error["type"], error["code"], error["kind"]) == ("exit_error", code, kind or KINDS[code]) and error["message"]
    return r


def fill(place):
    rows = [{"$id": f"posts/p{i:03d}", "n": i, "text": "lorem ipsum " * (i % 7), "$links": {"by": ["users/u"]}} for i in range(300)]
    place.ok("import", "--file", place.ndjson("rows.ndjson", rows))
    place.ok("create", "users", "--id", "u", "--data", '{"name":"U"}')
    place.ok("checkpoint")
    place.ok("update", "posts/p001", "--data", '{"n":-1}')
    place.ok("update", "posts/p002", "--data", '{"n":-2}')
    place.ok("create", "posts", "--id", "tail")


def test_0_for_what_went_well_and_1_for_an_output_that_cannot_be_written(place):
    fill(place)
    assert place.call("stats").rc == 0
    stops(place, 1, "export", "--output", place.path("no-folder/x.ndjson"), says=["no-folder"])
    os.makedirs(place.path("folder.ndjson"))
    stops(place, 1, "export", "--output", place.path("folder.ndjson"), says=["folder.ndjson"])
    stops(place, 1, "stats", "--output", place.write("file", "") + "/x.txt", says=["file"])
    closed = subprocess.run(f'exec "{BIN}" -d "{place.db}" export --format ndjson > /dev/full', shell=True, capture_output=True, text=True, env=place.env)
    assert closed.returncode == 1 and "standard output" in closed.stderr


def test_1_and_both_versions_for_a_newer_format_and_nothing_is_written(place):
    fill(place)
    file = os.path.join(place.db, "events/manifest.json")
    manifest = json.load(open(file))
    manifest["version"] = 2
    json.dump(manifest, open(file, "w"))
    before = tree(place.db)
    for args in (("query", "posts"), ("create", "posts"), ("checkpoint",), ("push", "--to", place.path("remote"))):
        stops(place, 1, *args, kind="unsupported", says=["1", "2", "events/manifest.json"])
    assert tree(place.db) == before and not os.path.exists(place.path("remote"))


def test_2_for_wrong_usage(place):
    fill(place)
    stops(place, 2, "query", "posts", "-d", place.db, "--at", db=None, says=["--at needs a value"])
    for args, words in [(("qurey", "posts"), ["query"]), (("query",), ["NS"]), (("query", "posts", "--fliter", "{}"), ["--filter"]), 
                        (("query", "posts", "--at", "rubbish"), ["rubbish"]), (("query", "posts", "--filter", "{"), ["--filter"]), (("query", "posts", "--filter", '{"n":{"$near":1}}'), ["$near"]),
                        (("query", "posts", "--limit", "-1"), ["--limit"]), (("drop", "posts"), ["--confirm"]), (("create", "1posts"), ["1posts"]), (("stats", "--format", "xml"), ["xml"]),
                        (("push",), ["PARQUEDB_REMOTE_URL"]), (("push", "--to", "gopher://x"), ["gopher"]), (("create", "posts", "--lock-timeout", "soon"), ["soon"])]:
        stops(place, 2, *args, says=words)


def test_2_for_an_empty_filter_and_nothing_is_deleted(place):
    # It was taken for "no filter" and the program crashed.
    fill(place)
    before = place.state()
    stops(place, 2, "delete", "posts", "--filter", "", "--confirm", says=["--filter"])
    assert place.state() == before


def test_2_for_an_empty_slug_and_nothing_is_pushed(place):
    # It was taken for "no slug", and the backup got another name.
    fill(place)
    stops(place, 2, "push", "--to", place.path("remote"), "--slug=", says=["slug"])
    assert not os.path.exists(place.path("remote"))


def test_what_a_call_brings_along_is_spelled_where_it_can_not_be_shown(place):
    # A byte that is no UTF-8 made the error object no JSON; an escape sequence reached the terminal.
    done = subprocess.run([BIN.encode(), b"create", b"a\xff\xc3b\xe2\x80\xa6", b"--json"], capture_output=True, env=place.env, cwd=place.folder)
    assert done.returncode == 2 and "a\\xff\\xc3b…" in error_of(done.stderr.decode())["message"]
    r = stops(place, 10, "import", "--file", place.path("\x1b[31mred\x7f.ndjson"), says=["\\x1b[31mred\\x7f.ndjson"])
    assert "\x1b" not in r.err and "\x7f" not in r.err


def test_3_when_one_of_two_remotes_fails(place):
    fill(place)
    place.write("down", "a file")
    r = stops(place, 3, "push", "--to", place.path("down/x"), "--to", place.path("up"), says=["down"])
    assert [x["remote"] for x in r.json()["results"]] == [place.path("up")]


def test_10_for_what_is_not_there(place):
    fill(place)
    for args, word in [(("get", "posts/nobody"), "nobody"), (("query", "post"), "posts"), (("update", "posts/nobody", "--data", "{}"), "nobody"), (("delete", "posts/nobody"), "nobody"),
                       (("link", "posts/nobody", "by", "users/u"), "nobody"), (("link", "posts/p000", "by", "users/nobody"), "nobody"), (("drop", "zebra", "--confirm"), "zebra"),
                       (("events", "--namespace", "zebra"), "zebra"), (("export", "--namespace", "zebra"), "zebra"), (("restore", "--entity", "posts/nobody", "--at", "latest"), "nobody"),
                       (("restore", "--namespace", "zebra", "--at", "latest", "--confirm"), "zebra"), (("import", "--file", place.path("none.json")), "none.json"),
                       (("import", "--events", place.path("none.ndjson")), "none.ndjson"), (("pull", place.path("none")), "none"), (("backups", place.path("none")), "none")]:
        stops(place, 10, *args, says=[word])
    empty = place.path("empty")
    os.makedirs(empty)
    for verb in (("query", "posts"), ("events",), ("stats",), ("flush",), ("drop", "posts", "--confirm"), ("push", "--to", place.path("remote"))):
        stops(place, 10, *verb, db=empty, says=["empty"])
        stops(place, 10, *verb, db=place.path("nowhere"), says=["nowhere"])
    assert os.listdir(empty) == [] and not os.path.exists(place.path("nowhere"))


def test_11_while_another_process_writes_and_readers_read_on(place):
    fill(place)
    with open(os.path.join(place.db, "_meta/lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write("pid 4711 on earth, verb import")
        lock.flush()
        before = tree(place.db)
        for args in (("create", "posts"), ("flush",), ("checkpoint",), ("drop", "posts", "--confirm"), ("restore", "--entity", "posts/p000", "--at", "latest"), ("import", "--file", place.path("rows.ndjson"))):
            stops(place, 11, *args, "--lock-timeout", "0", says=["pid 4711 on earth, verb import"])
        for args in (("get", "posts/p000"), ("query", "posts"), ("export",), ("events",), ("stats",), ("list",), ("window",), ("push", "--to", place.path("remote"))):
            place.ok(*args)
        assert tree(place.db) == before
    place.ok("create", "posts", "--lock-timeout", "0")


def test_14_for_a_conflict(place):
    fill(place)
    stops(place, 14, "create", "posts", "--id", "p000", says=["p000"])
    stops(place, 14, "update", "posts/p000", "--data", "{}", "--if-version", "7", says=["version"])
    stops(place, 14, "import", "--file", place.path("rows.ndjson"), says=["p000"])
    stops(place, 14, "init", place.db, db=False, says=["holds a database"])


def test_22_outside_the_window(place):
    fill(place)
    for args in (("query", "posts"), ("get", "posts/p000"), ("export",), ("restore", "--entity", "posts/p000"), ("restore", "--namespace", "posts", "--confirm")):
        r = stops(place, 22, *args, "--at", "1999-01-01", says=["1999-01-01T00:00:00.000Z", "window", "parquedb window"])
        assert error_of(r.err)["hint"]


def test_23_for_data_that_cannot_be_taken(place):
    fill(place)
    before = tree(place.db)
    for data in ("{", "[]", '{"$x":1}', '{"n":18446744073709551616}', '{"n":1e400}', '{"s":"\\ud800"}', '{"a":1,"a":2}', '{"d":' + "[" * 100 + "]" * 100 + "}"):
        stops(place, 23, "create", "posts", "--id", "x", "--data", data)
    for data in ('{"$frob":{"n":1}}', '{"$set":{"$id":"posts/x"}}', '{"$inc":{"text":1}}'):
        stops(place, 23, "update", "posts/p001", "--data", data)
    stops(place, 23, "import", "--file", place.write("bad.ndjson", '{"$id":"posts/new"}\n{"$id":"../x/y"}\n'), says=["bad.ndjson:2"])
    stops(place, 23, "import", "--events", place.ndjson("bad-events.ndjson", [{"ts": 1, "op": "CREATE", "target": "posts:new", "after": {}}]), says=["bad-events.ndjson:1"])
    assert {k: v for k, v in tree(place.db).items() if k != "_meta/lock"} == {k: v for k, v in before.items() if k != "_meta/lock"}


def test_75_while_the_clock_is_behind_the_log(place):
    fill(place)
    early = {"PARQUEDB_TEST_CLOCK_MS": str(int(time.time() * 1000) - 3_600_000)}
    for args in (("create", "posts"), ("drop", "posts", "--confirm"), ("import", "--file", place.ndjson("one.ndjson", [{"$id": "posts/one"}]))):
        stops(place, 75, *args, env=early, says=["clock"])


def heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background ignores it


def on_a_terminal(place, answer, *args):
    """Runs a verb whose standard input and error are a terminal, where somebody answers."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BIN, *args, "-d", place.db], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=place.env)
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    process.communicate(timeout=60)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    return process.returncode, shown.decode()


def test_130_for_who_answers_no(place):
    fill(place)
    before = place.state()
    rc, shown = on_a_terminal(place, "n", "drop", "posts", "--json")
    assert rc == 130 and "drop the namespace posts? [y/N]" in shown and error_of(shown)["kind"] == "interrupted" and place.state() == before
    rc, shown = on_a_terminal(place, "y", "drop", "posts")
    assert rc == 0 and set(place.state()) == {"users/u"}


def test_130_for_who_presses_ctrl_c_at_a_question(place):
    fill(place)
    before = place.state()
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BIN, "drop", "posts", "-d", place.db, "--json"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=place.env, preexec_fn=heed_ctrl_c)
    os.close(theirs)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 130 and out == b"" and place.state() == before


def test_130_for_who_interrupts_a_command_that_reads_its_input(place):
    fill(place)
    before = place.state()
    process = subprocess.Popen([BIN, "create", "posts", "--id", "new", "--data", "-", "-d", place.db, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env, preexec_fn=heed_ctrl_c)
    process.stdin.write(b'{"s":"' + b"x" * (1 << 20))  # more than a pipe holds: it is reading when this returns
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    process.wait(60)
    error = error_of(process.stderr.read().decode())
    assert process.returncode == 130 and process.stdout.read() == b"" and place.state() == before
    assert (error["code"], error["kind"]) == (130, "interrupted") and error["hint"] == f"parquedb create posts --id new --data - -d {place.db} --json"


def test_an_interrupted_export_leaves_no_file(place):
    place.write("large.ndjson", "".join(f'{{"$id":"large/l{i:05d}","s":"{"x" * 4000}"}}\n' for i in range(20000)))
    place.ok("import", "--file", place.path("large.ndjson"))
    os.makedirs(place.path("out"))
    for _ in range(50):  # until one is interrupted before its end
        process = subprocess.Popen([BIN, "export", "--output", place.path("out/x.ndjson"), "-d", place.db], stderr=subprocess.PIPE, env=place.env, preexec_fn=heed_ctrl_c)
        while process.poll() is None and not os.listdir(place.path("out")):
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        if process.returncode == 130:
            break
        os.remove(place.path("out/x.ndjson"))
    assert process.returncode == 130 and os.listdir(place.path("out")) == []


class SmallDisk:
    """A file system of 12 MB where we may mount one; elsewhere a limit on the size of each file."""

    def __init__(self, folder):
        self.folder, self.limit = str(folder), None
        os.makedirs(self.folder)
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", self.folder], capture_output=True).returncode == 0

    def fill(self):
        if not self.mounted:
            self.limit = 4096
            return
        with open(os.path.join(self.folder, "filler"), "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 65536):
                    pass
            except OSError:
                pass

    def free(self):
        self.limit = None
        if self.mounted:
            os.remove(os.path.join(self.folder, "filler"))

    def call(self, place, *args):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, self.limit))) if self.limit else None
        return subprocess.run([BIN, *args, "-d", place.db], capture_output=True, text=True, env=place.env, cwd=place.folder, preexec_fn=limit, stdin=subprocess.DEVNULL)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.close()


def test_1_and_the_path_on_a_full_disk_and_the_database_opens_and_goes_on(tmp_path, disk):
    place = Place(disk.folder)
    fill(place)
    other = Place(tmp_path)
    rows = other.ndjson("more.ndjson", [{"$id": f"more/m{i}", "s": random.Random(i).randbytes(400).hex()} for i in range(2000)])
    before, log = place.state(), place.ok("events", "--format", "ndjson").out
    disk.fill()
    for args in (["import", "--file", rows], ["flush"], ["checkpoint"], ["export", "--output", "out.ndjson"], ["export", "--output", "out.parquet"], ["push", "--to", place.path("remote")],
                 ["create", "posts", "--data", json.dumps({"s": "x" * 100_000})]):
        done = disk.call(place, *args, "--json")
        assert done.returncode == 1 and error_of(done.stderr)["kind"] == "io", (args, done)
        assert (args[-1] if args[0] == "export" else disk.folder) in error_of(done.stderr)["message"]
        assert args[0] != "export" or not os.path.exists(place.path(args[-1]))
        assert place.state() == before and place.ok("events", "--format", "ndjson").out == log
    disk.free()
    for args in (["import", "--file", rows], ["flush"], ["checkpoint"], ["export", "--output", "out.ndjson"], ["push", "--to", place.path("remote")], ["create", "posts", "--id", "goes-on"]):
        assert disk.call(place, *args).returncode == 0, args
    assert len(place.state()) == len(before) + 2001
    litter = [p for p in tree(place.folder) if p.endswith(".tmp")]
    assert litter == []


MANIFEST, WAL = "events/manifest.json", "_meta/wal/00000000000000000302.wal"
SEGMENT, DATA, FORWARD = "events/seg-000001.parquet", "data/posts/data.parquet", "rels/forward/posts.parquet"


def flipped(data, at, mask=0xFF):
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1:]


def flip(file, at):
    with open(file, "r+b") as f:
        data = f.read()
        f.seek(0)
        f.write(flipped(data, at))


def middle(data):
    return flipped(data, len(data) // 2)


@pytest.mark.parametrize("path,spoil", [(MANIFEST, lambda d: b"{"), (MANIFEST, lambda d: b""), (MANIFEST, lambda d: d[: len(d) // 2]), (SEGMENT, lambda d: b""), (SEGMENT, lambda d: d[: len(d) // 2]),
                                        (SEGMENT, lambda d: d[:-1]), (SEGMENT, None), (WAL, middle), (WAL, lambda d: d[:8] + b"\xff" + d[9:])],
                         ids=["manifest-garbage", "manifest-empty", "manifest-cut", "segment-empty", "segment-cut", "segment-short", "segment-missing", "wal-frame-flipped", "wal-header-flipped"])
def test_20_and_the_name_for_a_damaged_log_and_nothing_is_written_to_it(place, path, spoil):
    fill(place)
    file = os.path.join(place.db, path)
    data = open(file, "rb").read()
    if spoil:
        open(file, "wb").write(spoil(data))
    else:
        os.remove(file)
    before = tree(place.db)
    name = os.path.basename(path)
    for args in (("events",), ("export",), ("query", "posts"), ("get", "users/u"), ("stats",), ("create", "posts", "--id", "new"), ("checkpoint",), ("drop", "posts", "--confirm"), ("push", "--to", place.path("remote"))):
        stops(place, 20, *args, says=[name])
    assert {k: v for k, v in tree(place.db).items() if k != "_meta/lock"} == {k: v for k, v in before.items() if k != "_meta/lock"}
    assert not os.path.exists(place.path("remote/username/_meta/commits"))


@pytest.mark.parametrize("path,column", [(DATA, "$data"), (DATA, "$version"), (SEGMENT, "after"), (SEGMENT, "ts")])
def test_20_and_the_name_where_a_page_is_damaged(place, path, column):
    fill(place)
    file = os.path.join(place.db, path)
    group = pyarrow.parquet.ParquetFile(file).metadata.row_group(0)
    (chunk,) = [group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == column]
    flip(file, chunk.data_page_offset + chunk.total_compressed_size // 2)
    reads = ("events",) if path == SEGMENT else ("export", "--at", "latest")
    stops(place, 20, *reads, "--format", "ndjson", "--output", place.path("out.ndjson"), says=[path])
    assert not os.path.exists(place.path("out.ndjson"))


def test_no_read_needs_the_record_of_files_and_the_next_flush_makes_it_again(place):
    fill(place)
    file, state = os.path.join(place.db, "_meta/manifest.json"), place.state()
    open(file, "w").write("garbage")
    assert place.state() == state
    place.ok("create", "posts", "--id", "more")
    place.ok("flush")
    assert json.load(open(file))["metadata"]["head"] == 305
    os.remove(file)
    place.ok("checkpoint")
    assert json.load(open(file))["metadata"]["checkpoint"] == 305


def test_a_data_file_that_the_manifest_does_not_name_is_not_an_empty_namespace(place):
    fill(place)
    file, state = os.path.join(place.db, MANIFEST), place.state()
    text = open(file).read()
    open(file, "w").write(text.replace("data/posts/", "data/poqts/"))
    assert place.state() == state and place.ok("query", "posts", "--count", "--json").json()["count"] == 301
    assert place.ok("get", "posts/p007").json() == state["posts/p007"]
    place.fails(14, "create", "posts", "--id", "p007")
    place.ok("checkpoint")
    assert place.state() == state and "data/posts/data.parquet" in open(file).read()


def test_a_flipped_byte_is_named_or_harmless_and_never_a_crash_or_a_wrong_record(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    pick = random.Random(seed)
    fill(place)
    ends = {WAL: os.path.getsize(os.path.join(place.db, WAL))}  # a flip in the very last frame looks like one that was not written to its end
    place.ok("create", "posts", "--id", "last")
    reads = {("export", "--format", "ndjson"): None, ("events", "--format", "ndjson"): None, ("query", "posts", "--filter", '{"n":{"$lt":5}}', "--format", "ndjson"): None}
    for args in reads:
        reads[args] = place.ok(*args).out
    for path in (SEGMENT, DATA, FORWARD, WAL, MANIFEST, "indexes/bloom/posts.bloom"):
        file = os.path.join(place.db, path)
        data = open(file, "rb").read()
        for _ in range(FLIPS):
            at, mask = pick.randrange(ends.get(path, len(data))), 1 << pick.randrange(8)
            open(file, "wb").write(flipped(data, at, mask))
            for args, right in reads.items():
                r = place.call(*args)
                if r.rc == 0:
                    assert r.out == right, (path, at, mask, args)
                else:
                    assert r.rc in (1, 10, 20) and r.err.startswith("error: "), (path, at, mask, args, r.rc, r.err)
                    assert os.path.basename(path) in r.err or path == MANIFEST, (path, at, mask, args, r.err)
        open(file, "wb").write(data)
