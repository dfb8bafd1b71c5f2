#include "cli/topics.h"

namespace parquedb {
namespace {

constexpr std::string_view kExitCodes = R"(0 ok                      14 conflict
1 failed                  15 the store lacks a needed feature
2 wrong usage             20 damaged data, or a verification that failed
3 partial                 21 unhealthy
10 not found              22 time outside the restorable window
11 locked                 23 invalid input data
12 wrong key              75 try again later
13 not authorised         130 interrupted
With --json the last line on stderr is {"type":"exit_error","code":…,"kind":…,"message":…,"hint":…}.
)";

constexpr std::string_view kEnvironment = R"(PARQUEDB_PATH        the database, where no -d says otherwise
PARQUEDB_REMOTE_URL  the default remote
PARQUEDB_OWNER       the owner of backups; else the login name
PARQUEDB_OPERATOR    the actor of what a command writes; else the login name
PARQUEDB_<OPTION>    any other option: PARQUEDB_LOCK_TIMEOUT=30s is --lock-timeout 30s, PARQUEDB_QUIET=1 is --quiet
NO_COLOR             no colour
TMPDIR               where large sorts put their temporary files
XDG_CONFIG_HOME      where parquedb/config.toml lies; else ~/.config

An option counts in this order: the command line, the environment, parquedb.toml in the database, the user's config.toml.
Such a file is TOML: operator = "ann", lock-timeout = "30s", and remotes (parquedb help remotes).
parquedb config show --origin tells each setting and where it comes from.
)";

constexpr std::string_view kFormats = R"(--format table     for people; the default, on pipes too
--format json      one JSON document (= --json)
--format ndjson    one JSON value a line
--format csv       RFC 4180 with a header row: query, events, export, list, stats, backups
--format paths     list: one path a line
--format detailed  events, verify: everything
--output FILE      writes the answer to a file, whole or not at all; compressed when its name ends with .gz or .zst

import and export go by the name of the file:
.ndjson .jsonl     a record a line
.json              an array of records, or an object whose one member is an array
.csv               with $id and $data columns exact; else every cell is a text (--infer: numbers, true, false)
.parquet           an export exactly; of other writers any types
… .gz .zst         compressed
-                  standard input, with --input-format ndjson, json, csv or parquet; export --format writes to standard output
)";

constexpr std::string_view kTime = R"(--at takes any of these:
2026-02-01T12:00:00Z        RFC 3339; an offset like +01:00 works
2026-02-01                  midnight UTC
1769947200, 1769947200123   seconds, milliseconds since 1970
"5m ago", yesterday         relative; units ms s m h d w
latest                      now
before-cleanup              a tag (parquedb tag), or a backup's name on the default remote
01KGCX5BFB34D2T1B1KVC9X6AK  an event's id, inclusive
lsn:42                      a position in the log
The resolved instant is printed on stderr. "parquedb window" shows what can be asked for.
)";

constexpr std::string_view kRemotes =
    R"(A remote is a path or file:///path. A repository lies in {remote}/{owner}/, unless the remote itself holds _meta/repo.json.
push --to /backups --owner ann --slug shop    writes /backups/ann, slug shop
pull /backups/ann/shop                        reads it back
pull ann/shop                                 the same, on the default remote
remote add nas /backups                       push --to nas and pull nas work from now on
The default remote is PARQUEDB_REMOTE_URL, or the remote named default: [remote.default] url = "/backups" in parquedb.toml.
required = true in such a table: compact --before keeps what this remote does not have yet.
)";

constexpr std::string_view kFilters = R"(A filter is a JSON object; all its members must hold. {} matches everything.
{"status":"draft"}                     equal; also an array with such an element
{"author.name":"Ann"}                  a field inside; {"tags.0":"x"} an element
{"views":{"$gte":10,"$lt":20}}         $eq $ne $gt $gte $lt $lte
{"status":{"$in":["draft","new"]}}     $in $nin; {"$regex":…} may be among the values
{"note":{"$exists":true}}
{"note":{"$type":"string"}}            string number int long double bool object array null
{"title":{"$regex":"^a","$options":"i"}}   RE2; options i m s
{"n":{"$mod":[4,0]}}                   divisor, remainder
{"tags":{"$all":["a","b"]}}            {"tags":{"$size":2}}
{"items":{"$elemMatch":{"qty":{"$gt":1},"sku":"x"}}}   one element that fits all
{"views":{"$not":{"$gt":10}}}
{"$or":[{"a":1},{"b":2}]}              $and $or $nor
$id $type $version $createdAt $createdBy $updatedAt $updatedBy $links are fields, too.
)";

constexpr std::string_view kUpdates =
    R"(An update is a JSON object of operators, or of plain fields, which replace whole fields.
{"$set":{"a.b":1}}  {"$unset":{"a":""}}  {"$rename":{"old":"new"}}
{"$inc":{"n":-1}}   {"$mul":{"n":2}}     {"$min":{"n":5}}   {"$max":{"n":9}}
{"$currentDate":{"seen":true}}           the time of the change
{"$push":{"tags":"x"}}
{"$push":{"tags":{"$each":["x","y"],"$position":0,"$sort":1,"$slice":-5}}}
{"$addToSet":{"tags":"x"}}               or {"$each":[…]}
{"$pop":{"tags":1}}                      the last; -1 the first
{"$pull":{"tags":{"$in":["x","y"]}}}     what a filter matches
{"$pullAll":{"tags":["x","y"]}}
{"$setOnInsert":{"a":1}}                 nothing: an update never inserts
An update without effect writes no event. A wrong one: exit status 23.
)";

}  // namespace

const std::vector<Topic>& Topics() {
  static const std::vector<Topic> topics = {
      {"environment", "variables that are read", kEnvironment},
      {"exit-codes", "what each exit status means", kExitCodes},
      {"filters", "MongoDB's filters, for query, events and delete", kFilters},
      {"formats", "of answers and of files", kFormats},
      {"remotes", "where backups lie and how they are named", kRemotes},
      {"time", "how instants are written", kTime},
      {"updates", "MongoDB's update operators", kUpdates},
  };
  return topics;
}

}  // namespace parquedb
