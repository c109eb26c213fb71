//! Luminance and contrast as WCAG 2.2 defines them.

/// The minimum contrast ratio for text of normal size: success criterion 1.4.3, level AA.
#[cfg(test)]
pub(crate) const AA: f64 = 4.5;

/// Red, green and blue from 0 to 1, in sRGB.
pub(crate) type Rgb = [f64; 3];

/// Relative luminance.
pub(crate) fn luminance(colour: Rgb) -> f64 {
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast ratio of two colours, from 1 to 21.
pub(crate) fn ratio(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}
