//! `extends`: a service that begins as a copy of another one, of the same file or of another.

use std::path::{Path, PathBuf};

use crate::assemble::assembler::{Assembler, Context};
use crate::assemble::merge::{apply_resets, merge, settle};
use crate::find::files::clean;
use crate::find::remote::{self, is_remote};
use crate::spec::file::SERVICE;
use crate::validate::suggest::closest;
use wharf_yaml::{Map, Node, Span, Value};

/// Longest chain of services that extend one another.
const MAX_CHAIN: usize = 100;

/// Most values that the services of a project may take from those that they extend.
const MAX_INHERITED: usize = 300_000;

/// A service on the way to the one at the chain's end.
type Link = (PathBuf, String, Span);

impl Assembler<'_> {
    /// Resolves the `extends` of all services of a document.
    pub(crate) fn extend_services(&mut self, document: &mut Node, file: &Path, context: &Context<'_>) {
        let Some(Value::Map(services)) = document.get_mut("services").map(|services| &mut services.value) else {
            return;
        };
        let names: Vec<_> = services
            .iter()
            .filter(|(_, service)| service.get("extends").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.extended(&name, services, file, context, &mut Vec::new());
        }
    }

    /// The service `name` of `services` with its `extends` resolved; the result also replaces it there.
    fn extended(
        &mut self,
        name: &str,
        services: &mut Map,
        file: &Path,
        context: &Context<'_>,
        chain: &mut Vec<Link>,
    ) -> Option<Node> {
        let service = services.get(name)?;
        let Some(extends) = service.get("extends").filter(|extends| !extends.is_null()).cloned() else {
            let mut service = service.clone();
            settle(&mut service);
            return Some(service);
        };
        let mut service = service.clone();
        if let Some(map) = service.as_map_mut() {
            map.shift_remove("extends");
        }
        if chain.len() >= MAX_CHAIN {
            self.report.error(&extends, format!("more than {MAX_CHAIN} services extend one another"));
            services.insert(name.to_owned(), service);
            return None;
        }
        if chain.iter().any(|(known, service, _)| known == file && service == name) {
            let names: Vec<_> = chain.iter().map(|(_, name, _)| format!("`{name}`")).collect();
            self.report
                .error(&extends, format!("`{name}` extends itself: {} extends `{name}`", names.join(" extends ")));
            for (_, name, span) in chain.iter() {
                self.report.also(format!("`{name}` extends another service here"), *span);
            }
            services.insert(name.to_owned(), service);
            return None;
        }
        if self.report.inherited > MAX_INHERITED {
            let what = "values from those that they extend";
            self.report.error(&extends, format!("the services up to here take more than {MAX_INHERITED} {what}"));
            services.insert(name.to_owned(), service);
            return None;
        }
        chain.push((file.to_owned(), name.to_owned(), extends.span));
        let base = self.base(name, &extends, services, file, context, chain);
        chain.pop();
        self.report.inherited += base.as_ref().map_or(0, Node::size);
        let merged = match base {
            Some(mut base) if base.as_map().is_some() => {
                apply_resets(&mut base, &service);
                settle(&mut service);
                merge(base, service, &SERVICE)
            }
            _ => {
                // What is missing may come from the service that it extends.
                self.report.taint(&format!("services.{name}"));
                service
            }
        };
        services.insert(name.to_owned(), merged.clone());
        Some(merged)
    }

    /// The service that `extends` names.
    fn base(
        &mut self,
        name: &str,
        extends: &Node,
        services: &mut Map,
        file: &Path,
        context: &Context<'_>,
        chain: &mut Vec<Link>,
    ) -> Option<Node> {
        let Some(target) = extends.get_text("service").map(str::to_owned) else {
            self.report.error(extends, format!("`extends` of `{name}` names no service"));
            self.report.help("for example `extends: { file: base.yaml, service: web }`");
            return None;
        };
        let at = extends.get("service").unwrap_or(extends).clone();
        let Some(path) = extends.get_text("file") else {
            if !services.contains_key(&target) {
                self.report.error(&at, format!("`{name}` extends `{target}`, which is not a service of this file"));
                self.suggest(&target, services);
                return None;
            }
            return self.extended(&target, services, file, context, chain);
        };
        let path = match is_remote(path) {
            true => remote::local(path, self.files_of, extends.get("file").unwrap_or(extends).span, self.report)?,
            false if Path::new(path).is_absolute() => PathBuf::from(path),
            false => clean(&context.dir.join(path)),
        };
        let mut others = match self.extended.remove(&path) {
            Some(others) => others,
            None => {
                if !self.files_of.is_file(&path) {
                    let at = extends.get("file").unwrap_or(extends).clone();
                    let why = self.files_of.why_no_file(&path);
                    self.report.error(&at, format!("cannot read {}: {why}", path.display()));
                    return None;
                }
                self.services_of(&path, context).unwrap_or_default()
            }
        };
        let base = match others.contains_key(&target) {
            true => self.extended(&target, &mut others, &path, context, chain),
            false => {
                self.report
                    .error(&at, format!("`{name}` extends `{target}`, which is not a service of {}", path.display()));
                self.suggest(&target, &others);
                None
            }
        };
        self.extended.insert(path, others);
        base
    }

    fn suggest(&mut self, name: &str, services: &Map) {
        if let Some(name) = closest(name, services.keys().map(String::as_str)) {
            self.report.help(format!("did you mean `{name}`?"));
        }
    }
}
