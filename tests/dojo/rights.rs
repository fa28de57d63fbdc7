//! Who may do what.

use serde_json::{Value, json};

use super::Version;
use super::http::Answer;
use super::state::{Product, ProductType, State};
use super::words::{Refused, detail};

/// A user with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) active: bool,
    pub(crate) staff: bool,
    pub(crate) superuser: bool,
}

impl User {
    /// A user without any membership.
    pub(crate) fn new(id: u64, name: &str, token: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            token: token.to_owned(),
            active: true,
            staff: false,
            superuser: false,
        }
    }
}

/// What a member of a product or product type is there (2.58).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Reader,
    ApiImporter,
    Writer,
    Maintainer,
    Owner,
}

impl Role {
    /// Its id in `roles/`.
    fn number(self) -> u64 {
        match self {
            Self::ApiImporter => 1,
            Self::Writer => 2,
            Self::Maintainer => 3,
            Self::Owner => 4,
            Self::Reader => 5,
        }
    }
}

/// Something that needs a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    View,
    /// Upload; create tests and engagements.
    Import,
    /// Edit findings; accept risks.
    Edit,
    /// Create products in a product type.
    AddProduct,
}

pub(crate) fn authenticate(state: &State, header: Option<&str>) -> Refused<User> {
    let words: Vec<_> = header.unwrap_or_default().split_whitespace().collect();
    let token = match words.as_slice() {
        [scheme, rest @ ..] if scheme.eq_ignore_ascii_case("token") => rest,
        _ => return Err(detail(403, "Authentication credentials were not provided.")),
    };
    let token = match token {
        [token] => *token,
        [] => {
            let text = "Invalid token header. No credentials provided.";
            return Err(detail(403, text));
        }
        _ => {
            let text = "Invalid token header. Token string should not contain spaces.";
            return Err(detail(403, text));
        }
    };
    let user = state.users.iter().find(|user| user.token == token);
    match user {
        None => Err(detail(403, "Invalid token.")),
        Some(user) if !user.active => Err(detail(403, "User inactive or deleted.")),
        Some(user) => Ok(user.clone()),
    }
}

/// Whether a user may do something to a product, or to products of a type.
pub(crate) fn may(
    state: &State,
    user: &User,
    right: Right,
    product_type: &ProductType,
    product: Option<&Product>,
) -> bool {
    if user.superuser || state.version == Version::V3 && user.staff {
        return true;
    }
    match state.version {
        Version::V3 => {
            product_type.authorized.contains(&user.id)
                || product.is_some_and(|product| product.authorized.contains(&user.id))
        }
        Version::V2 => {
            let roles = product.into_iter().flat_map(|product| &product.roles);
            let role = roles
                .chain(&product_type.roles)
                .filter(|(member, _)| *member == user.id)
                .map(|(_, role)| *role)
                .max();
            role.is_some_and(|role| match right {
                Right::View => true,
                Right::Import => role >= Role::ApiImporter,
                Right::Edit => role >= Role::Writer,
                Right::AddProduct => role >= Role::Maintainer,
            })
        }
    }
}

pub(crate) fn may_with_product(
    state: &State,
    user: &User,
    right: Right,
    product: &Product,
) -> bool {
    let product_type = state.product_type_by_id(product.product_type);
    product_type.is_some_and(|kind| may(state, user, right, kind, Some(product)))
}

/// Whether a user may create product types.
pub(crate) fn may_create_types(state: &State, user: &User) -> bool {
    user.superuser || state.version == Version::V3 && user.staff
}

/// The refusal of what a user has no right to.
pub(crate) fn denied(text: &str) -> Answer {
    detail(403, text)
}

/// The answer of `user_profile/`.
pub(crate) fn profile(state: &State, user: &User) -> Value {
    let mut account = json!({
        "id": user.id,
        "username": user.name,
        "email": format!("{}@example.invalid", user.name),
        "last_login": null,
        "is_active": user.active,
        "is_superuser": user.superuser,
        "token_last_reset": null,
        "password_last_reset": null,
        "configuration_permissions": [],
    });
    if state.version == Version::V3 {
        account["is_staff"] = user.staff.into();
        return json!({"user": account, "user_contact_info": null});
    }
    let member = |kind: &str, id: u64, roles: &[(u64, Role)]| {
        let own = roles.iter().find(|(member, _)| *member == user.id)?;
        Some(json!({"id": id, kind: id, "user": user.id, "role": own.1.number()}))
    };
    let product_types = state.product_types.iter();
    let product_types =
        product_types.filter_map(|kind| member("product_type", kind.id, &kind.roles));
    let products = state.products.iter();
    let products = products.filter_map(|product| member("product", product.id, &product.roles));
    json!({
        "user": account,
        "user_contact_info": null,
        "global_role": null,
        "dojo_group_member": [],
        "product_type_member": product_types.collect::<Vec<_>>(),
        "product_member": products.collect::<Vec<_>>(),
    })
}
