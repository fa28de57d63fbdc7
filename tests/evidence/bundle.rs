//! The bundle: what is in it, and that every change of it is noticed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use security_gate::evidence::bundle;
use security_gate::evidence::record::State;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::workplace::{CLEAN, Run, Workplace, semgrep};
use crate::{LEAK, SECRET, workplace};

const LANES: &str = "[evidence]\nproduct = \"shop\"\n[lane.mainline-sast]\nreports = [\"semgrep.json\"]\n[lane.secret-detection]\nreports = [\"leaks.json\"]\n";

/// A working folder with two reports and a summary.
fn place(leaks: &str) -> Workplace {
    let files = [
        ("semgrep.json", CLEAN),
        ("leaks.json", leaks),
        ("dist/security-gate-summary.json", "{}\n"),
        ("dist/security-gate-summary.md", "# A page\n"),
        ("security-exceptions.toml", "\n"),
    ];
    workplace(LANES, &files)
}

fn without_secret() -> String {
    LEAK.replace(SECRET, "REDACTED")
}

fn keep(workplace: &Workplace, more: &[&str]) -> Run {
    workplace.run(
        &[
            &["evidence", "upload", "--summaries", "dist", "--to", "kept"],
            more,
        ]
        .concat(),
    )
}

fn verify(workplace: &Workplace) -> (i32, String) {
    let run = workplace.run(&["evidence", "verify", "kept"]);
    assert_eq!(run.stderr, "");
    (run.code, run.stdout)
}

/// The files of a bundle, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap().to_path_buf();
            (path, fs_err::read(entry.path()).unwrap())
        })
        .collect()
}

/// A bundle of two reports, none with a secret in the clear.
fn bundled() -> Workplace {
    // Gitleaks' own findings are about secrets even when they are redacted.
    let workplace = place(&without_secret());
    let run = keep(&workplace, &["--send-secrets"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(verify(&workplace).0, 0);
    workplace
}

#[test]
fn a_bundle_has_all_of_the_evidence() {
    let workplace = bundled();
    let folder = workplace.path("kept");
    let files = files(&folder);
    let digest = |bytes: &[u8]| base16ct::lower::encode_string(&Sha256::digest(bytes));
    for source in [
        "semgrep.json",
        "leaks.json",
        "dist/security-gate-summary.json",
        "dist/security-gate-summary.md",
        "security-exceptions.toml",
    ] {
        let bytes = fs_err::read(workplace.path(source)).unwrap();
        assert_eq!(
            files[&Path::new("sha256").join(digest(&bytes))],
            bytes,
            "{source}"
        );
    }
    assert_eq!(files.len(), 5 + 4);
    let statement: Value = serde_json::from_slice(&files[Path::new("statement.json")]).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    let subject = &statement["subject"][0];
    assert_eq!(subject["name"], "semgrep.json");
    assert_eq!(
        subject["digest"]["sha256"],
        digest(CLEAN.as_bytes()).as_str()
    );
    let record = bundle::read(&folder).unwrap();
    let reports = bundle::reports(&folder, &record);
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert_eq!(report.delivery.state(), State::Planned);
        let bytes = fs_err::read(&report.file).unwrap();
        assert_eq!(digest(&bytes), report.delivery.sent().unwrap().sha256);
    }
}

#[test]
fn the_same_again_changes_nothing() {
    let workplace = bundled();
    let before = files(&workplace.path("kept"));
    let run = keep(&workplace, &["--send-secrets"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("already"), "{}", run.stdout);
    assert_eq!(files(&workplace.path("kept")), before);
    // Another one has no place there.
    fs_err::write(workplace.path("semgrep.json"), semgrep(&["ERROR"])).unwrap();
    let run = keep(&workplace, &["--send-secrets"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("another bundle is in it"),
        "{}",
        run.stderr
    );
    assert_eq!(files(&workplace.path("kept")), before);
}

#[test]
fn a_run_that_was_ended_leaves_nothing_that_verifies() {
    let workplace = bundled();
    let folder = workplace.path("kept");
    let whole = files(&folder);
    let mut order: Vec<_> = whole
        .keys()
        .filter(|path| path.starts_with("sha256"))
        .collect();
    order.extend(
        ["plan.json", "security-evidence.json", "statement.json"]
            .map(Path::new)
            .iter()
            .map(|path| whole.keys().find(|key| key == path).unwrap()),
    );
    for written in 0..=order.len() {
        fs_err::remove_dir_all(&folder).unwrap();
        fs_err::create_dir_all(folder.join("sha256")).unwrap();
        for path in &order[..written] {
            fs_err::write(folder.join(path), &whole[*path]).unwrap();
        }
        // What was being written lies beside it.
        fs_err::write(folder.join(".security-gate-abc"), "half").unwrap();
        fs_err::write(folder.join("sha256/.security-gate-abc"), "half").unwrap();
        let (code, said) = verify(&workplace);
        assert_eq!(code, 1, "{written}: {said}");
        assert!(said.contains("SHA256SUMS"), "{said}");
        let run = keep(&workplace, &["--send-secrets"]);
        assert_eq!(run.code, 0, "{written}: {}", run.stderr);
        assert_eq!(verify(&workplace).0, 0);
    }
}

/// Something done to the bytes of a file.
type Change = fn(&[u8]) -> Vec<u8>;

#[test]
fn every_change_is_noticed() {
    let workplace = bundled();
    let folder = workplace.path("kept");
    let whole = files(&folder);
    let changes: [(&str, Change); 10] = [
        ("a bit of the first byte", |bytes| {
            [&[bytes[0] ^ 1], &bytes[1..]].concat()
        }),
        ("a bit in the middle", |bytes| {
            let (one, other) = bytes.split_at(bytes.len() / 2);
            [one, &[other[0] ^ 1], &other[1..]].concat()
        }),
        ("the last byte", |bytes| {
            [&bytes[..bytes.len() - 1], b"~"].concat()
        }),
        ("cut off", |bytes| bytes[..bytes.len() - 1].to_vec()),
        ("emptied", |_| Vec::new()),
        ("longer", |bytes| [bytes, b"\n"].concat()),
        ("doubled", |bytes| [bytes, bytes].concat()),
        ("ends of lines", |bytes| {
            String::from_utf8_lossy(bytes)
                .replace('\n', "\r\n")
                .into_bytes()
        }),
        ("a byte order mark", |bytes| {
            [b"\xef\xbb\xbf", bytes].concat()
        }),
        ("in upper case", |bytes| bytes.to_ascii_uppercase()),
    ];
    for (path, bytes) in &whole {
        for (name, change) in &changes {
            let other = change(bytes);
            if other == *bytes {
                continue;
            }
            fs_err::write(folder.join(path), other).unwrap();
            let (code, said) = verify(&workplace);
            assert_eq!(code, 1, "{}: {name}\n{said}", path.display());
            assert!(
                said.contains(&*path.to_string_lossy()) || path.ends_with("SHA256SUMS"),
                "{said}"
            );
        }
        fs_err::remove_file(folder.join(path)).unwrap();
        let (code, said) = verify(&workplace);
        assert_eq!(code, 1, "{} is missing\n{said}", path.display());
        fs_err::write(folder.join(path), bytes).unwrap();
    }
    assert_eq!(verify(&workplace).0, 0);
    for extra in ["more.json", "sha256/more", ".hidden", "folder/more"] {
        let path = folder.join(extra);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, "more").unwrap();
        let (code, said) = verify(&workplace);
        assert_eq!(code, 1, "{extra}\n{said}");
        assert!(said.contains(&format!("extra    {extra}")), "{said}");
        fs_err::remove_file(&path).unwrap();
    }
    // A folder that is none of a bundle's.
    assert_eq!(verify(&workplace).0, 1);
    fs_err::remove_dir(folder.join("folder")).unwrap();
    assert_eq!(verify(&workplace).0, 0);
}

#[test]
fn lines_of_the_digests_cannot_be_moved_or_left_out() {
    let workplace = bundled();
    let path = workplace.path("kept/SHA256SUMS");
    let text = fs_err::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        let mut moved = without.clone();
        moved.insert((at + 3) % lines.len(), lines[at]);
        for lines in [without, twice, moved] {
            let changed = lines.join("\n") + "\n";
            if changed != text {
                fs_err::write(&path, changed).unwrap();
                assert_eq!(verify(&workplace).0, 1, "{lines:?}");
            }
        }
    }
    for line in ["", "../semgrep.json", "/etc/passwd", "sha256/../plan.json"] {
        let digest = "0".repeat(64);
        fs_err::write(&path, format!("{text}{digest}  {line}\n")).unwrap();
        let (code, said) = verify(&workplace);
        assert_eq!(code, 1, "{line}");
        assert!(said.contains("is of no file of a bundle"), "{said}");
    }
}

#[test]
fn a_change_with_its_digest_is_noticed_where_documents_disagree() {
    let workplace = bundled();
    let folder = workplace.path("kept");
    let whole = files(&folder);
    let resum = || {
        let mut lines: Vec<_> = files(&folder)
            .into_iter()
            .filter(|(path, _)| !path.ends_with("SHA256SUMS"))
            .map(|(path, bytes)| {
                let digest = base16ct::lower::encode_string(&Sha256::digest(bytes));
                (path.to_string_lossy().into_owned(), digest)
            })
            .collect();
        lines.sort();
        let lines: String = lines
            .iter()
            .map(|(path, digest)| [digest.as_str(), "  ", path, "\n"].concat())
            .collect();
        fs_err::write(folder.join("SHA256SUMS"), lines).unwrap();
    };
    let text = |name: &str| String::from_utf8(whole[Path::new(name)].clone()).unwrap();
    for (name, changed) in [
        (
            "plan.json",
            text("plan.json").replace("semgrep.json", "other.json"),
        ),
        ("plan.json", "{}".to_owned()),
        (
            "statement.json",
            text("statement.json").replace("semgrep.json", "other.json"),
        ),
        (
            "security-evidence.json",
            text("security-evidence.json").replace("main", "else"),
        ),
        ("security-evidence.json", "{}".to_owned()),
    ] {
        fs_err::write(folder.join(name), changed).unwrap();
        resum();
        let (code, said) = verify(&workplace);
        assert_eq!(code, 1, "{name}\n{said}");
        assert!(said.contains("wrong"), "{said}");
        fs_err::write(folder.join(name), &whole[Path::new(name)]).unwrap();
    }
    // A report more than the record knows, or one fewer.
    let digest = base16ct::lower::encode_string(&Sha256::digest(b"more"));
    let more = folder.join("sha256").join(&digest);
    fs_err::write(&more, "more").unwrap();
    resum();
    assert!(
        verify(&workplace)
            .1
            .contains(&format!("extra    sha256/{digest}"))
    );
    fs_err::remove_file(&more).unwrap();
    let first = whole
        .keys()
        .find(|path| path.starts_with("sha256"))
        .unwrap();
    fs_err::remove_file(folder.join(first)).unwrap();
    resum();
    assert!(verify(&workplace).1.contains("missing"));
}

#[cfg(unix)]
#[test]
fn links_are_no_files_of_a_bundle() {
    let workplace = bundled();
    let folder = workplace.path("kept");
    let path = folder.join("plan.json");
    fs_err::rename(&path, workplace.path("plan.json")).unwrap();
    fs_err::os::unix::fs::symlink("../plan.json", &path).unwrap();
    let (code, said) = verify(&workplace);
    assert_eq!(code, 1);
    assert!(said.contains("plan.json"), "{said}");
    assert!(bundle::read(&folder).is_err());
}

#[test]
fn a_report_with_secrets_is_kept_without_them() {
    let workplace = place(LEAK);
    let run = keep(&workplace, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(verify(&workplace).0, 0);
    let kept = files(&workplace.path("kept"));
    let has_secret = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(SECRET);
    assert!(!kept.values().any(has_secret));
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(SECRET));
    let record = bundle::read(&workplace.path("kept")).unwrap();
    let delivery = &record.deliveries[1];
    assert_eq!(delivery.state(), State::Planned);
    let sent = delivery.sent().unwrap();
    assert!(sent.redacted && sent.sha256 != delivery.artifact.sha256);
    // Said explicitly, and recorded.
    fs_err::remove_dir_all(workplace.path("kept")).unwrap();
    assert_eq!(keep(&workplace, &["--send-secrets"]).code, 0);
    let kept = files(&workplace.path("kept"));
    assert_eq!(kept.values().filter(|bytes| has_secret(bytes)).count(), 1);
    let record = bundle::read(&workplace.path("kept")).unwrap();
    let sent = record.deliveries[1].sent().unwrap();
    assert!(
        !sent.redacted
            && sent
                .changes
                .iter()
                .any(|change| change.contains("--send-secrets"))
    );
}

#[test]
fn what_cannot_be_read_is_not_kept() {
    let workplace = place("{");
    let run = keep(&workplace, &[]);
    assert_eq!(run.code, 3);
    assert!(
        run.stdout.contains("leaks.json is not kept"),
        "{}",
        run.stdout
    );
    assert_eq!(verify(&workplace).0, 0);
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let workplace = place(&without_secret());
    fs_err::create_dir(workplace.path("kept")).unwrap();
    fs_err::write(workplace.path("kept/notes.txt"), "mine").unwrap();
    let run = keep(&workplace, &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("notes.txt"), "{}", run.stderr);
    assert_eq!(verify(&workplace).0, 1);
    fs_err::remove_dir_all(workplace.path("kept")).unwrap();
    fs_err::write(workplace.path("kept"), "a file").unwrap();
    assert_eq!(keep(&workplace, &[]).code, 2);
}
