//! Rights: how long one decision takes for a principal with very many rules, and with one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use strongroom_authz::{
    Caller, CallerParts, Principal, ReadSecretValue, Rule, RuleSet, TokenScopes, authorize,
};
use strongroom_types::{OrganisationId, Region, Scope, SecretPath, UserId};

use super::report::Row;
use super::runs::median;
use super::{Bench, BenchError};

/// What a principal with very many rights has.
const MANY: u32 = 1_000;
/// One decision should take less, in nanoseconds.
const LIMIT: f64 = 500.0;
/// How many measurements there are; the median counts.
const SLICES: u32 = 5;
/// Decisions between two looks at the clock.
const BATCH: usize = 256;
/// What is asked, and how the table calls it.
pub(crate) const QUESTIONS: [(Question, &str); 4] = [
    (Question::Exact, "allowed by a path"),
    (Question::Pattern, "allowed by a pattern"),
    (Question::Middle, "allowed by a pattern with two stars"),
    (Question::Refused, "refused"),
];

/// A question to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Question {
    /// A rule names exactly this path.
    Exact,
    /// A rule ends in a star above this path.
    Pattern,
    /// A rule has a star in its middle, too.
    Middle,
    /// No rule allows it.
    Refused,
}

impl Question {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Pattern => "pattern",
            Self::Middle => "middle",
            Self::Refused => "refused",
        }
    }

    /// Which of four rules, from 0, answers it.
    const fn place(self) -> u32 {
        match self {
            Self::Exact | Self::Refused => 0,
            Self::Pattern => 1,
            Self::Middle => 2,
        }
    }

    /// A path, of as many as there are rules.
    fn path(self, number: u32) -> String {
        match self {
            Self::Exact => format!("/shop/service-{number}/database/password"),
            Self::Pattern => format!("/team-{number}/production/api/key"),
            Self::Middle => format!("/site-{number}/eu/blue/token"),
            Self::Refused => format!("/shop/service-{number}/database/passwords"),
        }
    }
}

/// How the measurement is started; the benchmark does it.
#[derive(clap::Args)]
pub(crate) struct Options {
    question: Question,
    /// How many rules the caller has.
    rules: u32,
    /// How many batches of decisions one of the measurements makes.
    #[arg(long, default_value_t = 1_000)]
    batches: u32,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RightsError {
    /// A rule, a path or a region of the benchmark is none.
    #[error("the benchmark's own rules are not valid")]
    Invalid,
    /// The decisions were not those that the rules say.
    #[error("a decision came out wrong, so its time means nothing")]
    Wrong,
}

/// Prints how many nanoseconds one decision takes.
pub(crate) fn print(options: &Options) -> Result<(), RightsError> {
    let took = measure(options.question, options.rules, options.batches)?;
    println!("{{\"nanoseconds\":{took}}}");
    Ok(())
}

/// The whole decision, from the caller and the path to the grant; nanoseconds each.
fn measure(question: Question, rules: u32, batches: u32) -> Result<f64, RightsError> {
    let caller = caller(rules)?;
    let scope = Scope {
        organisation: caller.organisation(),
        region: Region::declared(&"nl-01".parse().map_err(|_| RightsError::Invalid)?),
        project: None,
    };
    let numbers = (question.place()..rules).step_by(4);
    let paths = numbers.map(|number| question.path(number).parse::<SecretPath>());
    let paths: Result<Vec<_>, _> = paths.collect();
    let mut paths = paths.map_err(|_| RightsError::Invalid)?.into_iter().cycle();
    let mut figures = Vec::new();
    for _ in 0..SLICES {
        let (mut took, mut allowed) = (Duration::ZERO, 0);
        for _ in 0..batches {
            // What a request brings along anyway is made before the clock starts.
            let batch: Vec<_> = paths.by_ref().take(BATCH).collect();
            let batch: Vec<_> = batch
                .into_iter()
                .map(|path| (Arc::clone(&caller), scope.clone(), path))
                .collect();
            let mut grants = Vec::with_capacity(batch.len());
            let started = Instant::now();
            for (caller, scope, path) in batch {
                grants.push(authorize::<ReadSecretValue>(black_box(caller), scope, path));
            }
            took += started.elapsed();
            allowed += grants.iter().filter(|grant| grant.is_ok()).count();
        }
        let decisions = BATCH * batches as usize;
        let expected = if question == Question::Refused {
            0
        } else {
            decisions
        };
        if allowed != expected {
            return Err(RightsError::Wrong);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are far fewer than 2^52 of them"
        )]
        figures.push(took.as_secs_f64() * 1e9 / decisions.max(1) as f64);
    }
    Ok(median(&mut figures))
}

/// A caller with rules about paths, patterns of both kinds and keys, as many of each.
fn caller(rules: u32) -> Result<Arc<Caller>, RightsError> {
    let rule = |resource: &str, name: String, permission: &str| {
        Rule::parse(&[resource], &[name], &[permission]).map_err(|_| RightsError::Invalid)
    };
    let each = (0..rules).map(|number| match number % 4 {
        0 => rule("secret", Question::Exact.path(number), "getSecretValue"),
        1 => rule("secret", format!("/team-{number}/*"), "getSecretValue"),
        2 => rule(
            "secret",
            format!("/site-{number}/*/token"),
            "getSecretValue",
        ),
        _ => rule("kms_key", format!("key-{number}"), "encrypt"),
    });
    let organisation_rules: Result<RuleSet, _> = each.collect();
    let organisation = OrganisationId::from_bytes([1; 16]);
    Ok(Arc::new(Caller::vouched(CallerParts {
        principal: Principal::User {
            id: UserId::from_bytes([2; 16]),
            subject: "subject".to_owned(),
            email: None,
        },
        organisation,
        owner: false,
        teams: Vec::new(),
        organisation_rules: Arc::new(organisation_rules?),
        own_level: Arc::default(),
        project: None,
        scopes: TokenScopes::UNRESTRICTED,
        client_ip: None,
    })))
}

impl Bench {
    /// One decision among very many rules, beside one among a handful.
    pub(crate) fn rights(&self) -> Result<Vec<Row>, BenchError> {
        let mut rows = Vec::new();
        for (question, what) in QUESTIONS {
            let many = self.decision(question, MANY)?;
            let few = self.decision(question, 4)?;
            rows.push(Row {
                what: format!("a right among 1,000 rules, {what}"),
                measured: format!("{many:.0} ns"),
                reference: format!("among 4: {few:.0} ns"),
                result: format!("{many:.0} ns"),
                target: "< 500 ns",
                met: many < LIMIT,
            });
        }
        Ok(rows)
    }

    fn decision(&self, question: Question, rules: u32) -> Result<f64, BenchError> {
        let rules = rules.to_string();
        let measured = self.reference(&["rights", question.as_str(), &rules])?;
        let took = measured.ready.get("nanoseconds").and_then(Value::as_f64);
        Ok(took.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_its_answer() {
        for (question, _) in QUESTIONS {
            assert!(measure(question, 8, 16).unwrap() > 0.0, "{question:?}");
        }
    }
}
