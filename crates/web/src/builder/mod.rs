//! The badge builder, at `/badge` and on the first page: a form, a preview that counts nothing, and markup to copy. The
//! server makes all of it, with or without the script, which only asks for the page again while somebody types.

mod form;
mod markup;

use askama::Template;
use axum::response::Response;

use crate::pages::{Frame, html};
use crate::security;
use form::Form;
use markup::Markup;

#[derive(Template)]
#[template(path = "builder.html")]
struct Page<'a> {
    frame: &'static Frame,
    script: String,
    replica: &'a str,
    form: &'a Form,
    problems: &'a [form::Problem],
    result: Option<Shown>,
}

impl Page<'_> {
    /// Whether the field of this name cannot be taken.
    fn wrong(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == name)
    }
}

/// What the form asks for.
struct Shown {
    /// The path of the badge as it is shown here.
    preview: String,
    markup: Vec<Markup>,
    key: String,
}

/// The page with what the query of its address asks for. `origin` is our own address, such as `https://example.org`.
pub(crate) fn page(replica: &str, query: &str, origin: &str) -> Response {
    let form = Form::read(query);
    let checked = form.check();
    let result = checked.as_ref().ok().map(|badge| Shown {
        preview: badge.preview(),
        markup: markup::all(origin, badge),
        key: badge.key.to_string(),
    });
    let problems = checked.as_ref().err().map_or(&[][..], |problems| problems);
    let script = crate::assets::url("builder.js");
    let mut response = html(&Page { frame: Frame::get(), script, replica, form: &form, problems, result });
    security::scripted(response.headers_mut());
    response
}
