//! FROM.
//!
//! Owns: relations, functions, subqueries and joins. squawk nests a chain after CROSS or NATURAL JOIN to the right, where the
//! server nests to the left; and takes `current_date` for a table. Refuses: what stands in FROM but is none of these.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::expression::{is_call_without_parentheses, query_in, word_call};
use super::name::{need, refuse, tokens};
use super::{Read, Reader};
use crate::form::{Alias, Call, Expr, FromItem, JoinKind};

/// A join before it is put in order: leaves, and joins that may wait for their left side.
enum Tree {
    Leaf(FromItem),
    Join(Box<Tree>, Link),
}

struct Link {
    right: Box<Tree>,
    kind: JoinKind,
    natural: bool,
    on: Option<Expr>,
    using: Vec<String>,
    alias: Option<Alias>,
}

impl Reader {
    /// FROM, if there is one.
    pub(super) fn sources(&mut self, clause: Option<ast::FromClause>) -> Read<Vec<FromItem>> {
        match clause {
            Some(clause) => clause.items().map(|item| self.source(&item)).collect(),
            None => Ok(vec![]),
        }
    }

    /// One item between commas.
    pub(super) fn source(&mut self, item: &ast::FromListItem) -> Read<FromItem> {
        Ok(self.tree(item)?.item())
    }

    fn tree(&mut self, item: &ast::FromListItem) -> Read<Tree> {
        let join = match item {
            ast::FromListItem::FromItem(item) => return self.leaf(item).map(Tree::Leaf),
            ast::FromListItem::JoinExpr(join) => join,
        };
        let left = self.tree(&need(join.from_list_item())?)?;
        let join = need(join.join())?;
        let kind = match need(join.join_type())? {
            ast::JoinType::JoinInner(_) | ast::JoinType::JoinCross(_) => JoinKind::Inner,
            ast::JoinType::JoinLeft(_) => JoinKind::Left,
            ast::JoinType::JoinRight(_) => JoinKind::Right,
            ast::JoinType::JoinFull(_) => JoinKind::Full,
        };
        let right = self.tree(&need(join.from_list_item())?)?;
        let mut link = Link {
            right: Box::new(right),
            kind,
            natural: join.natural_token().is_some(),
            on: None,
            using: vec![],
            alias: None,
        };
        match join.join_condition() {
            None => {}
            Some(ast::JoinCondition::OnClause(on)) => {
                link.on = Some(self.expr(&need(on.expr())?)?);
            }
            Some(ast::JoinCondition::JoinUsingClause(using)) => {
                for column in need(using.column_ref_list())?.column_name_refs() {
                    link.using.push(self.name(column.syntax())?);
                }
                if let Some(alias) = using.alias() {
                    link.alias = Some(Alias {
                        name: self.name(need(alias.name())?.syntax())?,
                        columns: vec![],
                    });
                }
            }
        }
        if link.on.is_some() || !link.using.is_empty() {
            return Ok(Tree::Join(Box::new(left), link));
        }
        // Without a condition the join ends with the first item of its right side.
        let right = std::mem::replace(&mut *link.right, Tree::Leaf(nothing()));
        Ok(right.after(left, link))
    }

    fn leaf(&mut self, item: &ast::FromItem) -> Read<FromItem> {
        match item {
            ast::FromItem::RelationFromItem(item) => self.relation_item(item),
            ast::FromItem::FunctionFromItem(item) => {
                if item.only_token().is_some() {
                    return refuse("ONLY before a function");
                }
                let call = self.call(&need(item.call_expr())?)?;
                Ok(FromItem::Function {
                    calls: vec![call],
                    ordinality: item.with_ordinality().is_some(),
                    alias: self.alias(item.alias())?,
                    columns: vec![],
                })
            }
            ast::FromItem::ExprFromItem(item) => {
                let expr = item.syntax().children().find_map(ast::Expr::cast);
                Ok(FromItem::Function {
                    calls: vec![self.expr(&need(expr)?)?],
                    ordinality: false,
                    alias: self.alias(item.alias())?,
                    columns: vec![],
                })
            }
            ast::FromItem::RowsFromItem(item) => self.rows_from(item),
            ast::FromItem::XmlTableFromItem(item) => {
                let table = need(item.xml_table())?;
                self.declared_table("xmltable", table.syntax(), item.alias())
            }
            ast::FromItem::JsonTableFromItem(item) => {
                let table = need(item.json_table())?;
                self.declared_table("json_table", table.syntax(), item.alias())
            }
            ast::FromItem::ParenFromItem(item) => self.paren_item(item),
            ast::FromItem::GraphTableFromItem(_) => refuse("GRAPH_TABLE"),
        }
    }

    fn relation_item(&mut self, item: &ast::RelationFromItem) -> Read<FromItem> {
        if item.lateral_token().is_some() {
            return refuse("LATERAL before a table");
        }
        let name = need(item.relation_name_ref())?;
        let word = name
            .syntax()
            .descendants()
            .filter(|node| node.kind() == SyntaxKind::PATH_SEGMENT_REF)
            .find_map(|segment| tokens(&segment).next().map(|token| token.kind()));
        let mut path = self.path_in(name.syntax())?;
        let alias = self.alias(item.alias())?;
        let sample = match item.tablesample_clause() {
            Some(clause) => {
                let mut sample = vec![self.call(&need(clause.call_expr())?)?];
                if let Some(repeatable) = clause.repeatable_clause() {
                    sample.push(self.expr(&need(repeatable.expr())?)?);
                }
                sample
            }
            None => vec![],
        };
        match word {
            Some(word) if is_call_without_parentheses(word) => match path.pop() {
                Some(name)
                    if path.is_empty()
                        && sample.is_empty()
                        && item.only_token().is_none()
                        && item.star_token().is_none() =>
                {
                    Ok(FromItem::Function {
                        calls: vec![word_call(name)],
                        ordinality: false,
                        alias,
                        columns: vec![],
                    })
                }
                _ => refuse("a key word as a table"),
            },
            _ => Ok(FromItem::Relation {
                name: path,
                alias,
                sample,
            }),
        }
    }

    fn rows_from(&mut self, item: &ast::RowsFromItem) -> Read<FromItem> {
        let (mut calls, mut columns) = (Vec::new(), Vec::new());
        for arg in item.rows_from_args() {
            calls.push(self.call(&need(arg.call_expr())?)?);
            if let Some(list) = arg.column_def_list() {
                columns.extend(self.column_definitions(&list)?);
            }
        }
        Ok(FromItem::Function {
            calls,
            ordinality: item.with_ordinality().is_some(),
            alias: self.alias(item.alias())?,
            columns,
        })
    }

    /// XMLTABLE, JSON_TABLE: their expressions, and the columns they declare.
    fn declared_table(
        &mut self,
        name: &str,
        table: &squawk_syntax::SyntaxNode,
        alias: Option<ast::FromAlias>,
    ) -> Read<FromItem> {
        let found = self.gathered(table)?;
        if !found.relations.is_empty() || !found.functions.is_empty() {
            return refuse("a relation where none is expected");
        }
        Ok(FromItem::Function {
            calls: vec![Expr::Call(Box::new(Call {
                name: vec![name.to_owned()],
                args: found.expressions,
                extra: vec![],
            }))],
            ordinality: false,
            alias: self.alias(alias)?,
            columns: found.columns,
        })
    }

    /// Parentheses: around a query, around a join, or `ONLY (t)`.
    fn paren_item(&mut self, item: &ast::ParenFromItem) -> Read<FromItem> {
        let alias = item.alias();
        let lateral = item.lateral_token().is_some();
        let query = match (item.paren_select(), item.paren_expr()) {
            (Some(paren), None) => Some(ast::SelectVariant::ParenSelect(paren)),
            (None, Some(paren)) => query_in(&paren),
            _ => return refuse("parentheses of an unknown shape"),
        };
        if let Some(query) = query {
            if item.only_token().is_some() {
                return refuse("ONLY before a query");
            }
            return Ok(FromItem::Query {
                query: Box::new(self.query(&query)?),
                lateral,
                alias: self.alias(alias)?,
            });
        }
        let inner = item.paren_expr().and_then(|paren| paren.from_list_item());
        let mut read = self.source(&need(inner)?)?;
        let outer = self.alias(alias)?;
        match &mut read {
            FromItem::Relation { alias, sample, .. } if item.only_token().is_some() => {
                if alias.is_some() || !sample.is_empty() || lateral {
                    return refuse("ONLY of an unknown shape");
                }
                *alias = outer;
            }
            FromItem::Join { alias, .. } if item.only_token().is_none() && !lateral => {
                match (alias.is_some(), outer) {
                    (_, None) => {}
                    (false, outer) => *alias = outer,
                    (true, Some(_)) => return refuse("a join with two aliases"),
                }
            }
            _ => return refuse("parentheses around one table"),
        }
        Ok(read)
    }

    fn alias(&mut self, alias: Option<ast::FromAlias>) -> Read<Option<Alias>> {
        let Some(alias) = alias else {
            return Ok(None);
        };
        let name = match alias.name() {
            Some(name) => self.name(name.syntax())?,
            None => String::new(),
        };
        let columns = match alias.columns() {
            None => vec![],
            Some(ast::FromAliasColumns::ColumnList(list)) => self.columns(&list)?,
            Some(ast::FromAliasColumns::ColumnDefList(list)) => self.column_definitions(&list)?,
        };
        Ok(Some(Alias { name, columns }))
    }

    fn column_definitions(&mut self, list: &ast::ColumnDefList) -> Read<Vec<String>> {
        let mut names = Vec::new();
        for column in list.column_defs() {
            names.push(self.name(need(column.name())?.syntax())?);
            self.type_name(&need(column.ty())?)?;
            if let Some(collate) = column.collate() {
                self.ledger.syntax(collate.syntax());
            }
        }
        Ok(names)
    }
}

impl Tree {
    /// Joins `left` to the first item of this tree by `link`, whose right side was this tree.
    fn after(self, left: Tree, mut link: Link) -> Tree {
        match self {
            Tree::Join(first, next) => {
                let left = first.after(left, link);
                Tree::Join(Box::new(left), next)
            }
            leaf @ Tree::Leaf(_) => {
                *link.right = leaf;
                Tree::Join(Box::new(left), link)
            }
        }
    }

    fn item(self) -> FromItem {
        match self {
            Tree::Leaf(item) => item,
            Tree::Join(left, link) => FromItem::Join {
                left: Box::new(left.item()),
                right: Box::new(link.right.item()),
                kind: link.kind,
                on: link.on,
                using: link.using,
                natural: link.natural,
                alias: link.alias,
            },
        }
    }
}

/// A placeholder that no form keeps.
fn nothing() -> FromItem {
    FromItem::Relation {
        name: vec![],
        alias: None,
        sample: vec![],
    }
}
