//! Tollgate's nouns as Cedar's entities.
//!
//! Owns: entity types, ids, the parents of each resource, and the bit of each action. Refuses: ids that two different
//! names could share: a part of a name that has a dot in it is quoted.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression, Schema,
};
use sql::Action;
use sql::facts::{Column, Object};

/// The schema, read once.
pub(crate) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| match Schema::from_cedarschema_str(crate::SCHEMA) {
        Ok((schema, _warnings)) => schema,
        Err(error) => unreachable!("the schema that ships with the crate is tested: {error}"),
    });

/// The entity types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    User,
    Agent,
    Role,
    Grant,
    Database,
    Schema,
    Table,
    Function,
    Column,
    Action,
}

impl Type {
    const ALL: [Type; 10] = [
        Type::User,
        Type::Agent,
        Type::Role,
        Type::Grant,
        Type::Database,
        Type::Schema,
        Type::Table,
        Type::Function,
        Type::Column,
        Type::Action,
    ];

    /// `Tollgate::…`
    pub(crate) fn name(self) -> &'static str {
        match self {
            Type::User => "Tollgate::User",
            Type::Agent => "Tollgate::Agent",
            Type::Role => "Tollgate::Role",
            Type::Grant => "Tollgate::Grant",
            Type::Database => "Tollgate::Database",
            Type::Schema => "Tollgate::Schema",
            Type::Table => "Tollgate::Table",
            Type::Function => "Tollgate::Function",
            Type::Column => "Tollgate::Column",
            Type::Action => "Tollgate::Action",
        }
    }

    /// The type of an entity that a policy names.
    pub(crate) fn of(uid: &EntityUid) -> Option<Type> {
        let name = uid.type_name().to_string();
        Type::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The entity of that id.
    pub(crate) fn uid(self, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.type_name().clone(), EntityId::new(id))
    }

    /// Parsed once: a type's name takes longer to read than a question to answer.
    pub(crate) fn type_name(self) -> &'static EntityTypeName {
        static NAMES: LazyLock<HashMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
            Type::ALL
                .into_iter()
                .filter_map(|t| Some((t.name(), t.name().parse().ok()?)))
                .collect()
        });
        match NAMES.get(self.name()) {
            Some(name) => name,
            None => unreachable!("every type name above is a valid one"),
        }
    }
}

/// What is asked about: an action of a statement, or one of the two of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ask(u8);

impl Ask {
    pub(crate) const COUNT: usize = STATEMENT_ACTIONS.len() + 2;
    pub(crate) const CONNECT: Ask = Ask(STATEMENT_ACTIONS.len() as u8);
    pub(crate) const UNMASK: Ask = Ask(STATEMENT_ACTIONS.len() as u8 + 1);

    pub(crate) fn all() -> impl Iterator<Item = Ask> {
        (0..Ask::COUNT as u8).map(Ask)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn bit(self) -> u32 {
        1 << self.0
    }

    /// The Cedar action's id.
    pub(crate) fn name(self) -> &'static str {
        match STATEMENT_ACTIONS.get(self.index()) {
            Some(action) => action.name(),
            None if self == Ask::CONNECT => "connect",
            None => "unmask",
        }
    }

    pub(crate) fn uid(self) -> &'static EntityUid {
        static UIDS: LazyLock<Vec<EntityUid>> =
            LazyLock::new(|| Ask::all().map(|ask| Type::Action.uid(ask.name())).collect());
        &UIDS[self.index()]
    }
}

impl From<Action> for Ask {
    fn from(action: Action) -> Ask {
        // By position below; a test holds the two together.
        Ask(action as u8)
    }
}

pub(crate) const STATEMENT_ACTIONS: [Action; 18] = [
    Action::Read,
    Action::Insert,
    Action::Update,
    Action::Delete,
    Action::Truncate,
    Action::Merge,
    Action::Call,
    Action::Lock,
    Action::CopyIn,
    Action::CopyOut,
    Action::Create,
    Action::Alter,
    Action::Drop,
    Action::Ddl,
    Action::Dcl,
    Action::Session,
    Action::Admin,
    Action::Unknown,
];

/// The actions with their groups, as entities.
pub(crate) static ACTIONS: LazyLock<Entities> = LazyLock::new(|| {
    SCHEMA
        .action_entities()
        .unwrap_or_else(|_| Entities::empty())
});

/// The entity of an action and of the groups above it.
pub(crate) fn action_entities(ask: Ask) -> Vec<Entity> {
    let groups = ACTIONS.ancestors(ask.uid()).into_iter().flatten();
    std::iter::once(ask.uid())
        .chain(groups)
        .filter_map(|uid| ACTIONS.get(uid).cloned())
        .collect()
}

/// Whether `action in group`.
pub(crate) fn action_in(ask: Ask, group: &EntityUid) -> bool {
    ask.uid() == group || ACTIONS.is_ancestor_of(group, ask.uid())
}

/// A name's part as it stands in an id.
pub(crate) fn part(name: &str) -> Cow<'_, str> {
    if name.is_empty() || name.contains(['.', '"']) {
        Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(name)
    }
}

/// The parts of an id or a pattern, quotes taken off. None where quotes do not match or a part is empty.
pub(crate) fn parts(id: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = id;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut name = String::new();
                let mut chars = quoted.char_indices();
                let end = loop {
                    match chars.next()? {
                        (at, '"') if quoted[at + 1..].starts_with('"') => {
                            name.push('"');
                            chars.next();
                        }
                        (at, '"') => break at + 1,
                        (_, c) => name.push(c),
                    }
                };
                (Part { name, quoted: true }, &quoted[end..])
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let name = rest[..end].to_owned();
                if name.is_empty() || name.contains('"') {
                    return None;
                }
                (
                    Part {
                        name,
                        quoted: false,
                    },
                    &rest[end..],
                )
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// One part of a dotted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) quoted: bool,
}

/// A resource with everything it is in.
pub(crate) struct Resource {
    pub(crate) uid: EntityUid,
    pub(crate) entities: Vec<Entity>,
}

impl Resource {
    /// What a statement acts on.
    pub(crate) fn object(database: &str, object: &Object) -> Option<Resource> {
        let mut resource = Resource::database(database)?;
        match object {
            Object::Database => {}
            Object::Schema(schema) => resource.inside_schema(schema)?,
            Object::Table(schema, name) => resource.inside_named(Type::Table, schema, name)?,
            Object::Function(schema, name) => {
                resource.inside_named(Type::Function, schema, name)?
            }
        }
        Some(resource)
    }

    /// A column under a label.
    pub(crate) fn column(database: &str, column: &Column, label: &str) -> Option<Resource> {
        let mut resource = Resource::database(database)?;
        resource.inside_named(Type::Table, &column.schema, &column.table)?;
        let id = format!(
            "{}.{}.{}",
            part(&column.schema),
            part(&column.table),
            part(&column.column)
        );
        let label = RestrictedExpression::new_string(label.to_owned());
        resource.inside(Type::Column, &id, &column.column, Some(label))?;
        Some(resource)
    }

    fn database(name: &str) -> Option<Resource> {
        let uid = Type::Database.uid(name);
        let entity = Entity::new(uid.clone(), named(name), HashSet::new()).ok()?;
        Some(Resource {
            uid,
            entities: vec![entity],
        })
    }

    fn inside_schema(&mut self, schema: &str) -> Option<()> {
        self.inside(Type::Schema, &part(schema), schema, None)
    }

    /// A name whose schema is not known is in the database only.
    fn inside_named(&mut self, kind: Type, schema: &str, name: &str) -> Option<()> {
        if schema.is_empty() {
            return self.inside(kind, &part(name), name, None);
        }
        self.inside_schema(schema)?;
        self.inside(
            kind,
            &format!("{}.{}", part(schema), part(name)),
            name,
            None,
        )
    }

    /// One step down: what is there is the parent of what comes.
    fn inside(
        &mut self,
        kind: Type,
        id: &str,
        name: &str,
        label: Option<RestrictedExpression>,
    ) -> Option<()> {
        let uid = kind.uid(id);
        let mut attributes = named(name);
        attributes.extend(label.map(|label| ("label".to_owned(), label)));
        self.entities
            .push(Entity::new(uid.clone(), attributes, HashSet::from([self.uid.clone()])).ok()?);
        self.uid = uid;
        Some(())
    }
}

fn named(name: &str) -> HashMap<String, RestrictedExpression> {
    HashMap::from([(
        "name".to_owned(),
        RestrictedExpression::new_string(name.to_owned()),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_a_statement_has_its_bit_and_its_place_in_the_schema() {
        let statement = Type::Action.uid("statement");
        for (at, action) in STATEMENT_ACTIONS.into_iter().enumerate() {
            let ask = Ask::from(action);
            assert_eq!((ask.index(), ask.name()), (at, action.name()));
            assert!(action_in(ask, &statement), "{}", action.name());
        }
        for ask in [Ask::CONNECT, Ask::UNMASK] {
            assert!(
                ACTIONS.get(ask.uid()).is_some() && !action_in(ask, &statement),
                "{}",
                ask.name()
            );
        }
        let ddl: Vec<&str> = Ask::all()
            .filter(|&a| action_in(a, &Type::Action.uid("ddl")))
            .map(Ask::name)
            .collect();
        assert_eq!(ddl, ["create", "alter", "drop", "ddl"]);
    }

    #[test]
    fn ids_of_different_names_differ() {
        let id = |schema: &str, name: &str| {
            let object = Object::Table(schema.to_owned(), name.to_owned());
            Resource::object("shop", &object).unwrap().uid.to_string()
        };
        assert_ne!(id("a.b", "c"), id("a", "b.c"));
        assert_ne!(id("", "a.b"), id("a", "b"));
        assert_ne!(id("\"a.b\"", "c"), id("a.b", "c"));
        assert_eq!(
            id("public", "customers"),
            r#"Tollgate::Table::"public.customers""#
        );
    }

    #[test]
    fn parts_are_the_inverse_of_part() {
        for names in [
            vec!["public", "t"],
            vec!["a.b", "c\"d", ""],
            vec!["*"],
            vec!["ü ", "x"],
        ] {
            let id = names.iter().map(|n| part(n)).collect::<Vec<_>>().join(".");
            let found: Vec<String> = parts(&id).unwrap().into_iter().map(|p| p.name).collect();
            assert_eq!(found, names, "{id}");
        }
        for bad in ["", "a.", ".a", "a\"b", "\"a", "\"a\"b", "a..b"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
