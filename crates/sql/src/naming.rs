//! The name the server gives to an output column without an alias.
//!
//! Owns: PostgreSQL's rule (`FigureColnameInternal` in parse_target.c), as far as our form still shows it. Refuses: to
//! be certain where it does not; then [`Name::sure`] is false, and lookups by other names must reckon with the column.

use crate::form::{Body, Expr, Literal, Query, Target};

/// A column's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name.
    pub text: String,
    /// The form shows enough to know it.
    pub sure: bool,
    /// The server's "strength": 2 from a name or function, 1 from a type or CASE, 0 none.
    strength: u8,
}

/// What stands for no name.
const NAMELESS: &str = "?column?";

/// The name of an expression.
pub(crate) fn of(expr: &Expr) -> Name {
    let strong = |text: &str| Name {
        text: text.to_owned(),
        sure: true,
        strength: 2,
    };
    let none = || Name {
        text: NAMELESS.to_owned(),
        sure: true,
        strength: 0,
    };
    match expr {
        Expr::Column(path) | Expr::RowOf(path) => strong(path.last().map_or(NAMELESS, |n| n)),
        Expr::Field(_, Some(name)) => strong(name),
        Expr::Field(inner, None) => of(inner),
        Expr::Call(call) => {
            let name = call.name.last().map_or(NAMELESS, |n| n);
            // TRIM is btrim, ltrim or rtrim.
            let trim = name == "trim";
            Name {
                sure: !trim,
                ..strong(if trim { "btrim" } else { name })
            }
        }
        Expr::Cast(inner, target) => {
            let inner = of(inner);
            if inner.strength == 2 {
                return inner;
            }
            let (text, sure) = type_name(target.last().map_or(NAMELESS, |n| n));
            Name {
                text: text.to_owned(),
                sure: sure && inner.sure,
                strength: 1,
            }
        }
        Expr::Subquery(query) => of_query(query).unwrap_or_else(none),
        Expr::Exists(_) => strong("exists"),
        Expr::ArrayQuery(_) | Expr::Array(_) => strong("array"),
        Expr::Row(_) => strong("row"),
        Expr::Case(_, otherwise) => match otherwise.as_deref().map(of) {
            Some(name) if name.strength == 2 => name,
            other => Name {
                text: "case".to_owned(),
                sure: other.is_none_or(|o| o.sure),
                strength: 1,
            },
        },
        // `bool` up to PostgreSQL 15, nameless from 16.
        Expr::Literal(Literal::Bool(_)) => Name {
            text: "bool".to_owned(),
            sure: false,
            strength: 1,
        },
        Expr::Mix(parts) if !parts.iter().any(|p| matches!(p, Expr::Operator(_))) => {
            // `a[1]` and `a COLLATE "C"` are `a`, `a IS NULL` is nameless, AT TIME ZONE is `timezone`.
            let first = parts.first().map_or_else(none, of);
            Name {
                sure: false,
                ..first
            }
        }
        Expr::Literal(_)
        | Expr::Param(_)
        | Expr::Default
        | Expr::Equal(_, _)
        | Expr::In(_, _)
        | Expr::InQuery(_, _)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::Operator(_)
        | Expr::Mix(_) => none(),
    }
}

/// A scalar query is called what its column is called.
fn of_query(query: &Query) -> Option<Name> {
    let mut body = &query.body;
    loop {
        body = match body {
            Body::Select(select) => {
                return match select.targets.first()? {
                    Target::Expr(_, Some(alias)) => Some(Name {
                        text: alias.clone(),
                        sure: true,
                        strength: 2,
                    }),
                    Target::Expr(expr, None) => Some(of(expr)),
                    Target::Star(_) => Some(Name {
                        text: NAMELESS.to_owned(),
                        sure: false,
                        strength: 2,
                    }),
                };
            }
            Body::Set { operands, .. } => operands.first()?,
            Body::Query(inner) => &inner.body,
            Body::Values(_) => {
                return Some(Name {
                    text: "column1".to_owned(),
                    sure: true,
                    strength: 2,
                });
            }
        };
    }
}

/// The server's own name for a type, from the first word it is written with; and whether that word decides it.
fn type_name(word: &str) -> (&str, bool) {
    match word {
        "int" | "integer" => ("int4", true),
        "smallint" => ("int2", true),
        "bigint" => ("int8", true),
        "real" => ("float4", true),
        "double" => ("float8", true),
        "float" => ("float8", false),
        "boolean" => ("bool", true),
        "decimal" | "dec" => ("numeric", true),
        "char" | "nchar" => ("bpchar", false),
        "character" | "national" => ("varchar", false),
        "timestamp" | "time" | "bit" => (word, false),
        other => (other, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Call;

    fn column() -> Expr {
        Expr::Column(vec!["t".into(), "a".into()])
    }

    #[test]
    fn names_follow_the_server() {
        let cast = |inner| Expr::Cast(Box::new(inner), vec!["int".into()]);
        let call = Expr::Call(Box::new(Call {
            name: vec!["pg_catalog".into(), "lower".into()],
            args: vec![column()],
            extra: vec![],
        }));
        assert_eq!(of(&column()).text, "a");
        assert_eq!(of(&cast(column())).text, "a");
        assert_eq!(of(&cast(Expr::Literal(Literal::Null))).text, "int4");
        assert_eq!(of(&call).text, "lower");
        assert_eq!(of(&Expr::Case(vec![column()], None)).text, "case");
        assert_eq!(
            of(&Expr::Case(vec![column()], Some(Box::new(column())))).text,
            "a"
        );
        assert_eq!(of(&Expr::binary(column(), "+", column())).text, "?column?");
        assert!(!of(&Expr::mix([column()])).sure);
    }
}
