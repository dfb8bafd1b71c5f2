#include "parquedb/storage.h"

namespace parquedb {

Result<std::string> ReadWhole(const ReadableFile& file, uint64_t max_bytes) {
  if (file.size() > max_bytes) {
    return Corruption(std::to_string(file.size()) + " bytes were found, at most " + std::to_string(max_bytes) +
                      " were expected");
  }
  std::string bytes(file.size(), '\0');
  RETURN_IF_ERROR(file.ReadAt(0, bytes));
  return bytes;
}

Result<std::string> ReadWhole(const StorageBackend& storage, std::string_view path, uint64_t max_bytes) {
  ASSIGN_OR_RETURN(auto file, storage.Open(path));
  auto bytes = ReadWhole(*file, max_bytes);
  if (!bytes.ok()) return bytes.status().With(path);
  return bytes;
}

}  // namespace parquedb
