// A store whose reads are counted; everything else passes through.
#pragma once

#include <memory>

#include "core/read_meter.h"
#include "parquedb/storage.h"

namespace parquedb {

// `meter` must outlive it and the files opened through it.
std::unique_ptr<StorageBackend> MeterReads(std::shared_ptr<StorageBackend> storage, ReadMeter& meter);

}  // namespace parquedb
