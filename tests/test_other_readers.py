"""DuckDB, Polars and pyarrow read every Parquet file and agree with the database, row by row and byte for byte."""
import datetime
import glob
import hashlib
import json
import os

import duckdb
import polars
import pyarrow.parquet
import pytest

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
SHAPES = [
    '{"s":"ünï 😀 \\"q\\" \\\\ \\u0000 \\n","empty":"","nul":null,"yes":true,"no":false}',
    '{"i":0,"big":18446744073709551615,"small":-9223372036854775808,"d":10.5,"tiny":1e-7,"huge":1e21,"whole":3.0,"minus":-0.0}',
    '{"a":[],"o":{},"deep":{"a":[{"b":[[],{}]},null]},"mixed":[1,"1",1.5,null,true]}',
    '{"":"no name","a.b":"dot","Case":1,"case":2}',
    "{}",
]


def plain(value):
    return (value - EPOCH) // datetime.timedelta(milliseconds=1) if isinstance(value, datetime.datetime) else value


def read_duckdb(path):
    with duckdb.connect() as con:
        con.execute("SET TimeZone='UTC'")
        columns = con.execute("DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning=false)", [path]).fetchall()
        wanted = ['epoch_ms("{0}") AS "{0}"'.format(c[0]) if c[1].startswith("TIMESTAMP") else '"{}"'.format(c[0]) for c in columns]
        rows = con.execute(f"SELECT {', '.join(wanted)} FROM read_parquet(?, hive_partitioning=false)", [path]).fetchall()
    return [dict(zip([c[0] for c in columns], row)) for row in rows]


def read_polars(path):
    return [{k: plain(v) for k, v in row.items()} for row in polars.read_parquet(path, hive_partitioning=False).to_dicts()]


def read_pyarrow(path):
    return [{k: plain(v) for k, v in row.items()} for row in pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).read().to_pylist()]


READERS = {"duckdb": read_duckdb, "polars": read_polars, "pyarrow": read_pyarrow}


def footer(path):
    return {k.decode(): v.decode() for k, v in pyarrow.parquet.ParquetFile(path).metadata.metadata.items()}


def text(value):
    return json.dumps(value, ensure_ascii=False)


def time_text(ms):
    return (EPOCH + datetime.timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def joined(head, document):
    """Members written out, then those of a document's text."""
    return "{" + ",".join(head + ([document[1:-1]] if document != "{}" else [])) + "}"


def system_members(row):
    members = [f'"$version":{row["$version"]}', f'"$createdAt":"{time_text(row["$createdAt"])}"']
    members += [f'"$createdBy":{text(row["$createdBy"])}'] if row["$createdBy"] is not None else []
    members += [f'"$updatedAt":"{time_text(row["$updatedAt"])}"']
    return members + ([f'"$updatedBy":{text(row["$updatedBy"])}'] if row["$updatedBy"] is not None else [])


def entity_line(row):
    """The line that `export --format ndjson` has for a row of a data file, from its `$` columns alone."""
    return joined([f'"$id":{text(row["$id"])}', f'"$type":{text(row["$type"])}', *system_members(row)], row["$data"])


def state_text(row):
    return joined(system_members(row), row["$data"])


def event_line(row):
    return (f'{{"lsn":{row["lsn"]},"id":"{row["id"]}","ts":{row["ts"]},"op":"{row["op"]}","target":{text(row["target"])},'
            f'"before":{row["before"] or "null"},"after":{row["after"] or "null"},"actor":{text(row["actor"])},"metadata":{row["metadata"] or "null"}}}')


def digest(states):
    total = sum(int(hashlib.sha256(target.encode() + b"\0" + after.encode()).hexdigest(), 16) for target, after in states)
    return f"{total % 2**256:064x}"


def check_typed_columns(row, name):
    document = json.loads(row["$data"])
    for column, value in row.items():
        if not column.startswith("$"):
            want = document.get(column)
            assert value == want and isinstance(value, bool) == isinstance(want, bool), (name, row["$id"], column)


def check_data(place, reader):
    lines = []
    for path in sorted(glob.glob(os.path.join(place.db, "data/*/data.parquet"))):
        ns = os.path.basename(os.path.dirname(path))
        rows, keys = READERS[reader](path), footer(path)
        assert [r["$id"] for r in rows] == sorted((r["$id"] for r in rows), key=str.encode)
        assert {r["$type"] for r in rows} <= {ns} and keys["parquedb.rows"] == str(len(rows)) and keys["parquedb.format"] == "data/1"
        for row in rows:
            check_typed_columns(row, path)
        assert digest((r["$id"].replace("/", ":", 1), state_text(r)) for r in rows) == keys["parquedb.digest"]
        lines += [entity_line(r) for r in rows]
    assert sorted(lines) == sorted(place.ok("export", "--at", "latest", "--format", "ndjson").out.splitlines())
    return lines


def check_rels(place, reader):
    links = sorted((e["$id"], p, to) for e in place.state().values() for p, ids in e.get("$links", {}).items() for to in ids)
    for side, end, order in (("forward", "from", ("from", "predicate", "to")), ("reverse", "to", ("to", "predicate", "from"))):
        found = []
        for path in sorted(glob.glob(os.path.join(place.db, f"rels/{side}/*.parquet"))):
            rows = READERS[reader](path)
            assert rows and footer(path)["parquedb.rows"] == str(len(rows)) and footer(path)["parquedb.format"] == "rels/1"
            assert {r[end].split("/")[0] for r in rows} == {os.path.basename(path)[: -len(".parquet")]}
            assert rows == sorted(rows, key=lambda r: [r[c].encode() for c in order])
            found += [(r["from"], r["predicate"], r["to"]) for r in rows]
        assert sorted(found) == links, side
    return links


def check_segments(place, reader):
    lines, live = [], {}
    for path in sorted(glob.glob(os.path.join(place.db, "events/seg-*.parquet"))):
        rows, keys = READERS[reader](path), footer(path)
        assert keys["parquedb.lsn"] == f'{rows[0]["lsn"]}-{rows[-1]["lsn"]}' and keys["parquedb.ts"] == f'{rows[0]["ts"]}-{rows[-1]["ts"]}'
        assert keys["parquedb.format"] == "events/1"
        for row in rows:
            live[row["target"]] = row["after"]
        assert digest((t, a) for t, a in live.items() if a is not None) == keys["parquedb.digest"], path
        lines += [event_line(r) for r in rows]
    assert lines == place.ok("events", "--format", "ndjson").out.splitlines()
    return lines


def check_all(place, reader):
    return len(check_segments(place, reader)), len(check_data(place, reader)), len(check_rels(place, reader))


def fill(place):
    place.ok("init", place.db, db=False)
    old = [{"ts": 1_600_000_000_000 + i, "op": "CREATE", "target": f"old:o{i}", "after": {"i": i}} for i in range(3)]  # nobody is known to have written these
    old.append({"ts": 1_600_000_000_500, "op": "UPDATE", "target": "old:o1", "after": {"i": None}, "actor": "ünï", "metadata": {"why": ["é", None]}})
    place.ok("import", "--events", place.ndjson("old.ndjson", old))
    place.write("shapes.ndjson", "".join(joined([f'"$id":"shapes/s{i}"'], shape) + "\n" for i, shape in enumerate(SHAPES)))
    place.ok("import", "--file", place.path("shapes.ndjson"))
    rows = [{"$id": f"posts/p{i:03d}", "title": f"T{i}", "n": i, "f": i / 8, "even": i % 2 == 0, "tags": [i], "$links": {"by": [f"users/u{i % 3}"], "next": [f"posts/p{i + 1:03d}"]}} for i in range(200)]
    place.ok("import", "--file", place.ndjson("posts.ndjson", rows))
    for i in range(3):
        place.ok("create", "users", "--id", f"u{i}", "--data", json.dumps({"name": f"Ü{i}", "maybe": None if i else 7}))
    place.ok("create", "a", "--id", "x/y:z ä", "--data", '{"v":1}')
    place.ok("create", "a-b", "--id", "x", "--data", '{"v":1.5}')
    place.ok("create", "gone", "--id", "x")


def change(place):
    place.ok("update", "posts/p001", "--data", '{"$set":{"title":"neu","n":-1},"$unset":{"f":1},"$push":{"tags":"x"}}')
    place.ok("delete", "posts/p002")
    place.ok("delete", "posts/p003")
    place.ok("create", "posts", "--id", "p003", "--data", '{"n":3}')
    place.ok("unlink", "posts/p004", "by", "users/u1")
    place.ok("link", "users/u0", "likes", "a/x/y:z ä")
    place.ok("drop", "gone", "--confirm")
    place.ok("update", "a-b/x", "--data", '{"v":2}')


@pytest.mark.parametrize("reader", READERS)
def test_every_file_of_the_database_says_what_the_database_says(place, reader):
    fill(place)
    place.ok("flush")
    assert check_segments(place, reader) and not glob.glob(os.path.join(place.db, "data/*"))
    place.ok("checkpoint")
    before = check_all(place, reader)
    change(place)
    place.ok("flush")
    check_segments(place, reader)
    place.ok("checkpoint")
    after = check_all(place, reader)
    assert (before, after) == ((215, 214, 400), (223, 212, 396))
    typed = set(READERS[reader](os.path.join(place.db, "data/posts/data.parquet"))[0])
    assert {"title", "n", "f", "even"} <= typed and "tags" not in typed


@pytest.mark.parametrize("reader", READERS)
def test_an_exported_parquet_file_says_what_the_export_says(place, reader):
    fill(place)
    cut = f'lsn:{json.loads(place.ok("events", "--reverse", "--limit", "1", "--format", "ndjson").out)["lsn"]}'
    for step in ((), ("flush",), ("checkpoint",), None):
        change(place) if step is None else step and place.ok(*step)
        for args in (("--at", cut), ("--at", "latest"), ("--at", cut, "--namespace", "posts"), ("--namespace", "shapes")):
            file = place.path("out.parquet")
            place.ok("export", *args, "--output", file)
            rows = READERS[reader](file)
            assert [entity_line(r) for r in rows] == place.ok("export", *args, "--format", "ndjson").out.splitlines(), (step, args)
            for row in rows:
                check_typed_columns(row, args)


def test_the_digest_can_be_recomputed_in_sql(place):
    fill(place)
    place.ok("flush")
    change(place)
    place.ok("checkpoint")
    paths = sorted(glob.glob(os.path.join(place.db, "events/seg-*.parquet")))
    assert len(paths) == 2
    for count in (1, 2):
        with duckdb.connect() as con:
            hashes = con.execute(
                "SELECT sha256(target || chr(0) || arg_max(coalesce(after, ''), lsn)) FROM read_parquet(?) GROUP BY target HAVING arg_max(op, lsn) <> 'DELETE'",
                [paths[:count]]).fetchall()
        assert f"{sum(int(h[0], 16) for h in hashes) % 2**256:064x}" == footer(paths[count - 1])["parquedb.digest"]


def test_the_past_computed_in_sql_is_the_past_the_database_shows(place):
    fill(place)
    place.ok("flush")
    change(place)
    place.ok("flush")
    paths, events = os.path.join(place.db, "events/seg-*.parquet"), place.ok("events", "--format", "ndjson").lines()
    for lsn in range(events[-1]["lsn"] - 9, events[-1]["lsn"] + 1):
        with duckdb.connect() as con:
            rows = con.execute("SELECT target, arg_max(coalesce(after, ''), lsn) FROM read_parquet(?) WHERE lsn <= ? GROUP BY target", [paths, lsn]).fetchall()
        want = {t.replace(":", "/", 1): json.loads(a) for t, a in rows if a}
        assert {k: {n: v for n, v in e.items() if n not in ("$id", "$type")} for k, e in place.state(f"lsn:{lsn}").items()} == want, lsn
