//! The decision: a pure function of policy, reports and circumstances.
//!
//! No clock, no file, no environment, no printing. Everything that can go wrong
//! with the world has gone wrong before, and stands in the reports.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::judge::{Judge, PassedOver};
pub use super::judge::{Judged, Refusal, Standing, Status};
use super::knowledge::{self, Dates, Given, Knowledge};
pub use super::notices::Notice;
use super::notices::{Notices, Unanswered};
use super::order;
use super::selector::{Beside, Needs, OfPlace, Source, Subject, Texts};
use super::told::Told;
use super::{Action, Exception, FirstRun, Policy, Rule};
use crate::baseline::{self, Comparison, Current, Looked};
use crate::enrichment::Vex;
use crate::enrichment::vex::{self, Ruling};
use crate::finding::{Found, Location, Sites};
use crate::issue::{Issues, Seen};
use crate::report::{Health, Report, Scan};

/// Whether the release may go on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every rule with the action `fail` holds, over all that was to be scanned.
    Pass,
    /// A rule with the action `fail` is broken.
    Fail,
    /// None is, but something that is required is missing or proves nothing.
    Incomplete,
}

impl Verdict {
    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
        }
    }
}

/// All that the policy has to say of the reports.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What it depends on besides.
    pub circumstances: Circumstances<'a>,
    /// What is known that no report tells.
    pub known: Needs,
    /// The reports, in the order of lanes and paths.
    pub reports: Vec<&'a Report>,
    /// Every finding, worst first.
    pub findings: Vec<Judged<'a>>,
    /// Findings that are one problem; findings are named by their index in
    /// [`Decision::findings`].
    pub issues: Issues<'a>,
    /// What became of the baseline, where there is one.
    pub comparison: Option<Comparison>,
    /// Every rule, in the policy's order.
    pub rules: Vec<RuleOutcome<'a>>,
    /// Every exception, in the policy's order.
    pub exceptions: Vec<ExceptionOutcome<'a>>,
    /// Why the decision is incomplete.
    pub gaps: Vec<Notice>,
    /// What is to be known, and changes nothing.
    pub warnings: Vec<Notice>,
}

/// What became of a rule.
#[derive(Debug)]
pub struct RuleOutcome<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it does today if it is broken.
    pub action: Action,
    /// The open findings that it counts, by their index in
    /// [`Decision::findings`].
    pub findings: Vec<usize>,
    /// How many problems they are: findings of one issue count once.
    pub count: u64,
}

impl RuleOutcome<'_> {
    /// How many findings it counts, each identity once. They may be fewer problems.
    pub fn identities(&self, decision: &Decision<'_>) -> u64 {
        decision.issues.identities(self.findings.iter().copied())
    }

    /// Whether there are more than it allows.
    pub fn is_broken(&self) -> bool {
        self.count > self.rule.max
    }
}

/// What became of an exception.
#[derive(Debug)]
pub struct ExceptionOutcome<'a> {
    /// The exception.
    pub exception: &'a Exception,
    /// Whether it holds today, and for anything.
    pub state: ExceptionState,
    /// Whether its end is near.
    pub expires_soon: bool,
    /// The findings that it accepts.
    pub findings: Vec<usize>,
    /// The open findings that it means and does not accept, and why not.
    pub refused: Vec<(usize, Refusal)>,
}

/// Whether an exception holds, and for anything.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It accepts findings.
    Used,
    /// It would hold, but nothing matches it.
    Unused,
    /// Its last day is over.
    Expired,
    /// Its first day is yet to come.
    NotYetInForce,
    /// The policy does not let it hold, for anything that it means.
    Refused,
}

impl<'a> Decision<'a> {
    /// The verdict. A known violation is not hidden by a missing report.
    pub fn verdict(&self) -> Verdict {
        if self.broken(Action::Fail).next().is_some() {
            Verdict::Fail
        } else if self.gaps.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Incomplete
        }
    }

    /// The rules with this action that are broken.
    pub fn broken(&self, action: Action) -> impl Iterator<Item = &RuleOutcome<'a>> {
        self.rules
            .iter()
            .filter(move |outcome| outcome.action == action && outcome.is_broken())
    }
}

/// What a decision depends on besides the policy and the reports.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The time at which it is made.
    pub now: Timestamp,
    /// The folder of the checkout, where the environment tells.
    pub workspace: Option<&'a str>,
    /// The commit under test, where the environment tells.
    pub commit: Option<&'a str>,
    /// Who made the change under test, by all names that are known.
    pub authors: &'a [String],
    /// What is decided about, by its [name](baseline::change), where that is known.
    pub change: Option<&'a str>,
    /// What is known besides the reports.
    pub knowledge: Knowledge<'a>,
}

impl Circumstances<'_> {
    /// The day of the decision, in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

/// Decides by `policy` about what `reports` say.
pub fn decide<'a>(
    policy: &'a Policy,
    reports: &'a [Report],
    circumstances: Circumstances<'a>,
) -> Decision<'a> {
    let told = Told::new(circumstances.knowledge.dates());
    decide_told(policy, reports, circumstances, &told)
}

/// Decides where what is known of each finding besides its report is told. What is
/// not is left to the knowledge of the `circumstances`, which should have none.
pub fn decide_told<'a>(
    policy: &'a Policy,
    reports: &'a [Report],
    circumstances: Circumstances<'a>,
    told: &Told<'a>,
) -> Decision<'a> {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| (&report.lane, &report.path, &report.sha256));
    let mut notices = Notices::of_reports(policy, &sorted, &circumstances);
    let known = knowledge::survey(policy, &circumstances, &told.dates, &mut notices);
    // First in the order of the reports, which is that of memory: looking up a
    // million findings here and there takes longer than deciding about them.
    let mut findings = unjudged(policy, &sorted, circumstances, told);
    let mut comparison = compare(&mut findings, policy, &sorted, circumstances, &told.dates);
    let mut sites = Sites::default();
    let locations = findings.iter().map(|judged| judged.subject.finding);
    let site_of: Vec<u32> = locations.map(|location| sites.number(location)).collect();
    let mut issues = issues(&mut findings, &site_of, circumstances);
    let judge = Judge::new(policy, &circumstances, known);
    let rules = policy.rules.iter();
    let mut counted: Vec<_> = rules.map(|rule| Counted::new(rule, known)).collect();
    let places = order::places(&findings, &sites, &site_of);
    drop((sites, site_of));
    let mut beside = Beside::default();
    for (judged, &place) in findings.iter_mut().zip(&places) {
        let texts = beside.texts(&judged.subject);
        judged.standing = judge.judge(&texts);
        if judged.standing.status == Status::Open {
            for counted in &mut counted {
                counted.ask(place as usize, &texts);
            }
        }
    }
    order::arrange(&mut findings, &places);
    issues.renumber(&places);
    if let Some(comparison) = &mut comparison {
        order::arrange(&mut comparison.histories, &places);
    }
    let mut decision = Decision {
        policy,
        circumstances,
        known,
        reports: sorted,
        findings,
        issues,
        comparison,
        rules: Vec::new(),
        exceptions: Vec::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    };
    let counted = counted.into_iter();
    decision.rules = counted
        .map(|counted| decision.count(counted, &mut notices))
        .collect();
    decision.mark_breaks();
    decision.exceptions = settle(policy, &decision.findings, &circumstances, &mut notices);
    notices.add_taken_out(policy, &decision.findings);
    let is_open = |judged: &&Judged<'_>| judged.standing.status == Status::Open;
    let open = decision.findings.iter().filter(is_open).count();
    notices.add_sweeping(&decision.exceptions, open);
    notices.gaps.sort();
    notices.warnings.sort();
    decision.gaps = notices.gaps;
    decision.warnings = notices.warnings;
    decision
}

/// The findings of all reports, in their order, as long as nobody has judged them.
fn unjudged<'a>(
    policy: &'a Policy,
    reports: &[&'a Report],
    circumstances: Circumstances<'a>,
    told: &Told<'a>,
) -> Vec<Judged<'a>> {
    let today = circumstances.today();
    let needs_no_kev = policy.kev.required == Some(false) || told.dates.kev.is_read();
    let Knowledge { kev, epss, vex, .. } = circumstances.knowledge;
    let (kev, epss, vex) = (kev.read(), epss.read(), vex.read().unwrap_or_default());
    let none = Arc::default();
    let count = reports.iter().map(|report| report.findings.len()).sum();
    let mut findings = Vec::with_capacity(count);
    for (report, of) in (0..).zip(reports) {
        let Ok(Scan { scanner, .. }) = of.scan else {
            continue;
        };
        let lane = policy.lanes.get(&of.lane);
        let product = lane.and_then(|lane| lane.product.as_deref());
        let seen_by = Arc::new(vec![scanner]);
        let source = Arc::new(Source {
            lane: &of.lane,
            scanner,
            workspace: circumstances.workspace,
            today,
        });
        let told = told.of(of);
        for (index, finding) in of.findings.iter().enumerate() {
            let told = told.get(index).copied().unwrap_or_default();
            let ids = finding.vulnerability_ids();
            // Without the catalogue, a report that says yes is to be believed.
            let is_listed = kev.map(|kev| kev.lookup(ids.iter()).is_some());
            let is_listed = is_listed.or(needs_no_kev.then_some(false));
            let severity = finding.severity.or(policy.unknown_severity);
            let subject = Subject {
                source: Arc::clone(&source),
                finding,
                severity,
                new: told.new,
                first_seen: told.first_seen,
                raised: told.raised,
                vex: told
                    .vex
                    .or_else(|| ruling(vex, finding, product, circumstances.now))
                    .map(Box::new),
                allowance: policy.sla.get(&severity).copied(),
                kev: if finding.kev { Some(true) } else { is_listed },
                epss: told.epss.or_else(|| Some(epss?.lookup(ids.iter())?.score)),
                seen_by: Arc::clone(&seen_by),
            };
            findings.push(Judged {
                subject,
                report,
                standing: Standing::default(),
                breaks: Arc::clone(&none),
            });
        }
    }
    findings
}

/// The VEX statement that takes a finding out of the decision.
fn ruling<'a>(
    vex: &'a [Vex],
    finding: Found<'a>,
    product: Option<&'a str>,
    now: Timestamp,
) -> Option<Ruling<'a>> {
    let subject = (!vex.is_empty()).then(|| vex_subject(finding, product, now));
    let ruling = vex::lookup(vex, &subject??)?;
    ruling.statement.status.suppresses().then_some(ruling)
}

/// What VEX statements ask of a finding; absent when none can be about it.
pub(super) fn vex_subject<'a>(
    finding: Found<'a>,
    product: Option<&'a str>,
    now: Timestamp,
) -> Option<vex::Subject<'a>> {
    let Location::Package { purl, .. } = finding.location() else {
        return None;
    };
    Some(vex::Subject {
        ids: finding.vulnerability_ids().iter().collect(),
        package: Some(purl?),
        artifact: product,
        latest: now.checked_add(knowledge::SKEW).unwrap_or(now),
    })
}

/// Holds the findings against the baseline, where there is one.
fn compare<'a>(
    findings: &mut [Judged<'a>],
    policy: &Policy,
    reports: &[&'a Report],
    circumstances: Circumstances<'a>,
    dates: &Dates<'_>,
) -> Option<Comparison> {
    let Some(baseline) = circumstances.knowledge.baseline.read() else {
        let new = match (policy.first_run?, dates.baseline) {
            // What it says is told; or else nobody knows.
            (_, Given::Read(_)) | (FirstRun::NoneNew, Given::Unusable(_)) => return None,
            (FirstRun::AllNew, _) => true,
            (FirstRun::NoneNew, _) => false,
        };
        for Judged { subject, .. } in findings {
            subject.new = Some(new);
            subject.first_seen = Some(subject.source.today);
        }
        return None;
    };
    let current: Vec<_> = findings
        .iter()
        .map(|Judged { subject, .. }| Current {
            severity: subject.severity,
            ..Current::new(subject.source.lane, subject.source.scanner, subject.finding)
        })
        .collect();
    let sound = reports
        .iter()
        .filter(|report| matches!(report.health(), Health::Complete | Health::Degraded));
    let mut looked = Looked::default();
    for report in sound {
        if let Ok(scan) = &report.scan {
            looked.at.insert((&report.lane, scan.scanner));
            let files = scan.files.as_ref();
            looked
                .files
                .extend(files.map(|files| (report.lane.as_str(), scan.scanner, files)));
        }
    }
    let (change, today) = (circumstances.change, circumstances.today());
    let comparison = baseline::compare(baseline, &current, &looked, change, today);
    for (Judged { subject, .. }, history) in findings.iter_mut().zip(&comparison.histories) {
        subject.new = Some(history.new || history.held);
        subject.first_seen = Some(history.first_seen);
        subject.raised = history.raised;
    }
    Some(comparison)
}

/// Finds the issues, and who sees them.
fn issues<'a>(
    findings: &mut [Judged<'a>],
    site_of: &[u32],
    circumstances: Circumstances<'a>,
) -> Issues<'a> {
    let sites = findings.iter().zip(site_of);
    let seen = sites.map(|(Judged { subject, .. }, &site)| Seen {
        scanner: subject.source.scanner,
        severity: subject.severity,
        site,
        finding: subject.finding,
    });
    let issues = Issues::of(seen, circumstances.workspace);
    for issue in issues.all() {
        let seen_by = Arc::new(issue.seen_by.clone());
        for &finding in &issue.findings {
            if let Some(Judged { subject, .. }) = findings.get_mut(finding) {
                subject.seen_by = Arc::clone(&seen_by);
            }
        }
    }
    issues
}

/// The open findings that a rule means.
struct Counted<'a> {
    rule: &'a Rule,
    can_be_asked: bool,
    of_place: OfPlace,
    findings: Vec<usize>,
    unanswered: Unanswered,
}

impl<'a> Counted<'a> {
    fn new(rule: &'a Rule, known: Needs) -> Self {
        Self {
            rule,
            // What is missing for an answer is a gap of its own.
            can_be_asked: !rule.selector.needs().exceed(known),
            of_place: OfPlace::default(),
            findings: Vec::new(),
            unanswered: Unanswered::default(),
        }
    }

    fn ask(&mut self, place: usize, texts: &Texts<'_, '_>) {
        if self.can_be_asked {
            match self.rule.selector.matches_beside(texts, &self.of_place) {
                Ok(true) => self.findings.push(place),
                Ok(false) => {}
                Err(error) => self.unanswered.add(place, texts.subject.finding, &error),
            }
        }
    }
}

impl<'a> Decision<'a> {
    /// Counts what a rule means, each problem once.
    fn count(&self, counted: Counted<'a>, notices: &mut Notices) -> RuleOutcome<'a> {
        let Counted {
            rule,
            mut findings,
            unanswered,
            ..
        } = counted;
        findings.sort_unstable();
        notices
            .gaps
            .extend(unanswered.into_notice("rule", &rule.id));
        RuleOutcome {
            rule,
            action: rule.action_on(self.circumstances.today()),
            count: self.issues.count(findings.iter().copied()),
            findings,
        }
    }

    /// Notes at each finding the rules that fail by it.
    fn mark_breaks(&mut self) {
        let Self {
            rules, findings, ..
        } = self;
        let failing = rules
            .iter()
            .filter(|outcome| outcome.is_broken() && outcome.action == Action::Fail);
        // What each is yet to be noted at; findings ascend.
        let mut failing: Vec<_> = failing
            .map(|outcome| (&*outcome.rule.id, outcome.findings.iter().peekable()))
            .collect();
        let mut shared: HashSet<Arc<Vec<&str>>> = HashSet::default();
        let mut breaks = Vec::new();
        for (index, judged) in findings.iter_mut().enumerate() {
            breaks.clear();
            breaks.extend(failing.iter_mut().filter_map(|(id, left)| {
                let is_of_rule = left.next_if(|next| **next == index).is_some();
                is_of_rule.then_some(*id)
            }));
            if breaks.is_empty() {
                continue;
            }
            let known = shared.get(&breaks).cloned();
            judged.breaks = known.unwrap_or_else(|| {
                let new = Arc::new(breaks.clone());
                shared.insert(Arc::clone(&new));
                new
            });
        }
    }
}

/// What became of the exceptions.
fn settle<'a>(
    policy: &'a Policy,
    findings: &[Judged<'a>],
    circumstances: &Circumstances<'_>,
    notices: &mut Notices,
) -> Vec<ExceptionOutcome<'a>> {
    #[derive(Default)]
    struct Concerned {
        accepted: Vec<usize>,
        refused: Vec<(usize, Refusal)>,
        unanswered: Unanswered,
    }
    let mut concerned: HashMap<&str, Concerned> = HashMap::default();
    for (index, judged) in findings.iter().enumerate() {
        let Standing {
            exception,
            passed_over,
            ..
        } = &judged.standing;
        if let Some(exception) = exception {
            let concerned = concerned.entry(&exception.id).or_default();
            concerned.accepted.push(index);
        }
        for (exception, why) in passed_over {
            let concerned = concerned.entry(&exception.id).or_default();
            match why {
                PassedOver::Refused(refusal) => concerned.refused.push((index, *refusal)),
                PassedOver::Unanswered(error) => {
                    let finding = judged.subject.finding;
                    concerned.unanswered.add(index, finding, error);
                }
            }
        }
    }
    let (today, authors) = (circumstances.today(), circumstances.authors);
    let outcome = |exception: &'a Exception| {
        let Concerned {
            accepted,
            refused,
            unanswered,
        } = concerned.remove(exception.id.as_str()).unwrap_or_default();
        let in_force = exception.in_force(today);
        // One that does not hold today changes nothing, whatever its answer.
        let told = if in_force {
            &mut notices.gaps
        } else {
            &mut notices.warnings
        };
        told.extend(unanswered.into_notice("exception", &exception.id));
        let is_own = !policy.bounds.author_may_approve && exception.is_approved_by(authors);
        let state = match () {
            () if exception.expires < today => ExceptionState::Expired,
            () if !in_force => ExceptionState::NotYetInForce,
            () if is_own => ExceptionState::Refused,
            () if !accepted.is_empty() => ExceptionState::Used,
            () if !refused.is_empty() => ExceptionState::Refused,
            () => ExceptionState::Unused,
        };
        let days_left = (exception.expires - today).get_days();
        ExceptionOutcome {
            exception,
            state,
            expires_soon: in_force && i64::from(days_left) < i64::from(policy.bounds.warn_days),
            findings: accepted,
            refused,
        }
    };
    policy.exceptions.iter().map(outcome).collect()
}
