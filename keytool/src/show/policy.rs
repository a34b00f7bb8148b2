//! Describes each statement of a policy, in the order of execution, and whether it passes now.

use std::fmt::Display;

use keyfile::policy::{Condition, Statement};
use keyfile::{KeyFile, Signature};
use serde_json::{Value, json};
use tpm::{CheckedPath, ErrorKind, Outcome, Tpm};

use crate::rows::Rows;

/// The result of checking the policy against the TPM now, or the reason why that was not possible.
struct Now(Result<Vec<CheckedPath>, String>);

/// Adds the rows about the policy of a key file and its signed policies.
pub(super) fn add_rows(rows: &mut Rows, tpm: &Tpm, key: &KeyFile) {
    let statements = match &key.policy {
        None if key.uses_policy() => {
            return rows
                .add("policy", "its statements are not in the file, so the key cannot be used with it");
        }
        None => return rows.add("policy", "none"),
        Some(statements) => statements,
    };
    let now = Now::of(tpm, key);
    rows.fact("policy", facts(&now, key, None, statements));
    rows.fact("policy_now", now.json_value(key));
    match statements.as_slice() {
        [] => rows.add("policy", "one without statements: always satisfied"),
        all => rows.list(
            "policy",
            all.iter().enumerate().map(|(at, statement)| now.sentence(key, None, at, statement)),
        ),
    }
    let mut signed_facts = Vec::new();
    for (number, signed) in key.auth_policies.iter().enumerate() {
        let name = match &signed.name {
            Some(name) => format!("{name:?}"),
            None => "without a name".to_owned(),
        };
        rows.add(format!("signed {}", number + 1), format!("{name}: {}", now.signed_outcome(number)));
        let sentences = signed.statements.iter().enumerate();
        signed_facts.push(json!({
            "name": signed.name,
            "statements": facts(&now, key, Some(number), &signed.statements),
        }));
        rows.list("", sentences.map(|(at, statement)| now.sentence(key, Some(number), at, statement)));
    }
    rows.fact("signed_policies", signed_facts);
    match key.uses_policy() {
        true => rows.add("use now", now.outcome()),
        false => rows.add("use now", "the policy is not used: the password alone authorizes (userWithAuth)"),
    }
}

/// Returns the statements for programs: the command, and the sentence for people.
fn facts(now: &Now, key: &KeyFile, signed: Option<usize>, statements: &[Statement]) -> Vec<Value> {
    let fact = |(at, statement): (usize, &Statement)| json!({ "command": statement.command.to_string(), "text": now.sentence(key, signed, at, statement) });
    statements.iter().enumerate().map(fact).collect()
}

impl Now {
    /// Returns the result for the whole policy, as one of the values in docs/json.md.
    fn json_value(&self, key: &KeyFile) -> &'static str {
        let Ok(ways) = &self.0 else { return "unknown" };
        match self.first_that_passes().or(ways.first()).map(CheckedPath::outcome) {
            _ if !key.uses_policy() => "not-asked",
            Some(Outcome::Passes) => "passes",
            Some(Outcome::WithPassword) => "with-password",
            Some(Outcome::DependsOnUse) => "depends-on-use",
            Some(Outcome::Refused(_)) => "refused",
            None => "unknown",
        }
    }

    fn of(tpm: &Tpm, key: &KeyFile) -> Self {
        if !key.uses_policy() {
            return Self(Ok(Vec::new()));
        }
        Self(tpm.check_policy(key).map_err(|error| match error.kind() {
            ErrorKind::NoTpm => "unknown, no TPM".to_owned(),
            _ => format!("unknown: {}", error.cause()),
        }))
    }

    /// Returns a statement, and its outcome after a dash.
    fn sentence(&self, key: &KeyFile, signed: Option<usize>, index: usize, statement: &Statement) -> String {
        let unsigned = matches!(
            statement.condition(),
            Ok(Condition::Authorize(authorize)) if authorize.signature == Signature::Null
        );
        let outcome = match &self.0 {
            _ if !key.uses_policy() => return statement.to_string(),
            Err(unknown) => unknown.clone(),
            // PolicyAuthorize without a signature: the signed policies are described below.
            Ok(_) if unsigned && key.auth_policies.is_empty() => {
                "does not pass now: there is no signed policy for this key yet (tpm2-keytool policy add)"
                    .to_owned()
            }
            Ok(ways) if unsigned => match self.first_that_passes() {
                Some(way) => format!("passes now, by {}", by(way)),
                None => format!("does not pass now: none of the {} signed policies passes", ways.len()),
            },
            Ok(ways) => {
                let at = |way: &&CheckedPath| match signed {
                    Some(number) => way.signed.as_ref().is_some_and(|signed| signed.index == number),
                    None => true,
                };
                let all = ways.iter().filter(at).flat_map(|way| &way.statements);
                let found = all.filter(|checked| {
                    let position = &checked.position;
                    position.index == index && position.signed.as_ref().map(|signed| signed.index) == signed
                });
                // A statement after the signed policies is checked once for each of them.
                let found = found.map(|checked| &checked.outcome);
                let best = found.min_by_key(|outcome| matches!(outcome, Outcome::Refused(_)));
                best.map_or_else(|| "unknown".to_owned(), text)
            }
        };
        format!("{statement} – {outcome}")
    }

    /// Returns the outcome of a signed policy.
    fn signed_outcome(&self, number: usize) -> String {
        match &self.0 {
            Err(unknown) => unknown.clone(),
            Ok(ways) => {
                let way = ways.iter().find(|way| way.signed.as_ref().is_some_and(|it| it.index == number));
                way.map_or_else(|| "not checked".to_owned(), |way| text(&way.outcome()))
            }
        }
    }

    /// Returns the outcome of the whole policy.
    fn outcome(&self) -> String {
        let ways = match &self.0 {
            Err(unknown) => return unknown.clone(),
            Ok(ways) => ways,
        };
        match (self.first_that_passes(), ways.as_slice()) {
            (Some(way), _) if way.signed.is_some() => format!("{}, by {}", text(&way.outcome()), by(way)),
            (Some(way), _) => text(&way.outcome()),
            (None, [only]) => text(&only.outcome()),
            (None, all) => format!("does not pass now: none of the {} signed policies passes", all.len()),
        }
    }

    fn first_that_passes(&self) -> Option<&CheckedPath> {
        let ways = self.0.as_ref().ok()?;
        ways.iter().find(|way| !matches!(way.outcome(), Outcome::Refused(_)))
    }
}

fn by(way: &CheckedPath) -> impl Display + '_ {
    way.signed.as_ref().map_or_else(|| "the policy".to_owned(), ToString::to_string)
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passes => "passes now".to_owned(),
        Outcome::WithPassword => "passes with the right password".to_owned(),
        Outcome::DependsOnUse => "depends on the operation".to_owned(),
        Outcome::Refused(reason) => format!("does not pass now: {reason}"),
    }
}
