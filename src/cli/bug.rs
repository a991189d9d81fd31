//! What is said when planlint itself is at fault: a panic, on whichever thread.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{progress, terminal};
use crate::report::neutral;

/// Tells every panic for what it is; the status of a panic is 101 by itself.
pub(super) fn report_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        progress::clear();
        default(panic);
        // Workers may fall together: it is said once.
        static SAID: AtomicBool = AtomicBool::new(false);
        if !SAID.swap(true, Ordering::Relaxed) {
            let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
            terminal::say(&message(arguments));
        }
    }));
}

fn message(arguments: impl Iterator<Item = String>) -> String {
    let mut command: Vec<String> = Vec::new();
    for argument in arguments.skip(1) {
        let is_url = command.last().is_some_and(|option| URLS.contains(&option.as_str()));
        command.push(if is_url { "…".to_owned() } else { shown(&argument) });
    }
    format!(
        "\nplanlint: this is a bug in planlint {} ({} {}), not in your code\n\
         planlint: it was started as `planlint {}`\n\
         planlint: please report it with the lines above, that command and, if you may, the file that causes it\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        command.join(" "),
    )
}

/// Options whose values may hold a password in any form.
const URLS: [&str; 2] = ["--scratch-url", "--database-url"];

/// An argument without what a URL says of user and password, or behind a `?`.
pub(super) fn shown(argument: &str) -> String {
    let argument = &neutral::line(argument);
    if let Some((option, _)) = argument.split_once('=').filter(|(option, _)| URLS.contains(option)) {
        return format!("{option}=…");
    }
    let Some((scheme, rest)) = argument.split_once("://") else {
        let before = argument.split_once("password").map(|(before, _)| format!("{before}password…"));
        return before.unwrap_or_else(|| argument.to_owned());
    };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{query}"),
        None => format!("{scheme}://{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_workers_ends_the_program_and_is_said_once() {
        const NAME: &str = "cli::bug::tests::a_panic_on_workers_ends_the_program_and_is_said_once";
        if std::env::var_os("PLANLINT_FALLS").is_some() {
            report_panics();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
            pool.broadcast(|_| panic!("on purpose"));
        }
        let mut again = std::process::Command::new(std::env::current_exe().expect("this program"));
        let output = again.args(["--exact", NAME, "--nocapture"]).env("PLANLINT_FALLS", "1").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{said}");
        assert!(said.contains("on purpose"), "{said}");
        assert_eq!(said.matches("this is a bug in planlint").count(), 1, "{said}");
    }

    #[test]
    fn the_command_line_is_told_without_secrets() {
        let check = |argument: &str, expect: &str| assert_eq!(shown(argument), expect);
        check("check", "check");
        check("--scratch-url=host=db password=secret", "--scratch-url=…");
        check("host=db password=secret", "host=db password…");
        check("--url=postgres://me:p@ss@host:5432/db?sslpassword=x", "--url=postgres://…@host:5432/db?…");
        check("postgres://host/db", "postgres://host/db");
        let arguments = ["/usr/bin/planlint", "check", "mysql://me:secret@host/db"].map(str::to_owned);
        let said = message(arguments.into_iter());
        assert!(said.contains("`planlint check mysql://…@host/db`"), "{said}");
        assert!(said.contains(env!("CARGO_PKG_VERSION")) && !said.contains("secret"), "{said}");
        let arguments = ["planlint", "check", "--scratch-url", "user=me\\ secret", "."].map(str::to_owned);
        let said = message(arguments.into_iter());
        assert!(said.contains("`planlint check --scratch-url … .`") && !said.contains("secret"), "{said}");
    }
}
