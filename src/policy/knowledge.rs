//! What is known besides the reports: the baseline, exploited vulnerabilities,
//! exploit predictions, VEX statements. Whether the policy needs it, and whether
//! it is there and fresh enough to be relied on.

use jiff::{SignedDuration, Timestamp};

use super::decide::Circumstances;
use super::notices::Notices;
use super::selector::Needs;
use super::{Demand, FirstRun, Policy};
use crate::baseline::Baseline;
use crate::enrichment::{Epss, Kev, Vex};

/// Something that was given, or not, or that cannot be used.
#[derive(Debug, Clone, Copy, Default)]
pub enum Given<'a, T> {
    /// Nobody gave it.
    #[default]
    Nothing,
    /// There is no such file.
    Missing(&'a str),
    /// It is of no use: why, in words.
    Unusable(&'a str),
    /// It was read.
    Read(T),
}

impl<T: Copy> Given<'_, T> {
    /// What was read.
    pub fn read(&self) -> Option<T> {
        match self {
            Self::Read(read) => Some(*read),
            Self::Nothing | Self::Missing(_) | Self::Unusable(_) => None,
        }
    }
}

/// What was given besides the reports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Knowledge<'a> {
    /// What was known before.
    pub baseline: Given<'a, &'a Baseline>,
    /// The catalogue of known exploited vulnerabilities.
    pub kev: Given<'a, &'a Kev>,
    /// Exploit predictions.
    pub epss: Given<'a, &'a Epss>,
    /// What makers say of vulnerabilities in their products.
    pub vex: Given<'a, &'a [Vex]>,
}

/// Clocks of different machines may differ by this much.
pub(super) const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// Finds what of the needed is known, and makes a gap of what is not.
pub(super) fn survey(
    policy: &Policy,
    circumstances: &Circumstances<'_>,
    notices: &mut Notices,
) -> Needs {
    let Knowledge {
        baseline,
        kev,
        epss,
        vex,
    } = &circumstances.knowledge;
    let now = circumstances.now;
    let mut data = Survey {
        policy,
        now,
        notices,
    };
    let dated_vex = match vex {
        Given::Nothing => Given::Nothing,
        Given::Missing(path) => Given::Missing(path),
        Given::Unusable(why) => Given::Unusable(why),
        Given::Read(documents) => {
            Given::Read(documents.iter().map(|vex| vex.origin.date).collect())
        }
    };
    data.check("VEX document", "--vex", policy.vex, None, &dated_vex);
    let known = Needs {
        baseline: data.baseline(baseline),
        kev: data.check(
            "KEV catalogue",
            "--kev",
            policy.kev,
            data.asking(|needs| needs.kev),
            &dated(kev, |kev| kev.origin.date),
        ),
        epss: data.check(
            "EPSS scores",
            "--epss",
            policy.epss,
            data.asking(|needs| needs.epss),
            &dated(epss, |epss| epss.origin.date),
        ),
        sla: true,
    };
    let today = circumstances.today();
    let exceptions = policy.exceptions.iter();
    let unanswered = exceptions
        .filter(|exception| exception.in_force(today) && exception.selector.needs().exceed(known));
    for exception in unanswered {
        data.warn(format!(
            "the exception {} does not hold: nobody can tell what it asks for",
            exception.id
        ));
    }
    known
}

fn dated<'a, T: Copy>(
    given: &Given<'a, T>,
    date: impl Fn(T) -> Timestamp,
) -> Given<'a, Vec<Timestamp>> {
    match given {
        Given::Nothing => Given::Nothing,
        Given::Missing(path) => Given::Missing(path),
        Given::Unusable(why) => Given::Unusable(why),
        Given::Read(read) => Given::Read(vec![date(*read)]),
    }
}

/// What helps where there is no baseline.
const MEND: &str = "give an earlier summary with `--baseline`, or say `first_run` in the policy";

struct Survey<'s> {
    policy: &'s Policy,
    now: Timestamp,
    notices: &'s mut Notices,
}

impl Survey<'_> {
    /// A rule that asks for something. Without an answer it could be broken unseen;
    /// an exception that asks only does not hold.
    fn asking(&self, needs: impl Fn(Needs) -> bool) -> Option<String> {
        let rules = self.policy.rules.iter();
        let asking = rules.filter(|rule| needs(rule.selector.needs()));
        let first = asking.min_by_key(|rule| &rule.id)?;
        Some(format!("the rule {}", first.id))
    }

    fn baseline(&mut self, baseline: &Given<'_, &Baseline>) -> bool {
        let asking = self.asking(|needs| needs.baseline);
        let first_run = self.policy.first_run;
        match (baseline, first_run, asking) {
            (Given::Read(_), ..) | (Given::Nothing, Some(_), _) => true,
            (Given::Nothing, None, None) => false,
            (Given::Nothing, None, Some(asking)) => {
                self.gap(format!(
                    "there is no baseline, and {asking} asks for one: {MEND}"
                ));
                false
            }
            (Given::Missing(path), Some(_), _) => {
                self.warn(format!(
                    "there is no baseline {path}: this is the first run"
                ));
                true
            }
            (Given::Missing(path), None, Some(asking)) => {
                self.gap(format!(
                    "there is no baseline {path}, and {asking} asks for one: {MEND}"
                ));
                false
            }
            (Given::Missing(path), None, None) => {
                self.warn(format!("there is no baseline {path}"));
                false
            }
            // Everything is new: stricter than whatever stood in it.
            (Given::Unusable(why), Some(FirstRun::AllNew), _) => {
                self.warn(format!(
                    "the baseline cannot be used, so every finding is new: {why}"
                ));
                true
            }
            (Given::Unusable(why), _, Some(asking)) => {
                self.gap(format!(
                    "the baseline cannot be used, and {asking} asks for it: {why}"
                ));
                false
            }
            (Given::Unusable(why), _, None) => {
                self.warn(format!("the baseline cannot be used: {why}"));
                false
            }
        }
    }

    /// Whether what is asked for can be answered.
    fn check(
        &mut self,
        name: &str,
        option: &str,
        demand: Demand,
        asking: Option<String>,
        given: &Given<'_, Vec<Timestamp>>,
    ) -> bool {
        let is_asked = demand.required != Some(false);
        let asking = asking
            .filter(|_| is_asked)
            .map(|asking| format!("{asking} asks for it"));
        let required = demand.required.filter(|required| *required);
        let asking = asking.or(required.map(|_| "the policy requires it".to_owned()));
        match (given, asking) {
            (Given::Read(dates), _) => {
                for date in dates {
                    self.check_date(name, demand, *date);
                }
                true
            }
            (Given::Nothing, None) => !is_asked,
            (Given::Nothing, Some(asking)) => {
                self.gap(format!(
                    "there is no {name}, and {asking}: give one with `{option}`"
                ));
                false
            }
            (Given::Unusable(why) | Given::Missing(why), Some(asking)) => {
                self.gap(format!("the {name} cannot be used, and {asking}: {why}"));
                false
            }
            (Given::Unusable(why) | Given::Missing(why), None) => {
                self.warn(format!("the {name} cannot be used: {why}"));
                !is_asked
            }
        }
    }

    fn check_date(&mut self, name: &str, demand: Demand, date: Timestamp) {
        let age = self.now.duration_since(date);
        if age < -SKEW {
            self.gap(format!("the {name} is of {date}, which is yet to come"));
        } else if let Some(most) = demand.max_age
            && age > most
        {
            let hours = |duration: SignedDuration| match duration.as_hours() {
                hours @ 0..48 => format!("{hours} hours"),
                hours => format!("{} days", hours / 24),
            };
            self.gap(format!(
                "the {name} is of {date}, {} old, and the policy allows {}",
                hours(age),
                hours(most)
            ));
        }
    }

    fn gap(&mut self, text: String) {
        self.notices.gaps.push(text.into());
    }

    fn warn(&mut self, text: String) {
        self.notices.warnings.push(text.into());
    }
}
