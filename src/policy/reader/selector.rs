//! Reading selectors.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::super::document::{At, Table};
use super::super::expression::Expression;
use super::super::problem::{Problems, suggestion};
use super::super::selector::{
    Asked, Bound, Confidences, Fix, Patterns, Question, SeenBy, Selector, Severities,
};
use super::{Reader, check_pattern, each};
use crate::finding::{Category, Severity};
use crate::fingerprint::Fingerprint;

impl Reader<'_> {
    /// Reads a selector. The questions are in the order of what they cost.
    pub(super) fn selector(&mut self, mut table: Table<'_>) -> Selector {
        let questions = [
            self.category(&mut table),
            self.severity(&mut table),
            self.fix(&mut table),
            table
                .truth("kev", &mut self.problems)
                .map(|kev| Question::Kev(kev.value)),
            table
                .truth("new", &mut self.problems)
                .map(|new| Question::New(new.value)),
            table
                .truth("overdue", &mut self.problems)
                .map(|overdue| Question::Overdue(overdue.value)),
            self.confidence(&mut table),
            self.bound(&mut table, "cvss", 10.0).map(Question::Cvss),
            self.bound(&mut table, "epss", 1.0).map(Question::Epss),
            self.age(&mut table),
            self.cwe(&mut table),
            self.fingerprint(&mut table),
            self.seen_by(&mut table),
            self.lane_names(&mut table),
            self.scanner_patterns(&mut table),
            self.patterns(&mut table, "rule").map(Question::Rule),
            self.patterns(&mut table, "vulnerability")
                .map(Question::Vulnerability),
            self.title(&mut table),
            self.patterns(&mut table, "package").map(Question::Package),
            self.patterns(&mut table, "url").map(Question::Url),
            self.path(&mut table),
        ];
        let when = table.text("when", &mut self.problems);
        let span = |key: &str| {
            let mut entries = table.entries();
            let found = entries.find(|(name, _)| *name == key);
            found.map(|(_, span)| span).unwrap_or_default()
        };
        let text = &self.problems.source().text;
        let asked = questions.into_iter().flatten().map(|question| {
            let span = span(question.key());
            Asked {
                written: text.get(span.clone()).unwrap_or_default().to_owned(),
                question,
                span,
            }
        });
        let asked = asked.collect();
        table.finish(&mut self.problems);
        let when = when.and_then(|when| self.expression(&when));
        Selector::new(asked, when)
    }

    fn category(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let words = table.texts("category", &mut self.problems)?;
        let known = Category::ALL.map(Category::name);
        let find = |word: &str| {
            Category::ALL
                .into_iter()
                .find(|category| category.name() == word)
        };
        let categories = each(words, &mut self.problems, |word| {
            find(word).ok_or_else(|| (format!("`{word}` is no category"), suggestion(word, &known)))
        });
        Some(Question::Category(categories))
    }

    fn severity(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let words = table.texts("severity", &mut self.problems)?;
        severities(&words, &mut self.problems).map(Question::Severity)
    }

    fn fix(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let fixes = [("available", Fix::Available), ("none", Fix::None)];
        let fix = table.word("fix", &fixes, &mut self.problems)?;
        Some(Question::Fix(fix.value))
    }

    fn confidence(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let words = table.texts("confidence", &mut self.problems)?;
        confidences(&words, &mut self.problems).map(Question::Confidence)
    }

    /// A bound on a number from 0 to `most`.
    fn bound(&mut self, table: &mut Table<'_>, key: &'static str, most: f64) -> Option<Bound<f64>> {
        let example = most * 0.7;
        let wanted = format!("a bound in quotes, such as \">={example}\"");
        let text = table.text_of(key, &wanted, &mut self.problems)?;
        match Bound::parse(&text.value) {
            None => {
                let title = format!("`{}` is no bound on a number", text.value);
                let label = format!("such as `{key} = \">={example}\"`");
                self.problems.add(text.span, title, label);
                None
            }
            Some(bound) if !bound.can_hold(&0.0, &most) => {
                let title = format!("no `{key}` can ever match this");
                self.problems
                    .add(text.span, title, format!("it is from 0 to {most}"));
                None
            }
            bound => bound,
        }
    }

    fn age(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let wanted = "a bound in quotes, such as \">30d\"";
        let text = table.text_of("age", wanted, &mut self.problems)?;
        match Bound::parse_days(&text.value) {
            None => {
                let title = format!("`{}` is no bound on an age", text.value);
                self.problems
                    .add(text.span, title, "such as `age = \">30d\"`");
                None
            }
            Some(bound) if !bound.can_hold(&0, &u32::MAX) => {
                let label = "a finding is 0 days old when it is first seen";
                self.problems
                    .add(text.span, "no `age` can ever match this", label);
                None
            }
            bound => bound.map(Question::Age),
        }
    }

    fn cwe(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let wanted = "a number such as 79, or a text such as \"CWE-79\"";
        let numbers = table.list("cwe", wanted, &mut self.problems, cwe)?;
        let numbers = numbers.into_iter().map(|number| number.value);
        Some(Question::Cwe(numbers.collect()))
    }

    fn fingerprint(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let texts = table.texts("fingerprint", &mut self.problems)?;
        let fingerprints = each(texts, &mut self.problems, |text| {
            Fingerprint::parse(text).ok_or_else(|| {
                (
                    format!("`{text}` is no fingerprint"),
                    "copy it from a summary: `sg1:` and 32 hexadecimal digits".to_owned(),
                )
            })
        });
        Some(Question::Fingerprint(fingerprints))
    }

    fn seen_by(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let wanted = "a number of scanners, or their names";
        let read = |value: &DeValue<'_>| match value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Ok),
            DeValue::String(name) => Some(Err(name.to_string())),
            _ => None,
        };
        let given = table.list("seen_by", wanted, &mut self.problems, read)?;
        let scanners = self.vocabulary.scanner_names();
        if let [
            At {
                value: Ok(least),
                span,
            },
        ] = given.as_slice()
        {
            if *least > scanners.len() as u64 {
                let title = format!("there are only {} scanners", scanners.len());
                self.problems
                    .add(span.clone(), title, "no finding can match this");
            }
            return Some(Question::SeenBy(SeenBy::AtLeast(*least)));
        }
        let mut names = Vec::new();
        for item in given {
            match item.value {
                Ok(_) => self.problems.add(
                    item.span,
                    "a number of scanners stands alone",
                    "leave out the others",
                ),
                Err(value) => names.push(At {
                    value,
                    span: item.span,
                }),
            }
        }
        for name in &names {
            self.check_can_match(name, "scanner", &scanners);
        }
        let patterns = self.compile(&names, |texts| Patterns::new(texts))?;
        Some(Question::SeenBy(SeenBy::Any(patterns)))
    }

    fn lane_names(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let lanes = table.texts("lane", &mut self.problems)?;
        self.lane_patterns.extend(lanes.iter().cloned());
        self.compile(&lanes, |texts| Patterns::new(texts))
            .map(Question::Lane)
    }

    fn scanner_patterns(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let scanners = table.texts("scanner", &mut self.problems)?;
        for scanner in &scanners {
            self.check_can_match(scanner, "scanner", &self.vocabulary.scanner_names());
        }
        self.compile(&scanners, |texts| Patterns::new(texts))
            .map(Question::Scanner)
    }

    fn patterns(&mut self, table: &mut Table<'_>, key: &'static str) -> Option<Patterns> {
        let texts = table.texts(key, &mut self.problems)?;
        self.compile(&texts, |texts| Patterns::new(texts))
    }

    fn title(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let texts = table.texts("title", &mut self.problems)?;
        self.compile(&texts, |texts| Patterns::of_sentences(texts))
            .map(Question::Title)
    }

    fn path(&mut self, table: &mut Table<'_>) -> Option<Question> {
        let texts = table.texts("path", &mut self.problems)?;
        for text in &texts {
            let pattern = text.value.as_str();
            let has_detour = pattern.split('/').any(|name| matches!(name, "." | ".."));
            if has_detour || pattern.starts_with('/') {
                self.problems.add(
                    text.span.clone(),
                    format!("no path is like `{pattern}`"),
                    "paths begin below the checkout, without `/`, `./` or `../`",
                );
            }
        }
        self.compile(&texts, |texts| Patterns::of_paths(texts))
            .map(Question::Path)
    }

    fn compile(
        &mut self,
        texts: &[At<String>],
        compile: impl FnOnce(Vec<&str>) -> Result<Patterns, (usize, String)>,
    ) -> Option<Patterns> {
        for text in texts {
            check_pattern(&text.value, text, &mut self.problems);
        }
        compile(texts.iter().map(|text| text.value.as_str()).collect()).ok()
    }

    fn expression(&mut self, text: &At<String>) -> Option<Expression> {
        // The written text has quotes, and may have escapes: the places in it are
        // those in the value only where the value stands there as it is.
        let source = Arc::clone(self.problems.source());
        let written = source.text.get(text.span.clone()).unwrap_or_default();
        let start = written.find(&text.value).map(|at| text.span.start + at);
        let place = |range: &Range<usize>| match start {
            Some(start) => start + range.start..start + range.end,
            None => text.span.clone(),
        };
        match Expression::compile(&text.value) {
            Ok(expression) => {
                for named in expression.named() {
                    let word = At {
                        value: named.word.clone(),
                        span: place(&named.range),
                    };
                    match named.variable {
                        "lane" => self.lane_patterns.push(word),
                        _ => {
                            self.check_can_match(
                                &word,
                                "scanner",
                                &self.vocabulary.scanner_names(),
                            );
                        }
                    }
                }
                Some(expression)
            }
            Err(errors) => {
                for error in errors {
                    let span = place(&error.range);
                    self.problems.add(span, error.title, error.label);
                }
                None
            }
        }
    }
}

fn severities(words: &[At<String>], problems: &mut Problems) -> Option<Severities> {
    let known = Severity::ALL.map(Severity::name);
    let span = words.first()?.span.start..words.last()?.span.end;
    match Severities::parse(words.iter().map(|word| word.value.as_str())) {
        Ok(set) if set.is_empty() => {
            let label = "the scale is from `info` to `critical`";
            problems.add(span, "no severity can ever match this", label);
            None
        }
        Ok(set) => Some(set),
        Err(wrong) => {
            let at = words.iter().find(|word| word.value == wrong);
            let at = at.map_or(span, |word| word.span.clone());
            no_rank(wrong, at, "severity", &known, problems);
            None
        }
    }
}

fn confidences(words: &[At<String>], problems: &mut Problems) -> Option<Confidences> {
    let span = words.first()?.span.start..words.last()?.span.end;
    match Confidences::parse(words.iter().map(|word| word.value.as_str())) {
        Ok(set) if set.is_empty() => {
            let label = "the scale is from `low` to `confirmed`";
            problems.add(span, "no confidence can ever match this", label);
            None
        }
        Ok(set) => Some(set),
        Err(wrong) => {
            let at = words.iter().find(|word| word.value == wrong);
            let at = at.map_or(span, |word| word.span.clone());
            let known = Confidences::WORDS.map(|(word, _)| word);
            let known: Vec<_> = known.into_iter().chain([Confidences::NONE]).collect();
            no_rank(wrong, at, "confidence", &known, problems);
            None
        }
    }
}

/// A text that is neither a word of a scale nor a bound on it. The last of the
/// words is that for what is not on it.
fn no_rank(wrong: &str, at: Range<usize>, what: &str, known: &[&str], problems: &mut Problems) {
    let word = wrong.trim_start_matches(['<', '>', '=']).trim();
    let (title, label) = match known.last() {
        Some(none) if known.contains(&word) => (
            format!("`{wrong}` is no bound"),
            format!("bounds are `>=`, `>`, `<=`, `<` and `=`, and `{none}` has none"),
        ),
        _ => (
            format!("`{wrong}` is no {what} and no bound"),
            suggestion(word, known),
        ),
    };
    problems.add(at, title, label);
}

pub(super) fn cwe(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
        DeValue::String(text) => {
            let digits = text
                .get(..4)
                .filter(|prefix| prefix.eq_ignore_ascii_case("cwe-"))
                .and(text.get(4..));
            digits.unwrap_or(text).parse().ok()
        }
        _ => None,
    }
}
