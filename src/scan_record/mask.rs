//! A command without what gives access.

use std::ops::Range;

use crate::parser::url;

const MASK: &str = "***";

/// Beginnings of tokens whose kind is known by them.
const TOKENS: [&str; 17] = [
    "AKIA",
    "ASIA",
    "AIza",
    "SG.",
    "dop_v1_",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hvs.",
    "npm_",
    "pypi-",
    "sk-",
    "xox",
];

/// What is not to be shown of a command besides what can be told from itself.
#[derive(Debug, Clone, Default)]
pub struct Private {
    /// Values that must not be repeated, such as those of secret variables.
    pub secrets: Vec<String>,
    /// Folders that say where the command ran and not what it did, with what
    /// stands for each.
    pub folders: Vec<(String, &'static str)>,
}

impl Private {
    /// The shortest value that is taken for a secret: shorter ones are part of
    /// other words.
    pub const SHORTEST: usize = 8;

    /// The command with its arguments, as it may be shown.
    pub fn command(&self, command: &[String]) -> Vec<String> {
        let mut is_value = false;
        let shown = command.iter().enumerate().map(|(index, argument)| {
            let argument = self.text(argument);
            match index {
                0 => file_name(&argument).to_owned(),
                _ => masked(&argument, &mut is_value),
            }
        });
        shown.collect()
    }

    /// A path or another text without folders and secrets.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let secrets = self.secrets.iter();
        for secret in secrets.filter(|secret| secret.len() >= Self::SHORTEST) {
            text = text.replace(secret, MASK);
        }
        for (folder, short) in &self.folders {
            let folder = folder.trim_end_matches('/');
            if !folder.is_empty() {
                text = shortened(&text, &format!("{folder}/"), short);
            }
        }
        text
    }
}

/// The text with `short` in place of a folder, where a path begins with it.
fn shortened(text: &str, folder: &str, short: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(folder) {
        out.push_str(before);
        let is_inside = |c: char| c.is_alphanumeric() || "/._-~".contains(c);
        let is_start = !out.ends_with(is_inside);
        out.push_str(if is_start { short } else { folder });
        rest = after;
    }
    out + rest
}

/// Where a program is says nothing of what it does.
fn file_name(program: &str) -> &str {
    match program.starts_with('/') {
        true => program.rsplit('/').next().unwrap_or(program),
        false => program,
    }
}

/// An argument, which may be a script. `is_value` says whether its first word is
/// the value of an option with a secret, and afterwards whether the next is.
fn masked(argument: &str, is_value: &mut bool) -> String {
    let mut shown = String::with_capacity(argument.len());
    let mut rest = 0;
    for word in words(argument) {
        shown.push_str(argument.get(rest..word.start).unwrap_or_default());
        rest = word.end;
        let word = argument.get(word).unwrap_or_default();
        shown.push_str(&masked_word(word, is_value));
    }
    shown + argument.get(rest..).unwrap_or_default()
}

/// Where the words of a text are.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let start = text.as_ptr() as usize;
    text.split_whitespace().map(move |word| {
        let at = word.as_ptr() as usize - start;
        at..at + word.len()
    })
}

fn masked_word(word: &str, is_value: &mut bool) -> String {
    let is_option = word.starts_with('-');
    if std::mem::take(is_value) && !is_option {
        // `Authorization: Bearer TOKEN`.
        *is_value = ["bearer", "basic", "token"].contains(&word.to_ascii_lowercase().as_str());
        return if *is_value {
            word.to_owned()
        } else {
            MASK.to_owned()
        };
    }
    if let Some((name, value)) = word.split_once('=')
        && !name.contains(['?', '/'])
        && !value.is_empty()
    {
        let value = match is_secret(name) {
            true => MASK.to_owned(),
            false => masked_word(value, &mut false),
        };
        return format!("{name}={value}");
    }
    if let Some(name) = word.strip_suffix(':')
        && is_secret(name)
    {
        *is_value = true;
        return word.to_owned();
    }
    if is_option && (is_secret(word) || word == "-u") && !word.contains('=') {
        *is_value = true;
        return word.to_owned();
    }
    let bare = word.trim_start_matches(['"', '\'']);
    let is_token = |text: &str| {
        TOKENS
            .iter()
            .any(|start| text.starts_with(start) && text.len() >= start.len() + 12)
    };
    if bare.split([':', '@', '/']).any(is_token) {
        return MASK.to_owned();
    }
    // An image by its digest looks as if it had a user.
    if word.contains("@sha256:") && !word.contains("://") {
        return word.to_owned();
    }
    url::mask(word).into_owned()
}

/// Whether an option, a variable or a header is named like a secret. Exit codes
/// are none, and whoever judges them must see them.
fn is_secret(name: &str) -> bool {
    let name = name.trim_start_matches(['-', '"', '\'']);
    !matches!(name, "exit-code" | "exit-on-eol") && url::is_credential(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_access_is_masked_and_the_rest_stays() {
        for (command, shown) in [
            (
                "semgrep scan --json --output a.json",
                "semgrep scan --json --output a.json",
            ),
            (
                "/usr/bin/trivy image --exit-code 1 app:1.2",
                "trivy image --exit-code 1 app:1.2",
            ),
            ("./scan.sh --exit-code=0", "./scan.sh --exit-code=0"),
            ("trivy --token hunter2 image", "trivy --token *** image"),
            (
                "trivy --password=hunter2 image",
                "trivy --password=*** image",
            ),
            (
                "trivy --insecure-auth --format json",
                "trivy --insecure-auth --format json",
            ),
            (
                "docker run -e SONAR_TOKEN=hunter2 -e A=b",
                "docker run -e SONAR_TOKEN=*** -e A=b",
            ),
            (
                "zap.sh -config api.key=hunter2",
                "zap.sh -config api.key=***",
            ),
            ("curl -u me:hunter2 h", "curl -u *** h"),
            (
                "gitleaks git https://me:hunter2@h/a.git",
                "gitleaks git https://***@h/a.git",
            ),
            (
                "zap -t https://h/?token=hunter2&a=b",
                "zap -t https://h/?token=***&a=b",
            ),
            ("x ghp_0123456789abcdefghij", "x ***"),
            ("x --flag=glpat-0123456789abcdefghij", "x --flag=***"),
            ("x skip sk-1", "x skip sk-1"),
            (
                "trivy h/app@sha256:0123456789abcdef",
                "trivy h/app@sha256:0123456789abcdef",
            ),
        ] {
            let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let masked = Private::default().command(&command).join(" ");
            assert_eq!(masked, shown);
        }
    }

    #[test]
    fn scripts_and_headers_are_masked_word_by_word() {
        let command = [
            "sh",
            "-c",
            "export API_KEY=hunter2;\n  curl -H 'Authorization: Bearer hunter2' h\n  semgrep  scan --exit-code 0",
            "Cookie: hunter2",
        ];
        let command = command.map(str::to_owned);
        assert_eq!(
            Private::default().command(&command).join("|"),
            "sh|-c|export API_KEY=***\n  curl -H 'Authorization: Bearer *** h\n  semgrep  scan --exit-code 0|Cookie: ***"
        );
    }

    #[test]
    fn secrets_of_the_environment_and_folders_are_not_repeated() {
        let private = Private {
            secrets: vec!["hunter2!".into(), "abc".into()],
            folders: vec![
                ("/builds/acme/shop".into(), ""),
                ("/home/ann/".into(), "~/"),
            ],
        };
        let command = [
            "/builds/acme/shop/scan.sh",
            "--output",
            "/builds/acme/shop/out/a.json",
            "--cache=/home/ann/.cache",
            "xhunter2!x",
            "/var/builds/acme/shop/a",
            "abc",
        ];
        let command = command.map(str::to_owned);
        assert_eq!(
            private.command(&command).join(" "),
            "scan.sh --output out/a.json --cache=~/.cache x***x /var/builds/acme/shop/a abc"
        );
    }
}
