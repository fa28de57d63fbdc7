//! Checking an expression before it is let near a finding.
//!
//! One walk finds the type of every part, whether it would be reached or not,
//! and puts our functions in the place of CEL's where those are an error on
//! `null`.

use std::ops::Range;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators,
};
use regex::{Regex, RegexBuilder};

use super::super::problem::{nearest, suggestion};
use super::super::selector::{Needs, Patterns, Turns};
use super::functions::FUNCTIONS;
use super::values::{Type, names, type_of, words};
use super::{ExpressionError, Named};

/// The functions that an expression may call, and how.
const CALLS: [(&str, &str); 11] = [
    ("re", "re(path, 'pattern')"),
    ("glob", "glob(path, 'pattern')"),
    ("size", "size(title)"),
    ("startsWith", "path.startsWith('text')"),
    ("endsWith", "path.endsWith('text')"),
    ("contains", "title.contains('text')"),
    ("exists", "references.exists(r, r.contains('text'))"),
    ("exists_one", "references.exists_one(r, r.contains('text'))"),
    ("all", "references.all(r, r.contains('text'))"),
    ("filter", "references.filter(r, r.contains('text'))"),
    ("map", "references.map(r, size(r))"),
];

/// How deep an expression may be. The parser's own limit is not for all of it.
const MAX_DEPTH: usize = 64;

/// What was found in an expression on the way.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) regexes: Vec<Regex>,
    pub(super) globs: Vec<Patterns>,
    pub(super) named: Vec<Named>,
    pub(super) needs: Needs,
    pub(super) turns: Turns,
    /// The names of the finding that it uses, each once.
    pub(super) uses: Vec<&'static str>,
}

impl Checked {
    fn note_use(&mut self, name: &str) {
        if !self.uses.contains(&name) {
            self.uses
                .extend(names().into_iter().find(|known| *known == name));
        }
    }
}

pub(super) struct Checker<'a> {
    text: &'a str,
    places: &'a SourceInfo,
    /// The names that comprehensions give, innermost last.
    given: Vec<(String, Type)>,
    depth: usize,
    asks_something: bool,
    /// How often an age is asked for other than by comparing it with a number.
    loose_ages: usize,
    found: Checked,
    errors: Vec<ExpressionError>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, places: &'a SourceInfo) -> Self {
        Self {
            text,
            places,
            given: Vec::new(),
            depth: 0,
            asks_something: false,
            loose_ages: 0,
            found: Checked::default(),
            errors: Vec::new(),
        }
    }

    pub(super) fn run(mut self, tree: &mut IdedExpr) -> Result<Checked, Vec<ExpressionError>> {
        let result = self.check(tree);
        if !matches!(result, Type::Bool | Type::Any) {
            let label = format!("this is {}", result.name());
            self.whole("the expression must be true or false", label);
        }
        if self.errors.is_empty() && !self.asks_something {
            self.whole(
                "the expression asks nothing of the finding",
                "it is the same for all; ask for a field, such as `severity`".to_owned(),
            );
        }
        self.found.turns.any = self.loose_ages > 0;
        if self.errors.is_empty() {
            Ok(self.found)
        } else {
            Err(self.errors)
        }
    }

    fn whole(&mut self, title: &str, label: String) {
        self.errors.push(ExpressionError {
            title: title.to_owned(),
            label,
            range: 0..self.text.len(),
        });
    }

    /// Notes a mistake; what is wrong goes with everything, so as to be one
    /// mistake only.
    fn wrong(&mut self, at: u64, title: impl Into<String>, label: impl Into<String>) -> Type {
        let range = self.range(at);
        self.errors.push(ExpressionError {
            title: title.into(),
            label: label.into(),
            range,
        });
        Type::Any
    }

    /// The bytes of a part; the parser names the first and the last of them.
    fn range(&self, id: u64) -> Range<usize> {
        let boundary = |byte: u32| {
            let byte = usize::try_from(byte).unwrap_or(usize::MAX);
            (byte..self.text.len())
                .find(|&byte| self.text.is_char_boundary(byte))
                .unwrap_or(self.text.len())
        };
        match self.places.offset_for(id) {
            Some((first, last)) => boundary(first)..boundary(last.saturating_add(1)),
            None => 0..self.text.len(),
        }
    }

    fn check(&mut self, part: &mut IdedExpr) -> Type {
        if self.depth == MAX_DEPTH {
            return self.wrong(
                part.id,
                "the expression is nested too deep",
                "make it several rules, or a list",
            );
        }
        self.depth += 1;
        let found = match &mut part.expr {
            Expr::Ident(name) => {
                let name = name.clone();
                self.name(part.id, &name)
            }
            Expr::Literal(literal) => self.literal(part.id, &literal.clone()),
            Expr::List(list) => self.list(&mut list.elements),
            Expr::Call(call) => self.call(part.id, call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Select(select) => {
                let field = select.field.clone();
                let label = match nearest(&field, names()) {
                    Some(known) => format!("write `{known}` alone"),
                    None => "the names of the finding stand alone".to_owned(),
                };
                self.wrong(part.id, format!("there is no field `{field}`"), label)
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => self.wrong(
                part.id,
                "there are no maps here",
                "use a list or several rules",
            ),
        };
        self.depth -= 1;
        found
    }

    fn name(&mut self, at: u64, name: &str) -> Type {
        if let Some((_, given)) = self.given.iter().rev().find(|(known, _)| known == name) {
            return given.clone();
        }
        if let Some(known) = type_of(name) {
            self.asks_something = true;
            self.found.note_use(name);
            match name {
                "age" => {
                    self.found.needs.baseline = true;
                    self.loose_ages += 1;
                }
                "overdue" => {
                    self.found.turns.overdue = true;
                    self.found.needs.baseline = true;
                    self.found.needs.sla = true;
                }
                "kev" => self.found.needs.kev = true,
                "epss" => self.found.needs.epss = true,
                "description" | "references" => self.found.needs.details = true,
                _ => {}
            }
            return known;
        }
        let given = self.given.iter().map(|(name, _)| name.as_str());
        let known: Vec<&str> = given
            .filter(|name| !name.starts_with('@'))
            .chain(names())
            .collect();
        let label = match name {
            "new" => "it is a key of its own: write `new = true` beside `when`".to_owned(),
            name => suggestion(name, &known),
        };
        self.wrong(at, format!("there is no `{name}`"), label)
    }

    fn literal(&mut self, at: u64, literal: &LiteralValue) -> Type {
        match literal {
            LiteralValue::Boolean(_) => Type::Bool,
            LiteralValue::Int(_) => Type::Int,
            LiteralValue::Double(_) => Type::Double,
            LiteralValue::String(_) => Type::Text,
            LiteralValue::Null => Type::Null,
            LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                self.wrong(at, "no finding has this", "write it without the letter")
            }
        }
    }

    fn list(&mut self, elements: &mut [IdedExpr]) -> Type {
        let mut of = Type::Any;
        for element in elements {
            let id = element.id;
            let found = self.check(element);
            if !of.goes_with(&found) {
                let title = format!("a list cannot have {} and {}", of.name(), found.name());
                self.wrong(id, title, "none of them is the other");
            } else if matches!(of, Type::Any | Type::Null) {
                of = found;
            }
        }
        Type::list(of)
    }

    fn comprehension(&mut self, part: &mut ComprehensionExpr) -> Type {
        let id = part.iter_range.id;
        let of = match self.check(&mut part.iter_range) {
            Type::List(of) => *of,
            Type::Any => Type::Any,
            other => {
                let label = format!("this is {}", other.name());
                self.wrong(id, "only a list has several", label)
            }
        };
        let sum = self.check(&mut part.accu_init);
        let before = self.given.len();
        self.given.push((part.accu_var.clone(), sum));
        self.given.push((part.iter_var.clone(), of));
        self.check(&mut part.loop_cond);
        let sum = self.check(&mut part.loop_step);
        self.given.truncate(before);
        self.given.push((part.accu_var.clone(), sum));
        let result = self.check(&mut part.result);
        self.given.truncate(before);
        result
    }

    fn call(&mut self, at: u64, call: &mut CallExpr) -> Type {
        let name = call.func_name.clone();
        let is_method = call.target.is_some();
        // A method is a function whose first argument stands before it.
        if let Some(target) = call.target.take() {
            call.args.insert(0, *target);
        }
        if matches!(name.as_str(), "re" | "glob") {
            return self.pattern(at, &name, is_method, call);
        }
        // Called as they should be, the parser makes comprehensions of these.
        if matches!(
            name.as_str(),
            "exists" | "exists_one" | "all" | "filter" | "map"
        ) {
            return self.no_such_call(at, &name, &[]);
        }
        let types: Vec<Type> = call.args.iter_mut().map(|part| self.check(part)).collect();
        self.bounded_age(&name, &call.args);
        let result = match (name.as_str(), types.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [_, _])
            | (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [_]) => {
                self.truths(call, &types)
            }
            (operators::CONDITIONAL, [condition, one, other]) => {
                self.truths(call, std::slice::from_ref(condition));
                self.alike(at, one, other)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [one, other]) => {
                self.equal(at, call, one, other)
            }
            (operators::IN, [one, many]) => self.within(at, call, one, many),
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [one, other],
            ) => {
                if one.is_number() && other.is_number() {
                    Type::Bool
                } else {
                    let (title, label) = not_ordered(call, one, other);
                    self.wrong(at, title, label)
                }
            }
            (operators::ADD, [Type::List(one), Type::List(other)]) => {
                Type::list(self.alike(at, one, other))
            }
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO,
                [one, other],
            ) => {
                if one.is_number() && other.is_number() && one.goes_with(other) {
                    self.calculated(at, one, other)
                } else {
                    let title = format!(
                        "there is no calculating with {} and {}",
                        one.name(),
                        other.name()
                    );
                    self.wrong(at, title, "numbers only")
                }
            }
            (operators::NEGATE, [one]) if one.is_number() => one.clone(),
            (operators::INDEX, [Type::List(of), Type::Int | Type::Any]) => (**of).clone(),
            ("startsWith" | "endsWith" | "contains", [text, part])
                if is_method && text.is_text() && part.is_text() =>
            {
                Type::Bool
            }
            ("size", [Type::Text | Type::List(_) | Type::Any]) => Type::Int,
            _ => self.no_such_call(at, &name, &types),
        };
        if let Some((_, ours, _)) = FUNCTIONS.iter().find(|(theirs, ..)| *theirs == name) {
            (*ours).clone_into(&mut call.func_name);
        }
        result
    }

    /// An age that is compared with a number turns the answer there and nowhere
    /// else.
    fn bounded_age(&mut self, function: &str, parts: &[IdedExpr]) {
        let is_compared = matches!(
            function,
            operators::EQUALS
                | operators::NOT_EQUALS
                | operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS
        );
        let parts = match parts {
            [one, other] if is_compared => [&one.expr, &other.expr],
            _ => return,
        };
        if let [Expr::Ident(name), Expr::Literal(LiteralValue::Int(number))]
        | [Expr::Literal(LiteralValue::Int(number)), Expr::Ident(name)] = parts
            && name == "age"
            && !self.given.iter().any(|(given, _)| given == name)
        {
            self.loose_ages = self.loose_ages.saturating_sub(1);
            let ages = Turns::around(*number.inner()).collect();
            self.found.turns.join(Turns {
                ages,
                ..Turns::default()
            });
        }
    }

    /// `re` and `glob`: the pattern is compiled here, and named by its number.
    fn pattern(&mut self, at: u64, name: &str, is_method: bool, call: &mut CallExpr) -> Type {
        let how = format!("write `{name}(path, 'pattern')`");
        let [text, pattern] = call.args.as_mut_slice() else {
            return self.wrong(at, format!("`{name}` takes a text and a pattern"), how);
        };
        let given = self.check(text);
        if is_method || !given.is_text() {
            return self.wrong(at, format!("`{name}` takes a text and a pattern"), how);
        }
        let Expr::Literal(LiteralValue::String(literal)) = &pattern.expr else {
            let title = format!("the pattern of `{name}` must be written out");
            return self.wrong(pattern.id, title, how);
        };
        let compiled = match name {
            // A name may have a line end in it, which `.` must not stop at.
            "re" => RegexBuilder::new(literal.inner())
                .dot_matches_new_line(true)
                .build()
                .map(|regex| {
                    self.found.regexes.push(regex);
                    self.found.regexes.len()
                })
                .map_err(|error| last_line(&error.to_string())),
            // As in `path`, and as all else in an expression: case matters.
            _ => Patterns::of_paths([literal.inner()])
                .map(|glob| {
                    self.found.globs.push(glob);
                    self.found.globs.len()
                })
                .map_err(|(_, error)| error),
        };
        match compiled {
            Ok(count) => {
                let number = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1);
                pattern.expr = Expr::Literal(LiteralValue::Int(number.into()));
                Type::Bool
            }
            Err(error) => {
                let title = format!("`{}` is no pattern", literal.inner());
                self.wrong(pattern.id, title, error)
            }
        }
    }

    fn truths(&mut self, call: &CallExpr, types: &[Type]) -> Type {
        for (part, found) in call.args.iter().zip(types) {
            if !matches!(found, Type::Bool | Type::Any) {
                let title = format!("this is {}, not true or false", found.name());
                self.wrong(part.id, title, "compare it with something");
            }
        }
        Type::Bool
    }

    /// The type of one of two that must have the same.
    fn alike(&mut self, at: u64, one: &Type, other: &Type) -> Type {
        match (one, other) {
            (Type::Any | Type::Null, known) | (known, Type::Any | Type::Null) => known.clone(),
            (one, other) if one == other || one.goes_with(other) => one.clone(),
            _ => {
                let title = format!("this is {} or {}", one.name(), other.name());
                self.wrong(at, title, "make it the same in both cases")
            }
        }
    }

    /// CEL calculates with whole numbers or with others, never with both.
    fn calculated(&mut self, at: u64, one: &Type, other: &Type) -> Type {
        match (one, other) {
            (Type::Any, known) | (known, Type::Any) => known.clone(),
            (one, other) if one == other => one.clone(),
            _ => self.wrong(
                at,
                "there is no calculating with whole and other numbers together",
                "write `1.0` for `1`",
            ),
        }
    }

    fn equal(&mut self, at: u64, call: &CallExpr, one: &Type, other: &Type) -> Type {
        if !one.goes_with(other) {
            let label = match (one, other) {
                (Type::List(_), _) | (_, Type::List(_)) => "write `79 in cwe`".to_owned(),
                _ => format!("{} and {}", one.name(), other.name()),
            };
            return self.wrong(at, "these can never be equal", label);
        }
        if let [one, other] = call.args.as_slice() {
            self.check_word(one, other);
            self.check_word(other, one);
        }
        Type::Bool
    }

    fn within(&mut self, at: u64, call: &CallExpr, one: &Type, many: &Type) -> Type {
        let Type::List(of) = many else {
            let label = match many {
                Type::Text => "for a part of a text write `title.contains('part')`".to_owned(),
                other => format!("this is {}", other.name()),
            };
            return match many {
                Type::Any => Type::Bool,
                _ => self.wrong(at, "only a list has something in it", label),
            };
        };
        if !one.goes_with(of) {
            let title = format!("{} is never in a list that has {}", one.name(), of.name());
            let label = match **of {
                Type::Int => "write `79 in cwe`",
                _ => "it can never be true",
            };
            return self.wrong(at, title, label);
        }
        if let [name, many] = call.args.as_slice()
            && let Expr::List(list) = &many.expr
        {
            for word in &list.elements {
                self.check_word(name, word);
            }
        }
        Type::Bool
    }

    /// Whether what is named can ever be this word.
    fn check_word(&mut self, name: &IdedExpr, word: &IdedExpr) {
        let (Expr::Ident(name), Expr::Literal(LiteralValue::String(text))) =
            (&name.expr, &word.expr)
        else {
            return;
        };
        if self.given.iter().any(|(given, _)| given == name) {
            return;
        }
        let text = text.inner();
        if let Some(known) = words(name)
            && !known.contains(&text)
        {
            let label = suggestion(text, &known);
            self.wrong(word.id, format!("no `{name}` is ever `{text}`"), label);
        }
        for variable in ["lane", "scanner"] {
            if variable == name {
                let range = self.range(word.id);
                self.found.named.push(Named {
                    variable,
                    word: text.to_owned(),
                    range,
                });
            }
        }
    }

    fn no_such_call(&mut self, at: u64, name: &str, types: &[Type]) -> Type {
        if types.contains(&Type::Any) && CALLS.iter().any(|(known, _)| *known == name) {
            return Type::Any;
        }
        let known: Vec<&str> = CALLS.iter().map(|(known, _)| *known).collect();
        if name == "matches" {
            return self.wrong(
                at,
                "there is no function `matches`",
                "write `re(path, 'pattern')`",
            );
        }
        if let Some((_, how)) = CALLS.iter().find(|(known, _)| *known == name) {
            let title = format!("`{name}` is not called like this");
            return self.wrong(at, title, format!("write `{how}`"));
        }
        // An operator has no letters.
        if !name.chars().any(char::is_alphabetic) {
            let names: Vec<_> = types.iter().map(Type::name).collect();
            return self.wrong(
                at,
                "this cannot be done",
                format!("with {}", names.join(", ")),
            );
        }
        let label = suggestion(name, &known);
        self.wrong(at, format!("there is no function `{name}`"), label)
    }
}

fn not_ordered(call: &CallExpr, one: &Type, other: &Type) -> (&'static str, String) {
    let is = |name: &str| {
        call.args
            .iter()
            .any(|part| matches!(&part.expr, Expr::Ident(known) if known == name))
    };
    let title = "only numbers are less or greater";
    if is("severity") {
        return (
            title,
            "write `severity_rank >= 3` for high and worse".to_owned(),
        );
    }
    if is("version") {
        return (
            title,
            "versions of packages have no common order".to_owned(),
        );
    }
    (title, format!("{} and {}", one.name(), other.name()))
}

/// What is wrong, without the pattern that it is drawn under.
fn last_line(error: &str) -> String {
    let line = error.lines().last().unwrap_or(error);
    line.trim_start_matches("error: ").to_owned()
}
