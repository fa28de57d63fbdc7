//! Records of the program's own making, read strictly: what is not entirely one
//! proves nothing, and nothing is gone on with from it.

use serde::de::DeserializeOwned;

use super::json::Json;
use super::outline::Outline;
use super::{ParseError, recognize};
use crate::artifact::{Digested, Window};

fn has_schema(outline: &Outline) -> bool {
    outline.has("schema")
}

/// Whether the document has this schema, in whatever version: `NAME/1`, `NAME/2`.
fn is_like(outline: &Outline, schema: &str) -> bool {
    let family = schema.trim_end_matches(|c: char| c.is_ascii_digit());
    outline.has_text("schema", |text| text.starts_with(family))
}

/// Whether a document is a record with this schema, in whatever version.
pub(crate) fn is_record(window: Window, schema: &str) -> bool {
    let (outline, _) = super::look(window, has_schema);
    outline.is_ok_and(|outline| is_like(&outline, schema))
}

/// Reads a record with this schema to its end, and says what the file was. `name`
/// is what it is to be, for an error: `not NAME`.
///
/// # Errors
///
/// When the file is cut off, or of another kind or version.
pub(crate) fn read<T: DeserializeOwned>(
    window: Window,
    schema: &str,
    name: &str,
) -> Result<(T, Digested), ParseError> {
    let (outline, window) = super::look(window, has_schema);
    let outline = outline?;
    if !outline.has_text("schema", |text| text == schema) {
        return Err(ParseError::new(match is_like(&outline, schema) {
            true => format!("of another version: this one reads `{schema}`"),
            false => format!(
                "not {name}: it looks like {}",
                recognize::words_for(&outline)
            ),
        }));
    }
    let mut json = Json::new(window);
    let record = json.value::<T>()?;
    json.finish()?;
    let digested = json.into_window().finish();
    let digested = digested.map_err(|error| ParseError::new(error.to_string()))?;
    Ok((record, digested))
}
