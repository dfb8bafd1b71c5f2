import json


def test_create_get_update_delete(place):
    made = place.ok("create", "posts", "--id", "a", "--data", '{"n":1,"big":18446744073709551615,"d":1.50}').json()
    assert made["$id"] == "posts/a" and made["$type"] == "posts" and made["$version"] == 1 and made["$createdBy"] == "tester"
    assert '"d":1.5' in place.ok("get", "posts/a").out and "18446744073709551615" in place.ok("get", "posts/a").out
    changed = place.ok("update", "posts/a", "--data", '{"$inc":{"n":2},"$push":{"tags":"x"},"$unset":{"d":1}}').json()
    assert changed["n"] == 3 and changed["tags"] == ["x"] and "d" not in changed and changed["$version"] == 2
    assert place.ok("update", "posts/a", "--data", '{"n":3}').json()["$version"] == 2  # no effect: no event
    place.fails(14, "update", "posts/a", "--data", '{"n":9}', "--if-version", "1")
    place.ok("delete", "posts/a")
    place.fails(10, "get", "posts/a")
    again = place.ok("create", "posts", "--id", "a").json()
    assert again["$version"] == 1


def test_create_without_an_id_makes_a_ulid_and_data_may_come_from_stdin(place):
    made = place.ok("create", "posts", "--data", "-", stdin='{"x":1}').json()
    assert len(made["$id"]) == len("posts/") + 26 and made["x"] == 1


def test_an_entity_as_get_prints_it_is_taken_as_it_is(place):
    entity = '{"$id":"posts/a","$version":7,"$createdAt":"2020-01-01T00:00:00.000Z","$createdBy":"old","$updatedAt":"2021-01-01T00:00:00.000Z","$links":{"by":["users/u"]},"x":1}'
    got = place.ok("create", "posts", "--id", "a", "--data", entity).json()
    assert got["$version"] == 7 and got["$createdAt"] == "2020-01-01T00:00:00.000Z" and got["$createdBy"] == "old" and got["$links"] == {"by": ["users/u"]}


def test_links_both_ways(place):
    for ns, i in (("posts", "a"), ("users", "u")):
        place.ok("create", ns, "--id", i)
    place.fails(10, "link", "posts/a", "by", "users/none")
    assert place.ok("link", "posts/a", "by", "users/none", "--allow-missing").json()["$version"] == 2
    assert place.ok("link", "posts/a", "by", "users/u").json()["$links"] == {"by": ["users/none", "users/u"]}
    assert place.ok("unlink", "posts/a", "by", "users/none").json()["$links"] == {"by": ["users/u"]}
    place.ok("checkpoint")
    assert place.ok("stats", "--json").json()["namespaces"]["posts"] == {"entities": 1, "links": 1}


def test_query_filters_sorts_projects_and_counts(place):
    rows = [{"$id": f"posts/p{i}", "n": i, "s": "even" if i % 2 == 0 else "odd", "tags": [i, i + 1]} for i in range(10)]
    place.ok("import", "--file", place.ndjson("in.ndjson", rows), "--namespace", "posts")
    ids = lambda *a: [e["$id"][6:] for e in place.ok("query", "posts", *a, "--json").json()["items"]]
    assert ids("--filter", '{"s":"even","n":{"$gt":3}}') == ["p4", "p6", "p8"]
    assert ids("--filter", '{"tags":5}') == ["p4", "p5"]
    assert ids("--sort", '{"n":-1}', "--skip", "1", "--limit", "2") == ["p8", "p7"]
    assert place.ok("query", "posts", "--count", "--json").json()["count"] == 10
    item = place.ok("query", "posts", "--id", "posts/p3", "--fields", "n", "--format", "ndjson").lines()[0]
    assert item == {"$id": "posts/p3", "$type": "posts", "$version": 1, "n": 3}
    assert place.ok("query", "posts", "--id", "posts/none", "--json").json()["count"] == 0
    place.fails(2, "query", "posts", "--id", "users/x")


def test_delete_by_filter_needs_confirm_and_can_be_undone(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(10)]))
    before = place.state()
    place.fails(2, "delete", "posts", "--filter", '{"n":{"$lt":5}}')
    r = place.ok("delete", "posts", "--filter", '{"n":{"$lt":5}}', "--confirm")
    assert len(place.state()) == 5
    place.undo(r.out)
    assert place.state() == before


def test_documents_of_every_json_shape_survive_every_way(place):
    document = {"s": "ünï\u0000 \"\\/\n😀", "": {"": []}, "n": [0, -1, 2**63, 1.5, 1e-7, 1e21, -0.0, True, None], "deep": {"a": [{"b": [[]]}]}, "version": 3, "id": "x"}
    text = json.dumps(document)
    place.ok("create", "docs", "--id", "a", "--data", text)
    for step in ((), ("flush",), ("checkpoint",)):
        if step:
            place.ok(*step)
        got = place.ok("get", "docs/a").json()
        assert {k: v for k, v in got.items() if not k.startswith("$")} == document
        assert "-0.0" in place.ok("get", "docs/a").out
