"""Restore of what a filter selects, with linked records, and of what one actor changed."""
import json
import random

import pytest


@pytest.fixture
def shop(place):
    for i in range(6):
        place.ok("create", "posts", "--id", f"p{i}", "--data", json.dumps({"n": i, "state": "live" if i % 2 else "draft"}))
    place.ok("create", "users", "--id", "u")
    place.ok("create", "tags", "--id", "t")
    place.ok("link", "posts/p1", "author", "users/u")
    place.ok("link", "users/u", "likes", "tags/t")
    place.ok("tag", "start")
    return place


def test_a_filter_restores_what_it_selects_of_the_records_as_they_were(shop):
    before = shop.state("start")
    shop.ok("delete", "posts/p1")
    shop.ok("update", "posts/p3", "--data", '{"state":"draft","n":-1}')
    shop.ok("update", "posts/p2", "--data", '{"n":-2}')
    shop.ok("create", "posts", "--id", "late", "--data", '{"state":"live"}')
    words = ("restore", "--filter", '{"state":"live"}', "--at", "start", "--confirm")
    r = shop.ok(*words, "--json").json()
    assert (r["restored"], r["deleted"], r["unchanged"]) == (2, 0, 1)
    now = shop.state()
    assert all(now[k] == before[k] for k in ("posts/p1", "posts/p3", "posts/p5")) and now["posts/p2"]["n"] == -2 and "posts/late" in now
    events = shop.ok("events", "--reverse", "--limit", "2", "--format", "ndjson").lines()
    assert all(e["metadata"]["restoredFrom"]["at"] == r["at"] for e in events)
    again = shop.ok(*words, "--json").json()
    assert (again["restored"], again["unchanged"]) == (0, 3) and "undo" not in again
    shop.undo("undo: " + r["undo"])
    assert "posts/p1" not in shop.state() and shop.state()["posts/p3"]["n"] == -1


def test_a_filter_may_be_kept_to_namespaces(shop):
    for ns in ("posts/p1", "users/u", "tags/t"):
        shop.ok("delete", ns)
    assert shop.ok("restore", "--filter", "{}", "--namespace", "users,tags", "--at", "start", "--confirm", "--json").json()["restored"] == 2
    assert "posts/p1" not in shop.state() and "users/u" in shop.state()
    shop.fails(10, "restore", "--filter", "{}", "--namespace", "nope", "--at", "start", "--confirm")


def test_links_bring_back_what_they_lead_to_so_many_links_away(shop):
    before = shop.state("start")
    for record in ("posts/p1", "users/u", "tags/t"):
        shop.ok("delete", record)
    r = shop.ok("restore", "--entity", "posts/p1", "--at", "start", "--dry-run", "--json").json()
    assert r["restored"] == 1 and r["dangling"] == ["users/u"]
    r = shop.ok("restore", "--entity", "posts/p1", "--with-links", "1", "--at", "start", "--json").json()
    assert r["restored"] == 2 and r["dangling"] == ["tags/t"]
    r = shop.ok("restore", "--entity", "posts/p1", "--with-links", "2", "--at", "start", "--json").json()
    assert (r["restored"], r["unchanged"]) == (1, 2) and "dangling" not in r
    assert shop.state() == before
    for record in ("posts/p1", "users/u", "tags/t"):
        shop.ok("delete", record)
    r = shop.ok("restore", "--filter", '{"n":1}', "--with-links", "9", "--at", "start", "--confirm", "--json").json()
    assert r["restored"] == 3 and shop.state() == before


def test_links_in_a_circle_and_to_nothing_end(shop):
    shop.ok("link", "tags/t", "of", "posts/p1")
    shop.ok("link", "tags/t", "of", "posts/none", "--allow-missing")
    shop.ok("delete", "tags/t")
    r = shop.ok("restore", "--entity", "posts/p1", "--with-links", "100", "--at", "lsn:12", "--json").json()
    assert (r["restored"], r["unchanged"]) == (1, 2) and r["dangling"] == ["posts/none"]


def test_an_absent_record_and_wrong_words_are_refused(shop):
    size = len(shop.ok("events", "--format", "ndjson").lines())
    shop.fails(10, "restore", "--entity", "posts/none", "--with-links", "1", "--at", "start")
    for words in (["--filter", "{}"], ["--filter", "{", "--at", "start", "--confirm"], ["--filter", "", "--at", "start", "--confirm"], ["--filter", '{"$x":1}', "--at", "start", "--confirm"],
                  ["--filter", "{}", "--at", "start"], ["--filter", "{}", "--entity", "posts/p1", "--at", "start"], ["--namespace", "posts", "--with-links", "1", "--at", "start", "--confirm"],
                  ["--entity", "posts/p1", "--with-links", "101", "--at", "start"], ["--entity", "posts/p1", "--with-links", "-1", "--at", "start"], ["--entity", "posts/p1", "--force", "--at", "start"],
                  ["--undo-actor", "a", "--from", "start", "--confirm"], ["--undo-actor", "a", "--to", "latest", "--confirm"], ["--undo-actor", "a", "--from", "latest", "--to", "start", "--confirm"],
                  ["--undo-actor", "a", "--from", "start", "--to", "latest"], ["--undo-actor", "a", "--from", "start", "--to", "latest", "--at", "start", "--confirm"],
                  ["--undo-actor", "a", "--from", "start", "--to", "latest", "--filter", "{}", "--confirm"], []):
        shop.fails(2, "restore", *words)
    shop.fails(22, "restore", "--undo-actor", "a", "--from", "1999-01-01", "--to", "latest", "--confirm")
    assert len(shop.ok("events", "--format", "ndjson").lines()) == size


def test_one_actors_changes_are_undone_and_later_ones_are_left_and_told(shop):
    before = shop.state("start")
    by = lambda actor: ("--operator", actor)
    shop.ok("update", "posts/p0", "--data", '{"n":100}', *by("mallory"))
    shop.ok("update", "posts/p0", "--data", '{"n":101}', *by("mallory"))
    shop.ok("delete", "posts/p1", *by("mallory"))
    shop.ok("create", "posts", "--id", "evil", *by("mallory"))
    shop.ok("update", "posts/p2", "--data", '{"n":100}', *by("mallory"))
    shop.ok("update", "posts/p2", "--data", '{"title":"kept"}', *by("ann"))
    shop.ok("update", "posts/p3", "--data", '{"title":"kept"}', *by("ann"))
    shop.ok("update", "posts/p4", "--data", '{"title":"mine"}', *by("ann"))
    shop.ok("update", "posts/p4", "--data", '{"title":"hers"}', *by("mallory"))
    shop.ok("tag", "end")
    shop.ok("update", "posts/p5", "--data", '{"n":500}', *by("mallory"))
    kept, words = shop.state(), ("restore", "--undo-actor", "mallory", "--from", "start", "--to", "end", "--confirm")
    plan = shop.ok(*words, "--dry-run", "--json").json()
    assert shop.state() == kept
    r = shop.ok(*words, "--json").json()
    assert {k: v for k, v in plan.items() if k != "dryRun"} == {k: v for k, v in r.items() if k != "undo"}
    assert (r["restored"], r["deleted"], r["unchanged"], r["left"], r["forced"]) == (3, 1, 0, 1, 0)
    assert [(x["$id"], x["actor"]) for x in r["later"]] == [("posts/p2", "ann")]
    now = shop.state()
    assert now["posts/p0"] == before["posts/p0"] and now["posts/p1"] == before["posts/p1"] and "posts/evil" not in now
    assert now["posts/p4"]["title"] == "mine" and now["posts/p4"]["$updatedBy"] == "ann"
    assert all(now[k] == kept[k] for k in ("posts/p2", "posts/p3", "posts/p5"))
    event = shop.ok("events", "--reverse", "--limit", "1", "--format", "ndjson").json()
    assert event["actor"] == "tester" and event["metadata"]["undoes"]["actor"] == "mallory"
    again = shop.ok(*words, "--json").json()
    assert (again["restored"], again["deleted"], again["unchanged"], again["left"]) == (0, 0, 4, 1) and "undo" not in again
    assert "left as it is: posts/p2, written by ann" in shop.ok(*words).err
    forced = shop.ok(*words, "--force", "--json").json()
    assert (forced["restored"], forced["forced"], forced["left"]) == (1, 1, 0) and shop.state()["posts/p2"] == before["posts/p2"]
    shop.undo("undo: " + forced["undo"])
    assert shop.state()["posts/p2"] == kept["posts/p2"]
    shop.undo("undo: " + r["undo"])
    assert shop.state() == kept


def test_an_undo_names_an_operator_that_has_blanks_and_quotes(shop):
    name = "ann o'neill; rm -rf"
    shop.ok("update", "posts/p0", "--data", '{"n":7}', "--operator", "x")
    r = shop.ok("restore", "--undo-actor", "x", "--from", "start", "--to", "latest", "--confirm", "--operator", name, "--json").json()
    assert r["restored"] == 1 and shop.state()["posts/p0"]["n"] == 0
    shop.undo("undo: " + r["undo"])
    assert shop.state()["posts/p0"]["n"] == 7


def test_undoing_an_actor_equals_a_model_of_random_histories(place):
    """What is undone, left and unchanged, by a plain walk over the events."""
    seed = random.SystemRandom().randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    rows, alive, ts = [], set(), 1769947200000
    for n in range(400):
        ts += rng.randrange(3)
        target = f"{rng.choice('ab')}:k{rng.randrange(25)}"
        gone = target in alive and rng.random() < 0.3
        op = "DELETE" if gone else "UPDATE" if target in alive else "CREATE"
        (alive.discard if gone else alive.add)(target)
        rows.append({"ts": ts, "op": op, "target": target, "after": None if gone else {"n": n}, "actor": rng.choice(["ann", "bob", "eve"])})
    place.ok("import", "--events", place.ndjson("h.ndjson", rows))
    place.ok(rng.choice(["flush", "checkpoint"]))
    events = place.ok("events", "--format", "ndjson").lines()
    for round in range(4):
        first, last = sorted(rng.sample(range(1, 400), 2))
        force = rng.random() < 0.5
        touched, now = {}, {}
        for e in events:
            now[e["target"]] = e["after"]
            if first < e["lsn"] <= last and e["actor"] == "eve":
                touched.setdefault(e["target"], [e["before"], False])
            elif e["target"] in touched:
                touched[e["target"]][1] = True
        want = {"restored": 0, "deleted": 0, "unchanged": 0, "left": 0}
        for target, (before, later) in touched.items():
            if now[target] == before:
                want["unchanged"] += 1
            elif later and not force:
                want["left"] += 1
            else:
                want["restored" if before else "deleted"] += 1
                now[target] = before
        r = place.ok("restore", "--undo-actor", "eve", "--from", f"lsn:{first}", "--to", f"lsn:{last}", "--confirm", "--json", *(["--force"] if force else [])).json()
        assert {k: r[k] for k in want} == want, (seed, round)
        events = place.ok("events", "--format", "ndjson").lines()
        state = place.state()
        for target, after in now.items():
            entity = state.get(target.replace(":", "/", 1))
            assert (entity is None) == (after is None) and (after is None or all(entity[k] == v for k, v in after.items())), (seed, round, target)
