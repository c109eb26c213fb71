//! What a misspelt name was meant to be.

/// The name that is most like `key`, if one is like it at all; of very many names only the first are looked at.
pub(crate) fn closest<'n>(key: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const MAX_NAMES: usize = 1_000;
    if key.len() > 64 {
        return None;
    }
    let folded = key.to_lowercase().replace('-', "_");
    names
        .take(MAX_NAMES)
        .map(|name| (strsim::damerau_levenshtein(&folded, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 5)
        .min()
        .map(|(_, name)| name)
}
