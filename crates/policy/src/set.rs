//! All policies of a database, and those of them that concern one grant.
//!
//! Owns: [`PolicySet`], and narrowing: Cedar looks at every policy of a set, about a microsecond each, so a session asks
//! sets that hold only what can match it. Refuses: to narrow by anything but the head of a policy, which cannot fail:
//! that is why the narrowed sets answer as the whole one would (`narrow_test` holds that).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::context::{Attributes, Principal};
use crate::decide::SessionPolicies;
use crate::model::Ask;
use crate::problem::PolicyProblem;
use crate::rule::{Principals, Rule};

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `permit`.
    Permit,
    /// `forbid`.
    Forbid,
}

/// A policy, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySummary {
    /// `@id`.
    pub id: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// The role of `@hold`.
    pub hold: Option<String>,
    /// `@reason`, or a sentence made for a policy without one.
    pub reason: String,
    /// `@control`, taken apart.
    pub controls: Vec<String>,
    /// The file it is in, as it was named to us.
    pub file: String,
    /// The line it begins in.
    pub line: usize,
    /// The policy as written.
    pub text: String,
}

/// Every policy of a database.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) rules: Vec<Arc<Rule>>,
    /// Schemas that policies name: where a name that was not resolved could be.
    pub(crate) schemas: Arc<BTreeSet<String>>,
    narrowed: Mutex<HashMap<Vec<bool>, Arc<Narrowed>>>,
}

/// More different kinds of grants than this, and narrowing starts afresh: memory is bounded.
const KINDS_KEPT: usize = 256;

impl PolicySet {
    /// Reads and checks the files (path for messages, text) of a database. `databases` are those that are configured.
    pub fn load(
        files: &[(String, String)],
        databases: &[&str],
    ) -> Result<PolicySet, Vec<PolicyProblem>> {
        crate::load::load(files, databases)
    }

    pub(crate) fn new(rules: Vec<Rule>, schemas: BTreeSet<String>) -> PolicySet {
        PolicySet {
            rules: rules.into_iter().map(Arc::new).collect(),
            schemas: Arc::new(schemas),
            narrowed: Mutex::new(HashMap::new()),
        }
    }

    /// What can match this principal. Grants that differ in nothing a policy speaks of share it.
    pub fn narrow(&self, principal: &Principal) -> Arc<SessionPolicies> {
        let principals = Principals::from(principal);
        let matching: Vec<bool> = self
            .rules
            .iter()
            .map(|rule| rule.can_match(&principals))
            .collect();
        let mut kept = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KINDS_KEPT && !kept.contains_key(&matching) {
            kept.clear();
        }
        let narrowed = kept.entry(matching).or_insert_with_key(|matching| {
            let rules = self
                .rules
                .iter()
                .zip(matching)
                .filter(|(_, matches)| **matches);
            let rules = rules.map(|(rule, _)| Arc::clone(rule)).collect();
            Arc::new(Narrowed::new(
                rules,
                false,
                self.connecting_needs_a_permit(),
            ))
        });
        Arc::new(SessionPolicies::new(
            principal,
            principals,
            Arc::clone(narrowed),
            Arc::clone(&self.schemas),
        ))
    }

    /// The same session with every policy in every set, and every attribute built: what `narrow` must equal.
    #[cfg(test)]
    pub(crate) fn unnarrowed(&self, principal: &Principal) -> SessionPolicies {
        let whole = Narrowed::new(self.rules.clone(), true, self.connecting_needs_a_permit());
        SessionPolicies::new(
            principal,
            Principals::from(principal),
            Arc::new(whole),
            Arc::clone(&self.schemas),
        )
    }

    /// Whether a verdict can change as time goes by: it must not be kept then.
    pub fn mentions_time(&self) -> bool {
        self.mentions("now")
    }

    /// Whether any policy looks at this attribute of the context. Verdicts that are kept must be told apart by the
    /// attributes that are mentioned. True for a name that is none.
    pub fn mentions(&self, attribute: &str) -> bool {
        self.rules.iter().any(|rule| rule.attributes.has(attribute))
    }

    /// Every policy, in the order of the files.
    pub fn policies(&self) -> impl Iterator<Item = &PolicySummary> {
        self.rules.iter().map(|rule| &rule.summary)
    }

    /// Whether any policy names this role. One that none names is most likely misspelt.
    pub fn names_role(&self, role: &str) -> bool {
        let name = format!("Tollgate::Role::{role:?}");
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.policy.to_string().contains(&name))
    }

    /// `connect` is asked so that it can be forbidden; only a permit that names it makes it a matter of permits.
    fn connecting_needs_a_permit(&self) -> bool {
        self.rules.iter().any(|r| {
            r.effect == Effect::Permit && r.names_actions && r.asks & Ask::CONNECT.bit() != 0
        })
    }
}

/// Cedar's sets for one kind of grant, one for each question, each made when it is first asked.
#[derive(Debug)]
pub(crate) struct Narrowed {
    rules: Vec<Arc<Rule>>,
    whole: bool,
    pub(crate) connecting_needs_a_permit: bool,
    sets: [OnceLock<Option<QuestionSet>>; Ask::COUNT],
}

/// What is asked for one action.
#[derive(Debug)]
pub(crate) struct QuestionSet {
    pub(crate) all: cedar_policy::PolicySet,
    /// To see whether a hold, once lifted, would let anything pass.
    pub(crate) permits: cedar_policy::PolicySet,
    pub(crate) rules: HashMap<String, Arc<Rule>>,
    pub(crate) attributes: Attributes,
}

impl Narrowed {
    fn new(rules: Vec<Arc<Rule>>, whole: bool, connecting_needs_a_permit: bool) -> Narrowed {
        Narrowed {
            rules,
            whole,
            connecting_needs_a_permit,
            sets: [const { OnceLock::new() }; Ask::COUNT],
        }
    }

    /// Whether there is a permit for this question.
    pub(crate) fn permits(&self, ask: Ask) -> bool {
        let permits = |rule: &Arc<Rule>| rule.effect == Effect::Permit && rule.takes_part(ask);
        self.rules.iter().any(permits)
    }

    /// None where Cedar would not take the policies together, which `load` has seen it do.
    pub(crate) fn of(&self, ask: Ask) -> Option<&QuestionSet> {
        self.sets[ask.index()]
            .get_or_init(|| self.make(ask))
            .as_ref()
    }

    fn make(&self, ask: Ask) -> Option<QuestionSet> {
        let part: Vec<&Arc<Rule>> = self
            .rules
            .iter()
            .filter(|rule| rule.takes_part(ask) || (self.whole && rule.asks & ask.bit() == 0))
            .collect();
        let set = |wanted: &dyn Fn(&Rule) -> bool| {
            let policies = part.iter().filter(|r| wanted(r)).map(|r| r.policy.clone());
            cedar_policy::PolicySet::from_policies(policies).ok()
        };
        Some(QuestionSet {
            all: set(&|_| true)?,
            permits: set(&|rule| rule.effect == Effect::Permit)?,
            attributes: if self.whole {
                Attributes::ALL
            } else {
                part.iter()
                    .fold(Attributes::default(), |all, rule| all.and(rule.attributes))
            },
            rules: part
                .into_iter()
                .map(|r| (r.summary.id.clone(), Arc::clone(r)))
                .collect(),
        })
    }
}
