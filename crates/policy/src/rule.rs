//! One policy, checked and ready to be asked.
//!
//! Owns: [`Rule`]: a Cedar policy with what its head and annotations say. Refuses: to evaluate anything itself: its
//! `can_match` only leaves out what Cedar would find not to match.

use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint};

use crate::context::{Attributes, Principal};
use crate::model::{Ask, Type, action_in};
use crate::set::{Effect, PolicySummary};
use crate::verdict::PolicyRef;

/// A policy.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Under its `@id`.
    pub(crate) policy: Policy,
    pub(crate) effect: Effect,
    /// The role of `@hold`.
    pub(crate) hold: Option<String>,
    /// Which questions its head matches, by [`Ask::bit`].
    pub(crate) asks: u32,
    /// Whether its head names actions at all.
    pub(crate) names_actions: bool,
    pub(crate) principal: PrincipalConstraint,
    pub(crate) attributes: Attributes,
    pub(crate) summary: PolicySummary,
}

/// What an action constraint matches, and whether it is one.
pub(crate) fn asks(constraint: &ActionConstraint) -> (u32, bool) {
    let matching = |matches: &dyn Fn(Ask) -> bool| {
        Ask::all()
            .filter(|&a| matches(a))
            .fold(0, |bits, a| bits | a.bit())
    };
    match constraint {
        ActionConstraint::Any => (matching(&|_| true), false),
        ActionConstraint::Eq(uid) => (matching(&|ask| ask.uid() == uid), true),
        ActionConstraint::In(uids) => (
            matching(&|ask| uids.iter().any(|uid| action_in(ask, uid))),
            true,
        ),
    }
}

impl Rule {
    /// Whether its head matches this principal: what Cedar's `==`, `in` and `is` say of a grant and its parents.
    pub(crate) fn can_match(&self, principal: &Principals) -> bool {
        let is_in = |uid: &EntityUid| *uid == principal.grant || principal.parents.contains(uid);
        match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => *uid == principal.grant,
            PrincipalConstraint::In(uid) => is_in(uid),
            PrincipalConstraint::Is(kind) => kind == Type::Grant.type_name(),
            PrincipalConstraint::IsIn(kind, uid) => kind == Type::Grant.type_name() && is_in(uid),
        }
    }

    /// Whether it takes part in this question at all.
    pub(crate) fn takes_part(&self, ask: Ask) -> bool {
        self.asks & ask.bit() != 0
            && match ask {
                // A connection cannot wait for an approval; its statements will.
                Ask::CONNECT => self.hold.is_none(),
                // "Everything" is not an explicit permit to see what a label hides.
                Ask::UNMASK => self.effect == Effect::Forbid || self.names_actions,
                _ => true,
            }
    }

    pub(crate) fn reference(&self) -> PolicyRef {
        let PolicySummary {
            id,
            reason,
            controls,
            ..
        } = &self.summary;
        PolicyRef {
            id: id.clone(),
            reason: reason.clone(),
            controls: controls.clone(),
        }
    }
}

/// A principal as entities.
#[derive(Debug, Clone)]
pub(crate) struct Principals {
    pub(crate) grant: EntityUid,
    pub(crate) parents: Vec<EntityUid>,
}

impl From<&Principal> for Principals {
    fn from(principal: &Principal) -> Principals {
        let mut parents = vec![
            Type::User.uid(&principal.user),
            Type::Agent.uid(&principal.agent),
        ];
        parents.extend(principal.roles.iter().map(|role| Type::Role.uid(role)));
        Principals {
            grant: Type::Grant.uid(&principal.grant),
            parents,
        }
    }
}
