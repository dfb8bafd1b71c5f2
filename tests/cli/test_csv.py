"""CSV in and out: exact with a $data column, plain text without one."""
import csv
import io
import json
import os
import random

import duckdb
import pytest


def cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def raw(place, *words):
    """The answer's bytes as text, line ends as they are."""
    place.ok(*words, "--output", place.path("answer"))
    with open(place.path("answer"), newline="", encoding="utf-8") as f:
        return f.read()


def fill(place):
    rows = [{"$id": "posts/a", "$createdBy": "ann", "$createdAt": "2026-01-01T00:00:00.000Z", "$updatedAt": "2026-01-02T00:00:00.500Z", "$version": 3,
             "title": 'He said "hi",\nthen left', "n": 1, "list": [1, {"x": None}]},
            {"$id": "posts/b", "$links": {"by": ["users/u"]}, "title": "", "n": 2.5, "ok": True, "big": 18446744073709551615},
            {"$id": "users/u", "name": "Ünal\r", "": "no name", "n": -0.0, "nul": "a\u0000b"}]
    place.ok("import", "--file", place.ndjson("in.ndjson", rows))


def test_an_export_has_the_system_columns_the_data_and_typed_columns(place):
    fill(place)
    text = raw(place, "export", "--format", "csv")
    head, a, b, u = cells(text)
    assert head == ["$id", "$type", "$version", "$createdAt", "$updatedAt", "$createdBy", "$updatedBy", "$data", "n", "name", "nul", "ok", "title"]
    assert a == ["posts/a", "posts", "3", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.500Z", "ann", "",
                 '{"title":"He said \\"hi\\",\\nthen left","n":1,"list":[1,{"x":null}]}', "1", "", "", "", 'He said "hi",\nthen left']
    assert b[7] == '{"$links":{"by":["users/u"]},"title":"","n":2.5,"ok":true,"big":18446744073709551615}' and b[8:] == ["2.5", "", "", "true", ""]
    assert text.startswith("$id,$type,") and text.count("\r\n") == 4
    assert u[9] == "Ünal\r" and u[10] == ""
    assert raw(place, "export", "--namespace", "users", "--format", "csv").split("\r\n")[0].endswith("$data,n,name,nul")
    got = duckdb.sql(f"select \"$id\", n from read_csv('{place.path('answer')}')").fetchall()
    assert got == [("users/u", 0.0)]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.csv.zst"])
def test_an_export_comes_back_exactly(place, name):
    fill(place)
    place.ok("export", "--output", place.path(name))
    place.ok("import", "--file", place.path(name), db=place.path("copy"))
    for kind in ("csv", "ndjson"):
        assert place.ok("export", "--format", kind).out == place.ok("export", "--format", kind, db=place.path("copy")).out
    assert place.ok("import", "--file", place.path(name), "--on-conflict", "replace", "--json").json()["skipped"] == 3
    only = place.ok("import", "--file", place.path(name), "--namespace", "users", "--json", db=place.path("users"))
    assert only.json()["created"] == 1 and "skipped 2 of other namespaces" in only.err


def own(place):
    return [{k: v for k, v in e.items() if k[0] != "$"} for e in place.state().values()]


def test_a_plain_csv_is_text_and_with_infer_numbers_and_truth_values(place):
    text = "\ufeffname,n,ok,note\r\nann,1,true,\"a\nb\"\r\n\r\nbob,007,,\r\n"
    file = place.write("p.csv", text)
    assert "--namespace" in place.fails(2, "import", "--file", file).err
    place.ok("import", "--file", file, "--namespace", "people")
    assert own(place) == [{"name": "ann", "n": "1", "ok": "true", "note": "a\nb"}, {"name": "bob", "n": "007"}]
    place.ok("drop", "people", "--confirm")
    place.ok("import", "--file", file, "--namespace", "people", "--infer", "--id-field", "name")
    assert place.state().keys() == {"people/ann", "people/bob"}
    assert own(place) == [{"name": "ann", "n": 1, "ok": True, "note": "a\nb"}, {"name": "bob", "n": "007"}]
    assert "--infer" in place.fails(2, "import", "--file", place.ndjson("x.ndjson", []), "--infer").err
    piped = place.ok("import", "--file", "-", "--input-format", "csv", "--namespace", "more", stdin="a,b\n1,2\n")
    assert piped.out.startswith("created 1\n")


@pytest.mark.parametrize("text,words", [
    ("", ["header"]),
    ("\n\n", ["header"]),
    ("a,b,a\n", [":1:", "a comes twice"]),
    ("a,,b\n", [":1:", "column 2"]),
    ("a,$mine\n", [":1:", "$mine"]),
    ("a,b\n1,2\n3\n", [":3:", "1 cells", "2 were expected"]),
    ("a,b\n1,2,3\n", [":2:", "3 cells"]),
    ('a,b\n1,"x\ny"\n2,"z\n\n', [":4:", "not closed"]),
    ('a,b\n1,"x\ny"\n2,"z"w\n3,5" pipe\n', [":4: cell 2", ":5: cell 2"]),
    (b"a,b\n1,\xff\n", [":2:", "UTF-8"]),
    (b"a,b\n1,\x00\n", [":2:", "NUL"]),
    ('$id,$data\nn/a,"{""x"":"\n', [":2:"]),
    ('$id,$data\nn/a,"{}"\nn/a,"{}"\n', [":3:", "twice"]),
    ('$id,$data\nn/a,"{""$id"":""n/b""}"\n', [":2:"]),
    ('$id,$version\nn/a,x\n', [":2: $version"]),
])
def test_what_is_wrong_is_named_with_its_line_and_nothing_is_there(place, text, words):
    place.ok("create", "posts", "--id", "first")
    before = place.state()
    r = place.fails(23, "import", "--file", place.write("bad.csv", text), "--namespace", "n")
    assert "bad.csv" in r.err and all(w in r.err for w in words), r.err
    assert place.state() == before


def test_answers_as_csv(place):
    fill(place)
    found = raw(place, "query", "posts", "--format", "csv")
    assert [r[:3] for r in cells(found)] == [["$id", "$type", "$version"], ["posts/a", "posts", "3"], ["posts/b", "posts", "1"]]
    place.ok("import", "--file", place.path("answer"), "--input-format", "csv", db=place.path("copy"))
    assert place.ok("export", "--format", "ndjson", db=place.path("copy")).out == place.ok("export", "--namespace", "posts", "--format", "ndjson").out
    assert cells(raw(place, "query", "posts", "--fields", "title,list,ok,none", "--format", "csv")) == [
        ["$id", "$type", "$version", "title", "list", "ok", "none"], ["posts/a", "posts", "3", 'He said "hi",\nthen left', '[1,{"x":null}]', "", ""],
        ["posts/b", "posts", "1", "", "", "true", ""]]
    assert cells(raw(place, "query", "posts", "--count", "--format", "csv")) == [["count"], ["2"]]
    place.ok("delete", "users/u")
    rows = [dict(zip(cells(raw(place, "events", "--format", "csv"))[0], r)) for r in cells(raw(place, "events", "--format", "csv"))[1:]]
    events = place.ok("events", "--format", "ndjson").lines()
    assert len(rows) == len(events) == 4
    for row, event in zip(rows, events):
        assert {k: json.loads(row[k]) if row[k] and k in ("lsn", "ts", "before", "after", "metadata") else row[k] or None for k in row} == event
    assert cells(raw(place, "events", "--actor", "none", "--format", "csv")) == [["lsn", "id", "ts", "op", "target", "before", "after", "actor", "metadata"]]
    assert cells(raw(place, "stats", "--format", "csv")) == [["namespace", "entities", "links"], ["posts", "2", "1"], ["users", "0", "0"]]
    assert [r[0] for r in cells(raw(place, "list", "--format", "csv"))] == ["path", *place.ok("list", "--format", "paths").out.split()]


def test_random_documents_come_back_exactly(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    draw = random.Random(seed)

    def text():
        return "".join(draw.choice(["a", "é", '"', ",", "\n", "\r", "\\", " ", "\u0000", "\U0001F600", "{", "}"]) for _ in range(draw.randrange(8)))

    def value(depth=0):
        kind = draw.randrange(8 if depth < 3 else 6)
        if kind == 6:
            return [value(depth + 1) for _ in range(draw.randrange(4))]
        if kind == 7:
            return {text(): value(depth + 1) for _ in range(draw.randrange(4))}
        return [text(), draw.randrange(-2**63, 2**64), draw.uniform(-1e9, 1e9), draw.choice([True, False]), None, draw.randrange(10)][kind]

    rows = []
    for i in range(300):
        row = {"$id": f"{draw.choice(['a', 'b'])}/k{i},{draw.choice(['', chr(34), ' '])}x"}
        if draw.random() < 0.3:
            row["$links"] = {"to": [f"a/k{draw.randrange(300)}"]}
        row.update({k: v for k, v in ((draw.choice(["f", "g", "h", text()]), value()) for _ in range(4)) if not k.startswith("$")})
        rows.append(row)
    place.ok("import", "--file", place.ndjson("in.ndjson", rows))
    want = place.ok("export", "--format", "ndjson").out
    for kind in ("csv", "json", "ndjson", "parquet"):
        place.ok("export", "--output", place.path("out." + kind))
        place.ok("import", "--file", place.path("out." + kind), db=place.path(kind))
        assert place.ok("export", "--format", "ndjson", db=place.path(kind)).out == want
        place.ok("export", "--output", place.path("again." + kind), db=place.path(kind))
        if kind != "parquet":
            assert open(place.path("again." + kind), "rb").read() == open(place.path("out." + kind), "rb").read()
    assert [r[0] for r in cells(open(place.path("out.csv"), newline="", encoding="utf-8").read())[1:]] == sorted((r["$id"] for r in rows), key=str.encode)
