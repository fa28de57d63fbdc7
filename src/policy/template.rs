//! Texts of the configuration that name what is known of a pipeline:
//! `{{ scanner }}-{{ branch }}`.
//!
//! What a template asks for is checked when it is read; whether the pipeline knows
//! it shows when it is filled. Nothing unknown is ever filled in as a blank.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, UndefinedBehavior};

use super::evidence::Filing;
use super::problem::suggestion;

/// What templates can ask for.
pub const VARIABLES: [&str; 12] = [
    "branch",
    "commit",
    "environment",
    "lane",
    "merge_request",
    "pipeline",
    "project",
    "provider",
    "report",
    "scanner",
    "tag",
    "target_branch",
];

/// Variables whose values are other ones in every pipeline.
const OF_ONE_PIPELINE: [&str; 2] = ["commit", "pipeline"];

/// A text with places to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    variables: BTreeSet<String>,
}

/// What is wrong with a text that should be a template: in a few words, and how to
/// mend it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) title: String,
    pub(super) label: String,
}

impl Mistake {
    pub(super) fn new(title: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            label: label.into(),
        }
    }
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        if text.trim().is_empty() {
            return Err(Mistake::new("the text is empty", "leave the key out"));
        }
        if let Some(variable) = shell_variable(text) {
            let label = format!(
                "`{variable}` is not filled in here: write `{{{{ branch }}}}` or another of the variables"
            );
            return Err(Mistake::new(
                "variables of the environment have no place here",
                label,
            ));
        }
        let environment = environment();
        let compiled = environment.template_from_str(text).map_err(|error| {
            let label = format!("{}; a place is such as `{{{{ branch }}}}`", words(&error));
            Mistake::new("this is no template", label)
        })?;
        let variables: BTreeSet<String> =
            compiled.undeclared_variables(false).into_iter().collect();
        let is_unknown = |name: &&String| !VARIABLES.contains(&name.as_str());
        if let Some(unknown) = variables.iter().find(is_unknown) {
            let title = format!("there is no variable `{unknown}`");
            return Err(Mistake::new(title, suggestion(unknown, &VARIABLES)));
        }
        let template = Self {
            text: text.to_owned(),
            variables,
        };
        // What no pipeline could fill is found before one tries.
        let all = VARIABLES.map(|name| (name, name.to_owned()));
        match template.fill(&all.into_iter().collect()) {
            Ok(_) => Ok(template),
            Err(error) => Err(Mistake::new("this template cannot be filled", error)),
        }
    }

    /// The title of a test where none is configured.
    pub fn test_title() -> Self {
        Self {
            text: Filing::TEST_TITLE.to_owned(),
            variables: ["scanner", "branch"].map(str::to_owned).into(),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks for this variable.
    pub fn asks(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    /// The first variable in it that is another one in every pipeline.
    pub(super) fn of_one_pipeline(&self) -> Option<&'static str> {
        OF_ONE_PIPELINE
            .into_iter()
            .find(|variable| self.asks(variable))
    }

    /// The text with every place filled, without blanks around it.
    ///
    /// # Errors
    ///
    /// When a variable that it needs is not known: which, and what to do.
    pub fn fill(&self, variables: &BTreeMap<&str, String>) -> Result<String, String> {
        let filled = environment().render_str(&self.text, variables);
        filled
            .map(|text| text.trim().to_owned())
            .map_err(|error| {
                let is_missing = |name: &&String| !variables.contains_key(name.as_str());
                let missing = self.variables.iter().find(is_missing);
                match missing {
                    Some(name) => format!(
                        "`{}` needs the {}, and the pipeline's environment does not tell one: name it with `--set {name}=…`, or write `{{{{ {name} or … }}}}`",
                        self.text,
                        name.replace('_', " ")
                    ),
                    None => words(&error),
                }
            })
    }
}

/// A template of a few words is no place for long loops.
fn environment() -> Environment<'static> {
    const FUEL: u64 = 10_000;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment
}

fn words(error: &minijinja::Error) -> String {
    let kind = error.kind().to_string();
    match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind,
    }
}

/// `$NAME` or `${NAME}` in a text, as shells have it.
fn shell_variable(text: &str) -> Option<&str> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '{';
    let starts = text.match_indices('$').map(|(at, _)| at);
    let mut found = starts.filter_map(|at| {
        let rest = text.get(at + 1..)?;
        rest.starts_with(is_start).then_some((at, rest))
    });
    let (at, rest) = found.next()?;
    let end = match rest.strip_prefix('{') {
        Some(named) => named.find('}').map_or(rest.len(), |end| end + 2),
        None => rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len()),
    };
    text.get(at..at + 1 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str, variables: &[(&'static str, &str)]) -> Result<String, String> {
        let variables = variables.iter().copied();
        let variables = variables.map(|(name, value)| (name, value.to_owned()));
        Template::parse(text)
            .map_err(|mistake| format!("{}: {}", mistake.title, mistake.label))?
            .fill(&variables.collect())
    }

    #[test]
    fn places_are_filled_with_what_is_known() {
        let known = [("branch", "main"), ("scanner", "zap")];
        for (text, filled) in [
            ("{{ scanner }}-{{ branch }}", "zap-main"),
            ("{{ tag or branch }}", "main"),
            ("{{ tag | default('none') }}", "none"),
            ("{{ branch | upper }}", "MAIN"),
            (
                "{% if tag %}release{% else %}{{ branch }}{% endif %}",
                "main",
            ),
            (" plain ", "plain"),
        ] {
            assert_eq!(fill(text, &known).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_never_a_blank() {
        for text in [
            "{{ branch }}",
            "a-{{ branch }}",
            "{{ branch | lower }}",
            "{{ 'a' ~ branch }}",
            "{{ branch or tag }}",
            "{{ branch | replace('/', '-') }}",
        ] {
            let error = fill(text, &[("scanner", "zap")]).unwrap_err();
            assert!(error.contains("needs the branch"), "{text}: {error}");
        }
    }

    #[test]
    fn values_are_no_templates() {
        let filled = fill("{{ branch }}", &[("branch", "{{ commit }}<b>")]);
        assert_eq!(filled.as_deref(), Ok("{{ commit }}<b>"));
    }

    #[test]
    fn what_can_never_be_filled_is_refused() {
        for (text, said) in [
            ("{{ brnch }}", "did you mean `branch`?"),
            ("{{ branch", "no template"),
            ("{{ branch | nope }}", "nope"),
            ("{{ branch.name.first }}", "cannot be filled"),
            (
                "{% for i in range(9) %}x{% endfor %}",
                "no variable `range`",
            ),
            ("{% include 'x' %}", "cannot be filled"),
            ("test-$CI_PIPELINE_ID", "`$CI_PIPELINE_ID`"),
            ("test-${BUILD_NUMBER}-x", "`${BUILD_NUMBER}`"),
            ("", "empty"),
        ] {
            let error = fill(text, &[("branch", "main")]).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert_eq!(fill("costs 5$ a day", &[]).as_deref(), Ok("costs 5$ a day"));
    }
}
