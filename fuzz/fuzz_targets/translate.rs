//! A schema and queries lowered and planned on SQLite: what the engine refuses, it never refuses for our grammar.

#![no_main]

use libfuzzer_sys::fuzz_target;
use planlint::dialect::Target;
use planlint::engine::{Deadline, Fidelity, IndexSet, PlanRequest, ScratchEngine};
use planlint::scratch::sqlite::SqliteEngine;
use planlint::shape::shape;
use planlint::sql::lower::lower;
use planlint::stats::StatsModel;
use planlint_fuzz::{on_a_worker, project};

fuzz_target!(|data: &[u8]| {
    on_a_worker(|| {
        let Some(project) = project(data) else { return };
        let target = Target::any(project.catalog.dialect);
        let mut engine = SqliteEngine::new(target);
        let loaded = engine.load(&project.catalog, &StatsModel::default()).expect("SQLite is part of the program");
        for (index, refusal) in loaded.refused {
            assert!(!is_syntax(&refusal.0), "the index {index}: {refusal}");
        }
        let indexes = IndexSet::default();
        for query in &project.queries {
            let Ok(shaped) = shape(query, &project.catalog) else { continue };
            let lowered = lower(&shaped, &project.catalog, target);
            if matches!(lowered.fidelity, Fidelity::None(_)) {
                continue;
            }
            let request = [PlanRequest { query: &lowered, indexes: &indexes }];
            let answers = engine.plan(&request, Deadline(None)).expect("SQLite is part of the program");
            if let [Some(Err(refusal))] = answers.as_slice() {
                assert!(!is_syntax(&refusal.0), "{query}\nbecame\n{}\nand SQLite says: {refusal}", lowered.sql);
            }
        }
    });
});

fn is_syntax(words: &str) -> bool {
    ["syntax error", "unrecognized token", "incomplete input"].iter().any(|known| words.contains(known))
}
