//! What each kind of statement does, by the name that the real grammar has for it.
//!
//! Owns: the table. Refuses: statements it does not name; those are a disagreement until a rule is written.

use sql::facts::Action::{
    self, Admin, Alter, Call, CopyIn, CopyOut, Create, Dcl, Ddl, Delete, Drop, Insert, Lock, Merge,
    Session, Truncate, Update,
};

/// Any change of a definition, and what is stricter.
pub const DEFINES: &[Action] = &[Create, Alter, Drop, Ddl, Dcl, Admin];

/// One of these actions must be among a statement's needs; nothing where its parts say it all. None for a statement that is
/// not known.
pub fn does(statement: &str) -> Option<&'static [Action]> {
    Some(match statement {
        // What queries do, their parts say.
        "SelectStmt"
        | "CreateTableAsStmt"
        | "ExplainStmt"
        | "PrepareStmt"
        | "DeclareCursorStmt"
        | "ExecuteStmt"
        | "ReplicaIdentityStmt" => &[],
        "InsertStmt" => &[Insert],
        "UpdateStmt" => &[Update],
        "DeleteStmt" => &[Delete],
        "MergeStmt" => &[Merge],
        "CopyStmt" => &[CopyIn, CopyOut],
        "TruncateStmt" => &[Truncate],
        "LockStmt" => &[Lock],
        "CallStmt" | "DoStmt" | "NotifyStmt" => &[Call],
        "ListenStmt" | "UnlistenStmt" | "VariableShowStmt" | "DiscardStmt" | "DeallocateStmt"
        | "ClosePortalStmt" | "FetchStmt" | "ConstraintsSetStmt" => &[Session],
        "VariableSetStmt" | "TransactionStmt" => &[Session, Dcl, Admin],
        "VacuumStmt" | "CheckPointStmt" | "LoadStmt" | "AlterSystemStmt" => &[Admin],
        "ClusterStmt" | "ReindexStmt" => &[Ddl, Admin],
        "GrantStmt"
        | "GrantRoleStmt"
        | "CreateRoleStmt"
        | "AlterRoleStmt"
        | "AlterRoleSetStmt"
        | "DropRoleStmt"
        | "AlterDefaultPrivilegesStmt"
        | "DropOwnedStmt"
        | "ReassignOwnedStmt"
        | "AlterOwnerStmt"
        | "SecLabelStmt" => &[Dcl, Admin],
        "DropStmt"
        | "DropdbStmt"
        | "DropTableSpaceStmt"
        | "DropUserMappingStmt"
        | "DropSubscriptionStmt" => &[Drop, Alter, Dcl, Admin],
        "AlterCollationStmt"
        | "AlterDatabaseRefreshCollStmt"
        | "AlterDatabaseSetStmt"
        | "AlterDatabaseStmt"
        | "AlterDomainStmt"
        | "AlterEnumStmt"
        | "AlterEventTrigStmt"
        | "AlterExtensionContentsStmt"
        | "AlterExtensionStmt"
        | "AlterFdwStmt"
        | "AlterForeignServerStmt"
        | "AlterFunctionStmt"
        | "AlterObjectDependsStmt"
        | "AlterObjectSchemaStmt"
        | "AlterOpFamilyStmt"
        | "AlterOperatorStmt"
        | "AlterPolicyStmt"
        | "AlterPublicationStmt"
        | "AlterSeqStmt"
        | "AlterStatsStmt"
        | "AlterSubscriptionStmt"
        | "AlterTableMoveAllStmt"
        | "AlterTableSpaceOptionsStmt"
        | "AlterTableStmt"
        | "AlterTsConfigurationStmt"
        | "AlterTsDictionaryStmt"
        | "AlterTypeStmt"
        | "AlterUserMappingStmt"
        | "CommentStmt"
        | "CompositeTypeStmt"
        | "CreateAmStmt"
        | "CreateCastStmt"
        | "CreateConversionStmt"
        | "CreateDomainStmt"
        | "CreateEnumStmt"
        | "CreateEventTrigStmt"
        | "CreateExtensionStmt"
        | "CreateFdwStmt"
        | "CreateForeignServerStmt"
        | "CreateForeignTableStmt"
        | "CreateFunctionStmt"
        | "CreateOpClassStmt"
        | "CreateOpFamilyStmt"
        | "CreatePLangStmt"
        | "CreatePolicyStmt"
        | "CreatePublicationStmt"
        | "CreateRangeStmt"
        | "CreateSchemaStmt"
        | "CreateSeqStmt"
        | "CreateStatsStmt"
        | "CreateStmt"
        | "CreateSubscriptionStmt"
        | "CreateTableSpaceStmt"
        | "CreateTransformStmt"
        | "CreateTrigStmt"
        | "CreateUserMappingStmt"
        | "CreatedbStmt"
        | "DefineStmt"
        | "ImportForeignSchemaStmt"
        | "IndexStmt"
        | "RefreshMatViewStmt"
        | "RenameStmt"
        | "RuleStmt"
        | "ViewStmt" => DEFINES,
        _ => return None,
    })
}

/// Whether the relation of this field of a statement is only made, dropped or changed; what must be said of it.
pub fn target(statement: &str, field: &str) -> Option<&'static [Action]> {
    Some(match (statement, field) {
        ("InsertStmt", "relation") => &[Insert],
        ("UpdateStmt", "relation") => &[Update],
        ("DeleteStmt", "relation") => &[Delete],
        ("MergeStmt", "relation") => &[Merge],
        ("TruncateStmt", "relations") => &[Truncate],
        ("LockStmt", "relations") => &[Lock],
        ("IntoClause", "rel") => &[Create],
        ("ViewStmt", "view") | ("CreateStmt", "relation") | ("CreateSeqStmt", "sequence") => {
            &[Create]
        }
        ("AlterSeqStmt", "sequence") => &[Alter, Dcl],
        ("RefreshMatViewStmt", "relation") => &[Ddl],
        ("VacuumRelation", "relation") => &[Admin],
        _ => return None,
    })
}

/// Settings on which a statement's judgement depends.
pub const WATCHED: &[&str] = &[
    "search_path",
    "role",
    "session_authorization",
    "standard_conforming_strings",
    "client_encoding",
    "default_transaction_read_only",
    "transaction_read_only",
];

/// Types of the server's that are no functions, and are called by their names (PostgreSQL manual, 10.3).
pub const CALLED_TYPES: &[&str] = &[
    "cidr",
    "inet",
    "jsonpath",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tsquery",
    "tsvector",
    "uuid",
];
