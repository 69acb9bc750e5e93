//! The relations of database `tollgate`: names, columns, types, and what they mean.
//!
//! Owns: the list, and each relation's OID. Refuses: to hold rows, and to have a column for a secret: a grant's
//! verifier has no name here, so that no query can ask for it.

use std::sync::OnceLock;

use crate::cell::Ty;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub ty: Ty,
    /// What it means; empty in PostgreSQL's own catalogue.
    pub about: &'static str,
}

/// Where a relation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// `public`: what a DBA asks of.
    Public,
    /// `pg_catalog`: what psql and drivers ask of.
    Catalog,
    /// `information_schema`.
    Information,
}

impl Schema {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Schema::Public => "public",
            Schema::Catalog => "pg_catalog",
            Schema::Information => "information_schema",
        }
    }

    /// Its OID, as PostgreSQL has it.
    pub fn oid(self) -> u32 {
        match self {
            Schema::Public => 2200,
            Schema::Catalog => 11,
            Schema::Information => 13_000,
        }
    }
}

/// A relation.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its OID; stable within a version of Tollgate.
    pub oid: u32,
    /// Schema.
    pub schema: Schema,
    /// Name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Columns.
    pub columns: Vec<Column>,
}

impl Relation {
    /// Its name in the query engine.
    pub fn table(&self) -> String {
        format!("{}.{}", self.schema.name(), self.name)
    }
}

/// name | about | column type meaning; one column a line.
const PUBLIC: &[(&str, &str, &str)] = &[
    (
        "held",
        "statements that wait for a decision now",
        "id int8 number of the hold: APPROVE id 'why'
         waiting interval how long it has waited
         user text who asks
         agent text through which agent
         database text of which database
         class text what kind of statement
         statement text the exact statement
         parameters text[] its parameters
         needs text[] actions and objects it needs
         reason text why it is held
         approver text role that may decide
         policy text policy that holds it
         controls text[] controls the policy names
         search_path text schemas its names are looked up in
         session int8 session that asks
         grant text grant it came by
         created timestamptz when it was asked
         expires timestamptz when it ends undecided",
    ),
    (
        "holds",
        "all holds, decided or not",
        "id int8 number of the hold
         state text held, approved, rejected, spent, expired or withdrawn
         user text who asked
         agent text through which agent
         database text of which database
         class text what kind of statement
         statement text the exact statement
         parameters text[] its parameters
         needs text[] actions and objects it needs
         reason text why it was held
         approver text role that may decide
         policy text policy that held it
         controls text[] controls the policy names
         search_path text schemas its names are looked up in
         session int8 session that asked
         grant text grant it came by
         created timestamptz when it was asked
         expires timestamptz when it ends undecided or unused
         decided timestamptz when it was decided
         decided_by text who decided
         why text what she said",
    ),
    (
        "sessions",
        "sessions: open now, and the last 1,000 that ended",
        "id int8 number of the session: REPLAY id, TERMINATE id
         user text who for
         agent text which agent
         grant text grant it came by
         database text which database
         state text idle, active, idle in transaction, held, or ended
         started timestamptz when it began
         ended timestamptz when it ended
         ended_because text why it ended
         client text address and port
         application text application_name as the client gave it
         tls bool whether the connection is encrypted
         statements int8 statements so far
         hold int8 hold it waits for
         expires timestamptz when its grant ends",
    ),
    (
        "statements",
        "the last 10,000 statements of the session log",
        "session int8 session
         number int8 position within the session
         started timestamptz when it was judged
         user text who for
         agent text which agent
         grant text grant it came by
         database text which database
         class text what kind of statement
         outcome text allow, hold or deny
         statement text the statement, its first 8 kB
         parameters text[] its parameters
         needs text[] actions and objects it needed
         labels text[] labels it touched
         policies text[] policies that decided
         controls text[] controls they name
         hold int8 hold it waited for, or that let it pass
         refusal text SQLSTATE of the refusal
         tags text[] command tags of the server
         rows int8 rows sent to the agent
         masked int8 cells masked among them
         duration interval from sending to the end
         error text SQLSTATE of the server's error
         road text query, parse, execute or function",
    ),
    (
        "grants",
        "agents' access",
        "name text user name of the agent's connection string
         user text who for
         agent text which agent
         database text which database
         roles text[] roles
         purpose text what for
         state text active, expired or revoked
         created timestamptz when it was made
         created_by text who made it
         expires timestamptz when it ends by itself
         revoked timestamptz when it was revoked",
    ),
    (
        "databases",
        "databases behind the gateway",
        "name text name in the agent's connection string
         protocol text postgres or mysql
         upstream text the server: host, port and database
         policies text[] policy files
         labels text label file
         hold_wait interval how long an agent's connection waits in place
         hold_ttl interval how long an undecided hold, and an unused approval, lives
         sessions int8 sessions open now
         held int8 statements that wait now",
    ),
    (
        "policies",
        "policies in force",
        "id text its @id
         database text database it is in force for
         effect text permit or forbid
         hold text role whose approval lifts it
         reason text what the agent is told
         controls text[] controls it names
         file text file it was read from
         policy text its text",
    ),
    (
        "labels",
        "columns with a label, and how they are hidden",
        "database text database
         column text the column, or a pattern
         label text label
         mask text how the value is hidden
         filter text whether a predicate may look at it: allow, equality or deny
         file text file it was read from",
    ),
    (
        "macros",
        "psql's own names for what a DBA does: TABLE macros \\gset",
        "held text :held
         holds text :holds
         sessions text :sessions
         statements text :statements
         grants text :grants
         show text :show 12
         approve text :approve 12 'why';
         reject text :reject 12 'why';
         terminate text :terminate 7;
         replay text :replay 7;
         explain text :explain shop reader 'select …';
         watch text :watch",
    ),
];

/// What `replay(7)` returns; not a relation that can be named.
const REPLAY: &str = "seq int8 position in the log
     at timestamptz when
     event text what happened
     number int8 statement's number within the session
     outcome text allow, hold or deny
     statement text the exact statement
     parameters text[] its parameters
     hold int8 hold
     policies text[] policies that decided
     sqlstate text of a refusal or an error
     rows int8 rows sent to the agent
     masked int8 cells masked among them
     duration interval from sending to the end
     detail text the rest, as text";

/// Name, and `column:type` pairs, after PostgreSQL 15's "System Catalogs"; as far as psql 15 asks for them.
const CATALOG: &[(&str, &str)] = &[
    (
        "pg_class",
        "oid:oid relname:name relnamespace:oid reltype:oid reloftype:oid relowner:oid relam:oid relfilenode:oid reltablespace:oid relpages:int4 reltuples:float8 relallvisible:int4 reltoastrelid:oid relhasindex:bool relisshared:bool relpersistence:char relkind:char relnatts:int2 relchecks:int2 relhasrules:bool relhastriggers:bool relhassubclass:bool relrowsecurity:bool relforcerowsecurity:bool relispopulated:bool relreplident:char relispartition:bool relacl:text[] reloptions:text[] relpartbound:text",
    ),
    (
        "pg_attribute",
        "attrelid:oid attname:name atttypid:oid attstattarget:int4 attlen:int2 attnum:int2 attndims:int4 atttypmod:int4 attbyval:bool attalign:char attstorage:char attcompression:char attnotnull:bool atthasdef:bool atthasmissing:bool attidentity:char attgenerated:char attisdropped:bool attislocal:bool attinhcount:int4 attcollation:oid attacl:text[] attoptions:text[] attfdwoptions:text[]",
    ),
    (
        "pg_namespace",
        "oid:oid nspname:name nspowner:oid nspacl:text[]",
    ),
    (
        "pg_type",
        "oid:oid typname:name typnamespace:oid typowner:oid typlen:int2 typbyval:bool typtype:char typcategory:char typispreferred:bool typisdefined:bool typdelim:char typrelid:oid typelem:oid typarray:oid typinput:regproc typoutput:regproc typreceive:regproc typsend:regproc typnotnull:bool typbasetype:oid typtypmod:int4 typndims:int4 typcollation:oid typdefault:text typacl:text[]",
    ),
    (
        "pg_proc",
        "oid:oid proname:name pronamespace:oid proowner:oid prolang:oid prokind:char prosecdef:bool proleakproof:bool proisstrict:bool proretset:bool provolatile:char proparallel:char pronargs:int2 prorettype:oid proargtypes:int8[] proargnames:text[] prosrc:text proacl:text[]",
    ),
    (
        "pg_database",
        "oid:oid datname:name datdba:oid encoding:int4 datlocprovider:char datistemplate:bool datallowconn:bool datconnlimit:int4 dattablespace:oid datcollate:text datctype:text daticulocale:text datcollversion:text datacl:text[]",
    ),
    (
        "pg_roles",
        "oid:oid rolname:name rolsuper:bool rolinherit:bool rolcreaterole:bool rolcreatedb:bool rolcanlogin:bool rolreplication:bool rolconnlimit:int4 rolpassword:text rolvaliduntil:timestamptz rolbypassrls:bool rolconfig:text[]",
    ),
    (
        "pg_auth_members",
        "roleid:oid member:oid grantor:oid admin_option:bool",
    ),
    (
        "pg_description",
        "objoid:oid classoid:oid objsubid:int4 description:text",
    ),
    ("pg_am", "oid:oid amname:name amhandler:regproc amtype:char"),
    (
        "pg_tablespace",
        "oid:oid spcname:name spcowner:oid spcacl:text[] spcoptions:text[]",
    ),
    (
        "pg_language",
        "oid:oid lanname:name lanowner:oid lanispl:bool lanpltrusted:bool lanacl:text[]",
    ),
    (
        "pg_collation",
        "oid:oid collname:name collnamespace:oid collprovider:char",
    ),
    (
        "pg_settings",
        "name:text setting:text unit:text category:text short_desc:text context:text vartype:text source:text",
    ),
    ("pg_attrdef", "oid:oid adrelid:oid adnum:int2 adbin:text"),
    (
        "pg_index",
        "indexrelid:oid indrelid:oid indnatts:int2 indisunique:bool indisprimary:bool indisexclusion:bool indimmediate:bool indisclustered:bool indisvalid:bool indisready:bool indislive:bool indisreplident:bool indkey:int8[] indoption:int8[] indpred:text indexprs:text",
    ),
    (
        "pg_constraint",
        "oid:oid conname:name connamespace:oid contype:char condeferrable:bool condeferred:bool convalidated:bool conrelid:oid contypid:oid conindid:oid conparentid:oid confrelid:oid confupdtype:char confdeltype:char confmatchtype:char conkey:int8[] confkey:int8[] conbin:text",
    ),
    (
        "pg_policy",
        "oid:oid polname:name polrelid:oid polcmd:char polpermissive:bool polroles:int8[] polqual:text polwithcheck:text",
    ),
    (
        "pg_statistic_ext",
        "oid:oid stxrelid:oid stxname:name stxnamespace:oid stxowner:oid stxstattarget:int4 stxkeys:int8[] stxkind:text[]",
    ),
    (
        "pg_publication",
        "oid:oid pubname:name pubowner:oid puballtables:bool pubinsert:bool pubupdate:bool pubdelete:bool pubtruncate:bool pubviaroot:bool",
    ),
    (
        "pg_publication_namespace",
        "oid:oid pnpubid:oid pnnspid:oid",
    ),
    (
        "pg_publication_rel",
        "oid:oid prpubid:oid prrelid:oid prqual:text prattrs:int8[]",
    ),
    (
        "pg_inherits",
        "inhrelid:oid inhparent:oid inhseqno:int4 inhdetachpending:bool",
    ),
    (
        "pg_extension",
        "oid:oid extname:name extowner:oid extnamespace:oid extrelocatable:bool extversion:text",
    ),
    (
        "pg_trigger",
        "oid:oid tgrelid:oid tgname:name tgfoid:oid tgtype:int2 tgenabled:char tgisinternal:bool tgconstraint:oid tgdeferrable:bool tginitdeferred:bool tgparentid:oid",
    ),
    (
        "pg_rewrite",
        "oid:oid rulename:name ev_class:oid ev_type:char ev_enabled:char is_instead:bool",
    ),
    (
        "pg_foreign_table",
        "ftrelid:oid ftserver:oid ftoptions:text[]",
    ),
    (
        "pg_foreign_server",
        "oid:oid srvname:name srvowner:oid srvfdw:oid",
    ),
    (
        "pg_enum",
        "oid:oid enumtypid:oid enumsortorder:float8 enumlabel:name",
    ),
    ("pg_range", "rngtypid:oid rngsubtype:oid"),
    ("pg_sequence", "seqrelid:oid seqtypid:oid seqstart:int8"),
    (
        "pg_partitioned_table",
        "partrelid:oid partstrat:char partnatts:int2",
    ),
    (
        "pg_db_role_setting",
        "setdatabase:oid setrole:oid setconfig:text[]",
    ),
    (
        "pg_depend",
        "classid:oid objid:oid objsubid:int4 refclassid:oid refobjid:oid refobjsubid:int4 deptype:char",
    ),
    (
        "pg_event_trigger",
        "oid:oid evtname:name evtevent:name evtowner:oid evtfoid:oid evtenabled:char",
    ),
    (
        "pg_cast",
        "oid:oid castsource:oid casttarget:oid castfunc:oid castcontext:char castmethod:char",
    ),
];

const INFORMATION: &[(&str, &str)] = &[
    (
        "tables",
        "table_catalog:name table_schema:name table_name:name table_type:text is_insertable_into:text",
    ),
    (
        "columns",
        "table_catalog:name table_schema:name table_name:name column_name:name ordinal_position:int4 column_default:text is_nullable:text data_type:text udt_name:name",
    ),
    (
        "schemata",
        "catalog_name:name schema_name:name schema_owner:name",
    ),
];

fn type_named(word: &str) -> Ty {
    match word {
        "int8" => Ty::Int8,
        "int4" => Ty::Int4,
        "int2" => Ty::Int2,
        "oid" => Ty::Oid,
        "bool" => Ty::Bool,
        "name" => Ty::Name,
        "char" => Ty::Char,
        "float8" => Ty::Float8,
        "timestamptz" => Ty::Timestamptz,
        "interval" => Ty::Interval,
        "text[]" => Ty::TextArray,
        "int8[]" => Ty::Int8Array,
        "regproc" => Ty::Regproc,
        _ => Ty::Text,
    }
}

fn described(lines: &'static str) -> Vec<Column> {
    lines
        .lines()
        .filter_map(|line| {
            let mut pieces = line.trim().splitn(3, ' ');
            Some(Column {
                name: pieces.next()?,
                ty: type_named(pieces.next()?),
                about: pieces.next().unwrap_or(""),
            })
        })
        .collect()
}

fn paired(pairs: &'static str) -> Vec<Column> {
    pairs
        .split(' ')
        .filter_map(|pair| pair.split_once(':'))
        .map(|(name, ty)| Column {
            name,
            ty: type_named(ty),
            about: "",
        })
        .collect()
}

/// OID of pg_class, as PostgreSQL has it; psql and drivers never ask for the others by number.
pub const PG_CLASS: u32 = 1259;

/// All relations.
pub fn all() -> &'static [Relation] {
    static ALL: OnceLock<Vec<Relation>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut list = Vec::new();
        for (i, (name, about, columns)) in PUBLIC.iter().enumerate() {
            list.push(Relation {
                oid: 16_384 + u32::try_from(i).unwrap_or(0),
                schema: Schema::Public,
                name,
                about,
                columns: described(columns),
            });
        }
        let system = CATALOG.iter().map(|row| (Schema::Catalog, row));
        let information = INFORMATION.iter().map(|row| (Schema::Information, row));
        for (i, (schema, (name, columns))) in system.chain(information).enumerate() {
            list.push(Relation {
                oid: if *name == "pg_class" {
                    PG_CLASS
                } else {
                    12_000 + u32::try_from(i).unwrap_or(0)
                },
                schema,
                name,
                about: "",
                columns: paired(columns),
            });
        }
        list
    })
}

/// What `replay(session)` returns.
pub fn replay() -> &'static Relation {
    static REPLAY_RELATION: OnceLock<Relation> = OnceLock::new();
    REPLAY_RELATION.get_or_init(|| Relation {
        oid: 0,
        schema: Schema::Public,
        name: "replay",
        about: "",
        columns: described(REPLAY),
    })
}

/// Finds a relation the way a search_path of `pg_catalog, public` does.
pub fn find(schema: Option<&str>, name: &str) -> Option<&'static Relation> {
    all().iter().find(|r| {
        r.name == name
            && match schema {
                None => r.schema != Schema::Information,
                Some(s) => r.schema.name() == s,
            }
    })
}

/// Finds a relation by OID.
pub fn by_oid(oid: u32) -> Option<&'static Relation> {
    all().iter().find(|r| r.oid == oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_is_well_formed() {
        let mut oids: Vec<u32> = all().iter().map(|r| r.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        assert_eq!(oids.len(), all().len());
        for relation in all().iter().chain([replay()]) {
            let mut names: Vec<_> = relation.columns.iter().map(|c| c.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), relation.columns.len(), "{}", relation.name);
            assert!(
                !names
                    .iter()
                    .any(|n| n.contains("verifier") || n.contains("secret"))
            );
            if relation.schema == Schema::Public {
                assert!(relation.columns.iter().all(|c| !c.about.is_empty()));
            }
        }
    }
}
