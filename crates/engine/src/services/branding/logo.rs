//! Which images are taken as logos. What a file is is told by its content, whatever its sender calls it.

/// In bytes.
pub const LARGEST_LOGO: usize = 256 * 1024;

/// `image/png`, or what is wrong.
pub fn media_type(image: &[u8]) -> Result<&'static str, String> {
    if image.len() > LARGEST_LOGO {
        return Err(format!("must have at most {LARGEST_LOGO} bytes"));
    }
    match image {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Ok("image/png"),
        [0xff, 0xd8, 0xff, ..] => return Ok("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Ok("image/webp"),
        _ => {}
    }
    let text = std::str::from_utf8(image).ok().map(|text| text.trim_start_matches('\u{feff}').trim_start());
    let drawing = text.filter(|text| {
        ["<svg", "<?xml", "<!--", "<!doctype svg"].iter().any(|start| begins(text, start)) && text.contains("<svg")
    });
    let Some(drawing) = drawing.map(str::to_ascii_lowercase) else {
        return Err("must be a PNG, JPEG, WebP or SVG image".to_owned());
    };
    // In an <img> none of these does anything, and the address itself is served in a sandbox; a logo still needs none.
    match ["<script", "<foreignobject", "<!entity", "javascript:"].iter().find(|part| drawing.contains(**part)) {
        Some(part) => Err(format!("is an SVG image with `{part}` in it, which a logo must not have")),
        None => Ok("image/svg+xml"),
    }
}

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
}

#[test]
fn an_image_is_what_its_content_says() {
    let kind = |bytes: &[u8]| media_type(bytes).ok();
    assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0\0"), Some("image/png"));
    assert_eq!(kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
    assert_eq!(kind(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
    for drawing in ["<svg/>", "\u{feff} <?xml version='1.0'?><svg></svg>", "<!-- x --><svg></svg>"] {
        assert_eq!(kind(drawing.as_bytes()), Some("image/svg+xml"), "{drawing}");
    }
    let mut large = vec![b' '; LARGEST_LOGO];
    large.extend_from_slice(b"<svg/>");
    for wrong in [
        &b""[..],
        b"GIF89a",
        b"<html><svg></svg></html>",
        b"<svg><script>1</script></svg>",
        b"<?xml version='1.0'?><html/>",
        b"<svg><a href='JavaScript:x'/></svg>",
        b"\x89PNG",
        b"\xc3<svg>",
        &large,
    ] {
        assert!(media_type(wrong).is_err(), "{wrong:?}");
    }
}
