//! Which functions a rule calls, in all its branches: one that there is not shows only when its branch is reached, which may be
//! in front of a stranger.

use std::collections::HashSet;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, Scope};

/// Words that may stand before a bracket and call nothing, or what Rhai itself does.
const WORDS: [&str; 22] = [
    "if",
    "else",
    "while",
    "until",
    "for",
    "in",
    "loop",
    "do",
    "switch",
    "return",
    "throw",
    "catch",
    "let",
    "const",
    "fn",
    "Fn",
    "call",
    "curry",
    "is_def_fn",
    "is_def_var",
    "type_of",
    "this",
];

/// A call in the text, with its place as Rhai counts it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub name: String,
    pub line: usize,
    pub position: usize,
}

/// The calls of a rule that can be read, but for those of its own functions and variables. Not those within the `${}` of a text.
pub(super) fn of(rule: &str) -> Vec<Call> {
    let mut found = Vec::new();
    let mut own = HashSet::new();
    let mut before = String::new();
    let tokens = tokens(rule);
    for (place, token) in tokens.iter().enumerate() {
        let declares = matches!(before.as_str(), "fn" | "let" | "const" | "|" | ",");
        let calls = tokens.get(place + 1).is_some_and(|next| next.text == "(");
        if token.is_name && declares && (!calls || before == "fn") {
            own.insert(token.text.clone());
        } else if token.is_name && calls && !WORDS.contains(&token.text.as_str()) {
            found.push(Call {
                name: token.text.clone(),
                line: token.line,
                position: token.position,
            });
        }
        before.clone_from(&token.text);
    }
    found.retain(|call| !own.contains(&call.name));
    found
}

/// A name, or one character that is no part of one. Texts, characters and comments are left out.
struct Token {
    text: String,
    is_name: bool,
    line: usize,
    position: usize,
}

fn tokens(rule: &str) -> Vec<Token> {
    let chars: Vec<char> = rule.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    let (mut line, mut line_began) = (1, 0);
    while let Some(&c) = chars.get(at) {
        let began = at;
        let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        at = match (c, chars.get(at + 1)) {
            ('/', Some('/')) => end_of(&chars, at, |rest| rest[0] == '\n'),
            ('/', Some('*')) => end_of(&chars, at + 2, |rest| rest.starts_with(&['*', '/'])) + 2,
            ('"' | '`' | '\'', _) => quoted(&chars, at, c),
            _ if is_part(&c) => {
                let end = end_of(&chars, at, |rest| !is_part(&rest[0]));
                found.push(Token {
                    text: chars[at..end].iter().collect(),
                    is_name: !c.is_ascii_digit(),
                    line,
                    position: at - line_began + 1,
                });
                end
            }
            _ => {
                if !c.is_whitespace() {
                    found.push(Token {
                        text: c.to_string(),
                        is_name: false,
                        line,
                        position: at - line_began + 1,
                    });
                }
                at + 1
            }
        };
        let end = at.min(chars.len());
        for (place, _) in chars[began..end].iter().enumerate().filter(|(_, c)| **c == '\n') {
            line += 1;
            line_began = began + place + 1;
        }
    }
    found
}

fn end_of(chars: &[char], from: usize, ends: impl Fn(&[char]) -> bool) -> usize {
    let mut at = from;
    while at < chars.len() && !ends(&chars[at..]) {
        at += 1;
    }
    at
}

/// Behind the end of what is quoted.
fn quoted(chars: &[char], from: usize, by: char) -> usize {
    let mut at = from + 1;
    while let Some(&c) = chars.get(at) {
        if c == by {
            return at + 1;
        }
        at += if c == '\\' && by != '`' { 2 } else { 1 };
    }
    at
}

/// Whether there is a function of this name, for values of any kinds. `ready` is called before each try.
pub(super) fn is_known(engine: &Engine, name: &str, ready: impl Fn()) -> bool {
    let values = || -> Vec<Dynamic> {
        vec![
            "a".into(),
            1_i64.into(),
            Array::new().into(),
            Map::new().into(),
            FnPtr::new("f").map_or(Dynamic::UNIT, Dynamic::from),
            true.into(),
            1.5_f64.into(),
            'a'.into(),
            Dynamic::from(0_i64..1),
            Dynamic::UNIT,
        ]
    };
    let tries = |arguments: &[Dynamic]| {
        let mut scope = Scope::new();
        let mut written = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            let variable = format!("a{place}");
            scope.push_dynamic(variable.clone(), argument.clone());
            written.push(variable);
        }
        ready();
        let call = format!("{name}({})", written.join(", "));
        let called = engine.eval_with_scope::<Dynamic>(&mut scope, &call);
        !matches!(called.map_err(|e| *e), Err(EvalAltResult::ErrorFunctionNotFound(..)))
    };
    let all = values();
    let two = || {
        all.iter()
            .flat_map(|one| all.iter().map(move |two| [one.clone(), two.clone()]))
    };
    tries(&[])
        || all.iter().any(|one| tries(std::slice::from_ref(one)))
        || two().any(|two| tries(&two))
        || two().any(|[one, two]| {
            all.iter()
                .any(|three| tries(&[one.clone(), two.clone(), three.clone()]))
        })
        || all
            .iter()
            .any(|one| tries(&[one.clone(), 0_i64.into(), 1_i64.into(), one.clone()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rule: &str) -> Vec<String> {
        of(rule).into_iter().map(|call| call.name).collect()
    }

    #[test]
    fn calls_are_found_and_texts_and_comments_are_none() {
        assert_eq!(names("a(1) && b.c(2) || d?.e (3)"), ["a", "c", "e"]);
        assert_eq!(
            names("if (a) { f(\"g(1) \\\" h(2)\", 'i', `j(1)`) } // k(1)\n/* l(1) */ switch (m) { _ => 1 }"),
            ["f"]
        );
        assert_eq!(names("fn own(x) { x } own(1) + other(2)"), ["other"]);
        assert_eq!(names("let f = |x, y| x(y); f.call(1)"), Vec::<String>::new());
        assert_eq!(
            names("client.contacts.all(|one| one.ends_with(\".org\"))"),
            ["all", "ends_with"]
        );
        let second = of("true &&\n  unheard(1)");
        assert_eq!((second[0].line, second[0].position), (2, 3));
        for odd in ["\"", "`", "'", "/*", "a(", "é(1)", "1(2)", ""] {
            of(odd);
        }
    }
}
