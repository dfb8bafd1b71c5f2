// An entity as text, in its three forms; the only place that knows them.
//
// state text (Event.before/after): {"$version":2,"$createdAt":"…Z","$createdBy":"a","$updatedAt":"…Z","$updatedBy":"b",
//                                    "$links":{"p":["ns/x"]},"own":1}     $createdBy/$updatedBy are left out when
//                                    unknown, $links when empty; always in this order, compact
// data text (Entity.data):          {"$links":{…},"own":1}
// entity JSON (what `get` prints):  {"$id":"ns/x","$type":"ns","$version":2, …as the state text}
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

std::string EncodeState(const Entity& entity);
void AppendState(std::string* out, const Entity& entity);
// Takes a state text apart without parsing its own fields. kCorruption when it is not of the form above.
Status DecodeState(std::string_view id, std::string_view state, Entity* out);

void AppendEntityJson(std::string* out, const Entity& entity);
std::string EncodeEntityJson(const Entity& entity);

// predicate -> set of entity ids, both sorted by bytes.
using Links = std::map<std::string, std::vector<std::string>, std::less<>>;
// The JSON text of the links at the head of a data text; "" when there are none.
std::string_view LinksText(std::string_view data);
// The links at the head of a data text; fast when there are none.
Result<Links> ReadLinks(std::string_view data);
// Checks predicates (a name part) and ids, sorts, removes duplicates and empty lists. kInvalidData.
Result<Links> LinksFromValue(const Value& value);
// A data text of links and own fields (compact members without braces, as NormalizedRecord.fields).
std::string JoinData(const Links& links, std::string_view fields);
// The own fields of a data text, without braces and links.
Result<std::string_view> OwnFields(std::string_view data);

// The whole entity as a Value with all $ members, for filters, projection, updates; and the own fields back to text.
Result<Value> EntityToValue(const Entity& entity);
// Members of `document` (own fields only; a top-level name with '$' is kInvalidData) as compact text without braces.
// Checks kMaxDocumentBytes and depth.
Result<std::string> FieldsFromValue(const Object& document);

}  // namespace parquedb
