//! The look that the servers' own pages share: a style sheet, an icon, and the frame of a page.
//!
//! The agent and the exporter make whole pages with [`Site`]. `wharf-web` has templates of its own, and the same [`STYLE`].

use std::borrow::Cow;

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

/// The style sheet. It loads nothing, and it has a light and a dark scheme.
pub const STYLE: &str = include_str!("page/style.css");

/// The icon, as SVG.
pub const ICON: &str = include_str!("page/icon.svg");

/// Headers of a [`Site`]'s pages: no scripts, nothing from elsewhere, and not in a frame.
pub const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
];

/// An address that a server answers, for the menu and the index.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Where it is.
    pub path: &'static str,
    /// Its name in the menu.
    pub name: &'static str,
    /// What is there, as text.
    pub about: &'static str,
}

/// A server's own pages.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The program's name, which is the index' title.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// What the menu and the index lead to.
    pub links: &'static [Link],
}

impl Site {
    /// A page with this title and this HTML as its content. Every page begins with an `h1`, which is part of the content.
    pub fn page(&self, title: &str, content: &str) -> String {
        let Self { name, version, links } = self;
        let title = if title == *name { escaped(title).into_owned() } else { format!("{} – {name}", escaped(title)) };
        let menu: String =
            links.iter().map(|Link { path, name, .. }| format!("<a href=\"{path}\">{name}</a>")).collect();
        let icon = ICON.trim().replace('#', "%23").replace('"', "'");
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"data:image/svg+xml,{icon}\">\n<style>{STYLE}</style>\n\
             <header><a class=\"brand\" href=\"/\">{brand}{name}</a><nav aria-label=\"Pages\">{menu}</nav></header>\n\
             <main>\n{content}\n</main>\n<footer>{name} {version}</footer>\n</html>\n",
            brand = ICON.trim().replace("<svg ", "<svg aria-hidden=\"true\" "),
        )
    }

    /// The page at `/`: `about` (HTML) says what the program does, and a list has all links.
    pub fn index(&self, about: &str) -> String {
        let item = |Link { path, about, .. }: &Link| {
            format!("<dt><a href=\"{path}\"><code>{path}</code></a></dt><dd>{}</dd>\n", escaped(about))
        };
        let list: String = self.links.iter().map(item).collect();
        let name = self.name;
        self.page(name, &format!("<h1>{name}</h1>\n<div class=\"card\">{about}\n<dl>\n{list}</dl></div>"))
    }

    /// The page for an address that has none.
    pub fn not_found(&self) -> String {
        let text = "<p>There is no page at this address.</p><p><a href=\"/\">To all pages</a></p>";
        self.page("Nothing here", &format!("<h1>Nothing here</h1>\n<div class=\"card\">{text}</div>"))
    }
}

/// `text` without characters that mean something in HTML, for an element's content or a quoted attribute.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Site = Site {
        name: "wharf example",
        version: "1.2.3",
        links: &[Link { path: "/metrics", name: "Metrics", about: "Numbers & <more>" }],
    };

    #[test]
    fn a_page_has_a_title_a_menu_a_version_and_loads_nothing() {
        let page = SITE.page("A <title>", "<h1>Content</h1>");
        for part in [
            "<title>A &lt;title&gt; – wharf example</title>",
            "<a href=\"/metrics\">Metrics</a>",
            "<footer>wharf example 1.2.3</footer>",
            "<h1>Content</h1>",
            "prefers-color-scheme: dark",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        let addresses = page.split("http").skip(1);
        assert!(addresses.into_iter().all(|rest| rest.starts_with("://www.w3.org/2000/svg")), "{page}");
    }

    #[test]
    fn the_index_lists_what_there_is() {
        let page = SITE.index("<p>What it does.</p>");
        assert!(page.contains("<title>wharf example</title>"), "{page}");
        assert!(page.contains("<code>/metrics</code></a></dt><dd>Numbers &amp; &lt;more&gt;</dd>"), "{page}");
        assert!(SITE.not_found().contains("<a href=\"/\">"));
    }

    #[test]
    fn no_text_can_end_an_element_or_an_attribute() {
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    }
}
