//! Shell patterns.

use globset::{GlobBuilder, GlobMatcher};
use memchr::memmem::Finder;

/// Shell patterns (`*`, `?`, `[a-z]`, `{a,b}`; `**` also crosses `/`), any of
/// which may match. Case does not matter but in paths: scanners spell as they like.
#[derive(Debug, Clone)]
pub struct Patterns(Vec<Pattern>);

#[derive(Debug, Clone)]
enum Pattern {
    /// Without a wildcard: most are, and comparing is faster than matching.
    Literal {
        text: String,
        is_case_insensitive: bool,
    },
    Glob {
        needed: Needed,
        glob: GlobMatcher,
    },
}

/// What a text must have for a glob to match it. Looking for that is much faster
/// than matching; most texts are without, and often there is no more to ask.
#[derive(Debug, Clone)]
struct Needed {
    start: String,
    within: Within,
    end: String,
    is_case_insensitive: bool,
    beyond: Beyond,
}

/// What is asked of a text that has what is needed.
#[derive(Debug, Clone, Copy)]
enum Beyond {
    Nothing,
    /// That there is no `/` after the start.
    OneName,
    /// All that the glob says.
    Glob,
}

#[derive(Debug, Clone)]
enum Within {
    Exactly(Box<Finder<'static>>),
    /// In lower case.
    InAnyCase(String),
}

/// What is to be told apart when patterns are compiled.
#[derive(Debug, Clone, Copy)]
struct Kind {
    is_case_insensitive: bool,
    /// Whether `*` stops at `/`.
    has_separators: bool,
}

impl Patterns {
    /// Compiles patterns.
    ///
    /// # Errors
    ///
    /// The index of the first that is none, and why.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        let kind = Kind {
            is_case_insensitive: true,
            has_separators: true,
        };
        Self::compile(patterns, kind)
    }

    /// Compiles patterns of paths, whose case matters.
    ///
    /// # Errors
    ///
    /// The index of the first that is none, and why.
    pub fn of_paths<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (usize, String)> {
        let kind = Kind {
            is_case_insensitive: false,
            has_separators: true,
        };
        Self::compile(patterns, kind)
    }

    /// Compiles patterns of sentences, in which `/` is a letter like any other.
    ///
    /// # Errors
    ///
    /// The index of the first that is none, and why.
    pub fn of_sentences<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (usize, String)> {
        let kind = Kind {
            is_case_insensitive: true,
            has_separators: false,
        };
        Self::compile(patterns, kind)
    }

    /// A pattern that matches this text and no other.
    pub fn escape(text: &str) -> String {
        // As `globset` has it, but for the backslash: that escapes on some systems.
        globset::escape(text).replace('\\', "[\\]")
    }

    fn compile<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
        kind: Kind,
    ) -> Result<Self, (usize, String)> {
        let compile = |(index, pattern): (usize, &str)| {
            if !pattern.contains(WILD) && pattern.is_ascii() {
                return Ok(Pattern::Literal {
                    text: pattern.to_owned(),
                    is_case_insensitive: kind.is_case_insensitive,
                });
            }
            GlobBuilder::new(pattern)
                .literal_separator(kind.has_separators)
                .case_insensitive(kind.is_case_insensitive)
                .build()
                .map(|glob| Pattern::Glob {
                    needed: Needed::of(pattern, kind),
                    glob: glob.compile_matcher(),
                })
                .map_err(|error| (index, error.kind().to_string()))
        };
        let compiled: Result<_, _> = patterns.into_iter().enumerate().map(compile).collect();
        compiled.map(Self)
    }

    /// Whether any pattern matches any of the texts.
    pub fn match_any<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        texts
            .into_iter()
            .any(|text| self.0.iter().any(|pattern| pattern.matches(text)))
    }

    /// Whether one of them is as good as nothing but wildcards.
    pub(super) fn match_everything(&self) -> bool {
        /// What has nothing in common but that scanners write such things.
        const SAMPLES: [&str; 5] = ["q", "B1", "CVE-2026-1", "a-b_c.d", "long-title-of-three"];
        self.0.iter().any(|pattern| match pattern {
            Pattern::Literal { .. } => false,
            Pattern::Glob { .. } => SAMPLES.iter().all(|sample| pattern.matches(sample)),
        })
    }

    /// Whether these surely match all that the others match: texts that these
    /// match, the same patterns, and folders below `**`.
    pub fn include(&self, others: &Self) -> bool {
        let includes = |other: &Pattern| match other {
            Pattern::Literal { text, .. } => self.match_any([text.as_str()]),
            Pattern::Glob { glob, .. } => self.0.iter().any(|pattern| match pattern {
                Pattern::Literal { .. } => false,
                Pattern::Glob { glob: wide, .. } => {
                    is_below(wide.glob().glob(), glob.glob().glob())
                }
            }),
        };
        others.0.iter().all(includes)
    }

    /// The texts that these patterns match, where they are without wildcards.
    pub fn literals(&self) -> Option<impl Iterator<Item = &str>> {
        let literal = |pattern: &Pattern| matches!(pattern, Pattern::Literal { .. });
        self.0.iter().all(literal).then(|| {
            self.0.iter().filter_map(|pattern| match pattern {
                Pattern::Literal { text, .. } => Some(text.as_str()),
                Pattern::Glob { .. } => None,
            })
        })
    }
}

/// What is special in patterns.
const WILD: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// Whether a pattern is the other, or one of what is below it: `src/api/*` is
/// below `src/**`.
fn is_below(wide: &str, narrow: &str) -> bool {
    wide == narrow
        || wide == "**"
        || wide.strip_suffix("**").is_some_and(|folder| {
            let start = narrow.split(WILD).next().unwrap_or_default();
            folder.ends_with('/') && !folder.contains(WILD) && start.starts_with(folder)
        })
}

impl Needed {
    fn of(pattern: &str, kind: Kind) -> Self {
        let start = pattern.split(WILD).next().unwrap_or_default();
        let rest = pattern.strip_prefix(start).unwrap_or_default();
        // What stands in classes and alternatives is not needed.
        let has_stars_only = !rest.replace('*', "").contains(WILD);
        let mut pieces: Vec<&str> = match has_stars_only {
            // `**/` stands for nothing, too, and then without its `/`.
            true => rest
                .split('*')
                .map(|piece| piece.trim_start_matches('/'))
                .collect(),
            false => Vec::new(),
        };
        let end = pieces.pop().unwrap_or_default();
        let within = pieces.into_iter().max_by_key(|piece| piece.len());
        let within = within.unwrap_or_default();
        Self {
            start: start.to_owned(),
            within: match kind.is_case_insensitive {
                true => Within::InAnyCase(within.to_ascii_lowercase()),
                false => Within::Exactly(Finder::new(within).into_owned().into()),
            },
            end: end.to_owned(),
            is_case_insensitive: kind.is_case_insensitive,
            beyond: match rest {
                "*" if kind.has_separators => Beyond::OneName,
                "*" => Beyond::Nothing,
                "**" if start.ends_with('/') => Beyond::Nothing,
                _ => Beyond::Glob,
            },
        }
    }

    /// Whether the glob matches, where that can be said without it.
    fn decides(&self, text: &str) -> Option<bool> {
        // There, globs take it for `/`.
        if cfg!(windows) && text.contains('\\') {
            return None;
        }
        match self.beyond {
            _ if !self.is_in(text) => Some(false),
            Beyond::Nothing => Some(true),
            Beyond::OneName => Some(!text.bytes().skip(self.start.len()).any(|byte| byte == b'/')),
            Beyond::Glob => None,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let (text, start, end) = (text.as_bytes(), self.start.as_bytes(), self.end.as_bytes());
        let is = |one: Option<&[u8]>, other: &[u8]| match self.is_case_insensitive {
            true => one.is_some_and(|one| one.eq_ignore_ascii_case(other)),
            false => one == Some(other),
        };
        is(text.get(..start.len()), start)
            && is(
                text.len()
                    .checked_sub(end.len())
                    .and_then(|at| text.get(at..)),
                end,
            )
            && self.within.is_in(text)
    }
}

impl Within {
    fn is_in(&self, text: &[u8]) -> bool {
        match self {
            Self::Exactly(piece) => piece.find(text).is_some(),
            Self::InAnyCase(piece) => {
                let Some(&first) = piece.as_bytes().first() else {
                    return true;
                };
                let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
                let mut pieces = starts.filter_map(|at| text.get(at..at + piece.len()));
                pieces.any(|found| found.eq_ignore_ascii_case(piece.as_bytes()))
            }
        }
    }
}

impl Pattern {
    fn matches(&self, other: &str) -> bool {
        match self {
            Self::Literal {
                text,
                is_case_insensitive: true,
            } => text.eq_ignore_ascii_case(other),
            Self::Literal { text, .. } => text == other,
            Self::Glob { needed, glob } => {
                let decided = needed.decides(other);
                decided.unwrap_or_else(|| glob.is_match(other))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stops_at_a_slash_but_in_sentences() {
        let texts = ["src/a.py"];
        assert!(!Patterns::new(["src*py"]).unwrap().match_any(texts));
        assert!(Patterns::new(["src/*.py"]).unwrap().match_any(texts));
        assert!(Patterns::of_sentences(["src*py"]).unwrap().match_any(texts));
    }

    #[test]
    fn case_matters_in_paths_only_with_and_without_wildcards() {
        for pattern in ["SRC/a.py", "SRC/*.py"] {
            assert!(Patterns::new([pattern]).unwrap().match_any(["src/a.py"]));
            assert!(
                !Patterns::of_paths([pattern])
                    .unwrap()
                    .match_any(["src/a.py"])
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_decided_without_a_glob_is_what_it_says(
            pattern in "([ab/]|\\*|\\*\\*/|/\\*\\*|[AÄ?.]|\\[ab\\]|\\{a,b/\\}){0,8}",
            text in "[abAÄä/.]{0,8}",
            is_case_insensitive: bool,
            has_separators: bool,
        ) {
            let kind = Kind { is_case_insensitive, has_separators };
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(has_separators)
                .case_insensitive(is_case_insensitive)
                .build()
                .unwrap();
            let matches = glob.compile_matcher().is_match(&text);
            let decided = Needed::of(&pattern, kind).decides(&text);
            proptest::prop_assert_eq!(decided.unwrap_or(matches), matches);
        }
    }

    #[test]
    fn an_escaped_text_matches_itself_and_nothing_else() {
        for text in ["app/[slug]/{a}.tsx", "a\\b*c?", "é[", "plain.txt", "!a"] {
            let pattern = Patterns::escape(text);
            let patterns = Patterns::of_paths([pattern.as_str()]).unwrap();
            assert!(patterns.match_any([text]), "{pattern}");
            assert!(!patterns.match_any(["app/s/a.tsx", "ab", "a\\bcc?", "a"]));
        }
    }

    #[test]
    fn what_has_no_wildcards_is_known_by_its_texts() {
        let patterns = Patterns::new(["a", "b/c"]).unwrap();
        let literals: Vec<_> = patterns.literals().unwrap().collect();
        assert_eq!(literals, ["a", "b/c"]);
        assert!(Patterns::new(["a", "b*"]).unwrap().literals().is_none());
        assert!(Patterns::new(["[a"]).is_err());
    }

    #[test]
    fn patterns_include_what_they_surely_match() {
        for (wide, narrow, expected) in [
            (&["a"][..], &["a"][..], true),
            (&["a"], &["A"], true),
            (&["a*"], &["ab", "ac"], true),
            (&["a*"], &["ab", "b"], false),
            (&["a*"], &["a*"], true),
            (&["**"], &["a*", "b"], true),
            (&["*"], &["a*"], false),
            (&["*"], &["a/b"], false),
            (&["src/**"], &["src/api/*.py"], true),
            (&["src/**"], &["src/*", "src/a"], true),
            (&["src/**"], &["src*/a"], false),
            (&["src/**"], &["s*"], false),
            (&["src**"], &["src/*"], false),
            (&["{a,b}/**"], &["a/*"], false),
            (&["src/*"], &["src/**"], false),
        ] {
            let patterns = |texts: &[&str]| Patterns::new(texts.iter().copied()).unwrap();
            assert_eq!(
                patterns(wide).include(&patterns(narrow)),
                expected,
                "{wide:?} {narrow:?}"
            );
        }
    }
}
