//! A small PDF (ISO 32000-1) of plain text in a predefined Chinese font, which every reader has or replaces.

use std::fmt::Write as _;

/// Lines of a page of A4, and full-width characters of a line.
const LINES: usize = 44;
const WIDTH: usize = 38;

/// A document of these lines; longer ones are broken.
pub(super) fn pdf(text: &str) -> Vec<u8> {
    let lines: Vec<String> = text.lines().flat_map(broken).collect();
    let pages: Vec<&[String]> = lines.chunks(LINES).collect();
    // 1 catalogue, 2 pages, 3 font, 4 its description, 5 its metrics, then a page and its content in turn
    let kids: String = (0..pages.len()).map(|at| format!("{} 0 R ", 6 + 2 * at)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R/Lang(zh-CN)>>".to_owned(),
        format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.trim_end(), pages.len()),
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>".to_owned(),
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)\
         /Supplement 2>>/FontDescriptor 5 0 R/DW 1000>>"
            .to_owned(),
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 752\
         /Descent -271/CapHeight 737/StemV 58>>"
            .to_owned(),
    ];
    for (at, page) in pages.iter().enumerate() {
        let content = content(page);
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents {} 0 R>>",
            7 + 2 * at
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    assembled(&objects)
}

/// Objects, their places, and where those begin.
fn assembled(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut places = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        // writing to a String cannot fail
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let (count, begins) = (objects.len() + 1, file.len());
    let _ =
        write!(file, "xref\n0 {count}\n{places}trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{begins}\n%%EOF\n");
    file.into_bytes()
}

/// Operators that write the lines: UTF-16, big end first, as hexadecimal digits.
fn content(lines: &[String]) -> String {
    let mut content = String::from("BT /F1 12 Tf 17 TL 60 780 Td");
    for line in lines {
        let hex: String = line.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        let _ = write!(content, "\n<{hex}> Tj T*");
    }
    content.push_str("\nET");
    content
}

fn broken(line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    match letters.is_empty() {
        true => vec![String::new()],
        false => letters.chunks(WIDTH).map(|part| part.iter().collect()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::pdf;

    #[test]
    fn every_object_stands_where_the_table_says() {
        let file = String::from_utf8(pdf(&"肾功能\n\n".repeat(60))).unwrap();
        let (body, table) = file.split_once("xref\n").unwrap();
        assert!(body.starts_with("%PDF-1.4") && file.ends_with("%%EOF\n") && body.contains("<80BE529F80FD> Tj"));
        let places = table.lines().skip(2).take_while(|line| line.ends_with(" n "));
        let mut count = 0;
        for (at, place) in places.enumerate() {
            let offset: usize = place[..10].parse().unwrap();
            assert!(file[offset..].starts_with(&format!("{} 0 obj", at + 1)), "{place}");
            count += 1;
        }
        assert_eq!(count, 5 + 2 * 3);
        let begins: usize = file.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        assert!(file[begins..].starts_with("xref"));
    }
}
