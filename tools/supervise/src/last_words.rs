//! The end of what a program has printed: of a stack trace, what tells its author something.

use console::safe;

/// What begins the text that a crash leaves on a console, in the languages that students use.
///
/// A program that ends with one of these wasn't prepared for what has happened.
const STACK_TRACES: &[&str] = &[
    "Traceback (most recent call last)", // Python
    "panicked at",                       // Rust
    "stack backtrace:",                  // Rust
    "Exception in thread",               // Java, Kotlin
    "\n\tat ",                           // Java
    "Unhandled exception",               // .NET, Dart
    "[running]:",                        // Go
    "\n    at ",                         // JavaScript
    "(most recent call first)",          // Ruby, OCaml
    "\n\tfrom ",                         // Ruby
    "Stack trace:",                      // PHP
    "stack traceback:",                  // Lua
    "CallStack (from HasCallStack)",     // Haskell
    "terminate called",                  // C++
    "Segmentation fault",                // C
    "core dumped",                       // C
];

/// What begins the lines below an error, in languages that name the error first.
const TRACES_BELOW_ERRORS: [&str; 4] = [
    "[running]:",       // Go
    "\tfrom ",          // Ruby
    "Stack trace:",     // PHP
    "stack traceback:", // Lua
];

/// What is shown between two lines of output.
pub const LINE_END: &str = " / ";

/// Maximum number of characters that are shown of a line of output.
const SHOWN_LINE: usize = 160;

/// The end of what a program has printed.
pub fn last_words(text: &str) -> String {
    const LINES: usize = 4;
    let lines = telling(text);
    if lines.is_empty() {
        return "it printed nothing".to_owned();
    }
    let is_trace = |line: &&str| TRACES_BELOW_ERRORS.iter().any(|it| line.contains(it));
    // The last trace is shown from the error on, and as much of it as there is room for.
    let mut places = (1..lines.len()).rev();
    let trace = places.find(|&at| is_trace(&lines[at]) && !is_trace(&lines[at - 1]));
    let end = trace.map_or(lines.len(), |at| lines.len().min(at - 1 + LINES));
    let shown = |line: &&str| cut(&safe::escape(line.trim()), SHOWN_LINE);
    let last = lines[end.saturating_sub(LINES)..end].iter().map(shown);
    let last: Vec<_> = last.collect();
    format!("it printed last: {}", last.join(LINE_END))
}

/// Where a stack trace begins, if there is one: with one of `STACK_TRACES`, or the line above it
/// if that is a place. A log may have lines with `at`, too, that are no places of JavaScript's.
pub fn stack_trace(output: &str) -> Option<usize> {
    let is_it = |start: usize, marker: &str| {
        let mut lines = output.get(start..).unwrap_or_default().lines().skip(1);
        !marker.starts_with("\n    ") || lines.next().is_some_and(is_script)
    };
    let starts = STACK_TRACES.iter().filter_map(|marker| {
        let mut starts = output.match_indices(marker).map(|(start, _)| start);
        let start = starts.find(|start| is_it(*start, marker))?;
        let line_above = output.get(..start)?.rfind('\n').unwrap_or_default();
        let is_below = marker.starts_with('\n');
        Some(if is_below { line_above } else { start })
    });
    starts.min()
}

/// Whether a line ends with a file, a line and a column, as `(/x/server.js:5:6)`, or with none.
fn is_script(line: &str) -> bool {
    let mut parts = line.trim_end().trim_end_matches(')').rsplitn(3, ':');
    let mut is_number = || parts.next().is_some_and(|it| it.parse::<u32>().is_ok());
    let is_place = is_number() && is_number();
    let file = parts.next().unwrap_or_default();
    let is_file = file.ends_with("js") || file.ends_with("ts") || file.contains("node:");
    line.ends_with("(<anonymous>)") || is_place && is_file
}

/// The beginning and the end of a text that is too long.
pub fn cut(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(most - 20).collect();
    let end: String = text.chars().skip(count - 15).collect();
    format!("{beginning} … {end}")
}

/// The lines that say something to the program's author. A stack trace also names places in the
/// language's own library. Below the error, JavaScript and Java print where it happened: one place
/// is enough. Node.js adds the fields of the error.
fn telling(text: &str) -> Vec<&str> {
    let (mut has_place, mut is_library, mut is_in_fields) = (false, false, false);
    let mut says_something = |line: &&str| {
        let words = line.trim();
        if is_in_fields {
            is_in_fields = words != "}";
            return false;
        }
        let is_indented = words.len() < line.trim_end().len();
        if is_indented && words.starts_with("at ") {
            is_in_fields = words.ends_with(" {");
            let is_new = !has_place && !is_of_a_library(words);
            has_place |= is_new;
            return is_new;
        }
        has_place = false;
        if words.starts_with("File \"") {
            is_library = is_of_a_library(words);
        }
        // Python shows the line itself, too, and marks the place in it.
        is_library &= is_indented;
        let is_mark = words.chars().all(|c| "^~-".contains(c));
        !is_library && !is_mark && !words.starts_with("Node.js v")
    };
    text.lines().filter(|line| says_something(line)).collect()
}

/// Whether a place in a stack trace is in the library of Python, JavaScript or Java.
fn is_of_a_library(place: &str) -> bool {
    let libraries = r"/lib/python|\Lib\|<frozen |(node:|at node:|<anonymous>)|java.base/";
    libraries.split('|').any(|library| place.contains(library))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_part_of_a_stack_trace_and_a_time_is_not() {
        for (printed, start) in [
            ("212\nError: 98\n    at log (/x/server.js:5:6)\n", Some(3)),
            ("Error\n    at x.mjs:5:6\n", Some(0)),
            (
                "Error\n    at new Promise (<anonymous>)\n    at node:net:5:6\n",
                Some(0),
            ),
            ("a guest\n    at 12:00:05\n", None),
            ("a guest\n    at http://127.0.0.1:8080\n", None),
            (
                "a guest\n    at 12:00:05\n212\nError\n    at x.js:5:6\n",
                Some(27),
            ),
            ("Error\n\tat Server.main(Server.java:10)\n", Some(0)),
        ] {
            assert_eq!(stack_trace(printed), start, "{printed}");
        }
    }

    #[test]
    fn the_last_words_are_the_error_and_the_place_in_the_program() {
        for (printed, expected) in [
            (
                "/x/server.js:3\n  let a b\n        ^\n\nSyntaxError: Unexpected identifier 'b'\n    \
                 at wrapSafe (node:internal:1:2)\n    at Module.load (node:internal:7:8)\n\n\
                 Node.js v22.1.0\n",
                "/x/server.js:3 / let a b / SyntaxError: Unexpected identifier 'b'",
            ),
            (
                "node:events:495\n      throw er;\n      ^\n\nError: read ECONNRESET\n    at TCP.read \
                 (node:internal:1:2)\n    at Socket.<anonymous> (/x/server.js:5:6)\n    at next \
                 (/x/server.js:7:8)\nEmitted 'error' event at:\n    at emit (node:x:8:8) {\n  \
                 errno: -104,\n  syscall: 'read'\n}\n\nNode.js v20.20.2\n",
                "throw er; / Error: read ECONNRESET / at Socket.<anonymous> (/x/server.js:5:6) / \
                 Emitted 'error' event at:",
            ),
            (
                "hello\nException in thread \"main\" java.lang.NumberFormatException: warm\n\tat \
                 java.base/java.lang.Double.parseDouble(Double.java:651)\n\tat \
                 Server.main(Server.java:10)\n\tat Server.run(Server.java:20)\n",
                "hello / Exception in thread \"main\" java.lang.NumberFormatException: warm / at \
                 Server.main(Server.java:10)",
            ),
            (
                "hello\nTraceback (most recent call last):\n  File \"/x/server.py\", line 3, in f\n    \
                 f(1)\n    ~^^^\n  File \"/usr/lib/python3.11/socket.py\", line 1, in g\n    \
                 g(1)\nOSError: no\n------\n",
                "Traceback (most recent call last): / File \"/x/server.py\", line 3, in f / f(1) / \
                 OSError: no",
            ),
            (
                "hello\nx.rb:7:in `print': Broken pipe (Errno::EPIPE)\n\tfrom x.rb:7:in `f'\n\
                 \tfrom x.rb:8:in `g'\n\tfrom x.rb:9:in `h'\n\tfrom x.rb:10:in `<main>'\n",
                "x.rb:7:in `print': Broken pipe (Errno::EPIPE) / from x.rb:7:in `f' / from x.rb:8:in \
                 `g' / from x.rb:9:in `h'",
            ),
            (
                "hello\npanic: no\n\ngoroutine 6 [running]:\nmain.serve(...)\n\t/x/s.go:12 +0x9c\n\
                 created by main.main\n\t/x/s.go:9 +0x65\n",
                "panic: no / goroutine 6 [running]: / main.serve(...) / /x/s.go:12 +0x9c",
            ),
        ] {
            assert_eq!(last_words(printed), format!("it printed last: {expected}"));
        }
    }
}
