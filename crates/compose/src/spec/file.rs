//! The keys at the top of a file.

use crate::spec::resources;
use crate::spec::schema::{ONE_OR_MORE, Schema, TEXT, Unique, field};
use crate::spec::service;
use crate::spec::short::entries;

/// A whole file.
pub(crate) const FILE: Schema = Schema::Map(&[
    field("version", TEXT),
    field("name", TEXT),
    field("include", Schema::List(&INCLUDE, Unique::No)).example("include: [other/compose.yaml]"),
    field("services", Schema::Names(&SERVICE)).example("services: { web: { image: nginx } }"),
    field("networks", Schema::Free(&resources::NETWORK)).example("networks: { backend: {} }"),
    field("volumes", Schema::Names(&resources::VOLUME)).example("volumes: { data: {} }"),
    field("secrets", Schema::Names(&resources::SECRET)).example("secrets: { token: { file: ./token.txt } }"),
    field("configs", Schema::Names(&resources::CONFIG)).example("configs: { site: { file: ./site.conf } }"),
    field("models", Schema::Free(&resources::MODEL)).example("models: { llm: { model: ai/smollm2 } }"),
]);

/// A service.
pub(crate) const SERVICE: Schema = Schema::Map(service::FIELDS);

const INCLUDE: Schema = Schema::Short(
    entries::include,
    &Schema::Map(&[
        field("path", ONE_OR_MORE).example("path: other/compose.yaml"),
        field("env_file", ONE_OR_MORE),
        field("project_directory", TEXT),
    ]),
);

/// Whether a service has the key.
pub(crate) fn is_service_key(key: &str) -> bool {
    service::FIELDS.iter().any(|field| field.name == key)
}

/// The schema at a path of keys; list entries are written `[]`.
#[cfg(test)]
fn at(path: &str) -> Option<Schema> {
    let mut schema = FILE;
    for key in path.split('.') {
        schema = match inner(schema) {
            Schema::Map(fields) => fields.iter().find(|field| field.name == key)?.schema,
            Schema::Names(item) | Schema::Free(item) => *item,
            Schema::List(item, _) | Schema::OneOrMore(item, _) if key == "[]" => *item,
            _ => return None,
        };
    }
    Some(schema)
}

#[cfg(test)]
fn inner(schema: Schema) -> Schema {
    match schema {
        Schema::Short(_, long)
        | Schema::ShortNumber(_, long)
        | Schema::Keyed(_, long)
        | Schema::ScalarOr(_, long)
        | Schema::OrNull(long)
        | Schema::Merged(_, long) => inner(*long),
        schema => schema,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_reach_from_the_file_to_the_leaves() {
        assert!(matches!(at("services.web.ports.[].target"), Some(Schema::Int(..))));
        assert!(matches!(at("services.web.deploy.resources.limits.memory"), Some(Schema::BytesText)));
        assert!(matches!(at("networks.front.ipam.config.[].subnet"), Some(Schema::Text)));
        assert!(at("services.web.portz").is_none());
    }
}
