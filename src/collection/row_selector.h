// Which rows of a data file fit a condition over its columns, found without reading a document.
#pragma once

#include "collection/data_file.h"
#include "query/column_plan.h"

namespace parquedb {

// The columns of a data file that hold fields exactly: $id, $type, $version, times and actors, and the typed columns.
// Of a typed column each row has the field with a value of the column's type, or null, or not at all: the writer
// refuses every other row.
ColumnCatalog CatalogOf(const DataFile& file);

// What the condition keeps of a row group, by its statistics alone.
Coverage CoverageOfGroup(const TableReader& table, int row_group, const ColumnCondition& condition);

// The rows (of the file) for which the condition holds. Reads of each column only the pages whose bounds leave it open,
// and of a column behind an $and only those with rows that the ones before it left. Any thread.
Result<RowSpans> SelectRows(const TableReader& table, int row_group, const ColumnCondition& condition);

// Both ascending.
RowSpans Union(const RowSpans& a, const RowSpans& b);
RowSpans Intersection(const RowSpans& a, const RowSpans& b);

}  // namespace parquedb
