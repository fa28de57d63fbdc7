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
