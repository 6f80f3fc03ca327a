//! Surnames and given names with their readings (`data/zh/names.toml`).

use serde::Deserialize;

use crate::dice::Dice;

#[derive(Deserialize)]
pub(crate) struct Names {
    surname: Vec<Surname>,
    given: Vec<Given>,
}

#[derive(Deserialize)]
struct Surname {
    han: String,
    readings: Vec<String>,
    weight: f64,
}

#[derive(Deserialize)]
struct Given {
    han: String,
    readings: Vec<String>,
    #[serde(rename = "use")]
    used_for: String,
}

impl Names {
    /// A plausible name with its pinyin (first reading, tone marks, surname first).
    pub(crate) fn draw(&self, dice: &mut Dice, sex: &str) -> Option<(String, String)> {
        let surname = dice.weighted(&self.surname, |surname| surname.weight)?;
        let fitting: Vec<_> =
            self.given.iter().filter(|given| given.used_for == sex || given.used_for == "any").collect();
        let mut han = surname.han.clone();
        let mut pinyin = format!("{} ", surname.readings.first()?);
        for _ in 0..dice.between(1, 5).clamp(1, 2) {
            let given = dice.pick(&fitting)?;
            han.push_str(&given.han);
            pinyin.push_str(given.readings.first()?);
        }
        Some((han, pinyin))
    }

    /// Splits a written name into surname and given name; a name with a separator or without a known surname stays whole.
    pub(crate) fn split<'a>(&self, han: &'a str) -> Option<(&'a str, &'a str)> {
        let known = |surname: &&Surname| han.strip_prefix(&*surname.han).is_some_and(|given| !given.is_empty());
        if han.contains('·') || han.chars().count() > 4 {
            return None;
        }
        let surname = self.surname.iter().filter(known).max_by_key(|surname| surname.han.len())?;
        Some(han.split_at(surname.han.len()))
    }
}

/// Pinyin without tone marks, in lower case.
pub(crate) fn plain_pinyin(pinyin: &str) -> String {
    let plain = |c: char| match c {
        'ā' | 'á' | 'ǎ' | 'à' => 'a',
        'ē' | 'é' | 'ě' | 'è' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ō' | 'ó' | 'ǒ' | 'ò' => 'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => 'v',
        other => other.to_ascii_lowercase(),
    };
    pinyin.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn tones_are_dropped() {
        assert_eq!(plain_pinyin("lǚ yùlán"), "lv yulan");
    }

    #[test]
    fn surnames_are_found_whole() {
        let names = Reference::load().unwrap().names;
        assert_eq!(names.split("欧阳静"), Some(("欧阳", "静")));
        assert_eq!(names.split("陈玉兰"), Some(("陈", "玉兰")));
        assert_eq!(names.split("扎西次仁"), None);
        assert_eq!(names.split("古丽巴哈尔·阿不都热合曼"), None);
    }
}
