//! Queries: common tables, bodies, targets, FROM.
//!
//! Owns: [`Query`] and what it is made of. Refuses: parentheses that mean nothing.

use super::{Expr, Kind, Path};

/// WITH.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct With {
    /// RECURSIVE.
    pub recursive: bool,
    /// The common tables in order; empty where there is no WITH.
    pub tables: Vec<Common>,
}

/// One common table.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// Its name.
    pub name: String,
    /// The column names after the name, if any.
    pub columns: Vec<String>,
    /// Only `Query`, `Insert`, `Update`, `Delete` or `Merge`.
    pub body: Box<Kind>,
    /// Column names that SEARCH and CYCLE add at the end, in text order.
    pub added: Vec<String>,
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// WITH.
    pub with: With,
    /// The body.
    pub body: Body,
    /// ORDER BY of the whole query (for a plain SELECT too). DESC, NULLS are left out; an operator of USING other than `<`
    /// and `>` is a mix of its own after the expression.
    pub order_by: Vec<Expr>,
    /// LIMIT or FETCH first, then OFFSET, whatever the text's order. LIMIT ALL and `FETCH FIRST ROW` (no count) leave nothing.
    pub limits: Vec<Expr>,
    /// For each FOR UPDATE, NO KEY UPDATE, SHARE, KEY SHARE: the names after OF, none for all.
    pub locks: Vec<Vec<Path>>,
}

/// What stands between WITH and ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// SELECT. `TABLE t` is a select of `*` from `t`.
    Select(Box<Select>),
    /// UNION, INTERSECT, EXCEPT: operands in text order, nested ones flattened whatever the operator.
    Set {
        /// Every operator in it is UNION ALL.
        all: bool,
        /// Two or more; none of them is a `Set`.
        operands: Vec<Body>,
    },
    /// VALUES: rows of expressions.
    Values(Vec<Vec<Expr>>),
    /// A query in parentheses that has a WITH, ORDER BY, LIMIT or lock of its own.
    Query(Box<Query>),
}

/// SELECT.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Select {
    /// DISTINCT.
    pub distinct: Distinct,
    /// The select list; may be empty.
    pub targets: Vec<Target>,
    /// INTO a new table.
    pub into: Option<SelectInto>,
    /// FROM: items between commas.
    pub from: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY: the expressions, flattened out of ROLLUP, CUBE, GROUPING SETS, parentheses and rows; `()` leaves nothing.
    pub group_by: Vec<Expr>,
    /// HAVING.
    pub having: Option<Expr>,
    /// All expressions of the WINDOW clause in text order.
    pub windows: Vec<Expr>,
}

/// DISTINCT.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Distinct {
    /// None, or ALL.
    #[default]
    No,
    /// DISTINCT.
    Yes,
    /// DISTINCT ON.
    On(Vec<Expr>),
}

/// SELECT … INTO.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectInto {
    /// The new table.
    pub name: Path,
    /// TEMP or TEMPORARY.
    pub temporary: bool,
}

/// One item of a select list or of RETURNING.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// `*` (empty path), `t.*`, `s.t.*`.
    Star(Vec<String>),
    /// An expression and its alias. `(x).*` is an expression: `Field(x, None)`.
    Expr(Expr, Option<String>),
}

/// An alias: of a relation, with its column names if any.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The name; empty for `AS (a int, b text)`, which names columns only.
    pub name: String,
    /// Column names, types left out.
    pub columns: Vec<String>,
}

/// One item of FROM.
#[derive(Debug, Clone, PartialEq)]
pub enum FromItem {
    /// A table, view or common table. ONLY and `*` are left out.
    Relation {
        /// Its name.
        name: Path,
        /// Its alias.
        alias: Option<Alias>,
        /// TABLESAMPLE: method as a call (`bernoulli(10)`), then REPEATABLE's expression.
        sample: Vec<Expr>,
    },
    /// A function, `ROWS FROM (…)`, `UNNEST`, XMLTABLE, JSON_TABLE.
    Function {
        /// The call or calls. (What is no call by syntax, such as `CURRENT_DATE` or `CAST(…)`, is the expression it is.)
        calls: Vec<Expr>,
        /// WITH ORDINALITY.
        ordinality: bool,
        /// Its alias.
        alias: Option<Alias>,
        /// Column names that the call itself declares: COLUMNS of XMLTABLE and JSON_TABLE, `AS (…)` inside ROWS FROM.
        columns: Vec<String>,
    },
    /// A query in parentheses.
    Query {
        /// The query, normal.
        query: Box<Query>,
        /// LATERAL.
        lateral: bool,
        /// Its alias.
        alias: Option<Alias>,
    },
    /// A join. Parentheses around a join without an alias leave no trace.
    Join {
        /// Left side.
        left: Box<FromItem>,
        /// Right side.
        right: Box<FromItem>,
        /// Kind. CROSS JOIN is an inner join without a condition.
        kind: JoinKind,
        /// ON.
        on: Option<Expr>,
        /// USING.
        using: Vec<String>,
        /// NATURAL.
        natural: bool,
        /// The alias of `(… JOIN …) AS x`, or of `USING (…) AS x` (then `using` is not empty).
        alias: Option<Alias>,
    },
}

/// Kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// JOIN, INNER JOIN, CROSS JOIN.
    Inner,
    /// LEFT.
    Left,
    /// RIGHT.
    Right,
    /// FULL.
    Full,
}

impl Query {
    /// A query of this body and nothing else, normal.
    pub fn of(body: Body) -> Query {
        Query {
            with: With::default(),
            body,
            order_by: vec![],
            limits: vec![],
            locks: vec![],
        }
        .normal()
    }

    /// Whether it has nothing but a body.
    pub fn is_bare(&self) -> bool {
        self.with.tables.is_empty()
            && self.order_by.is_empty()
            && self.limits.is_empty()
            && self.locks.is_empty()
    }

    /// Takes off parentheses that mean nothing: a query whose body is a query in parentheses, and which adds nothing, is
    /// that query. Every lowering ends with it.
    pub fn normal(mut self) -> Query {
        while self.is_bare() {
            match self.body {
                Body::Query(inner) => self = *inner,
                _ => break,
            }
        }
        self
    }
}

impl Body {
    /// A query in parentheses as an operand of a set operation or as a body: what has nothing of its own is its body.
    pub fn operand(query: Query) -> Body {
        let query = query.normal();
        if query.is_bare() {
            query.body
        } else {
            Body::Query(Box::new(query))
        }
    }

    /// A set operation, flat.
    pub fn set(left: Body, union_all: bool, right: Body) -> Body {
        let mut all = union_all;
        let mut operands = Vec::new();
        for side in [left, right] {
            match side {
                Body::Set {
                    all: inner,
                    operands: more,
                } => {
                    all &= inner;
                    operands.extend(more);
                }
                other => operands.push(other),
            }
        }
        Body::Set { all, operands }
    }

    /// `TABLE t`.
    pub fn table(name: Path) -> Body {
        Body::Select(Box::new(Select {
            targets: vec![Target::Star(vec![])],
            from: vec![FromItem::Relation {
                name,
                alias: None,
                sample: vec![],
            }],
            ..Select::default()
        }))
    }
}
