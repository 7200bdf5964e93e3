//! Documents as a Parquet file: a column per field, typed by the vocabulary, named as in a query (`"event.action"`).
//!
//! Fields that may hold several values are lists; times are microseconds in UTC; addresses are text; what has no fixed shape is
//! JSON text, as is a list where one value is documented. Nothing but a value that is not of its field's type is left out.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter, writer::SerializedRowGroupWriter},
    schema::types::{Type, TypePtr},
};
use query::{FieldKind, Value, matching};
use serde_json::Value as Json;

/// Rows of a group: what is in memory at a time, and what a reader can skip.
const GROUP_ROWS: u32 = 50_000;

/// A file that is being written.
pub(super) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    /// Rows at hand.
    rows: u32,
}

struct Column {
    kind: FieldKind,
    is_list: bool,
    /// The row of each value at hand; they rise.
    rows: Vec<u32>,
    values: Values,
}

enum Values {
    Texts(Vec<ByteArray>),
    /// Times are microseconds.
    Longs(Vec<i64>),
    Doubles(Vec<f64>),
    Truths(Vec<bool>),
}

impl<W: Write + Send> Table<W> {
    /// A file with these fields, or with all there are.
    pub(super) fn new(output: W, fields: &[String]) -> io::Result<Self> {
        let names: Vec<&str> = if fields.is_empty() {
            normalize::fields::all().iter().map(|field| field.name.as_str()).collect()
        } else {
            fields.iter().map(String::as_str).collect()
        };
        let columns: Vec<Column> = names.iter().map(|name| Column::new(name)).collect();
        let types = names.iter().zip(&columns).map(|(name, column)| column.schema(name));
        let types = types.collect::<Result<Vec<TypePtr>, _>>().map_err(failed)?;
        let schema = Type::group_type_builder("activity").with_fields(types).build().map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(failed)?))
            .set_created_by(format!("claudetrail {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer =
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        let by_name = names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index)).collect();
        Ok(Self { writer, columns, by_name, rows: 0 })
    }

    /// Adds a document as a row.
    pub(super) fn add(&mut self, document: &Json) -> io::Result<()> {
        self.take(&mut String::new(), document);
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn take(&mut self, path: &mut String, value: &Json) {
        if let Some(index) = self.by_name.get(path.as_str()) {
            self.columns[*index].take(self.rows, value);
        }
        if let Json::Object(members) = value {
            let length = path.len();
            for (name, value) in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                self.take(path, value);
                path.truncate(length);
            }
        }
    }

    fn write_group(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            column.write(&mut group, rows).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        Ok(())
    }

    /// Writes what is at hand and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_group()?;
        self.writer.into_inner().map_err(failed)?.flush()
    }
}

impl Column {
    fn new(name: &str) -> Self {
        let known = normalize::fields::find(name);
        let kind = known.and_then(|field| FieldKind::of_elasticsearch_type(field.elasticsearch_type));
        // Members of a bag, and places, are text.
        let kind = kind.unwrap_or(FieldKind::Flattened);
        let values = match kind {
            FieldKind::Date | FieldKind::Long => Values::Longs(Vec::new()),
            FieldKind::Double => Values::Doubles(Vec::new()),
            FieldKind::Boolean => Values::Truths(Vec::new()),
            _ => Values::Texts(Vec::new()),
        };
        Self { kind, is_list: known.is_some_and(|field| field.is_list), rows: Vec::new(), values }
    }

    fn schema(&self, name: &str) -> Result<TypePtr, ParquetError> {
        let (physical, logical) = match self.kind {
            FieldKind::Date => {
                let times = LogicalType::timestamp(true, TimeUnit::MICROS);
                (Physical::INT64, Some(times))
            }
            FieldKind::Long => (Physical::INT64, None),
            FieldKind::Double => (Physical::DOUBLE, None),
            FieldKind::Boolean => (Physical::BOOLEAN, None),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let leaf = |name, repetition| {
            let builder = Type::primitive_type_builder(name, physical).with_repetition(repetition);
            Ok::<_, ParquetError>(Arc::new(builder.with_logical_type(logical.clone()).build()?))
        };
        if !self.is_list {
            return leaf(name, Repetition::OPTIONAL);
        }
        // As the format wants lists: three levels.
        let elements = Type::group_type_builder("list")
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![leaf("element", Repetition::REQUIRED)?])
            .build()?;
        let list = Type::group_type_builder(name)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::List))
            .with_fields(vec![Arc::new(elements)])
            .build()?;
        Ok(Arc::new(list))
    }

    fn take(&mut self, row: u32, value: &Json) {
        match value {
            Json::Array(elements) if self.is_list => {
                for element in elements {
                    self.single(row, element);
                }
            }
            value => self.single(row, value),
        }
    }

    fn single(&mut self, row: u32, value: &Json) {
        let added = match (&mut self.values, value) {
            (_, Json::Null) => false,
            (Values::Texts(texts), Json::String(text)) => {
                texts.push(text.as_str().into());
                true
            }
            (Values::Texts(texts), other) => {
                texts.push(other.to_string().as_str().into());
                true
            }
            (Values::Longs(longs), value) => {
                let long = match matching::read(value, self.kind) {
                    Some(Value::Integer(number)) => Some(number),
                    Some(Value::Time(time)) => Some(time.as_microsecond()),
                    _ => None,
                };
                longs.extend(long);
                long.is_some()
            }
            (Values::Doubles(doubles), value) => {
                let double = matching::read(value, self.kind);
                doubles.extend(double.as_ref().and_then(|double| match double {
                    Value::Number(number) => Some(*number),
                    _ => None,
                }));
                double.is_some()
            }
            (Values::Truths(truths), value) => {
                let truth = matching::read(value, self.kind);
                truths.extend(truth.as_ref().and_then(|truth| match truth {
                    Value::Boolean(truth) => Some(*truth),
                    _ => None,
                }));
                truth.is_some()
            }
        };
        if added {
            self.rows.push(row);
        }
    }

    /// Writes the values at hand as the next column of a group.
    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
        rows: u32,
    ) -> Result<(), ParquetError> {
        let (definitions, repetitions) = self.levels(rows);
        let levels = (definitions.as_slice(), self.is_list.then_some(repetitions.as_slice()));
        match &mut self.values {
            Values::Texts(texts) => write_values::<ByteArrayType, W>(group, texts, levels)?,
            Values::Longs(longs) => write_values::<Int64Type, W>(group, longs, levels)?,
            Values::Doubles(doubles) => write_values::<DoubleType, W>(group, doubles, levels)?,
            Values::Truths(truths) => write_values::<BoolType, W>(group, truths, levels)?,
        }
        self.rows.clear();
        Ok(())
    }

    /// For each value, and each row without one: how much of the path to it is there, and whether it goes on with the row
    /// before it.
    fn levels(&self, rows: u32) -> (Vec<i16>, Vec<i16>) {
        let present = if self.is_list { 2 } else { 1 };
        let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
        let mut held = self.rows.iter().peekable();
        for row in 0..rows {
            let before = definitions.len();
            while held.next_if(|held| **held == row).is_some() {
                repetitions.push(i16::from(definitions.len() > before));
                definitions.push(present);
            }
            if definitions.len() == before {
                definitions.push(0);
                repetitions.push(0);
            }
        }
        (definitions, repetitions)
    }
}

fn write_values<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &mut Vec<T::T>,
    (definitions, repetitions): (&[i16], Option<&[i16]>),
) -> Result<(), ParquetError> {
    let next = group.next_column()?;
    let mut column = next.ok_or_else(|| ParquetError::General("a column too many".into()))?;
    column.typed::<T>().write_batch(values, Some(definitions), repetitions)?;
    values.clear();
    column.close()
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::Field,
    };
    use serde_json::json;

    /// A field of a row as JSON: times as microseconds.
    fn plain(field: &Field) -> Json {
        match field {
            Field::Str(text) => json!(text),
            Field::Long(number) | Field::TimestampMicros(number) => json!(number),
            Field::Double(number) => json!(number),
            Field::Bool(truth) => json!(truth),
            Field::ListInternal(list) => list.elements().iter().map(plain).collect(),
            Field::Null => Json::Null,
            other => panic!("{other:?} is no kind of ours"),
        }
    }

    fn written(documents: &[Json], fields: &[&str]) -> SerializedFileReader<bytes::Bytes> {
        let mut bytes = Vec::new();
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        let mut table = Table::new(&mut bytes, &fields).unwrap();
        for document in documents {
            table.add(document).unwrap();
        }
        table.finish().unwrap();
        SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn values_come_back_in_their_types() {
        let documents = [
            json!({"@timestamp": "2026-11-23T08:00:00.000001Z", "event": {"action": "a", "severity": 21, "category": ["iam", "configuration"]},
                   "anthropic": {"audit": {"catalogued": false, "metadata": {"x": [1]}, "group": ["one", "two"]}}}),
            json!({"event": {"severity": "21", "category": []}, "related": {"ip": ["10.0.0.1"]}}),
            json!({"@timestamp": "never", "event": {"category": "iam", "severity": "high"}, "source": {"geo": {"location": {"lat": 1.5, "lon": 2.0}}}}),
        ];
        let fields = [
            "@timestamp",
            "event.action",
            "event.severity",
            "event.category",
            "anthropic.audit.catalogued",
            "anthropic.audit.metadata",
            "anthropic.audit.metadata.x",
            "anthropic.audit.group",
            "related.ip",
            "source.geo.location",
        ];
        let reader = written(&documents, &fields);
        let rows: Vec<Vec<Json>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| plain(field)).collect())
            .collect();
        let null = Json::Null;
        let location = json!({"lat": 1.5, "lon": 2.0}).to_string();
        assert_eq!(
            rows,
            [
                vec![
                    json!(1_795_420_800_000_001_i64),
                    json!("a"),
                    json!(21),
                    json!(["iam", "configuration"]),
                    json!(false),
                    json!("{\"x\":[1]}"),
                    json!("[1]"),
                    json!("[\"one\",\"two\"]"),
                    null.clone(),
                    null.clone(),
                ],
                vec![
                    null.clone(),
                    null.clone(),
                    json!(21),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    json!(["10.0.0.1"]),
                    null.clone(),
                ],
                vec![
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    json!(["iam"]),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    null.clone(),
                    json!(location),
                ],
            ]
        );
    }

    #[test]
    fn every_field_is_a_column_and_rows_are_in_groups() {
        let document = json!({"event": {"sequence": 1}});
        let documents = vec![document; GROUP_ROWS as usize + 1];
        let reader = written(&documents, &[]);
        let metadata = reader.metadata();
        assert_eq!(metadata.file_metadata().schema().get_fields().len(), normalize::fields::all().len());
        let groups: Vec<i64> =
            metadata.row_groups().iter().map(parquet::file::metadata::RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [i64::from(GROUP_ROWS), 1]);
    }
}
