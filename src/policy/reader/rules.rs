//! Reading rules, exceptions, and what exceptions may be.

use std::ops::Range;

use super::super::document::{At, Table};
use super::super::selector::{Asked, Question, Selector};
use super::super::{Action, Exception, Never, Particular, Rule};
use super::{BoundsPart, Reader};

impl Reader<'_> {
    pub(super) fn rule(&mut self, mut table: Table<'_>) -> Option<(At<String>, Rule)> {
        let problems = &mut self.problems;
        let id = table.required_text("id", problems);
        let max = table.whole("max", problems).map_or(0, |max| max.value);
        let actions = [("fail", Action::Fail), ("warn", Action::Warn)];
        let action = table
            .word("action", &actions, problems)
            .map_or(Action::Fail, |action| action.value);
        let effective = table.date("effective", problems);
        if let (Some(effective), Action::Warn) = (&effective, action) {
            problems.add(
                effective.span.clone(),
                "`effective` is the day from which a rule can fail, and this one only warns",
                "leave it out, or let the action be `fail`",
            );
        }
        let help = table.text("help", problems).map(|help| help.value);
        let given = table.table("where", "`where`", problems);
        let condition = self.as_written(given.as_ref());
        let selector = given.map(|given| self.selector(given)).unwrap_or_default();
        self.refuse_known(&selector);
        let origin = self.origin(&table);
        table.finish(&mut self.problems);
        let id = id?;
        Some((
            id.clone(),
            Rule {
                id: id.value,
                selector,
                condition,
                max,
                action,
                effective: effective.map(|effective| effective.value),
                help,
                origin,
            },
        ))
    }

    pub(super) fn exceptions(&mut self, table: &mut Table<'_>) -> Vec<Exception> {
        let tables = table.tables("exception", "an exception", &mut self.problems);
        let exceptions: Vec<_> = tables
            .into_iter()
            .filter_map(|table| self.exception(table))
            .collect();
        self.exception_ids = exceptions.iter().map(|(id, _)| id.clone()).collect();
        self.unique(exceptions, "exception")
    }

    fn exception(&mut self, mut table: Table<'_>) -> Option<(At<String>, Exception)> {
        let problems = &mut self.problems;
        let id = table.required_text("id", problems);
        let reason = table.required_text("reason", problems);
        let approved_by = table.text("approved_by", problems);
        let is_nobody = |by: &&At<String>| !by.value.contains(char::is_alphanumeric);
        if let Some(by) = approved_by.as_ref().filter(is_nobody) {
            problems.add(
                by.span.clone(),
                "`approved_by` names nobody",
                "name somebody, or leave it out",
            );
        }
        let ticket = table.text("ticket", problems);
        if let Some(ticket) = ticket
            .as_ref()
            .filter(|ticket| ticket.value.trim().is_empty())
        {
            problems.add(
                ticket.span.clone(),
                "`ticket` is empty",
                "name one, or leave it out",
            );
        }
        let decided = table.date("decided", problems);
        let has_expiry = table.required("expires", problems);
        let expires = table.date("expires", problems).filter(|_| has_expiry);
        if let (Some(decided), Some(expires)) = (&decided, &expires)
            && expires.value < decided.value
        {
            problems.add(
                expires.span.clone(),
                "an exception cannot expire before it was decided",
                format!("decided on {}", decided.value),
            );
        }
        let given = table.table("where", "`where`", problems);
        let span = given.as_ref().map_or_else(|| table.span(), Table::span);
        let mistakes = problems.count();
        let condition = self.as_written(given.as_ref());
        let selector = given.map(|given| self.selector(given)).unwrap_or_default();
        let selector = selector.everywhere();
        self.refuse_circular(&selector, &span);
        // What could not be read says nothing of what was meant.
        if selector.matches_everything() && self.problems.count() == mistakes {
            self.problems.add(
                span,
                "an exception cannot accept everything",
                "say in `where` which findings are meant",
            );
        }
        let origin = self.origin(&table);
        table.finish(&mut self.problems);
        let (id, reason, expires) = (id?, reason?, expires?);
        let exception = Exception {
            id: id.value.clone(),
            selector,
            condition,
            reason: reason.value,
            approved_by: approved_by.map(|by| by.value),
            decided: decided.map(|decided| decided.value),
            expires: expires.value,
            ticket: ticket.map(|ticket| ticket.value),
            origin,
        };
        Some((id, exception))
    }

    fn as_written(&self, selector: Option<&Table<'_>>) -> String {
        selector
            .map(|selector| selector.as_written(&self.problems.source().text))
            .unwrap_or_default()
    }

    /// One more finding must never end a fail: an exception that holds only where
    /// other scanners agree, or for what takes another's place as new, could do
    /// that.
    fn refuse_circular(&mut self, selector: &Selector, span: &Range<usize>) {
        for Asked { question, .. } in selector.asked() {
            let (title, label) = match question {
                Question::SeenBy(_) => (
                    "an exception cannot ask which scanners agree",
                    "leave out `seen_by`, and name the findings",
                ),
                Question::New(true) => (
                    "an exception cannot accept whatever is new",
                    "leave out `new`, and name the findings",
                ),
                _ => continue,
            };
            self.problems.add(span.clone(), title, label);
        }
    }

    /// Nor may it by making something new that was known: a rule, or what no
    /// exception may accept, would not mean that any more.
    fn refuse_known(&mut self, selector: &Selector) {
        for Asked { question, span, .. } in selector.asked() {
            if matches!(question, Question::New(false)) {
                self.problems.add(
                    span.clone(),
                    "what is known cannot be asked for",
                    "ask how old it is: `age = \">0d\"`",
                );
            }
        }
    }

    /// What exceptions may be.
    pub(super) fn bounds(&mut self, table: &mut Table<'_>) -> BoundsPart {
        let Some(mut table) = table.table("exceptions", "`[exceptions]`", &mut self.problems)
        else {
            return BoundsPart::default();
        };
        let problems = &mut self.problems;
        let max_days = table.days("max_days", problems);
        let warn_days = table.days("warn_days", problems);
        let author_may_approve = table.truth("author_may_approve", problems);
        let require = table.texts("require", problems).unwrap_or_default();
        let known = Particular::KEYS.map(|(key, _)| key);
        let require = super::each(require, problems, |word| {
            let mut keys = Particular::KEYS.into_iter();
            let found = keys.find(|(key, _)| *key == word);
            found.map(|(_, particular)| particular).ok_or_else(|| {
                let title = format!("an exception cannot be required to have `{word}`");
                (title, super::suggestion(word, &known))
            })
        });
        let never = table.table_or_tables("never", "`never`", problems);
        let never = never.into_iter().map(|given| {
            let span = given.span();
            let mistakes = self.problems.count();
            let condition = self.as_written(Some(&given));
            let origin = self.origin(&given);
            let selector = self.selector(given);
            self.refuse_known(&selector);
            if selector.matches_everything() && self.problems.count() == mistakes {
                self.problems.add(
                    span,
                    "no exception could accept anything",
                    "say which findings none may accept",
                );
            }
            Never {
                selector,
                condition,
                origin,
            }
        });
        let never = never.collect();
        table.finish(&mut self.problems);
        BoundsPart {
            max_days: max_days.map(|days| days.value),
            require,
            never,
            author_may_approve: author_may_approve.map(|may| may.value),
            warn_days: warn_days.map(|days| days.value),
        }
    }
}
