//! The DefectDojo of the tests holds against what a real one answered: recorded
//! sequences are played against it, and status, words and counts compared.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

#[path = "dojo_server/client.rs"]
mod client;
mod dojo;
#[path = "dojo_server/faults.rs"]
mod faults;
#[path = "dojo_server/play.rs"]
mod play;
#[path = "dojo_server/races.rs"]
mod races;
#[path = "dojo_server/storage.rs"]
mod storage;

use dojo::{Dojo, Options, Role, User, Version};
use serde_json::Value;

fn holds(dojo: &Dojo, sequence: &str) {
    let differences = play::play(dojo, sequence);
    assert!(
        differences.is_empty(),
        "{} differences from the recording:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

fn fresh() -> Dojo {
    Dojo::start(Options::default())
}

#[test]
fn reimports_go_as_recorded() {
    holds(&fresh(), "reimport");
}

#[test]
fn imports_and_transport_go_as_recorded() {
    holds(&fresh(), "import");
}

#[test]
fn refusals_are_worded_as_recorded() {
    let dojo = Dojo::start(Options {
        allowed_hosts: vec!["127.0.0.1".into()],
        ..Options::default()
    });
    holds(&dojo, "errors");
}

#[test]
fn reports_of_every_format_are_counted_as_recorded() {
    holds(&fresh(), "formats");
}

/// Where the server's hash of a finding is documented and made here too.
const HASHED: [&str; 4] = [
    "Semgrep JSON Report",
    "Trivy Scan",
    "Gitleaks Scan",
    "Dependency Check Scan",
];

#[test]
fn findings_are_identified_as_recorded() {
    let folder = dojo::replay::folder();
    let text = fs_err::read_to_string(folder.join("identities.jsonl")).unwrap();
    for line in text.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let scan_type = recorded["scan_type"].as_str().unwrap();
        let report = recorded["report"].as_str().unwrap();
        let bytes = fs_err::read(folder.join("reports").join(report)).unwrap();
        let reading = dojo::reports::read(scan_type, report, &bytes).unwrap();
        for finding in recorded["findings"].as_array().unwrap() {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            let same = reading.items.iter().find(|item| {
                // Titles are re-cased there.
                item.title.to_lowercase() == text("title").to_lowercase()
                    && item.line == finding["line"].as_u64()
                    && item.file_path.as_deref().unwrap_or_default() == text("file_path")
            });
            let same = same.unwrap_or_else(|| panic!("{report}: {finding}: {:?}", reading.items));
            assert_eq!(same.severity.name(), text("severity"), "{finding}");
            assert_eq!(same.verified, finding["verified"], "{finding}");
            assert_eq!(same.is_mitigated, finding["is_mitigated"], "{finding}");
            let of_text = |value: &Option<String>| value.clone().unwrap_or_default();
            assert_eq!(of_text(&same.component_name), text("component_name"));
            assert_eq!(of_text(&same.component_version), text("component_version"));
            assert_eq!(of_text(&same.unique_id), text("unique_id_from_tool"));
            let is_vulnerability = scan_type != "Trivy Scan" || same.component_name.is_some();
            let has_cwe = scan_type == "ZAP Scan" && finding["cwe"] != 0;
            if HASHED.contains(&scan_type) && is_vulnerability || has_cwe {
                assert_eq!(same.hash(None), text("hash_code"), "{finding}");
            }
        }
    }
}

#[test]
fn the_history_of_imports_reads_as_recorded() {
    holds(&fresh(), "history");
}

#[test]
fn marks_on_findings_survive_as_recorded() {
    holds(&fresh(), "marks");
}

#[test]
fn rights_of_version_3_are_as_recorded() {
    let dojo = fresh();
    dojo.edit(|state| {
        for (id, name) in (2..).zip(["nobody", "member", "ptmember", "staff", "inactive"]) {
            state.users.push(User {
                staff: name == "staff",
                active: name != "inactive",
                ..User::new(id, &format!("lab-{name}"), &format!("token-of-{name}"))
            });
        }
    });
    holds(&dojo, "rights");
}

#[test]
fn version_2_goes_as_recorded() {
    let dojo = Dojo::start(Options {
        version: Version::V2,
        ..Options::default()
    });
    holds(&dojo, "v258");
}

#[test]
fn roles_of_version_2_are_as_recorded() {
    let dojo = Dojo::start(Options {
        version: Version::V2,
        ..Options::default()
    });
    dojo.edit(|state| {
        let product = state.create_product("Priv PT", "priv-prod");
        let roles = [
            ("reader", Role::Reader),
            ("api-importer", Role::ApiImporter),
            ("writer", Role::Writer),
            ("maintainer", Role::Maintainer),
            ("owner", Role::Owner),
        ];
        let mut id = 1;
        for scope in ["product-type", "product"] {
            for (name, role) in roles {
                id += 1;
                let name = format!("u-{scope}-{name}");
                state
                    .users
                    .push(User::new(id, &name, &format!("token-of-{name}")));
                let found = state.products.iter_mut().find(|found| found.id == product);
                if scope == "product" {
                    found.unwrap().roles.push((id, role));
                } else {
                    let kind = found.unwrap().product_type;
                    let mut kinds = state.product_types.iter_mut();
                    let kind = kinds.find(|found| found.id == kind);
                    kind.unwrap().roles.push((id, role));
                }
            }
        }
    });
    holds(&dojo, "v258-roles");
}
