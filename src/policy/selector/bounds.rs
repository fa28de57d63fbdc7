//! Sets of ranks and numbers: words such as `high`, bounds such as `>=high`.

use crate::finding::{Confidence, Found, Severity};

/// How a value may lie to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    AtMost,
    Exactly,
    AtLeast,
    Above,
}

impl Side {
    /// The sign in front of a text, and what follows it.
    fn split(text: &str) -> Option<(Option<Self>, &str)> {
        let word = text.trim_start_matches(['<', '>', '=']);
        let side = match text.strip_suffix(word)? {
            "" => None,
            "=" => Some(Self::Exactly),
            ">=" => Some(Self::AtLeast),
            ">" => Some(Self::Above),
            "<=" => Some(Self::AtMost),
            "<" => Some(Self::Below),
            _ => return None,
        };
        Some((side, word.trim()))
    }

    fn holds<T: PartialOrd>(self, value: &T, bound: &T) -> bool {
        match self {
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Exactly => value == bound,
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
        }
    }
}

/// A set of severities: words, or a bound such as `>=high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severities {
    /// The ranked severities of the set, worst first.
    ranked: Vec<Severity>,
    /// Whether findings without a known severity are meant by name.
    unknown: bool,
}

impl Severities {
    /// The scale, worst first. `unknown` is not on it: it counts as another.
    pub const SCALE: [Severity; 5] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];

    /// Reads words (`high`, `unknown`) and bounds (`>=high`, `<medium`).
    ///
    /// # Errors
    ///
    /// The word that is no severity.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut set = Self {
            ranked: Vec::new(),
            unknown: false,
        };
        for text in texts {
            let (side, word) = Side::split(text).ok_or(text)?;
            if word == Severity::Unknown.name() && side.is_none() {
                set.unknown = true;
                continue;
            }
            // The worst comes first on the scale: ranks count from its end.
            let rank = |word: &str| {
                Self::SCALE
                    .iter()
                    .rev()
                    .position(|known| known.name() == word)
            };
            let bound = rank(word).ok_or(text)?;
            for (at, severity) in Self::SCALE.iter().rev().enumerate() {
                if side.unwrap_or(Side::Exactly).holds(&at, &bound)
                    && !set.ranked.contains(severity)
                {
                    set.ranked.push(*severity);
                }
            }
        }
        set.ranked.sort();
        Ok(set)
    }

    /// Whether no severity is in the set, as in `>critical`.
    pub fn is_empty(&self) -> bool {
        self.ranked.is_empty() && !self.unknown
    }

    /// Whether every severity on the scale is in the set.
    pub(super) fn is_whole(&self) -> bool {
        Self::SCALE.iter().all(|rank| self.ranked.contains(rank))
    }

    /// The severities on the scale that are in the set, worst first.
    pub fn ranked(&self) -> &[Severity] {
        &self.ranked
    }

    pub(super) fn contain(&self, given: Severity, counted: Severity) -> bool {
        self.ranked.contains(&counted) || self.unknown && given == Severity::Unknown
    }
}

/// A set of confidences: words, or a bound such as `>=medium`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidences {
    given: Vec<Confidence>,
    /// Whether findings whose scanner says nothing are meant, too.
    none: bool,
}

impl Confidences {
    /// All of them, least first, with their words.
    pub const WORDS: [(&'static str, Confidence); 4] = [
        ("low", Confidence::Low),
        ("medium", Confidence::Medium),
        ("high", Confidence::High),
        ("confirmed", Confidence::Confirmed),
    ];
    /// The word for findings whose scanner says nothing.
    pub const NONE: &'static str = "none";

    /// Reads words (`high`, `none`) and bounds (`>=medium`).
    ///
    /// # Errors
    ///
    /// The word that is no confidence.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut set = Self {
            given: Vec::new(),
            none: false,
        };
        for text in texts {
            let (side, word) = Side::split(text).ok_or(text)?;
            if word == Self::NONE && side.is_none() {
                set.none = true;
                continue;
            }
            let found = Self::WORDS.into_iter().find(|(known, _)| *known == word);
            let (_, bound) = found.ok_or(text)?;
            let side = side.unwrap_or(Side::Exactly);
            let within = Self::WORDS.into_iter().map(|(_, confidence)| confidence);
            set.given
                .extend(within.filter(|confidence| side.holds(confidence, &bound)));
        }
        Ok(set)
    }

    /// Whether no finding can have any of them, as in `>confirmed`.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && !self.none
    }

    pub(super) fn is_whole(&self) -> bool {
        self.none
            && Self::WORDS
                .iter()
                .all(|(_, each)| self.given.contains(each))
    }

    pub(super) fn contain(&self, confidence: Option<Confidence>) -> bool {
        confidence.map_or(self.none, |confidence| self.given.contains(&confidence))
    }
}

/// A bound on a number: `>=7.0`, `<0.1`. A finding without the number is on
/// neither side of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound<T> {
    side: Side,
    value: T,
}

impl<T: PartialOrd> Bound<T> {
    fn read(text: &str, number: impl FnOnce(&str) -> Option<T>) -> Option<Self> {
        let (side, text) = Side::split(text.trim())?;
        Some(Self {
            side: side?,
            value: number(text)?,
        })
    }

    /// Whether a number is on this side of the bound.
    pub fn holds(&self, value: &T) -> bool {
        self.side.holds(value, &self.value)
    }

    /// Whether a number between `least` and `most` is on this side.
    pub fn can_hold(&self, least: &T, most: &T) -> bool {
        match self.side {
            Side::Exactly => least <= &self.value && &self.value <= most,
            Side::Below | Side::AtMost => self.holds(least),
            Side::Above | Side::AtLeast => self.holds(most),
        }
    }

    /// Whether every number on this side is on that of the other bound, too.
    pub fn implies(&self, other: &Self) -> bool {
        use Side::{Above, AtLeast, AtMost, Below, Exactly};
        let (own, wide) = (&self.value, &other.value);
        match (self.side, other.side) {
            (Exactly, _) => other.holds(own),
            (AtLeast | Above, AtLeast) | (Above, Above) => own >= wide,
            (AtLeast, Above) => own > wide,
            (AtMost | Below, AtMost) | (Below, Below) => own <= wide,
            (AtMost, Below) => own < wide,
            (AtLeast | Above, Exactly | AtMost | Below)
            | (AtMost | Below, Exactly | AtLeast | Above) => false,
        }
    }
}

impl Bound<f64> {
    /// Reads a sign and a number.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, |number| {
            number
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
        })
    }
}

impl Bound<u32> {
    /// Reads a sign and a number of days or weeks: `>30d`, `>=4w`.
    pub fn parse_days(text: &str) -> Option<Self> {
        Self::read(text, |text| {
            let (number, days) = match text.strip_suffix('d') {
                Some(number) => (number, 1),
                None => (text.strip_suffix('w')?, 7),
            };
            number
                .parse::<u16>()
                .ok()
                .map(|number| u32::from(number) * days)
        })
    }

    /// The number of days at which the answer becomes another, for a number
    /// that grows.
    pub fn turns_at(&self) -> u32 {
        match self.side {
            Side::Above | Side::AtMost => self.value + 1,
            Side::AtLeast | Side::Below | Side::Exactly => self.value,
        }
    }
}

/// Who else sees the same problem.
#[derive(Debug, Clone)]
pub enum SeenBy {
    /// So many scanners at least, its own included.
    AtLeast(u64),
    /// One of these.
    Any(super::Patterns),
}

/// Whether a vulnerable package can be replaced by a repaired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// The report names a repaired version.
    Available,
    /// It names none.
    None,
}

impl Fix {
    pub(super) fn of(finding: Found<'_>) -> Self {
        if finding.fixed_in().is_empty() {
            Self::None
        } else {
            Self::Available
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_words_and_bounds() {
        use Severity::*;
        for (texts, ranked) in [
            (vec![">=high"], vec![Critical, High]),
            (vec![">high"], vec![Critical]),
            (vec!["<medium"], vec![Low, Info]),
            (vec!["<=low"], vec![Low, Info]),
            (vec!["high", "low"], vec![High, Low]),
            (vec![">critical"], vec![]),
        ] {
            assert_eq!(
                Severities::parse(texts.clone()).unwrap().ranked,
                ranked,
                "{texts:?}"
            );
        }
        for wrong in ["hihg", ">=unknown", "=>high", "", ">="] {
            assert_eq!(Severities::parse([wrong]), Err(wrong));
        }
    }

    #[test]
    fn confidences_are_words_and_bounds() {
        let set = Confidences::parse([">=high"]).unwrap();
        assert!(set.contain(Some(Confidence::Confirmed)));
        assert!(!set.contain(Some(Confidence::Medium)));
        assert!(!set.contain(None));
        assert!(Confidences::parse(["none"]).unwrap().contain(None));
        assert!(Confidences::parse([">confirmed"]).unwrap().is_empty());
        assert!(Confidences::parse(["none", ">=low"]).unwrap().is_whole());
        for wrong in ["hihg", ">=none", "=>high", ""] {
            assert_eq!(Confidences::parse([wrong]), Err(wrong));
        }
    }

    #[test]
    fn a_bound_is_a_sign_and_a_number() {
        for (text, value, expected) in [
            (">=7", 7.0, true),
            (">7.0", 7.0, false),
            ("<= 0.5", 0.5, true),
            ("<0.5", 0.5, false),
            ("=3", 3.0, true),
        ] {
            assert_eq!(
                Bound::parse(text).unwrap().holds(&value),
                expected,
                "{text}"
            );
        }
        for wrong in ["7", "", ">", ">=x", ">NaN", ">inf", "=>7", "> = 7"] {
            assert_eq!(Bound::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_have_a_unit() {
        assert!(Bound::parse_days(">4w").unwrap().holds(&29));
        assert!(!Bound::parse_days(">30d").unwrap().holds(&30));
        for wrong in [">30", ">d", "30d", ">-1d", ">1.5d", ">30m", ">", ">é"] {
            assert_eq!(Bound::parse_days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_bound_that_nothing_can_keep_is_known() {
        for (text, expected) in [
            (">=10", true),
            (">10", false),
            ("<0", false),
            ("<=0", true),
            ("=11", false),
        ] {
            assert_eq!(Bound::parse(text).unwrap().can_hold(&0.0, &10.0), expected);
        }
    }

    #[test]
    fn the_day_is_known_on_which_an_answer_turns() {
        for (text, day) in [(">30d", 31), (">=30d", 30), ("<30d", 30), ("<=30d", 31)] {
            let bound = Bound::parse_days(text).unwrap();
            assert_eq!(bound.turns_at(), day);
            assert_ne!(bound.holds(&day), bound.holds(&(day - 1)), "{text}");
        }
    }

    #[test]
    fn a_bound_implies_those_that_are_wider() {
        let signs = ["<", "<=", "=", ">=", ">"];
        let bounds = || {
            let numbers = ["1", "2"].into_iter();
            numbers.flat_map(|number| signs.map(|sign| format!("{sign}{number}")))
        };
        // Between and beside the values, so that what holds of all of these holds.
        let numbers = [0.5, 1.0, 1.5, 2.0, 2.5];
        for narrow in bounds() {
            for wide in bounds() {
                let of = |text: &str| Bound::<f64>::parse(text).unwrap();
                let is_within = numbers
                    .iter()
                    .all(|number| !of(&narrow).holds(number) || of(&wide).holds(number));
                assert_eq!(
                    of(&narrow).implies(&of(&wide)),
                    is_within,
                    "{narrow} {wide}"
                );
            }
        }
    }
}
