//! With all advice applied a second run advises nothing, whatever the schema and the queries.

use super::*;

/// A small generator of numbers (SplitMix64), so that a seed says it all.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const COLUMNS: [&str; 8] = ["parent_id", "other_id", "status", "kind", "email", "name", "created_at", "due_at"];

fn schema_of(dice: &mut Dice) -> String {
    let mut ddl = String::new();
    for table in 0..5 {
        let parent =
            if table == 0 { "integer".to_owned() } else { format!("integer REFERENCES r{} (id)", dice.roll(table)) };
        let other =
            if table < 2 { "integer".to_owned() } else { format!("integer REFERENCES r{} (id)", dice.roll(table)) };
        writeln!(
            ddl,
            "CREATE TABLE r{table} (id integer PRIMARY KEY, parent_id {parent}, other_id {other}, status text, kind text, email text, name text, created_at timestamp, due_at timestamp);"
        )
        .unwrap();
        for index in 0..dice.roll(4) {
            let (a, b) = (dice.pick(&COLUMNS), dice.pick(&COLUMNS));
            let keys = if a == b || dice.roll(2) == 0 { a.to_owned() } else { format!("{a}, {b}") };
            writeln!(ddl, "CREATE INDEX r{table}_{index} ON r{table} ({keys});").unwrap();
        }
    }
    ddl
}

fn query_of(dice: &mut Dice) -> String {
    let tables = 1 + dice.roll(3);
    let mut sql = format!("SELECT * FROM r{} AS t0", dice.roll(5));
    for joined in 1..tables {
        let before = dice.roll(joined);
        let (mine, theirs) =
            if dice.roll(2) == 0 { ("id", dice.pick(&COLUMNS[..2])) } else { (dice.pick(&COLUMNS[..2]), "id") };
        let kind = dice.pick(&["JOIN", "LEFT JOIN"]);
        write!(sql, " {kind} r{} AS t{joined} ON t{joined}.{mine} = t{before}.{theirs}", dice.roll(5)).unwrap();
    }
    let conditions: Vec<String> = (0..dice.roll(4))
        .map(|_| {
            let column = dice.pick(&COLUMNS);
            let test = dice.pick(&["= $1", "= $1", "= $1", "IN ($1, $2)", "> $1", "IS NULL"]);
            format!("t{}.{column} {test}", dice.roll(tables))
        })
        .collect();
    if !conditions.is_empty() {
        write!(sql, " WHERE {}", conditions.join(if dice.roll(8) == 0 { " OR " } else { " AND " })).unwrap();
    }
    if dice.roll(2) == 0 {
        write!(sql, " ORDER BY t{}.{}{} LIMIT 20", dice.roll(tables), dice.pick(&COLUMNS), dice.pick(&["", " DESC"]))
            .unwrap();
    }
    sql
}

fn check_seed(dialect: Dialect, seed: u64) -> Result<usize, String> {
    let mut dice = Dice(seed);
    let setting = Setting::new(dialect, &schema_of(&mut dice));
    let queries: Vec<String> = (0..12).map(|_| query_of(&mut dice)).collect();
    let first = setting.advise(&queries);
    let target = Target::any(dialect);
    for (one, other) in first.advice.iter().flat_map(|one| first.advice.iter().map(move |other| (one, other))) {
        if one.def.table == other.def.table && crate::coverage::subsumes(&one.def, &other.def, &target).is_ok() {
            return Err(format!("seed {seed}: {} covers {}", one.name, other.name));
        }
    }
    if let Some(useless) = first.advice.iter().find(|advice| advice.serves.is_empty()) {
        return Err(format!("seed {seed}: {} serves nothing", useless.name));
    }
    let second = setting.with(&first).advise(&queries);
    if second.advice.is_empty() {
        return Ok(first.advice.len());
    }
    let again = ddl(&second, dialect);
    let served: Vec<&String> =
        second.queries.iter().zip(&queries).filter(|(query, _)| !query.kept.is_empty()).map(|(_, sql)| sql).collect();
    Err(format!("seed {seed}: after\n{}\nstill\n{again}\nfor {served:?}", ddl(&first, dialect)))
}

#[test]
fn a_second_run_advises_nothing() {
    let mut advised = 0;
    let mut wrong = Vec::new();
    for (dialect, seeds) in [(Dialect::Postgres, 0..60), (Dialect::Sqlite, 100..160)] {
        for seed in seeds {
            match check_seed(dialect, seed) {
                Ok(count) => advised += count,
                Err(why) => wrong.push(why),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 120:\n{}", wrong.len(), wrong.join("\n"));
    assert!(advised > 200, "only {advised} indexes were advised at all");
}
