//! The questions of a session, and Cedar's answers as verdicts.
//!
//! Owns: [`SessionPolicies`]: one question for each (action, object), and what becomes of permits, forbids, holds and
//! errors. Refuses: to allow anything for want of an answer: whatever cannot be asked, or fails while it is asked, is a deny.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock, OnceLock};

use cedar_policy::{
    Authorizer, Decision, Entities, Entity, Request, Response, RestrictedExpression,
};
use sql::Facts;
use sql::facts::{Action, Column, Object};

use crate::context::{self, Attributes, Context, Principal, Statement};
use crate::model::{self, Ask, Resource, STATEMENT_ACTIONS};
use crate::rule::{Principals, Rule};
use crate::set::{Narrowed, QuestionSet};
use crate::verdict::{DEFAULT, EVALUATION_ERROR, PolicyRef, Verdict, strictest};

static CEDAR: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);

/// The policies that can match one grant, with the grant.
#[derive(Debug)]
pub struct SessionPolicies {
    narrowed: Arc<Narrowed>,
    principals: Principals,
    /// The grant with its user, agent and roles; for each action with the action and its groups.
    who: Vec<Entity>,
    bases: [OnceLock<Option<Entities>>; Ask::COUNT],
    schemas: Arc<BTreeSet<String>>,
}

impl SessionPolicies {
    pub(crate) fn new(
        principal: &Principal,
        principals: Principals,
        narrowed: Arc<Narrowed>,
        schemas: Arc<BTreeSet<String>>,
    ) -> SessionPolicies {
        let string = |s: &String| RestrictedExpression::new_string(s.clone());
        let attributes = HashMap::from([
            ("user".to_owned(), string(&principal.user)),
            ("agent".to_owned(), string(&principal.agent)),
        ]);
        let parents: HashSet<_> = principals.parents.iter().cloned().collect();
        let mut who: Vec<Entity> = parents.iter().cloned().map(Entity::with_uid).collect();
        // Strings always make attributes. Without its grant, every question would be answered for a stranger.
        who.extend(Entity::new(principals.grant.clone(), attributes, parents));
        SessionPolicies {
            narrowed,
            principals,
            who,
            bases: [const { OnceLock::new() }; Ask::COUNT],
            schemas,
        }
    }

    /// May the statement run? `labels` are the names of the labels it touches. `lifted` is the role that has approved it:
    /// forbids with `@hold` of that role do not count then.
    pub fn decide(
        &self,
        ctx: &Context,
        database: &str,
        facts: &Facts,
        labels: &[String],
        lifted: Option<&str>,
    ) -> Verdict {
        let statement = Statement { facts, labels };
        let asked = facts.needs.iter().map(|need| Ask::from(need.action));
        let wanted = self.attributes(asked);
        let Some(context) = context::build(wanted, ctx, Some(&statement)) else {
            return error("the context of the request cannot be said in Cedar");
        };
        let verdicts = facts.needs.iter().flat_map(|need| {
            let ask = Ask::from(need.action);
            self.places(&need.object)
                .into_iter()
                .map(|object| {
                    let verdict = self.ask(ask, database, &object, &context, lifted);
                    understood(verdict, need.action)
                })
                .collect::<Vec<_>>()
        });
        strictest(verdicts).unwrap_or_else(|| error("the statement asks for nothing"))
    }

    /// May the session begin? Allowed unless a forbid says no, or a permit names `connect` and none of them matches.
    pub fn connect(&self, ctx: &Context, database: &str) -> Verdict {
        let Some(context) = context::build(self.attributes([Ask::CONNECT]), ctx, None) else {
            return error("the context of the request cannot be said in Cedar");
        };
        let verdict = self.ask(Ask::CONNECT, database, &Object::Database, &context, None);
        match verdict {
            Verdict::Deny { policies, .. }
                if !self.narrowed.connecting_needs_a_permit
                    && policies.iter().all(|p| p.id == DEFAULT) =>
            {
                Verdict::Allow {
                    policies: Vec::new(),
                }
            }
            verdict => verdict,
        }
    }

    /// May the values of a labelled column be seen as they are? Only where a permit that names `unmask` says so, no
    /// forbid speaks against it, held or not, and nothing fails.
    pub fn unmask(&self, ctx: &Context, database: &str, column: &Column, label: &str) -> bool {
        let set = self.narrowed.of(Ask::UNMASK);
        if set.is_none_or(|set| set.permits.is_empty()) {
            return false;
        }
        let Some(context) = context::build(self.attributes([Ask::UNMASK]), ctx, None) else {
            return false;
        };
        let resource = Resource::column(database, column, label);
        let answer =
            resource.and_then(|resource| self.respond(Ask::UNMASK, resource, context, false));
        answer.is_some_and(|(_, response)| {
            response.decision() == Decision::Allow
                && response.diagnostics().errors().next().is_none()
        })
    }

    /// Whether any policy permits this grant, on whatever condition and with whatever approval, something that a
    /// transaction declared READ ONLY may refuse. Where not, its sessions lose nothing by being read-only at the server.
    pub fn may_write(&self) -> bool {
        let writes = |action: Action| action.has_effect() || action == Action::Lock;
        STATEMENT_ACTIONS
            .into_iter()
            .filter(|action| writes(*action))
            .any(|action| self.narrowed.permits(Ask::from(action)))
    }

    /// What the policies mention that these questions are asked of.
    fn attributes(&self, asks: impl IntoIterator<Item = Ask>) -> Attributes {
        asks.into_iter()
            .filter_map(|ask| self.narrowed.of(ask))
            .fold(Attributes::default(), |all, set| all.and(set.attributes))
    }

    /// Where an object can be. A name that was not resolved may be in any schema, and a policy that names one must not
    /// be escaped by that: it is asked about in each of them.
    fn places(&self, object: &Object) -> Vec<Object> {
        let mut places = vec![object.clone()];
        let in_schema: fn(String, String) -> Object = match object {
            Object::Table(schema, _) if schema.is_empty() => Object::Table,
            Object::Function(schema, _) if schema.is_empty() => Object::Function,
            Object::Database | Object::Schema(_) | Object::Table(..) | Object::Function(..) => {
                return places;
            }
        };
        if let Object::Table(_, name) | Object::Function(_, name) = object {
            places.extend(
                self.schemas
                    .iter()
                    .map(|schema| in_schema(schema.clone(), name.clone())),
            );
        }
        places
    }

    /// One question.
    fn ask(
        &self,
        ask: Ask,
        database: &str,
        object: &Object,
        context: &cedar_policy::Context,
        lifted: Option<&str>,
    ) -> Verdict {
        let answer = |permits_only| {
            let resource = Resource::object(database, object)?;
            self.respond(ask, resource, context.clone(), permits_only)
        };
        let Some((set, response)) = answer(false) else {
            return error("the question cannot be asked of Cedar");
        };
        if let Some(verdict) = failed(&response) {
            return verdict;
        }
        let decided = deciders(set, &response);
        if response.decision() == Decision::Allow {
            return Verdict::Allow {
                policies: references(&decided),
            };
        }
        let standing: Vec<&Rule> = decided
            .iter()
            .copied()
            .filter(|r| lifted.is_none() || r.hold.as_deref() != lifted)
            .collect();
        let absolute: Vec<&Rule> = standing
            .iter()
            .copied()
            .filter(|r| r.hold.is_none())
            .collect();
        if !absolute.is_empty() {
            return Verdict::Deny {
                policies: references(&absolute),
                not_understood: false,
            };
        }
        if decided.is_empty() {
            return not_permitted(ask, object, "");
        }
        // Only holds stand, or stood, in the way: would it pass without them?
        let Some((set, response)) = answer(true) else {
            return error("the question cannot be asked of Cedar");
        };
        if let Some(verdict) = failed(&response) {
            return verdict;
        }
        if response.decision() == Decision::Deny {
            return not_permitted(ask, object, ", and an approval would not change that");
        }
        if standing.is_empty() {
            return Verdict::Allow {
                policies: references(&deciders(set, &response)),
            };
        }
        Verdict::hold(
            standing.iter().filter_map(|r| r.hold.clone()).collect(),
            references(&standing),
        )
    }

    /// Cedar's answer, by all policies or by the permits alone.
    fn respond(
        &self,
        ask: Ask,
        resource: Resource,
        context: cedar_policy::Context,
        permits_only: bool,
    ) -> Option<(&QuestionSet, Response)> {
        let set = self.narrowed.of(ask)?;
        let base = self.bases[ask.index()]
            .get_or_init(|| self.base(ask))
            .as_ref()?;
        let entities = base.clone().add_entities(resource.entities, None).ok()?;
        let grant = self.principals.grant.clone();
        let request = Request::new(grant, ask.uid().clone(), resource.uid, context, None).ok()?;
        let policies = if permits_only { &set.permits } else { &set.all };
        Some((set, CEDAR.is_authorized(&request, policies, &entities)))
    }

    fn base(&self, ask: Ask) -> Option<Entities> {
        Entities::from_entities(
            self.who.iter().cloned().chain(model::action_entities(ask)),
            None,
        )
        .ok()
    }
}

/// The rules that decided.
fn deciders<'a>(set: &'a QuestionSet, response: &Response) -> Vec<&'a Rule> {
    let ids = response.diagnostics().reason();
    ids.filter_map(|id| set.rules.get(AsRef::<str>::as_ref(id)).map(AsRef::as_ref))
        .collect()
}

fn references(rules: &[&Rule]) -> Vec<PolicyRef> {
    let mut references: Vec<PolicyRef> = rules.iter().map(|rule| rule.reference()).collect();
    references.sort();
    references
}

/// Cedar leaves a policy out that fails, a forbid too: we do not.
fn failed(response: &Response) -> Option<Verdict> {
    let mut ids: Vec<String> = response
        .diagnostics()
        .errors()
        .map(
            |cedar_policy::AuthorizationError::PolicyEvaluationError(e)| {
                format!("`{}`", e.policy_id())
            },
        )
        .collect();
    ids.sort();
    // The error itself could quote values: the policy's name is enough to find it.
    (!ids.is_empty()).then(|| error(&format!("policy {} could not be evaluated", ids.join(", "))))
}

fn error(reason: &str) -> Verdict {
    Verdict::Deny {
        policies: vec![PolicyRef::own(EVALUATION_ERROR, reason.to_owned())],
        not_understood: false,
    }
}

fn not_permitted(ask: Ask, object: &Object, more: &str) -> Verdict {
    let on = match object {
        Object::Database => String::new(),
        Object::Schema(schema) => format!(" on schema {schema}"),
        Object::Table(schema, name) | Object::Function(schema, name) if schema.is_empty() => {
            format!(" on {name}")
        }
        Object::Table(..) | Object::Function(..) => format!(" on {object}"),
    };
    Verdict::Deny {
        policies: vec![PolicyRef::own(
            DEFAULT,
            format!("no policy permits `{}`{on}{more}", ask.name()),
        )],
        not_understood: false,
    }
}

/// A deny of the action `unknown` says that the statement was not understood.
fn understood(verdict: Verdict, action: Action) -> Verdict {
    match verdict {
        Verdict::Deny { policies, .. } => {
            let failed = policies.iter().any(|p| p.id == EVALUATION_ERROR);
            Verdict::Deny {
                policies,
                not_understood: action == Action::Unknown && !failed,
            }
        }
        Verdict::Allow { .. } | Verdict::Hold { .. } => verdict,
    }
}
