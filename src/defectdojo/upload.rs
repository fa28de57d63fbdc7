//! What can be said of a report when it is uploaded.

use jiff::civil::Date;

/// How a report is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Into the test of that title, where there is one.
    Reimport,
    /// As a new test, always.
    Import,
}

/// All that is said of a report. What is empty or `None` is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are DefectDojo's, and independent"
)]
pub struct Upload {
    /// How it is filed.
    pub method: Method,
    /// DefectDojo's name of the format, exactly.
    pub scan_type: String,
    /// Needed for a product that there is not yet.
    pub product_type: Option<String>,
    /// The product.
    pub product: Option<String>,
    /// The engagement.
    pub engagement: Option<String>,
    /// With the scan type, what names the test in its engagement.
    pub test_title: Option<String>,
    /// The test to reimport into, in place of names.
    pub test: Option<u64>,
    /// The engagement to import into, in place of names.
    pub engagement_id: Option<u64>,
    /// Create what there is not yet.
    pub auto_create_context: bool,
    /// Close the test's findings that the report lacks.
    pub close_old_findings: bool,
    /// Import only: also those of other engagements of the product.
    pub close_old_findings_product_scope: bool,
    /// Leave closed findings closed that the report has again.
    pub do_not_reactivate: bool,
    /// Findings below are dropped, and stored ones closed. `Info` keeps all.
    pub minimum_severity: String,
    /// Version of what was scanned.
    pub version: String,
    /// Branch or tag that was scanned.
    pub branch_tag: String,
    /// Commit that was scanned.
    pub commit_hash: String,
    /// This upload's key, by which it is found again ([`super::Client::imports`]).
    pub build_id: String,
    /// Where it was scanned, such as `Staging`.
    pub environment: String,
    /// What the findings belong to. Part of their identity.
    pub service: String,
    /// Tags of the test.
    pub tags: Vec<String>,
    /// Put the tags on the findings too.
    pub apply_tags_to_findings: bool,
    /// Put the tags on the endpoints too.
    pub apply_tags_to_endpoints: bool,
    /// The day of the scan.
    pub scan_date: Option<Date>,
    /// The last day of an engagement that is created.
    pub engagement_end_date: Option<Date>,
    /// Where the source is, for an engagement that is created.
    pub source_code_management_uri: String,
    /// Compare findings only within an engagement that is created.
    pub deduplication_on_engagement: bool,
    /// Open issues in JIRA.
    pub push_to_jira: bool,
    /// Group new findings by this.
    pub group_by: String,
}

impl Upload {
    /// A reimport that creates nothing, closes nothing and says nothing but its
    /// scan type and key.
    pub fn new(scan_type: impl Into<String>, build_id: impl Into<String>) -> Self {
        Self {
            method: Method::Reimport,
            scan_type: scan_type.into(),
            product_type: None,
            product: None,
            engagement: None,
            test_title: None,
            test: None,
            engagement_id: None,
            auto_create_context: false,
            close_old_findings: false,
            close_old_findings_product_scope: false,
            do_not_reactivate: false,
            minimum_severity: "Info".to_owned(),
            version: String::new(),
            branch_tag: String::new(),
            commit_hash: String::new(),
            build_id: build_id.into(),
            environment: String::new(),
            service: String::new(),
            tags: Vec::new(),
            apply_tags_to_findings: false,
            apply_tags_to_endpoints: false,
            scan_date: None,
            engagement_end_date: None,
            source_code_management_uri: String::new(),
            deduplication_on_engagement: false,
            push_to_jira: false,
            group_by: String::new(),
        }
    }
}
