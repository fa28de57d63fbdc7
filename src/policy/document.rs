//! Reading a policy's TOML with the place of everything.
//!
//! A [`Table`] is asked for its keys one by one, each with the type it must
//! have; what is of another type, and at the end what nobody asked for, becomes
//! a problem. So all mistakes of a text are found in one go.

use std::ops::Range;

use jiff::SignedDuration;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problems, suggestion};

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

impl<T> At<T> {
    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: f(self.value),
            span: self.span,
        }
    }
}

/// Keys that stand above all tables. In TOML, what is written below a table's
/// header belongs to that table.
const TOP_LEVEL: [&str; 4] = ["schema", "extends", "first_run", "trust_suppressions"];

/// A table whose keys are being read.
pub(super) struct Table<'t> {
    entries: &'t DeTable<'t>,
    span: Range<usize>,
    /// What the table is, for messages: "a rule".
    what: &'static str,
    /// Its dotted key, `rule.where`; empty for a whole text.
    name: String,
    known: Vec<&'static str>,
    /// Keys of which something else was said already.
    refused: Vec<String>,
}

impl<'t> Table<'t> {
    pub(super) fn new(entries: &'t DeTable<'t>, span: Range<usize>, what: &'static str) -> Self {
        Self {
            entries,
            span,
            what,
            name: String::new(),
            known: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The dotted key of what is below it.
    fn name_of(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    /// Where the table begins.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether a key is there, whatever its value is.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where the value of a key stands that has no place in the table.
    pub(super) fn value_span(&mut self, key: &str) -> Option<Range<usize>> {
        let (known, value) = self.entries.get_key_value(key)?;
        self.refused.push(known.get_ref().to_string());
        Some(value.span())
    }

    /// Every key with the place of its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let entries = self.entries.iter();
        entries.map(|(key, value)| (key.get_ref().as_ref(), value.span()))
    }

    /// Every setting in this table and those below it, by its dotted key. Lists of
    /// tables are none, and a selector is one.
    pub(super) fn leaves(&self) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        leaves(self.entries, "", &mut found);
        found
    }

    /// The table's keys and values as they stand in `text`, on one line.
    pub(super) fn as_written(&self, text: &str) -> String {
        let part = |span: Range<usize>| text.get(span).unwrap_or_default();
        let entries = self.entries.iter();
        let entries: Vec<_> = entries
            .map(|(key, value)| format!("{} = {}", part(key.span()), part(value.span())))
            .collect();
        entries
            .join(", ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn text(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<At<String>> {
        self.text_of(key, "a text in quotes", problems)
    }

    /// A text that is `wanted`: "a bound in quotes".
    pub(super) fn text_of(
        &mut self,
        key: &'static str,
        wanted: &str,
        problems: &mut Problems,
    ) -> Option<At<String>> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        or_problem(text, value, key, wanted, problems)
    }

    /// Whether the key is there; a problem if not.
    pub(super) fn required(&mut self, key: &'static str, problems: &mut Problems) -> bool {
        let is_there = self.get(key).is_some();
        if !is_there {
            problems.add(
                self.span(),
                format!("{} needs `{key}`", self.what),
                format!("`{key}` is missing"),
            );
        }
        is_there
    }

    /// A text that must be there and must say something.
    pub(super) fn required_text(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<At<String>> {
        if !self.required(key, problems) {
            return None;
        }
        let text = self.text(key, problems)?;
        if text.value.trim().is_empty() {
            problems.add(text.span, format!("`{key}` is empty"), "say it in words");
            return None;
        }
        Some(text)
    }

    /// A text, or a list of texts, with at least one.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<Vec<At<String>>> {
        self.list(key, "a text in quotes", problems, |value| {
            value.as_str().map(str::to_owned)
        })
    }

    /// A value or a list of values, with at least one; `read` reads one of them.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        problems: &mut Problems,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<Vec<At<T>>> {
        let value = self.get(key)?;
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                problems.add(
                    value.span(),
                    format!("`{key}` is an empty list"),
                    format!("name something: {wanted}"),
                );
                return None;
            }
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let read = |item: &&Spanned<DeValue<'_>>| {
            or_problem(read(item.get_ref()), item, key, wanted, problems)
        };
        Some(items.iter().filter_map(read).collect())
    }

    pub(super) fn whole(&mut self, key: &'static str, problems: &mut Problems) -> Option<At<u64>> {
        let value = self.get(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        or_problem(number, value, key, "a whole number, 0 or more", problems)
    }

    pub(super) fn truth(&mut self, key: &'static str, problems: &mut Problems) -> Option<At<bool>> {
        let value = self.get(key)?;
        or_problem(
            value.get_ref().as_bool(),
            value,
            key,
            "true or false",
            problems,
        )
    }

    /// A number from 0 to `most`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        most: f64,
        problems: &mut Problems,
    ) -> Option<At<f64>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| (0.0..=most).contains(number));
        let wanted = format!("a number from 0 to {most}");
        or_problem(number, value, key, &wanted, problems)
    }

    /// A number of days, with at least one.
    pub(super) fn days(&mut self, key: &'static str, problems: &mut Problems) -> Option<At<u32>> {
        let value = self.get(key)?;
        let days = value
            .get_ref()
            .as_integer()
            .and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|&days| days > 0)
            .map(u32::from);
        let wanted = format!("a number of days from 1 to {}", u16::MAX);
        or_problem(days, value, key, &wanted, problems)
    }

    /// A length of time: `24h`, `7d`, `2w`.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<At<SignedDuration>> {
        let value = self.get(key)?;
        let duration = value.get_ref().as_str().and_then(|text| {
            let (number, hours) = match text.char_indices().next_back()? {
                (at, 'h') => (text.get(..at)?, 1),
                (at, 'd') => (text.get(..at)?, 24),
                (at, 'w') => (text.get(..at)?, 24 * 7),
                _ => return None,
            };
            let number = number.parse::<u16>().ok().filter(|&number| number > 0)?;
            Some(SignedDuration::from_hours(i64::from(number) * hours))
        });
        or_problem(
            duration,
            value,
            key,
            "a time such as \"24h\", \"7d\" or \"2w\"",
            problems,
        )
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<At<T>> {
        let text = self.text(key, problems)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            problems.add(
                text.span.clone(),
                format!("`{key}` cannot be `{}`", text.value),
                suggestion(&text.value, &known),
            );
        }
        found.map(|(_, value)| text.map(|_| *value))
    }

    /// A day: `2026-12-31`, with or without quotes.
    pub(super) fn date(&mut self, key: &'static str, problems: &mut Problems) -> Option<At<Date>> {
        let value = self.get(key)?;
        let text = match value.get_ref() {
            DeValue::Datetime(date) => Some(date.to_string()),
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        // jiff also takes longer forms; a policy says a day and nothing else.
        let date = text
            .filter(|text| text.len() == "2026-12-31".len())
            .and_then(|text| text.parse().ok());
        or_problem(date, value, key, "a day such as 2026-12-31", problems)
    }

    pub(super) fn table(
        &mut self,
        key: &'static str,
        what: &'static str,
        problems: &mut Problems,
    ) -> Option<Table<'t>> {
        let value = self.get(key)?;
        let name = self.name_of(key);
        let header = format!("[{name}]");
        as_table(value, key, (what, name, &header), problems)
    }

    /// The tables of a list: `[[rule]]`.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
        what: &'static str,
        problems: &mut Problems,
    ) -> Vec<Table<'t>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let name = self.name_of(key);
        let header = format!("[[{name}]]");
        let DeValue::Array(items) = value.get_ref() else {
            problems.add(
                value.span(),
                format!("`{key}` is a list of tables"),
                format!("write `{header}` with two brackets"),
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| as_table(item, key, (what, name.clone(), &header), problems))
            .collect()
    }

    /// A table, or the tables of a list.
    pub(super) fn table_or_tables(
        &mut self,
        key: &'static str,
        what: &'static str,
        problems: &mut Problems,
    ) -> Vec<Table<'t>> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.tables(key, what, problems),
            _ => self.table(key, what, problems).into_iter().collect(),
        }
    }

    /// The tables of a table, with their names: `[lane.NAME]`.
    pub(super) fn named_tables(
        &mut self,
        key: &'static str,
        what: &'static str,
        problems: &mut Problems,
    ) -> Vec<(At<String>, Table<'t>)> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Table(entries) = value.get_ref() else {
            problems.add(
                value.span(),
                format!("`{key}` is a table"),
                format!("write `[{key}.NAME]`"),
            );
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|(name, value)| {
                let name = At {
                    value: name.get_ref().to_string(),
                    span: name.span(),
                };
                let below = format!("{key}.{}", name.value);
                let header = format!("[{below}]");
                let table = as_table(value, key, (what, below, &header), problems)?;
                Some((name, table))
            })
            .collect()
    }

    /// Makes a problem of every key that was not asked for.
    pub(super) fn finish(self, problems: &mut Problems) {
        for key in self.entries.keys() {
            let name = key.get_ref();
            let is_refused = self.refused.iter().any(|refused| refused == name);
            if !self.known.contains(&name.as_ref()) && !is_refused {
                let is_below = !self.name.is_empty() && TOP_LEVEL.contains(&name.as_ref());
                let mend = match is_below {
                    true => {
                        format!("`{name}` is a key of the policy: move it above the first `[…]`")
                    }
                    false => suggestion(name, &self.known),
                };
                let message = format!("{} has no key `{name}`", self.what);
                problems.add(key.span(), message, mend);
            }
        }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.get(key)
    }
}

fn leaves(table: &DeTable<'_>, above: &str, found: &mut Vec<(String, Range<usize>)>) {
    for (key, value) in table {
        let name = format!("{above}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(below) if name != "exceptions.never" => {
                leaves(below, &format!("{name}."), found);
            }
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {}
            _ => found.push((name, value.span())),
        }
    }
}

fn as_table<'t>(
    value: &'t Spanned<DeValue<'t>>,
    key: &str,
    (what, name, header): (&'static str, String, &str),
    problems: &mut Problems,
) -> Option<Table<'t>> {
    let Some(entries) = value.get_ref().as_table() else {
        let label = format!("write `{header}`, and its keys below it");
        problems.add(value.span(), format!("`{key}` must be a table"), label);
        return None;
    };
    Some(Table {
        name,
        ..Table::new(entries, value.span(), what)
    })
}

fn or_problem<T>(
    read: Option<T>,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    wanted: &str,
    problems: &mut Problems,
) -> Option<At<T>> {
    if read.is_none() {
        wrong_type(value, key, wanted, problems);
    }
    read.map(|read| At {
        value: read,
        span: value.span(),
    })
}

fn wrong_type(value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, problems: &mut Problems) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let is_number = wanted.starts_with("a number") || wanted.starts_with("a whole number");
    let label = match value.get_ref() {
        DeValue::String(text) if wanted.starts_with("a day") => format!("`{text}` is no day"),
        DeValue::String(text)
            if text.parse::<f64>().is_ok() && is_number
                || text.parse::<bool>().is_ok() && wanted.starts_with("true") =>
        {
            "leave out the quotes".to_owned()
        }
        DeValue::String(text) if wanted.contains('"') => format!("`{text}` is none"),
        DeValue::Integer(number) if is_number => format!("`{number}` is none"),
        DeValue::Float(number) if is_number => format!("`{number}` is none"),
        _ => format!("this is {found}"),
    };
    problems.add(value.span(), format!("`{key}` must be {wanted}"), label);
}
