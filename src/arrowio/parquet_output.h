// A Parquet file, made row group by row group; its pages are made on two threads. Inside this folder only.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/bloom_filter_writer.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <memory>
#include <vector>

#include "arrowio/text_pages.h"
#include "columnar/table.h"

namespace parquedb {

// What all methods throw is Parquet's or the sink's.
class ParquetOutput {
 public:
  ParquetOutput(std::shared_ptr<arrow::io::OutputStream> sink, const TableSchema& schema, int sorted_by,
                const TableWriterOptions& options);
  // Clears the buffers. With two threads the pages of the row group are all held before the first is written; else
  // documents are written as they are made, and of their pages about a megabyte is held.
  void WriteRowGroup(std::vector<ColumnBuffer>* columns, bool two_threads);
  void Close(const std::shared_ptr<const arrow::KeyValueMetadata>& footer);

 private:
  struct Chunk;
  struct TextRun;
  Chunk OpenChunk(size_t column, bool hold, parquet::RowGroupMetaDataBuilder* metadata);
  void CutRuns(const ColumnBuffer& buffer, Chunk* chunk);
  void MakeOnTwoThreads(std::vector<Chunk>* chunks, std::vector<ColumnBuffer>* columns);

  std::shared_ptr<arrow::io::OutputStream> sink_;
  TableSchema columns_;
  TableWriterOptions options_;
  std::shared_ptr<parquet::WriterProperties> properties_, plain_properties_;
  std::vector<bool> plain_;  // of a column: it goes without its dictionary from here on
  parquet::SchemaDescriptor schema_;
  std::unique_ptr<parquet::FileMetaDataBuilder> metadata_;
  std::unique_ptr<parquet::PageIndexBuilder> page_index_;
  std::unique_ptr<parquet::BloomFilterBuilder> bloom_filters_;
  ZstdCompressor compressor_;
  TextPageMaker maker_, second_maker_;
  std::vector<std::unique_ptr<PageMemory>> memory_;
  int16_t row_groups_ = 0;
};

}  // namespace parquedb
