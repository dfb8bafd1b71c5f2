#include "storage/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "core/check.h"
#include "core/limits.h"

namespace parquedb {
namespace {

constexpr size_t kBlockBytes = 256 * kKiB;  // of compressed bytes, read or written at a time
constexpr int kGzipHeader = 16;             // zlib: window bits above this mean gzip
constexpr int kGzipLevel = 6;
constexpr int kMemoryLevel = 8;  // zlib's default
constexpr int kZstdLevel = 3;

// Compressed bytes that were read and not yet used.
class CompressedInput {
 public:
  explicit CompressedInput(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}
  // Some bytes, or none at the end of the input.
  Result<std::string_view> Peek() {
    if (begin_ == bytes_.size() && !ended_) {
      bytes_.clear();
      begin_ = 0;
      ASSIGN_OR_RETURN(size_t got, input_->Read(kBlockBytes, &bytes_));
      ended_ = got == 0;
    }
    return std::string_view(bytes_).substr(begin_);
  }
  void Take(size_t bytes) {
    begin_ += bytes;
    taken_ += bytes;
  }
  uint64_t taken() const { return taken_; }  // offset of the next byte

 private:
  std::unique_ptr<InputStream> input_;
  std::string bytes_;
  size_t begin_ = 0;
  uint64_t taken_ = 0;
  bool ended_ = false;
};

Status Cut(const char* kind, uint64_t bytes) {
  return InvalidData(bytes == 0 ? std::string("there is no byte in it where a ") + kind + " stream was expected"
                                : std::string("the ") + kind + " stream is cut: it ends inside a part, after " +
                                      std::to_string(bytes) + " bytes");
}

Status Damaged(const char* kind, uint64_t offset, const char* why) {
  return InvalidData(std::string("the ") + kind + " stream is damaged near byte " + std::to_string(offset) + ": " +
                     (why != nullptr ? why : "its data contradict themselves"));
}

// The part that both kinds share.
class InflatingInput : public InputStream {
 public:
  explicit InflatingInput(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}
  Result<size_t> Read(size_t bytes, std::string* out) override {
    size_t before = out->size();
    out->resize(before + bytes);
    auto got = Inflate(out->data() + before, bytes);
    out->resize(before + (got.ok() ? *got : 0));
    return got;
  }

 protected:
  // At least one byte, or 0 at the end of the last part.
  virtual Result<size_t> Inflate(char* out, size_t bytes) = 0;
  CompressedInput input_;
  bool between_ = false;  // a part (a gzip member, a zstd frame) has ended, none has begun
};

class GzipInput : public InflatingInput {
 public:
  explicit GzipInput(std::unique_ptr<InputStream> input) : InflatingInput(std::move(input)) {
    PARQUEDB_CHECK(::inflateInit2(&stream_, MAX_WBITS + kGzipHeader) == Z_OK);
  }
  ~GzipInput() override { ::inflateEnd(&stream_); }

 private:
  Result<size_t> Inflate(char* out, size_t bytes) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(bytes, UINT32_MAX));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room) {
      ASSIGN_OR_RETURN(std::string_view more, input_.Peek());
      if (more.empty()) return between_ ? Result<size_t>(size_t{0}) : Cut("gzip", input_.taken());
      if (between_ && more.front() == '\0') {  // tapes are padded with zeros
        padded_ = true;
        input_.Take(std::min(more.find_first_not_of('\0'), more.size()));
        continue;
      }
      if (between_ && padded_) return Damaged("gzip", input_.taken(), "bytes follow behind its padding");
      between_ = false;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(more.data()));
      stream_.avail_in = static_cast<uInt>(more.size());
      int state = ::inflate(&stream_, Z_NO_FLUSH);
      input_.Take(more.size() - stream_.avail_in);
      if (state == Z_STREAM_END) {
        between_ = true;
        PARQUEDB_CHECK(::inflateReset(&stream_) == Z_OK);
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        return Damaged("gzip", input_.taken(), state == Z_NEED_DICT ? "it needs a dictionary" : stream_.msg);
      }
    }
    return size_t{room - stream_.avail_out};
  }

  z_stream stream_ = {};
  bool padded_ = false;
};

class ZstdInput : public InflatingInput {
 public:
  explicit ZstdInput(std::unique_ptr<InputStream> input)
      : InflatingInput(std::move(input)), context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    PARQUEDB_CHECK(context_ != nullptr);
  }

 private:
  Result<size_t> Inflate(char* out, size_t bytes) override {
    ZSTD_outBuffer output{out, bytes, 0};
    while (output.pos == 0) {
      ASSIGN_OR_RETURN(std::string_view more, input_.Peek());
      if (more.empty() && between_) return size_t{0};
      ZSTD_inBuffer input{more.data(), more.size(), 0};
      size_t left = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(left)) return Damaged("zstd", input_.taken(), ZSTD_getErrorName(left));
      input_.Take(input.pos);
      between_ = left == 0;
      // With no input left the decoder may still hold bytes of what it was given.
      if (more.empty() && output.pos == 0) return Cut("zstd", input_.taken());
    }
    return output.pos;
  }

  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_;
};

// The part that both kinds share.
class CompressingPending : public CompressingFile {
 public:
  explicit CompressingPending(std::unique_ptr<PendingFile> file) : file_(std::move(file)) {}
  const std::string& path() const override { return file_->path(); }
  uint64_t size() const override { return plain_bytes_; }
  Status Append(std::string_view bytes) override {
    plain_bytes_ += bytes.size();
    plain_.append(bytes);
    return plain_.size() < kBlockBytes ? Status::Ok() : Drain(false);
  }
  Status Close() override { return file_->Close(); }
  Result<std::unique_ptr<PendingFile>> Finish() override {
    RETURN_IF_ERROR(Drain(true));
    return std::move(file_);
  }

 protected:
  // Appends what the compressor gives for these bytes; with `last` all of it, and the end of the stream.
  virtual void Encode(std::string_view plain, bool last, std::string* out) = 0;

 private:
  Status Drain(bool last) {
    std::string encoded;
    Encode(plain_, last, &encoded);
    plain_.clear();
    return file_->Append(encoded);
  }
  std::unique_ptr<PendingFile> file_;
  uint64_t plain_bytes_ = 0;
  std::string plain_;  // not yet compressed
};

class GzipFile : public CompressingPending {
 public:
  explicit GzipFile(std::unique_ptr<PendingFile> file) : CompressingPending(std::move(file)) {
    PARQUEDB_CHECK(::deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, MAX_WBITS + kGzipHeader, kMemoryLevel,
                                  Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipFile() override { ::deflateEnd(&stream_); }

 protected:
  void Encode(std::string_view plain, bool last, std::string* out) override {
    do {
      std::string_view piece = plain.substr(0, kMiB);
      plain.remove_prefix(piece.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream_.avail_in = static_cast<uInt>(piece.size());
      int state = Z_OK;
      do {
        size_t before = out->size();
        out->resize(before + kBlockBytes);
        stream_.next_out = reinterpret_cast<Bytef*>(out->data() + before);
        stream_.avail_out = kBlockBytes;
        state = ::deflate(&stream_, last && plain.empty() ? Z_FINISH : Z_NO_FLUSH);
        PARQUEDB_CHECK(state != Z_STREAM_ERROR);
        out->resize(out->size() - stream_.avail_out);
      } while (stream_.avail_out == 0);
    } while (!plain.empty());
  }

 private:
  z_stream stream_ = {};
};

class ZstdFile : public CompressingPending {
 public:
  explicit ZstdFile(std::unique_ptr<PendingFile> file)
      : CompressingPending(std::move(file)), context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    PARQUEDB_CHECK(context_ != nullptr);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

 protected:
  void Encode(std::string_view plain, bool last, std::string* out) override {
    ZSTD_inBuffer input{plain.data(), plain.size(), 0};
    size_t left = 0;
    do {
      size_t before = out->size();
      out->resize(before + kBlockBytes);
      ZSTD_outBuffer output{out->data() + before, kBlockBytes, 0};
      left = ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      PARQUEDB_CHECK(!ZSTD_isError(left));
      out->resize(before + output.pos);
    } while (input.pos < input.size || (last && left > 0));
  }

 private:
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_;
};

}  // namespace

Compression CompressionOf(std::string_view name) {
  return name.ends_with(".gz") ? Compression::kGzip : name.ends_with(".zst") ? Compression::kZstd : Compression::kNone;
}

std::string_view WithoutCompression(std::string_view name) {
  return CompressionOf(name) == Compression::kNone ? name : name.substr(0, name.rfind('.'));
}

std::unique_ptr<InputStream> Decompress(Compression compression, std::unique_ptr<InputStream> input) {
  switch (compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return std::make_unique<GzipInput>(std::move(input));
    case Compression::kZstd:
      return std::make_unique<ZstdInput>(std::move(input));
  }
  return input;
}

std::unique_ptr<CompressingFile> CompressingFile::Open(Compression compression, std::unique_ptr<PendingFile> file) {
  PARQUEDB_CHECK(compression != Compression::kNone);
  if (compression == Compression::kGzip) return std::make_unique<GzipFile>(std::move(file));
  return std::make_unique<ZstdFile>(std::move(file));
}

}  // namespace parquedb
