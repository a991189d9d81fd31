//! What reading Python costs beside its bare grammar: facts, names, schemas and queries, by CPU time on one thread.
//!
//! `cargo bench --bench python` reads a tree that it makes up; with folders behind ` -- `, those, one after the other.
//! Prints for each MB per CPU-second and our own work relative to bare tree-sitter-python in the same run. The whole
//! front end has to read 17 MB per CPU-second of a large tree, of which most files name nothing of a database, and may
//! take 35 % on top of bare parsing; `docs/evidence.md` has what it took. `scripts/compare-peers` has the same ratio for
//! the whole program.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use planlint::config::Config;
use planlint::dialect::Dialect;
use planlint::host::code::Code;
use planlint::host::facts::{self, HostFacts};
use planlint::orm;
use planlint::query::{DatabaseId, PathClass};
use planlint::source::{FileId, TreePath};
use planlint::tree::{Content, FileKind, Tree};
use planlint::walk::{Classes, Disk};

/// What a worker of a run has.
const STACK_BYTES: usize = 64 << 20;

fn main() {
    // Cargo says that this is a bench.
    let folders: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let run = move || match folders.as_slice() {
        [] => measure("a tree that is made up", &made_up()),
        folders => folders.iter().for_each(|folder| measure(folder, &of_disk(folder))),
    };
    // What a run does side by side is done one after the other here, so that this thread's time is all of it.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK_BYTES).build();
    pool.expect("a thread").install(run);
}

/// A file of a tree.
struct Source {
    path: TreePath,
    class: PathClass,
    text: Arc<str>,
}

fn of_disk(folder: &str) -> Vec<Source> {
    let config = Config::default();
    let disk = Disk::new(folder, &config).expect("a folder");
    let classes = Classes::new(&config).expect("no patterns");
    let files = disk.list().unwrap_or_else(|error| panic!("{folder}: {error}"));
    let read = |path: TreePath| match disk.read(&path) {
        Ok(Content::Text(text) | Content::Mended { text, .. }) => Some(Source { class: classes.of(&path), path, text }),
        _ => None,
    };
    let is_ours = |path: &TreePath| facts::reads(path);
    let files = files.into_iter().filter(|file| file.kind == FileKind::File).map(|file| file.path);
    files.filter(is_ours).filter_map(read).collect()
}

/// Five hundred modules, two of five with models and queries.
fn made_up() -> Vec<Source> {
    let module = |number: usize| {
        let mut text = String::from("import logging\n\nlog = logging.getLogger(__name__)\n");
        for part in 0..30 {
            let _ = write!(
                text,
                "\n\ndef step_{part}(values, options=None):\n    \"\"\"Adds what is given.\"\"\"\n    total = 0\n    \
                 for value in values:\n        if value.kind in (\"a\", \"b\") and value.size > {part}:\n            \
                 total += value.size * {part}\n    log.info(\"done %s\", total)\n    return total\n"
            );
        }
        if number % 5 < 2 {
            text.push_str(MODEL.replace("NUMBER", &number.to_string()).as_str());
        }
        let path = TreePath::new(format!("app/part_{}/module_{number}.py", number % 25));
        Source { path, class: PathClass::App, text: text.into() }
    };
    (0..500).map(module).collect()
}

const MODEL: &str = "

from sqlalchemy import Column, ForeignKey, Integer, String, select
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class ItemNUMBER(Base):
    __tablename__ = \"items_NUMBER\"
    id = Column(Integer, primary_key=True)
    owner_id = Column(Integer, nullable=False, index=True)
    status = Column(String(20), nullable=False)


def recent(session, owner_id, status=None):
    query = session.query(ItemNUMBER).filter(ItemNUMBER.owner_id == owner_id)
    if status:
        query = query.filter(ItemNUMBER.status == status)
    return query.order_by(ItemNUMBER.id.desc()).limit(20).all()


def by_status(session, status):
    return session.execute(select(ItemNUMBER.id).where(ItemNUMBER.status == status)).scalars().all()
";

fn measure(name: &str, files: &[Source]) {
    let words = orm::words_with(&[]);
    let passing: Vec<&Source> = files.iter().filter(|file| facts::may_matter(&file.path, &file.text, &words)).collect();
    let (all, left) = (megabytes(files.iter()), megabytes(passing.iter().copied()));
    println!(
        "{name}: {} files, {all:.1} MB, of which {} files, {left:.1} MB name something of a database",
        files.len(),
        passing.len()
    );
    // What the allocator holds when the first file is read is none of the facts.
    passing.first().into_iter().for_each(|file| bare(&file.text));
    let (_, bare_left) = row("bare tree-sitter-python of those", left, || {
        passing.iter().for_each(|file| bare(&file.text));
    });
    let before = resident();
    let (read, facts_all) = row("facts of all files", all, || {
        let read =
            |(number, file): (u32, &Source)| facts::facts(FileId(number), &file.path, file.class, &file.text, &words);
        (0..).zip(files).map(read).collect::<Vec<HostFacts>>()
    });
    let kept = resident().saturating_sub(before);
    let (linked, names) = row("names and models", all, || orm::Linked::new(Code::new(&read)));
    let (schemas, declared) = row("declared schemas", all, || linked.schemas(None));
    let (sites, queries) = row("values and queries", all, || {
        let of_file =
            |number: usize| linked.sites(number, DatabaseId(0), Dialect::Postgres, read[number].class).sites.len();
        let numbers = (0..read.len()).filter(|number| !read[*number].body.is_empty());
        numbers.map(of_file).sum::<usize>()
    });
    let whole = facts_all + names + declared + queries;
    let percent = |time: Duration| (time.as_secs_f64() / bare_left.as_secs_f64() - 1.0) * 100.0;
    println!(
        "{:>36} {:>8.2} s {:>8.1} MB/s: {sites} queries, {} statements of schemas",
        "the front end",
        whole.as_secs_f64(),
        all / whole.as_secs_f64(),
        schemas.iter().map(|schema| schema.statements.len()).sum::<usize>()
    );
    println!("{:>36} facts {:.0} %, everything {:.0} %", "on top of bare parsing", percent(facts_all), percent(whole));
    let count = read.iter().filter(|facts| !facts.body.is_empty()).count();
    println!("{:>36} {:.0} bytes for each of {count} files", "kept", kept as f64 / count.max(1) as f64);
    let (_, bare_all) = row("bare tree-sitter-python of all", all, || files.iter().for_each(|file| bare(&file.text)));
    println!("{:>36} {:.2} times as fast\n", "the front end is", bare_all.as_secs_f64() / whole.as_secs_f64());
}

fn bare(text: &str) {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar is of the library's version");
    drop(parser.parse(text, None));
}

fn megabytes<'a>(files: impl Iterator<Item = &'a Source>) -> f64 {
    files.map(|file| file.text.len()).sum::<usize>() as f64 / 1e6
}

/// Does something, and prints the CPU time that it took.
fn row<T>(what: &str, megabytes: f64, run: impl FnOnce() -> T) -> (T, Duration) {
    let before = spent();
    let done = run();
    let took = spent().saturating_sub(before);
    println!("{what:>36} {:>8.2} s {:>8.1} MB/s", took.as_secs_f64(), megabytes / took.as_secs_f64().max(1e-9));
    (done, took)
}

/// The CPU time of this thread where Linux tells it, else time as it passes.
fn spent() -> Duration {
    thread_local!(static BEGUN: Instant = Instant::now());
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.with(Instant::elapsed), Duration::from_nanos)
}

/// The memory that this process holds, in bytes; none where that is not told.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
