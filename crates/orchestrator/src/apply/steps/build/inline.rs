//! Where a line of a `dockerfile_inline` is in its Compose file.

use std::io::Read;

use wharf_buildkit::open_regular;
use wharf_compose::Place;

/// The most that is read of a Compose file, in bytes.
const MOST: u64 = 16 << 20;

/// The place of a line of the Dockerfile `text`, from 1. `value` is the place of the text, which has to be a block (`|`): the
/// lines of other texts are not those of the file. `None` also if the file cannot be read any more.
pub(super) fn place_of_line(value: &Place, text: &str, line: usize) -> Option<Place> {
    let mut file = Vec::new();
    open_regular(&value.file).ok()?.take(MOST).read_to_end(&mut file).ok()?;
    let (line, column) = line_in(&String::from_utf8_lossy(&file), value.line, text, line)?;
    Some(Place { file: value.file.clone(), line, column })
}

/// Line and column in `file` of a line of `text`, whose first line that is not empty is line `first` of the file.
fn line_in(file: &str, first: usize, text: &str, line: usize) -> Option<(usize, usize)> {
    let empty = text.lines().take_while(|line| line.trim().is_empty()).count();
    let found = (first + line).checked_sub(empty + 1)?;
    let written = file.lines().nth(found.checked_sub(1)?)?;
    let trimmed = written.trim();
    // Where a variable was filled in, the texts differ.
    let same = !trimmed.is_empty() && (trimmed.contains('$') || text.lines().nth(line - 1)?.trim() == trimmed);
    same.then(|| (found, written.chars().take_while(|c| c.is_whitespace()).count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_block_is_found_by_the_lines_before_it() {
        let file = "build:\n  dockerfile_inline: |\n\n    FROM x\n\n    # why\n    RUN $${A} ${B}\n    RUN false\n";
        let text = "\nFROM x\n\n# why\nRUN ${A} b\nRUN false\n";
        let at = |line| line_in(file, 4, text, line);
        assert_eq!([at(2), at(4), at(5), at(6)], [Some((4, 5)), Some((6, 5)), Some((7, 5)), Some((8, 5))]);
        assert_eq!([at(3), at(7), at(99)], [None; 3], "an empty line, and lines that are not there");
    }

    #[test]
    fn texts_in_quotes_and_folded_ones_have_no_lines_of_the_file() {
        assert_eq!(line_in("a: \"FROM x\\nRUN false\"\nb: c\n", 1, "FROM x\nRUN false", 2), None);
        assert_eq!(line_in("a: >-\n  FROM x\n\n  RUN false\n", 2, "FROM x\nRUN false", 2), None);
    }
}
