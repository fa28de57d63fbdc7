//! Reading where the reports are filed: `[evidence]` and `[lane.NAME.evidence]`.

use super::{Reader, each, suggestion};
use crate::finding::Severity;
use crate::policy::document::{At, Table};
use crate::policy::evidence::{Field, Filing, Grouping, Switch, Tagged, address};
use crate::policy::problem::Problems;
use crate::policy::template::{Mistake, Template};

/// Keys under which somebody may keep what must not be kept in a file.
const SECRET_KEYS: [&str; 6] = ["token", "api_key", "apikey", "api_token", "key", "password"];

/// The severities of the server, worst first.
const SEVERITIES: [Severity; 5] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
    Severity::Info,
];

impl Reader<'_> {
    /// Reads the table `evidence` of a policy, or of one of its lanes.
    pub(super) fn filing(&mut self, table: &mut Table<'_>, is_lane: bool) -> Filing {
        let what = match is_lane {
            true => "the `evidence` of a lane",
            false => "`[evidence]`",
        };
        let problems = &mut self.problems;
        let Some(mut table) = table.table("evidence", what, problems) else {
            return Filing::default();
        };
        refuse_secrets(&mut table, problems);
        let mut filing = Filing {
            url: url(&mut table, is_lane, problems),
            ..Filing::default()
        };
        for (key, field) in Field::KEYS {
            if let Some(text) = table.text(key, problems)
                && let Some(template) = template(text, field, problems)
            {
                filing.texts.insert(field, template);
            }
        }
        for (key, switch) in Switch::KEYS {
            if let Some(truth) = table.truth(key, problems) {
                filing.switches.insert(switch, truth.value);
            }
        }
        filing.tags = tags(&mut table, problems);
        filing.apply_tags = table.texts("apply_tags", problems).map(|words| {
            let known = Tagged::WORDS.map(|(word, _)| word);
            each(words, problems, |word| {
                let mut words = Tagged::WORDS.into_iter();
                let found = words.find(|(known, _)| *known == word);
                found.map(|(_, tagged)| tagged).ok_or_else(|| {
                    let title = format!("`apply_tags` cannot name `{word}`");
                    (title, suggestion(word, &known))
                })
            })
        });
        filing.engagement_id = id(&mut table, "engagement_id", problems);
        filing.test_id = id(&mut table, "test_id", problems);
        let severities = SEVERITIES.map(|severity| (severity.name(), severity));
        let severity = table.word("minimum_severity", &severities, problems);
        filing.minimum_severity = severity.map(|severity| severity.value);
        let grouping = table.word("group_by", &Grouping::WORDS, problems);
        filing.group_by = grouping.map(|grouping| grouping.value);
        filing.max_close = max_close(&mut table, problems);
        let count = table.whole("max_close_count", problems);
        filing.max_close_count = count.map(|count| count.value);
        table.finish(problems);
        filing
    }
}

/// Keeps what may give access from being shown with a text that is no TOML, of which
/// nothing else is known.
pub(super) fn hide_secrets(text: &str, problems: &mut Problems) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let values = line.match_indices('=').filter_map(|(at, _)| {
            let before = line.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
            let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let key = before.rsplit(|c| !is_key(c)).next()?;
            SECRET_KEYS.contains(&key).then_some(at + 1)
        });
        let value = values.min().and_then(|at| line.get(at..));
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            let end = start + line.trim_end().len();
            problems.hide(end - value.len()..end);
        }
        start += line.len();
    }
}

/// What gives access has no place in a file, nor in what is said of one.
fn refuse_secrets(table: &mut Table<'_>, problems: &mut Problems) {
    for key in SECRET_KEYS {
        if let Some(span) = table.value_span(key) {
            problems.hide(span.clone());
            problems.add(
                span,
                format!("`{key}` does not belong into a file"),
                "leave it out, make the token void if it was one, and set DEFECTDOJO_TOKEN in the job's environment",
            );
        }
    }
}

fn url(table: &mut Table<'_>, is_lane: bool, problems: &mut Problems) -> Option<String> {
    // A lane asks for it, too, so that it can say where it belongs.
    let url = table.text("url", problems)?;
    let At { value, span } = url;
    if is_lane {
        problems.add(
            span,
            "there is one server for all lanes",
            "move `url` to `[evidence]`",
        );
        return None;
    }
    match address(&value) {
        Ok(()) => Some(value),
        Err(label) => {
            if value.contains('@') {
                problems.hide(span.clone());
            }
            problems.add(span, "`url` is no address of a server", label);
            None
        }
    }
}

fn template(text: At<String>, field: Field, problems: &mut Problems) -> Option<Template> {
    let read = Template::parse(&text.value).and_then(|template| {
        if let (true, Some(variable)) = (field.is_lasting(), template.of_one_pipeline()) {
            let title = format!("`{variable}` is another one in every pipeline");
            let label = "each upload would be a beginning of its own, and nothing would ever be closed: leave it out";
            return Err(Mistake::new(title, label));
        }
        if field == Field::SourceCodeUri && !template.asks("project") {
            let is_address = address(template.text());
            is_address.map_err(|label| Mistake::new("this is no address of a page", label))?;
        }
        Ok(template)
    });
    read.map_err(|mistake| problems.add(text.span, mistake.title, mistake.label))
        .ok()
}

fn tags(table: &mut Table<'_>, problems: &mut Problems) -> Option<Vec<Template>> {
    let tags = table.texts("tags", problems)?;
    let tags = each(tags, problems, |text| {
        let template = Template::parse(text);
        let template = template.map_err(|mistake| (mistake.title, mistake.label))?;
        let is_literal = !text.contains('{');
        if is_literal && text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\''))
        {
            let title = format!("`{text}` cannot be a tag");
            let label = "a tag has no blanks, commas and quotes; several are a list";
            return Err((title, label.to_owned()));
        }
        Ok(template)
    });
    Some(tags)
}

fn id(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Option<u64> {
    let id = table.whole(key, problems)?;
    if id.value == 0 {
        let title = format!("`{key}` is the number that the server gives");
        problems.add(id.span, title, "it counts from 1");
        return None;
    }
    Some(id.value)
}

fn max_close(table: &mut Table<'_>, problems: &mut Problems) -> Option<u8> {
    let share = table.whole("max_close", problems)?;
    let percent = u8::try_from(share.value).ok().filter(|share| *share <= 100);
    if percent.is_none() {
        problems.add(
            share.span,
            "`max_close` is a share in percent",
            "a whole number from 0 to 100",
        );
    }
    percent
}
