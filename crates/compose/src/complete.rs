//! Looks whether the tree of all files is complete: each file alone may leave out what another one says.
//!
//! Every file's own tree has passed [`crate::conform`]: what is written there is right, and short forms are written out.

use crate::conform::Walk;
use crate::merge::deduplicate;
use crate::node::{Node, Tag, Value};
use crate::report::{At, Report};
use crate::shape::{Field, Shape, Unique};

/// Reports what is missing or stands twice, and takes the values out that lack something.
pub(crate) fn complete(node: &mut Node, shape: &Shape, report: &mut Report) {
    Walk::new(false, report).complete(node, shape, None);
}

impl Walk<'_> {
    /// `false` if the value lacks something.
    fn complete(&mut self, node: &mut Node, shape: &Shape, field: Option<&Field>) -> bool {
        if node.tag == Tag::Reset || matches!(node.value, Value::Scalar(_)) {
            return true;
        }
        match shape {
            Shape::Any => true,
            Shape::OrNull(_) | Shape::Words | Shape::Loose if node.is_null() => true,
            Shape::OrNull(shape) | Shape::Merged(_, shape) => self.complete(node, shape, field),
            Shape::ScalarOr(scalar, _) if node.is_null() => self.complete(node, scalar, field),
            _ if node.is_null() => {
                self.wrong(node, shape, field);
                false
            }
            Shape::Short(_, long) | Shape::ShortNumber(_, long) | Shape::Keyed(_, long) | Shape::ScalarOr(_, long) => {
                self.complete(node, long, field)
            }
            Shape::Map(fields) => self.complete_map(node, fields),
            Shape::Names(item) | Shape::Free(item) => {
                if let Some(map) = node.as_map_mut() {
                    map.retain(|key, value| self.at_key(key, |walk| walk.complete(value, item, None)));
                }
                true
            }
            Shape::List(item, unique) | Shape::OneOrMore(item, unique) => self.complete_list(node, item, *unique),
            Shape::Words => self.complete_list(node, &Shape::Text, Unique::No),
            _ => true,
        }
    }

    fn complete_map(&mut self, node: &mut Node, fields: &[Field]) -> bool {
        let Some(map) = node.as_map_mut() else { return true };
        map.retain(|key, value| match fields.iter().find(|field| field.name == key) {
            Some(field) => self.at_key(key, |walk| walk.complete(value, &field.shape, Some(field))),
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

    fn complete_list(&mut self, node: &mut Node, item: &Shape, unique: Unique) -> bool {
        let Some(list) = node.as_list_mut() else { return true };
        let mut index = 0;
        list.retain_mut(|entry| {
            let whole = self.inside(format_args!("[{index}]"), |walk| walk.complete(entry, item, None));
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
    fn what_two_files_say_may_not_stand_twice() {
        let twice = "services: { web: { image: nginx, security_opt: [one] } }";
        assert_eq!(errors([twice]), [""; 0]);
        assert_eq!(errors([twice, twice]), ["`one` stands twice in `services.web.security_opt`"]);
    }
}
