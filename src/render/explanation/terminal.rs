//! An explanation on a terminal or in a job's log: all of it, on lines that fit.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{
    About, AnswerRow, ExceptionExplanation, Explanation, FindingExplanation, IssueExplanation,
    List, MissedRow, PlaceRow, RuleExplanation,
};
use crate::policy::decide::{ExceptionState, Status};
use crate::policy::explain::{Accepts, Counts};
use crate::policy::{Action, Mode};
use crate::render::summary::{FindingRow, IssueRow};
use crate::text::{line, short_line, wrapped};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const YES: Style = AnsiColor::Green.on_default();
const NO: Style = AnsiColor::Red.on_default();

/// How many columns of one text of a report are shown.
const MOST_COLUMNS: usize = 400;

/// The explanation on lines of at most `width` columns, but for words that are
/// longer. Styled; strip it for what is no terminal.
pub fn render(explanation: &Explanation<'_>, width: usize) -> String {
    let mut page = Page {
        out: String::new(),
        width,
    };
    match &explanation.about {
        About::Finding(finding) => page.finding(finding),
        About::Issue(issue) => page.issue(issue),
        About::Rule(rule) => page.rule(rule),
        About::Exception(exception) => page.exception(exception),
    }
    let verdict = explanation.verdict.name();
    page.heading(&match explanation.mode {
        Mode::Enforce => format!("The verdict is {verdict}."),
        Mode::Observe => {
            format!("The verdict would be {verdict}: the policy only observes, and stops nothing.")
        }
    });
    page.out
}

struct Page {
    out: String,
    width: usize,
}

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a String takes all text");
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.put(format_args!("\n{BOLD}{text}{BOLD:#}"));
    }

    /// A text behind a mark, its lines one below the other.
    fn item(&mut self, indent: usize, style: Style, mark: &str, text: &str) {
        let text = short_line(text, MOST_COLUMNS);
        // The mark has one column more than its text, and a blank.
        let hang = indent + 2;
        for (at, text) in wrapped(&text, self.width.saturating_sub(hang))
            .iter()
            .enumerate()
        {
            match at {
                0 => self.put(format_args!("{:indent$}{style}{mark}{style:#} {text}", "")),
                _ => self.put(format_args!("{:hang$}{text}", "")),
            }
        }
    }

    /// A label and what there is to say by it, if there is something.
    fn field(&mut self, label: &str, text: &str) {
        const COLUMN: usize = 12;
        let text = short_line(text, MOST_COLUMNS);
        if text.is_empty() {
            return;
        }
        let room = self.width.saturating_sub(COLUMN + 2);
        for (at, text) in wrapped(&text, room).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.put(format_args!("  {DIM}{label:COLUMN$}{DIM:#}{text}"));
        }
    }

    fn finding(&mut self, explanation: &FindingExplanation<'_>) {
        let row = &explanation.finding;
        let severity = match row.counts_as {
            Some(counts_as) => format!("unknown, counts as {}", counts_as.name()),
            None => row.severity.name().to_owned(),
        };
        let status = match row.status {
            Status::Open if row.breaks.is_empty() => "open".to_owned(),
            Status::Open => format!("open, breaks {}", row.breaks.join(", ")),
            Status::Accepted => "accepted".to_owned(),
            Status::NotAffected => "not affected".to_owned(),
            Status::Suppressed => "suppressed".to_owned(),
        };
        self.put(format_args!("{BOLD}{}{BOLD:#}", row.fingerprint));
        self.field("what", &format!("{} {}", row.rule_id, row.headline()));
        self.field("where", &row.location.to_string());
        self.field("severity", &severity);
        self.field("status", &status);
        self.field("", explanation.why.as_deref().unwrap_or_default());
        for row in &explanation.statements {
            let why = row.why.as_ref().map(|why| format!("; {why}"));
            let text = format!(
                "{} {}: {}{}",
                row.document,
                row.pointer,
                row.status,
                why.unwrap_or_default()
            );
            self.field("vex", &text);
        }
        self.field("scanner", &format!("{}, lane {}", row.scanner, row.lane));
        self.field("report", &format!("{} {}", row.report, row.pointer));
        for other in &explanation.occurrences {
            let status = status_word(other.status);
            let place = format!(
                "{} {}, lane {}: {status}",
                other.report, other.pointer, other.lane
            );
            self.field("also in", &place);
        }
        self.field("history", &history(row, explanation.age));
        self.field("known", &known(row));
        self.field("mend", &row.upgrade().unwrap_or_default());
        if let Some(issue) = &explanation.issue {
            self.field("issue", &in_issue(issue));
        }
        self.rules_of(explanation);
        self.exceptions_of(explanation);
    }

    fn rules_of(&mut self, explanation: &FindingExplanation<'_>) {
        self.heading("Rules");
        for row in &explanation.rules {
            let (style, mark, counts) = match row.counts {
                Counts::Yes => (YES, "✓", "counts it"),
                Counts::IfOpen => (DIM, "–", "would count it, if it were open"),
                Counts::No => (DIM, "✗", "does not count it"),
                Counts::Unknown => (NO, "?", "has no answer, so the decision is incomplete"),
            };
            let until = row
                .effective
                .as_ref()
                .filter(|_| row.action == Action::Warn);
            let until = until.map(|date| format!(", it only warns until {date}"));
            let outcome = format!(
                "{}, {} allowed; {}{}",
                problems(row.count),
                row.max,
                outcome(row.broken, row.answered, row.action),
                until.unwrap_or_default()
            );
            let text = format!("{} {counts}: {outcome} [{}]", row.id, place(&row.place));
            self.item(2, style, mark, &text);
            self.answers(&row.answers);
        }
    }

    fn exceptions_of(&mut self, explanation: &FindingExplanation<'_>) {
        let (rows, others) = (&explanation.exceptions, explanation.other_exceptions);
        if rows.is_empty() && others == 0 {
            return;
        }
        self.heading("Exceptions");
        for row in rows {
            let state = state(row.state, &row.expires);
            let (style, mark, accepts) = match row.accepts {
                Accepts::Yes => (YES, "✓", format!("accepts it until {}", row.expires)),
                Accepts::Refused => {
                    let why = row.why.as_deref().unwrap_or("it does not hold");
                    (NO, "✗", format!("means it and does not accept it: {why}"))
                }
                Accepts::NotNeeded => (DIM, "–", format!("means it, and is not needed; {state}")),
                Accepts::Unknown => (NO, "?", format!("has no answer; {state}")),
                Accepts::Nearly | Accepts::No => (DIM, "✗", format!("nearly means it; {state}")),
            };
            let text = format!("{} {accepts} [{}]", row.id, place(&row.place));
            self.item(2, style, mark, &text);
            self.answers(&row.answers);
        }
        if others > 0 {
            let text = match others {
                1 => "1 exception means other findings".to_owned(),
                others => format!("{others} exceptions mean other findings"),
            };
            self.item(2, DIM, " ", &text);
        }
    }

    fn answers(&mut self, answers: &[AnswerRow<'_>]) {
        if answers.is_empty() {
            self.item(
                6,
                DIM,
                "✓",
                "it asks nothing, and counts every open finding",
            );
        }
        for row in answers {
            let found = match (row.found.as_str(), row.key) {
                ("", _) => "not known".to_owned(),
                (found, "when") => found.to_owned(),
                (found, _) => format!("it is {found}"),
            };
            let (style, mark) = match row.holds {
                Some(true) => (YES, "✓"),
                Some(false) => (NO, "✗"),
                None => (NO, "?"),
            };
            let because = row.error.as_ref().or(row.needed.as_ref());
            let because = because.map(|because| format!("; {because}"));
            let text = format!(
                "{} = {}: {found}{}",
                row.key,
                row.asked,
                because.unwrap_or_default()
            );
            self.item(6, style, mark, &text);
        }
    }

    fn issue(&mut self, explanation: &IssueExplanation<'_>) {
        let IssueExplanation { issue, members } = explanation;
        self.put(format_args!("{BOLD}issue:{}{BOLD:#}", issue.id));
        self.field("what", "findings that are one problem, and count as one");
        self.field("seen by", &issue.seen_by.join(", "));
        let (worst, best) = (issue.worst.name(), issue.best.name());
        let spread = match worst == best {
            true => worst.to_owned(),
            false => format!("{worst} to {best}"),
        };
        self.field("severity", &spread);
        self.field("because", &issue.reasons.join("; "));
        self.list("Findings", members);
    }

    fn rule(&mut self, explanation: &RuleExplanation<'_>) {
        let row = &explanation.rule;
        self.put(format_args!("{BOLD}rule {}{BOLD:#}", line(row.id)));
        let condition = match row.condition {
            "" => "every open finding",
            condition => condition,
        };
        self.field("counts", condition);
        self.field("stands in", &place(&explanation.place));
        let count = format!(
            "{}, {} allowed: {}",
            problems(row.count),
            row.max,
            outcome(row.broken, explanation.answered, row.action)
        );
        self.field("outcome", &count);
        for turns in &explanation.turns {
            self.field("", turns);
        }
        self.field("help", row.help.unwrap_or_default());
        if !explanation.actions.is_empty() {
            self.heading("To make it hold");
        }
        for action in &explanation.actions {
            self.item(2, YES, "→", &action.text);
        }
        self.list("Counted", &explanation.counted);
        self.list("Would count, if they were open", &explanation.closed);
        self.list("Without an answer", &explanation.unknown);
        if !explanation.missed.is_empty() {
            self.heading("Open findings that it does not count, by the first key that fails");
        }
        for missed in &explanation.missed {
            self.missed(missed);
        }
    }

    fn missed(&mut self, row: &MissedRow<'_>) {
        let text = format!("{} = {}: {}; {}", row.key, row.asked, row.count, row.needed);
        self.item(2, NO, "✗", &text);
        for found in &row.found {
            let value = match found.value.as_str() {
                "" => "not known",
                value => value,
            };
            let text = format!("{:5} {value}", found.count);
            let text = short_line(text.trim_start(), self.width.saturating_sub(8)).into_owned();
            self.item(6, DIM, "·", &text);
        }
        let listed: usize = row.found.iter().map(|found| found.count).sum();
        if row.count > listed {
            self.item(6, DIM, "·", &format!("{} with others", row.count - listed));
        }
    }

    fn exception(&mut self, explanation: &ExceptionExplanation<'_>) {
        let row = &explanation.exception;
        self.put(format_args!("{BOLD}exception {}{BOLD:#}", line(row.id)));
        self.field("accepts", row.condition);
        self.field("stands in", &place(&explanation.place));
        self.field("reason", row.reason);
        self.field("approved by", row.approved_by.unwrap_or_default());
        self.field("ticket", row.ticket.unwrap_or_default());
        self.field("decided", row.decided.as_deref().unwrap_or_default());
        let left = match explanation.days_left {
            over @ ..0 => format!("over for {}", days(over.unsigned_abs())),
            0 => "today is its last day".to_owned(),
            left => format!("{} left", days(left.unsigned_abs())),
        };
        let soon = match row.expires_soon {
            true => ", soon",
            false => "",
        };
        self.field("expires", &format!("{}, {left}{soon}", row.expires));
        self.field("state", state_word(row.state));
        if let Some(end) = &explanation.end {
            let findings = match end.findings.len() {
                1 => "1 finding comes".to_owned(),
                count => format!("{count} findings come"),
            };
            let breaks = match end.breaks.as_slice() {
                [] => "no rule fails by that".to_owned(),
                breaks => format!("these rules fail: {}", breaks.join(", ")),
            };
            self.field(
                "at its end",
                &format!("on {} {findings} back, and {breaks}", end.on),
            );
        }
        self.list("Accepted", &explanation.accepted);
        self.list("Meant, and not accepted", &explanation.refused);
        self.list(
            "Meant, and taken out by something else",
            &explanation.not_needed,
        );
        self.list("Without an answer", &explanation.unknown);
        self.list("Nearly meant", &explanation.nearly);
    }

    fn list(&mut self, heading: &str, list: &List<'_>) {
        if list.count == 0 {
            return;
        }
        self.heading(&format!("{heading}: {}", list.count));
        for row in &list.findings {
            let text = format!(
                "{} {} {} [{}]",
                row.severity.name(),
                row.rule_id,
                short_line(&row.title, 100),
                row.scanner
            );
            self.item(2, DIM, "·", &text);
            let status = match row.status {
                Status::Open => String::new(),
                status => format!(", {}", status_word(status)),
            };
            let text = format!("{} {}{status}", row.fingerprint, row.location);
            self.item(4, DIM, " ", &text);
            if let Some(why) = &row.why {
                self.item(4, DIM, " ", why);
            }
        }
        let more = list.count - list.findings.len();
        if more > 0 {
            self.item(2, DIM, "·", &format!("and {more} more"));
        }
    }
}

fn place(row: &PlaceRow<'_>) -> String {
    format!("{}:{}", row.source, row.line)
}

fn outcome(broken: bool, answered: bool, action: Action) -> &'static str {
    match (broken, answered, action) {
        (false, true, _) => "holds",
        (false, false, _) => "not known whether it holds",
        (true, _, Action::Fail) => "broken, fails",
        (true, _, Action::Warn) => "broken, warns",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Accepted => "accepted",
        Status::NotAffected => "not affected",
        Status::Suppressed => "suppressed",
    }
}

fn state_word(state: ExceptionState) -> &'static str {
    match state {
        ExceptionState::Used => "in force, and used",
        ExceptionState::Unused => "in force, and accepts nothing",
        ExceptionState::Expired => "expired",
        ExceptionState::NotYetInForce => "not yet in force",
        ExceptionState::Refused => "refused by the policy",
    }
}

fn state(state: ExceptionState, expires: &str) -> String {
    match state {
        ExceptionState::Expired => format!("it expired on {expires}"),
        ExceptionState::Used | ExceptionState::Unused => format!("in force until {expires}"),
        state => state_word(state).to_owned(),
    }
}

fn problems(count: u64) -> String {
    match count {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    }
}

fn days(count: u32) -> String {
    match count {
        1 => "1 day".to_owned(),
        count => format!("{count} days"),
    }
}

fn history(row: &FindingRow<'_>, age: Option<u32>) -> String {
    let mut parts = Vec::new();
    match row.new {
        Some(true) => parts.push("new".to_owned()),
        Some(false) => parts.push("known before".to_owned()),
        None => {}
    }
    if let Some(first_seen) = &row.first_seen {
        let age = age.map(|age| match age {
            0 => ", today".to_owned(),
            age => format!(", {} ago", days(age)),
        });
        parts.push(format!(
            "first seen on {first_seen}{}",
            age.unwrap_or_default()
        ));
    }
    if let Some(due) = &row.due {
        parts.push(format!("due on {due}"));
    }
    if let Some(raised) = &row.raised {
        let from = raised.from.name();
        parts.push(format!("its severity rose from {from} on {}", raised.on));
    }
    if let Some(from) = &row.renamed_from {
        parts.push(format!("it was in {from}"));
    }
    parts.join("; ")
}

fn known(row: &FindingRow<'_>) -> String {
    let mut parts = Vec::new();
    if row.kev {
        parts.push("it is known to be exploited".to_owned());
    }
    if let Some(epss) = row.epss {
        parts.push(format!("EPSS {epss}"));
    }
    if let Some(cvss) = &row.cvss {
        parts.push(format!("CVSS {}", cvss.score));
    }
    if !row.vulnerability_ids.is_empty() {
        let ids: Vec<_> = row.vulnerability_ids.iter().collect();
        parts.push(ids.join(", "));
    }
    parts.extend((!row.cwe.is_empty()).then(|| row.cwe.to_string()));
    parts.join("; ")
}

fn in_issue(issue: &IssueRow<'_>) -> String {
    format!(
        "issue:{}, {} findings that are one problem, seen by {}: {}",
        issue.id,
        issue.findings.len(),
        issue.seen_by.join(", "),
        issue.reasons.join("; ")
    )
}
