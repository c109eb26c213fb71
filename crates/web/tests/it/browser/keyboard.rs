//! The builder of badges, used by somebody who has a keyboard alone.

use serde_json::json;
use tempfile::TempDir;

use super::chromium::Chromium;
use crate::replica::Replica;

const PREVIEW: &str = "document.querySelector('.preview img').getAttribute('src')";

/// The builder in a browser, and what has to stay for that.
struct Builder {
    browser: Chromium,
    url: String,
    _kept: (Replica, TempDir),
}

impl Builder {
    /// The open builder, or `None` without a browser.
    async fn open() -> Option<Self> {
        let mut browser = Chromium::start()?;
        let folder = tempfile::tempdir().unwrap();
        let replica = Replica::in_file(&folder.path().join("visits.db"), &[]).await.unwrap();
        let url = format!("http://{}/badge", replica.address);
        browser.open(&url);
        Some(Self { browser, url, _kept: (replica, folder) })
    }

    /// Presses Tab until the control with this id has the focus.
    fn tab_to(&mut self, id: &str) {
        for _ in 0..60 {
            self.browser.press("Tab");
            if self.browser.evaluate("document.activeElement.id") == id {
                return;
            }
        }
        panic!("{id} cannot be reached");
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.browser.press(&c.to_string()));
    }

    /// Waits until the expression has this value.
    fn until(&mut self, expression: &str, value: &str) {
        let wait = format!(
            "(async () => {{
               const end = performance.now() + 20000;
               while ({expression} !== {value} && performance.now() < end) await new Promise(go => setTimeout(go, 10));
               return {expression};
             }})()",
            value = json!(value)
        );
        assert_eq!(self.browser.evaluate(&wait), value, "{expression}");
    }

    /// Presses Enter on the button that copies this markup. It has the focus.
    fn copy(&mut self, id: &str, says: &str) {
        self.browser.press("Enter");
        self.until(&format!("document.getElementById('copy-{id}').textContent"), says);
    }

    fn markup(&mut self, id: &str) -> String {
        let text = format!("document.getElementById('{id}').closest('.markup').querySelector('code').textContent");
        self.browser.evaluate(&text).as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_is_built_and_copied_without_a_mouse() {
    let Some(mut builder) = Builder::open().await else { return };
    for (id, text) in [("key", "wharf"), ("label", "page views"), ("color", "redd")] {
        builder.tab_to(id);
        builder.write(text);
    }
    let problem = "document.getElementById('problems').textContent.split(':')[0]";
    builder.until(problem, "Colour of the number");
    assert_eq!(builder.browser.evaluate("document.activeElement.getAttribute('aria-invalid')"), "true");
    builder.browser.press("Backspace");
    builder.until(problem, "");
    builder.until(PREVIEW, "/k/wharf.svg?label=page%20views&color=red&count=none");

    for id in ["labelColor", "style", "format", "count"] {
        builder.tab_to(id);
        if id != "labelColor" {
            builder.browser.press("ArrowDown");
        }
    }
    // The button is replaced while it has the focus, if the machine is fast enough.
    builder.tab_to("copy-markdown");
    builder.until(PREVIEW, "/k/wharf.svg?label=page%20views&color=red&style=flat-square&format=plain&count=none");
    assert_eq!(builder.browser.evaluate("document.activeElement.id"), "copy-markdown");
    let markdown = builder.markup("markdown");
    assert!(markdown.starts_with("[![page views](http://127.0.0.1:"), "{markdown}");
    assert!(markdown.contains("/k/wharf.svg?label=page%20views&color=red&style=flat-square&format=plain&count=all)]"));

    builder.copy("markdown", "Copied");
    let buttons = builder.browser.buttons();
    assert!(buttons.contains(&"Copied Markdown".to_owned()), "{buttons:?}");
    assert!(buttons.contains(&"Copy HTML".to_owned()), "{buttons:?}");
    builder.tab_to("label");
    builder.browser.paste();
    builder.until("document.getElementById('label').value", &markdown);

    let url = builder.url.clone();
    assert_eq!(builder.browser.console(&url), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_page_may_not_copy_the_button_says_so_and_the_text_is_selected() {
    let Some(mut builder) = Builder::open().await else { return };
    let neither = "navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false; 0";
    builder.browser.evaluate(neither);
    builder.tab_to("copy-html");
    builder.copy("html", "Selected, not copied");
    let html = builder.markup("html");
    assert_eq!(builder.browser.evaluate("getSelection().toString()"), html);
    builder.until("document.getElementById('copy-html').textContent", "Copy");
}
