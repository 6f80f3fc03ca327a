use super::*;

fn png(width: u32, behind: &[u8]) -> Vec<u8> {
    let mut bytes = PNG.to_vec();
    let mut piece = |kind: &[u8], data: &[u8]| {
        bytes.extend_from_slice(&u32::try_from(data.len()).expect("small").to_be_bytes());
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&[0; 4]);
    };
    piece(b"IHDR", &[&width.to_be_bytes()[..], &1u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat());
    piece(b"IDAT", b"x");
    piece(b"IEND", b"");
    bytes.extend_from_slice(behind);
    bytes
}

fn jpeg(width: u16, behind: &[u8]) -> Vec<u8> {
    let [high, low] = width.to_be_bytes();
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 0, 9, high, low, 1, 0, 0, 0];
    bytes.extend_from_slice(&[0xff, 0xda, 0, 2, 7, 0xff, 0, 7, 0xff, 0xd9]);
    bytes.extend_from_slice(behind);
    bytes
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

/// `image/png`, `text`, `html`, `cda`, or why not.
fn check(bytes: &[u8], said: &str, expect: &str) {
    let is = match Content::read(bytes.to_vec(), Some(said)) {
        Content::File(file) => file.kind.content_type(),
        Content::Cda(..) => "cda",
        Content::Note(NoteContent::Text { .. }) => "text",
        Content::Note(NoteContent::Html { .. }) => "html",
        Content::Note(NoteContent::Missing { why }) => why,
        Content::Note(NoteContent::Document { .. }) => "document",
    };
    assert_eq!(is, expect, "{said}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
}

#[test]
fn files_are_what_their_bytes_say() {
    check(PDF, "application/pdf", "application/pdf");
    check(PDF, "text/html", "application/pdf");
    check(&png(4, b""), "application/octet-stream", "image/png");
    check(&jpeg(4, b""), "application/pdf", "image/jpeg");
    check(b"<script>alert(1)</script>", "application/pdf", "document-kind");
    check(b"<script>alert(1)</script>", "image/png", "document-kind");
    check(b"GIF89a", "image/gif", "document-kind");
    check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "document-unsound");
    check(b"MZ\x90", "application/octet-stream", "document-kind");
    check(b"{\\rtf1}", "text/rtf", "document-kind");
}

#[test]
fn what_is_two_files_at_once_is_none() {
    check(&[PDF, b"<script>alert(1)</script>"].concat(), "application/pdf", "document-unsound");
    check(&[PDF, b"PK\x05\x06", &[0; 18], PDF].concat(), "application/pdf", "document-unsound");
    check(b"%PDF-1.7 and no end", "application/pdf", "document-unsound");
    check(&[b"GIF89a", PDF].concat(), "application/pdf", "document-kind");
    check(&png(4, b"<html>"), "image/png", "document-unsound");
    check(&png(4, b"")[..40], "image/png", "document-unsound");
    check(&png(1_000_000, b""), "image/png", "document-unsound");
    check(&jpeg(4, b"PK\x05\x06"), "image/jpeg", "document-unsound");
    check(&jpeg(4, b"<html>\xff\xd9"), "image/jpeg", "document-unsound");
    check(&jpeg(u16::MAX, b""), "image/jpeg", "document-unsound");
    check(b"\xff\xd8\xff\xd9", "image/jpeg", "document-unsound");
}

#[test]
fn texts_are_read_within_bounds() {
    check("主诉".as_bytes(), "text/plain", "text");
    check(&encoding_rs::GBK.encode("复查肾功能").0, "text/plain; charset=utf-8", "text");
    check(b"<p>x</p>", "text/html; charset=utf-8", "html");
    check(b"<p>x</p>", "text/plain", "text");
    check(b"a\0b", "application/octet-stream", "document-kind");
    check(b"a\0b", "text/plain", "text");
    check(b"", "text/plain", "note-empty");
    check(b" \n", "text/plain", "note-empty");
    check(&vec![b'a'; LONGEST_TEXT + 1], "text/plain", "note-too-large");
    check(&vec![b'a'; LONGEST_TEXT + 1], "text/html", "note-too-large");
    check(&[b"%PDF-".to_vec(), vec![b'a'; LARGEST_FILE]].concat(), "application/pdf", "note-too-large");
}

#[test]
fn clinical_documents_are_known_by_what_they_are() {
    let cda =
        "<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'><title>出院小结</title></ClinicalDocument>";
    check(cda.as_bytes(), "text/xml", "cda");
    check(cda.as_bytes(), "application/octet-stream", "cda");
    let marked = cda.replace("?>", " encoding='GBK'?>");
    let (gbk, ..) = encoding_rs::GBK.encode(&marked);
    let Content::Cda(read, encoding) = Content::read(gbk.to_vec(), Some("application/hl7-v3+xml")) else {
        panic!("CDA")
    };
    assert_eq!((read.title.as_deref(), encoding), (Some("出院小结"), NoteEncoding::Sound));
    check(b"<?xml version='1.0'?><note/>", "text/xml", "document-unsound");
    check(&[cda.as_bytes(), &vec![b' '; LONGEST_CDA]].concat(), "text/xml", "note-too-large");
    let envelope = |media: &str, data: &str| {
        format!(
            "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><nonXMLBody><text mediaType='{media}' \
             representation='B64'>{data}</text></nonXMLBody></component></ClinicalDocument>"
        )
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    check(envelope("application/pdf", &STANDARD.encode(PDF)).as_bytes(), "text/xml", "application/pdf");
    check(envelope("application/pdf", &STANDARD.encode("<script>")).as_bytes(), "text/xml", "document-kind");
}
