//! What the README and `docs/` quote, link to and print as a command.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

use docs::page::{Block, CHINESE, COMMANDS_ABOVE, MEASURING, Page};
use docs::{quote, root};

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| Page::all().unwrap());

/// What doesn't hold, a line each, must be nothing.
#[track_caller]
fn nothing(wrong: &[String], advice: &str) {
    assert!(wrong.is_empty(), "\n{}\n{advice}\n", wrong.join("\n"));
}

/// Whether the text has a Chinese character.
fn is_chinese(text: &str) -> bool {
    text.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// The cells of a row of a table; none, if the line isn't one.
fn cells(line: &str) -> Vec<&str> {
    let row = line.strip_prefix('|').and_then(|it| it.strip_suffix('|'));
    row.map_or_else(Vec::new, |row| row.split('|').map(str::trim).collect())
}

fn has_comment(command: &str) -> bool {
    command.starts_with('#') || command.contains(" #")
}

/// `UPDATE_DOCS=1` rewrites the blocks instead.
#[test]
fn each_block_says_what_its_source_says() {
    let update = env::var_os("UPDATE_DOCS").is_some();
    let mut wrong = Vec::new();
    for page in PAGES.iter() {
        let mut text = page.text.clone();
        // From the last to the first, so that the other blocks don't move.
        for block in page.blocks.iter().rev() {
            let Some(source) = &block.source else {
                continue;
            };
            if source == COMMANDS_ABOVE {
                continue; // tests/external.rs
            }
            match quote::quote(source) {
                Ok(quote) if quote == block.text => {}
                Ok(quote) if update => text.replace_range(block.range.clone(), &quote),
                Ok(_) => wrong.push(format!("{}: differs from {source}", page.at(block.line))),
                Err(missing) => wrong.push(format!("{}: {missing}", page.at(block.line))),
            }
        }
        if text != page.text {
            fs::write(root().join(&page.path), text).unwrap();
        }
    }
    nothing(&wrong, "UPDATE_DOCS=1 cargo test -p docs rewrites them.");
}

#[test]
fn each_block_has_a_source_or_is_a_command() {
    let mut wrong = Vec::new();
    for page in PAGES.iter() {
        let mut before = "";
        for block in &page.blocks {
            let is_right = match block.language.as_str() {
                // A shell that isn't bash, such as macOS's, may take a typed comment for arguments.
                "sh" => block.source.is_none() && !block.commands().any(has_comment),
                // How to set a mirror.
                "toml" => page.path == Path::new(CHINESE),
                "rust" | "text" | "diff" => match block.source.as_deref() {
                    Some(COMMANDS_ABOVE) => before == "sh",
                    Some(_) => true,
                    None => false,
                },
                _ => false,
            };
            if !is_right {
                wrong.push(page.at(block.line));
            }
            before = &block.language;
        }
    }
    nothing(
        &wrong,
        "A block is rust, text or diff, with a line <!-- source: … --> before it, or sh without #.",
    );
}

#[test]
fn each_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in linked_pages() {
        for (link, line) in &page.links {
            if link.contains("://") {
                continue;
            }
            if let Err(missing) = follow(page, link) {
                wrong.push(format!("{}: {link}: {missing}", page.at(*line)));
            }
        }
    }
    nothing(&wrong, "These links lead nowhere.");
}

/// The pages, and the one for those who change them.
fn linked_pages() -> impl Iterator<Item = &'static Page> {
    static CONTRIBUTING: LazyLock<Page> =
        LazyLock::new(|| Page::read("CONTRIBUTING.md".into()).unwrap());
    PAGES.iter().chain([&*CONTRIBUTING])
}

fn follow(page: &Page, link: &str) -> Result<(), String> {
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() {
        page.path.clone()
    } else {
        without_dots(&folder.join(path)).ok_or("it leaves the workspace")?
    };
    if !root().join(&target).exists() {
        return Err("there is no such file".to_owned());
    }
    if fragment.is_empty() {
        Ok(())
    } else if let Some(target) = linked_pages().find(|page| page.path == target) {
        let found = target.fragments().iter().any(|it| it == fragment);
        found.then_some(()).ok_or("no such heading".to_owned())
    } else {
        let text = fs::read_to_string(root().join(target)).map_err(|error| error.to_string())?;
        quote::item(&text, fragment).map(drop)
    }
}

/// The path without `..`, or `None` if it leads out.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => plain.pop().then_some(())?,
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// `tests/external.rs` runs the `sh` blocks. A command in a line of text must be one of these, or
/// `.ci/run` must run it.
#[test]
fn each_command_within_text_is_run_somewhere() {
    let blocks = PAGES.iter().flat_map(|page| &page.blocks);
    let mut run: Vec<&str> = blocks.flat_map(Block::commands).collect();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    run.extend(ci.lines().map(str::trim));
    let mut wrong = Vec::new();
    for page in PAGES.iter() {
        for (code, line) in &page.code {
            let is_command = ["cargo ", "printf ", "nc ", "curl "]
                .iter()
                .any(|program| code.starts_with(program));
            let is_run = run.contains(&code.as_str()) || code.starts_with(MEASURING);
            if is_command && !is_run {
                wrong.push(format!("{}: {code}", page.at(*line)));
            }
        }
    }
    nothing(
        &wrong,
        "These commands are in no sh block and not in .ci/run.",
    );
}

/// The tutorial is Chinese, so each title ends with a dot and the Chinese title.
#[test]
fn each_page_is_in_the_table_of_contents_and_in_the_index_by_its_title() {
    let mut wrong = Vec::new();
    for index in ["docs/SUMMARY.md", "docs/README.md"] {
        let text = Page::read(index.into()).unwrap().text;
        for page in PAGES.iter() {
            let Ok(name) = page.path.strip_prefix("docs") else {
                continue;
            };
            if name == Path::new("SUMMARY.md") || name == Path::new("README.md") {
                continue;
            }
            let (_, title, _) = page.headings.first().unwrap();
            let line = format!("[{title}]({})", name.display());
            if !title.contains(" · ") || !text.contains(&line) {
                wrong.push(format!("{index} hasn't {line}"));
            }
        }
    }
    nothing(
        &wrong,
        "Each page has a line in both, with its title in English and Chinese.",
    );
}

/// A reader outside the book has no arrow to the next page.
#[test]
fn each_section_leads_to_the_next() {
    let summary = Page::read("docs/SUMMARY.md".into()).unwrap();
    let names: Vec<_> = summary.links.iter().map(|(link, _)| link).skip(1).collect();
    let last = names.iter().position(|it| *it == "5.2-udp-client.md");
    for pair in names[..=last.unwrap() + 1].windows(2) {
        let page = Page::read(Path::new("docs").join(pair[0])).unwrap();
        let end = page.text.trim_end().lines().last().unwrap();
        let leads = end.starts_with("**Next**: [") && end.ends_with(&format!("({})", pair[1]));
        assert!(leads, "{}: the last line is {end:?}", pair[0]);
    }
}

/// The pages of chapters 4 and 5 have the same parts in the same order.
#[test]
fn section_pages_have_the_same_shape() {
    const SHAPE: [&str; 8] = [
        "What you will be able to do",
        "The idea",
        "The program",
        "Run it",
        "Break it",
        "How the robust version survives",
        "Exercises",
        "Further reading",
    ];
    for name in [
        "4.1-tcp-server",
        "4.2-tcp-client",
        "4.3-chat",
        "5.1-udp-server",
        "5.2-udp-client",
    ] {
        let page = Page::read(format!("docs/{name}.md").into()).unwrap();
        let parts: Vec<_> = page.sections().map(|(heading, _)| heading).collect();
        assert_eq!(parts, SHAPE, "{name}");
    }
}

/// Each pitfall shows itself with `--tutorial`, and leads to the code that avoids it.
#[test]
fn each_pitfall_is_shown_and_has_its_fix() {
    let page = Page::read("docs/pitfalls.md".into()).unwrap();
    let mut wrong = Vec::new();
    let sections: Vec<_> = page.sections().collect();
    for (number, &(heading, line)) in sections.iter().enumerate() {
        let end = sections.get(number + 1).map_or(usize::MAX, |next| next.1);
        let is_here = |it: usize| line < it && it < end;
        let shown = page.blocks.iter().any(|block| {
            is_here(block.line)
                && block
                    .commands()
                    .any(|command| command.contains("--tutorial"))
        });
        let fixed = page.links.iter().any(|(link, line)| {
            is_here(*line) && link.starts_with("../crates/") && link.contains('#')
        });
        let body = page.text.lines().skip(line);
        let mut body = body.take(end.saturating_sub(line + 1));
        let checked = body.any(|line| line.starts_with("Check: "));
        // Its cause and its fix in Chinese.
        let told = page.text.split("\n## ").nth(number + 1);
        let told = told.is_some_and(|it| it.contains("<details lang=\"zh-CN\">"));
        if !(shown && fixed && checked && told) {
            wrong.push(format!("{}: {heading}", page.at(line)));
        }
    }
    nothing(
        &wrong,
        "Each needs a command with --tutorial, a link to the fix, a Chinese part, and a line \
         \"Check: …\".",
    );
}

/// A step is short, and is the one before with one idea more.
#[test]
fn each_step_is_short_and_changes_little() {
    let is_code = |line: &&str| {
        let line = line.trim_start_matches(['+', '-', ' ']);
        !line.is_empty() && !line.starts_with("//")
    };
    let mut wrong = Vec::new();
    for (name, limit) in [
        ("ch4-tcp-server", 90),
        ("ch4-tcp-client", 90),
        ("ch4-chat", 130),
        ("ch5-udp", 130),
    ] {
        let folder = root().join("crates").join(name).join("examples");
        let entries = fs::read_dir(folder).unwrap();
        let mut steps: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        steps.sort();
        let mut before: Option<String> = None;
        for step in steps {
            let text = fs::read_to_string(&step).unwrap();
            let lines = text.lines().filter(is_code).count();
            let changed = before.map_or(0, |before| {
                let changes = quote::changes(&before, &text, 0);
                let is_new = |line: &&str| line.starts_with('+') && is_code(line);
                changes.lines().filter(is_new).count()
            });
            if lines > limit || changed > 40 || !text.contains("// New: ") {
                wrong.push(format!("{}: {lines}, {changed}", step.display()));
            }
            before = Some(text);
        }
    }
    nothing(
        &wrong,
        "A step has at most so many lines of code (90, or 130 with both sides), 40 of them new, and \
         a comment \"// New: …\" at each change.",
    );
}

/// Readers look for what they see, in English or Chinese.
#[test]
fn each_pitfall_is_in_the_index_of_symptoms_and_has_a_chinese_name() {
    let page = Page::read("docs/pitfalls.md".into()).unwrap();
    let (index, _) = page.text.split_once("\n## ").unwrap();
    let missing = page.anchors.iter();
    let missing = missing.filter(|name| !index.contains(&format!("](#{name})")));
    let mut wrong: Vec<String> = missing.cloned().collect();
    for row in index.lines().filter(|line| line.contains("](#")) {
        if let [_, symptom, _] = cells(row).as_slice()
            && !is_chinese(symptom)
        {
            wrong.push(row.to_owned());
        }
    }
    for (heading, _) in page.sections() {
        let (english, chinese) = heading.split_once(" · ").unwrap_or_default();
        let name = Page::parse(PathBuf::new(), format!("# {english}\n")).fragments();
        if !is_chinese(chinese) || name.iter().any(|name| !page.anchors.contains(name)) {
            wrong.push(heading.to_owned());
        }
    }
    nothing(
        &wrong,
        "Each needs a row in the index with its symptom in Chinese, its Chinese name, and its \
         English name as an anchor before it.",
    );
}

/// A section's goals, idea and robust version are told in Chinese too, folded. So is each chapter.
#[test]
fn each_goal_and_idea_has_a_chinese_part() {
    const START: &str = "\n<details lang=\"zh-CN\">\n<summary>中文</summary>\n\n";
    let mut wrong = Vec::new();
    for page in PAGES.iter() {
        let (_, title, _) = page.headings.first().unwrap();
        if title.starts_with(char::is_numeric) && !page.text.contains(START) {
            wrong.push(page.path.display().to_string());
        }
        for title in [
            "What you will be able to do",
            "The idea",
            "How the robust version survives",
        ] {
            let heading = format!("\n## {title}\n");
            let Some((_, section)) = page.text.split_once(&heading) else {
                continue;
            };
            let section = section.split("\n## ").next().unwrap_or_default();
            let chinese = section.split_once(START).map(|(_, rest)| rest);
            let chinese = chinese.and_then(|rest| rest.split("\n\n</details>\n").next());
            if !chinese.is_some_and(is_chinese) {
                wrong.push(format!("{}: {title}", page.path.display()));
            }
        }
    }
    nothing(&wrong, "Each needs a block like those of docs/1-tcp-ip.md.");
}

#[test]
fn the_chinese_readme_has_the_commands_and_the_chapters_of_the_readme() {
    let [english, chinese] = ["README.md", CHINESE].map(|path| Page::read(path.into()).unwrap());
    // Its comments are in Chinese, and it says how to set a mirror.
    let blocks = |page: &Page| -> Vec<String> {
        let blocks = page.blocks.iter().filter(|it| it.language != "toml");
        let text = |block: &Block| match block.source.as_deref() {
            Some(COMMANDS_ABOVE) => block.text.clone(),
            Some(source) => source.to_owned(),
            None => block.commands().collect::<Vec<_>>().join("\n"),
        };
        blocks.map(text).collect()
    };
    assert_eq!(blocks(&chinese), blocks(&english));
    // A row's links and commands.
    let rows = |page: &Page| -> Vec<Vec<String>> {
        let rows = page.text.lines().filter(|line| line.contains("](docs/"));
        let rows = rows.filter(|line| line.starts_with("| "));
        let row = |line| {
            let row = Page::parse(PathBuf::new(), format!("| | | |\n|---|---|---|\n{line}\n"));
            let parts = row.links.into_iter().chain(row.code);
            parts.map(|(part, _)| part).collect()
        };
        rows.map(row).collect()
    };
    assert_eq!(rows(&chinese), rows(&english));
    assert_eq!(rows(&english).len(), 10, "the sections");
}

/// What a class is marked for is what the page to hand out asks for.
#[test]
fn the_workflow_that_marks_a_class_knows_each_role() {
    let workflow = fs::read_to_string(root().join(".github/workflows/mark.yml")).unwrap();
    let page = Page::read("docs/roles.md".into()).unwrap();
    let roles: Vec<_> = page.sections().map(|(role, _)| role).collect();
    let options = format!("options: [{}]\n", roles.join(", "));
    assert!(workflow.contains(&options), "{options}");
}

/// A term has its Chinese name.
#[test]
fn each_term_of_the_glossary_has_a_chinese_name() {
    let page = Page::read("docs/glossary.md".into()).unwrap();
    let mut wrong = Vec::new();
    for line in page.text.lines().filter(|line| !line.starts_with("| ---")) {
        if let [term, name, ..] = cells(line).as_slice()
            && !is_chinese(name)
        {
            wrong.push((*term).to_owned());
        }
    }
    nothing(&wrong, "These terms have no Chinese name.");
}

/// `**term** (名字)`: a reader looks the name up.
#[test]
fn each_chinese_name_of_a_term_is_in_the_glossary() {
    let glossary = Page::read("docs/glossary.md".into()).unwrap();
    let bold = |cell: &str| cell.split("**").nth(1).unwrap_or_default().to_owned();
    let rows = glossary
        .text
        .lines()
        .filter(|line| line.starts_with("| **"));
    let names: Vec<_> = rows
        .filter_map(|row| cells(row).get(1).map(|cell| bold(cell)))
        .collect();
    let mut wrong = Vec::new();
    for page in PAGES.iter() {
        let text = page.text.replace("**\n(", "** (");
        for after in text.split("** (").skip(1) {
            let inside = after.split([')', ':', '\n']).next().unwrap_or_default();
            for name in inside.split([',', '、']).map(str::trim) {
                if is_chinese(name) && !names.iter().any(|it| it.contains(name)) {
                    wrong.push(format!("{}: {name}", page.path.display()));
                }
            }
        }
    }
    nothing(
        &wrong,
        "The glossary has these terms under another name, or not at all.",
    );
}

/// The headings of the tutorial, as the map has them in Chinese.
const TUTORIAL: [&str; 14] = [
    "网络编程; 简介",
    "文章目录",
    "TCP/IP协议",
    "IP协议",
    "TCP协议",
    "UDP协议",
    "Socket, 套接字",
    "TCP编程",
    "创建TCP服务器",
    "创建TCP客户端",
    "简易聊天工具",
    "UDP编程",
    "创建UDP服务器",
    "创建UDP客户端",
];

/// How many statements the tutorial makes. A row less is one that can't be found any more.
const STATEMENTS: usize = 91;

/// (`each_link_leads_somewhere` follows its links, as those of any page.)
#[test]
fn each_statement_of_the_tutorial_has_a_whole_row_in_the_map() {
    let page = Page::read("docs/map.md".into()).unwrap();
    let (mut wrong, mut headings, mut count) = (Vec::new(), Vec::new(), 0);
    let mut is_map = false;
    for (line, number) in page.text.lines().zip(1..) {
        match cells(line).as_slice() {
            [] => is_map = false,
            ["the tutorial says", ..] => is_map = true,
            ["---", ..] => {}
            [says, chinese, verdict, explained, shown] if is_map => {
                count += 1;
                if says.starts_with("**") {
                    headings.push((*chinese).to_owned());
                }
                let is_whole = !says.is_empty()
                    && is_chinese(chinese)
                    && ["true", "imprecise", "wrong"].contains(verdict)
                    && explained.contains("](")
                    && (*verdict == "true" || explained.contains("](errata.md#"))
                    && (shown.contains("](") || shown.contains('`'));
                if !is_whole {
                    wrong.push(format!("{}: {says}", page.at(number)));
                }
            }
            [says, ..] if is_map => wrong.push(format!("{}: {says}", page.at(number))),
            _ => {}
        }
    }
    nothing(
        &wrong,
        "A row has five parts: what the tutorial says, its words in Chinese, true, imprecise or \
         wrong, a link to where it is explained (in the errata, unless it is true), and a link or \
         a command that shows it.",
    );
    assert_eq!(headings, TUTORIAL, "the tutorial's headings, in its order");
    assert_eq!(count, STATEMENTS);
}

/// Who learned from the tutorial reads Chinese.
#[test]
fn each_erratum_is_also_told_in_chinese() {
    let page = Page::read("docs/errata.md".into()).unwrap();
    let (chinese, _) = page.text.split_once("</details>").unwrap();
    let mut wrong = Vec::new();
    for (level, heading, _) in &page.headings {
        let name = Page::parse(PathBuf::new(), format!("# {heading}\n")).fragments();
        if *level == 3 && !name.iter().any(|it| chinese.contains(&format!("](#{it})"))) {
            wrong.push(heading.clone());
        }
    }
    nothing(&wrong, "Each needs a line in the Chinese part at the top.");
}

/// A Chinese reader looks for these, and for where the lessons come from.
#[test]
fn the_words_that_people_search_by_are_there() {
    let credit = [
        "《python web开发 网络编程 TCP/IP UDP协议》",
        "《python web开发从入门到精通》",
    ];
    let trouble = ["粘包", "半包", "端口被占用", "连接被重置", "乱码"];
    let browser = ["浏览器一直转圈"];
    let mut wrong = Vec::new();
    for (path, words) in [
        ("README.md", credit.as_slice()),
        (CHINESE, &credit),
        ("docs/README.md", &credit),
        ("docs/map.md", &credit),
        ("docs/pitfalls.md", &trouble),
        ("docs/pitfalls.md", &browser),
        ("docs/glossary.md", &trouble),
    ] {
        let text = Page::read(path.into()).unwrap().text;
        let missing = words.iter().filter(|word| !text.contains(**word));
        wrong.extend(missing.map(|word| format!("{path}: {word}")));
    }
    nothing(&wrong, "These words are missing.");
}
