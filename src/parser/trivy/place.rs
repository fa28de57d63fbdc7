//! What a result is of, as it is shown and as it is recognized.

use crate::parser::Emitter;
pub(super) use crate::parser::url::without_user_info;

/// What a result is of.
pub(super) struct Place {
    pub(super) target: String,
    /// The target without what differs between builds and checkouts.
    pub(super) stable: String,
    /// Whether these are the packages of an operating system.
    pub(super) is_system: bool,
}

impl Place {
    pub(super) fn new(target: &str, class: &str, emitter: &Emitter<'_>) -> Self {
        // `registry/app:1.2 (debian 12.8)`; the class is absent before 0.20.
        let image = target
            .strip_suffix(')')
            .and_then(|target| target.rsplit_once(" ("))
            .map(|(image, _)| image);
        let is_system = class == "os-pkgs" || class.is_empty() && image.is_some();
        let stable = match class {
            _ if is_system => without_tag(image.unwrap_or(target)).into(),
            // What is in an image's configuration has its name as target.
            "config" | "secret" if looks_like_image(target) => without_tag(target).into(),
            _ => emitter.stable_path(target),
        };
        Self {
            target: without_user_info(target),
            stable: without_user_info(&stable),
            is_system,
        }
    }
}

/// An image's name without digest and tag.
fn without_tag(image: &str) -> &str {
    let image = image.split_once("@sha256:").map_or(image, |(name, _)| name);
    let is_tag = |tag: &str| {
        !tag.is_empty()
            && tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    match image.rsplit_once(':') {
        // A colon may also stand before a registry's port, or after a drive.
        Some((name, tag)) if is_tag(tag) => name,
        _ => image,
    }
}

/// Whether this is an image's name with a tag or digest, and not a file.
fn looks_like_image(target: &str) -> bool {
    let name = without_tag(target);
    let file = name.rsplit('/').next().unwrap_or_default();
    name != target && !file.contains('.') && !name.contains(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_are_left_out_of_addresses() {
        for (text, expected) in [
            ("https://a.example/b@c", "https://a.example/b@c"),
            ("git::https://u:p@h/x?ref=1", "git::https://***@h/x?ref=1"),
            (
                "a ssh://u@h b https://p@ss@h",
                "a ssh://***@h b https://***@h",
            ),
            ("git@h:x.git", "git@h:x.git"),
        ] {
            assert_eq!(without_user_info(text), expected);
        }
    }

    #[test]
    fn an_images_name_is_without_tag_and_digest() {
        for (image, name) in [
            ("app:1.2", "app"),
            ("reg:5000/team/app:1.2", "reg:5000/team/app"),
            ("reg:5000/team/app", "reg:5000/team/app"),
            ("app:1@sha256:12", "app"),
            ("app", "app"),
            ("C:\\a", "C:\\a"),
        ] {
            assert_eq!(without_tag(image), name);
        }
        assert!(looks_like_image("reg:5000/team/app:1.2"));
        for file in [
            "Dockerfile",
            "a.tgz:b.yaml",
            "ClusterRole/system:node",
            "C:\\a",
        ] {
            assert!(!looks_like_image(file), "{file}");
        }
    }
}
