"""import --on-conflict: what becomes of a record whose id the database has."""
import json
import os
import random

import pytest

from test_memory import peak_mib

COUNTS = ("created", "updated", "skipped")


def counts(place, *words):
    """The counts of an import, after a dry run has promised the same and changed nothing."""
    before = place.state()
    plan = place.ok("import", *words, "--dry-run", "--json").json()
    assert plan["dryRun"] is True and place.state() == before
    real = place.ok("import", *words, "--json").json()
    assert {k: plan[k] for k in COUNTS} == {k: real[k] for k in COUNTS}
    return tuple(real[k] for k in COUNTS)


def events(place):
    return place.ok("events", "--format", "ndjson").lines()


def fill(place):
    place.ok("import", "--file", place.ndjson("first.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(4)]), "--operator", "ann")
    place.ok("link", "posts/p1", "by", "users/u", "--allow-missing")


def test_replace_is_one_update_that_keeps_the_creation_and_raises_the_version(place):
    fill(place)
    before = place.state()["posts/p1"]
    assert counts(place, "--file", place.ndjson("b.ndjson", [{"$id": "posts/p1", "x": "new"}, {"$id": "posts/p9"}]), "--on-conflict", "replace") == (1, 1, 0)
    after = place.state()["posts/p1"]
    assert after == {"$id": "posts/p1", "$type": "posts", "$version": 3, "$createdAt": before["$createdAt"], "$createdBy": "ann",
                     "$updatedAt": after["$updatedAt"], "$updatedBy": "tester", "x": "new"}
    update = [e for e in events(place) if e["op"] == "UPDATE"][-1]
    assert update["before"]["n"] == 1 and update["before"]["$links"] == {"by": ["users/u"]} and update["after"]["x"] == "new"
    assert sum(e["target"] == "posts:p1" for e in events(place)) == 3
    place.ok("checkpoint")
    assert place.call("verify", place.db, db=None).rc == 0


def test_replace_takes_version_times_and_links_that_the_record_has(place):
    fill(place)
    record = {"$id": "posts/p2", "$version": 41, "$createdAt": "2020-01-01T00:00:00.000Z", "$createdBy": "old", "$updatedAt": "2021-01-01T00:00:00.000Z",
              "$updatedBy": "older", "$links": {"by": ["users/v"]}, "n": 2}
    assert counts(place, "--file", place.ndjson("b.ndjson", [record]), "--on-conflict", "replace") == (0, 1, 0)
    assert place.state()["posts/p2"] == dict(record, **{"$type": "posts"})


def test_a_record_without_effect_is_skipped_and_writes_no_event(place):
    fill(place)
    n, state = len(events(place)), place.state()
    plain = [{"$id": "posts/p0", "n": 0}, {"$id": "posts/p1", "n": 1, "$links": {"by": ["users/u"]}}]
    assert counts(place, "--file", place.ndjson("same.ndjson", plain), "--on-conflict", "replace") == (0, 0, 2)
    for ext in ("ndjson", "json", "parquet"):
        place.ok("export", "--output", place.path("all." + ext))
        assert counts(place, "--file", place.path("all." + ext), "--on-conflict", "replace") == (0, 0, 4)
    assert len(events(place)) == n and place.state() == state
    assert counts(place, "--file", place.ndjson("v.ndjson", [{"$id": "posts/p0", "n": 0, "$version": 5}]), "--on-conflict", "replace") == (0, 1, 0)
    assert place.state()["posts/p0"]["$version"] == 5


def test_skip_leaves_what_is_there_and_adds_the_rest(place):
    fill(place)
    before = place.state()
    rows = [{"$id": "posts/p0", "n": "other"}, {"$id": "posts/q", "n": 1}, {"$id": "posts/p3", "n": "other"}]
    assert counts(place, "--file", place.ndjson("b.ndjson", rows), "--on-conflict", "skip") == (1, 0, 2)
    after = place.state()
    assert {k: v for k, v in after.items() if k != "posts/q"} == before and after["posts/q"]["n"] == 1


def test_an_export_replaces_later_changes_and_its_undo_brings_them_back(place):
    fill(place)
    place.ok("create", "users", "--id", "u", "--data", '{"name":"U"}')
    old = place.state()
    for ext in ("ndjson", "json", "parquet"):
        place.ok("export", "--output", place.path("old." + ext))
    place.ok("update", "posts/p0", "--data", '{"n":100}')
    place.ok("unlink", "posts/p1", "by", "users/u")
    place.ok("delete", "posts/p2")
    place.ok("update", "users/u", "--data", '{"name":"V"}')
    new = place.state()
    for ext in ("ndjson", "json", "parquet"):
        file = place.path("old." + ext)
        assert counts(place, "--file", file, "--on-conflict", "replace", "--namespace", "posts") == (1, 2, 2)  # p3 as it is; users/u of another namespace
        assert place.state() == {**old, "users/u": new["users/u"]}
        done = place.ok("import", "--file", file, "--on-conflict", "replace")
        assert done.out.startswith("created 0, updated 1, skipped 4\n") and place.state() == old
        place.undo(done.out)
        assert place.state() == {**old, "users/u": new["users/u"]}
        place.ok("restore", "--namespace", "posts", "--at", "lsn:9", "--confirm")
        assert place.state() == new, ext


@pytest.mark.parametrize("rule", ["error", "replace", "skip"])
def test_an_id_twice_in_one_file_is_invalid_whatever_the_rule(place, rule):
    fill(place)
    before = place.state()
    rows = [{"$id": "posts/p1", "a": 1}, {"$id": "posts/new"}, {"$id": "posts/p1", "a": 2}, {"$id": "posts/new"}]
    r = place.fails(23, "import", "--file", place.ndjson("twice.ndjson", rows), "--on-conflict", rule)
    assert "twice.ndjson:3: the id posts/p1 comes twice" in r.err and "twice.ndjson:4: the id posts/new comes twice" in r.err
    assert place.state() == before


def test_the_default_is_error_and_nothing_of_the_file_is_there_after_a_failure(place):
    fill(place)
    before = place.state()
    file = place.ndjson("b.ndjson", [{"$id": "posts/new"}, {"$id": "posts/p1"}, {"$id": "posts/p1x"}])
    assert "posts/p1" in place.fails(14, "import", "--file", file).err
    place.fails(14, "import", "--file", file, "--on-conflict", "error")
    assert "merge" in place.fails(2, "import", "--file", file, "--on-conflict", "merge").err
    bad = place.write("bad.ndjson", '{"$id":"posts/p1","n":7}\n{"$id":"posts/zz","n":}\n')
    for rule in ("replace", "skip"):
        assert "bad.ndjson:2:" in place.fails(23, "import", "--file", bad, "--on-conflict", rule).err
    assert place.state() == before


def test_random_merges_equal_a_model(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    draw = random.Random(seed)
    place.ok("init", place.db, db=None)
    model = {}
    for round_ in range(8):
        rows, made, changed, kept = [], 0, 0, 0
        rule = draw.choice(["replace", "skip"])
        for key in draw.sample(range(60), draw.randrange(1, 40)):
            id_ = f"{draw.choice('abc') if key % 2 else 'a'}s/k{key}"
            if id_ in {r["$id"] for r in rows}:
                continue
            fields = {"v": draw.randrange(2), "t": "x" * draw.choice([0, 5, 70_000])}
            rows.append({"$id": id_, **fields})
            if id_ not in model:
                model[id_], made = (fields, 1), made + 1
            elif rule == "skip" or model[id_][0] == fields:
                kept += 1
            else:
                model[id_], changed = (fields, model[id_][1] + 1), changed + 1
        assert counts(place, "--file", place.ndjson(f"r{round_}.ndjson", rows), "--on-conflict", rule) == (made, changed, kept)
        if draw.random() < 0.3:
            place.ok("checkpoint")
        got = {k: ({m: v for m, v in e.items() if m[0] != "$"}, e["$version"]) for k, e in place.state().items()}
        assert got == model
    assert place.call("verify", place.db, db=None).rc == 0


def test_a_large_replace_stays_within_512_mib(tmp_path):
    draw = random.Random(1)
    for name, count, size in (("many", 200_000, 200), ("large", 24, 7_000_000)):
        db = tmp_path / name
        for version in range(2):
            with open(tmp_path / "in.ndjson", "w") as out:
                for i in range(count):
                    out.write(json.dumps({"$id": f"docs/d{i * 7919 % count}", "text": draw.randbytes(size).hex()}) + "\n")
            peak = peak_mib("import", "--file", tmp_path / "in.ndjson", "--on-conflict", "replace", "--directory", db)
            assert peak <= 512, (name, version)
