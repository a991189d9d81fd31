//! A schema and queries to shapes and fingerprints: no panic, places inside the text, and nothing moves but places when
//! a line is put before the query.

#![no_main]

use libfuzzer_sys::fuzz_target;
use planlint::query::QueryShape;
use planlint::shape::shape;
use planlint::sql::fingerprint::fingerprint;
use planlint_fuzz::{on_a_worker, project};

fuzz_target!(|data: &[u8]| {
    on_a_worker(|| {
        let Some(project) = project(data) else { return };
        for query in &project.queries {
            let Ok(shaped) = shape(query, &project.catalog) else { continue };
            check_places(query, &shaped.shape);
            let below = shape(&format!("\n  {query}"), &project.catalog).expect("the same query one line below");
            assert_eq!(fingerprints(&shaped.shape), fingerprints(&below.shape), "fingerprints moved");
        }
    });
});

fn check_places(query: &str, shape: &QueryShape) {
    assert_eq!(shape.references.len(), shape.patterns.len());
    let predicates = shape.patterns.iter().flat_map(|pattern| pattern.predicates.iter().map(|one| &one.sql));
    let orders = shape.patterns.iter().flat_map(|pattern| pattern.order.iter().map(|one| &one.sql));
    let joins = shape.patterns.iter().flat_map(|pattern| pattern.joins.iter().map(|one| &one.sql));
    let references = shape.references.iter().map(|one| &one.sql);
    let unknown = shape.unknown.iter().map(|one| &one.sql);
    for place in predicates.chain(orders).chain(joins).chain(references).chain(unknown) {
        let found = query.get(place.start as usize..place.end as usize);
        assert!(found.is_some(), "{place:?} is no part of the query");
    }
}

/// Everything a shape says that is no place.
fn fingerprints(shape: &QueryShape) -> Vec<String> {
    let of = |pattern: &planlint::query::AccessPattern| {
        let asked: Vec<String> = (pattern.predicates.iter())
            .map(|one| format!("{} {:?} {:?} {}", one.key, one.op, one.value, one.condition))
            .chain(pattern.joins.iter().map(|one| format!("{} {:?} {}", one.key, one.other, one.other_key)))
            .chain(pattern.order.iter().map(|one| format!("{} {}", one.key, one.desc)))
            .chain(pattern.columns.iter().map(ToString::to_string))
            .collect();
        fingerprint("fuzz", "main", Some(&pattern.table), &asked.join(", "))
    };
    shape.patterns.iter().map(of).collect()
}
