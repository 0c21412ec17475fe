//! What a name looks like: two that people take for one another are the same here.

use unicode_normalization::UnicodeNormalization as _;

/// A name without what the eye overlooks: case, spaces and signs, marks, letters of other alphabets that look the same.
pub fn of(name: &str) -> String {
    let letters = name.nfkd().flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).map(look_alike).collect()
}

/// The Latin letter that a letter or digit looks like.
fn look_alike(c: char) -> char {
    match c {
        '0' | '\u{3bf}' | '\u{43e}' => 'o',
        '1' | 'i' | '\u{131}' | '\u{3b9}' | '\u{456}' | '\u{4cf}' => 'l',
        '\u{3b1}' | '\u{430}' => 'a',
        '\u{432}' | '\u{3b2}' => 'b',
        '\u{441}' | '\u{3f2}' => 'c',
        '\u{501}' => 'd',
        '\u{435}' | '\u{3b5}' => 'e',
        '\u{261}' => 'g',
        '\u{4bb}' | '\u{43d}' => 'h',
        '\u{458}' => 'j',
        '\u{43a}' | '\u{3ba}' => 'k',
        '\u{43c}' => 'm',
        '\u{578}' => 'n',
        '\u{440}' | '\u{3c1}' => 'p',
        '\u{455}' => 's',
        '\u{442}' | '\u{3c4}' => 't',
        '\u{475}' | '\u{3bd}' => 'v',
        '\u{445}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{3b3}' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_looks_alike_is_one_name() {
        for twin in [
            "KEYCLOAK",
            " key cloak ",
            "K-e-y.c_l/o|a'k",
            "\u{41a}eycloak",
            "Keycl\u{43e}ak",
            "\u{ff2b}\u{ff45}\u{ff59}cloak",
            "Key\u{2003}cloak",
            "Ke\u{301}ycloak",
            "KeycIoak",
            "Keycl0ak",
        ] {
            assert_eq!(of(twin), of("Keycloak"), "{twin}");
        }
        assert_ne!(of("Keycloak client"), of("Keycloak"));
        assert_eq!(of("\u{1f680} "), "");
    }
}
