"""The first event after which a command fails."""
import math
import os
import random
import shlex

from conftest import BIN



def check(place, name, text):
    path = place.write(name, "#!/bin/sh\n" + text + "\n")
    os.chmod(path, 0o755)
    return path


def world(place, rows=40):
    place.ok("import", "--events", place.ndjson("h.ndjson", [{"ts": 1769947200000 + i, "op": "CREATE", "target": f"n:{i:03d}", "after": {"i": i}} for i in range(rows)]))


def get(i):
    """Fails from the event on that creates record i."""
    return f"echo $PARQUEDB_PATH >> $0.log; ! {shlex.quote(BIN)} get n/{i:03d} --json"


def test_the_first_bad_event_is_found_in_as_few_checks_as_halving_needs(place):
    world(place)
    for layout in ("wal", "flush", "checkpoint"):
        if layout != "wal":
            place.ok(layout)
        for bad in (1, 5, 20, 38):
            path = check(place, f"{layout}{bad}", get(bad))
            r = place.ok("bisect", "--good", "lsn:1", "--bad", "lsn:40", "--check", path, "--json")
            answer = r.json()
            assert answer["event"]["lsn"] == bad + 1 and answer["event"]["target"] == f"n:{bad:03d}"
            with open(path + ".log") as f:
                folders = f.read().split()
            assert len(folders) == answer["checks"] <= math.ceil(math.log2(39))
            assert not any(os.path.exists(x) for x in folders)  # nothing is left behind


def test_a_command_sees_the_whole_database_as_it_was_and_cannot_harm_ours(place):
    world(place)
    place.ok("checkpoint")
    was = place.state()
    path = check(place, "c", f"{shlex.quote(BIN)} verify $PARQUEDB_PATH || exit 127; {shlex.quote(BIN)} create n --id extra || exit 127; for f in $PARQUEDB_PATH/events/seg-*; do chmod u+w $f; echo x >> $f; done\n"
                 f"test $({shlex.quote(BIN)} events --limit 5000 --format ndjson 2>/dev/null | wc -l) -lt 21")
    place.ok("import", "--events", place.ndjson("more.ndjson", [{"ts": 1769947300000 + i, "op": "UPDATE", "target": f"n:{i:03d}", "after": {"i": -i}} for i in range(40)]))
    r = place.call("bisect", "--good", "lsn:1", "--bad", "latest", "--check", path, "--json")
    assert r.rc == 0, r.err
    assert place.state("lsn:40") == was and place.ok("verify", place.db, db=None)


def test_ends_that_were_not_seen_are_told(place):
    world(place, 9)
    r = place.ok("bisect", "--good", "lsn:1", "--bad", "latest", "--check", "true", "--json")
    assert r.json()["event"]["lsn"] == 9 and r.json()["sawFailure"] is False and "no check failed" in r.err
    r = place.ok("bisect", "--good", "lsn:1", "--bad", "latest", "--check", "false", "--json")
    assert r.json()["event"]["lsn"] == 2 and r.json()["sawPass"] is False and "no check passed" in r.err
    r = place.ok("bisect", "--good", "lsn:1", "--bad", "lsn:2", "--check", "false")
    assert "found with 0 checks" in r.out and "n:001" in r.out


def test_a_backup_is_searched_without_restoring_it(place):
    world(place)
    place.ok("push", "--to", place.path("backups"), "--slug", "s")
    r = place.ok("bisect", "--good", "lsn:1", "--bad", "latest", "--check", check(place, "c", get(17)), "--json", db=place.path("backups/username/s"))
    assert r.json()["event"]["lsn"] == 18
    assert place.ok("diff", "--from", "lsn:38", "--to", "latest", "--json", db=place.path("backups/username/s")).json()["added"] == 2


def test_what_can_not_be_run_or_has_no_answer_is_refused(place):
    world(place)
    ends = ("--good", "lsn:1", "--bad", "latest")
    place.fails(2, "bisect", *ends)
    place.fails(2, "bisect", "--good", "lsn:1", "--check", "true")
    place.fails(2, "bisect", "--good", "latest", "--bad", "lsn:1", "--check", "true")
    place.fails(2, "bisect", "--good", "lsn:3", "--bad", "lsn:3", "--check", "true")
    assert "can't run it" in place.fails(2, "bisect", *ends, "--check", "/no/such/command").err
    place.fails(22, "bisect", "--good", "1999-01-01", "--bad", "latest", "--check", "true")
    place.fails(10, "bisect", *ends, "--check", "true", db=place.path("nothing"))
    assert place.call("bisect", *ends, "--check", "kill -INT $$").rc == 130
    r = place.ok("bisect", *ends, "--check", "echo noise; exit 0", "--json")
    assert "noise" not in r.out and "noise" in r.err


def test_what_a_command_says_of_any_history_is_found(place):
    seed = random.SystemRandom().randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    rows = rng.randrange(2, 300)
    world(place, rows)
    bad = rng.randrange(1, rows)
    r = place.ok("bisect", "--good", "lsn:1", "--bad", "latest", "--check", get(bad).split("; ", 1)[1], "--json").json()
    assert r["event"]["lsn"] == bad + 1 and r["checks"] <= math.ceil(math.log2(rows - 1) if rows > 2 else 0), seed
