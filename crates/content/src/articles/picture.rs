//! Pictures of editors: what their bytes say they are, without what cameras and programs write into them.
//!
//! Of every format only the parts that make the picture are kept: a photograph's place, date and camera, comments, previews
//! and whatever was appended stay behind. Nothing is decoded here; browsers do that, told the type and not to guess.

use img_parts::{Bytes, DynImage, jpeg::markers, riff::RiffContent};

use crate::Problem;

/// Of an uploaded file.
pub const MOST_IMAGE_BYTES: usize = 2 << 20;
/// In pixels: more is decoded by every reader's browser.
const MOST_PIXELS: u32 = 40_000_000;
/// In pixels.
const LONGEST_SIDE: u32 = 12_000;

/// What makes a PNG: the picture, its palette, colours and size (PNG, 3rd edition, §11). No text, no EXIF, no animation.
const PNG_KEPT: [&[u8; 4]; 10] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs"];
/// What makes a WebP (RFC 9649 §2.7). No EXIF, no XMP, no animation.
const WEBP_KEPT: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"];
/// Flags of `VP8X` that may stay: ICC profile and alpha.
const WEBP_FLAGS: u8 = 0b0011_0000;

/// A picture that may be shown.
pub(super) struct Picture {
    pub(super) media_type: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

/// Reads a file. What it is called and said to be does not count.
pub(super) fn read(file: &[u8]) -> Result<Picture, Problem> {
    let problem = |what| Problem { field: "image", what };
    if file.is_empty() {
        return Err(problem("missing"));
    }
    if file.len() > MOST_IMAGE_BYTES {
        return Err(problem("too-long"));
    }
    let parsed = DynImage::from_bytes(Bytes::copy_from_slice(file)).ok().flatten().ok_or(problem("malformed"))?;
    let (width, height) = parsed.dimensions().ok_or(problem("malformed"))?;
    let fits = width.max(height) <= LONGEST_SIDE && width.saturating_mul(height) <= MOST_PIXELS;
    if width == 0 || height == 0 {
        return Err(problem("malformed"));
    }
    if !fits {
        return Err(problem("too-large"));
    }
    let (media_type, bare) = bare(parsed).ok_or(problem("malformed"))?;
    let mut bytes = bare.encoder().bytes().to_vec();
    if media_type == "image/jpeg" {
        let end = jpeg_end(&bytes).ok_or(problem("malformed"))?;
        bytes.truncate(end);
    }
    Ok(Picture { media_type, width, height, bytes })
}

/// Where the picture ends and what was appended begins (ITU-T T.81, Annex B): behind `EOI`, scans passed over.
fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        // Within a scan an FF of the picture is followed by 0.
        at += bytes.get(at..)?.iter().position(|byte| *byte == markers::P)?;
        match *bytes.get(at + 1)? {
            markers::P => at += 1,
            markers::EOI => return Some(at + 2),
            markers::Z | markers::RST0..=markers::RST7 => at += 2,
            _ => at += 2 + usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?])),
        }
    }
}

/// Only the parts that make the picture.
fn bare(parsed: DynImage) -> Option<(&'static str, DynImage)> {
    Some(match parsed {
        DynImage::Jpeg(mut jpeg) => {
            // Application data but the colour model's (JFIF and Adobe), and comments.
            jpeg.segments_mut().retain(|segment| {
                let marker = segment.marker();
                let application = (markers::APP0..=markers::APP15).contains(&marker);
                (!application || matches!(marker, markers::APP0 | markers::APP14)) && marker != markers::COM
            });
            ("image/jpeg", DynImage::Jpeg(jpeg))
        }
        DynImage::Png(mut png) => {
            png.chunks_mut().retain(|chunk| PNG_KEPT.contains(&&chunk.kind()));
            let has = |kind: &[u8; 4]| png.chunks().iter().any(|chunk| &chunk.kind() == kind);
            if !has(b"IHDR") || !has(b"IDAT") {
                return None;
            }
            ("image/png", DynImage::Png(png))
        }
        DynImage::WebP(mut webp) => {
            webp.chunks_mut().retain(|chunk| WEBP_KEPT.contains(&&chunk.id()));
            for chunk in webp.chunks_mut().iter_mut().filter(|chunk| &chunk.id() == b"VP8X") {
                let RiffContent::Data(data) = chunk.content_mut() else { return None };
                let mut header = data.to_vec();
                *header.first_mut()? &= WEBP_FLAGS;
                *data = Bytes::from(header);
            }
            let drawn = webp.chunks().iter().any(|chunk| matches!(&chunk.id(), b"VP8 " | b"VP8L"));
            if !drawn {
                return None;
            }
            ("image/webp", DynImage::WebP(webp))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey pixel in each format, made with other programs.
    const PNG: &[u8] = include_bytes!("../../tests/data/pixel.png");
    const JPEG: &[u8] = include_bytes!("../../tests/data/photograph.jpg");
    const WEBP: &[u8] = include_bytes!("../../tests/data/pixel.webp");

    fn has(bytes: &[u8], text: &[u8]) -> bool {
        bytes.windows(text.len()).any(|window| window == text)
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        let check = |file: &[u8], expect: Result<&str, &str>| {
            let read = read(file).map(|picture| picture.media_type).map_err(|problem| problem.what);
            assert_eq!(read, expect, "{:?}", &file[..file.len().min(12)]);
        };
        check(PNG, Ok("image/png"));
        check(JPEG, Ok("image/jpeg"));
        check(WEBP, Ok("image/webp"));
        check(b"", Err("missing"));
        check(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", Err("malformed"));
        check(b"GIF89a\x01\x00\x01\x00", Err("malformed"));
        check(b"<!doctype html><script>alert(1)</script>", Err("malformed"));
        check(&PNG[..20], Err("malformed"));
        check(&JPEG[..JPEG.len() / 4], Err("malformed"));
        check(&[PNG, &vec![0; MOST_IMAGE_BYTES]].concat(), Err("too-long"));
        // A header that claims 60,000 by 60,000 pixels.
        let mut huge = PNG.to_vec();
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(matches!(read(&huge), Err(Problem { what: "too-large" | "malformed", .. })));
    }

    #[test]
    fn neither_place_nor_comment_nor_what_was_appended_is_kept() {
        assert!(has(JPEG, b"Exif") && has(JPEG, b"where it was taken"), "the photograph says nothing");
        for file in [JPEG, PNG, WEBP] {
            let appended = [file, b"<script>alert(1)</script>"].concat();
            match read(&appended) {
                Ok(kept) => {
                    for gone in [&b"Exif"[..], b"where it was taken", b"<script>"] {
                        assert!(!has(&kept.bytes, gone), "{}: {}", kept.media_type, String::from_utf8_lossy(gone));
                    }
                    let again = read(&kept.bytes).expect("what was kept is a picture");
                    assert_eq!((again.width, again.height, again.bytes), (kept.width, kept.height, kept.bytes));
                }
                Err(problem) => assert_eq!(problem.what, "malformed"),
            }
        }
    }
}
