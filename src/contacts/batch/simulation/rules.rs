//! What must come of an act, by the model: everything but the chance. Of a choice it says
//! among whom it is, what is recorded of it, and whether it can be made again.

use super::{
    event::How,
    model::{Bar, Fact},
    run::{Breach, Resolved, Run, hold},
    world::{World, rules},
};
use crate::{
    contacts::store::assignments::{Assignment, AssignmentKind},
    dispatch::{BacklogReason, Excluded, ExclusionReason, pick::Candidate, strategy::Evidence},
    ids::OperatorId,
};

/// The strategies that the sources of a new world have.
fn first(source: usize) -> How {
    World::new(0).strategies[source]
}

impl Run {
    /// Whether a change is done, and by a decision; `next` is the next decision that was made.
    pub fn change(
        &mut self,
        act: &Resolved,
        next: Option<&Assignment>,
    ) -> Result<(bool, bool), Breach> {
        let (contact, time) = match *act {
            Resolved::Close(id)
            | Resolved::Begin(id, _)
            | Resolved::Reassign(id)
            | Resolved::Give(id, ..)
            | Resolved::TakeBack(id) => (id, self.world.time),
            Resolved::Arrive { .. } => return Err("not a change".to_owned()),
        };
        let state = self.model.contacts()[&contact];
        let decided = |kind, operator| {
            let made = next.map(|next| (next.contact_id, next.kind, next.operator_id));
            hold!(
                made == Some((contact, kind, operator)),
                "should be {kind:?} to {operator:?}, is {next:?}"
            );
            Ok(())
        };
        match *act {
            Resolved::Close(_) => {
                if state.active {
                    self.note(Fact::Closed { contact });
                }
                Ok((true, false))
            }
            Resolved::Begin(_, force) if !state.active => {
                let bar = state.operator.and_then(|id| self.model.bar(id, time, true));
                if bar.is_some() && !force {
                    return Ok((false, false));
                }
                self.note(Fact::Begun { contact });
                let gone = state
                    .operator
                    .is_some_and(|id| self.model.person(id).deleted);
                self.saw(("reopened", force, gone));
                if gone {
                    decided(AssignmentKind::Released, None)?;
                    self.note(Fact::Taken { contact });
                }
                Ok((true, gone))
            }
            Resolved::Begin(..) => Ok((true, false)),
            _ if !state.active => Ok((false, false)),
            Resolved::Reassign(_) => {
                let next = next.ok_or("no decision")?;
                hold!(next.contact_id == contact, "the decision about another");
                self.chosen(state.source, state.operator, next)?;
                Ok((true, true))
            }
            Resolved::Give(_, to, _) if self.model.person(to).deleted => Ok((false, false)),
            Resolved::Give(_, to, _) if state.operator == Some(to) => Ok((true, false)),
            Resolved::Give(_, operator, force) => {
                let bar = self.model.bar(operator, time, false);
                if bar.is_some() && !force {
                    return Ok((false, false));
                }
                decided(AssignmentKind::Manual, Some(operator))?;
                let forced = next.is_some_and(|next| next.forced);
                hold!(forced == bar.is_some(), "forced: {forced}, bar: {bar:?}");
                self.saw((AssignmentKind::Manual, bar));
                self.note(Fact::Given { contact, operator });
                Ok((true, true))
            }
            Resolved::TakeBack(_) if state.operator.is_some() => {
                decided(AssignmentKind::Released, None)?;
                self.note(Fact::Taken { contact });
                Ok((true, true))
            }
            Resolved::TakeBack(_) | Resolved::Arrive { .. } => Ok((true, false)),
        }
    }

    /// A decision about a contact of this source that is new, or is being taken from
    /// somebody: I1 and I2, and that what is recorded of it is true.
    pub fn chosen(
        &mut self,
        source: usize,
        current: Option<OperatorId>,
        decision: &Assignment,
    ) -> Result<(), Breach> {
        let contact = decision.contact_id;
        let basis = decision.pool_id.and_then(|id| self.world.bases.get(&id));
        let basis = basis.cloned().ok_or("no basis is recorded")?;
        let (candidates, excluded) = self.pool(source, current);
        hold!(
            basis.pool.candidates == candidates && basis.pool.excluded == excluded,
            "candidates should be {candidates:?}, excluded {excluded:?}, recorded is {basis:?}"
        );
        let how = self.model.how(source, first(source));
        hold!(
            basis.strategy == rules(how).name(),
            "strategy should be {how:?}, is {basis:?}"
        );
        for one in &excluded {
            self.saw(one.reason);
        }
        let Some(operator) = decision.operator_id else {
            hold!(
                candidates.is_empty(),
                "I2: nobody has it, and {candidates:?} could"
            );
            let kept = current.filter(|id| self.model.person(*id).active);
            hold!(kept.is_none(), "it should stay with {kept:?}");
            let reason = nearest(&excluded);
            hold!(
                decision.backlog_reason == Some(reason),
                "should wait: {reason:?}"
            );
            self.saw(reason);
            self.note(Fact::Taken { contact });
            return Ok(());
        };
        if decision.kind == AssignmentKind::Kept {
            hold!(
                candidates.is_empty(),
                "I2: it is kept, and {candidates:?} could have it"
            );
            hold!(current == Some(operator), "kept by another");
            let active = self.model.person(operator).active;
            hold!(active, "kept by somebody who is not active");
            self.saw(decision.kind);
            return Ok(());
        }
        let index = candidates
            .iter()
            .position(|candidate| candidate.operator_id == operator);
        hold!(
            index.is_some(),
            "I1: {operator} has it, out of {candidates:?}"
        );
        let draw = decision.draw.and_then(|draw| u64::try_from(draw).ok());
        let evidence = Evidence::Draw(draw.ok_or("no evidence")?);
        let again = rules(how).replay(&basis.pool, evidence);
        hold!(
            again == Some(operator),
            "{evidence:?} replays to {again:?}, not {operator}"
        );
        let shares: Vec<u64> = match how {
            How::WeightedRandom => candidates.iter().map(|one| one.weight.into()).collect(),
            How::LeastLoaded => {
                let load = |one: &&Candidate| (self.model.load(one.operator_id), one.operator_id);
                let least = candidates.iter().min_by_key(load).ok_or("nobody")?;
                let shares = candidates.iter().map(|one| u64::from(one == least));
                shares.collect()
            }
        };
        let recorded = basis.expected.parts();
        hold!(
            recorded == shares,
            "shares should be {shares:?}, are {recorded:?}"
        );
        hold!(
            index.is_some_and(|index| shares[index] > 0),
            "nothing was expected for {operator}"
        );
        self.saw((how, decision.kind));
        self.note(Fact::Given { contact, operator });
        Ok(())
    }

    /// Who can have a contact of this source, and who cannot.
    fn pool(&self, source: usize, current: Option<OperatorId>) -> (Vec<Candidate>, Vec<Excluded>) {
        let (mut candidates, mut excluded) = (Vec::new(), Vec::new());
        for (operator_id, weight) in self.model.weights(source) {
            let reason = match self.model.bar(operator_id, self.world.time, false) {
                _ if weight == 0 => Some(ExclusionReason::Paused),
                Some(Bar::Inactive) => Some(ExclusionReason::Inactive),
                _ if current == Some(operator_id) => Some(ExclusionReason::CurrentOperator),
                Some(Bar::Load) => Some(ExclusionReason::AtLoadLimit),
                Some(Bar::Window) => Some(ExclusionReason::AtWindowLimit),
                None => None,
            };
            match reason {
                None => candidates.push(Candidate {
                    operator_id,
                    weight,
                }),
                Some(reason) => excluded.push(Excluded {
                    operator_id,
                    weight,
                    reason,
                }),
            }
        }
        (candidates, excluded)
    }
}

/// Why a contact waits: the cause that is nearest to being able to take it.
fn nearest(excluded: &[Excluded]) -> BacklogReason {
    use ExclusionReason as Reason;
    let any = |reason| excluded.iter().any(|one| one.reason == reason);
    if any(Reason::AtLoadLimit) || any(Reason::AtWindowLimit) {
        BacklogReason::AllAtLimit
    } else if any(Reason::Inactive) {
        BacklogReason::AllInactive
    } else {
        BacklogReason::NoOperators
    }
}
