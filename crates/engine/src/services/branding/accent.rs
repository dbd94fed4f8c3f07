//! A colour that can be read on the connect page: contrast by WCAG 2.2, and its brother for dark screens.

/// What stands behind text on the page, by light and by dark; each is the harder one of page and card.
const LIGHT: Rgb = Rgb([0xf4, 0xf6, 0xf8]);
const DARK: Rgb = Rgb([0x1b, 0x22, 0x2b]);
const WHITE: Rgb = Rgb([0xff; 3]);
const BLACK: Rgb = Rgb([0; 3]);
/// For text (success criterion 1.4.3).
const ENOUGH: f64 = 4.5;
/// From a colour to white or black.
const STEPS: u16 = 40;

/// A colour for links and buttons, as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accent {
    pub light: String,
    /// The same, with as much white in it as dark screens need.
    pub dark: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rgb([u8; 3]);

impl Accent {
    /// Or what is wrong with it, and what would do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let colour = Rgb::parse(text).ok_or("must be a colour such as #0b5a9c")?;
        let contrast = colour.contrast(LIGHT);
        if contrast < ENOUGH {
            // Cut, not rounded: 4.49 is not enough and must not read as 4.5.
            let contrast = (contrast * 10.0).floor() / 10.0;
            let near = colour.towards(BLACK, LIGHT).hex();
            return Err(format!("has a contrast of {contrast} to the page, and text needs {ENOUGH}: {near} has it"));
        }
        Ok(Self { light: colour.hex(), dark: colour.towards(WHITE, DARK).hex() })
    }
}

impl Rgb {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| digits.get(at..at + 2).and_then(|part| u8::from_str_radix(part, 16).ok());
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// As near to this colour as can be read on `ground`.
    fn towards(self, end: Self, ground: Self) -> Self {
        let mixed = |step: u16| {
            let mut mixed = self;
            for (part, end) in mixed.0.iter_mut().zip(end.0) {
                let sum = u16::from(*part) * (STEPS - step) + u16::from(end) * step;
                *part = u8::try_from(sum / STEPS).unwrap_or(u8::MAX);
            }
            mixed
        };
        (0..=STEPS).map(mixed).find(|mixed| mixed.contrast(ground) >= ENOUGH).unwrap_or(end)
    }
}

#[test]
fn a_colour_that_cannot_be_read_is_refused_with_one_that_can() {
    assert!((WHITE.contrast(BLACK) - 21.0).abs() < 0.001, "as the standard says");
    for text in ["", "red", "#12345", "#1234567", "#12345g", "#+12345", "0b5a9c"] {
        assert!(Accent::parse(text).unwrap_err().starts_with("must be"), "{text}");
    }
    for pale in ["#ffcc00", "#ffffff", "#7f8c8d", "#00ff00"] {
        let told = Accent::parse(pale).unwrap_err();
        let near = told.split_once(": ").and_then(|(_, rest)| rest.split(' ').next()).unwrap();
        assert!(Accent::parse(near).is_ok(), "{told}");
    }
}

#[test]
fn a_colour_is_readable_by_light_and_by_dark() {
    for text in ["#0b5a9c", "#000000", "#A4161A", "#5b2a86", "#0000ff"] {
        let accent = Accent::parse(text).unwrap();
        assert_eq!(accent.light, text.to_ascii_lowercase());
        let dark = Rgb::parse(&accent.dark).unwrap();
        assert!(dark.contrast(DARK) >= ENOUGH, "{text}: {}", accent.dark);
        // The words on a button.
        assert!(
            Rgb::parse(text).unwrap().contrast(WHITE) >= ENOUGH && dark.contrast(Rgb([0x0d, 0x1a, 0x26])) >= ENOUGH
        );
    }
}
