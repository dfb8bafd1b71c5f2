"""Turns Debian's iso-codes (JSON) into NDJSON for import: iso_codes.py FOLDER."""
import json
import os
import sys

SOURCE = "/usr/share/iso-codes/json"


def read(name, key):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return json.load(f)[key]


def write(folder, name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def subdivision(row):
    country = row["code"].split("-")[0]
    links = {"country": ["countries/" + country]}
    if "parent" in row:
        parent = row["parent"] if "-" in row["parent"] else f"{country}-{row['parent']}"
        links["parent"] = ["subdivisions/" + parent]
    return {"$id": "subdivisions/" + row["code"], "$links": links, "country": country, **row}


def main(folder):
    write(folder, "countries.ndjson", ({"$id": "countries/" + row["alpha_2"], **row} for row in read("iso_3166-1.json", "3166-1")))
    write(folder, "subdivisions.ndjson", map(subdivision, read("iso_3166-2.json", "3166-2")))
    write(folder, "languages.ndjson", read("iso_639-3.json", "639-3"))


main(sys.argv[1])
