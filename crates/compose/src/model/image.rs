//! Names of images.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// The name of an image, with a tag or a digest: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
///
/// Whether the engine accepts it is not checked.
///
/// ```
/// use wharf_compose::model::ImageReference;
///
/// let image = ImageReference::from("localhost:5000/redis:7@sha256:00");
/// assert_eq!(image.repository(), "localhost:5000/redis");
/// assert_eq!((image.tag(), image.digest()), (Some("7"), Some("sha256:00")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageReference(String);

impl ImageReference {
    /// The tag of a reference that has neither a tag nor a digest.
    pub const DEFAULT_TAG: &str = "latest";
    /// The registry of a reference that names none.
    pub const HUB: &str = "docker.io";

    /// The whole reference, as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without tag and digest.
    pub fn repository(&self) -> &str {
        self.split().0
    }

    /// The tag, if the reference names one.
    pub fn tag(&self) -> Option<&str> {
        self.split().1
    }

    /// The tag; [`ImageReference::DEFAULT_TAG`] if the reference names none.
    pub fn tag_or_default(&self) -> &str {
        self.tag().unwrap_or(Self::DEFAULT_TAG)
    }

    /// The digest (`sha256:...`), if the reference names one.
    pub fn digest(&self) -> Option<&str> {
        self.split().2
    }

    /// The reference with its registry and its tag, as the registry is asked for it: `nginx` is
    /// `docker.io/library/nginx:latest`.
    pub fn in_full(&self) -> String {
        let (repository, tag, digest) = self.split();
        let (registry, path) = match repository.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (Self::HUB, repository),
        };
        let registry = if registry == "index.docker.io" { Self::HUB } else { registry };
        let folder = if registry == Self::HUB && !path.contains('/') { "library/" } else { "" };
        let tag = tag.or(digest.is_none().then_some(Self::DEFAULT_TAG)).map(|tag| format!(":{tag}"));
        let digest = digest.map(|digest| format!("@{digest}"));
        format!("{registry}/{folder}{path}{}{}", tag.unwrap_or_default(), digest.unwrap_or_default())
    }

    fn split(&self) -> (&str, Option<&str>, Option<&str>) {
        let (name, digest) = match self.0.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (self.0.as_str(), None),
        };
        match name.rsplit_once(':') {
            // A colon before a slash belongs to the registry's port.
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag), digest),
            _ => (name, None, digest),
        }
    }
}

impl Deref for ImageReference {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for ImageReference {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for ImageReference {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<ImageReference> for String {
    fn from(image: ImageReference) -> Self {
        image.0
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_fall_into_repository_tag_and_digest() {
        let parts = |text: &str| {
            let image = ImageReference::from(text);
            let owned = |part: Option<&str>| part.map(str::to_owned);
            (image.repository().to_owned(), owned(image.tag()), owned(image.digest()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("redis"), ("redis".to_owned(), None, None));
        assert_eq!(parts("redis:7"), ("redis".to_owned(), some("7"), None));
        assert_eq!(parts("localhost:5000/redis"), ("localhost:5000/redis".to_owned(), None, None));
        assert_eq!(parts("localhost:5000/redis:7"), ("localhost:5000/redis".to_owned(), some("7"), None));
        assert_eq!(parts("redis@sha256:00"), ("redis".to_owned(), None, some("sha256:00")));
        assert_eq!(parts("redis:7@sha256:00"), ("redis".to_owned(), some("7"), some("sha256:00")));
    }

    #[test]
    fn references_are_written_out_as_the_registry_knows_them() {
        for (image, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1", "docker.io/library/nginx:1"),
            ("nginx@sha256:00", "docker.io/library/nginx@sha256:00"),
            ("me/app:2", "docker.io/me/app:2"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
        ] {
            assert_eq!(ImageReference::from(image).in_full(), full);
        }
    }
}
