//! The answer for one statement.

/// A policy that decided, by its annotations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PolicyRef {
    /// `@id`.
    pub id: String,
    /// `@reason`, or a sentence made for a policy without one.
    pub reason: String,
    /// `@control`s.
    pub controls: Vec<String>,
}

/// deny > hold > allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow {
        /// The permits that said so, sorted.
        policies: Vec<PolicyRef>,
    },
    /// It may run once a member of `approver` has approved it.
    Hold {
        /// The role of `@hold("…")`.
        approver: String,
        /// The forbids that hold it, sorted; the first one is shown.
        policies: Vec<PolicyRef>,
    },
    /// It may not run.
    Deny {
        /// The forbids that said so, sorted; the first one is shown. `default` where no permit matched,
        /// `evaluation-error` where a policy could not be evaluated.
        policies: Vec<PolicyRef>,
        /// Whether it was denied because it asks for the action `unknown` (SQLSTATE TG003 rather than 42501).
        not_understood: bool,
    },
}

/// The id under which it is said that no permit matched.
pub const DEFAULT: &str = "default";
/// The id under which it is said that a policy could not be evaluated.
pub const EVALUATION_ERROR: &str = "evaluation-error";
/// The id under which it is said that one approval would not be enough.
pub const TWO_APPROVERS: &str = "two-approvers";

/// Ids that no policy can have.
pub(crate) const RESERVED: [&str; 3] = [DEFAULT, EVALUATION_ERROR, TWO_APPROVERS];

impl PolicyRef {
    /// One of ours.
    pub(crate) fn own(id: &str, reason: String) -> PolicyRef {
        PolicyRef {
            id: id.to_owned(),
            reason,
            controls: Vec::new(),
        }
    }
}

impl Verdict {
    /// The policies that decided.
    pub fn policies(&self) -> &[PolicyRef] {
        match self {
            Verdict::Allow { policies }
            | Verdict::Hold { policies, .. }
            | Verdict::Deny { policies, .. } => policies,
        }
    }

    /// A hold for these roles: one hold has one approver, so two roles are a deny.
    pub(crate) fn hold(approvers: Vec<String>, policies: Vec<PolicyRef>) -> Verdict {
        let mut approvers = sorted(approvers);
        match approvers.len() {
            1 => Verdict::Hold {
                approver: approvers.remove(0),
                policies: in_order(policies),
            },
            _ => {
                let reason = format!(
                    "it would need the approval of {}, and an approval is given by one role: \
                     run what each role can approve as a statement of its own",
                    approvers.join(" and of ")
                );
                let mut policies = in_order(policies);
                policies.insert(0, PolicyRef::own(TWO_APPROVERS, reason));
                Verdict::Deny {
                    policies,
                    not_understood: false,
                }
            }
        }
    }
}

/// The strictest of several: deny > hold > allow. Verdicts of the same kind are put together, with all their policies;
/// holds for different approvers make a deny. None for none.
///
/// A deny counts as `not_understood` only where everything that was denied was not understood: a real policy's reason
/// tells more.
pub fn strictest(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
    let (mut allowed, mut held, mut denied) = (Vec::new(), Vec::new(), Vec::new());
    let mut approvers = Vec::new();
    let mut understood = false;
    let mut any = false;
    for verdict in verdicts {
        any = true;
        match verdict {
            Verdict::Allow { policies } => allowed.extend(policies),
            Verdict::Hold { approver, policies } => {
                approvers.push(approver);
                held.extend(policies);
            }
            Verdict::Deny {
                policies,
                not_understood,
            } => {
                understood |= !not_understood;
                denied.push(policies);
            }
        }
    }
    if !denied.is_empty() {
        Some(Verdict::Deny {
            policies: denials(denied),
            not_understood: !understood,
        })
    } else if !approvers.is_empty() {
        Some(Verdict::hold(approvers, held))
    } else {
        any.then(|| Verdict::Allow {
            policies: in_order(allowed),
        })
    }
}

/// Sorted, each once.
fn in_order(mut policies: Vec<PolicyRef>) -> Vec<PolicyRef> {
    policies.sort();
    policies.dedup();
    policies
}

/// The first one is shown, so what tells most comes first: forbids; holds that no one role can lift, behind the sentence
/// that says so; what stands for no policy at all.
fn denials(denied: Vec<Vec<PolicyRef>>) -> Vec<PolicyRef> {
    let (split, plain): (Vec<_>, Vec<_>) = denied
        .into_iter()
        .partition(|policies| policies.first().is_some_and(|p| p.id == TWO_APPROVERS));
    let (own, mut policies): (Vec<_>, Vec<_>) = plain
        .into_iter()
        .flatten()
        .partition(|p| RESERVED.contains(&p.id.as_str()));
    policies = in_order(policies);
    for policy in split.into_iter().flatten().chain(in_order(own)) {
        if !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    policies
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}
