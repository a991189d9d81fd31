//! Scratch.
#![allow(clippy::unwrap_used)]
use planlint::{config::Config, dialect::Dialect, query::*, source::*, sql::parse, sqlfile, tree::*, walk::Disk};
use std::collections::BTreeMap;
fn main() {
    let verbose = std::env::var("V").is_ok();
    let handle = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
    for root in std::env::args().skip(1) {
        let config = Config::default();
        let disk = Disk::new(&root, &config).unwrap();
        let mut t = std::time::Instant::now();
        let files = disk.list().unwrap();
        let listed = t.elapsed();
        let (mut q, mut qok, mut d, mut dok, mut skipped, mut partial, mut data, mut noise, mut unknown, mut n, mut bytes) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let mut all = vec![]; let mut votes = planlint::sql::split::Votes::default();
        t = std::time::Instant::now();
        for (i, f) in files.iter().enumerate().filter(|(_, f)| sqlfile::reads(&f.path)) {
            match disk.read(&f.path).unwrap() {
                Content::Text(text) => { let facts = sqlfile::facts(FileId(i as u32), &f.path, &text); votes += facts.votes; n += 1; bytes += text.len(); all.push((f.path.clone(), facts, text)); }
                other => println!("  {} {other:?}", f.path),
            }
        }
        let read = t.elapsed();
        let mut fails: BTreeMap<String, Vec<String>> = BTreeMap::new();
        t = std::time::Instant::now();
        for (path, facts, text) in &all {
            let dialect = facts.votes.winner().or(votes.winner()).unwrap_or(Dialect::Postgres);
            data += facts.data; noise += facts.noise; unknown += facts.skips.len();
            for s in &facts.skips { if verbose { println!("  SKIP {path}: {} {}", s.reason, s.detail); } }
            let (sites, skips) = sqlfile::sites(facts, DatabaseId(0), PathClass::App);
            for s in &skips { if verbose { println!("  QSKIP {path}: {} {}", s.reason, s.detail); } }
            let mut try_parse = |sql: &str, what: &str| -> bool {
                match parse::parse(sql, dialect) { Ok(_) => true, Err(e) => {
                    let at = e.at.unwrap_or(0) as usize; let from = (0..=at.saturating_sub(50)).rev().find(|i| sql.is_char_boundary(*i)).unwrap();
                    let around: String = sql[from..].chars().take(90).collect();
                    fails.entry(format!("{what} {}: {}", e.reason, e.message)).or_default().push(format!("{path}: …{}", around.split_whitespace().collect::<Vec<_>>().join(" "))); false } }
            };
            for site in &sites { q += 1; match site.resolution { Resolution::Skipped => skipped += 1, Resolution::Partial => partial += 1, _ => {} }
                for v in &site.variants { if try_parse(&v.sql, "Q") { qok += 1; } } }
            for s in facts.statements.iter().filter(|s| s.class == sqlfile::StatementClass::Schema) { d += 1; if s.problem.is_none() && try_parse(&s.text, "D") { dok += 1; } }
            let _ = text;
        }
        println!("{root}: {n} files {bytes} bytes (list {listed:?} facts {read:?} parse {:?}) votes {votes:?}\n   queries {q}: parsed {qok}, partial {partial}, skipped {skipped}; ddl {d}: parsed {dok}; data {data} noise {noise} unknown {unknown}", t.elapsed());
        let mut fails: Vec<_> = fails.into_iter().collect(); fails.sort_by_key(|(_, v)| std::cmp::Reverse(v.len()));
        let cap: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
        for (k, v) in fails.iter().take(cap) { println!("   {}x {k}", v.len()); for e in v.iter().take(2) { println!("        {e}"); } }
    }
    }).unwrap();
    handle.join().unwrap();
}
