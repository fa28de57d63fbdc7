//! What the server stores, and questions of tests about it.

use serde_json::Value;

use super::reports::Item;
use super::rights::{Role, User};
use super::{Options, TOKEN, Version};

/// The day it is on this server.
pub(crate) const TODAY: &str = "2026-11-21";

#[derive(Clone, Debug)]
pub(crate) struct ProductType {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Ids of users (3.x).
    pub(crate) authorized: Vec<u64>,
    /// Members with their roles (2.58).
    pub(crate) roles: Vec<(u64, Role)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) product_type: u64,
    pub(crate) authorized: Vec<u64>,
    pub(crate) roles: Vec<(u64, Role)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Engagement {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) product: u64,
    pub(crate) status: String,
    pub(crate) lead: Option<u64>,
    pub(crate) target_start: String,
    pub(crate) target_end: String,
    pub(crate) source_uri: Option<String>,
    pub(crate) deduplication_on_engagement: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) id: u64,
    pub(crate) title: Option<String>,
    /// As it was named in the upload.
    pub(crate) scan_type: String,
    /// As the report named it, where it does (SARIF, Generic); else the same.
    pub(crate) test_type: String,
    pub(crate) engagement: u64,
    /// 50 while the first upload runs or when it failed in the parser.
    pub(crate) percent_complete: u64,
    pub(crate) environment: u64,
    pub(crate) version: String,
    pub(crate) branch_tag: String,
    pub(crate) commit_hash: String,
    pub(crate) build_id: String,
    pub(crate) tags: Vec<String>,
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "as the API has them")]
pub(crate) struct Finding {
    pub(crate) id: u64,
    pub(crate) test: u64,
    pub(crate) item: Item,
    pub(crate) hash: String,
    pub(crate) service: Option<String>,
    pub(crate) date: String,
    pub(crate) tags: Vec<String>,
    pub(crate) active: bool,
    pub(crate) verified: bool,
    pub(crate) false_p: bool,
    pub(crate) out_of_scope: bool,
    pub(crate) risk_accepted: bool,
    pub(crate) is_mitigated: bool,
}

/// What an upload did to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    New,
    Closed,
    Reactivated,
    Untouched,
}

impl Action {
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::New => "N",
            Self::Closed => "C",
            Self::Reactivated => "R",
            Self::Untouched => "U",
        }
    }
}

/// A row of `test_imports/`: an upload that was completed.
#[derive(Clone, Debug)]
pub(crate) struct TestImport {
    pub(crate) id: u64,
    pub(crate) test: u64,
    /// `import` (also the first reimport of a test) or `reimport`.
    pub(crate) kind: &'static str,
    pub(crate) version: String,
    pub(crate) branch_tag: String,
    pub(crate) commit_hash: String,
    pub(crate) build_id: String,
    pub(crate) settings: Value,
    pub(crate) actions: Vec<(Action, u64)>,
}

/// A file attached to an engagement.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) id: u64,
    pub(crate) engagement: u64,
    pub(crate) title: String,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct RiskAcceptance {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) owner: u64,
    pub(crate) findings: Vec<u64>,
    /// The request, for the fields that are only stored.
    pub(crate) given: Value,
}

/// An upload that reached the application, whatever became of it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// In the order sent; without the file.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file_name: Option<String>,
    pub(crate) file: Vec<u8>,
    /// Of the file, lower-case hex.
    pub(crate) sha256: String,
    pub(crate) status: u16,
    /// The test it went to, where it was accepted.
    pub(crate) test: Option<u64>,
}

impl Upload {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = |(field, _): &&(String, String)| field == name;
        self.fields
            .iter()
            .rev()
            .find(found)
            .map(|(_, text)| &**text)
    }
}

/// All that is stored.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) version: Version,
    pub(crate) users: Vec<User>,
    pub(crate) product_types: Vec<ProductType>,
    pub(crate) products: Vec<Product>,
    pub(crate) engagements: Vec<Engagement>,
    pub(crate) tests: Vec<Test>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) test_imports: Vec<TestImport>,
    pub(crate) files: Vec<File>,
    pub(crate) acceptances: Vec<RiskAcceptance>,
    pub(crate) environments: Vec<(u64, String)>,
    /// Names in the order of their ids, from 1.
    pub(crate) test_types: Vec<String>,
    pub(crate) uploads: Vec<Upload>,
    /// The next id; one count for all kinds, so that no id fits two things.
    next: u64,
}

/// The names of the scan types of 3.2.0.
static SCAN_TYPES: &str = include_str!("../../fixtures/defectdojo/sequences/scan_types.json");

impl State {
    pub(crate) fn fresh(options: &Options) -> Self {
        let scan_types: Vec<String> = serde_json::from_str(SCAN_TYPES).expect("a list of names");
        let environments = [
            "Development",
            "Staging",
            "Production",
            "Test",
            "Pre-prod",
            "Lab",
            "Default",
        ];
        Self {
            version: options.version,
            users: vec![User {
                staff: true,
                superuser: true,
                ..User::new(1, "admin", TOKEN)
            }],
            product_types: vec![ProductType {
                id: 1,
                name: "Research and Development".into(),
                authorized: Vec::new(),
                roles: match options.version {
                    Version::V2 => vec![(1, Role::Owner)],
                    Version::V3 => Vec::new(),
                },
            }],
            products: Vec::new(),
            engagements: Vec::new(),
            tests: Vec::new(),
            findings: Vec::new(),
            test_imports: Vec::new(),
            files: Vec::new(),
            acceptances: Vec::new(),
            environments: (1..).zip(environments.map(str::to_owned)).collect(),
            test_types: scan_types
                .into_iter()
                .filter(|name| !options.deactivated.contains(name))
                .collect(),
            uploads: Vec::new(),
            next: 1000,
        }
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn product(&self, name: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.name == name)
    }

    pub(crate) fn product_type(&self, name: &str) -> Option<&ProductType> {
        self.product_types.iter().find(|kind| kind.name == name)
    }

    /// The engagements of this name; uploads go to the last one.
    pub(crate) fn engagements(&self, product: &str, name: &str) -> Vec<&Engagement> {
        let Some(product) = self.product(product) else {
            return Vec::new();
        };
        self.engagements
            .iter()
            .filter(|engagement| engagement.product == product.id && engagement.name == name)
            .collect()
    }

    /// The tests of this title, however many there are.
    pub(crate) fn tests(&self, product: &str, engagement: &str, title: &str) -> Vec<&Test> {
        let engagements = self.engagements(product, engagement);
        let ids: Vec<_> = engagements.iter().map(|engagement| engagement.id).collect();
        self.tests
            .iter()
            .filter(|test| ids.contains(&test.engagement))
            .filter(|test| test.title.as_deref() == Some(title))
            .collect()
    }

    /// The one test of this title; panics where there is none or more than one.
    pub(crate) fn only_test(&self, product: &str, engagement: &str, title: &str) -> Test {
        let tests = self.tests(product, engagement, title);
        assert_eq!(tests.len(), 1, "tests titled {title:?}: {tests:?}");
        tests[0].clone()
    }

    pub(crate) fn findings_of(&self, test: u64) -> Vec<&Finding> {
        let of = |finding: &&Finding| finding.test == test;
        self.findings.iter().filter(of).collect()
    }

    /// How many findings of a test are active.
    pub(crate) fn active(&self, test: u64) -> usize {
        let findings = self.findings_of(test);
        findings.iter().filter(|finding| finding.active).count()
    }

    /// How many findings of a test are closed.
    pub(crate) fn closed(&self, test: u64) -> usize {
        let findings = self.findings_of(test);
        findings
            .iter()
            .filter(|finding| finding.is_mitigated)
            .count()
    }

    /// The completed uploads of a test, oldest first.
    pub(crate) fn imports(&self, test: u64) -> Vec<&TestImport> {
        let of = |import: &&TestImport| import.test == test;
        self.test_imports.iter().filter(of).collect()
    }

    /// The files attached to an engagement.
    pub(crate) fn files_of(&self, engagement: u64) -> Vec<&File> {
        let of = |file: &&File| file.engagement == engagement;
        self.files.iter().filter(of).collect()
    }

    pub(crate) fn test_by_id(&self, id: u64) -> Option<&Test> {
        self.tests.iter().find(|test| test.id == id)
    }

    pub(crate) fn test_mut(&mut self, id: u64) -> Option<&mut Test> {
        self.tests.iter_mut().find(|test| test.id == id)
    }

    pub(crate) fn engagement_by_id(&self, id: u64) -> Option<&Engagement> {
        self.engagements
            .iter()
            .find(|engagement| engagement.id == id)
    }

    pub(crate) fn product_by_id(&self, id: u64) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    pub(crate) fn product_type_by_id(&self, id: u64) -> Option<&ProductType> {
        self.product_types.iter().find(|kind| kind.id == id)
    }

    /// The product a test is of.
    pub(crate) fn product_of_test(&self, test: u64) -> Option<&Product> {
        let test = self.test_by_id(test)?;
        self.product_by_id(self.engagement_by_id(test.engagement)?.product)
    }

    /// A product, made as by an administrator; gives its id.
    pub(crate) fn create_product(&mut self, product_type: &str, name: &str) -> u64 {
        let product_type = match self.product_type(product_type) {
            Some(found) => found.id,
            None => self.create_product_type(product_type),
        };
        let id = self.new_id();
        let roles = self.founder();
        self.products.push(Product {
            id,
            name: name.to_owned(),
            description: name.to_owned(),
            product_type,
            authorized: Vec::new(),
            roles,
        });
        id
    }

    pub(crate) fn create_product_type(&mut self, name: &str) -> u64 {
        let id = self.new_id();
        let roles = self.founder();
        self.product_types.push(ProductType {
            id,
            name: name.to_owned(),
            authorized: Vec::new(),
            roles,
        });
        id
    }

    /// In 2.58 the administrator, who created it, is its owner.
    fn founder(&self) -> Vec<(u64, Role)> {
        match self.version {
            Version::V2 => vec![(1, Role::Owner)],
            Version::V3 => Vec::new(),
        }
    }

    /// An engagement as uploads create it; gives its id.
    pub(crate) fn create_engagement(&mut self, product: u64, name: &str) -> u64 {
        let id = self.new_id();
        self.engagements.push(Engagement {
            id,
            name: name.to_owned(),
            product,
            status: "In Progress".into(),
            lead: None,
            target_start: TODAY.into(),
            target_end: "2027-11-21".into(),
            source_uri: None,
            deduplication_on_engagement: false,
        });
        id
    }
}
