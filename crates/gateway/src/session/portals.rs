//! Portals as they are bound.
//!
//! Owns: what a portal is of, how that is judged, and when the server has to say what its columns are.
//! Refuses: to remember a judgement that was made in doubt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use sha2::{Digest, Sha256};
use wire::postgres::query::Bind;

use super::named::{Portal, Prepared, lock};
use super::parameters::shown_all;
use super::upward::Upward;
use crate::judge::Judged;

impl Upward<'_> {
    pub(super) fn portal_of(&self, bind: &Bind<'_>, body: &[u8]) -> Portal {
        let shared = self.core.shared();
        let statements: Vec<Arc<Prepared>> = shared
            .statements
            .get(bind.statement, shared.batch)
            .cloned()
            .collect();
        let parameters = shown_all(
            bind.parameters()
                .enumerate()
                .map(|(at, v)| (v, bind.parameter_format(at))),
        );
        // From the statement's name on: formats and values exactly as they came (the portal's name is no part of it).
        let names = bind.portal.len() + 1 + bind.statement.len() + 1;
        let parameter_digest = match bind.parameter_count() {
            0 => None,
            // The types that Parse named decide what the bytes mean.
            _ => Some(
                statements
                    .iter()
                    .fold(Sha256::new(), |hash, s| hash.chain_update(&s.types))
                    .chain_update(body.get(names..).unwrap_or_default())
                    .finalize()
                    .into(),
            ),
        };
        Portal {
            name: bind.portal.into(),
            statements,
            parameters,
            parameter_digest,
            formats: bind.result_formats().collect(),
            plan: std::sync::Mutex::new(None),
            cursor: false,
            bound: AtomicU64::new(0),
            held: AtomicBool::new(false),
            names: shared.names,
            started: AtomicBool::new(false),
            spent: std::sync::Mutex::new(None),
        }
    }

    /// The judgements, under what is known now, of everything a portal can be of.
    pub(super) fn judge_portal(&self, portal: &Portal) -> Vec<Arc<Judged>> {
        let epoch = self.core.judge().epoch();
        if portal.statements.is_empty() {
            return vec![
                self.core
                    .judge()
                    .unknown("the statement of this portal is not known"),
            ];
        }
        let each = portal.statements.iter().map(|statement| {
            if let Some((of, judged)) = lock(&statement.judged).as_ref()
                && *of == epoch
                && !self.unsure
                && !judged.runs_by_name
                && self.core.judge().may_remember()
            {
                return Arc::clone(judged);
            }
            let judged = self.judge_as_known(&statement.text);
            if !self.unsure {
                *lock(&statement.judged) = Some((epoch, Arc::clone(&judged)));
            }
            judged
        });
        each.collect()
    }

    /// Whether the server has to say what the columns of this portal are before its rows can leave.
    pub(super) fn must_describe(&self, portal: &Portal) -> bool {
        let judge = self.core.judge();
        if !judge.has_labels() {
            return false;
        }
        let epoch = judge.epoch();
        match portal.statements.as_slice() {
            [statement] => {
                let reach = lock(&statement.judged)
                    .as_ref()
                    .is_none_or(|(_, judged)| judged.in_reach);
                let columns = lock(&statement.columns);
                match columns.as_ref() {
                    Some((of, columns)) if *of == epoch && !reach => {
                        // That stays so, whatever moves before its rows come.
                        *lock(&portal.plan) = Some(Arc::new(columns.plan(Some(&portal.formats))));
                        false
                    }
                    _ => true,
                }
            }
            _ => true,
        }
    }
}
