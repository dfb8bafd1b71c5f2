"""What changed between two instants: records, fields, actors, and a patch that makes one of the other."""
import json
import os
import random


def apply(patch, document):
    """RFC 6902, as far as `diff` uses it."""
    document = json.loads(json.dumps(document))
    for step in patch:
        parts = [p.replace("~1", "/").replace("~0", "~") for p in step["path"].split("/")[1:]]
        if not parts:
            document = step.get("value")
            continue
        at = document
        for part in parts[:-1]:
            at = at[part]
        if step["op"] == "remove":
            del at[parts[-1]]
        else:
            assert (parts[-1] in at) == (step["op"] == "replace")
            at[parts[-1]] = step["value"]
    return document


def own(entity):
    return {k: v for k, v in entity.items() if not k.startswith("$") or k == "$links"}


def diff(place, start, end, *more):
    return place.ok("diff", "--from", start, "--to", end, "--json", *more).json()


def test_records_fields_and_actors_are_told(place):
    for name in ("same", "changed", "gone", "touched"):
        place.ok("create", "posts", "--id", name, "--data", '{"n":1,"deep":{"a":1,"b":[1]},"x/y~":0}')
    place.ok("create", "users", "--id", "u")
    place.ok("update", "posts/changed", "--data", '{"$set":{"n":2,"deep.b":[1,2],"x/y~":1,"new":null}}', "--operator", "ann")
    place.ok("link", "posts/changed", "author", "users/u", "--operator", "bob")
    place.ok("update", "posts/touched", "--data", '{"n":5}')
    place.ok("update", "posts/touched", "--data", '{"n":1}')
    place.ok("delete", "posts/gone", "--operator", "eve")
    place.ok("create", "posts", "--id", "made", "--data", '{"n":7}')
    place.ok("create", "posts", "--id", "brief")
    place.ok("delete", "posts/brief")
    r = diff(place, "lsn:5", "latest")
    assert r["schema"] == "parquedb.diff/1" and (r["added"], r["removed"], r["changed"]) == (1, 1, 1)
    changed, gone, made = r["items"]
    assert changed["$id"] == "posts/changed" and changed["change"] == "changed" and changed["actors"] == ["ann", "bob"]
    assert sorted(changed["fields"]) == ["$links", "deep.b", "n", "new", "x/y~"]
    assert {"op": "replace", "path": "/x~1y~0", "value": 1} in changed["patch"] and {"op": "add", "path": "/new", "value": None} in changed["patch"]
    assert gone["change"] == "removed" and gone["actors"] == ["eve"] and gone["patch"] == [{"op": "remove", "path": ""}]
    assert made["change"] == "added" and made["patch"] == [{"op": "add", "path": "", "value": {"n": 7}}] and made["fields"] == ["n"]
    assert diff(place, "lsn:5", "latest", "--namespace", "users")["items"] == []
    assert place.ok("diff", "--from", "lsn:5", "--to", "latest", "--format", "ndjson").lines() == r["items"]
    table = place.ok("diff", "--from", "lsn:5", "--to", "latest").out
    assert "changed  posts/changed" in table and table.endswith("(1 added, 1 removed, 1 changed)\n")
    assert diff(place, "latest", "latest")["items"] == []


def test_wrong_instants_are_refused(place):
    place.ok("create", "posts", "--id", "a")
    place.ok("create", "posts", "--id", "b")
    assert "--from" in place.fails(2, "diff", "--to", "latest").err and "--to" in place.fails(2, "diff", "--from", "latest").err
    assert "after" in place.fails(2, "diff", "--from", "lsn:2", "--to", "lsn:1").err
    assert "--from" in place.fails(2, "diff", "--from", "rubbish", "--to", "latest").err
    place.fails(22, "diff", "--from", "1999-01-01", "--to", "latest")
    place.fails(10, "diff", "--from", "lsn:1", "--to", "latest", "--namespace", "nope")


def test_the_patches_lead_from_any_state_to_any_later_one(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.getrandbits(32))
    print("seed", seed)
    draw, lsn, states = random.Random(seed), 0, [{}]
    value = lambda depth=0: draw.choice([1, 1.5, "x", None, [1, {"a": 2}], {}]) if depth > 1 or draw.random() < 0.5 else {draw.choice("abc/~"): value(depth + 1) for _ in range(2)}
    ids = [f"n/{i}" for i in range(5)]
    while lsn < 40:
        id_ = draw.choice(ids)
        if id_ not in states[-1]:
            place.ok("create", "n", "--id", id_[2:], "--data", json.dumps({draw.choice("abc"): value()}))
        elif draw.random() < 0.25:
            place.ok("delete", id_)
        else:
            place.ok("update", id_, "--data", json.dumps({draw.choice("abc"): value()}))
        if draw.random() < 0.1:
            place.ok(draw.choice(["flush", "checkpoint"]))
        now = place.state()
        if place.ok("stats", "--json").json()["events"] > lsn:
            lsn += 1
            states.append(now)
    for _ in range(12):
        a = draw.randrange(lsn)
        b = draw.randrange(a, lsn + 1)
        items = {i["$id"]: i for i in diff(place, f"lsn:{a}", f"lsn:{b}")["items"]}
        for id_ in ids:
            before, after = states[a].get(id_), states[b].get(id_)
            if id_ not in items:
                assert (before is None) == (after is None) and (before is None or own(before) == own(after)), (seed, a, b, id_)
                continue
            made = apply(items[id_]["patch"], own(before) if before else None)
            assert made == (own(after) if after else None), (seed, a, b, id_)
