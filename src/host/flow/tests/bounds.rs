//! Code that is large, deep or doubling takes its time in proportion, and no more stack than a thread has.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

/// Far more than any of these takes, and far less than what grows with a power.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a text through the flow; gives the number of its events.
fn run(text: &str) -> usize {
    let start = Instant::now();
    let facts = read(&[("app/a.py", text)]);
    let code = Code::new(&facts);
    let count = Evaluator::new(&code).file(0).len();
    assert!(start.elapsed() < LIMIT, "{:?} for {}…", start.elapsed(), &text[..60.min(text.len())]);
    count
}

fn repeated(head: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for number in 0..count {
        let _ = writeln!(text, "{}", line(number));
    }
    text
}

#[test]
fn two_thousand_branches_one_after_the_other() {
    assert!(run(&repeated("def f(a):\n    q = s()\n", 2000, |n| format!("    if a.x{n}:\n        q = q.f({n})"))) > 0);
    assert!(run(&repeated("def f(a):\n    q = 'x'\n", 2000, |n| format!("    if a:\n        q += ' y{n}'"))) > 0);
    assert!(run(&repeated("def f(a):\n    q = []\n", 2000, |n| format!("    if a:\n        q.append({n})"))) > 0);
    assert!(run(&repeated("def f(a):\n    q = {}\n", 2000, |n| format!("    if a:\n        q['k{n}'] = {n}"))) > 0);
    assert!(run(&repeated("def f(a):\n", 2000, |n| format!("    if a:\n        q{n} = {n}"))) > 0);
}

#[test]
fn what_doubles_stays_small() {
    for line in ["q = q + q", "q = f'{q}{q}'", "q = '%s%s' % (q, q)", "q = '{0}{0}'.format(q)", "q = ''.join([q, q])"] {
        run(&repeated("def f():\n    q = 'x'\n", 200, |_| format!("    {line}")));
    }
    run(&repeated("def f():\n    q = [1]\n", 200, |_| "    q = q + q".to_owned()));
    run(&repeated("def f():\n    q = [1]\n", 200, |_| "    q.extend(q)".to_owned()));
    run(&repeated("def f():\n    q = {'a': 1}\n", 200, |_| "    q.update(q)".to_owned()));
    run(&repeated("def f():\n    q = s()\n", 200, |_| "    q = g(q, q)".to_owned()));
}

#[test]
fn functions_that_call_each_other() {
    run(&repeated("", 40, |n| format!("def f{n}(a):\n    return g(f{}(a), f{}(a))", n + 1, n + 1)));
    run(&repeated("", 40, |n| format!("def f{n}(a):\n    return f{}(f{}(a))", (n + 1) % 40, (n + 7) % 40)));
    run(&repeated("", 300, |n| format!("X{n} = X{} + X{}", n + 1, n + 1)));
    run(&repeated("", 300, |n| {
        format!("class C{n}(C{}, C{}):\n    x = 1\n    def f(self):\n        return self.x", n + 1, n + 2)
    }));
}

#[test]
fn closures_within_closures() {
    let mut text = String::from("def f():\n    x = 's'\n");
    for level in 1..50 {
        let _ = writeln!(
            text,
            "{}def f{level}(a{level}):\n{}y{level} = x",
            " ".repeat(4 * level),
            " ".repeat(4 * level + 4)
        );
    }
    let _ = writeln!(text, "{}out(x, a1, y49)", " ".repeat(200));
    assert_eq!(outs(&[("app/a.py", &text)]), ["'s', $a1, 's'"]);
}

#[test]
fn a_generated_file() {
    let data = repeated("DATA = {\n", 100_000, |n| format!("    'key_{n}': {{'select': {n}, 'where': 'value {n}'}},"));
    assert!(data.len() > 5_000_000);
    run(&format!("{data}}}\ndef f():\n    return DATA['key_7']\n"));
    run(&repeated("D = {}\n", 20_000, |n| format!("D['k{n}'] = {n}")));
    run(&repeated("def f(d):\n    d = {}\n", 20_000, |n| format!("    d['k{n}'] = {n}")));
    run(&repeated("", 5_000, |n| format!("def f{n}(a):\n    return q(a, {n})\ndef g{n}(a):\n    return f{n}(a)")));
}

#[test]
fn long_chains() {
    run(&repeated("def f(a):\n    q = s()\n", 5000, |_| "    q = q.f()".to_owned()));
    run(&format!("def f(a):\n    return q{}\n", ".f()".repeat(5000)));
    run(&format!("def f(a):\n    return {}1{}\n", "(".repeat(5000), ")".repeat(5000)));
    run(&format!("X = {}\n", "['a', ".repeat(5000)));
    run(&format!("X = {}'a'\n", "'a' + ".repeat(5000)));
}
