//! COPY.
//!
//! Owns: its lowering. Refuses: options of other dialects.

use sqlparser::ast::{
    CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, CopyTarget, Query as SqlQuery,
};

use super::source::Source;
use super::{Lowered, refuse};
use crate::form::{CopyRows, CopySubject, Endpoint, Kind, Statement};
use crate::scan::Kind as Token;

impl Source<'_> {
    pub(super) fn copy(
        &self,
        first: usize,
        source: &CopySource,
        to: bool,
        target: &CopyTarget,
        options: &[CopyOption],
        legacy: &[CopyLegacyOption],
    ) -> Lowered<Kind> {
        let subject = match source {
            CopySource::Table {
                table_name,
                columns,
            } => CopySubject::Table(self.path(table_name)?, self.names(columns)?),
            CopySource::Query(query) => {
                CopySubject::Statement(Box::new(self.copied(first, query)?))
            }
        };
        for option in options {
            self.copy_option(option)?;
        }
        for option in legacy {
            self.copy_legacy_option(option)?;
        }
        let endpoint = match target {
            CopyTarget::Stdin | CopyTarget::Stdout => Endpoint::Client,
            CopyTarget::File { filename: _ } => Endpoint::File,
            CopyTarget::Program { command: _ } => Endpoint::Program,
        };
        Ok(Kind::Copy(CopyRows {
            subject,
            from: !to,
            endpoint,
            filter: None,
        }))
    }

    /// The statement in COPY's brackets.
    pub(super) fn copied(&self, first: usize, query: &SqlQuery) -> Lowered<Statement> {
        let open = first + 1;
        match self.closing(open) {
            Some(close) if self.is_kind(open, Token::Open) => Ok(Statement {
                range: self.bytes(open + 1..close)?,
                kind: self.query_or_write(query)?,
            }),
            _ => refuse("COPY without its bracket"),
        }
    }

    pub(super) fn copy_option(&self, option: &CopyOption) -> Lowered<()> {
        match option {
            CopyOption::Format(name) => self.label(name).map(|_| ()),
            CopyOption::ForceQuote(columns)
            | CopyOption::ForceNotNull(columns)
            | CopyOption::ForceNull(columns) => self.unused_names(columns),
            CopyOption::Freeze(_)
            | CopyOption::Delimiter(_)
            | CopyOption::Null(_)
            | CopyOption::Header(_)
            | CopyOption::Quote(_)
            | CopyOption::Escape(_)
            | CopyOption::Encoding(_) => Ok(()),
        }
    }

    pub(super) fn copy_legacy_option(&self, option: &CopyLegacyOption) -> Lowered<()> {
        match option {
            CopyLegacyOption::Binary
            | CopyLegacyOption::Delimiter(_)
            | CopyLegacyOption::Null(_) => Ok(()),
            CopyLegacyOption::Csv(options) => {
                for option in options {
                    match option {
                        CopyLegacyCsvOption::Header
                        | CopyLegacyCsvOption::Quote(_)
                        | CopyLegacyCsvOption::Escape(_) => {}
                        CopyLegacyCsvOption::ForceQuote(columns)
                        | CopyLegacyCsvOption::ForceNotNull(columns) => {
                            self.unused_names(columns)?;
                        }
                    }
                }
                Ok(())
            }
            CopyLegacyOption::Header => Ok(()),
            CopyLegacyOption::AcceptAnyDate
            | CopyLegacyOption::AcceptInvChars(_)
            | CopyLegacyOption::AddQuotes
            | CopyLegacyOption::AllowOverwrite
            | CopyLegacyOption::BlankAsNull
            | CopyLegacyOption::Bzip2
            | CopyLegacyOption::CleanPath
            | CopyLegacyOption::CompUpdate {
                preset: _,
                enabled: _,
            }
            | CopyLegacyOption::DateFormat(_)
            | CopyLegacyOption::EmptyAsNull
            | CopyLegacyOption::Encrypted { auto: _ }
            | CopyLegacyOption::Escape
            | CopyLegacyOption::Extension(_)
            | CopyLegacyOption::FixedWidth(_)
            | CopyLegacyOption::Gzip
            | CopyLegacyOption::IamRole(_)
            | CopyLegacyOption::IgnoreHeader(_)
            | CopyLegacyOption::Json(_)
            | CopyLegacyOption::Manifest { verbose: _ }
            | CopyLegacyOption::MaxFileSize(_)
            | CopyLegacyOption::Parallel(_)
            | CopyLegacyOption::Parquet
            | CopyLegacyOption::PartitionBy(_)
            | CopyLegacyOption::Region(_)
            | CopyLegacyOption::RemoveQuotes
            | CopyLegacyOption::RowGroupSize(_)
            | CopyLegacyOption::StatUpdate(_)
            | CopyLegacyOption::TimeFormat(_)
            | CopyLegacyOption::TruncateColumns
            | CopyLegacyOption::Zstd
            | CopyLegacyOption::Credentials(_) => refuse("an option of COPY that is not read here"),
        }
    }
}
