//! How wide a text is on a terminal, and how it is made to fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use anstream::adapter::strip_str;

/// The columns that a text takes, without its colours.
pub(crate) fn width(text: &str) -> usize {
    strip_str(text).to_string().width()
}

/// A text without colours in at most `columns` columns; `…` stands for what is left out.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut room = columns.saturating_sub(1);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        fitted.push(character);
    }
    if columns > 0 {
        fitted.truncate(fitted.trim_end().len());
        fitted.push('…');
    }
    fitted
}

/// A text without colours in exactly `columns` columns.
pub(crate) fn filled(text: &str, columns: usize) -> String {
    let text = fitted(text, columns);
    let missing = columns.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(fitted("Recreated", 9), "Recreated");
        assert_eq!(fitted("Recreated", 8), "Recreat…");
        assert_eq!(fitted("two words", 5), "two…");
        assert_eq!(fitted("日本語", 5), "日本…");
        assert_eq!(fitted("日本語", 4), "日…");
        assert_eq!((fitted("x", 0), fitted("xy", 1)), (String::new(), "…".to_owned()));
        assert_eq!(filled("日", 4), "日  ");
        assert_eq!(width("\x1b[32m日\x1b[0m"), 2);
    }
}
