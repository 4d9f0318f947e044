//! What a course needs: starters to hand out, and a class that writes in several languages.

use std::fs;
use std::path::Path;
use std::process;

use tempfile::tempdir;
use testkit::{Ended, Program};

const CHECKS: &str = env!("CARGO_BIN_EXE_checks");
const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
#[ignore = "needs python3"]
fn each_starter_fails_its_first_check_and_says_what_to_write() {
    let starters = Path::new(PACKAGE).join("starters");
    let mut names = Vec::new();
    for entry in fs::read_dir(&starters).unwrap().flatten() {
        let path = entry.path();
        let role = path
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .replace('_', "-");
        let ended = checks(&[&role, "--", "python3", path.to_str().unwrap(), "{port}"]);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.output);
        let (first, rest) = ended.output.split_once("\nskipped").unwrap();
        assert!(first.starts_with("FAILED"), "{first}");
        let words: Vec<_> = first.split_whitespace().collect();
        let words = words.join(" ");
        // The first step that isn't written, by its number.
        assert!(
            words.contains("NotImplementedError: step 1, create: return a new socket"),
            "{first}"
        );
        assert!(rest.contains("0 of"), "{rest}");
        names.push(role);
    }
    names.sort();
    let roles = [
        "chat-client",
        "chat-server",
        "tcp-client",
        "tcp-server",
        "udp-client",
        "udp-server",
    ];
    assert_eq!(names, roles);
}

#[test]
#[ignore = "needs python3, node, javac and cc"]
fn a_class_is_judged_in_four_languages() {
    let class = tempdir().unwrap();
    let file = |student: &str, name: &str, text: &str| {
        fs::create_dir_all(class.path().join(student)).unwrap();
        fs::write(class.path().join(student).join(name), text).unwrap();
    };
    file("c", "server.c", C);
    file("c", "greeting.c", GREETING);
    file("c", "notes.txt", "");
    file(
        "c includes",
        "app.c",
        &format!("#include \"greeting.c\"\n{C}"),
    );
    file("c includes", "greeting.c", GREETING);
    let library = "#include <string>\nstd::string library;\n";
    file("c++", "app.cpp", &format!("{library}{C}"));
    file("c++", "greeting.cpp", &format!("extern {GREETING}"));
    file("java/src/course", "Server.java", JAVA);
    file("java/src/course", "Greeting.java", JAVA_GREETING);
    file("javascript", "server.js", JAVASCRIPT);
    file(
        "python/chat",
        "__main__.py",
        "from .server import serve\nserve()\n",
    );
    let module =
        PYTHON
            .replace('\n', "\n    ")
            .replacen("    server", "def serve():\n    server", 1);
    file("python/chat", "server.py", module.trim_start());
    file("undecided", "a.py", PYTHON);
    file("undecided", "b.py", PYTHON);
    file("unfinished", "server.c", "int main(void) { return 0 }\n");
    let output = marks(class.path(), &["--only=listens", "--only=answers"]);
    let rows: Vec<_> = output.lines().skip(1).take(8).collect();
    let expected = [
        "++   2 of 2  c  (./a.out {port})",
        "++   2 of 2  c includes  (./a.out {port})",
        "++   2 of 2  c++  (./a.out {port})",
        "++   2 of 2  java  (java -Xmx1g -cp . course.Server {port})",
        "++   2 of 2  javascript  (node ./server.js {port})",
        "++   2 of 2  python  (python3 -m chat {port})",
    ];
    assert_eq!(rows[..6], expected, "{output}");
    assert!(rows[6].contains("undecided: which is the program: a.py, b.py?"));
    assert!(
        rows[7].contains("unfinished: it can't be compiled by cc: ./server.c:1:26: error"),
        "{}",
        rows[7]
    );
}

/// As a learning platform exports a class that hands in a file each: renamed, in one folder.
#[test]
#[ignore = "needs python3, node, javac and cc"]
fn a_flat_class_is_judged_in_four_languages() {
    let class = tempdir().unwrap();
    let file = |name: &str, text: &[u8]| fs::write(class.path().join(name), text).unwrap();
    // Each of these would be in the way of the others.
    file("socket.py", b"print(1)\n");
    file("handler.c", b"const char *greeting, *handle_client;\n");
    file(
        "Greeting.java",
        b"class Greeting { static final int TEXT = 1; }\n",
    );
    file("package.json", br#"{"type": "module"}"#);
    let greeting = format!("{GREETING}int handle_client;\n{C}");
    file("a 张三_12_server.c", greeting.as_bytes());
    file("b 李四_12_Server.java", &java_of_windows());
    file("c (1).js", JAVASCRIPT.as_bytes());
    file("d.py", &PYTHON.replace('\n', "\r\n").into_bytes());
    let output = marks(class.path(), &["--only=answers"]);
    let passed = output.lines();
    let passed = passed.filter_map(|row| row.strip_prefix("+   1 of 1  "));
    let passed: Vec<_> = passed.collect();
    let expected = [
        "a 张三_12_server.c  (./a.out {port})",
        "b 李四_12_Server.java  (java -Xmx1g -cp . Server {port})",
        "c (1).js  (node './c (1).js' {port})",
        "d.py  (python3 ./d.py {port})",
    ];
    assert_eq!(passed, expected, "{output}");
    let rest = [
        "Greeting.java: it has no main, so it is only a part of a program: add the rest",
        "handler.c: it has no main, so it is only a part of a program: add the rest",
        "socket.py: it ended at once (exit status 0); it printed last: 1",
    ];
    for row in rest {
        assert!(output.contains(row), "{row}: {output}");
    }
}

/// Saved by an editor on Windows in China, with a handler before `main`.
fn java_of_windows() -> Vec<u8> {
    let greeting = "    static class Greeting { static final String TEXT = \"HTTP/1.1 200 OK\\r\\n\\r\\nHello World\"; }\n";
    let (start, rest) = JAVA.split_once("    public static").unwrap();
    let start = start.replace("package course;", "/* class Main { */");
    let mut bytes = format!("{start}{greeting}    // ").into_bytes();
    // A greeting in Chinese, in GBK.
    bytes.extend(b"\xc4\xe3\xba\xc3\r\n    public static");
    bytes.extend(rest.as_bytes());
    bytes
}

#[track_caller]
fn checks(arguments: &[&str]) -> Ended {
    Program::run(CHECKS, arguments)
}

/// The table of a class. Compilers take long beside the zoo, so only the judge limits the time.
fn marks(class: &Path, only: &[&str]) -> String {
    let mut checks = process::Command::new(CHECKS);
    checks.args(["tcp-server", "--submissions"]).arg(class);
    let output = checks.args(only).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const GREETING: &str = "const char *greeting = \"HTTP/1.1 200 OK\\r\\n\\r\\nHello World\";\n";

const PYTHON: &str = "
import socket, sys
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    client, _ = server.accept()
    client.recv(1024)
    client.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nHello World')
    client.close()
";

const JAVASCRIPT: &str = "
require('net').createServer(client => {
    client.on('data', () => client.end('HTTP/1.1 200 OK\\r\\n\\r\\nHello World'));
    client.on('error', () => {});
}).listen(Number(process.argv[2]), '127.0.0.1');
";

const JAVA: &str = "
package course;

import java.net.*;

public class Server {
    public static void main(String[] arguments) throws Exception {
        InetAddress here = InetAddress.getByName(\"127.0.0.1\");
        ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]), 50, here);
        while (true) {
            try (Socket client = server.accept()) {
                client.getInputStream().read(new byte[1024]);
                client.getOutputStream().write(Greeting.TEXT.getBytes());
            }
        }
    }
}
";

const JAVA_GREETING: &str = "
package course;

class Greeting {
    static final String TEXT = \"HTTP/1.1 200 OK\\r\\n\\r\\nHello World\";
}
";

const C: &str = "
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
extern const char *greeting;
int main(int count, char **words) {
    int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 50)) return count;
    for (char request[1024];;) {
        int client = accept(server, 0, 0);
        read(client, request, sizeof request);
        send(client, greeting, strlen(greeting), MSG_NOSIGNAL);
        close(client);
    }
}
";
