#include "core/text_spool.h"

namespace parquedb {

Result<TextSpool::Place> TextSpool::Append(std::string_view text) {
  if (recent_.size() + text.size() > memory_bytes_ && !recent_.empty()) {
    RETURN_IF_ERROR(file_.Open());
    RETURN_IF_ERROR(file_.Append(recent_));
    recent_.clear();
  }
  Place place{file_.size() + recent_.size(), static_cast<uint32_t>(text.size())};
  recent_.append(text);
  return place;
}

Result<std::string> TextSpool::Read(const Place& place) const {
  if (place.offset >= file_.size()) return recent_.substr(place.offset - file_.size(), place.bytes);
  std::string text(place.bytes, '\0');
  RETURN_IF_ERROR(file_.ReadAt(place.offset, text.data(), text.size()));
  return text;
}

}  // namespace parquedb
