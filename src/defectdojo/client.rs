//! The calls.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::body::{Body, Payload};
use super::broken::unsendable;
use super::failure::{Failure, Outcome, Reason};
use super::fields::Fields;
use super::rows::{
    Attached, Engagement, Import, Named, PAGE, Page, Product, Profile, RawFiles, RawFinding,
    RawProfile, SchemaVersion, Test,
};
use super::transport::{Settings, SetupError, Transport, answer_timeout};
use super::upload::Method;

/// The pages of a list that are read before it counts as endless.
const MOST_PAGES: usize = 40;

/// A DefectDojo, as one token sees it. It can be shared between threads.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// Prepares calls; makes none.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        Ok(Self {
            transport: Transport::new(settings)?,
        })
    }

    /// Uploads a report, and waits for DefectDojo to be done with it: see
    /// [`answer_timeout`]; `total` bounds all of it. `progress` is told the bytes
    /// sent, of the file and what is around it.
    ///
    /// Never two at once into one test: DefectDojo would multiply findings.
    pub fn upload(
        &self,
        fields: &Fields,
        file: &Payload,
        total: Option<Duration>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Answer, Failure> {
        let mut body = Body::open(file, fields.iter(), progress).map_err(|e| unsendable(&e))?;
        let path = match fields.method() {
            Method::Reimport => "reimport-scan",
            Method::Import => "import-scan",
        };
        let answer = answer_timeout(file.bytes);
        self.transport.post(path, &mut body, answer, total)
    }

    /// The finished uploads into `test` with the key `build_id`.
    pub fn imports(&self, test: u64, build_id: &str) -> Result<Vec<Import>, Failure> {
        let id = test.to_string();
        let query = [("test", id.as_str()), ("build_id", build_id)];
        let mut imports: Vec<Import> = self.list("test_imports", &query)?;
        imports.retain(|row| row.test == test && row.build_id.as_deref() == Some(build_id));
        Ok(imports)
    }

    /// The tests of an engagement with that title and scan type, oldest first.
    /// Uploads go into the last.
    pub fn tests(
        &self,
        engagement: u64,
        title: &str,
        scan_type: &str,
    ) -> Result<Vec<Test>, Failure> {
        let id = engagement.to_string();
        let query = [
            ("engagement", id.as_str()),
            ("title", title),
            ("scan_type", scan_type),
        ];
        let mut tests: Vec<Test> = self.list("tests", &query)?;
        tests.retain(|row| {
            row.engagement == engagement
                && row.title.as_deref() == Some(title)
                && row.scan_type.as_deref() == Some(scan_type)
        });
        tests.sort_by_key(|row| row.id);
        Ok(tests)
    }

    /// A test.
    pub fn test(&self, id: u64) -> Result<Test, Failure> {
        let test: Test = self.get(&format!("tests/{id}"), &[])?;
        Self::check(test.id == id).map(|()| test)
    }

    /// The engagements of a product with that name, oldest first. Uploads go into
    /// the last.
    pub fn engagements(&self, product: u64, name: &str) -> Result<Vec<Engagement>, Failure> {
        let id = product.to_string();
        let query = [("product", id.as_str()), ("name", name)];
        let mut engagements: Vec<Engagement> = self.list("engagements", &query)?;
        engagements.retain(|row| row.product == product && row.name.as_deref() == Some(name));
        engagements.sort_by_key(|row| row.id);
        Ok(engagements)
    }

    /// An engagement.
    pub fn engagement(&self, id: u64) -> Result<Engagement, Failure> {
        let engagement: Engagement = self.get(&format!("engagements/{id}"), &[])?;
        Self::check(engagement.id == id).map(|()| engagement)
    }

    /// The products of exactly that name; DefectDojo itself does not look at its
    /// case when it searches, and does when it uploads.
    pub fn products(&self, name: &str) -> Result<Vec<Product>, Failure> {
        let mut products: Vec<Product> = self.list("products", &[("name_exact", name)])?;
        products.retain(|row| row.name == name);
        Ok(products)
    }

    /// The product types of that name. A token with rights on a product alone sees
    /// none.
    pub fn product_types(&self, name: &str) -> Result<Vec<Named>, Failure> {
        let mut types: Vec<Named> = self.list("product_types", &[("name", name)])?;
        types.retain(|row| row.name == name);
        Ok(types)
    }

    /// How many open findings a test has, which an upload with `close_old_findings`
    /// can close; perhaps more than there are, where the server does not know a
    /// filter and ignores it, and never fewer.
    pub fn active_findings(&self, test: u64) -> Result<u64, Failure> {
        let id = test.to_string();
        let query = [("test", id.as_str()), ("active", "true"), ("limit", "1")];
        let page: Page<RawFinding> = self.get("findings", &query)?;
        let is_asked_for = |row: &RawFinding| row.test == test && row.active;
        Self::check(page.results.iter().all(is_asked_for))?;
        Self::check(page.results.is_empty() == (page.count == 0))?;
        Ok(page.count)
    }

    /// Attaches a file to an engagement, and returns its number. Its title (at most
    /// 100 characters) must be new to the whole installation; of formats of text,
    /// names may end in `.txt`, `.json`, `.xml` and `.csv`, not in `.md`.
    pub fn attach(
        &self,
        engagement: u64,
        title: &str,
        file: &Payload,
        total: Option<Duration>,
    ) -> Result<Attached, Failure> {
        let mut progress = |_| ();
        let fields = [("title", title)];
        let mut body = Body::open(file, fields.into_iter(), &mut progress)
            .map_err(|error| unsendable(&error))?;
        let path = format!("engagements/{engagement}/files");
        let answer = answer_timeout(file.bytes);
        self.transport.post(&path, &mut body, answer, total)
    }

    /// The files that are attached to an engagement.
    pub fn attached(&self, engagement: u64) -> Result<Vec<Attached>, Failure> {
        let files: RawFiles = self.get(&format!("engagements/{engagement}/files"), &[])?;
        Ok(files.files)
    }

    /// Who the token belongs to. The cheapest call that shows that it is known.
    pub fn profile(&self) -> Result<Profile, Failure> {
        let (raw, server_time) = self.transport.get::<RawProfile>("user_profile", &[])?;
        Ok(Profile {
            user_name: raw.user.username,
            is_superuser: raw.user.is_superuser,
            is_staff: raw.user.is_staff,
            server_time,
        })
    }

    /// DefectDojo's version.
    pub fn version(&self) -> Result<String, Failure> {
        let SchemaVersion(version) = self.get("oa3/schema", &[("format", "json")])?;
        Ok(version)
    }

    /// The names of the scan types. One that an administrator switched off may be
    /// among them.
    pub fn test_types(&self) -> Result<Vec<String>, Failure> {
        let types: Vec<Named> = self.list("test_types", &[])?;
        Ok(types.into_iter().map(|row| row.name).collect())
    }

    fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.transport.get(path, query).map(|(value, _)| value)
    }

    /// All rows of a list, page by page.
    fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Failure> {
        let limit = PAGE.to_string();
        let mut rows = Vec::new();
        for _ in 0..MOST_PAGES {
            let offset = rows.len().to_string();
            let place = [("limit", limit.as_str()), ("offset", offset.as_str())];
            let page: Page<T> = self.get(path, &[query, &place].concat())?;
            let is_last = page.next.is_none();
            // A page without rows that names a next one would never end.
            Self::check(is_last || !page.results.is_empty())?;
            rows.extend(page.results);
            if is_last {
                Self::check(page.count == rows.len() as u64)?;
                return Ok(rows);
            }
        }
        Self::check(false).map(|()| rows)
    }

    /// Fails unless the answer is to what was asked.
    fn check(is_right: bool) -> Result<(), Failure> {
        match is_right {
            true => Ok(()),
            false => Err(Failure {
                outcome: Outcome::Unknown,
                reason: Reason::Answer,
                status: Some(200),
                sentence: "the server answers something else than it was asked".to_owned(),
                advice: "it may be too old, or change its lists at this moment: try again, and see `security-gate evidence doctor`".to_owned(),
                said: None,
            }),
        }
    }
}
