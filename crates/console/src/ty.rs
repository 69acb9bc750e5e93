//! Types of PostgreSQL's that the console speaks.
//!
//! Owns: the list, with OIDs, sizes and names. Refuses: `numeric`, whose binary form is its own: what would be one is a
//! `bigint` or a `double precision` here.

/// A type of PostgreSQL's that the console speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Not known yet: a bare string, NULL, a parameter. Sent as text.
    Unknown,
    /// boolean
    Bool,
    /// smallint
    Int2,
    /// integer
    Int4,
    /// bigint
    Int8,
    /// oid
    Oid,
    /// double precision
    Float8,
    /// text
    Text,
    /// varchar
    Varchar,
    /// name
    Name,
    /// "char"
    Char,
    /// timestamp with time zone
    Timestamptz,
    /// date
    Date,
    /// interval
    Interval,
    /// json
    Json,
    /// text[]
    TextArray,
    /// bigint[]
    Int8Array,
    /// regclass, held as the relation's OID
    Regclass,
    /// regtype, held as the type's OID
    Regtype,
    /// regproc, held as the function's OID
    Regproc,
    /// regnamespace, held as the schema's OID
    Regnamespace,
}

/// Every type, with OID, size on the wire and name (pg_type.dat).
pub const TYPES: [(Ty, u32, i16, &str); 20] = [
    (Ty::Bool, 16, 1, "boolean"),
    (Ty::Char, 18, 1, "\"char\""),
    (Ty::Name, 19, 64, "name"),
    (Ty::Int8, 20, 8, "bigint"),
    (Ty::Int2, 21, 2, "smallint"),
    (Ty::Int4, 23, 4, "integer"),
    (Ty::Regproc, 24, 4, "regproc"),
    (Ty::Text, 25, -1, "text"),
    (Ty::Oid, 26, 4, "oid"),
    (Ty::Json, 114, -1, "json"),
    (Ty::Float8, 701, 8, "double precision"),
    (Ty::TextArray, 1009, -1, "text[]"),
    (Ty::Int8Array, 1016, -1, "bigint[]"),
    (Ty::Varchar, 1043, -1, "character varying"),
    (Ty::Date, 1082, 4, "date"),
    (Ty::Timestamptz, 1184, 8, "timestamp with time zone"),
    (Ty::Interval, 1186, 16, "interval"),
    (Ty::Regclass, 2205, 4, "regclass"),
    (Ty::Regtype, 2206, 4, "regtype"),
    (Ty::Regnamespace, 4089, 4, "regnamespace"),
];

/// The short names of pg_type.typname, where they differ from [`TYPES`].
pub const TYPE_NAMES: [(Ty, &str); 9] = [
    (Ty::Bool, "bool"),
    (Ty::Char, "char"),
    (Ty::Int8, "int8"),
    (Ty::Int2, "int2"),
    (Ty::Int4, "int4"),
    (Ty::Float8, "float8"),
    (Ty::TextArray, "_text"),
    (Ty::Int8Array, "_int8"),
    (Ty::Timestamptz, "timestamptz"),
];

impl Ty {
    fn row(self) -> (u32, i16, &'static str) {
        TYPES
            .iter()
            .find(|(ty, ..)| *ty == self)
            .map_or((25, -1, "text"), |(_, oid, size, name)| (*oid, *size, name))
    }

    /// Its OID.
    pub fn oid(self) -> u32 {
        self.row().0
    }

    /// Its size in pg_type.
    pub fn size(self) -> i16 {
        self.row().1
    }

    /// Its name as `format_type` gives it.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// The type of an OID; also of those that are read as if they were one of ours.
    pub fn from_oid(oid: u32) -> Option<Ty> {
        match oid {
            0 | 705 => Some(Ty::Unknown),
            // bpchar, float4, numeric (in text only), timestamp: read and answered as their nearest.
            1042 => Some(Ty::Varchar),
            700 | 1700 => Some(Ty::Float8),
            1114 => Some(Ty::Timestamptz),
            // int2[], int4[], oid[]; name[], varchar[].
            1005 | 1007 | 1028 => Some(Ty::Int8Array),
            1003 | 1015 => Some(Ty::TextArray),
            _ => TYPES
                .iter()
                .find(|(_, o, ..)| *o == oid)
                .map(|(ty, ..)| *ty),
        }
    }

    /// A whole number in the engine and on the wire.
    pub fn is_integer(self) -> bool {
        matches!(self, Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Oid)
    }

    /// An OID that is shown as a name.
    pub fn is_reg(self) -> bool {
        matches!(
            self,
            Ty::Regclass | Ty::Regtype | Ty::Regproc | Ty::Regnamespace
        )
    }

    /// A number.
    pub fn is_number(self) -> bool {
        self.is_integer() || self == Ty::Float8
    }

    /// Text, under any of its names.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Unknown | Ty::Json
        )
    }

    /// An array.
    pub fn is_array(self) -> bool {
        matches!(self, Ty::TextArray | Ty::Int8Array)
    }
}
