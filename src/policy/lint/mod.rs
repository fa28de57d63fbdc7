//! What a policy that loads may still have wrong.
//!
//! Only what is certain is said: a rule is called dead when another one surely
//! does all that it does, a selector impossible when no report of any scanner
//! can hold what it asks for. What cannot be told from the policy, such as what
//! a pattern or a `when` matches, is taken to be possible.

use jiff::civil::Date;

use super::problem::{Level, Problem};
use super::selector::{Asked, Question, SeenBy, Selector};
use super::{Action, AgeBy, Exception, Mode, Origin, Policy, Rule};
use crate::scanner::Scanner;

mod filing;
mod space;

use space::Space;

/// Everything that is wrong with a policy, or good to know of it, in the order
/// of its texts. `today` is the day, in UTC, that exceptions are held against.
pub fn lint(policy: &Policy, scanners: &[Scanner], today: Date) -> Vec<Problem> {
    let mut linter = Linter {
        policy,
        space: Space::new(policy, scanners, today),
        today,
        problems: Vec::new(),
    };
    linter.mode();
    linter.beginning();
    linter.lanes();
    linter.filing();
    linter.rules();
    linter.never();
    linter.exceptions();
    let mut problems = linter.problems;
    let text = |problem: &Problem| {
        let mut sources = policy.sources.iter();
        sources.position(|source| source.name == problem.source.name)
    };
    problems.sort_by(|one, other| {
        let key = |problem: &Problem| (text(problem), problem.span.start, problem.level);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.title.cmp(&other.title))
    });
    problems
}

struct Linter<'a> {
    policy: &'a Policy,
    space: Space<'a>,
    today: Date,
    problems: Vec<Problem>,
}

impl<'a> Linter<'a> {
    fn add(
        &mut self,
        level: Level,
        origin: &Origin,
        title: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.problems.push(Problem {
            level,
            ..origin.problem(title, label)
        });
    }

    fn mode(&mut self) {
        if let (Mode::Observe, Some(origin)) =
            (self.policy.mode, self.policy.settings.get("gate.mode"))
        {
            self.add(
                Level::Note,
                origin,
                "this policy stops nothing: the verdict is only said",
                "`enforce` lets it decide",
            );
        }
    }

    /// A policy all of whose rules only begin to fail some day.
    fn beginning(&mut self) {
        let fails = |rule: &&Rule| rule.action == Action::Fail;
        let first = self
            .policy
            .rules
            .iter()
            .filter(fails)
            .min_by_key(|rule| rule.effective);
        if let Some(rule) = first
            && let Some(day) = rule.effective
            && day > self.today
        {
            let title = format!("nothing can fail before {day}");
            let label = format!("`{}` is the first rule that can", rule.id);
            self.add(Level::Warning, &rule.origin, title, label);
        }
    }

    fn lanes(&mut self) {
        for (name, lane) in &self.policy.lanes {
            if lane.demands.age != AgeBy::default()
                && lane.demands.max_age.is_none()
                && let Some(origin) = self.policy.settings.get(&format!("lane.{name}.age"))
            {
                let title = format!(
                    "the lane `{name}` says how old its scans are, and not how old they may be"
                );
                let label = "say `max_age`, or leave it out".to_owned();
                self.add(Level::Warning, origin, title, label);
            }
            let Some(origin) = self.policy.settings.get(&format!("lane.{name}.expect")) else {
                continue;
            };
            for scanner in &lane.expect {
                if !lane.reports.is_empty() && !space::may_hold(lane, scanner) {
                    let title = format!(
                        "the lane `{name}` expects {scanner}, and none of its `reports` can be that"
                    );
                    let label =
                        format!("declare a pattern: `{scanner}=…`, or one without a scanner");
                    self.add(Level::Warning, origin, title, label);
                }
            }
        }
    }

    fn rules(&mut self) {
        let policy = self.policy;
        for (at, rule) in policy.rules.iter().enumerate() {
            let title = format!("the rule `{}` can never be broken", rule.id);
            if self.impossible(&rule.selector, &rule.origin, &title) {
                continue;
            }
            self.out_of_reach(&rule.selector, &rule.origin, "rule", &rule.id);
            let others = policy.rules.iter().enumerate();
            let mut covers = others.filter(|(index, other)| {
                *index != at
                    && other.does_no_less_than(rule)
                    && self.space.covers(&other.selector, &rule.selector)
            });
            let other = covers.find_map(|(index, other)| {
                let is_same = self.space.covers(&rule.selector, &other.selector);
                let is_mutual = is_same && rule.does_no_less_than(other);
                // Of two that are one, the second is one too many.
                (!is_mutual || index < at).then_some((other, is_same, is_mutual))
            });
            if let Some((other, is_same, is_mutual)) = other {
                self.dead(rule, other, is_same, is_mutual);
            }
        }
    }

    fn dead(&mut self, rule: &Rule, other: &Rule, is_same: bool, is_mutual: bool) {
        let (id, other_id, place) = (&rule.id, &other.id, other.origin.to_string());
        let does = match other.action {
            Action::Fail => "fails",
            Action::Warn => "warns",
        };
        let limit = other.max;
        let (title, label) = match (is_same, is_mutual) {
            (_, true) => (
                format!("the rule `{id}` says what `{other_id}` says"),
                format!("leave it out; the other one is at {place}"),
            ),
            (true, false) => (
                format!("the rule `{id}` contradicts `{other_id}`, which is stricter"),
                format!("`{other_id}` ({place}) counts the same, and {does} over {limit}"),
            ),
            (false, false) => (
                format!("the rule `{id}` never makes a difference"),
                format!(
                    "`{other_id}` ({place}) counts all of it and more, and {does} over {limit}"
                ),
            ),
        };
        self.add(Level::Warning, &rule.origin, title, label);
    }

    fn never(&mut self) {
        for never in &self.policy.bounds.never {
            let title = "`never` keeps no exception from anything";
            self.impossible(&never.selector, &never.origin, title);
        }
    }

    fn exceptions(&mut self) {
        let policy = self.policy;
        for (at, exception) in policy.exceptions.iter().enumerate() {
            let Exception {
                id,
                selector,
                origin,
                ..
            } = exception;
            let title = format!("the exception `{id}` can never accept anything");
            if self.impossible(selector, origin, &title) {
                continue;
            }
            if exception.expires < self.today {
                let title = format!("the exception `{id}` has expired");
                let label = format!("on {}; leave it out, or decide anew", exception.expires);
                self.add(Level::Warning, origin, title, label);
                continue;
            }
            self.out_of_reach(selector, origin, "exception", id);
            let mut nevers = policy.bounds.never.iter();
            if let Some(never) = nevers.find(|never| self.space.covers(&never.selector, selector)) {
                let title = format!("the exception `{id}` is one that `never` forbids");
                let label = format!("`never` is at {}: {}", never.origin, never.condition);
                self.add(Level::Error, origin, title, label);
                continue;
            }
            let mut rules = policy.rules.iter();
            if !rules.any(|rule| self.space.can_match(&[selector, &rule.selector])) {
                let title = format!("the exception `{id}` accepts what no rule counts");
                self.add(Level::Warning, origin, title, "leave it out");
                continue;
            }
            let mut others = policy.exceptions.iter().enumerate();
            let other = others.find(|(index, other)| {
                *index != at
                    && self.holds_whenever(other, exception)
                    && self.space.covers(&other.selector, selector)
                    && (*index < at
                        || !self.holds_whenever(exception, other)
                        || !self.space.covers(selector, &other.selector))
            });
            if let Some((_, other)) = other {
                let title = format!("the exception `{id}` changes nothing");
                let (other, place) = (&other.id, &other.origin);
                let label = format!("`{other}` ({place}) accepts all of it, for as long");
                self.add(Level::Warning, origin, title, label);
            }
        }
    }

    /// Whether one exception holds, from today on, whenever the other does.
    fn holds_whenever(&self, one: &Exception, other: &Exception) -> bool {
        let begins_in_time = one.decided.is_none_or(|day| {
            let other = other.decided.unwrap_or(self.today);
            day <= other.max(self.today)
        });
        // What was decided before a severity rose lapses by it.
        let lapses_no_sooner = other.decided.is_none() || one.decided >= other.decided;
        // Who made the change may be one of them.
        let is_approved = self.policy.bounds.author_may_approve
            || one.approved_by.is_none()
            || one.approved_by == other.approved_by;
        begins_in_time && lapses_no_sooner && is_approved && one.expires >= other.expires
    }

    /// Whether no finding of any scanner can match a selector; says so.
    fn impossible(&mut self, selector: &Selector, origin: &Origin, title: &str) -> bool {
        if self.space.can_match(&[selector]) {
            return false;
        }
        let culprits = self.culprits(selector.asked());
        let keys: Vec<_> = culprits.iter().map(|asked| asked.shown()).collect();
        let label = match keys.as_slice() {
            [key] => format!("{key} holds of no finding"),
            [keys @ .., last] => {
                format!("no finding has {} and {last}", keys.join(", "))
            }
            [] => String::new(),
        };
        let place = culprits.last().map(|asked| Origin {
            source: origin.source.clone(),
            span: asked.span.clone(),
        });
        self.add(
            Level::Error,
            place.as_ref().unwrap_or(origin),
            format!("{title}: no finding can match it"),
            label,
        );
        true
    }

    /// The fewest questions that cannot hold together.
    fn culprits(&self, asked: &'a [Asked]) -> Vec<&'a Asked> {
        let mut culprits: Vec<&Asked> = asked.iter().collect();
        let mut at = 0;
        // Leaving out one after the other finds a set without a needless one.
        while at < culprits.len() {
            let mut fewer = culprits.clone();
            fewer.remove(at);
            let questions: Vec<&Question> = fewer.iter().map(|asked| &asked.question).collect();
            if self.space.can_hold(&questions) {
                at += 1;
            } else {
                culprits = fewer;
            }
        }
        culprits.sort_by_key(|asked| asked.span.start);
        culprits
    }

    /// Says when only the command line could bring a matching finding into its
    /// lane, or make scanners agree.
    fn out_of_reach(&mut self, selector: &Selector, origin: &Origin, what: &str, id: &str) {
        if !self.space.can_match_by_itself(selector) {
            let title = format!("the {what} `{id}` asks for what its lanes do not hold");
            let label =
                "`reports` and `expect` name other scanners; only `check LANE=FILE` adds this one";
            self.add(Level::Warning, origin, title, label);
        }
        let Some(declared) = self.declared() else {
            return;
        };
        for asked in selector.asked() {
            let Question::SeenBy(seen_by) = &asked.question else {
                continue;
            };
            let is_there = match seen_by {
                SeenBy::AtLeast(least) => declared.len() as u64 >= *least,
                SeenBy::Any(patterns) => patterns.match_any(declared.iter().copied()),
            };
            if !is_there {
                let title = format!("the {what} `{id}` asks for scanners that have no `reports`");
                let label = format!("the lanes have those of {}", declared.join(", "));
                let place = Origin {
                    source: origin.source.clone(),
                    span: asked.span.clone(),
                };
                self.add(Level::Warning, &place, title, label);
            }
        }
    }

    /// The scanners that the lanes' reports are declared to be of; absent when
    /// some are not declared.
    fn declared(&self) -> Option<Vec<&'a str>> {
        let reports = self.policy.lanes.values().flat_map(|lane| &lane.reports);
        let scanners: Option<Vec<&str>> = reports.map(|report| report.scanner.as_deref()).collect();
        let mut scanners = scanners.filter(|scanners| !scanners.is_empty())?;
        scanners.sort_unstable();
        scanners.dedup();
        Some(scanners)
    }
}

impl Rule {
    /// Whether it does, for the same findings, all that the other one does.
    fn does_no_less_than(&self, other: &Self) -> bool {
        let begins_in_time = other.action == Action::Warn || self.effective <= other.effective;
        self.max <= other.max && self.action <= other.action && begins_in_time
    }
}

impl Asked {
    /// The key with its value.
    fn shown(&self) -> String {
        let value: Vec<_> = self.written.split_whitespace().collect();
        format!("`{} = {}`", self.question.key(), value.join(" "))
    }
}

#[cfg(test)]
mod tests;
