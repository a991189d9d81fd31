//! Scratch.
#![allow(clippy::unwrap_used)]
use planlint::{dialect::Dialect, sql::parse::parse};
fn main() {
    let text = std::fs::read_to_string("/tmp/front/forms.txt").unwrap();
    let (mut n, mut ok) = (0, 0);
    for line in text.lines() {
        let (d, sql) = line.split_once(' ').unwrap();
        let dialect = match d {
            "p" => Dialect::Postgres,
            "s" => Dialect::Sqlite,
            _ => Dialect::Mysql,
        };
        n += 1;
        match parse(sql, dialect) {
            Ok(p) if p.dialect == dialect => ok += 1,
            Ok(p) => println!("other {:?}: {line}", p.dialect),
            Err(e) => println!("FAIL {line}\n      {} at {:?}", e.message, e.at.map(|a| &sql[a as usize..])),
        }
    }
    println!("{ok}/{n}");
}
