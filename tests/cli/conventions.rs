//! Conventions of command lines: help, completions, colours, pipes that close, signals, standard input.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{BAD, SCHEMA, check, planlint, project, text};

const BINARY: &str = env!("CARGO_BIN_EXE_planlint");

/// The commands that there are, read off the help.
fn commands() -> Vec<String> {
    let help = text(&planlint(project(&[]).path(), &["--help"]).stdout);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn help_fits_80_columns_and_shows_what_to_type() {
    let commands = commands();
    assert!(commands.contains(&"check".to_owned()) && commands.contains(&"completions".to_owned()), "{commands:?}");
    for command in commands.iter().filter(|command| *command != "help") {
        for flag in ["-h", "--help"] {
            let output = Command::new(BINARY).args([command, flag]).env("COLUMNS", "80").output().expect("it runs");
            let help = text(&output.stdout);
            assert_eq!(output.status.code(), Some(0));
            let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{command} {flag}: {wide:#?}");
            if flag == "--help" {
                assert!(help.contains("Examples:\n  planlint "), "{command}: {help}");
            }
        }
    }
}

#[test]
fn what_is_misspelled_is_answered_with_the_nearest() {
    check(&[], &["chekc"], 2, "'check'");
    check(&[], &["check", "--ouput", "json"], 2, "'--output'");
    check(&[], &["check", "--color", "allways"], 2, "always");
    check(&[], &["rule", "mising-index"], 2, "there is a rule `missing-index`");
    check(&[], &["completions", "bsh"], 2, "bash");
    check(&[], &["help", "check"], 0, "planlint check");
    check(&[], &["--version"], 0, concat!("planlint ", env!("CARGO_PKG_VERSION")));
    check(&[], &[], 2, "Usage: planlint");
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, mark) in [
        ("bash", "complete -F _planlint"),
        ("elvish", "edit:completion:arg-completer[planlint]"),
        ("fish", "complete -c planlint"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef planlint"),
    ] {
        let script = text(&planlint(project(&[]).path(), &["completions", shell]).stdout);
        assert!(script.contains(mark) && script.contains("min-confidence"), "{shell}");
    }
}

#[test]
fn a_shell_reads_the_completions_it_gets() {
    let folder = project(&[]);
    let script = planlint(folder.path(), &["completions", "bash"]).stdout;
    fs::write(folder.path().join("planlint.bash"), script).expect("a file");
    let ask = ". ./planlint.bash; COMP_WORDS=(planlint ch); COMP_CWORD=1; _planlint planlint ch planlint; echo ${COMPREPLY[@]}";
    let Ok(output) = Command::new("bash").args(["-c", ask]).current_dir(folder.path()).output() else { return };
    assert_eq!(text(&output.stdout).trim(), "check", "{}", text(&output.stderr));
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let folder = project(&[SCHEMA, BAD]);
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = Command::new(BINARY);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let output = command.current_dir(folder.path()).args(args).envs(env.iter().copied()).output().expect("it runs");
        let found = output.stdout.contains(&0x1b);
        assert_eq!(found, text(&output.stdout).contains("\u{1b}["));
        found
    };
    assert!(!coloured(&["check"], &[]));
    assert!(coloured(&["check", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&["--color=always", "check"], &[]));
    assert!(coloured(&["check"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["check"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["check", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["check", "--output", "json", "--color", "always"], &[]));
    assert!(!coloured(&["check", "--output", "text=report.txt", "--color", "always"], &[]));
    assert!(!fs::read(folder.path().join("report.txt")).expect("the report").contains(&0x1b));
    assert!(coloured(&["check", "--help", "--color", "always"], &[]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = project(&[SCHEMA, BAD]);
    let mut asked: Vec<Vec<&str>> =
        vec![vec!["--help"], vec!["--version"], vec!["rules"], vec!["rule", "missing-index"]];
    asked.push(vec!["completions", "zsh"]);
    for command in ["check", "advise"] {
        asked.extend(["sarif", "github", "sql"].map(|format| vec![command, "--output", format]));
    }
    asked.push(vec!["advise", "--output", "html"]);
    for command in ["check", "advise", "queries", "schema"] {
        asked.extend([vec![command], vec![command, "--output", "json"], vec![command, "--output", "text=/dev/stdout"]]);
    }
    for args in asked {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(BINARY);
        let output = command.current_dir(folder.path()).args(&args).stdout(writer).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{args:?}");
    }
}

#[test]
fn standard_error_may_be_closed() {
    let folder = project(&[SCHEMA, BAD]);
    for (args, status) in [(vec!["check", "nowhere"], 2), (vec!["check", "--timings"], 1), (vec!["chekc"], 2)] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(BINARY);
        let output = command.current_dir(folder.path()).args(&args).stderr(writer).output().expect("it runs");
        assert_eq!(output.status.code(), Some(status), "{args:?}");
    }
}

#[test]
fn a_report_goes_where_a_path_leads() {
    let folder = project(&[SCHEMA, BAD, ("real.json", "old")]);
    let output = planlint(folder.path(), &["check", "--output", "json=/dev/stdout"]);
    assert!(text(&output.stdout).starts_with('{'), "{}", text(&output.stderr));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink("real.json", &link).expect("a link");
        planlint(folder.path(), &["check", "--output", "json=link.json"]);
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink(), "the link stays one");
        assert!(fs::read_to_string(folder.path().join("real.json")).expect("the report").starts_with('{'));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let folder = project(&[SCHEMA, BAD]);
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    for args in [vec!["check"], vec!["rules"], vec!["completions", "bash"], vec!["--help"]] {
        let mut command = Command::new(BINARY);
        let output = command.current_dir(folder.path()).args(&args).stdout(full()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("cannot write"), "{args:?}: {}", text(&output.stderr));
    }
    check(&[SCHEMA, BAD], &["check", "--output", "json=/dev/full"], 2, "cannot write `/dev/full`");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_run_as_shells_expect() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let folder = project(&[SCHEMA]);
        let mut command = Command::new(BINARY);
        let args = ["check", "-", "--stdin-filename", "q.sql", "--output", "json=report.json"];
        let mut child = command
            .current_dir(folder.path())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // It waits for standard input by then.
        std::thread::sleep(Duration::from_millis(500));
        let id = child.id().to_string();
        Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs");
        let ended = child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(status), "{signal}");
        let left = fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(left, 1, "nothing but the schema is there");
    }
}

fn with_input(files: &[(&str, &str)], args: &[&str], input: &[u8]) -> (i32, String) {
    let folder = project(files);
    let mut command = Command::new(BINARY);
    command.current_dir(folder.path()).args(args);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().unwrap_or(-1), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn standard_input_is_a_file_among_the_others() {
    let check = |files: &[(&str, &str)], args: &[&str], input: &[u8], status: i32, said: &str| {
        let (ended, all) = with_input(files, args, input);
        assert_eq!(ended, status, "{args:?}: {all}");
        assert!(all.contains(said), "{args:?} should say `{said}`: {all}");
    };
    let bad = BAD.1.as_bytes();
    check(&[SCHEMA], &["check", "-"], bad, 1, "stdin.sql:1:28");
    check(&[SCHEMA], &["check", "-", "--stdin-filename", "app/q.sql"], bad, 1, "app/q.sql:1:28");
    check(&[SCHEMA, BAD], &["check", "-", "--stdin-filename", "q.sql"], b"SELECT 1;", 0, "no findings");
    check(&[SCHEMA, BAD], &["check", "--stdin-filename", "q.sql"], b"SELECT 1;", 0, "no findings");
    check(&[SCHEMA], &["check", "-"], b"\xff\xfeS\0E\0L\0E\0C\0T\0 \x001\0", 0, "1 query");
    check(&[SCHEMA], &["check", "-"], b"SELECT '\xff'", 0, "not read: encoding 1");
    check(&[SCHEMA], &["check", "-"], b"SELECT \0", 2, "standard input");
    check(&[SCHEMA], &["check", "-"], b"", 2, "standard input is empty");
    check(&[SCHEMA], &["check", "-", "--allow-empty"], b"", 0, "0 queries");
    let two = [b"SELECT 1;\n", bad].concat();
    check(&[SCHEMA], &["explain", "-:2"], &two, 0, "stdin.sql:2:1");
    check(&[SCHEMA], &["explain", "-:2:5", "."], &two, 0, "idx_users_email");
    check(&[SCHEMA], &["explain", "-:2", "--stdin-filename", "app/q.sql"], &two, 0, "app/q.sql:2:1");
    check(&[SCHEMA], &["explain", "-:3"], bad, 2, "`stdin.sql` has no line 3");
    let tiny = ["check", "-", "--config", "limits.max-file-bytes = 5"];
    check(&[("s.sql", "")], &tiny, bad, 2, "limits.max-file-bytes = 10");
    check(&[SCHEMA], &["check", ".", "--stdin-filename", "../q.sql"], bad, 2, "outside of the project");
    check(&[SCHEMA], &["check", "-", "--stdin-filename", "q.txt"], bad, 2, ".sql");
}

#[test]
fn nothing_moves_where_nobody_watches() {
    let folder = project(&[SCHEMA, BAD]);
    let output = planlint(folder.path(), &["check"]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&planlint(folder.path(), &["check", "--no-progress"]).stderr), "");
}

#[test]
fn timings_go_to_standard_error() {
    let folder = project(&[SCHEMA, BAD]);
    let output = planlint(folder.path(), &["check", "--timings"]);
    assert!(text(&output.stderr).lines().all(|line| line.trim_end().ends_with(" ms")), "{}", text(&output.stderr));
    assert_eq!(output.stdout, planlint(folder.path(), &["check"]).stdout);
}
