//! What makes two findings the same finding, from run to run.
//!
//! A [`Fingerprint`] is the identity, a [`ContentDigest`] what is left of it when
//! the file gets another name or its code another layout.
//!
//! A fingerprint is made of what identifies a finding and of nothing that
//! changes while the finding stays: not the line, not the checkout's folder,
//! not an image's tag. Exceptions and baselines hang on fingerprints, so the
//! recipes are frozen: a different one needs a new version in place of `sg1`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use base16ct::lower;
use sha2::{Digest, Sha256};

/// A finding's identity, `sg1:` and 32 hexadecimal digits.
///
/// Findings of one report with equal keys are counted apart by an ordinal
/// (`sg1:…~2` is the second), so that identities form a multiset: the fourth
/// copy of a known bug is a new finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    key: [u8; 16],
    ordinal: u32,
}

impl Fingerprint {
    /// Makes the identity of what `parts` say, in their order. `kind` keeps
    /// apart what scanners and their kinds of findings would otherwise share.
    pub fn new(kind: &str, parts: &[&str]) -> Self {
        Self {
            key: key(kind, parts),
            ordinal: 0,
        }
    }

    /// The same key as the `ordinal`-th of its report, counted from 0.
    #[must_use]
    pub fn with_ordinal(self, ordinal: u32) -> Self {
        Self { ordinal, ..self }
    }

    /// The key, which findings of equal identity share.
    pub fn key(&self) -> [u8; 16] {
        self.key
    }

    /// Its beginning, as a number: in the order of fingerprints, and nearly always
    /// enough to tell two apart.
    pub fn beginning(&self) -> u64 {
        u64::from_be_bytes(*self.key.first_chunk().unwrap_or(&[0; 8]))
    }

    /// Reads the written form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("sg1:")?;
        let (digits, ordinal) = match text.split_once('~') {
            Some((digits, ordinal)) => (digits, ordinal.parse::<u32>().ok()?.checked_sub(1)?),
            None => (text, 0),
        };
        Some(Self {
            key: parse_key(digits)?,
            ordinal,
        })
    }
}

impl Ord for Fingerprint {
    /// As of numbers, which is the order of the bytes, and faster: there may be a
    /// million to sort.
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |one: &Self| (u128::from_be_bytes(one.key), one.ordinal);
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Fingerprint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, "sg1:", &self.key)?;
        match self.ordinal {
            0 => Ok(()),
            ordinal => write!(f, "~{}", u64::from(ordinal) + 1),
        }
    }
}

/// What a finding says apart from where it is, `sc1:` and 32 hexadecimal digits.
///
/// The rule and the code, package or alert, without the file that holds it and
/// without white space. Findings of one scanner that share it may be one finding
/// in a file that was renamed or reformatted. A parser gives none where nothing
/// but the rule would be left, because all findings of a rule would share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest([u8; 16]);

impl ContentDigest {
    /// Makes the digest of what `parts` say, as [`Fingerprint::new`] does.
    pub fn new(kind: &str, parts: &[&str]) -> Self {
        Self(key(kind, parts))
    }

    /// Reads the written form.
    pub fn parse(text: &str) -> Option<Self> {
        parse_key(text.strip_prefix("sc1:")?).map(Self)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, "sc1:", &self.0)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `code` without the white space that a formatter may change.
pub fn without_white_space(code: &str) -> String {
    let mut dense = String::with_capacity(code.len());
    dense.extend(code.split_whitespace());
    dense
}

fn key(kind: &str, parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    // Lengths keep ("ab", "c") and ("a", "bc") apart.
    for part in std::iter::once(&kind).chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(hash.finalize().as_slice().split_at(16).0);
    key
}

fn write_key(f: &mut fmt::Formatter<'_>, recipe: &str, key: &[u8; 16]) -> fmt::Result {
    let mut digits = [0; 32];
    f.write_str(recipe)?;
    f.write_str(lower::encode_str(key, &mut digits).map_err(|_| fmt::Error)?)
}

fn parse_key(digits: &str) -> Option<[u8; 16]> {
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(u128::from_str_radix(digits, 16).ok()?.to_be_bytes())
}

/// A path as it is compared: with `/`, without `./`, and without the folder of
/// the checkout, which differs from runner to runner. `workspace` is that
/// folder where it is known; the usual ones of CI systems are known anyway.
pub fn stable_path<'p>(path: &'p str, workspace: Option<&str>) -> Cow<'p, str> {
    let path = match with_slashes(path) {
        Cow::Borrowed(path) => without_detours(path),
        Cow::Owned(path) => without_detours(&path).into_owned().into(),
    };
    match path {
        Cow::Borrowed(path) => below_checkout(path, workspace).into(),
        Cow::Owned(path) => below_checkout(&path, workspace).to_owned().into(),
    }
}

fn below_checkout<'p>(path: &'p str, workspace: Option<&str>) -> &'p str {
    let below = workspace
        .map(with_slashes)
        .and_then(|folder| strip_folder(path, folder.trim_end_matches('/')))
        .or_else(|| {
            CHECKOUTS
                .iter()
                .find_map(|folder| strip_pattern(path, folder))
        });
    below.unwrap_or_else(|| path.trim_start_matches('/'))
}

/// Of a Windows path. Elsewhere `\` is a letter like any other, and a file's name
/// could climb out of its folder by it: only a path with a drive may mix both.
fn with_slashes(path: &str) -> Cow<'_, str> {
    let has_drive = matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    match path.contains('\\') && (has_drive || !path.contains('/')) {
        true => path.replace('\\', "/").into(),
        false => path.into(),
    }
}

/// Where CI systems and scanners' images check projects out; `*` is one name.
const CHECKOUTS: [&str; 12] = [
    "/builds/*/*",                          // GitLab
    "/home/runner/work/*/*",                // GitHub, Linux
    "/Users/runner/work/*/*",               // GitHub, macOS
    "D:/a/*/*",                             // GitHub, Windows
    "/github/workspace",                    // GitHub, in a container
    "/home/vsts/work/*/s",                  // Azure
    "/opt/atlassian/pipelines/agent/build", // Bitbucket
    "/home/circleci/project",               // CircleCI
    "/var/lib/jenkins/workspace/*",         // Jenkins
    "/var/jenkins_home/workspace/*",        // Jenkins, its image
    "/workspace",                           // Tekton, Cloud Build
    "/src",                                 // Semgrep's image and others
];

/// The path without `.`, without empty names, and with `..` resolved: a folder's
/// name in a path may not stand for another folder.
pub fn without_detours(path: &str) -> Cow<'_, str> {
    let below_root = path.strip_prefix('/').unwrap_or(path);
    // Nearly all paths, told without a look at each name.
    let has_detour = below_root.starts_with('/')
        || below_root.ends_with(['/', '.'])
        || below_root
            .as_bytes()
            .windows(2)
            .any(|pair| matches!(pair, b"//" | b"./"));
    if !has_detour {
        return path.into();
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    (root.to_owned() + &names.join("/")).into()
}

fn strip_folder<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() {
        return None;
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn strip_pattern<'a>(path: &'a str, pattern: &str) -> Option<&'a str> {
    // Most paths are relative, and begin like none.
    if path.bytes().next() != pattern.bytes().next() {
        return None;
    }
    let mut rest = path;
    for name in pattern.split('/') {
        let (next, below) = rest.split_once('/')?;
        if name != "*" && name != next {
            return None;
        }
        rest = below;
    }
    Some(rest)
}

/// `text` with each run of digits as one `#`, for names that carry a
/// version inside (`commons-x-1.0.jar`).
pub fn without_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(
            Fingerprint::new("x", &["ab", "c"]),
            Fingerprint::new("x", &["a", "bc"])
        );
        assert_ne!(Fingerprint::new("x", &["a"]), Fingerprint::new("y", &["a"]));
    }

    #[test]
    fn the_recipe_is_frozen() {
        let fingerprint = Fingerprint::new("bandit", &["B602", "src/app.py", "call(c)"]);
        assert_eq!(
            fingerprint.to_string(),
            "sg1:8efe3c708357e8c433fb0ff226f93d0c"
        );
    }

    #[test]
    fn the_written_form_is_read_back() {
        let first = Fingerprint::new("x", &["a"]);
        for fingerprint in [first, first.with_ordinal(1), first.with_ordinal(999)] {
            assert_eq!(
                Fingerprint::parse(&fingerprint.to_string()),
                Some(fingerprint)
            );
        }
        assert!(first.with_ordinal(1).to_string().ends_with("~2"));
        for wrong in [
            "",
            "sg1:",
            "sg2:00",
            "sg1:+0000000000000000000000000000000",
            "sg1:00~0",
        ] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_content_digest_is_read_back() {
        let digest = ContentDigest::new("bandit", &["B602", "call(c)"]);
        assert_eq!(digest.to_string(), "sc1:35b2e7738b54529374c760e13370bd04");
        assert_eq!(ContentDigest::parse(&digest.to_string()), Some(digest));
        for wrong in ["", "sc1:", "sc1:00", "sg1:00000000000000000000000000000000"] {
            assert_eq!(ContentDigest::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn layout_is_no_content() {
        assert_eq!(
            without_white_space("call(c,\n\t shell = True)\r\n"),
            "call(c,shell=True)"
        );
    }

    #[test]
    fn a_path_is_the_same_wherever_the_project_is_checked_out() {
        for (path, workspace) in [
            ("src/app.py", None),
            ("./src/app.py", None),
            ("././/src/app.py", None),
            ("tests/../src//app.py", None),
            (".\\src\\app.py", None),
            ("/builds/acme/shop/src/app.py", None),
            ("/home/runner/work/shop/shop/src/app.py", None),
            ("D:\\a\\shop\\shop\\src\\app.py", None),
            ("/src/src/app.py", None),
            ("/data/agent 7/shop/src/app.py", Some("/data/agent 7/shop/")),
        ] {
            assert_eq!(stable_path(path, workspace), "src/app.py", "{path}");
        }
        assert_eq!(stable_path("../a/../../b", None), "../../b");
        assert_eq!(stable_path("/etc/passwd", None), "etc/passwd");
        assert_eq!(stable_path("/src", None), "src");
        assert_eq!(stable_path("", None), "");
        assert_eq!(stable_path("src/é.py", Some("")), "src/é.py");
    }

    #[test]
    fn digits_of_a_name_are_one_mark() {
        assert_eq!(without_digits("commons-x-1.10.jar"), "commons-x-#.#.jar");
    }
}
