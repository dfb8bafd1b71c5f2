"""Compressed files, standard input and standard output."""
import gzip
import json
import subprocess

import pyarrow as pa
import pytest
from conftest import BIN

ROWS = [{"$id": f"posts/p{i:05}", "n": i, "text": "été " * (i % 7)} for i in range(5000)]


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


PACK = {"gz": gzip.compress, "zst": zstd}


def unpack(path):
    with open(path, "rb") as f:
        data = f.read()
    with pa.CompressedInputStream(pa.BufferReader(data), "gzip" if path.endswith(".gz") else "zstd") as stream:
        return stream.read()


def text_of(rows, kind="ndjson"):
    text = "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n" if kind == "ndjson" else json.dumps(rows)
    return text.encode()


def own(place, db=True):
    return {k: {m: v for m, v in e.items() if m[0] != "$"} for k, e in place.state(db=db).items()}


WANT = {r["$id"]: {"n": r["n"], "text": r["text"]} for r in ROWS}


@pytest.mark.parametrize("end", ["gz", "zst"])
def test_a_compressed_file_is_imported_by_its_name(place, end):
    place.ok("import", "--file", place.write(f"a.ndjson.{end}", PACK[end](text_of(ROWS))))
    assert own(place) == WANT
    place.ok("import", "--file", place.write(f"a.json.{end}", PACK[end](text_of(ROWS, "json"))), db=place.path("b"))
    assert own(place, place.path("b")) == WANT
    place.ok("import", "--file", place.write(f"a.{end}", PACK[end](text_of(ROWS))), "--input-format", "ndjson", db=place.path("c"))
    assert own(place, place.path("c")) == WANT
    assert "a.gz" in place.fails(2, "import", "--file", place.write("a.gz", b"x")).err


@pytest.mark.parametrize("end", ["gz", "zst"])
def test_members_behind_each_other_are_one_text(place, end):
    text = text_of(ROWS)
    cuts = [0, 1, 70_000, 70_001, len(text) - 1, len(text)]  # in the middle of lines
    place.ok("import", "--file", place.write(f"a.ndjson.{end}", b"".join(PACK[end](text[a:b]) for a, b in zip(cuts, cuts[1:]))))
    assert own(place) == WANT


@pytest.mark.parametrize("end", ["gz", "zst"])
def test_a_cut_or_damaged_stream_is_invalid_and_leaves_nothing(place, end):
    place.ok("create", "posts", "--id", "first")
    before, packed = place.state(), PACK[end](text_of(ROWS))
    for size in (0, 5, len(packed) // 2, len(packed) - 1):
        r = place.fails(23, "import", "--file", place.write(f"cut.ndjson.{end}", packed[:size]))
        assert f"cut.ndjson.{end}: " in r.err and ("stream is cut" in r.err or size == 0)
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    r = place.fails(23, "import", "--file", place.write(f"bad.ndjson.{end}", bytes(damaged) + packed))
    assert f"bad.ndjson.{end}" in r.err
    r = place.fails(23, "import", "--file", place.write(f"plain.ndjson.{end}", text_of(ROWS)))
    assert f"plain.ndjson.{end}: the {'gzip' if end == 'gz' else 'zstd'} stream is damaged near byte " in r.err
    assert "events.ndjson" in place.fails(23, "import", "--events", place.write(f"events.ndjson.{end}", packed[:-1])).err
    assert place.state() == before


@pytest.mark.parametrize("end", ["gz", "zst"])
def test_exports_are_compressed_by_their_name_and_come_back_exactly(place, end):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    text = place.ok("export", "--format", "ndjson").out
    for kind in ("ndjson", "json", "parquet"):
        file = place.path(f"out.{kind}.{end}")
        answer = place.ok("export", "--output", file, "--json").json()
        assert answer["file"] == file and answer["entities"] == len(ROWS)
        place.ok("import", "--file", file, db=place.path("copy-" + kind))
        assert place.ok("export", "--format", "ndjson", db=place.path("copy-" + kind)).out == text
    assert unpack(place.path(f"out.ndjson.{end}")).decode() == text
    assert unpack(place.path(f"out.parquet.{end}"))[:4] == b"PAR1"
    place.ok("events", "--format", "ndjson", "--output", place.path(f"log.ndjson.{end}"))
    place.ok("import", "--events", place.path(f"log.ndjson.{end}"), db=place.path("again"))
    assert place.ok("events", "--format", "ndjson", db=place.path("again")).out == place.ok("events", "--format", "ndjson").out


def test_an_export_of_nothing_is_a_file_too(place):
    place.ok("create", "posts", "--id", "a")
    place.ok("delete", "posts/a")
    for name, content in (("a.ndjson", b""), ("a.json", b"[]\n")):
        place.ok("export", "--output", place.path(name))
        with open(place.path(name), "rb") as f:
            assert f.read() == content
    place.ok("export", "--output", place.path("a.ndjson.gz"))
    assert unpack(place.path("a.ndjson.gz")) == b""
    place.ok("import", "--file", place.path("a.ndjson.gz"))


def piped(place, first, second):
    """first | second, as a shell runs it."""
    a = subprocess.Popen([BIN, *first], stdout=subprocess.PIPE, env=place.env, cwd=place.folder)
    b = subprocess.run([BIN, *second], stdin=a.stdout, env=place.env, cwd=place.folder, capture_output=True, text=True)
    a.stdout.close()
    assert a.wait() == 0 and b.returncode == 0, b.stderr


def test_import_reads_standard_input_and_export_writes_standard_output(place):
    place.ok("import", "--file", "-", "--input-format", "ndjson", stdin=text_of(ROWS).decode())
    assert own(place) == WANT
    text = place.ok("export", "--format", "ndjson").out
    assert place.ok("export", "--format", "ndjson", "--output", "-").out == text
    for kind in ("ndjson", "json", "parquet"):
        piped(place, ["export", "--format", kind, "-d", "db"], ["import", "--file", "-", "--input-format", kind, "-d", kind])
        assert place.ok("export", "--format", "ndjson", db=place.path(kind)).out == text
    piped(place, ["events", "--format", "ndjson", "-d", "db"], ["import", "--events", "-", "-d", "history"])
    assert place.ok("events", "--format", "ndjson", db=place.path("history")).out == place.ok("events", "--format", "ndjson").out


def test_standard_input_needs_its_kind_and_is_named_in_errors(place):
    assert "--input-format" in place.fails(2, "import", "--file", "-", stdin="{}").err
    assert "standard input:2: " in place.fails(23, "import", "--file", "-", "--input-format", "ndjson", "--namespace", "a", stdin="{}\n{x").err
    assert "standard input:1: " in place.fails(23, "import", "--events", "-", stdin="{}").err
    assert "xml" in place.fails(2, "import", "--file", "-", "--input-format", "xml", stdin="{}").err
    packed = gzip.compress(b'{"$id":"a/b","x":1}\n')
    done = subprocess.run([BIN, "import", "--file", "-", "--input-format", "ndjson.gz", "-d", place.db], input=packed, env=place.env, capture_output=True)
    assert done.returncode == 0 and own(place) == {"a/b": {"x": 1}}
