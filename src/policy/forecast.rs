//! The first day on which today's state turns red, with the same reports, the
//! same code and the same knowledge: because an exception ends, a rule takes
//! effect, findings grow old.
//!
//! It is about the policy only. What is known besides grows old, too, which makes
//! a decision incomplete and never red; and VEX statements, what is new, and when
//! it was first seen stay as they are today.
//!
//! Nothing is asked twice that cannot have another answer. Of each finding the
//! days are known on which one may change: those on which an exception that may
//! mean it begins or ends, and the ages that the policy asks for. Only on these
//! it is judged again, by the judge of the decision, and counted.

use foldhash::HashMap;
use jiff::Span;
use jiff::civil::Date;

use super::decide::{Decision, RuleOutcome, Verdict};
use super::judge::{Judge, Judged, Status};
use super::selector::{Selector, Source, Subject, Texts, Turns};
use super::{Action, Exception, Rule};

/// How many days an expression is tried on that calculates with the age, so that
/// its answer may turn on any.
const MOST_DAYS: usize = 400;

/// How often such expressions are asked at most; with more findings they are
/// tried on fewer days.
const MOST_ANSWERS: usize = 2_000_000;

/// What today's state turns into, with time alone.
#[derive(Debug)]
pub struct Forecast<'a> {
    /// The first day on which the verdict is `fail`; absent where it is today,
    /// and where it never is.
    pub red_on: Option<Date>,
    /// The rules that are going to fail and do not today, by day, then in the
    /// policy's order.
    pub rules: Vec<RuleForecast<'a>>,
    /// The exceptions that are going to end, and by whose end findings come back;
    /// by day, then in the policy's order.
    pub exceptions: Vec<ExceptionForecast<'a>>,
    /// The last day of which all is known; absent where that is every day to
    /// come. Only an expression that calculates with the age has to be tried day
    /// by day.
    pub until: Option<Date>,
}

/// A rule that is going to fail.
#[derive(Debug)]
pub struct RuleForecast<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The first day on which it fails.
    pub on: Date,
    /// How many problems it counts on that day.
    pub count: u64,
    /// What happens on that day.
    pub causes: Vec<Cause<'a>>,
}

/// What happens on the day on which a rule begins to fail.
#[derive(Debug, Clone, Copy)]
pub enum Cause<'a> {
    /// An exception ends.
    Ends {
        /// The exception.
        exception: &'a Exception,
        /// How many findings come back by it.
        findings: u64,
    },
    /// The rule can fail from that day on.
    TakesEffect(&'a Rule),
    /// Findings reach an age that the policy asks for.
    Age {
        /// The rule that counts them.
        rule: &'a Rule,
        /// How many they are.
        findings: u64,
    },
}

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ends {
                exception,
                findings,
            } => {
                let (noun, verb) = match findings {
                    1 => ("finding", "comes"),
                    _ => ("findings", "come"),
                };
                let id = &exception.id;
                write!(f, "the exception {id} ends ({findings} {noun} {verb} back)")
            }
            Self::TakesEffect(rule) => write!(f, "the rule {} takes effect", rule.id),
            Self::Age { rule, findings } => {
                let reach = match findings {
                    1 => "finding reaches",
                    _ => "findings reach",
                };
                let id = &rule.id;
                write!(f, "{findings} {reach} an age that the rule {id} counts")
            }
        }
    }
}

/// An exception by whose end findings come back.
#[derive(Debug)]
pub struct ExceptionForecast<'a> {
    /// The exception.
    pub exception: &'a Exception,
    /// The day after its last one.
    pub on: Date,
    /// The findings that it accepts until then and that are open on that day, by
    /// their index in [`Decision::findings`].
    pub findings: Vec<usize>,
    /// The rules that fail on that day and count one of them.
    pub breaks: Vec<&'a Rule>,
}

impl Forecast<'_> {
    /// On which day it turns red, and why, in a line.
    pub fn line(&self) -> Option<String> {
        let red_on = self.red_on?;
        let rules = self.rules.iter().filter(|rule| rule.on == red_on);
        let mut causes = Vec::new();
        for cause in rules.flat_map(|rule| &rule.causes) {
            let cause = cause.to_string();
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        Some(format!("turns red on {red_on}: {}", causes.join("; ")))
    }
}

/// Looks ahead.
pub fn forecast<'a>(decision: &Decision<'a>) -> Forecast<'a> {
    let future = Future::of(decision);
    let lives = future.lives();
    let ends = ends(&lives);
    let outlooks: Vec<_> = decision
        .rules
        .iter()
        .filter(|outcome| outcome.rule.action == Action::Fail)
        .map(|outcome| Outlook::of(outcome, &future, &lives))
        .collect();
    let mut rules: Vec<_> = outlooks
        .iter()
        .filter_map(|outlook| outlook.forecast(&future, &ends))
        .collect();
    rules.sort_by_key(|rule| rule.on);
    let mut exceptions: Vec<_> = decision
        .exceptions
        .iter()
        .filter_map(|outcome| {
            let exception = outcome.exception;
            let (on, findings) = ends.get(exception.id.as_str())?;
            let breaks = outlooks
                .iter()
                .filter(|outlook| outlook.fails_on(*on))
                .filter(|outlook| {
                    findings
                        .iter()
                        .any(|at| future.means(outlook.rule, *at, *on))
                });
            Some(ExceptionForecast {
                exception,
                on: *on,
                breaks: breaks.map(|outlook| outlook.rule).collect(),
                findings: findings.clone(),
            })
        })
        .collect();
    exceptions.sort_by_key(|exception| exception.on);
    let is_red = decision.verdict() == Verdict::Fail;
    let red_on = rules.first().map(|rule| rule.on).filter(|_| !is_red);
    Forecast {
        red_on,
        rules,
        exceptions,
        until: future.has_limit.then_some(future.until),
    }
}

/// The days to come.
struct Future<'d, 'a> {
    decision: &'d Decision<'a>,
    judge: Judge<'a>,
    today: Date,
    /// By exception, for those whose answer may turn.
    turns: HashMap<&'a str, Turns>,
    /// When the answer may turn whether any exception may accept a finding.
    never: Turns,
    /// The last day on which expressions that calculate with the age are tried.
    until: Date,
    /// Whether there are any.
    has_limit: bool,
}

impl<'d, 'a> Future<'d, 'a> {
    fn of(decision: &'d Decision<'a>) -> Self {
        let Decision {
            policy,
            circumstances,
            known,
            findings,
            ..
        } = decision;
        let mut never = Turns::default();
        for each in &policy.bounds.never {
            never.join(each.selector.turns());
        }
        let exceptions = policy.exceptions.iter();
        let turns = exceptions.map(|exception| (&*exception.id, exception.selector.turns()));
        let turns: HashMap<_, _> = turns.filter(|(_, turns)| !turns.is_never()).collect();
        let selectors = policy.rules.iter().map(|rule| &rule.selector);
        let selectors = selectors
            .chain(policy.exceptions.iter().map(|each| &each.selector))
            .chain(policy.bounds.never.iter().map(|each| &each.selector));
        let tried: Vec<&Selector> = selectors.filter(|each| each.turns().any).collect();
        let has_age = |judged: &&Judged<'_>| judged.subject.first_seen.is_some();
        let answers = findings.iter().filter(has_age).map(|judged| {
            let texts = Texts::of(&judged.subject);
            let could_match = |selector: &&&Selector| selector.could_match(&texts);
            tried.iter().filter(could_match).count()
        });
        let answers: usize = match tried.is_empty() {
            true => 0,
            false => answers.sum(),
        };
        let days = (MOST_ANSWERS / answers.max(1)).clamp(1, MOST_DAYS);
        let today = circumstances.today();
        Self {
            decision,
            judge: Judge::new(policy, circumstances, *known),
            today,
            turns,
            never,
            until: today.saturating_add(Span::new().days(i64::try_from(days).unwrap_or(1))),
            has_limit: answers > 0,
        }
    }

    /// The findings whose status is going to change, by index.
    fn lives(&self) -> Vec<Life<'a>> {
        let findings = self.decision.findings.iter().enumerate();
        findings
            .filter_map(|(index, judged)| self.life(index, judged))
            .collect()
    }

    fn life(&self, index: usize, judged: &Judged<'a>) -> Option<Life<'a>> {
        let Judged {
            subject, standing, ..
        } = judged;
        // No exception means it; without ages none ever will.
        let is_lasting = standing.refused().next().is_none() && self.turns.is_empty();
        match standing.status {
            Status::Suppressed | Status::NotAffected => return None,
            Status::Open if is_lasting => return None,
            Status::Open | Status::Accepted => {}
        }
        let mut days = Vec::new();
        for exception in self.judge.concerning(&Texts::of(subject)) {
            days.extend(exception.decided);
            days.extend(exception.expires.tomorrow());
            if let Some(turns) = self.turns.get(exception.id.as_str()) {
                turns.days(subject, self.until, &mut days);
            }
        }
        if !days.is_empty() {
            self.never.days(subject, self.until, &mut days);
        }
        let mut states = vec![(self.today, standing.exception)];
        for day in self.ahead(days) {
            let on_day = on(subject, day);
            let exception = self.judge.judge(&Texts::of(&on_day)).exception;
            let before = states.last().and_then(|(_, exception)| *exception);
            if exception.map(|each| &each.id) != before.map(|each| &each.id) {
                states.push((day, exception));
            }
        }
        (states.len() > 1).then_some(Life { index, states })
    }

    /// Those of the days that are to come, in their order, each once.
    fn ahead(&self, mut days: Vec<Date>) -> Vec<Date> {
        days.retain(|day| *day > self.today);
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Whether a rule counts a finding on a day if it is open then.
    fn means(&self, rule: &Rule, index: usize, day: Date) -> bool {
        let judged = self.decision.findings.get(index);
        judged.is_some_and(|judged| {
            rule.selector.matches(&Texts::of(&on(&judged.subject, day))) == Ok(true)
        })
    }
}

/// The subject on another day.
fn on<'a>(subject: &Subject<'a>, day: Date) -> Subject<'a> {
    let source = Source {
        today: day,
        ..(*subject.source).clone()
    };
    Subject {
        source: source.into(),
        ..subject.clone()
    }
}

/// A finding that some exception accepts on some days.
struct Life<'a> {
    index: usize,
    /// The exception that accepts it from each day on; it is open without one.
    /// The first day is today.
    states: Vec<(Date, Option<&'a Exception>)>,
}

impl Life<'_> {
    fn is_open(&self, day: Date) -> bool {
        let after = self.states.partition_point(|(since, _)| *since <= day);
        let state = after.checked_sub(1).and_then(|at| self.states.get(at));
        state.is_some_and(|(_, exception)| exception.is_none())
    }

    /// The days to come on which it is open and was not, or the reverse.
    fn changes(&self) -> impl Iterator<Item = (Date, bool)> {
        let pairs = self.states.iter().zip(self.states.iter().skip(1));
        pairs
            .filter(|((_, before), (_, after))| before.is_some() != after.is_some())
            .map(|(_, (day, after))| (*day, after.is_none()))
    }
}

/// By exception the day after its last, and the findings that come back then.
fn ends<'a>(lives: &[Life<'a>]) -> HashMap<&'a str, (Date, Vec<usize>)> {
    let mut ends: HashMap<&str, (Date, Vec<usize>)> = HashMap::default();
    for life in lives {
        for ((_, before), (day, after)) in life.states.iter().zip(life.states.iter().skip(1)) {
            if let (Some(exception), None) = (before, after)
                && *day > exception.expires
            {
                let end = ends.entry(&exception.id);
                let (_, findings) = end.or_insert_with(|| (*day, Vec::new()));
                findings.push(life.index);
            }
        }
    }
    ends
}

/// What becomes of a rule.
struct Outlook<'a> {
    rule: &'a Rule,
    /// How many problems it counts from each day on. The first day is today.
    counts: Vec<(Date, u64)>,
    /// The findings that it begins to count, and when; by day.
    gained: Vec<(Date, usize)>,
}

impl<'a> Outlook<'a> {
    fn of(outcome: &RuleOutcome<'a>, future: &Future<'_, 'a>, lives: &[Life<'a>]) -> Self {
        let mut events = match outcome.rule.selector.needs().exceed(future.decision.known) {
            true => Vec::new(),
            false => events(outcome, future, lives),
        };
        events.sort_unstable();
        let mut counts = vec![(future.today, outcome.count)];
        // Counting all again is only worth it where something changes.
        if !events.is_empty() {
            let mut tally = future.decision.issues.tally();
            outcome.findings.iter().for_each(|index| tally.add(*index));
            for of_day in events.chunk_by(|one, other| one.0 == other.0) {
                for (_, index, is_counted) in of_day {
                    match is_counted {
                        true => tally.add(*index),
                        false => tally.remove(*index),
                    }
                }
                counts.extend(of_day.first().map(|(day, ..)| (*day, tally.count())));
            }
        }
        let gained = events.iter().filter(|(.., is_counted)| *is_counted);
        Self {
            rule: outcome.rule,
            counts,
            gained: gained.map(|(day, index, _)| (*day, *index)).collect(),
        }
    }

    fn count_on(&self, day: Date) -> u64 {
        let after = self.counts.partition_point(|(since, _)| *since <= day);
        let since = after.checked_sub(1).and_then(|at| self.counts.get(at));
        since.map_or(0, |(_, count)| *count)
    }

    fn fails_on(&self, day: Date) -> bool {
        self.rule.action_on(day) == Action::Fail && self.count_on(day) > self.rule.max
    }

    fn forecast(
        &self,
        future: &Future<'_, 'a>,
        ends: &HashMap<&'a str, (Date, Vec<usize>)>,
    ) -> Option<RuleForecast<'a>> {
        let Self { rule, counts, .. } = self;
        if self.fails_on(future.today) {
            return None;
        }
        let days = counts.iter().map(|(day, _)| *day).chain(rule.effective);
        let days = future.ahead(days.collect());
        let on = days.into_iter().find(|day| self.fails_on(*day))?;
        let gained = |of_exception: bool| {
            let is_back = |index: usize| {
                let mut ends = future.decision.exceptions.iter().filter_map(|outcome| {
                    let (day, findings) = ends.get(outcome.exception.id.as_str())?;
                    (*day == on).then_some(findings)
                });
                ends.any(|findings| findings.binary_search(&index).is_ok())
            };
            let of_day = self.gained.iter().filter(move |(day, _)| *day == on);
            let indices = of_day.map(|(_, index)| *index);
            indices.filter(move |index| is_back(*index) == of_exception)
        };
        let mut causes = Vec::new();
        if rule.effective == Some(on) {
            causes.push(Cause::TakesEffect(rule));
        }
        let returned: Vec<usize> = gained(true).collect();
        for outcome in &future.decision.exceptions {
            let exception = outcome.exception;
            let Some((day, findings)) = ends.get(exception.id.as_str()) else {
                continue;
            };
            let counts = |index: &usize| findings.binary_search(index).is_ok();
            if *day == on && returned.iter().any(counts) {
                causes.push(Cause::Ends {
                    exception,
                    findings: future.decision.issues.identities(findings.iter().copied()),
                });
            }
        }
        let findings = future.decision.issues.identities(gained(false));
        if findings > 0 {
            causes.push(Cause::Age { rule, findings });
        }
        Some(RuleForecast {
            rule,
            on,
            count: self.count_on(on),
            causes,
        })
    }
}

/// On which days a rule begins to count a finding, or ceases to.
fn events(
    outcome: &RuleOutcome<'_>,
    future: &Future<'_, '_>,
    lives: &[Life<'_>],
) -> Vec<(Date, usize, bool)> {
    let RuleOutcome { rule, findings, .. } = outcome;
    let mut events = Vec::new();
    let turns = rule.selector.turns();
    if turns.is_never() {
        for life in lives {
            if future.means(rule, life.index, future.today) {
                let changes = life.changes();
                events.extend(changes.map(|(day, is_open)| (day, life.index, is_open)));
            }
        }
        return events;
    }
    let mut lives = lives.iter().peekable();
    let mut counted = findings.iter().peekable();
    for (index, judged) in future.decision.findings.iter().enumerate() {
        // All three are in the order of the findings.
        let life = lives.next_if(|life| life.index == index);
        let is_counted = counted.next_if(|counted| **counted == index).is_some();
        let status = judged.standing.status;
        let is_open = |day| life.map_or(status == Status::Open, |life| life.is_open(day));
        if life.is_none() && status != Status::Open
            || !rule.selector.could_match(&Texts::of(&judged.subject))
        {
            continue;
        }
        let mut days = Vec::new();
        days.extend(
            life.iter()
                .flat_map(|life| life.changes())
                .map(|(day, _)| day),
        );
        turns.days(&judged.subject, future.until, &mut days);
        let mut before = is_counted;
        for day in future.ahead(days) {
            let is_counted = is_open(day) && future.means(rule, index, day);
            if is_counted != before {
                events.push((day, index, is_counted));
            }
            before = is_counted;
        }
    }
    events
}
