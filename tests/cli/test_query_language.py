"""The language of filters and updates, through the binary."""
import json
import re

import pytest

ROWS = [
    {"$id": "items/a", "n": 1, "name": "Apple", "tags": ["x", "y"], "note": None, "box": [{"k": 1, "v": 5}, {"k": 2, "v": 9}]},
    {"$id": "items/b", "n": 8, "name": "banana", "tags": ["y"], "box": [{"k": 1, "v": 9}]},
    {"$id": "items/c", "n": 2.5, "name": "cherry", "tags": [], "deep": {"m": [10, 20]}},
    {"$id": "items/d", "n": 3000000000, "flag": True, "name": "line\nApple"},
]

FILTERS = [  # filter, ids that match
    ({"n": {"$eq": 8}}, "b"),
    ({"n": {"$ne": 8}}, "acd"),
    ({"n": {"$gt": 2.5}}, "bd"),
    ({"n": {"$gte": 2.5}}, "bcd"),
    ({"n": {"$lt": 2.5}}, "a"),
    ({"n": {"$lte": 2.5}}, "ac"),
    ({"n": {"$in": [1, 8]}}, "ab"),
    ({"name": {"$in": [{"$regex": "^b"}, "cherry"]}}, "bc"),
    ({"n": {"$nin": [1, 8]}}, "cd"),
    ({"note": {"$exists": True}}, "a"),
    ({"note": None}, "abcd"),
    ({"n": {"$type": "int"}}, "ab"),
    ({"n": {"$type": ["double", "long"]}}, "cd"),
    ({"tags": {"$type": "array"}}, "abc"),
    ({"name": {"$regex": "^A"}}, "a"),
    ({"name": {"$regex": "^a", "$options": "im"}}, "ad"),
    ({"name": {"$regex": "e.a", "$options": "si"}}, "d"),
    ({"name": {"$not": {"$regex": "an"}}}, "acd"),
    ({"n": {"$mod": [4, 0]}}, "bd"),
    ({"tags": {"$all": ["x", "y"]}}, "a"),
    ({"tags": {"$size": 1}}, "b"),
    ({"box": {"$elemMatch": {"k": 1, "v": {"$gt": 5}}}}, "b"),
    ({"deep.m": {"$elemMatch": {"$gt": 5, "$lt": 15}}}, "c"),
    ({"deep.m.1": 20}, "c"),
    ({"$and": [{"n": {"$gt": 1}}, {"tags": "y"}]}, "b"),
    ({"$or": [{"flag": True}, {"tags": []}]}, "cd"),
    ({"$nor": [{"flag": True}, {"tags": "y"}]}, "c"),
    ({"$id": {"$in": ["items/a", "items/d"]}, "$version": 1}, "ad"),
]

WRONG_FILTERS = [  # filter as text, words of the message
    ('{"a":', "--filter"),
    ("[1]", "object"),
    ('{"a":1,"a":2}', "--filter"),
    ('{"a":{"$frob":1}}', "$frob"),
    ('{"$frob":[]}', "$frob"),
    ('{"$where":"1"}', "$where"),
    ('{"a":{"$gt":1,"b":2}}', "'b'"),
    ('{"a..b":1}', "a..b"),
    ('{"a":{"$in":1}}', "$in"),
    ('{"a":{"$in":[{"$gt":1}]}}', "$gt"),
    ('{"a":{"$nin":{}}}', "$nin"),
    ('{"a":{"$ne":{"$regex":"x"}}}', "$ne"),
    ('{"a":{"$exists":"x"}}', "$exists"),
    ('{"a":{"$type":"date"}}', "$type"),
    ('{"a":{"$regex":"("}}', "$regex"),
    ('{"a":{"$regex":"x(?=y)"}}', "(?="),
    ('{"a":{"$regex":"(x)\\\\1"}}', "$regex"),
    ('{"a":{"$regex":"x","$options":"g"}}', "$options"),
    ('{"a":{"$options":"i"}}', "$options"),
    ('{"a":{"$mod":[0,1]}}', "$mod"),
    ('{"a":{"$all":1}}', "$all"),
    ('{"a":{"$size":-1}}', "$size"),
    ('{"a":{"$elemMatch":1}}', "$elemMatch"),
    ('{"a":{"$elemMatch":{"$frob":1}}}', "$frob"),
    ('{"a":{"$not":1}}', "$not"),
    ('{"$or":[]}', "$or"),
    ('{"$and":[1]}', "$and"),
]

BEFORE = {"n": 4, "s": "x", "list": [3, 1, 2, 1], "objects": [{"k": 2}, {"k": 1}], "o": {"p": 1, "q": 2}}
UPDATES = [  # update, fields that differ from BEFORE; None: gone
    ({"$set": {"o.p": 5}}, {"o": {"p": 5, "q": 2}}),
    ({"s": "y"}, {"s": "y"}),
    ({"$unset": {"o.p": 1, "s": 1}}, {"o": {"q": 2}, "s": None}),
    ({"$rename": {"s": "t"}}, {"s": None, "t": "x"}),
    ({"$inc": {"n": 0.5, "m": 2}}, {"n": 4.5, "m": 2}),
    ({"$mul": {"n": 5, "m": 2}}, {"n": 20, "m": 0}),
    ({"$min": {"n": 3, "o.p": 7}}, {"n": 3}),
    ({"$max": {"n": 3, "o.p": 7}}, {"o": {"p": 7, "q": 2}}),
    ({"$push": {"list": 9}}, {"list": [3, 1, 2, 1, 9]}),
    ({"$push": {"list": {"$each": [9, 0], "$position": 1}}}, {"list": [3, 9, 0, 1, 2, 1]}),
    ({"$push": {"list": {"$each": [9, 0], "$sort": -1, "$slice": 3}}}, {"list": [9, 3, 2]}),
    ({"$push": {"objects": {"$each": [{"k": 0}], "$sort": {"k": 1}, "$slice": -2}}}, {"objects": [{"k": 1}, {"k": 2}]}),
    ({"$pull": {"list": 1, "objects": {"k": {"$gte": 2}}}}, {"list": [3, 2], "objects": [{"k": 1}]}),
    ({"$pull": {"list": {"$in": [2, 3]}}}, {"list": [1, 1]}),
    ({"$pullAll": {"list": [1, 3]}}, {"list": [2]}),
    ({"$addToSet": {"list": 7}}, {"list": [3, 1, 2, 1, 7]}),
    ({"$addToSet": {"list": {"$each": [2, 8, 8]}}}, {"list": [3, 1, 2, 1, 8]}),
    ({"$pop": {"list": -1, "objects": 1}}, {"list": [1, 2, 1], "objects": [{"k": 2}]}),
    ({"$set": {"n": 5}, "$setOnInsert": {"z": 1}}, {"n": 5}),
]

WITHOUT_EFFECT = [{}, {"$set": {"n": 4}}, {"$unset": {"z": 1}}, {"$inc": {"n": 0}}, {"$mul": {"n": 1}}, {"$min": {"n": 9}}, {"$max": {"n": 1}},
                  {"$rename": {"z": "y"}}, {"$push": {"list": {"$each": []}}}, {"$pull": {"list": 9}}, {"$pullAll": {"list": []}},
                  {"$addToSet": {"list": 1}}, {"$pop": {"z": 1}}, {"$setOnInsert": {"z": 1}}]

WRONG_UPDATES = [  # update as text, words of the message
    ('{"a":', "--data"),
    ("[1]", "object"),
    ('{"$frob":{"a":1}}', "$frob"),
    ('{"$set":{"a":1},"b":2}', "side by side"),
    ('{"$set":1}', "$set"),
    ('{"$set":{"$version":1}}', "$version"),
    ('{"$set":{"s.x":1}}', "s.x"),
    ('{"$set":{"list.x":1}}', "list.x"),
    ('{"$set":{"list.$[]":1}}', "$[]"),
    ('{"$set":{"a":1},"$inc":{"a.b":1}}', "a.b"),
    ('{"$inc":{"s":1}}', "$inc"),
    ('{"$inc":{"n":"1"}}', "$inc"),
    ('{"$inc":{"n":18446744073709551615}}', "overflows"),
    ('{"$mul":{"n":18446744073709551615}}', "overflows"),
    ('{"$rename":{"s":1}}', "$rename"),
    ('{"$rename":{"s":"s"}}', "touches s and s"),
    ('{"$rename":{"s":"$id"}}', "$id"),
    ('{"$currentDate":{"a":1}}', "$currentDate"),
    ('{"$push":{"s":1}}', "$push"),
    ('{"$push":{"list":{"$slice":1}}}', "$each"),
    ('{"$push":{"list":{"$each":[],"$frob":1}}}', "$frob"),
    ('{"$push":{"list":{"$each":[],"$sort":5}}}', "$sort"),
    ('{"$pull":{"s":1}}', "$pull"),
    ('{"$pull":{"list":{"$frob":1}}}', "$frob"),
    ('{"$pull":{"list":{"$regex":"("}}}', "$regex"),
    ('{"$pullAll":{"list":1}}', "$pullAll"),
    ('{"$addToSet":{"s":1}}', "$addToSet"),
    ('{"$pop":{"list":2}}', "$pop"),
]


def test_each_filter_operator_finds_its_documents(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    for filter, want in FILTERS:
        found = place.ok("query", "items", "--filter", json.dumps(filter), "--format", "ndjson").lines()
        assert "".join(e["$id"][6:] for e in found) == want, filter


@pytest.mark.parametrize("verb", [("query", "items"), ("events",), ("delete", "items", "--confirm")])
def test_a_wrong_filter_is_a_wrong_call_that_names_its_fault(place, verb):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    for filter, words in WRONG_FILTERS:
        r = place.call(*verb, "--filter", filter)
        assert r.rc == 2 and words in r.err and not r.out, (filter, r.rc, r.err)
    assert len(place.state()) == 4


def test_an_unknown_operator_is_answered_with_those_that_are(place):
    place.ok("init")
    r = place.fails(2, "query", "items", "--filter", '{"a":{"$betwen":1}}')
    assert "unknown operator $betwen" in r.err and "$elemMatch" in r.err
    place.ok("create", "items", "--id", "a")
    r = place.fails(23, "update", "items/a", "--data", '{"$pulAll":{"a":[1]}}')
    assert "unknown update operator $pulAll" in r.err and "$pullAll" in r.err


@pytest.mark.parametrize("number", range(len(UPDATES)))
def test_each_update_operator_changes_what_it_names(place, number):
    update, differs = UPDATES[number]
    place.ok("create", "items", "--id", "a", "--data", json.dumps(BEFORE))
    after = place.ok("update", "items/a", "--data", json.dumps(update)).json()
    want = {k: v for k, v in {**BEFORE, **differs}.items() if v is not None}
    assert {k: v for k, v in after.items() if not k.startswith("$")} == want and after["$version"] == 2
    assert place.ok("get", "items/a").json() == after


def test_an_update_without_effect_writes_no_event(place):
    made = place.ok("create", "items", "--id", "a", "--data", json.dumps(BEFORE)).json()
    for update in WITHOUT_EFFECT:
        assert place.ok("update", "items/a", "--data", json.dumps(update)).json() == made, update
    assert len(place.ok("events", "--format", "ndjson").lines()) == 1


def test_a_wrong_update_is_wrong_data_that_names_its_fault_and_changes_nothing(place):
    place.ok("create", "items", "--id", "a", "--data", json.dumps(BEFORE))
    before = place.state()
    for update, words in WRONG_UPDATES:
        r = place.call("update", "items/a", "--data", update)
        assert r.rc == 23 and words in r.err and not r.out, (update, r.rc, r.err)
    assert place.state() == before and len(place.ok("events", "--format", "ndjson").lines()) == 1


def test_current_date_is_the_time_of_the_event(place):
    place.ok("create", "items", "--id", "a", "--data", "{}")
    after = place.ok("update", "items/a", "--data", '{"$currentDate":{"seen":true,"x.y":{"$type":"date"}}}').json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", after["seen"])
    assert after["seen"] == after["x"]["y"] == after["$updatedAt"]


def test_an_events_filter_looks_into_states(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    place.ok("update", "items/a", "--data", '{"$addToSet":{"tags":"z"}}')
    found = place.ok("events", "--filter", '{"op":{"$regex":"^UP"},"after.tags":{"$all":["x","z"],"$size":3}}', "--format", "ndjson").lines()
    assert [e["target"] for e in found] == ["items:a"]


def test_help_shows_the_language(place):
    filters, updates = place.ok("help", "filters", db=False).out, place.ok("help", "updates", db=False).out
    for name in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$regex", "$options", "$mod", "$all", "$size",
                 "$elemMatch", "$not", "$and", "$or", "$nor"):
        assert name in filters, name
    for name in ("$set", "$unset", "$rename", "$inc", "$mul", "$min", "$max", "$currentDate", "$push", "$each", "$position", "$sort", "$slice",
                 "$addToSet", "$pop", "$pull", "$pullAll", "$setOnInsert"):
        assert name in updates, name
    assert "parquedb help filters" in place.ok("help", "query", db=False).out
    assert "parquedb help updates" in place.ok("help", "update", db=False).out
