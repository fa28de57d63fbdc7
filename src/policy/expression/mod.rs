//! `when`: a CEL expression over a finding, for what the other keys of a
//! selector cannot say.
//!
//! CEL itself knows types only while it evaluates, and lets a name that is none
//! pass wherever it is not reached; a rule with such a slip would silently never
//! fire. So an expression is checked completely when the policy is loaded:
//! names, types, patterns, and words that a name can never be. What can still go
//! wrong on a finding, a division by zero, is an error and never an answer.
//!
//! A field that a finding is without is `null`. It is equal to nothing but
//! `null`, and every other question about it has the answer `false`: it is
//! neither less nor greater, begins with nothing, and matches nothing.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use cel::common::types::CelBool;
use cel::context::VariableResolver;
use cel::parser::{Expression as Tree, Parser};
use cel::{Context, ExecutionError, ParseError, Value};

use super::selector::{Needs, Subject, Turns};

mod check;
mod functions;
mod values;

use check::{Checked, Checker};
use functions::functions;
use values::{Fields, Sample};

/// An expression that is known to make sense, ready to be evaluated.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    text: String,
    tree: Tree,
    functions: Context<'static, 'static>,
    named: Vec<Named>,
    needs: Needs,
    turns: Turns,
    uses: Vec<&'static str>,
}

/// A text that a lane or a scanner is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// `lane` or `scanner`.
    pub(super) variable: &'static str,
    pub(super) word: String,
    /// The bytes of the expression that are meant.
    pub(super) range: Range<usize>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title}: {label}")]
pub struct ExpressionError {
    /// What is wrong.
    pub title: String,
    /// What it is at this place, or what to write there, in a few words.
    pub label: String,
    /// The bytes of the expression that are meant.
    pub range: Range<usize>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.0.text).finish()
    }
}

impl Expression {
    /// How many bytes an expression may have. Parser and evaluation descend into
    /// it, and must not run out of stack.
    pub const MAX_LENGTH: usize = 1024;

    /// Compiles an expression and checks it completely.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn compile(text: &str) -> Result<Self, Vec<ExpressionError>> {
        let whole = |title: &str, label: String| {
            vec![ExpressionError {
                title: title.to_owned(),
                label,
                range: 0..text.len(),
            }]
        };
        if text.len() > Self::MAX_LENGTH {
            let label = format!("at most {} bytes; make it several rules", Self::MAX_LENGTH);
            return Err(whole("the expression is too long", label));
        }
        let (mut tree, places) = Parser::new()
            .parse_with_source_info(text)
            .map_err(|errors| vec![syntax_error(text, &errors.errors)])?;
        let Checked {
            regexes,
            globs,
            named,
            needs,
            turns,
            uses,
        } = Checker::new(text, &places).run(&mut tree)?;
        let expression = Self(Arc::new(Compiled {
            text: text.to_owned(),
            tree,
            functions: functions(regexes, globs)
                .map_err(|error| whole("the expression cannot be used", error.to_string()))?,
            named,
            needs,
            turns,
            uses,
        }));
        for (is_full, of) in [
            (true, "of which everything is known"),
            (false, "without the fields that may be missing"),
        ] {
            if let Err(error) = expression.evaluate(&Sample { is_full }) {
                let title = format!("there is no answer for a finding {of}");
                return Err(whole(&title, error));
            }
        }
        Ok(expression)
    }

    /// The expression, as it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The lanes and scanners that it names.
    pub(super) fn named(&self) -> &[Named] {
        &self.0.named
    }

    /// What it needs to know that no report tells.
    pub(super) fn needs(&self) -> Needs {
        self.0.needs
    }

    /// When its answer may become another though nothing changes but the day.
    pub(super) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// The names that it uses, in the order of their first use, with what the
    /// subject has by them, in words: `severity` and `"high"`.
    pub fn values(&self, subject: &Subject<'_>) -> Vec<(&'static str, String)> {
        let fields = Fields(subject);
        let value = |name: &'static str| Some((name, values::in_words(&*fields.resolve(name)?)));
        self.0.uses.iter().filter_map(|name| value(name)).collect()
    }

    /// Whether it holds of the subject.
    ///
    /// # Errors
    ///
    /// Why that cannot be said. It is neither a yes nor a no.
    pub fn matches(&self, subject: &Subject<'_>) -> Result<bool, String> {
        self.evaluate(&Fields(subject))
    }

    fn evaluate(&self, variables: &dyn VariableResolver) -> Result<bool, String> {
        let Compiled {
            tree, functions, ..
        } = &*self.0;
        let mut scope = inner_scope(functions);
        scope.set_variable_resolver(variables);
        let value = Value::resolve_val(tree, &scope).map_err(|error| in_words(&error))?;
        value
            .downcast_ref::<CelBool>()
            .map(|truth| *truth.inner())
            .ok_or_else(|| "it is neither true nor false".to_owned())
    }
}

/// A scope whose values may be borrowed for less than the functions live.
fn inner_scope<'p>(functions: &'p Context<'p, 'p>) -> Context<'p, 'p> {
    functions.new_inner_scope()
}

/// The first error: those that follow come of it.
fn syntax_error(text: &str, errors: &[ParseError]) -> ExpressionError {
    let Some(error) = errors.first() else {
        return ExpressionError {
            title: "this is no CEL expression".to_owned(),
            label: "it cannot be read".to_owned(),
            range: 0..text.len(),
        };
    };
    let start = offset(text, error.pos).min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let message = error.msg.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    let word = rest.split(|c: char| !c.is_alphanumeric()).next();
    let label = match message {
        _ if word == Some("and") => "write `&&`".to_owned(),
        _ if word == Some("or") => "write `||`".to_owned(),
        "reserved identifier: package" => {
            "`package` is a reserved word; write `package_name`".to_owned()
        }
        message if message.contains("has()") => {
            "there are no fields within fields; write `cvss != null`".to_owned()
        }
        message if message.contains("Recursion limit") => {
            "it is nested too deep; make it several rules, or a list".to_owned()
        }
        message if message.contains("<EOF>") => "something is missing here".to_owned(),
        message if message.starts_with("token recognition error") => {
            let sign = match rest.chars().next() {
                Some('&') => "write `&&`",
                Some('|') => "write `||`",
                Some('=') if rest.starts_with("=>") => "write `>=`",
                Some('=') => "write `==`",
                _ => "this sign means nothing here",
            };
            sign.to_owned()
        }
        message if message.starts_with("extraneous input") => {
            "is `&&` or `||` missing before this?".to_owned()
        }
        message => message.chars().take(120).collect(),
    };
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let length = match word.unwrap_or(rest.len()) {
        0 => rest.chars().next().map_or(0, char::len_utf8),
        length => length,
    };
    ExpressionError {
        title: "this is no CEL expression".to_owned(),
        label,
        range: start..start + length,
    }
}

/// The byte at a line and a column, both 1-based, the latter in characters.
fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let before: usize = lines.iter().take(line).map(|line| line.len()).sum();
    let within: usize = lines.get(line).map_or(0, |line| {
        line.chars().take(column).map(char::len_utf8).sum()
    });
    before + within
}

/// An error without the values that it is about: they can be long, and are a
/// report's.
fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero; ask first whether the divisor is `> 0`".to_owned()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => {
            "a list is shorter than that; ask for its `size(…)` first, or use `.exists(…)`"
                .to_owned()
        }
        ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnsupportedIndex(..) => {
            "it calculates with a field that is missing; ask whether it is `!= null` first"
                .to_owned()
        }
        ExecutionError::FunctionError { message, .. } => message.clone(),
        _ => "it is not defined here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::selector::Source;
    use super::*;
    use crate::finding::{
        Category, Confidence, Cvss, CvssVersion, Details, Finding, Findings, Location, Severity,
        Text,
    };
    use crate::fingerprint::Fingerprint;

    fn finding(location: Location<Text<'_>>) -> Finding<'static> {
        let fingerprint = Fingerprint::new("test", &["a"]);
        Finding::new(
            fingerprint,
            Category::Sast,
            "conf.no-eval",
            Severity::Unknown,
            location,
        )
        .into_owned()
    }

    fn full() -> Finding<'static> {
        let mut finding = finding(Location::source("./src/a.py", Some(5)));
        finding.title = "Use of \"eval\"".into();
        finding.cwes = vec![79, 95];
        finding.vulnerability_ids = vec!["CVE-2026-1".into()];
        finding.cvss = Some(Cvss {
            version: CvssVersion::V3,
            score: 7.5,
            vector: None,
        });
        finding.confidence = Some(Confidence::Medium);
        finding.fixed_in = vec!["1.2".into()];
        finding.details = Details {
            references: vec!["https://a.example/1".into()],
            ..Details::default()
        };
        finding
    }

    fn package() -> Finding<'static> {
        finding(Location::Package {
            purl: Some("pkg:npm/@a/b@1.0".into()),
            name: "@a/b".into(),
            version: None,
            target: Some("package-lock.json".into()),
            path: None,
        })
    }

    fn ask(text: &str, finding: &Finding) -> Result<bool, String> {
        let expression =
            Expression::compile(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let source = Source {
            lane: "mainline-sast",
            scanner: "semgrep",
            workspace: Some("/builds/group/shop"),
            today: "2026-11-21".parse().unwrap(),
        };
        let findings = Findings::from_iter([finding.clone()]);
        expression.matches(&Subject {
            severity: Severity::High,
            kev: Some(false),
            ..Subject::of(source.into(), findings.get(0).unwrap())
        })
    }

    fn mistakes(text: &str) -> Vec<(String, String)> {
        Expression::compile(text)
            .expect_err(text)
            .into_iter()
            .map(|error| {
                let meant = text.get(error.range.clone()).expect("a part of the text");
                (meant.to_owned(), error.to_string())
            })
            .collect()
    }

    #[test]
    fn what_an_expression_asks_for_is_known_in_words() {
        let text = "title != '' && cwe.exists(n, n == 79) && cvss > 7.0 && url == null
            && vulnerability != ['a'] && line > 0 && !kev && title != 'b'";
        let findings = Findings::from_iter([full()]);
        let today = "2026-11-21".parse().unwrap();
        let subject = Subject {
            kev: Some(false),
            ..Subject::new("mainline-sast", "semgrep", findings.get(0).unwrap(), today)
        };
        let values = Expression::compile(text).unwrap().values(&subject);
        let words: Vec<_> = values
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        assert_eq!(
            words,
            [
                "title = \"Use of \\\"eval\\\"\"",
                "cwe = [79, 95]",
                "cvss = 7.5",
                "url = null",
                "vulnerability = [\"CVE-2026-1\"]",
                "line = 5",
                "kev = false",
            ]
        );
    }

    #[test]
    fn every_field_can_be_asked_for() {
        for text in [
            "lane == 'mainline-sast' && scanner == 'semgrep' && category == 'sast'",
            "severity == 'high' && severity_rank == 3 && severity_rank >= 3",
            "confidence == 'medium' && confidence in ['medium', 'high']",
            "rule.startsWith('conf.') && title.contains('eval') && rule.endsWith('eval')",
            "description == null && 79 in cwe && !(80 in cwe) && size(cwe) == 2",
            "vulnerability == ['CVE-2026-1'] && vulnerability.exists(id, id.startsWith('CVE-'))",
            "cvss > 7 && cvss >= 7.5 && cvss < 8.0 && !kev && fix && fixed_in[0] == '1.2'",
            "path == 'src/a.py' && paths == ['src/a.py'] && line == 5 && instances == 1",
            "re(path, '^src/[a-z]+[.]py$') && glob(path, 'src/*.py') && !glob(path, '*.py')",
            "fingerprint.startsWith('sg1:') && references.all(r, re(r, 'example'))",
            "references.filter(r, r.contains('b.example')) == [] && line != null && line - 3 == 2",
            "references.map(r, size(r)).exists_one(n, n == 19) && title.size() > 3",
            "package_name == null && version == null && purl == null && resource == null",
            "url == null && method == null && parameter == null && target == null",
            "(kev ? 'a' : title) != 'a' && cvss != null && cvss + 1.0 == 8.5",
        ] {
            assert_eq!(ask(text, &full()), Ok(true), "{text}");
        }
        let text = "package_name == '@a/b' && purl.startsWith('pkg:npm/') && target == path";
        assert_eq!(ask(text, &package()), Ok(true));
        let web = finding(Location::Web {
            url: "https://a.example/".into(),
            method: Some("GET".into()),
            parameter: None,
        });
        let text = "url.contains('a.example') && method == 'GET' && parameter == null";
        assert_eq!(ask(text, &web), Ok(true));
        let resource = finding(Location::Resource {
            target: "main.tf".into(),
            resource: Some("aws_s3_bucket.logs".into()),
            line: Some(3),
            end_line: None,
        });
        let text = "target == 'main.tf' && resource.startsWith('aws_') && line == 3";
        assert_eq!(ask(text, &resource), Ok(true));
    }

    #[test]
    fn paths_are_without_the_checkout_and_their_case_matters() {
        let finding = finding(Location::source("/builds/group/shop/src/a.py", Some(5)));
        for (text, expected) in [
            ("path == 'src/a.py' && paths == ['src/a.py']", true),
            ("glob(path, 'src/**')", true),
            ("glob(path, 'SRC/**')", false),
            ("re(path, '^SRC/')", false),
        ] {
            assert_eq!(ask(text, &finding), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_false_in_every_question_but_for_null() {
        for (text, expected) in [
            ("cvss > 7.0", false),
            ("cvss < 7.0", false),
            ("cvss <= 7.0 || 7.0 <= cvss || cvss >= 7.0", false),
            ("version == '1.0'", false),
            ("version in ['1.0', '2.0']", false),
            ("version.startsWith('1')", false),
            ("purl.contains(version) || purl.endsWith(version)", false),
            ("re(version, '.*') || glob(version, '**')", false),
            ("size(version) >= 0", false),
            ("version == null", true),
            ("cvss != null", false),
            // These are a no turned round, and say so in the documentation.
            ("version != '1.0'", true),
            ("!(cvss > 7.0)", true),
        ] {
            assert_eq!(ask(text, &package()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_ages_are_known_at_which_an_answer_may_turn() {
        let turns = |ages: &[u32], overdue, any| Turns {
            ages: ages.to_vec(),
            overdue,
            any,
        };
        for (text, expected) in [
            ("kev && line != null", turns(&[], false, false)),
            ("age > 30", turns(&[30, 31], false, false)),
            ("30 < age || overdue", turns(&[30, 31], true, false)),
            (
                "age == 7 ? kev : age >= 0",
                turns(&[0, 1, 7, 8], false, false),
            ),
            ("age > -1 && kev", turns(&[0], false, false)),
            ("age > 30.5", turns(&[], false, true)),
            ("age in [1, 2]", turns(&[], false, true)),
            ("age > 30 && age + 1 > 40", turns(&[30, 31], false, true)),
            ("age > instances", turns(&[], false, true)),
            (
                "fix && cwe.exists(age, age == 79)",
                turns(&[], false, false),
            ),
            (
                "cwe.exists(c, age > 5 && c == 79)",
                turns(&[5, 6], false, false),
            ),
        ] {
            let expression = Expression::compile(text).unwrap();
            assert_eq!(*expression.turns(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_has_no_answer() {
        for (text, reason) in [
            ("line != null && 10 / (line - 5) > 1", "it divides by zero"),
            ("title != 'a' && references[7] == 'a'", "a list is shorter"),
            (
                "title != 'a' && line * 9223372036854775807 > 0",
                "a number becomes too large",
            ),
            (
                "rule != 'a' && line + size(version) == 3",
                "a field that is missing",
            ),
        ] {
            let answer = ask(text, &full());
            assert!(
                answer.as_ref().is_err_and(|error| error.contains(reason)),
                "{text}: {answer:?}"
            );
        }
    }

    #[test]
    fn every_mistake_is_found_where_it_is() {
        for (text, meant, expected) in [
            ("sevrity == 'high'", "sevrity", "did you mean `severity`?"),
            ("kev && nosuch", "nosuch", "there is no `nosuch`"),
            ("true || kve", "kve", "did you mean `kev`?"),
            ("'é' == titel", "titel", "did you mean `title`?"),
            ("package == 'a'", "package", "write `package_name`"),
            ("severity == 'hihg'", "'hihg'", "did you mean `high`?"),
            (
                "'unknown' != severity",
                "'unknown'",
                "no `severity` is ever",
            ),
            (
                "category in ['sast', 'sats']",
                "'sats'",
                "did you mean `sast`?",
            ),
            ("severity == 3", "==", "these can never be equal"),
            ("kev && severity > 3", ">", "write `severity_rank >= 3`"),
            ("kev && version >= '2.0'", ">=", "no common order"),
            ("title < rule", "<", "only numbers are less"),
            ("cwe == 79", "==", "write `79 in cwe`"),
            (
                "'CWE-79' in cwe",
                "in",
                "is never in a list that has a whole number",
            ),
            ("'a' in title", "in", "title.contains"),
            ("[1, 'a'] == cwe", "'a'", "a list cannot have"),
            ("path.matches('a')", "(", "write `re(path, 'pattern')`"),
            ("path.re('a')", "(", "`re` takes a text and a pattern"),
            ("re(path, title)", "title", "must be written out"),
            ("re(path, '(')", "'('", "unclosed group"),
            ("glob(path, '[')", "'['", "is no pattern"),
            ("re(line, 'a')", "(", "takes a text"),
            ("path.startswith('a')", "(", "did you mean `startsWith`?"),
            (
                "startsWith(path, 'a')",
                "(",
                "write `path.startsWith('text')`",
            ),
            ("contians(title, 'a')", "(", "did you mean `contains`?"),
            ("cwe.contains(79)", "(", "is not called like this"),
            ("int(path) == 1", "(", "there is no function `int`"),
            ("size(line) == 1", "(", "is not called like this"),
            (
                "title.exists(t, t == 'a')",
                "title",
                "only a list has several",
            ),
            ("cwe.exists(c, c == 'CWE-79')", "==", "can never be equal"),
            ("cwe.exists(c, d == 79)", "d", "there is no `d`"),
            ("cvss + 1 > 8.0", "+", "write `1.0` for `1`"),
            ("title + 'a' == 'b'", "+", "numbers only"),
            ("kev ? 1 : 'a'", "?", "a whole number or a text"),
            ("kev && title", "title", "this is a text, not true or false"),
            ("!title", "title", "this is a text"),
            ("title", "title", "must be true or false: this is a text"),
            ("kev.a", ".", "there is no field `a`"),
            ("has(cvss)", "cvss", "write `cvss != null`"),
            ("{'a': kev}.a", ".", "there is no field"),
            ("{'a': 1} == title", "{", "there are no maps"),
            ("b'a' == title", "b'a'", "without the letter"),
            ("-title == 1", "-", "cannot be done"),
            ("true", "true", "asks nothing of the finding"),
            ("'a' == 'a'", "'a' == 'a'", "asks nothing of the finding"),
            ("", "", "this is no CEL expression"),
            ("kev &&", "", "this is no CEL expression"),
            ("kev & fix", "&", "this is no CEL expression"),
            ("(kev", "", "this is no CEL expression"),
            ("kev = true", "=", "this is no CEL expression"),
            ("kev\n  && 'é' @", "@", "this is no CEL expression"),
            (
                "10 / instances > 1 && 1 / 0 == 1",
                "10 / instances > 1 && 1 / 0 == 1",
                "divides by zero",
            ),
            ("cvss - 1.0 > 6.0", "cvss - 1.0 > 6.0", "without the fields"),
        ] {
            let found = mistakes(text);
            assert!(
                found
                    .iter()
                    .any(|(at, error)| at == meant && error.contains(expected)),
                "{text}: {found:#?}"
            );
        }
        let found = mistakes("sevrity == 'high' && kev == 1 && nosuch(path)");
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn nothing_is_too_deep_or_too_long_for_the_stack() {
        let many = |part: &str, between: &str| {
            let mut text = part.to_owned();
            while text.len() + between.len() + part.len() <= Expression::MAX_LENGTH {
                text = text + between + part;
            }
            text
        };
        for text in [
            many("1", "+"),
            many("kev", "=="),
            many("kev", "&&"),
            many("kev", "?kev:"),
            many("!", ""),
            many("-", ""),
            many("[", ""),
            many("(", ""),
            many("((", ")"),
            format!("cwe{}", many("[0]", "")),
            format!("title{}", many(".size()", "")),
            format!("title{}", many(".a", "")),
            format!("{}kev{}", "(".repeat(500), ")".repeat(500)),
            format!("{}kev{}", "size(".repeat(150), ")".repeat(150)),
            format!("{}kev", many("cwe.all(c,", "")),
            "'".repeat(1000),
            "\\".repeat(1000),
            "kev || ".repeat(1000),
        ] {
            drop(Expression::compile(&text));
        }
        let deep = format!("{}kev{}", "(".repeat(500), ")".repeat(500));
        assert!(mistakes(&deep)[0].1.contains("nested too deep"));
        let long = format!("title != '{}'", "a".repeat(Expression::MAX_LENGTH));
        assert!(mistakes(&long)[0].1.contains("too long"));
        assert!(Expression::compile(&many("kev", "||")).is_ok());
    }
}
