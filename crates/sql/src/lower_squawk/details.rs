//! Kinds of nodes whose names say nothing that a judgement needs.
//!
//! Owns: the lists for `gather`. A name is in one of them only if it can be no relation and no function that the statement
//! reaches. Refuses: to list a kind in doubt; a name that no list has makes the statement unread.

use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Options of aggregates, operators, types and text search objects whose value is a function.
pub(super) fn names_a_function(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "sfunc",
        "finalfunc",
        "combinefunc",
        "serialfunc",
        "deserialfunc",
        "msfunc",
        "minvfunc",
        "mfinalfunc",
        "function",
        "procedure",
        "restrict",
        "join",
        "input",
        "output",
        "receive",
        "send",
        "typmod_in",
        "typmod_out",
        "analyze",
        "subscript",
        "subtype_diff",
        "canonical",
        "init",
        "lexize",
        "start",
        "gettoken",
        "end",
        "headline",
        "lextypes",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Nodes whose names say nothing about relations and functions other than those named elsewhere in the statement:
/// columns and parts of the object itself, roles, options, collations, names that are given anew.
pub(super) fn is_detail(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::COLUMN_NAME_REF
            | SyntaxKind::COLUMN_REF_LIST
            | SyntaxKind::COMPOSITE_FIELD
            | SyntaxKind::COMPOSITE_FIELD_REF
            | SyntaxKind::CONSTRAINT_NAME
            | SyntaxKind::CONSTRAINT_NAME_REF
            | SyntaxKind::CONSTRAINT_NAME_CLAUSE
            | SyntaxKind::TRIGGER_REF
            | SyntaxKind::RULE_REF
            | SyntaxKind::TRIGGER_EVENT_LIST
            | SyntaxKind::REFERENCING
            | SyntaxKind::USING_INDEX_NAME
            | SyntaxKind::USING_INDEX
            | SyntaxKind::CLUSTER_ON
            | SyntaxKind::REPLICA_IDENTITY
            | SyntaxKind::USING_METHOD
            | SyntaxKind::CONSTRAINT_INDEX_METHOD
            | SyntaxKind::OP_CLASS_REF
            | SyntaxKind::OP_FAMILY_REF
            | SyntaxKind::COLLATION_REF
            | SyntaxKind::TABLESPACE_CLAUSE
            | SyntaxKind::CONSTRAINT_INDEX_TABLESPACE
            | SyntaxKind::SET_TABLESPACE
            | SyntaxKind::SET_SCHEMA
            | SyntaxKind::SCHEMA_REF
            | SyntaxKind::ROLE_REF
            | SyntaxKind::ROLE_REF_LIST
            | SyntaxKind::SET_STORAGE
            | SyntaxKind::SET_COMPRESSION
            | SyntaxKind::STORAGE
            | SyntaxKind::COMPRESSION_METHOD
            | SyntaxKind::SET_ACCESS_METHOD
            | SyntaxKind::SET_STATISTICS
            | SyntaxKind::ALTER_OPTION_LIST
            | SyntaxKind::WITH_PARAMS
            | SyntaxKind::SET_OPTIONS
            | SyntaxKind::RESET_OPTIONS
            | SyntaxKind::OP
            | SyntaxKind::OPERATOR_CALL
            | SyntaxKind::WINDOW
            | SyntaxKind::WINDOW_REF
            | SyntaxKind::EXTRACT_FIELD_NAME
            | SyntaxKind::EXTRACT_FIELD_LITERAL
            | SyntaxKind::PARAM_NAME_REF
            | SyntaxKind::ELEMENT_TAG
            | SyntaxKind::XML_ATTR
            | SyntaxKind::XML_PI_TARGET
            | SyntaxKind::XML_NAMESPACE_PREFIX
            | SyntaxKind::JSON_VARIABLE_NAME
            | SyntaxKind::JSON_ENCODING_CLAUSE
            | SyntaxKind::SERVER_CLAUSE
            | SyntaxKind::PARTITION_STRATEGY
            | SyntaxKind::STAT_TYPES
            | SyntaxKind::RENAME_CONSTRAINT
            | SyntaxKind::RENAME_COLUMN
            | SyntaxKind::SORT_USING
    ) || is_sequence_option(kind)
        || is_other_object(kind)
        || is_new_name(kind)
}

/// Options of a sequence: numbers, but for OWNED BY.
fn is_sequence_option(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::OPTION_AS_TYPE
            | SyntaxKind::OPTION_CACHE
            | SyntaxKind::OPTION_INCREMENT
            | SyntaxKind::OPTION_SEQUENCE_NAME
            | SyntaxKind::OPTION_RESTART
            | SyntaxKind::OPTION_START
            | SyntaxKind::OPTION_MAX_VALUE
            | SyntaxKind::OPTION_MIN_VALUE
            | SyntaxKind::RESTART
    )
}

/// Bounds of a partition.
pub(super) fn in_bounds(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::PARTITION_FROM_VALUES | SyntaxKind::PARTITION_TO_VALUES
        )
    })
}

/// A column in a list of columns or expressions that a definition is about.
pub(super) fn is_listed_column(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::PARTITION_ITEM | SyntaxKind::CONSTRAINT_EXCLUSION
        )
    })
}

/// Constants that are no values.
pub(super) fn is_numbered(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::OP_CLASS_OPTION_FUNCTION
                | SyntaxKind::OP_CLASS_OPTION_OPERATOR
                | SyntaxKind::DROP_OP_CLASS_OPTION_FUNCTION
                | SyntaxKind::DROP_OP_CLASS_OPTION_OPERATOR
                | SyntaxKind::VARIANT
                | SyntaxKind::ADD_VALUE
                | SyntaxKind::BEFORE_VALUE
                | SyntaxKind::AFTER_VALUE
                | SyntaxKind::RENAME_VALUE
                | SyntaxKind::ALTER_SET_STATISTICS
        )
    })
}

/// Names of objects that are neither relations nor functions, and options of statements about them.
fn is_other_object(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::ACCESS_METHOD_REF
            | SyntaxKind::ADD_USERS
            | SyntaxKind::AS_POLICY_TYPE
            | SyntaxKind::CAST_SIG
            | SyntaxKind::CONNECTION_CLAUSE
            | SyntaxKind::CONVERSION_REF
            | SyntaxKind::DATABASE_OPTION_LIST
            | SyntaxKind::DATABASE_REF
            | SyntaxKind::DEPENDS_ON_EXTENSION
            | SyntaxKind::DOMAIN_REF
            | SyntaxKind::DROP_USERS
            | SyntaxKind::EVENT_TRIGGER_EVENT
            | SyntaxKind::EVENT_TRIGGER_REF
            | SyntaxKind::EVENT_TRIGGER_WHEN_CLAUSE
            | SyntaxKind::EXCEPT_TABLES
            | SyntaxKind::EXTENSION_REF
            | SyntaxKind::EXTENSION_SCHEMA
            | SyntaxKind::EXTENSION_VERSION_CLAUSE
            | SyntaxKind::FOREIGN_DATA_WRAPPER_REF
            | SyntaxKind::FUNC_OPTION_LIST
            | SyntaxKind::HASH_PARTITION_BOUND
            | SyntaxKind::IN_DATABASE
            | SyntaxKind::INTO_SCHEMA
            | SyntaxKind::LANGUAGE_REF
            | SyntaxKind::LIMIT_TO_TABLES
            | SyntaxKind::NO_DEPENDS_ON_EXTENSION
            | SyntaxKind::OP_SIG
            | SyntaxKind::OPTION_ALTER_OPTION_LIST
            | SyntaxKind::OPTION_ITEM_LIST
            | SyntaxKind::OWNED_BY_ROLES
            | SyntaxKind::PARAM_NAME
            | SyntaxKind::PUBLICATION_REF
            | SyntaxKind::RENAME_ATTRIBUTE
            | SyntaxKind::RENAME_VALUE
            | SyntaxKind::RESET_CONFIG_PARAM
            | SyntaxKind::ROLE_OPTION_LIST
            | SyntaxKind::SERVER_REF
            | SyntaxKind::SERVER_TYPE
            | SyntaxKind::SERVER_VERSION
            | SyntaxKind::SET_CONFIG_PARAM
            | SyntaxKind::SKIP_SUBSCRIPTION
            | SyntaxKind::STATISTICS_REF
            | SyntaxKind::SUBSCRIPTION_REF
            | SyntaxKind::TABLESPACE_REF
            | SyntaxKind::TEXT_SEARCH_CONFIGURATION_REF
            | SyntaxKind::TEXT_SEARCH_DICTIONARY_REF
            | SyntaxKind::TEXT_SEARCH_PARSER_REF
            | SyntaxKind::TEXT_SEARCH_TEMPLATE_REF
            | SyntaxKind::TEXT_SEARCH_TOKEN_KIND
            | SyntaxKind::TYPE_NAME_REF
            | SyntaxKind::UPDATE_TO
    )
}

/// RENAME TO: the new name is no object yet.
fn is_new_name(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::AGGREGATE_RENAME_TO
            | SyntaxKind::COLLATION_RENAME_TO
            | SyntaxKind::CONVERSION_RENAME_TO
            | SyntaxKind::DATABASE_RENAME_TO
            | SyntaxKind::DOMAIN_RENAME_TO
            | SyntaxKind::EVENT_TRIGGER_RENAME_TO
            | SyntaxKind::FOREIGN_DATA_WRAPPER_RENAME_TO
            | SyntaxKind::FUNCTION_RENAME_TO
            | SyntaxKind::INDEX_RENAME_TO
            | SyntaxKind::LANGUAGE_RENAME_TO
            | SyntaxKind::OP_CLASS_RENAME_TO
            | SyntaxKind::OP_FAMILY_RENAME_TO
            | SyntaxKind::POLICY_RENAME_TO
            | SyntaxKind::PROCEDURE_RENAME_TO
            | SyntaxKind::PROPERTY_GRAPH_RENAME_TO
            | SyntaxKind::PUBLICATION_RENAME_TO
            | SyntaxKind::ROLE_RENAME_TO
            | SyntaxKind::ROUTINE_RENAME_TO
            | SyntaxKind::RULE_RENAME_TO
            | SyntaxKind::SCHEMA_RENAME_TO
            | SyntaxKind::SEQUENCE_RENAME_TO
            | SyntaxKind::SERVER_RENAME_TO
            | SyntaxKind::STATISTICS_RENAME_TO
            | SyntaxKind::SUBSCRIPTION_RENAME_TO
            | SyntaxKind::TABLE_RENAME_TO
            | SyntaxKind::TABLESPACE_RENAME_TO
            | SyntaxKind::TEXT_SEARCH_CONFIGURATION_RENAME_TO
            | SyntaxKind::TEXT_SEARCH_DICTIONARY_RENAME_TO
            | SyntaxKind::TEXT_SEARCH_PARSER_RENAME_TO
            | SyntaxKind::TEXT_SEARCH_TEMPLATE_RENAME_TO
            | SyntaxKind::TRIGGER_RENAME_TO
            | SyntaxKind::TYPE_RENAME_TO
            | SyntaxKind::VIEW_RENAME_TO
    )
}
