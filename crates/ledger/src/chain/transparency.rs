//! What is kept of the vendor's transparency log must be what the links say, all of it and nothing else.

use super::replay::Replay;
use super::{DifferenceKind, Stop};
use crate::reader::transparency::{acknowledgements, breaks, checkpoints, leaves};
use crate::record::transparency::{AcknowledgementFields, BreakFields, CheckpointFields, LeafFields};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// What the links say of transparency logs, with the link that says it.
#[derive(Default, Debug)]
pub(super) struct ReplayedLogs {
    checkpoints: Vec<(u64, CheckpointFields)>,
    leaves: BTreeMap<u64, (u64, LeafFields)>,
    breaks: Vec<(u64, BreakFields)>,
    acknowledgements: BTreeMap<u64, (u64, AcknowledgementFields)>,
}

impl Replay {
    pub(super) fn apply_checkpoint(&mut self, fields: CheckpointFields) -> Result<(), Stop> {
        if fields.number != self.logs.checkpoints.len() as u64 + 1 {
            return Err(changed(&format!("checkpoint {} is out of turn", fields.number)));
        }
        self.logs.checkpoints.push((self.link + 1, fields));
        Ok(())
    }

    pub(super) fn apply_leaf(&mut self, fields: LeafFields) -> Result<(), Stop> {
        let known = (1..=self.logs.checkpoints.len() as u64).contains(&fields.checkpoint);
        if !known || fields.sequence > self.sequence {
            return Err(changed(&format!("the proof of activity {} hangs in the air", fields.sequence)));
        }
        self.logs.leaves.insert(fields.sequence, (self.link + 1, fields));
        Ok(())
    }

    pub(super) fn apply_break(&mut self, fields: BreakFields) -> Result<(), Stop> {
        if fields.number != self.logs.breaks.len() as u64 + 1 {
            return Err(changed(&format!("break {} is out of turn", fields.number)));
        }
        self.logs.breaks.push((self.link + 1, fields));
        Ok(())
    }

    pub(super) fn apply_acknowledgement(&mut self, fields: AcknowledgementFields) -> Result<(), Stop> {
        let known = (1..=self.logs.breaks.len() as u64).contains(&fields.number);
        if !known || self.logs.acknowledgements.contains_key(&fields.number) {
            return Err(changed(&format!("the acknowledgement of break {} is out of turn", fields.number)));
        }
        self.logs.acknowledgements.insert(fields.number, (self.link + 1, fields));
        Ok(())
    }

    /// Compares the tables with what was replayed.
    pub(super) fn compare_logs(&self, connection: &Connection) -> Result<(), Stop> {
        let proven: Vec<(u64, LeafFields)> = self.logs.leaves.values().cloned().collect();
        same("checkpoint", &self.logs.checkpoints, &checkpoints(connection)?)?;
        same("proof", &proven, &leaves(connection)?)?;
        same("break", &self.logs.breaks, &breaks(connection)?)?;
        let acknowledged: Vec<(u64, AcknowledgementFields)> =
            self.logs.acknowledgements.values().cloned().collect();
        same("acknowledgement", &acknowledged, &acknowledgements(connection)?)
    }
}

/// Both lists are in the same order, so the first place where they part names the first difference.
fn same<T: PartialEq>(what: &str, told: &[(u64, T)], found: &[(u64, T)]) -> Result<(), Stop> {
    if told == found {
        return Ok(());
    }
    let place = told.iter().zip(found).take_while(|(told, found)| told == found).count();
    let link = told.get(place).map(|(link, _)| *link);
    let message = match (link, found.get(place)) {
        (Some(link), _) => format!("the {what} of link {link} is not kept as that link says"),
        (None, _) => format!("one {what} of the transparency log is kept that no link speaks of"),
    };
    Err(changed(&message).at(link, None))
}

fn changed(message: &str) -> Stop {
    Stop::differs(DifferenceKind::TransparencyChanged, message)
}
