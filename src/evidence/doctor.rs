//! What of a server works for the uploads that are planned, asked without any.

use std::time::Duration;

use jiff::Timestamp;

use crate::convert;
use crate::defectdojo::{Client, Failure, Profile};
use crate::parser::{PARSERS, Parser};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Works,
    /// It may not matter, and is to be known.
    Beware,
    /// Uploads will fail.
    Fails,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub standing: Standing,
    /// What was seen, and what to do.
    pub text: String,
}

/// How far the clocks may be apart. Scan dates are days, and one to come is refused.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Asks the server about what uploads into `products` need. Each product comes with
/// its type, where one is said.
pub fn examine(
    client: &Client,
    products: &[(String, Option<String>)],
    now: fn() -> Timestamp,
) -> Vec<Check> {
    let profile = match client.profile() {
        Ok(profile) => profile,
        // Nothing else can be known.
        Err(failure) => return vec![failed("the server", &failure)],
    };
    let mut checks = vec![
        works("the server is reached, and speaks DefectDojo's API".to_owned()),
        works(format!(
            "the token is that of the user {}",
            profile.user_name
        )),
        clock(&profile, now()),
        version(client),
        scan_types(client),
    ];
    checks.extend(
        products
            .iter()
            .map(|(name, kind)| product(client, &profile, name, kind.as_deref())),
    );
    checks.push(beware(
        "whether uploads are permitted, and how large and slow they may be, only an upload shows; what a proxy lets through is its administrator's to say: 100 MB, and 1800 s without an answer".to_owned(),
    ));
    checks
}

fn clock(profile: &Profile, now: Timestamp) -> Check {
    let Some(server) = profile.server_time else {
        return beware("the server does not say what time it is".to_owned());
    };
    let skew = now.duration_since(server).unsigned_abs();
    match skew <= SKEW {
        true => works(format!("the clocks are {} s apart", skew.as_secs())),
        false => beware(format!(
            "the clocks are {} s apart: set this machine's, or the server's; days of scans that are to come are not sent",
            skew.as_secs()
        )),
    }
}

fn version(client: &Client) -> Check {
    match client.version() {
        Ok(version) => {
            let is_known = version.starts_with("2.") || version.starts_with("3.");
            let text = format!("DefectDojo {version}");
            match is_known {
                true => works(text),
                false => beware(format!("{text}: uploads were tried with 2.58 and 3.2 only")),
            }
        }
        Err(failure) => beware(format!(
            "the version is not told: {failure}; uploads do not need it"
        )),
    }
}

fn scan_types(client: &Client) -> Check {
    let known = match client.test_types() {
        Ok(known) => known,
        Err(failure) => return failed("the scan types", &failure),
    };
    let formats = PARSERS.iter().flat_map(Parser::formats);
    let mut needed: Vec<_> = formats.map(convert::scan_type).collect();
    needed.sort_unstable();
    needed.dedup();
    let is_missing = |name: &&str| !known.iter().any(|known| known == name);
    let missing: Vec<_> = needed.iter().copied().filter(is_missing).collect();
    match missing.is_empty() {
        true => works(format!("the {} scan types are there", needed.len())),
        false => fails(format!(
            "scan types are missing: {}; ask the administrator to activate them (test types)",
            missing.join(", ")
        )),
    }
}

fn product(client: &Client, profile: &Profile, name: &str, kind: Option<&str>) -> Check {
    const ASK: &str = "ask the administrator to create it and to let the token's user upload into it: in 3.x as an authorized user of the product (or of its type, to create products), in 2.x by the role API_Importer";
    match client.products(name) {
        Err(failure) => failed(&format!("the product {name}"), &failure),
        Ok(products) if !products.is_empty() => {
            let may_all = profile.is_superuser || profile.is_staff;
            works(match may_all {
                true => format!(
                    "the product {name} is there; the token's user may do everything, where a right on this product would do"
                ),
                false => format!("the product {name} is there, and the token's user sees it"),
            })
        }
        Ok(_) if profile.is_superuser || profile.is_staff => match kind {
            Some(kind) => works(format!(
                "the product {name} is not there yet; the first upload creates it in {kind}"
            )),
            None => fails(format!(
                "the product {name} is not there, and nothing says in which product type to create it: say `product_type` in `[evidence]`, or create it"
            )),
        },
        Ok(_) => match kind {
            Some(kind) => beware(format!(
                "the product {name} is not there, or the token's user does not see it; the first upload creates it in {kind} if the user may: else {ASK}"
            )),
            None => fails(format!(
                "the product {name} is not there, or the token's user does not see it: {ASK}"
            )),
        },
    }
}

fn failed(what: &str, failure: &Failure) -> Check {
    fails(format!("{what}: {}", super::deliver::told(failure)))
}

fn works(text: String) -> Check {
    Check {
        standing: Standing::Works,
        text,
    }
}

fn beware(text: String) -> Check {
    Check {
        standing: Standing::Beware,
        text,
    }
}

fn fails(text: String) -> Check {
    Check {
        standing: Standing::Fails,
        text,
    }
}
