//! One table per way to the chip and type of key, as text and as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::chip::{Cost, Way};
use crate::contender::{Contender, KeyType};
use crate::steps::Step;

pub(crate) struct Table {
    way: Way,
    key: KeyType,
    cells: Vec<(Contender, Step, Option<Cost>)>,
}

impl Table {
    pub(crate) fn new(way: Way, key: KeyType) -> Self {
        Self { way, key, cells: Vec::new() }
    }

    pub(crate) fn add(&mut self, contender: Contender, step: Step, cost: Option<Cost>) {
        self.cells.push((contender, step, cost));
    }

    fn cost(&self, contender: Contender, step: Step) -> Option<Cost> {
        self.cells.iter().find(|cell| (cell.0, cell.1) == (contender, step))?.2
    }

    /// Returns the cells in which this provider sends more commands than the other one.
    fn losses(&self) -> Vec<String> {
        let more = |(contender, step, cost): &(Contender, Step, Option<Cost>)| {
            let rival = self.cost(contender.rival()?, *step)?;
            (cost.as_ref()?.commands > rival.commands).then(|| format!("{contender}: {step}"))
        };
        self.cells.iter().filter_map(more).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}: commands at the chip, ms", self.way, self.key)?;
        write!(f, "{:<26}", "")?;
        Contender::ALL.iter().try_for_each(|contender| write!(f, " {contender:>20}"))?;
        for step in Step::ALL {
            write!(f, "\n{step:<26}")?;
            for contender in Contender::ALL {
                match self.cost(contender, step) {
                    Some(Cost { commands, millis }) => write!(f, " {commands:>11.1} {millis:>8.0}")?,
                    None => write!(f, " {:>20}", "–")?,
                }
            }
        }
        match self.losses().as_slice() {
            [] => writeln!(f, "\nno row has more commands than that of tpm2-openssl"),
            more => writeln!(f, "\nmore commands than tpm2-openssl: {}", more.join("; ")),
        }
    }
}

/// Returns all tables as one JSON document.
pub(crate) fn document(tables: &[Table]) -> String {
    let row = |table: &Table, (contender, step, cost): &(Contender, Step, Option<Cost>)| {
        json!({
            "way": table.way.to_string(),
            "key": table.key.to_string(),
            "contender": contender.to_string(),
            "step": step.to_string(),
            "commands": cost.map(|cost| cost.commands),
            "ms": cost.map(|cost| cost.millis),
        })
    };
    let rows: Vec<Value> =
        tables.iter().flat_map(|table| table.cells.iter().map(move |cell| row(table, cell))).collect();
    serde_json::to_string_pretty(&rows).expect("a document")
}
