//! The menu of `up` on a terminal: a line at the bottom, and what its keys do.

use crate::screen::keys::Keys;
use crate::screen::progress::Display;
use crate::screen::report;
use crate::session::Session;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Turn the watch on or off.
    Watch,
    /// Leave the containers running, and return.
    Detach,
    /// Explain the keys.
    Help,
    /// An empty line, to see what comes after it.
    Line,
}

impl Wish {
    fn of(key: char) -> Option<Self> {
        Some(match key {
            'w' => Wish::Watch,
            'd' => Wish::Detach,
            '?' | 'h' => Wish::Help,
            '\n' | '\r' => Wish::Line,
            _ => return None,
        })
    }
}

/// The menu while it is shown. Dropping it takes it away.
pub(crate) struct Menu<'a> {
    keys: Keys,
    display: &'a Display,
    footer: String,
}

impl<'a> Menu<'a> {
    /// `None`: it is not wanted, or there is no person at a terminal. `asked` is the flag.
    pub(crate) fn open(asked: Option<bool>, session: &Session, display: &'a Display) -> Option<Self> {
        let variable = || session.settings.variable("COMPOSE_MENU").is_none_or(|_| session.is_set("COMPOSE_MENU"));
        let is_wanted = asked.unwrap_or_else(variable) && display.has_rows();
        let keys = is_wanted.then(Keys::open).flatten()?;
        Some(Menu { keys, display, footer: String::new() })
    }

    /// Shows the line.
    pub(crate) fn show(&mut self, is_watching: bool) {
        self.footer = footer(is_watching);
        self.display.set_footer(Some(self.footer.clone()));
    }

    /// What the next key asks for.
    pub(crate) async fn next(&mut self) -> Wish {
        let Menu { keys, display, footer } = self;
        loop {
            let key = keys.next(|| display.set_footer(None), || display.set_footer(Some(footer.clone()))).await;
            if let Some(wish) = Wish::of(key) {
                return wish;
            }
        }
    }

    /// Explains the keys.
    pub(crate) fn help(&self) {
        let lines = "w       watch files and keep the containers up to date with them, or stop that\n\
                     d       leave the containers running, and return\n\
                     Enter   print an empty line\n\
                     Ctrl+C  stop the containers";
        self.display.aside(|| report::line(lines));
    }
}

impl Drop for Menu<'_> {
    fn drop(&mut self) {
        self.display.set_footer(None);
    }
}

fn footer(is_watching: bool) -> String {
    let watch = if is_watching { "stop watching" } else { "watch files" };
    format!("w {watch}   d detach   ? help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_line_says() {
        assert_eq!(footer(false), "w watch files   d detach   ? help");
        assert_eq!(footer(true), "w stop watching   d detach   ? help");
        let wishes = ['w', 'd', '?', '\n', 'x'].map(Wish::of);
        assert_eq!(wishes, [Some(Wish::Watch), Some(Wish::Detach), Some(Wish::Help), Some(Wish::Line), None]);
    }
}
