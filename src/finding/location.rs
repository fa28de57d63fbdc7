//! Where a problem is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

/// Where a problem is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schemars(rename = "Location")]
pub enum Location<T> {
    /// A place in a source file.
    Source {
        /// As the scanner wrote it.
        path: T,
        /// 1-based; absent when the scanner points at the whole file.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// 1-based, inclusive.
        #[serde(skip_serializing_if = "Option::is_none")]
        end_line: Option<u32>,
        /// 1-based.
        #[serde(skip_serializing_if = "Option::is_none")]
        column: Option<u32>,
        /// The commit that holds it, where the scanner looked at history.
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<T>,
    },
    /// A software package.
    Package {
        /// The package URL, as the report has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<T>,
        /// The package's name, with its group or scope.
        name: T,
        /// The version in use; absent when the report has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<T>,
        /// The image, lock file or archive in which the package was seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<T>,
        /// The file that holds the package inside the target.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<T>,
    },
    /// An address of a running application.
    Web {
        /// With its query, as the scanner requested it.
        url: T,
        /// The HTTP method.
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<T>,
        /// The parameter, header or cookie in question.
        #[serde(skip_serializing_if = "Option::is_none")]
        parameter: Option<T>,
    },
    /// A configured resource: in an infrastructure file, a cluster, an account.
    Resource {
        /// The file or the object that was checked.
        target: T,
        /// The resource's own name.
        #[serde(skip_serializing_if = "Option::is_none")]
        resource: Option<T>,
        /// 1-based.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// 1-based, inclusive.
        #[serde(skip_serializing_if = "Option::is_none")]
        end_line: Option<u32>,
    },
}

impl<T> Location<T> {
    /// The same place with its texts in another form.
    pub(super) fn map<'t, U>(&'t self, mut to: impl FnMut(&'t T) -> U) -> Location<U> {
        match self {
            Self::Source {
                path,
                line,
                end_line,
                column,
                commit,
            } => Location::Source {
                path: to(path),
                line: *line,
                end_line: *end_line,
                column: *column,
                commit: commit.as_ref().map(to),
            },
            Self::Package {
                purl,
                name,
                version,
                target,
                path,
            } => Location::Package {
                purl: purl.as_ref().map(&mut to),
                name: to(name),
                version: version.as_ref().map(&mut to),
                target: target.as_ref().map(&mut to),
                path: path.as_ref().map(to),
            },
            Self::Web {
                url,
                method,
                parameter,
            } => Location::Web {
                url: to(url),
                method: method.as_ref().map(&mut to),
                parameter: parameter.as_ref().map(to),
            },
            Self::Resource {
                target,
                resource,
                line,
                end_line,
            } => Location::Resource {
                target: to(target),
                resource: resource.as_ref().map(to),
                line: *line,
                end_line: *end_line,
            },
        }
    }
}

impl<T: AsRef<str>> Location<T> {
    /// The same place, borrowed: what one is asked about.
    pub fn borrowed(&self) -> Location<&str> {
        self.map(AsRef::as_ref)
    }
}

impl<'a> Location<Text<'a>> {
    /// A place in a source file; 0 is no line.
    pub fn source(path: impl Into<Text<'a>>, line: Option<u32>) -> Self {
        Self::Source {
            path: path.into(),
            line: line.filter(|&line| line > 0),
            end_line: None,
            column: None,
            commit: None,
        }
    }

    /// All its texts.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text<'a>> {
        let (first, others) = match self {
            Self::Source { path, commit, .. } => (path, [commit.as_mut(), None, None, None]),
            Self::Package {
                purl,
                name,
                version,
                target,
                path,
            } => (name, [purl, version, target, path].map(Option::as_mut)),
            Self::Web {
                url,
                method,
                parameter,
            } => (url, [method.as_mut(), parameter.as_mut(), None, None]),
            Self::Resource {
                target, resource, ..
            } => (target, [resource.as_mut(), None, None, None]),
        };
        std::iter::once(first).chain(others.into_iter().flatten())
    }
}

impl<'a> Location<&'a str> {
    /// What tells it from others at its [site](super::Sites), in the order of
    /// locations.
    pub(super) fn within_site(self) -> impl Ord + use<'a> {
        match self {
            Self::Source {
                line,
                end_line,
                column,
                commit,
                ..
            } => (None, None, line, end_line, column, commit),
            Self::Package { target, path, .. } => (target, path, None, None, None, None),
            Self::Web {
                method, parameter, ..
            } => (method, parameter, None, None, None, None),
            Self::Resource {
                resource,
                line,
                end_line,
                ..
            } => (resource, None, line, end_line, None, None),
        }
    }

    /// The file that the location is in, for those that are in one.
    pub fn path(self) -> Option<&'a str> {
        match self {
            Self::Source { path, .. } => Some(path),
            Self::Package { path, target, .. } => path.or(target),
            Self::Web { .. } => None,
            Self::Resource { target, .. } => Some(target),
        }
    }
}

impl<'a> From<Location<&'a str>> for Location<Text<'a>> {
    fn from(location: Location<&'a str>) -> Self {
        location.map(|text| Text::Borrowed(text))
    }
}

impl<T: AsRef<str>> fmt::Display for Location<T> {
    /// One line for people. The text is the scanner's: neutralize it for
    /// where it goes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.borrowed() {
            Location::Source {
                path, line, commit, ..
            } => {
                f.write_str(path)?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                // As Git shortens it.
                commit.map_or(Ok(()), |commit| write!(f, " at {commit:.7}"))
            }
            Location::Package {
                name,
                version,
                path,
                target,
                ..
            } => {
                f.write_str(name)?;
                if let Some(version) = version {
                    write!(f, "@{version}")?;
                }
                match path.or(target) {
                    Some(place) => write!(f, " in {place}"),
                    None => Ok(()),
                }
            }
            Location::Web {
                url,
                method,
                parameter,
            } => {
                if let Some(method) = method {
                    write!(f, "{method} ")?;
                }
                f.write_str(url)?;
                parameter.map_or(Ok(()), |name| write!(f, " ({name})"))
            }
            Location::Resource {
                target,
                resource,
                line,
                ..
            } => {
                f.write_str(target)?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                resource.map_or(Ok(()), |name| write!(f, " ({name})"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_reads_as_one_line() {
        assert_eq!(
            Location::source("src/a.py", Some(3)).to_string(),
            "src/a.py:3"
        );
        assert_eq!(
            Location::source("src/a.py", Some(0)).to_string(),
            "src/a.py"
        );
        let committed: Location<Text<'_>> = Location::Source {
            path: "config.py".into(),
            line: Some(3),
            end_line: None,
            column: None,
            commit: Some("4a96ad7c0ffee".into()),
        };
        assert_eq!(committed.to_string(), "config.py:3 at 4a96ad7");
        let package: Location<Text<'_>> = Location::Package {
            purl: None,
            name: "libx".into(),
            version: Some("1.0".into()),
            target: Some("app (debian 12)".into()),
            path: None,
        };
        assert_eq!(package.to_string(), "libx@1.0 in app (debian 12)");
    }
}
