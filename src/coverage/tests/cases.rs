//! The large table: index | access | verdict.

use super::check;

#[test]
fn equality_and_prefix() {
    check(
        "
        (a) | a = ? | eq1
        (a) | a = 5 | eq1
        (a) | b = ? | no: LeadingKey
        (a) | a = ? and b = ? | eq1 filter1
        (a, b) | a = ? | eq1
        (a, b) | b = ? | no: LeadingKey
        (a, b) | a = ? and b = ? | eq2
        (a, b) | b = ? and a = ? | eq2
        (a, b, c) | a = ? and c = ? | eq1 filter1
        (a, b, c) | a = ? and b = ? | eq2
        (a, b, c) | b = ? and c = ? | no: LeadingKey
        (a, b, c) | a = ? and b = ? and c = ? | eq3
        (A) | a = ? | eq1
        (a) | a = ? and a = 3 | eq1
        (a) | opt(a = ?) | no: LeadingKey
        (a, b) | a = ? and opt(b = ?) | eq1 filter1
        (a) |  | no: LeadingKey
        (a) | a <> ? | no: LeadingKey
        (a) | a <> 5 | no: LeadingKey
        (a, b) | a = ? and b <> ? | eq1 filter1
        (active) | active | eq1
        (active) | not active | eq1
        (active) | active = false | eq1
        (active, a) | not active and a = ? | eq2
        (a) | a is not distinct from ? | no: LeadingKey
        unique (a) | a = ? | eq1 one
        unique (a, b) | a = ? | eq1
        unique (a, b) | a = ? and b = ? | eq2 one
        unique (a, b) | a = ? and b is null | eq2
        unique (a, b) | a = ? and b in (?, ?) | eq2 in1
        unique (a) | a > ? | range
        unique (a) include (b) | a = ? read a, b | eq1 one only
        unique (a) where b is null | a = ? and b is null | eq1 one partial
        -- sqlite
        (a) | a = ? | eq1
        (active) | active | no: LeadingKey
        (active) | active = 1 | eq1
        (active) | not active | eq1
        (a) | a is not distinct from ? | eq1
        -- mysql
        (a) | a <=> ? | eq1
        (a/10) | a = ? | eq1
        unique (a/10) | a = ? | eq1
        (a/10, b) | a = ? and b = ? | eq2
        ",
    );
}

#[test]
fn lists_ranges_and_null_tests() {
    check(
        "
        (a) | a in (1, 2) | eq1 in1
        (a) | a in (?) | eq1 in1
        (a) | a = any(?) | eq1 in1
        (a) | a in (7) | eq1
        (a) | a = 1 or a = 2 | eq1 in1
        (a, b) | a in (1, 2) and b = ? | eq2 in1
        (a, b) | a = ? and b in (1, 2) | eq2 in1
        (a, b) | a in (1, 2) and b > ? | eq1 in1 range
        (a) | a not in (1, 2) | no: LeadingKey
        (a) | a > ? | range
        (a) | a <= 5 | range
        (a) | a between ? & ? | range
        (a) | a >= ? and a < ? | range
        (a, b) | a > ? and b = ? | range filter1
        (b, a) | a > ? and b = ? | eq1 range
        (a, b) | a > ? | range
        (a, b) | b > ? | no: LeadingKey
        (a, b, c) | a = ? and b > ? and c = ? | eq1 range filter1
        (a, b, c) | a = ? and b = ? and c < ? | eq2 range
        (a) | a = ? and a > ? | eq1
        (a) | a is null | eq1
        (a, b) | a is null and b = ? | eq2
        (a, b) | a = ? and b is null | eq2
        (a) | a is not null | no: LeadingKey
        (a, b) | a = ? and b is not null | eq1
        (a, b) | a is not null and b = ? | no: LeadingKey
        (a, b) | a in (1, 2) and b in (3, 4) | eq2 in2
        -- sqlite
        (a) | a in (1, 2) | eq1 in1
        (a) | a between ? & ? | range
        (a) | a is null | eq1
        -- mysql
        (a) | a between ? & ? | range
        (a/10) | a > ? | range
        ",
    );
}

#[test]
fn joins_as_known_values() {
    check(
        "
        (a) | a = o.x | eq1
        (a) | alone a = o.x | no: LeadingKey
        (a) | a = o.outer | eq1
        (a) | a = o.semi | eq1
        (a) | a = o.correlated | eq1
        (a, b) | a = o.x and b = ? | eq2
        (b, a) | a = o.x and b = ? | eq2
        (b, a) | alone a = o.x and b = ? | eq1
        (a, b) | alone a = o.x and b = ? | no: LeadingKey
        (a, b) | a = o.x and b > ? | eq1 range
        (a, b) | a = o.x and b = o.y | eq2
        unique (a) | a = o.x | eq1 one
        unique (a) | alone a = o.x | no: LeadingKey
        (a, b) | a = o.x order by b | eq1 unsorted
        (a, b) | a = o.correlated order by b limit 1 | eq1 sorted
        (a, b) | a = o.semi order by b | eq1 sorted
        (b) | alone a = o.x order by b | sorted
        (a) | a in (1, 2) and a = o.x | eq1
        (lower(a)) | lower(a) = o.x | eq1
        ",
    );
}

#[test]
fn order_after_equalities() {
    check(
        "
        (a) | order by a | sorted
        (a) | order by a desc | backward
        (a desc) | order by a | backward
        (a desc) | order by a desc | sorted
        (a) | order by b | no: LeadingKey
        (a, b) | order by a, b | sorted
        (a, b) | order by a desc, b desc | backward
        (a, b) | order by a, b desc | no: LeadingKey
        (a, b desc) | order by a, b desc | sorted
        (a, b desc) | order by a desc, b | backward
        (a desc, b desc) | order by a, b | backward
        (a, b) | order by b, a | no: LeadingKey
        (a, b) | order by b | no: LeadingKey
        (a) | order by a, b | no: LeadingKey
        (a, b) | a = ? order by b | eq1 sorted
        (a, b) | a = ? order by b desc limit 10 | eq1 backward
        (a, b) | a = ? order by a, b | eq1 sorted
        (a, b) | a = ? order by b, a | eq1 sorted
        (a, b) | a = ? order by a | eq1
        (a) | a = ? order by b | eq1 unsorted
        (a) | b = ? order by a limit 10 | sorted filter1
        (a, b, c) | a = ? order by c | eq1 unsorted
        (a, b, c) | a = ? and b = ? order by c | eq2 sorted
        (a, b, c) | a = ? and b > ? order by b | eq1 range sorted
        (a, b, c) | a = ? and b > ? order by b, c | eq1 range sorted
        (a, b, c) | a = ? and b > ? order by c | eq1 range unsorted
        (a, b, c) | a = ? and b is null order by c | eq2 unsorted
        (a, b, c) | b = ? order by a, c | sorted filter1
        (a, b) | a in (1, 2) order by b | eq1 in1 unsorted
        (a, b) | a in (7) order by b | eq1 sorted
        (a, b) | a in (1, 2) order by a | eq1 in1 sorted
        (a, b, c) | a = ? and b in (1, 2) order by c | eq2 in1 unsorted
        (a, b) | a = ? and b in (1, 2) order by b | eq2 in1 sorted
        (a, b) | a = ? order by b, c | eq1 sorted-1
        (a, b, c) | a = ? order by b, c desc | eq1 sorted-1
        (a, b, c) | a = ? order by b, c, d | eq1 sorted-n
        (a, b) | a = ? order by b, … | eq1 sorted-1
        (a) | a > ? order by a limit 5 | range sorted
        (a) | a > ? order by b limit 5 | range unsorted
        unique (a) | a = ? order by b | eq1 sorted one
        unique (a, b) | a = ? order by c | eq1 unsorted
        (a) | min a | sorted
        (a) | min b | no: LeadingKey
        (a, b) | a = ? min b | eq1 sorted
        (a, b) | a > ? min b | range unsorted
        (lower(a)) | order by lower(a) | sorted
        (lower(a)) | order by a | no: LeadingKey
        (a) | opt(a = ?) order by a | sorted filter1
        (a, b) | opt(a = ?) order by b | no: LeadingKey
        ",
    );
}

#[test]
fn where_nulls_go() {
    check(
        "
        (a) | order by a nulls first | no: LeadingKey
        (a) | order by a nulls last | sorted
        (a nulls first) | order by a nulls first | sorted
        (a nulls first) | order by a | no: LeadingKey
        (a nulls first) | order by a desc nulls last | backward
        (a) | order by a desc | backward
        (a) | order by a desc nulls last | no: LeadingKey
        (a desc nulls last) | order by a desc nulls last | sorted
        (a desc nulls last) | order by a nulls first | backward
        (a, b) | a = ? order by b desc nulls last | eq1 unsorted
        (a, b desc nulls last) | a = ? order by b desc nulls last | eq1 sorted
        -- sqlite
        (a, b, c) | a = ? and b is null order by c | eq2 sorted
        (a) | order by a | sorted
        (a) | order by a desc | backward
        (a) | order by a nulls first | sorted
        (a) | order by a nulls last | no: LeadingKey
        (a, b, c) | b = ? order by a, c | no: LeadingKey
        (a, b, c) | a = ? and b = ? order by c | eq2 sorted
        -- mysql
        (a, b) | a = ? order by b desc | eq1 backward
        (a/10) | order by a | no: LeadingKey
        ",
    );
}

#[test]
fn groups() {
    check(
        "
        (a) | group by a | grouped
        (a, b) | group by b, a | grouped
        (a, b) | group by b | no: LeadingKey
        (a, b) | a = ? group by b | eq1 grouped
        (a, b) | group by a | grouped
        (a) | group by a, b | no: LeadingKey
        (a, b, c) | group by a, c | no: LeadingKey
        (a) | dedup a | grouped
        (a, b) | a = ? dedup a, b | eq1 grouped
        (a, b) | a in (1, 2) group by b | eq1 in1
        (z) | a = ? group by a | no: LeadingKey
        (a, b, c) | b = ? group by c, a | grouped filter1
        (a, lower(b), a) | group by a, c | no: LeadingKey
        -- sqlite
        (a, b, c) | b = ? group by c, a | no: LeadingKey
        ",
    );
}

#[test]
fn expressions() {
    check(
        "
        (lower(a)) | lower(a) = ? | eq1
        (lower(a)) | lower(t.a) = lower(?) | eq1
        (lower(a)) | a = ? | no: Expression
        (a) | lower(a) = ? | no: Expression
        (a) | upper(a) = ? | no: Expression
        (lower(a)) | upper(a) = ? | no: LeadingKey
        (lower(a), b) | lower(a) = ? and b = ? | eq2
        (b, lower(a)) | b = ? and a = ? | eq1 filter1
        (a) | a + 1 = ? | no: Expression
        (a) | a::date = ? | no: Expression
        (date(a)) | date(a) = ? | eq1
        ((data ->> 'k')) | data ->> 'k' = ? | eq1
        ((data ->> 'k')) | data ->> 'j' = ? | no: LeadingKey
        (coalesce(a, b)) | coalesce(a, b) = ? | eq1
        (coalesce(a, b)) | coalesce(b, a) = ? | no: LeadingKey
        (a) | b = ? and lower(a) = ? | no: Expression
        (lower(a)) | lower(a) like 'x%' | no: PrefixCollation
        (lower(a) text_pattern_ops) | lower(a) like 'x%' | range
        ",
    );
}

#[test]
fn operator_classes_and_collations() {
    check(
        "
        (a) | a like 'x%' | no: PrefixCollation
        (a text_pattern_ops) | a like 'x%' | range
        (a varchar_pattern_ops) | a like 'x%' | range
        (a text_pattern_ops) | a = ? | eq1
        (a text_pattern_ops) | a in ('x', 'y') | eq1 in1
        (a text_pattern_ops) | a > ? | no: OperatorClass
        (a text_pattern_ops) | order by a | no: LeadingKey
        (a text_pattern_ops) | a is null | eq1
        (a collate C) | a like 'x%' | range
        (a collate C) | a = ? | no: Collation
        (a collate C) | a collate \"C\" = ? | eq1
        (a collate C) | a is null | eq1
        (a collate C) | order by a | no: LeadingKey
        (a) | a collate \"C\" = ? | no: Collation
        (a collate default) | a = ? | eq1
        (b, a) | b = ? and a like 'x%' | eq1 filter1
        (b, a text_pattern_ops) | b = ? and a like 'x%' | eq1 range
        (a) | a like '%x' | no: LeadingKey
        (a) | a ilike 'x%' | no: LeadingKey
        (a text_ops) | a > ? | range
        (a collate C) | a = o.x | no: Collation
        -- sqlite
        (a) | a like 'x%' | no: PrefixCollation
        (a collate nocase) | a like 'x%' | range
        (a) | a glob 'x*' | range
        (a) | a glob '*x' | no: LeadingKey
        (a collate nocase) | a glob 'x*' | no: PrefixCollation
        (a collate NOCASE) | a = ? | no: Collation
        (a collate nocase) | a collate nocase = ? | eq1
        (a collate nocase) | a = ? collate nocase | eq1
        (a) | a = ? collate nocase | no: Collation
        (a collate binary) | a = ? | eq1
        (a collate nocase) | order by a | no: LeadingKey
        (a, b) | a = ? collate nocase order by b | no: Collation
        (a collate nocase, b) | a = ? collate nocase order by b | eq1 sorted
        (a collate nocase, b) | a = ? collate nocase order by a, b | eq1 unsorted
        -- mysql
        (a) | a like 'x%' | range
        (a/10) | a like 'x%' | range
        (a, b) | a = ? and b like 'x%' | eq1 range
        ",
    );
}

#[test]
fn partial_indexes() {
    check(
        "
        (a) where b is null | a = ? | no: Predicate
        (a) where b is null | a = ? and b is null | eq1 partial
        (a) where b is null | b is null | partial
        (a) where b is null | c = ? and b is null | partial filter1
        (a) where b is not null | a = ? and b = ? | eq1 filter1
        (a) where a is not null | a = ? | eq1
        (a) where a is not null | a in (1, 2) | eq1 in1
        (a) where a is not null | a > ? | range
        (a) where a is not null | a like 'x%' | no: PrefixCollation
        (a) where a is not null | a = o.x | eq1
        (a) where a is not null | alone a = o.x | no: Predicate
        (a) where a is not null | order by a | no: Predicate
        (a) where b = 'x' | a = ? and b = 'x' | eq1 partial
        (a) where b = 'x' | a = ? and b = 'y' | no: Predicate
        (a) where b = 'x' | a = ? and b = ? | no: Predicate
        (a) where b = 'x' | a = ? and b in ('x', 'y') | no: Predicate
        (a) where b in ('x', 'y') | a = ? and b = 'x' | eq1 filter1
        (a) where b in ('x', 'y') | a = ? and b in ('y', 'x') | eq1 partial
        (a) where b in ('x', 'y', 'z') | a = ? and b in ('y', 'x') | eq1 filter1
        (a) where b > 5 | a = ? and b > 5 | eq1 partial
        (a) where b > 5 | a = ? and b > 10 | eq1 filter1
        (a) where b > 5 | a = ? and b = 6 | eq1 filter1
        (a) where b > 5 | a = ? and b > 3 | no: Predicate
        (a) where b > 5 | a = ? and b > ? | no: Predicate
        (a) where b <> 'x' | a = ? and b = 'y' | eq1 filter1
        (a) where active | a = ? and active | eq1 partial
        (a) where active | a = ? and active = true | eq1 partial
        (a) where active | a = ? and not active | no: Predicate
        (a) where not active | a = ? and active = false | eq1 partial
        (a) where not active | a = ? and not active | eq1 partial
        (a) where b is null and active | a = ? and b is null | no: Predicate
        (a) where b is null and active | a = ? and active and b is null | eq1 partial
        (a) where b is null or active | a = ? and active | eq1 filter1
        (a) where b is null | a = ? and opt(b is null) | no: Predicate
        (a) where b = 'x' or c = 'y' | a = ? and (b = 'x' or c = 'y') | eq1
        (a) where b = 'x' or c = 'y' | a = ? and opt(b = 'x' or c = 'y') | no: Predicate
        (a, c) where b is null | a = ? and b is null order by c | eq1 sorted partial
        (c) where b = 'x' | b = 'x' order by c limit 5 | sorted partial
        -- sqlite
        (a) where b is null | a = ? and b is null | eq1 partial
        (a) where a is not null | a = ? | eq1
        (a) where b is not null | a = ? and lower(b) = ? | no: Predicate
        (a) where b is not null | a = ? and b like '%x' | no: Predicate
        (a) where b is not null | a = ? and b like 'x%' | eq1 filter1
        (a) where b is not null | a = ? and b glob 'x*' | eq1 filter1
        (a) where b > 5 | a = ? and b > 10 | no: Predicate
        (a) where b > 5 | a = ? and b > 5 | eq1 partial
        (a) where active | a = ? and active | eq1 partial
        (a) where active | a = ? and active = 1 | no: Predicate
        (a) where b in ('x', 'y') | a = ? and b = 'x' | no: Predicate
        ",
    );
}

#[test]
fn covering() {
    check(
        "
        (a) | a = ? read a | eq1 only
        (a) | a = ? read a, b | eq1
        (a) include (b) | a = ? read a, b | eq1 only
        (a, b) | a = ? read b | eq1 only
        (a) include (b) | b = ? read a, b | no: LeadingKey
        (a) include (b) | a = ? and b = ? read a, b | eq1 only filter1
        (a) include (b) | a = ? order by b | eq1 unsorted
        (lower(a)) | lower(a) = ? read a | eq1
        hash (a) | a = ? read a | eq1
        -- sqlite
        (a) where b = 1 | a = ? and b = 1 read a, b | eq1 partial only
        (a) where b > 1 | a = ? and b > 1 read a, b | eq1 partial
        -- mysql
        (a/10) | a = ? read a | eq1
        ",
    );
}

#[test]
fn methods() {
    check(
        "
        hash (a) | a = ? | eq1
        hash (a) | a in (1, 2) | eq1 in1
        hash (a) | a > ? | no: HashNeedsEquality
        hash (a) | a is null | no: HashNeedsEquality
        hash (a) | a = o.x | eq1
        hash (a) | order by a | no: HashNeedsEquality
        hash (a) | a = ? order by b | eq1 unsorted
        hash (a) | a = ? and b = ? | eq1 filter1
        gin (tags) | tags @> ? | special
        gin (tags) | tags = ? | no: Method
        gin (tags) | other @> ? | no: Method
        gin (tags) | a = ? and tags @> ? | special filter1
        gin (a gin_trgm_ops) | a like '%x%' | special
        gin (a gin_trgm_ops) | a ilike '%x%' | special
        gin (a gin_trgm_ops) | a like 'x%' | special
        gin (a) | a like 'x%' | no: Method
        gin (to_tsvector('english', body)) | to_tsvector('english', body) @@ ? | special
        gin (data) | data ->> 'k' = ? | no: Method
        gist (room, during) | during && ? | special
        gist (room, during) | room = ? and during && ? | special
        gist (during) | order by during | no: Method
        brin (created) | created > ? | special
        brin (created) | created = ? | no: Method
        brin (created) | order by created | no: Method
        -- mysql
        fulltext (title, body) | title = ? | no: Method
        ",
    );
}

#[test]
fn skip_scans_by_target_and_version() {
    check(
        "
        -- postgres 17
        (a, b) | b = ? | no: LeadingKey
        -- postgres 18
        (a, b) | b = ? | eq1 skip1
        (a, b) | b > ? | skip1 range
        (a, b, c) | c = ? | eq1 skip2
        (a, b, c) | a = ? and c = ? | eq2 skip1
        (a, b) | a = ? | eq1
        (a) | b = ? | no: LeadingKey
        unique (a, b) | b = ? | eq1 skip1
        (a, b, c) | b = ? order by c | eq1 skip1 unsorted
        -- sqlite
        (a, b) | b = ? | no: LeadingKey
        -- mysql 8
        (a, b) | b > ? read a, b | skip1 range only
        (a, b) | b > ? | no: LeadingKey
        (a, b) | b = o.x read a, b | no: LeadingKey
        -- mysql 5
        (a, b) | b > ? read a, b | no: LeadingKey
        ",
    );
}
