//! The badge: a small picture that a page or a README embeds. Pure; it is drawn with attributes only, so that it needs
//! no style sheet, no font and no script.

mod colour;
mod draw;
mod look;
mod number;
mod width;

pub(crate) use draw::Style;
pub(crate) use look::{Look, Parameter, chosen, parameter};
pub(crate) use number::{NumberFormat, today};

use colour::Colour;
use draw::draw;

use crate::unavailable::BADGE_AWAY;

/// The ground of a label, unless another is asked for.
const LABEL_GROUND: Colour = Colour::new(0x3f, 0x45, 0x49);

/// The ground of a count, unless another is asked for.
const COUNT_GROUND: Colour = Colour::new(0x0b, 0x5a, 0x8a);

/// The ground of a message instead of a count.
const OTHER_GROUND: Colour = Colour::new(0x5a, 0x5a, 0x5a);

/// A badge with this number.
pub(crate) fn count(look: &Look, number: &str) -> String {
    paint(look, number, look.colour.unwrap_or(COUNT_GROUND))
}

/// The badge while nothing can be counted.
pub(crate) fn out_of_reach(look: &Look) -> String {
    paint(look, BADGE_AWAY, OTHER_GROUND)
}

/// The badge of a key that is refused because too many are counted.
pub(crate) fn no_room(look: &Look) -> String {
    paint(look, "no room for a new key", OTHER_GROUND)
}

/// The badge of an address that is wrong: `what` is wrong, and `why` tells what would be right.
pub(crate) fn refused(what: &str, why: &str) -> String {
    draw(Style::Flat, (what, LABEL_GROUND), (why, OTHER_GROUND))
}

fn paint(look: &Look, message: &str, ground: Colour) -> String {
    draw(look.style, (&look.label, look.label_colour.unwrap_or(LABEL_GROUND)), (message, ground))
}
