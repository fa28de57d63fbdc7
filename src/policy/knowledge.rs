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

impl<'a, T> Given<'a, T> {
    /// Why it is of no use, if it is not.
    pub fn unusable(&self) -> Option<&'a str> {
        match self {
            Self::Unusable(why) => Some(why),
            Self::Nothing | Self::Missing(_) | Self::Read(_) => None,
        }
    }

    /// Whether it was read.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

impl<'a, T: Copy> Given<'a, T> {
    /// The same of what `part` makes of what was read.
    fn map<U>(&self, part: impl FnOnce(T) -> U) -> Given<'a, U> {
        match *self {
            Self::Nothing => Given::Nothing,
            Self::Missing(path) => Given::Missing(path),
            Self::Unusable(why) => Given::Unusable(why),
            Self::Read(read) => Given::Read(part(read)),
        }
    }

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

/// What was given, without what stands in it: as much as tells whether it can be
/// relied on.
#[derive(Debug, Clone, Default)]
pub struct Dates<'a> {
    /// When the baseline is of.
    pub baseline: Given<'a, Timestamp>,
    /// When the catalogue is of.
    pub kev: Given<'a, Vec<Timestamp>>,
    /// When the exploit predictions are of.
    pub epss: Given<'a, Vec<Timestamp>>,
    /// When the VEX documents are of.
    pub vex: Given<'a, Vec<Timestamp>>,
    /// Whether what only people read is missing of some findings. Reports have it,
    /// and a summary need not.
    pub lacks_details: bool,
}

impl Dates<'_> {
    /// All that there is, as of a time.
    pub(super) fn all_of(time: Timestamp) -> Self {
        let read = || Given::Read(vec![time]);
        Self {
            baseline: Given::Read(time),
            kev: read(),
            epss: read(),
            vex: read(),
            lacks_details: false,
        }
    }
}

impl<'a> Knowledge<'a> {
    pub(super) fn dates(&self) -> Dates<'a> {
        let Self {
            baseline,
            kev,
            epss,
            vex,
        } = self;
        let of_vex = |documents: &[Vex]| documents.iter().map(|vex| vex.origin.date).collect();
        Dates {
            baseline: baseline.map(Baseline::time),
            kev: kev.map(|kev| vec![kev.origin.date]),
            epss: epss.map(|epss| vec![epss.origin.date]),
            vex: vex.map(of_vex),
            lacks_details: false,
        }
    }
}

/// Clocks of different machines may differ by this much.
pub(super) const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// Finds what of the needed is known, and makes a gap of what is not.
pub(super) fn survey(
    policy: &Policy,
    circumstances: &Circumstances<'_>,
    dates: &Dates<'_>,
    notices: &mut Notices,
) -> Needs {
    let mut data = Survey {
        policy,
        now: circumstances.now,
        notices,
    };
    data.check("VEX document", "--vex", policy.vex, None, &dates.vex);
    data.doubt(circumstances.knowledge);
    let known = Needs {
        baseline: data.baseline(&dates.baseline),
        kev: data.check(
            "KEV catalogue",
            "--kev",
            policy.kev,
            data.asking(|needs| needs.kev),
            &dates.kev,
        ),
        epss: data.check(
            "EPSS file",
            "--epss",
            policy.epss,
            data.asking(|needs| needs.epss),
            &dates.epss,
        ),
        sla: true,
        details: data.details(dates.lacks_details),
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

/// FIRST scores every published CVE, which are far more. Nothing in the file says how
/// many there are, so one that was cut at the end of a line looks whole.
const FEWEST_SCORES: usize = 100_000;

/// A length of time, to the hour or to the day.
pub(super) fn in_words(duration: SignedDuration) -> String {
    match duration.as_hours() {
        hours @ 0..48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
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

    fn baseline(&mut self, baseline: &Given<'_, Timestamp>) -> bool {
        let asking = self.asking(|needs| needs.baseline);
        let first_run = self.policy.first_run;
        match (baseline, first_run, asking) {
            (Given::Read(time), _, asking) => {
                // Nothing in it grows old.
                if *time > self.now.checked_add(SKEW).unwrap_or(self.now) {
                    let text =
                        format!("the baseline is of the future, {time}: is the clock right?");
                    match asking {
                        Some(_) => self.gap(text),
                        None => self.warn(text),
                    }
                }
                true
            }
            (Given::Nothing, Some(_), _) => true,
            (Given::Nothing, None, None) => false,
            (Given::Nothing, None, Some(asking)) => {
                self.gap(format!(
                    "there is no baseline, and {asking} asks for one: {MEND}"
                ));
                false
            }
            (Given::Missing(path), Some(first_run), _) => {
                let meaning = match first_run {
                    FirstRun::AllNew => "every finding counts as new",
                    FirstRun::NoneNew => {
                        "no finding counts as new, and no rule about new ones fails"
                    }
                };
                self.warn(format!(
                    "there is no baseline {path}, so this is the first run: {meaning}"
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

    /// Whether what only people read is known of every finding. An exception that
    /// cannot ask for it makes a verdict another one, too.
    fn details(&mut self, are_lacking: bool) -> bool {
        if are_lacking && self.policy.asks_for_details() {
            let asking = self.asking(|needs| needs.details);
            let asking = asking.unwrap_or_else(|| "the policy".to_owned());
            self.gap(format!(
                "the summary has descriptions and references of its first findings only, and {asking} asks for them: decide about the reports"
            ));
        }
        !are_lacking
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

    /// What of the read may be less than it seems to be.
    fn doubt(&mut self, knowledge: Knowledge<'_>) {
        if let Some(epss) = knowledge.epss.read()
            && epss.len() < FEWEST_SCORES
        {
            let scores = match epss.len() {
                1 => "1 score".to_owned(),
                count => format!("{count} scores"),
            };
            self.warn(format!(
                "the EPSS file {} has {scores}; FIRST's daily file has more than 250,000: is it whole?",
                epss.origin.path
            ));
        }
        for vex in knowledge.vex.read().unwrap_or_default() {
            let statements = match vex.unclear {
                0 => continue,
                1 => "1 unclear statement".to_owned(),
                count => format!("{count} unclear statements"),
            };
            self.warn(format!(
                "the VEX document {} has {statements}: {}",
                vex.origin.path,
                vex.notes.join("; ")
            ));
        }
    }

    fn check_date(&mut self, name: &str, demand: Demand, date: Timestamp) {
        let age = self.now.duration_since(date);
        if age < -SKEW {
            self.gap(format!("the {name} is of {date}, which is yet to come"));
        } else if let Some(most) = demand.max_age
            && age > most
        {
            self.gap(format!(
                "the {name} is of {date}, {} old, and the policy allows {}",
                in_words(age),
                in_words(most)
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
