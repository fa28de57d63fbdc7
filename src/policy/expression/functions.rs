//! The functions that take the place of CEL's own.
//!
//! CEL's are an error on `null`, and its `matches` compiles the pattern anew for
//! every finding.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use cel::common::functions::Function;
use cel::common::traits::Sizer;
use cel::common::types::{CelBool, CelInt, CelNull, CelString, DYN_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{Context, DeclarationError, Env, ExecutionError, FunctionContext};
use regex::Regex;

use super::super::selector::Patterns;

/// What CEL calls a function, what ours is called in a checked tree, and ours.
pub(super) const FUNCTIONS: [(&str, &str, Function); 7] = [
    ("_<_", "@less", |args| compare(&args, Ordering::is_lt)),
    ("_<=_", "@less_or_equal", |args| {
        compare(&args, Ordering::is_le)
    }),
    ("_>_", "@greater", |args| compare(&args, Ordering::is_gt)),
    ("_>=_", "@greater_or_equal", |args| {
        compare(&args, Ordering::is_ge)
    }),
    ("startsWith", "@starts_with", |args| {
        both(&args, |text, part| text.starts_with(part))
    }),
    ("endsWith", "@ends_with", |args| {
        both(&args, |text, part| text.ends_with(part))
    }),
    ("contains", "@contains", |args| {
        both(&args, |text, part| text.contains(part))
    }),
];

/// The functions that take no pattern, the same for all expressions.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::default();
    for (_, name, function) in FUNCTIONS {
        environment
            .add_overload(name, name, vec![DYN_TYPE, DYN_TYPE], function)
            .expect("the names differ");
    }
    environment
        .add_overload("size", "size", vec![DYN_TYPE], |args| size(&args))
        .expect("the name differs from the others");
    Arc::new(environment)
});

/// `re` and `glob` over the patterns of one expression, which it names by number.
pub(super) fn functions(
    regexes: Vec<Regex>,
    globs: Vec<Patterns>,
) -> Result<Context<'static, 'static>, DeclarationError> {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    context.add_function("re", move |call: &FunctionContext| {
        on_text(call, &regexes, Regex::is_match)
    })?;
    context.add_function("glob", move |call: &FunctionContext| {
        on_text(call, &globs, |glob, text| glob.match_any([text]))
    })?;
    Ok(context)
}

fn on_text<P>(
    call: &FunctionContext<'_, '_>,
    patterns: &[P],
    matches: impl Fn(&P, &str) -> bool,
) -> Result<bool, ExecutionError> {
    let [text, number] = call.args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, call.args.len()));
    };
    let pattern = number
        .downcast_ref::<CelInt>()
        .and_then(|number| usize::try_from(*number.inner()).ok())
        .and_then(|number| patterns.get(number))
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    match text.downcast_ref::<CelString<'_>>() {
        Some(text) => Ok(matches(pattern, text.inner())),
        None if is_null(text.as_ref()) => Ok(false),
        None => Err(not_comparable(call.name, &[text])),
    }
}

fn is_null(value: &dyn Val) -> bool {
    value.downcast_ref::<CelNull>().is_some()
}

fn not_comparable(function: &str, args: &[&CowVal<'_, '_>]) -> ExecutionError {
    let types = args.iter().map(|arg| arg.get_type().name().to_owned());
    ExecutionError::no_such_overload(function, types.collect())
}

type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn compare<'b, 'v>(args: &[CowVal<'b, 'v>], holds: fn(Ordering) -> bool) -> Outcome<'b, 'v> {
    let [one, other] = args else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let truth = if is_null(one.as_ref()) || is_null(other.as_ref()) {
        false
    } else {
        let comparer = one
            .as_comparer()
            .ok_or_else(|| not_comparable("<", &[one, other]))?;
        holds(comparer.compare(other.as_ref())?)
    };
    Ok(CowVal::owned(CelBool::from(truth)))
}

fn both<'b, 'v>(args: &[CowVal<'b, 'v>], holds: fn(&str, &str) -> bool) -> Outcome<'b, 'v> {
    let [one, other] = args else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let texts = (
        one.downcast_ref::<CelString<'_>>(),
        other.downcast_ref::<CelString<'_>>(),
    );
    let truth = match texts {
        (Some(text), Some(part)) => holds(text.inner(), part.inner()),
        _ if is_null(one.as_ref()) || is_null(other.as_ref()) => false,
        _ => return Err(not_comparable("text", &[one, other])),
    };
    Ok(CowVal::owned(CelBool::from(truth)))
}

fn size<'b, 'v>(args: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    let [of] = args else {
        return Err(ExecutionError::invalid_argument_count(1, args.len()));
    };
    if is_null(of.as_ref()) {
        return Ok(CowVal::owned(CelNull));
    }
    let sizer: &dyn Sizer = of.as_sizer().ok_or_else(|| not_comparable("size", &[of]))?;
    Ok(CowVal::owned(sizer.size()))
}
