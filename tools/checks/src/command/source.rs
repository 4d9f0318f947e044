//! What a source says of its `main` and of the files that it loads, as well as it can be seen
//! without reading all of the language.

use std::path::Path;

/// The words and signs of a source, without comments and literals.
pub(crate) fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let end = if rest.starts_with("//") {
            rest.find('\n')
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map(|end| end + 4)
        } else if first == '"' || first == '\'' {
            Some(literal(rest, first))
        } else if is_of_a_word(first) {
            rest.find(|c| !is_of_a_word(c))
        } else {
            Some(first.len_utf8())
        };
        let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
        let is_sign = token.len() == first.len_utf8() && !first.is_whitespace();
        if is_sign || is_of_a_word(first) {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || "_$".contains(character)
}

/// The length of the literal at the start of this text. It ends with its line, as an apostrophe of
/// Rust may begin none.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            '\n' => return index,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether there is a function `main`.
pub(crate) fn has_main(source: &str) -> bool {
    tokens(source).windows(2).any(|pair| pair == ["main", "("])
}

/// Whether this text has a line that no prose has, but programs begin with.
pub(crate) fn is_code(text: &str) -> bool {
    let begins = ["#!/", "#include", "use std::", "public class "];
    let is_name = |word: &str| {
        let is_of_a_name = |it: char| is_of_a_word(it) || ".;".contains(it);
        !word.is_empty() && word.chars().all(is_of_a_name)
    };
    text.lines().map(str::trim).any(|line| {
        let imported = line.strip_prefix("import ");
        begins.iter().any(|it| line.starts_with(it))
            || imported.is_some_and(|names| names.split(", ").all(is_name))
            || (line.starts_with("from ") && line.contains(" import "))
            || line.contains("= require(")
    })
}

/// The names of files that this source loads, without endings: the words of Python's imports, the
/// paths that Node requires, and all words of Java.
pub(crate) fn loads<'a>(source: &'a str, ending: &str) -> Vec<&'a str> {
    match ending {
        "java" => tokens(source),
        "py" | "pyw" => {
            let is_import = |line: &&str| line.starts_with("import ") || line.starts_with("from ");
            let lines = source.lines().map(str::trim_start).filter(is_import);
            let words = lines.flat_map(|line| line.split(|it| !is_of_a_word(it)));
            words.collect()
        }
        _ => {
            let literals = source.split(['"', '\'', '`']);
            let paths = literals.filter(|it| it.starts_with('.'));
            let stems = paths.filter_map(|path| Path::new(path).file_stem()?.to_str());
            stems.collect()
        }
    }
}

/// Whether this source of Python imports from its package: the folder of this name, `depth` folders
/// up. 1 is its own.
pub(crate) fn is_in_package(source: &str, name: &str, depth: usize) -> bool {
    let dots = ".".repeat(depth);
    let starts = [
        format!("from {dots}"),
        format!("from {name}."),
        format!("import {name}."),
    ];
    let mut lines = source.lines().map(str::trim_start);
    lines.any(|line| starts.iter().any(|start| line.starts_with(start)))
}

/// What `javac` and `java` have to be told of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Java {
    /// The names of its package, from the outermost.
    pub(crate) package: Vec<String>,
    /// The class with `main`.
    pub(crate) main: String,
    /// The name that the file must have, without its ending.
    pub(crate) stem: String,
}

impl Java {
    /// `stem` is the name of the file, which may have got another one on its way.
    pub(crate) fn of(source: &str, stem: &str) -> Self {
        let tokens = tokens(source);
        let package = tokens.iter().skip_while(|token| **token != "package");
        let package = package.skip(1).take_while(|token| **token != ";");
        let package = package.filter(|token| **token != ".");
        let (mut depth, mut class) = (0_usize, "");
        let (mut public, mut with_main) = (None, Vec::new());
        for (index, pair) in tokens.windows(2).enumerate() {
            match pair {
                ["class" | "enum" | "interface" | "record", name] if depth == 0 => {
                    // Between them may be "final" or "abstract".
                    let before = tokens.get(index.saturating_sub(2)..index);
                    let is_public = before.unwrap_or_default().contains(&"public");
                    class = name;
                    public = public.or(is_public.then_some(class));
                }
                ["void", "main"] if depth == 1 => with_main.push(class),
                ["{", _] => depth += 1,
                ["}", _] => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let has_main = |name: &&str| with_main.contains(name);
        let main = Some(stem).filter(has_main).or(public.filter(has_main));
        let main = main.or(with_main.first().copied()).unwrap_or(stem);
        Self {
            package: package.map(|token| (*token).to_owned()).collect(),
            main: main.to_owned(),
            stem: public.unwrap_or(stem).to_owned(),
        }
    }

    /// The class with `main`, as `java` is told it.
    pub(crate) fn full_name(&self) -> String {
        let mut parts = self.package.clone();
        parts.push(self.main.clone());
        parts.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_function_is_main() {
        assert!(has_main("int main\n(void) {}"));
        assert!(has_main("fn f<'a>() {}\nfn main() {}"));
        assert!(has_main(
            "char quote = '\"'; char two[] = \"\\\"\"; int main() {}"
        ));
        for source in [
            "int domain(void);",
            "int main_loop(void);",
            "int main;",
            "// main() is elsewhere",
            "/* see\nmain() */",
            "puts(\"main()\");",
        ] {
            assert!(!has_main(source), "{source}");
        }
    }

    fn main_of(source: &str) -> String {
        Java::of(source, "Server").full_name()
    }

    #[test]
    fn the_main_class_of_java_is_the_one_around_main() {
        let main = "public static void main(String[] args) { if (true) {} }";
        let handler = "static class Handler { void run() { char c = '{'; } }";
        let source = format!("public class Server {{ {handler} {main} }}");
        assert_eq!(main_of(&source), "Server");
        let source = format!("package a . b;\n/** class Main {{ */ class Other {{ {main} }}");
        assert_eq!(main_of(&source), "a.b.Other");
        let source = format!("class Other {{ {main} }} class Server {{ {main} }}");
        assert_eq!(main_of(&source), "Server");
        let source = format!("class A {{ {main} }} public final class B {{ {main} }}");
        assert_eq!(main_of(&source), "B");
        assert_eq!(main_of("void main() {}"), "Server");
    }

    #[test]
    fn what_a_source_loads() {
        let python = "import os, util\n    from .room import Room\nserver = 'import x'";
        let expected = [
            "import", "os", "", "util", "from", "", "room", "import", "Room",
        ];
        assert_eq!(loads(python, "py"), expected);
        let node = "const server = require('./lib/proto'); import a from \"../b.js\"; f('net')";
        assert_eq!(loads(node, "js"), ["proto", "b"]);
    }

    #[test]
    fn a_source_of_python_may_be_in_a_package() {
        let is_in = |source, depth| is_in_package(source, "chat", depth);
        assert!(is_in("import os\nfrom .room import Room", 1));
        assert!(is_in("    import chat.room", 3));
        assert!(is_in("from chat.room import Room", 1));
        assert!(is_in("from ..room import Room", 2));
        assert!(!is_in("from .room import Room", 2));
        assert!(!is_in("from chat import *\nimport chat, chat2.room", 1));
    }

    #[test]
    fn a_file_of_java_is_named_after_its_public_class() {
        let stem = |source| Java::of(source, "12_Server").stem;
        assert_eq!(stem("class A {} public abstract class B {}"), "B");
        assert_eq!(stem("class A { public class B {} }"), "12_Server");
    }
}
