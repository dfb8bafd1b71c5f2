#include "verify/derived_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "model/layout.h"

namespace parquedb {
namespace {

class Opener {
 public:
  explicit Opener(Subject& subject) : subject_(subject), report_(subject.report) {}

  Result<DerivedFiles> Run() {
    for (const auto& [path, through] : subject_.view.files) {
      auto name = ParsePath(path);
      auto pinned = subject_.view.derived.find(path);
      // A missing one has been counted.
      Status opened =
          pinned == subject_.view.derived.end() ? NotFound(path) : OpenOne(path, *name, pinned->second, through);
      if (opened.ok()) continue;
      files_.damaged.push_back(path);
      if (opened.code() != StatusCode::kNotFound)
        RETURN_IF_ERROR(report_.Judge(Check::kParquet, {.path = path, .ns = name->ns}, opened));
    }
    return std::move(files_);
  }

 private:
  Status OpenOne(const std::string& path, const LayoutName& name, const std::shared_ptr<const ReadableFile>& handle,
                 int64_t entry) {
    const std::string& database_id = subject_.view.manifest.database_id;
    if (name.kind == FileKind::kData) {
      DataSubject data{
          .path = path, .file = nullptr, .bloom = std::nullopt, .cut = 0, .size = static_cast<int64_t>(handle->size())};
      ASSIGN_OR_RETURN(data.file, DataFile::Open(handle, path, database_id));
      if (subject_.level >= VerifyLevel::kFull) RETURN_IF_ERROR(data.file->table().CheckWithArrow());
      data.cut = CutOf(path, name.ns, data.file->footer().through, entry);
      RETURN_IF_ERROR(OpenBloom(name.ns, &data));
      files_.data.emplace(name.ns, std::move(data));
      return Status::Ok();
    }
    RelsSubject rels{.path = path, .file = nullptr, .cut = 0};
    ASSIGN_OR_RETURN(rels.file, RelsFile::Open(handle, path, database_id));
    rels.cut = CutOf(path, name.ns, rels.file->through(), entry);
    (name.kind == FileKind::kForward ? files_.forward : files_.reverse).emplace(name.ns, std::move(rels));
    return Status::Ok();
  }

  // A file is right through its own lsn, and through the checkpoint when it had no reason to be rewritten.
  int64_t CutOf(const std::string& path, const std::string& ns, int64_t through, int64_t entry) {
    if (through < entry) {
      report_.Critical(Check::kParquet, {.path = path, .ns = ns, .lsn_range = LsnRange{through + 1, entry}},
                       fmt::format("it goes through lsn {}; events/manifest.json says {}", through, entry));
      return through;
    }
    if (through > subject_.view.head) {
      report_.Critical(Check::kParquet, {.path = path, .ns = ns},
                       fmt::format("it goes through lsn {}; the log ends at {}", through, subject_.view.head));
    }
    return std::max(through, subject_.view.checkpoint);
  }

  Status OpenBloom(const std::string& ns, DataSubject* data) {
    std::string path = BloomPath(ns);
    auto bytes = ReadWhole(subject_.storage, path, kMaxManifestBytes);
    if (!bytes.ok() && bytes.status().code() == StatusCode::kNotFound) {
      bool counted = subject_.record && subject_.record->files.contains(path);
      if (!counted)
        report_.Critical(Check::kIndexes, {.path = path, .ns = ns}, "it is missing; each data file has its bloom file");
      return Status::Ok();
    }
    if (!bytes.ok()) return report_.Judge(Check::kIndexes, {.path = path, .ns = ns}, bytes.status());
    auto bloom = BloomFile::Decode(std::move(*bytes), path);
    if (!bloom.ok()) return report_.Judge(Check::kIndexes, {.path = path, .ns = ns}, bloom.status());
    if (bloom->row_group_count() != data->file->table().row_group_count()) {
      std::string message = fmt::format("it has filters for {} row groups; the data file has {}",
                                        bloom->row_group_count(), data->file->table().row_group_count());
      subject_.cut_off ? report_.Warning(Check::kIndexes, {.path = path, .ns = ns}, message)
                       : report_.Critical(Check::kIndexes, {.path = path, .ns = ns}, message);
      return Status::Ok();
    }
    data->bloom = std::move(*bloom);
    return Status::Ok();
  }

  Subject& subject_;
  Report& report_;
  DerivedFiles files_;
};

}  // namespace

bool DerivedFiles::IsDamaged(const std::string& path) const {
  return std::find(damaged.begin(), damaged.end(), path) != damaged.end();
}

std::vector<int64_t> DerivedFiles::CutsOf(const Subject& subject) const {
  std::set<int64_t> cuts = {subject.view.head, subject.view.checkpoint};
  if (subject.record && subject.record->metadata) cuts.insert(subject.record->metadata->checkpoint);
  for (const auto& [ns, file] : data) cuts.insert(file.cut);
  for (const auto& [ns, file] : forward) cuts.insert(file.cut);
  for (const auto& [ns, file] : reverse) cuts.insert(file.cut);
  return {cuts.begin(), cuts.end()};
}

Result<DerivedFiles> OpenDerivedFiles(Subject& subject) { return Opener(subject).Run(); }

}  // namespace parquedb
