//! Names of types.
//!
//! Owns: the lowering of `DataType` to the first word of the type's name. Refuses: types of other dialects, and type
//! names that are key words for something else.

use sqlparser::ast::{ArrayElemTypeDef, DataType, GeometricTypeKind, TimezoneInfo};

use super::keywords::{Use, use_of};
use super::source::Source;
use super::{Lowered, refuse};
use crate::form::Path;

impl Source<'_> {
    /// The first word or the path of a type's name.
    pub(super) fn data_type(&self, data_type: &DataType) -> Lowered<Path> {
        let word = match data_type {
            DataType::Custom(name, modifiers) => {
                // Modifiers of types we do not know are constants, and come as text.
                let _ = modifiers;
                let path = self.path(name)?;
                return match path.as_slice() {
                    [one] if use_of(one) == Some(Use::Column) && self.is_bare_word(name, one) => {
                        refuse("a key word as the name of a type")
                    }
                    _ => Ok(path),
                };
            }
            DataType::Array(
                ArrayElemTypeDef::SquareBracket(element, _)
                | ArrayElemTypeDef::Qualified(element, _),
            ) => {
                return self.data_type(element);
            }
            DataType::Array(
                ArrayElemTypeDef::None
                | ArrayElemTypeDef::AngleBracket(_)
                | ArrayElemTypeDef::Parenthesis(_),
            ) => return refuse("an array type that is not PostgreSQL"),
            DataType::Character(_) | DataType::CharacterVarying(_) => "character",
            DataType::Char(_) | DataType::CharVarying(_) => "char",
            DataType::Varchar(_) => "varchar",
            DataType::Uuid => "uuid",
            DataType::Numeric(_) => "numeric",
            DataType::Decimal(_) => "decimal",
            DataType::Dec(_) => "dec",
            DataType::Float(_) => "float",
            DataType::Int2(_) => "int2",
            DataType::SmallInt(_) => "smallint",
            DataType::Int(_) => "int",
            DataType::Int4(_) => "int4",
            DataType::Int8(_) => "int8",
            DataType::Integer(_) => "integer",
            DataType::BigInt(_) => "bigint",
            DataType::Float4 => "float4",
            DataType::Real => "real",
            DataType::Float8 => "float8",
            DataType::DoublePrecision => "double",
            DataType::Bool => "bool",
            DataType::Boolean => "boolean",
            DataType::Date => "date",
            DataType::Time(_, TimezoneInfo::Tz) => "timetz",
            DataType::Time(
                _,
                TimezoneInfo::None | TimezoneInfo::WithTimeZone | TimezoneInfo::WithoutTimeZone,
            ) => "time",
            DataType::Timestamp(_, TimezoneInfo::Tz) => "timestamptz",
            DataType::Timestamp(
                _,
                TimezoneInfo::None | TimezoneInfo::WithTimeZone | TimezoneInfo::WithoutTimeZone,
            ) => "timestamp",
            DataType::Interval {
                fields: _,
                precision: _,
            } => "interval",
            DataType::JSON => "json",
            DataType::JSONB => "jsonb",
            DataType::Regclass => "regclass",
            DataType::Text => "text",
            DataType::Bytea => "bytea",
            DataType::Bit(_) | DataType::BitVarying(_) => "bit",
            DataType::VarBit(_) => "varbit",
            DataType::TsVector => "tsvector",
            DataType::TsQuery => "tsquery",
            DataType::GeometricType(kind) => match kind {
                GeometricTypeKind::Point => "point",
                GeometricTypeKind::Line => "line",
                GeometricTypeKind::LineSegment => "lseg",
                GeometricTypeKind::GeometricBox => "box",
                GeometricTypeKind::GeometricPath => "path",
                GeometricTypeKind::Polygon => "polygon",
                GeometricTypeKind::Circle => "circle",
            },
            DataType::Trigger
            | DataType::Table(_)
            | DataType::NamedTable {
                name: _,
                columns: _,
            }
            | DataType::Nvarchar(_)
            | DataType::CharacterLargeObject(_)
            | DataType::CharLargeObject(_)
            | DataType::Clob(_)
            | DataType::Binary(_)
            | DataType::Varbinary(_)
            | DataType::Blob(_)
            | DataType::TinyBlob
            | DataType::MediumBlob
            | DataType::LongBlob
            | DataType::Bytes(_)
            | DataType::DecimalUnsigned(_)
            | DataType::BigNumeric(_)
            | DataType::BigDecimal(_)
            | DataType::DecUnsigned(_)
            | DataType::FloatUnsigned(_)
            | DataType::TinyInt(_)
            | DataType::TinyIntUnsigned(_)
            | DataType::UTinyInt
            | DataType::Int2Unsigned(_)
            | DataType::SmallIntUnsigned(_)
            | DataType::USmallInt
            | DataType::MediumInt(_)
            | DataType::MediumIntUnsigned(_)
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Int128
            | DataType::Int256
            | DataType::IntUnsigned(_)
            | DataType::Int4Unsigned(_)
            | DataType::IntegerUnsigned(_)
            | DataType::HugeInt
            | DataType::UHugeInt
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
            | DataType::UInt128
            | DataType::UInt256
            | DataType::BigIntUnsigned(_)
            | DataType::UBigInt
            | DataType::Int8Unsigned(_)
            | DataType::Signed
            | DataType::SignedInteger
            | DataType::Unsigned
            | DataType::UnsignedInteger
            | DataType::Float32
            | DataType::Float64
            | DataType::RealUnsigned
            | DataType::Double(_)
            | DataType::DoubleUnsigned(_)
            | DataType::DoublePrecisionUnsigned
            | DataType::Date32
            | DataType::Datetime(_)
            | DataType::Datetime64(_, _)
            | DataType::TimestampNtz(_)
            | DataType::TinyText
            | DataType::MediumText
            | DataType::LongText
            | DataType::String(_)
            | DataType::FixedString(_)
            | DataType::Map(_, _, _)
            | DataType::Tuple(_)
            | DataType::Nested(_)
            | DataType::Enum(_, _)
            | DataType::Set(_)
            | DataType::Struct(_, _)
            | DataType::Union(_)
            | DataType::Nullable(_)
            | DataType::LowCardinality(_)
            | DataType::Unspecified
            | DataType::AnyType => return refuse("a type that is not PostgreSQL"),
        };
        Ok(vec![word.to_owned()])
    }
}
