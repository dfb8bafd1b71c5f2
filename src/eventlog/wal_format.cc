#include "eventlog/wal_format.h"

#include <fmt/format.h>

#include <cstring>

#include "core/crc32c.h"
#include "core/limits.h"
#include "core/ulid.h"

namespace parquedb {
namespace {

constexpr std::string_view kMagic("PQWAL\0", 6);
constexpr uint16_t kVersion = 1;
constexpr uint8_t kBatchGoesOn = 1;
constexpr size_t kUlidText = 26;

template <typename T>
void Put(std::string* out, T number) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
  out->append(bytes, sizeof(T));
}

template <typename T>
T Get(std::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(T); ++i) number |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return static_cast<T>(number);
}

void PutText(std::string* out, const std::optional<std::string>& text) {
  Put<uint32_t>(out, text ? static_cast<uint32_t>(text->size() + 1) : 0);
  if (text) out->append(*text);
}

// A length + 1, and so many bytes; 0 is an absent text.
bool TakeText(std::string_view* bytes, std::optional<std::string>* text) {
  if (bytes->size() < 4) return false;
  uint32_t length = Get<uint32_t>(*bytes, 0);
  bytes->remove_prefix(4);
  text->reset();
  if (length == 0) return true;
  if (length - 1 > bytes->size()) return false;
  text->emplace(bytes->substr(0, length - 1));
  bytes->remove_prefix(length - 1);
  return true;
}

bool DecodePayload(std::string_view bytes, Event* event) {
  if (bytes.size() < 16 + 8 + 1) return false;
  Ulid id;
  std::memcpy(id.bytes.data(), bytes.data(), 16);
  event->id = id.ToString();
  event->ts_ms = Get<int64_t>(bytes, 16);
  uint8_t op = Get<uint8_t>(bytes, 24);
  if (op > 2) return false;
  event->op = static_cast<Op>(op);
  bytes.remove_prefix(25);
  std::optional<std::string> target;
  bool good = TakeText(&bytes, &target) && target && TakeText(&bytes, &event->before) &&
              TakeText(&bytes, &event->after) && TakeText(&bytes, &event->actor) &&
              TakeText(&bytes, &event->metadata) && bytes.empty();
  if (good) event->target = std::move(*target);
  return good;
}

uint32_t FrameChecksum(std::string_view frame) { return Crc32c(frame.substr(8), Crc32c(frame.substr(0, 4))); }

struct Frame {
  std::string_view payload;
  int64_t lsn = 0, synced = 0;
  bool batch_goes_on = false;
  size_t bytes = 0;
};

// The frame at `at`, if there is a sound one.
std::optional<Frame> FrameAt(std::string_view bytes, size_t at) {
  if (bytes.size() - at < kFrameHeaderBytes) return std::nullopt;
  uint32_t length = Get<uint32_t>(bytes, at);
  if (length == 0 || length > kMaxFrameBytes || length > bytes.size() - at - kFrameHeaderBytes) return std::nullopt;
  std::string_view frame = bytes.substr(at, kFrameHeaderBytes + length);
  if (FrameChecksum(frame) != Get<uint32_t>(frame, 4)) return std::nullopt;
  return Frame{frame.substr(kFrameHeaderBytes), Get<int64_t>(frame, 8), Get<int64_t>(frame, 16),
               (Get<uint8_t>(frame, 24) & kBatchGoesOn) != 0, frame.size()};
}

// What is unreadable at `at`, where lsn `lsn` belongs, had been acknowledged if a later frame says that it was durable.
Status CheckTorn(std::string_view bytes, size_t at, int64_t lsn, const std::string& name) {
  for (size_t later = at + 1; later + kFrameHeaderBytes <= bytes.size(); ++later) {
    int64_t later_lsn = Get<int64_t>(bytes, later + 8);
    if (later_lsn <= lsn || later_lsn - lsn > static_cast<int64_t>(bytes.size())) continue;
    auto frame = FrameAt(bytes, later);
    if (!frame || frame->synced < lsn) continue;
    return Corruption(
        fmt::format("{}: the frame of lsn {} at byte {} is damaged; lsn {} at byte {} shows that it was acknowledged",
                    name, lsn, at, frame->lsn, later),
        "parquedb verify; then pull from a backup");
  }
  return Status::Ok();
}

}  // namespace

std::string EncodeWalHeader(const WalHeader& header) {
  std::string out(kMagic);
  Put<uint16_t>(&out, kVersion);
  Put<int64_t>(&out, header.first_lsn);
  out.append(header.database_id).append(header.line);
  Put<uint32_t>(&out, Crc32c(out));
  return out;
}

Status AppendFrame(std::string* out, const Event& event, int64_t synced, bool batch_goes_on) {
  size_t begin = out->size();
  Put<uint32_t>(out, 0);
  Put<uint32_t>(out, 0);
  Put<int64_t>(out, event.lsn);
  Put<int64_t>(out, synced);
  Put<uint8_t>(out, batch_goes_on ? kBatchGoesOn : 0);
  auto id = Ulid::Parse(event.id);
  if (!id) return InvalidData("'" + event.id + "' is no ULID");
  out->append(reinterpret_cast<const char*>(id->bytes.data()), id->bytes.size());
  Put<int64_t>(out, event.ts_ms);
  Put<uint8_t>(out, static_cast<uint8_t>(event.op));
  PutText(out, event.target);
  PutText(out, event.before);
  PutText(out, event.after);
  PutText(out, event.actor);
  PutText(out, event.metadata);
  uint64_t payload = out->size() - begin - kFrameHeaderBytes;
  if (payload > kMaxFrameBytes) {
    out->resize(begin);
    return InvalidData(
        fmt::format("the event of {} has {} bytes; at most {} are allowed", event.target, payload, kMaxFrameBytes));
  }
  for (size_t i = 0; i < 4; ++i) (*out)[begin + i] = static_cast<char>(payload >> (8 * i));
  uint32_t checksum = FrameChecksum(std::string_view(*out).substr(begin));
  for (size_t i = 0; i < 4; ++i) (*out)[begin + 4 + i] = static_cast<char>(checksum >> (8 * i));
  return Status::Ok();
}

Result<WalContents> DecodeWal(std::string_view bytes, const std::string& name) {
  if (bytes.size() < kWalHeaderBytes || !bytes.starts_with(kMagic)) return Corruption(name + ": no WAL header");
  uint16_t version = Get<uint16_t>(bytes, kMagic.size());
  if (version > kVersion)
    return Unsupported(fmt::format("{} has format version {}; this program reads {}", name, version, kVersion),
                       "use a newer parquedb");
  if (Crc32c(bytes.substr(0, kWalHeaderBytes - 4)) != Get<uint32_t>(bytes, kWalHeaderBytes - 4))
    return Corruption(name + ": the header's checksum is wrong");
  WalContents contents;
  contents.header = {Get<int64_t>(bytes, 8), std::string(bytes.substr(16, kUlidText)),
                     std::string(bytes.substr(16 + kUlidText, kUlidText))};
  size_t at = kWalHeaderBytes;
  contents.valid_bytes = at;
  int64_t lsn = contents.header.first_lsn;
  size_t complete = 0;
  while (at < bytes.size()) {
    auto frame = FrameAt(bytes, at);
    Event event;
    if (!frame || frame->lsn != lsn || !DecodePayload(frame->payload, &event)) {
      RETURN_IF_ERROR(CheckTorn(bytes, at, lsn, name));
      contents.torn = bytes.find_first_not_of('\0', at) != std::string_view::npos;
      break;
    }
    event.lsn = lsn++;
    contents.events.push_back(std::move(event));
    at += frame->bytes;
    if (!frame->batch_goes_on) {
      complete = contents.events.size();
      contents.valid_bytes = at;
    }
  }
  if (complete < contents.events.size()) contents.torn = true;
  contents.events.resize(complete);
  return contents;
}

}  // namespace parquedb
