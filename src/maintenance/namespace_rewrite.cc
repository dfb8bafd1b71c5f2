#include "maintenance/namespace_rewrite.h"

#include <deque>

#include "collection/bloom_file.h"
#include "core/check.h"
#include "core/limits.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "storage/hashing_file.h"

namespace parquedb {
namespace {

constexpr uint64_t kLinkBudgetBytes = 64 * kMiB;
constexpr size_t kSampleEntities = 2048;     // enough to tell a column that a tenth of the rows has
constexpr uint64_t kSampleBytes = 8 * kMiB;  // or what there is of large documents

// Yields the merged entities of one namespace and, beside each, what it replaces.
class MergeCursor {
 public:
  struct Item {
    Entity entity;
    bool alive = false;    // false: a deletion; only `before` says something
    bool changed = false;  // by the log
    std::optional<Entity> before;
  };

  MergeCursor(const NamespaceSource& source, ChangeStream* stream) : source_(source), stream_(stream) {}

  Status Open() {
    if (source_.old_file == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(rows_, source_.old_file->Scan());
    return AdvanceRow();
  }

  Result<bool> Next(Item* item) {
    bool has_change = stream_->more && NamespaceOfId(stream_->change.id) == source_.ns;
    if (!has_row_ && !has_change) return false;
    Advance(source_.progress, 1, static_cast<int64_t>(has_row_ ? row_.data.size() : stream_->change.state.size()));
    item->before.reset();
    item->changed = has_change && (!has_row_ || stream_->change.id <= row_.id);
    bool takes_row = has_row_ && (!item->changed || stream_->change.id == row_.id);
    if (!item->changed) {
      std::swap(item->entity, row_);
      item->alive = true;
      RETURN_IF_ERROR(AdvanceRow());
      return true;
    }
    if (takes_row) item->before = row_;
    item->alive = !stream_->change.deleted;
    if (item->alive) RETURN_IF_ERROR(DecodeState(stream_->change.id, stream_->change.state, &item->entity));
    if (takes_row) RETURN_IF_ERROR(AdvanceRow());
    ASSIGN_OR_RETURN(stream_->more, stream_->cursor->Next(&stream_->change));
    return true;
  }

 private:
  Status AdvanceRow() {
    ASSIGN_OR_RETURN(has_row_, rows_->Next(&row_));
    return Status::Ok();
  }

  const NamespaceSource& source_;
  ChangeStream* stream_;
  std::unique_ptr<EntityCursor> rows_;
  Entity row_;
  bool has_row_ = false;
};

Status HandOnLinks(const std::optional<Entity>& before, const Entity* after, LinkChanges* links) {
  if (before) {
    ASSIGN_OR_RETURN(Links old, ReadLinks(before->data));
    for (const auto& [predicate, targets] : old) {
      for (const std::string& to : targets) RETURN_IF_ERROR(links->Add({before->id, predicate, to}, false));
    }
  }
  if (after != nullptr) {
    ASSIGN_OR_RETURN(Links now, ReadLinks(after->data));
    for (const auto& [predicate, targets] : now) {
      for (const std::string& to : targets) RETURN_IF_ERROR(links->Add({after->id, predicate, to}, true));
    }
  }
  return Status::Ok();
}

// Writes the three files of one pass.
ColumnNames ColumnsBefore(const NamespaceSource& source) {
  return source.old_file != nullptr ? source.old_file->typed_columns() : ColumnNames();
}

class NamespacePass {
 public:
  NamespacePass(StorageBackend& storage, const NamespaceSource& source, TableSchema typed)
      : storage_(storage), source_(source), typed_(std::move(typed)) {}

  Status Open() {
    ASSIGN_OR_RETURN(auto file, storage_.CreatePending(DataPath(source_.ns)));
    data_file_ = std::make_unique<HashingFile>(std::move(file));
    ASSIGN_OR_RETURN(data_, DataFileWriter::Open(*data_file_, typed_));
    return Status::Ok();
  }

  Status Append(const Entity& entity) {
    RETURN_IF_ERROR(fields_.Scan(entity.data));
    counter_.Add(fields_);
    // A value that does not fit its column makes this pass a mere count; the next one has the exact columns.
    if (fits_ && !data_->Append(entity, fields_).ok()) fits_ = false;
    if (!fits_) {
      ++skipped_;
      return Status::Ok();
    }
    if (!source_.digest) digest_.Add(IdToTarget(entity.id), EncodeState(entity));
    bloom_.Add(entity.id);
    if (data_->row_group_count() > row_groups_) {
      row_groups_ = data_->row_group_count();
      bloom_.EndRowGroup();
    }
    return AppendLinks(entity);
  }

  int64_t rows() const { return data_->row_count() + skipped_; }
  const FieldTable& counts() const { return counter_.table(); }
  // True if the columns are those that the exact counts ask for.
  bool exact() const {
    if (!fits_) return false;
    TableSchema wanted = TypedColumns(counts(), rows(), ColumnsBefore(source_));
    auto same = [](const ColumnSpec& a, const ColumnSpec& b) { return a.name == b.name && a.type == b.type; };
    return std::equal(wanted.begin(), wanted.end(), typed_.begin(), typed_.end(), same);
  }

  Result<NamespaceFiles> Finish() {
    NamespaceFiles result;
    result.rows = rows();
    RETURN_IF_ERROR(data_->Finish({.database_id = source_.database_id,
                                   .through = source_.through,
                                   .rows = 0,
                                   .digest = source_.digest.value_or(digest_).Hex(),
                                   .fields = counts()}));
    result.hashes.emplace(data_file_->path(), data_file_->Hash());
    result.files.push_back(data_file_->Release());
    if (rels_ != nullptr) {
      RETURN_IF_ERROR(rels_->Finish(source_.database_id, source_.through));
      result.files.push_back(std::move(rels_file_));
      result.has_links = true;
    }
    bloom_.EndRowGroup();
    ASSIGN_OR_RETURN(auto bloom_file, storage_.CreatePending(BloomPath(source_.ns)));
    RETURN_IF_ERROR(bloom_file->Append(bloom_.Encode()));
    result.files.push_back(std::move(bloom_file));
    return result;
  }

 private:
  Status AppendLinks(const Entity& entity) {
    ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
    if (links.empty()) return Status::Ok();
    if (rels_ == nullptr) {
      ASSIGN_OR_RETURN(rels_file_, storage_.CreatePending(ForwardPath(source_.ns)));
      ASSIGN_OR_RETURN(rels_, RelsFileWriter::Open(*rels_file_, RelsOrder::kForward));
    }
    for (const auto& [predicate, targets] : links) {
      for (const std::string& to : targets) RETURN_IF_ERROR(rels_->Append({entity.id, predicate, to}));
    }
    return Status::Ok();
  }

  StorageBackend& storage_;
  const NamespaceSource& source_;
  TableSchema typed_;
  // The writers are destroyed before the files they write into.
  std::unique_ptr<HashingFile> data_file_;
  std::unique_ptr<PendingFile> rels_file_;
  std::unique_ptr<DataFileWriter> data_;
  std::unique_ptr<RelsFileWriter> rels_;
  BloomFileBuilder bloom_;
  StateDigest digest_;
  ScannedFields fields_;
  FieldCounter counter_;
  int row_groups_ = 0;
  bool fits_ = true;
  int64_t skipped_ = 0;
};

// Columns from the old file's counts and a sample of what is to come. The sample's items are written first.
class ColumnGuess {
 public:
  Result<TableSchema> Choose(const NamespaceSource& source, MergeCursor* merge, LinkChanges* links,
                             std::deque<Entity>* sample) {
    FieldTable counts;
    int64_t rows = 0;
    if (source.old_file != nullptr && source.old_file->footer().rows > 0) {
      counts = source.old_file->footer().fields;
      rows = source.old_file->footer().rows;
      return TypedColumns(counts, rows, ColumnsBefore(source));
    }
    MergeCursor::Item item;
    uint64_t bytes = 0;
    while (sample->size() < kSampleEntities && bytes < kSampleBytes) {
      ASSIGN_OR_RETURN(bool more, merge->Next(&item));
      if (!more) break;
      if (item.changed || source.all_links) {
        RETURN_IF_ERROR(HandOnLinks(item.before, item.alive ? &item.entity : nullptr, links));
      }
      if (!item.alive) continue;
      RETURN_IF_ERROR(CountFields(item.entity.data, &counts));
      bytes += item.entity.data.size();
      sample->push_back(item.entity);
      ++rows;
    }
    return TypedColumns(counts, rows);
  }
};

}  // namespace

LinkChanges::LinkChanges() : sorter_(kLinkBudgetBytes) {}

Status LinkChanges::Add(const LinkRow& link, bool present) {
  // Ids and predicates have no control characters, so NUL keeps the parts apart and in order.
  std::string key = link.to;
  key.append(1, '\0').append(link.predicate).append(1, '\0').append(link.from);
  return sorter_.Add(key, present ? "+" : "-");
}

Status LinkChanges::Finish() { return sorter_.Finish(); }

Result<bool> LinkChanges::NextRaw(Item* item) {
  std::string_view key, payload;
  ASSIGN_OR_RETURN(bool more, sorter_.Next(&key, &payload));
  if (!more) return false;
  size_t first = key.find('\0'), second = key.find('\0', first + 1);
  item->link.to.assign(key.substr(0, first));
  item->link.predicate.assign(key.substr(first + 1, second - first - 1));
  item->link.from.assign(key.substr(second + 1));
  item->present = payload == "+";
  return true;
}

Result<bool> LinkChanges::Next(Item* item) {
  if (!started_) {
    started_ = true;
    ASSIGN_OR_RETURN(has_ahead_, NextRaw(&ahead_));
  }
  if (!has_ahead_) return false;
  do {
    std::swap(*item, ahead_);
    ASSIGN_OR_RETURN(has_ahead_, NextRaw(&ahead_));
  } while (has_ahead_ && ahead_.link == item->link);
  return true;
}

Result<NamespaceFiles> RewriteNamespace(StorageBackend& storage, const NamespaceSource& source, ChangeStream* stream,
                                        const std::function<Result<std::unique_ptr<ChangeCursor>>()>& reopen,
                                        LinkChanges* links) {
  MergeCursor merge(source, stream);
  RETURN_IF_ERROR(merge.Open());
  std::deque<Entity> sample;
  ASSIGN_OR_RETURN(TableSchema typed, ColumnGuess().Choose(source, &merge, links, &sample));
  NamespacePass pass(storage, source, typed);
  RETURN_IF_ERROR(pass.Open());
  for (; !sample.empty(); sample.pop_front()) RETURN_IF_ERROR(pass.Append(sample.front()));
  MergeCursor::Item item;
  while (true) {
    ASSIGN_OR_RETURN(bool more, merge.Next(&item));
    if (!more) break;
    if (item.changed || source.all_links) {
      RETURN_IF_ERROR(HandOnLinks(item.before, item.alive ? &item.entity : nullptr, links));
    }
    if (item.alive) RETURN_IF_ERROR(pass.Append(item.entity));
  }
  if (pass.exact()) return pass.Finish();

  ASSIGN_OR_RETURN(auto again, reopen());
  ChangeStream second{.cursor = again.get(), .change = {}, .more = false};
  ASSIGN_OR_RETURN(second.more, again->Next(&second.change));
  MergeCursor second_merge(source, &second);
  RETURN_IF_ERROR(second_merge.Open());
  NamespacePass exact_pass(storage, source, TypedColumns(pass.counts(), pass.rows(), ColumnsBefore(source)));
  RETURN_IF_ERROR(exact_pass.Open());
  while (true) {
    ASSIGN_OR_RETURN(bool more, second_merge.Next(&item));
    if (!more) break;
    if (item.alive) RETURN_IF_ERROR(exact_pass.Append(item.entity));
  }
  if (!exact_pass.exact()) return Corruption(DataPath(source.ns) + ": two passes over the same log differ");
  return exact_pass.Finish();
}

}  // namespace parquedb
