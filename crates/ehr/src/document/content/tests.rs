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
fn kind(content: &Content) -> &'static str {
    match content {
        Content::File(file) => file.kind.content_type(),
        Content::Cda(..) => "cda",
        Content::Note(NoteContent::Text { .. }) => "text",
        Content::Note(NoteContent::Html { .. }) => "html",
        Content::Note(NoteContent::Missing { why }) => why,
        Content::Note(NoteContent::Document { .. }) => "document",
    }
}

fn check(bytes: &[u8], said: &str, expect: &str) {
    let is = kind(&Content::read(bytes.to_vec(), Some(said)));
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

fn text(bytes: &[u8], content_type: &str) -> NoteContent {
    Content::read(bytes.to_vec(), Some(content_type)).into_note()
}

fn check_html(html: &str, expect: &str) {
    let NoteContent::Html { html, .. } = text(html.as_bytes(), "text/html") else { panic!("not HTML") };
    assert_eq!(html.as_str(), expect);
}

#[test]
fn html_keeps_nothing_that_reaches_out() {
    check_html("<p onclick=x style=\"position:fixed\">查体<script>alert(1)</script></p>", "<p>查体</p>");
    check_html("<a href=\"https://evil.example\">见此</a>", "见此");
    check_html("<img src=x onerror=alert(1)>无", "无");
    check_html(
        "<table><tr><td colspan=2 id=x class=y>1</td></tr></table>",
        "<table><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>",
    );
    check_html("<style>body{display:none}</style><h4>主诉</h4>", "<h4>主诉</h4>");
    check_html("<svg><script>1</script></svg><math>x</math>好", "好");
    check_html("<form action=/sign-out><button>走</button></form>", "走");
    check_html("<!-- x --><p>一", "<p>一</p>");
}

#[test]
fn characters_are_what_they_were_or_are_marked() {
    let encoding = |content: NoteContent| match content {
        NoteContent::Text { text, encoding } => (text, encoding),
        other => panic!("{other:?}"),
    };
    let (gbk, ..) = encoding_rs::GBK.encode("复查肾功能");
    assert_eq!(encoding(text("复查\r\n肾功能".as_bytes(), "text/plain")), ("复查\n肾功能".into(), NoteEncoding::Sound));
    assert_eq!(encoding(text(&gbk, "text/plain; charset=utf-8")), ("复查肾功能".into(), NoteEncoding::Guessed));
    assert_eq!(encoding(text(&gbk, "text/plain; charset=GBK")), ("复查肾功能".into(), NoteEncoding::Sound));
    let (damaged, marked) = encoding(text(b"\xe5\xa4\x8d\xff\xff ok", "text/plain"));
    assert_eq!((damaged.contains('\u{fffd}'), marked), (true, NoteEncoding::Damaged));
    assert_eq!(encoding(text("a\u{202e}b\u{1}".as_bytes(), "text/plain")).0, "ab");
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
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let envelope = |file: &[u8]| {
        format!(
            "<ClinicalDocument xmlns='urn:hl7-org:v3'><recordTarget><patientRole><id root='r' extension='1'/>\
             </patientRole></recordTarget><component><nonXMLBody><text mediaType='application/pdf' \
             representation='B64'>{}</text></nonXMLBody></component></ClinicalDocument>",
            STANDARD.encode(file)
        )
    };
    let opened = |document: String, foreign: bool| {
        let content = Content::decode(&STANDARD.encode(document), None).of(|numbers| {
            assert_eq!(numbers, [("r".to_owned(), "1".to_owned())]);
            foreign
        });
        kind(&content)
    };
    assert_eq!(opened(envelope(PDF), false), "application/pdf");
    assert_eq!(opened(envelope(b"<script>"), false), "document-kind");
    // A file in it does not say whose it is: the envelope does.
    assert_eq!(opened(envelope(PDF), true), "why-foreign-dropped");
}

#[test]
fn a_clinical_document_is_one_whatever_it_is_said_to_be() {
    let of = "<ClinicalDocument xmlns='urn:hl7-org:v3'><title>出院小结</title></ClinicalDocument>";
    let prefixed = "<c:ClinicalDocument xmlns:c='urn:hl7-org:v3'><c:title>出院小结</c:title></c:ClinicalDocument>";
    for said in ["text/plain", "text/html", "text/xml", "application/octet-stream"] {
        check(of.as_bytes(), said, "cda");
        check(prefixed.as_bytes(), said, "cda");
        check(format!("\u{feff}<!-- x -->\n{of}").as_bytes(), said, "cda");
        // What can't be read doesn't say whose it is: it is not shown as words either.
        check(of.replace("</title>", "").as_bytes(), said, "document-unsound");
    }
    check(b"<10 mmol/L", "text/plain", "text");
    check("ClinicalDocument 是什么".as_bytes(), "text/plain", "text");
}

#[test]
fn lists_of_documents_hold_no_files() {
    let kept = Content::read(PDF.to_vec(), None).without_bytes();
    assert_eq!(kept, Content::Note(NoteContent::Document { content_type: "application/pdf".to_owned() }));
}
