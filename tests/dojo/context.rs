//! What an upload is for: the step before anything of it is checked or stored.

use super::form::Form;
use super::rights::{self, Right, User, denied};
use super::state::{State, Test};
use super::upload::Kind;
use super::words::{Refused, listed, no_permission};

/// What there is of what an upload names, when it looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) product_type: Option<u64>,
    pub(crate) product: Option<u64>,
    pub(crate) engagement: Option<u64>,
    pub(crate) test: Option<u64>,
}

/// How names are read: the step of rights takes them as they are, the later one
/// cuts the blanks around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    AsSent,
    Trimmed,
}

impl Context {
    pub(crate) fn look(state: &State, form: &Form, kind: Kind, names: Names) -> Refused<Self> {
        let name = |field| match names {
            Names::AsSent => form.raw(field),
            Names::Trimmed => form.text(field),
        };
        let mut found = Self::by_id(state, form, kind)?;
        if let Some(product_type) = name("product_type_name") {
            found.product_type = state.product_type(product_type).map(|kind| kind.id);
        }
        if found.engagement.is_some() {
            found.agrees(state, form)?;
            return Ok(found);
        }
        let product = name("product_name").and_then(|name| state.product(name));
        if let Some(product) = product {
            let existing = state.product_type_by_id(product.product_type);
            let existing = existing.map_or("", |kind| kind.name.as_str());
            if let Some(supplied) = name("product_type_name").filter(|given| *given != existing) {
                return Err(listed(&format!(
                    "The fetched product has a conflict with the supplied product type name: \
                     existing product type name - {existing} vs supplied product type name - {supplied}"
                )));
            }
            found.product = Some(product.id);
            found.product_type = Some(product.product_type);
            let engagement = name("engagement_name");
            let engagements = engagement.map(|name| state.engagements(&product.name, name));
            found.engagement = engagements
                .and_then(|engagements| engagements.last().map(|engagement| engagement.id));
        }
        if kind == Kind::Reimport {
            found.test = found.engagement.and_then(|engagement| {
                let title = name("test_title");
                latest_test(state, engagement, name("scan_type")?, title).map(|test| test.id)
            });
        }
        Ok(found)
    }

    /// What is named by `test` (reimport) or `engagement` (import).
    fn by_id(state: &State, form: &Form, kind: Kind) -> Refused<Self> {
        let field = match kind {
            Kind::Reimport => "test",
            Kind::Import => "engagement",
        };
        let Some(given) = form.raw(field) else {
            return Ok(Self::default());
        };
        let Ok(id) = given.parse::<u64>() else {
            return Err(listed(&format!("{field} must be an integer")));
        };
        let unknown = || {
            let mut letters = field.chars();
            let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
            let field: String = capital.into_iter().chain(letters).collect();
            listed(&format!("{field} \"{id}\" does not exist"))
        };
        let (test, engagement) = match kind {
            Kind::Reimport => {
                let test = state.test_by_id(id).ok_or_else(unknown)?;
                (Some(test.id), test.engagement)
            }
            Kind::Import => (None, id),
        };
        let engagement = state.engagement_by_id(engagement).ok_or_else(unknown)?;
        let product = state
            .product_by_id(engagement.product)
            .ok_or_else(unknown)?;
        Ok(Self {
            product_type: Some(product.product_type),
            product: Some(product.id),
            engagement: Some(engagement.id),
            test,
        })
    }

    /// Names given besides an id must agree with it.
    fn agrees(&self, state: &State, form: &Form) -> Refused<()> {
        let wrong = |what: &str| {
            listed(&format!(
                "The provided identifiers are inconsistent — {what}."
            ))
        };
        let product = self.product.and_then(|id| state.product_by_id(id));
        let differs =
            |field, name: Option<&str>| form.raw(field).is_some_and(|given| name != Some(given));
        if self.test.is_some() && differs("product_name", product.map(|product| &*product.name)) {
            return Err(wrong("the test does not belong to the specified product"));
        }
        let engagement = self.engagement.and_then(|id| state.engagement_by_id(id));
        let name = engagement.map(|engagement| &*engagement.name);
        if differs("engagement_name", name) {
            let what = if self.test.is_some() {
                "the test does not belong to the specified engagement"
            } else {
                "the engagement name does not match the specified engagement"
            };
            return Err(wrong(what));
        }
        Ok(())
    }

    /// Whether the user may upload there, or create what is missing.
    pub(crate) fn permit(&self, state: &State, form: &Form, user: &User) -> Refused<()> {
        let product = self.product.and_then(|id| state.product_by_id(id));
        let may = |right| {
            product.is_some_and(|product| rights::may_with_product(state, user, right, product))
        };
        let allowed = |may: bool| if may { Ok(()) } else { Err(no_permission()) };
        if self.test.is_some() {
            return allowed(may(Right::Import));
        }
        let Some(product_name) = form
            .raw("product_name")
            .or(product.map(|found| &*found.name))
        else {
            return Err(listed("product_name parameter missing"));
        };
        if form.raw("engagement_name").is_none() && self.engagement.is_none() {
            return Err(listed("engagement_name parameter missing"));
        }
        let by_id = self.engagement.is_some() && form.raw("engagement_name").is_none();
        // The raw text counts: "False" is as good as "true" here.
        if form.raw("auto_create_context").is_none() && !by_id {
            self.all_there(form)?;
        }
        if self.engagement.is_some() {
            return allowed(may(Right::Import));
        }
        if product.is_some() {
            if !may(Right::Import) {
                return Err(denied(&format!(
                    "No permission to create engagements in product \"{product_name}\""
                )));
            }
            return Ok(());
        }
        let Some(type_name) = form.raw("product_type_name") else {
            return Err(listed(&format!(
                "Product \"{product_name}\" does not exist and no product_type_name provided to \
                 create the new product in"
            )));
        };
        match self
            .product_type
            .and_then(|id| state.product_type_by_id(id))
        {
            None if !rights::may_create_types(state, user) => Err(denied(&format!(
                "No permission to create product_type \"{type_name}\""
            ))),
            Some(kind) if !rights::may(state, user, Right::AddProduct, kind, None) => Err(denied(
                &format!("No permission to create products in product_type \"{type_name}\""),
            )),
            _ => Ok(()),
        }
    }

    /// Without `auto_create_context` everything must exist.
    fn all_there(&self, form: &Form) -> Refused<()> {
        let name = |field| form.raw(field).unwrap_or_default();
        let product = name("product_name");
        if self.product.is_none() {
            let text = match form.raw("product_type_name") {
                Some(kind) if self.product_type.is_none() => {
                    format!("Product Type \"{kind}\" does not exist")
                }
                Some(kind) => {
                    format!("Product \"{product}\" does not exist in Product_Type \"{kind}\"")
                }
                None => format!("Product \"{product}\" does not exist"),
            };
            return Err(listed(&text));
        }
        let engagement = name("engagement_name");
        if self.engagement.is_none() {
            return Err(listed(&format!(
                "Engagement \"{engagement}\" does not exist in Product \"{product}\""
            )));
        }
        let scan_type = name("scan_type");
        let test = match form.raw("test_title") {
            Some(title) => format!("Test \"{title}\" with scan_type \"{scan_type}\""),
            None => format!("Test with scan_type \"{scan_type}\""),
        };
        Err(listed(&format!(
            "{test} does not exist in Engagement \"{engagement}\""
        )))
    }
}

/// The test a reimport goes to: the latest of the scan type, and of the title if
/// one is given.
fn latest_test<'a>(
    state: &'a State,
    engagement: u64,
    scan_type: &str,
    title: Option<&str>,
) -> Option<&'a Test> {
    state.tests.iter().rev().find(|test| {
        test.engagement == engagement
            && test.scan_type == scan_type
            && title.is_none_or(|title| test.title.as_deref() == Some(title))
    })
}
