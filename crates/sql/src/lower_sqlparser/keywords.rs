//! PostgreSQL's key words.
//!
//! Owns: the table of the manual's Appendix C, as `pg_get_keywords()` of PostgreSQL 15 gives it, with what 16 to 18
//! added where it is not plainly unreserved. Refuses: nothing; it is data.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What a key word may be used for without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing: reserved.
    Reserved,
    /// The name of a function or type.
    FunctionOrType,
    /// Any name but that of a function or type; some of them are functions with a syntax of their own.
    Column,
}

/// `system_user` since 16.
const RESERVED: &str = "\
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create \
    current_catalog current_date current_role current_time current_timestamp current_user default deferrable \
    desc distinct do else end except false fetch for foreign from grant group having in initially intersect \
    into lateral leading limit localtime localtimestamp not null offset on only or order placing primary \
    references returning select session_user some symmetric system_user table then to trailing true union \
    unique user using variadic when where window with";

const FUNCTION_OR_TYPE: &str = "\
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join \
    left like natural notnull outer overlaps right similar tablesample verbose";

const COLUMN: &str = "\
    between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout \
    int integer interval least national nchar none normalize nullif numeric out overlay position precision real \
    row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement \
    xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

/// Key words that PostgreSQL takes as a column's label only after AS (`SELECT 1 AS day`).
const LABEL_AFTER_AS: &str = "\
    array as char character create day except fetch filter for from grant group having hour intersect into \
    isnull limit minute month notnull offset on order over overlaps precision returning second to union varying \
    where window with within without year";

/// Unreserved key words.
const UNRESERVED: &str = "\
    abort absolute access action add admin after aggregate also alter always asensitive assertion assignment at \
    atomic attach attribute backward before begin breadth by cache call called cascade cascaded catalog chain \
    characteristics checkpoint class close cluster columns comment comments commit committed compression \
    configuration conflict connection constraints content continue conversion copy cost csv cube current cursor \
    cycle data database day deallocate declare defaults deferred definer delete delimiter delimiters depends \
    depth detach dictionary disable discard document domain double drop each enable encoding encrypted enum \
    escape event exclude excluding exclusive execute explain expression extension external family filter \
    finalize first following force forward function functions generated granted groups handler header hold hour \
    identity if immediate immutable implicit import include including increment index indexes inherit inherits \
    inline input insensitive insert instead invoker isolation json key keys label language large last leakproof \
    level listen load local location lock locked logged mapping match matched materialized maxvalue merge \
    method minute minvalue mode month move name names new next nfc nfd nfkc nfkd no normalized nothing notify \
    nowait nulls object of off oids old operator option options ordinality others over overriding owned owner \
    parallel parameter parser partial partition passing password plans policy preceding prepare prepared \
    preserve prior privileges procedural procedure procedures program publication quote range read reassign \
    recheck recursive ref referencing refresh reindex relative release rename repeatable replace replica reset \
    restart restrict return returns revoke role rollback rollup routine routines rows rule savepoint schema \
    schemas scroll search second security sequence sequences serializable server session set sets share show \
    simple skip snapshot spgist sql stable standalone start statement statistics stdin stdout storage stored \
    strict strip subscription support sysid system tables tablespace temp template temporary text ties \
    transaction transform trigger truncate trusted type types uescape unbounded uncommitted unencrypted unknown \
    unlisten unlogged until update vacuum valid validate validator value varying version view views volatile \
    whitespace within without work wrapper write xml year yes zone";

/// Types that sqlparser knows as words of their own: they are nobody's names in its tree.
const TYPES: &str = "\
    bool box bytea circle date float4 float8 int2 int4 int8 jsonb line lseg path point polygon regclass string \
    timestamptz timetz tsquery tsvector uuid varbit";

/// Fields of EXTRACT and INTERVAL.
const FIELDS: &str = "\
    century decade dow doy epoch isodow isoyear julian microseconds millennium milliseconds quarter timezone \
    timezone_hour timezone_minute week years months days hours minutes seconds";

/// Functions, methods, roles and options that it knows so; and the schema in `OPERATOR(pg_catalog.=)`, which it keeps as
/// text.
const OTHER: &str = "\
    ceil floor substr unnest bernoulli bloom brin btree gin gist hash public usage connect pg_catalog format \
    force_quote force_not_null force_null";

static USES: LazyLock<HashMap<&str, Use>> = LazyLock::new(|| {
    let uses = [
        (RESERVED, Use::Reserved),
        (FUNCTION_OR_TYPE, Use::FunctionOrType),
        (COLUMN, Use::Column),
    ];
    uses.into_iter()
        .flat_map(|(words, of)| words.split_whitespace().map(move |word| (word, of)))
        .collect()
});

/// What a word may be used for; None if it is a plain name.
pub(super) fn use_of(word: &str) -> Option<Use> {
    USES.get(word).copied()
}

/// Whether a column's label may be this word without AS before it, in PostgreSQL and in our eyes: reserved words,
/// though PostgreSQL takes some (`SELECT 1 END`), are where readers part ways.
pub(super) fn is_bare_label(word: &str) -> bool {
    static AFTER_AS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| LABEL_AFTER_AS.split_whitespace().collect());
    !matches!(use_of(word), Some(Use::Reserved | Use::FunctionOrType)) && !AFTER_AS.contains(word)
}

/// Whether a word may stand in a statement without being a name.
pub(super) fn is_syntax(word: &str) -> bool {
    static SYNTAX: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        [UNRESERVED, TYPES, FIELDS, OTHER]
            .iter()
            .flat_map(|words| words.split_whitespace())
            .collect()
    });
    SYNTAX.contains(word) || use_of(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_postgresql_says() {
        assert_eq!(USES.len(), 78 + 23 + 51, "a word in two tables");
        assert_eq!(use_of("select"), Some(Use::Reserved));
        assert_eq!(use_of("left"), Some(Use::FunctionOrType));
        assert_eq!(use_of("position"), Some(Use::Column));
        assert_eq!(use_of("customers"), None);
        assert!(is_syntax("begin") && !is_syntax("customers"));
        assert!(is_bare_label("name") && !is_bare_label("end") && !is_bare_label("year"));
    }
}
