//! Looks whether the tree of all files is complete: each file alone may leave out what another one says.
//!
//! Every file's own tree has passed [`crate::validate::document`]: what is written there is right, and short forms are
//! written out.

use crate::read::dialect::RESET;
use crate::report::findings::{At, Report};
use crate::spec::schema::{Field, Schema, Unique};
use crate::spec::unique::deduplicate;
use crate::validate::document::Walk;
use wharf_yaml::{Node, Value};

/// Reports what is missing or duplicate, and removes the values that lack something.
pub(crate) fn require(node: &mut Node, schema: &Schema, report: &mut Report) {
    Walk::new(false, report).require(node, schema, None);
}

impl Walk<'_> {
    /// `false` if the value is incomplete.
    fn require(&mut self, node: &mut Node, schema: &Schema, field: Option<&Field>) -> bool {
        if node.tag == RESET || matches!(node.value, Value::Scalar(_)) {
            return true;
        }
        match schema {
            Schema::Any => true,
            Schema::OrNull(_) | Schema::Words | Schema::Loose if node.is_null() => true,
            Schema::OrNull(schema) | Schema::Merged(_, schema) => self.require(node, schema, field),
            Schema::ScalarOr(scalar, _) if node.is_null() => self.require(node, scalar, field),
            _ if node.is_null() => {
                self.wrong(node, schema, field);
                false
            }
            Schema::Short(_, long)
            | Schema::ShortNumber(_, long)
            | Schema::Keyed(_, long)
            | Schema::ScalarOr(_, long) => self.require(node, long, field),
            Schema::Map(fields) => self.require_map(node, fields),
            Schema::Names(item) | Schema::Free(item) => {
                if let Some(map) = node.as_map_mut() {
                    map.retain(|key, value| self.at_key(key, |walk| walk.require(value, item, None)));
                }
                true
            }
            Schema::List(item, unique) | Schema::OneOrMore(item, unique) => self.require_list(node, item, *unique),
            Schema::Words => self.require_list(node, &Schema::Text, Unique::No),
            _ => true,
        }
    }

    fn require_map(&mut self, node: &mut Node, fields: &[Field]) -> bool {
        let Some(map) = node.as_map_mut() else { return true };
        map.retain(|key, value| match fields.iter().find(|field| field.name == key) {
            Some(field) => self.at_key(key, |walk| walk.require(value, &field.schema, Some(field))),
            None => true,
        });
        for field in fields.iter().filter(|field| field.required) {
            if node.get(field.name).is_none() && !self.report.is_tainted(&self.path) {
                self.report.error(At::key(node), format!("`{}` lacks `{}`", self.path, field.name));
                self.report.help(format!("for example `{}`", field.show()));
            }
        }
        true
    }

    fn require_list(&mut self, node: &mut Node, item: &Schema, unique: Unique) -> bool {
        let Some(list) = node.as_list_mut() else { return true };
        let mut index = 0;
        list.retain_mut(|entry| {
            let whole = self.inside(format_args!("[{index}]"), |walk| walk.require(entry, item, None));
            index += 1;
            whole
        });
        match unique {
            Unique::Refused => self.repeated(list),
            unique => deduplicate(list, unique),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Project};

    /// What is wrong with files of these texts, merged in this order.
    fn errors<const N: usize>(texts: [&str; N]) -> Vec<String> {
        let files = texts.iter().enumerate().map(|(number, text)| (format!("/project/{number}.yaml"), *text));
        let options =
            files.fold(Options::in_directory("/project"), |options, (file, text)| options.with_file(file, text));
        let errors = Project::load(&options).err().map(|error| error.diagnostics).unwrap_or_default();
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn another_file_may_say_what_one_leaves_out() {
        let half = "services: { web: { image: nginx, ports: [{ published: 80 }] } }";
        assert_eq!(errors([half]), ["`services.web.ports[0]` lacks `target`"]);
        let hook = "services: { web: { image: nginx, post_start: [{ user: root }] } }";
        assert_eq!(errors([hook]), ["`services.web.post_start[0]` lacks `command`"]);
        let empty = "services: { web: { image: } }";
        assert_eq!(errors([empty]), ["`services.web.image` must be text, not nothing"]);
        assert_eq!(errors([empty, "services: { web: { image: nginx } }"]), [""; 0]);
        let hole = "services: { web: { image: nginx, dns_search: [a, null] } }";
        assert_eq!(errors([hole]), ["`services.web.dns_search[1]` must be text, not nothing"]);
    }

    #[test]
    fn entries_of_two_files_may_not_be_duplicates() {
        let twice = "services: { web: { image: nginx, security_opt: [one] } }";
        assert_eq!(errors([twice]), [""; 0]);
        assert_eq!(errors([twice, twice]), ["`one` is a duplicate in `services.web.security_opt`"]);
    }
}
