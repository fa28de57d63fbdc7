//! What DefectDojo answers to a question: rows of its lists, read as they arrive,
//! of which only what is needed is kept.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The rows that are asked for at once. DefectDojo takes some 15 ms for each.
pub(super) const PAGE: usize = 250;

/// The most that is taken of what a server sends at once.
const MOST_ROWS: usize = 1000;

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The number of its type.
    #[serde(default)]
    pub prod_type: Option<u64>,
}

/// A product type, a test type or whatever else has only a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// An engagement. Several of a product may have one name; DefectDojo uploads into
/// the last.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Engagement {
    /// Its number.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The number of its product.
    pub product: u64,
    /// `In Progress`, `Completed` and so on.
    #[serde(default)]
    pub status: Option<String>,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Test {
    /// Its number.
    pub id: u64,
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// The scan type of its uploads.
    #[serde(default)]
    pub scan_type: Option<String>,
    /// The number of its engagement.
    pub engagement: u64,
    /// 50 while its first upload lasts and after one that failed, then 100.
    #[serde(default)]
    pub percent_complete: Option<u64>,
    /// The branch of its last upload.
    #[serde(default)]
    pub branch_tag: Option<String>,
    /// The commit of its last upload.
    #[serde(default)]
    pub commit_hash: Option<String>,
    /// The key of its last upload.
    #[serde(default)]
    pub build_id: Option<String>,
}

/// An upload that was finished.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Import {
    /// Its number.
    pub id: u64,
    /// The test that it went into.
    pub test: u64,
    /// The key that it was given.
    pub build_id: Option<String>,
    /// `import` or `reimport`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// When it was recorded.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// What it did.
    #[serde(default, rename = "test_import_finding_action_set")]
    pub actions: Actions,
}

/// What an upload did, in findings: there is a row for each, tens of thousands for
/// a large report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Actions {
    /// New ones.
    pub created: u64,
    /// Those that the report lacked.
    pub closed: u64,
    /// Closed ones that were back.
    pub reactivated: u64,
    /// Those that were there already.
    pub untouched: u64,
}

/// Who the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user's name.
    pub user_name: String,
    /// Whether all is permitted.
    pub is_superuser: bool,
    /// Whether all products are permitted (3.x).
    pub is_staff: bool,
    /// The server's clock when it answered, to the second.
    pub server_time: Option<Timestamp>,
}

/// A file that is attached to an engagement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attached {
    /// Its number.
    pub id: u64,
    /// Its title, which no other file of the installation has.
    pub title: String,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Page<T> {
    pub(super) count: u64,
    /// Where the rest is. Never followed: the address is made from what the request
    /// said of the host, and the token must not go elsewhere.
    #[serde(default)]
    pub(super) next: Option<String>,
    #[serde(deserialize_with = "bounded")]
    pub(super) results: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct RawProfile {
    pub(super) user: RawUser,
}

#[derive(Deserialize)]
pub(super) struct RawUser {
    pub(super) username: String,
    #[serde(default)]
    pub(super) is_superuser: bool,
    #[serde(default)]
    pub(super) is_staff: bool,
}

#[derive(Deserialize)]
pub(super) struct RawFiles {
    pub(super) files: Vec<Attached>,
}

/// A finding, as far as it shows that the filters were obeyed.
#[derive(Deserialize)]
pub(super) struct RawFinding {
    pub(super) test: u64,
    pub(super) active: bool,
}

/// The version in the API's schema, of whose 800 kB nothing else is kept.
pub(super) struct SchemaVersion(pub(super) String);

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Row {
            action: Action,
        }
        #[derive(Deserialize)]
        enum Action {
            N,
            C,
            R,
            U,
            #[serde(other)]
            Other,
        }
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Actions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of actions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Actions, A::Error> {
                let mut actions = Actions::default();
                while let Some(Row { action }) = rows.next_element()? {
                    match action {
                        Action::N => actions.created += 1,
                        Action::C => actions.closed += 1,
                        Action::R => actions.reactivated += 1,
                        Action::U => actions.untouched += 1,
                        Action::Other => {}
                    }
                }
                Ok(actions)
            }
        }
        deserializer.deserialize_seq(Rows)
    }
}

impl<'de> Deserialize<'de> for SchemaVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Info {
            version: String,
        }
        struct Schema;
        impl<'de> Visitor<'de> for Schema {
            type Value = SchemaVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an OpenAPI schema")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SchemaVersion, A::Error> {
                let mut version = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "info" {
                        version = Some(map.next_value::<Info>()?.version);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                version
                    .map(SchemaVersion)
                    .ok_or_else(|| Error::missing_field("info"))
            }
        }
        deserializer.deserialize_map(Schema)
    }
}

/// Not many more rows than were asked for, whatever the server sends.
fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Rows<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<T>, A::Error> {
            let mut kept = Vec::new();
            while let Some(row) = rows.next_element()? {
                if kept.len() == MOST_ROWS {
                    return Err(Error::custom("it has far more rows than were asked for"));
                }
                kept.push(row);
            }
            Ok(kept)
        }
    }
    deserializer.deserialize_seq(Rows(PhantomData))
}
