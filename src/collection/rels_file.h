// rels/forward/{ns}.parquet and rels/reverse/{ns}.parquet. docs/format/rels.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "columnar/table.h"

namespace parquedb {

struct LinkRow {
  std::string from, predicate, to;  // from, to: "ns/id"
  auto operator<=>(const LinkRow&) const = default;
};

enum class RelsOrder { kForward, kReverse };  // (from, predicate, to) | (to, predicate, from)

class RelsFileWriter {
 public:
  static Result<std::unique_ptr<RelsFileWriter>> Open(PendingFile& file, RelsOrder order);
  virtual ~RelsFileWriter() = default;
  virtual Status Append(const LinkRow& row) = 0;  // in order
  virtual int64_t row_count() const = 0;
  virtual Status Finish(std::string_view database_id, int64_t through) = 0;
};

class RelsCursor {
 public:
  virtual ~RelsCursor() = default;
  virtual Result<bool> Next(LinkRow* row) = 0;
};

class RelsFile {
 public:
  static Result<std::shared_ptr<RelsFile>> Open(std::shared_ptr<const ReadableFile> file, std::string name,
                                                std::string_view database_id);
  virtual ~RelsFile() = default;
  virtual int64_t through() const = 0;
  virtual int64_t row_count() const = 0;
  virtual Result<std::unique_ptr<RelsCursor>> Scan() const = 0;
  // Rows whose first sort column equals `id` (the source of a forward file, the target of a reverse file).
  virtual Result<std::vector<LinkRow>> Find(std::string_view id) const = 0;
};

}  // namespace parquedb
