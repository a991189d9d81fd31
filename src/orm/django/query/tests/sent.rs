//! Statements as Django itself sends them: what it was seen to send for the same call.

use super::{check, check_in};
use crate::dialect::Dialect;

#[test]
fn querysets_are_put_together() {
    check(
        "return Author.objects.filter(name='x').union(Author.objects.filter(email='y'), all=True).order_by('-name')[:5]",
        "SELECT shop_author.* FROM shop_author WHERE shop_author.name = 'x' UNION ALL SELECT shop_author.* FROM shop_author WHERE shop_author.email = 'y' ORDER BY name DESC LIMIT 5",
    );
    // A part keeps the order of its model, and its slice.
    check(
        "return Country.objects.filter(name='x').union(Country.objects.all()[:3]).order_by('pk')",
        "(SELECT shop_country.* FROM shop_country WHERE shop_country.name = 'x' ORDER BY shop_country.name) UNION (SELECT shop_country.* FROM shop_country ORDER BY shop_country.name LIMIT 3) ORDER BY id",
    );
    check_in(
        Dialect::Sqlite,
        "return Country.objects.filter(name='x').difference(Country.objects.filter(name='y'))",
        "SELECT shop_country.* FROM shop_country WHERE shop_country.name = 'x' EXCEPT SELECT shop_country.* FROM shop_country WHERE shop_country.name = 'y'",
    );
    check(
        "return Author.objects.values('id', 'name').intersection(Tag.objects.values('id', 'name')).order_by('name')",
        "SELECT shop_author.id, shop_author.name FROM shop_author INTERSECT SELECT shop_tag.id, shop_tag.name FROM shop_tag ORDER BY 2",
    );
    check(
        "return Book.objects.filter(author__in=Author.objects.filter(name='x').union(Author.objects.filter(email='y')))",
        "SELECT shop_book.* FROM shop_book WHERE shop_book.author_id IN (SELECT u0.id FROM shop_author AS u0 WHERE u0.name = 'x' UNION SELECT u0.id FROM shop_author AS u0 WHERE u0.email = 'y')",
    );
    check(
        "return Author.objects.filter(name='x').union(Author.objects.filter(email='y')).count()",
        "SELECT COUNT(*) FROM (SELECT shop_author.* FROM shop_author WHERE shop_author.name = 'x' UNION SELECT shop_author.* FROM shop_author WHERE shop_author.email = 'y') AS subquery",
    );
    // The whole of one may be a part of another.
    check(
        "return Author.objects.filter(name='x').union(Author.objects.filter(email='y')).difference(Author.objects.filter(id=1))",
        "(SELECT shop_author.* FROM shop_author WHERE shop_author.name = 'x' UNION SELECT shop_author.* FROM shop_author WHERE shop_author.email = 'y') EXCEPT SELECT shop_author.* FROM shop_author WHERE shop_author.id = 1",
    );
}

#[test]
fn keys_of_json() {
    check(
        "return Book.objects.filter(data__kind='x', data__a__0__b__icontains='y', data__kind__isnull=True, data__n__gt=3)",
        "SELECT shop_book.* FROM shop_book WHERE (shop_book.data -> 'kind') = $1 AND UPPER((shop_book.data #>> ARRAY['a', '0', 'b'])) LIKE UPPER('%' || $2 || '%') AND (shop_book.data -> 'kind') IS NULL AND (shop_book.data -> 'n') > $3",
    );
    check(
        "return Book.objects.filter(data__0=None, data__has_key='x', data__a__has_any_keys=items, data__on=True).order_by('data__a__b')",
        "SELECT shop_book.* FROM shop_book WHERE (shop_book.data -> 0) = 'null' AND shop_book.data ? $1 AND (shop_book.data -> 'a') ?| $2 AND (shop_book.data -> 'on') = 'true' ORDER BY (shop_book.data #> ARRAY['a', 'b'])",
    );
    check_in(
        Dialect::Sqlite,
        "return Book.objects.filter(data__a__0='x', data__kind__isnull=False)",
        r#"SELECT shop_book.* FROM shop_book WHERE (CASE WHEN JSON_TYPE(shop_book.data, '$."a"[0]') IN ('false','true','null') THEN JSON_TYPE(shop_book.data, '$."a"[0]') ELSE JSON_EXTRACT(shop_book.data, '$."a"[0]') END) = JSON_EXTRACT($1, '$') AND JSON_TYPE(shop_book.data, '$."kind"') IS NOT NULL"#,
    );
}

#[test]
fn what_is_missing_is_looked_for_from_the_row() {
    check(
        "return Author.objects.exclude(books__isnull=True)",
        "SELECT shop_author.* FROM shop_author WHERE NOT (EXISTS (SELECT 1 FROM shop_author AS u0 LEFT JOIN shop_book AS u1 ON u0.id = u1.author_id WHERE u1.id IS NULL AND u0.id = shop_author.id LIMIT 1))",
    );
    check(
        "return Author.objects.exclude(books__deleted_at=None)",
        "SELECT shop_author.* FROM shop_author WHERE NOT (EXISTS (SELECT 1 FROM shop_author AS u0 LEFT JOIN shop_book AS u1 ON u0.id = u1.author_id WHERE u1.deleted_at IS NULL AND u0.id = shop_author.id LIMIT 1))",
    );
    // The key that leads there is compared itself.
    check(
        "return Book.objects.exclude(author__books__title='x')",
        "SELECT shop_book.* FROM shop_book WHERE NOT (EXISTS (SELECT 1 FROM shop_book AS u0 WHERE u0.title = 'x' AND u0.author_id = shop_book.author_id LIMIT 1))",
    );
}

#[test]
fn what_f_names_is_needed() {
    check(
        "return Review.objects.filter(stars__gt=F('writer__id')).order_by()",
        "SELECT shop_review.* FROM shop_review WHERE shop_review.stars > shop_review.writer_id",
    );
    check(
        "return Author.objects.filter(name=F('country__name'))",
        "SELECT shop_author.* FROM shop_author JOIN shop_country ON shop_author.country_id = shop_country.id WHERE shop_author.name = shop_country.name",
    );
    check(
        "return Book.objects.exclude(created__gt=F('deleted_at'))",
        "SELECT shop_book.* FROM shop_book WHERE NOT (shop_book.created > shop_book.deleted_at AND shop_book.deleted_at IS NOT NULL)",
    );
}

#[test]
fn an_aggregates_condition_shares_its_joins() {
    check(
        "return Author.objects.annotate(n=Count('books', filter=Q(books__price__gt=1)))",
        "SELECT shop_author.*, COUNT(shop_book.id) FILTER (WHERE shop_book.price > 1) AS n FROM shop_author LEFT JOIN shop_book ON shop_author.id = shop_book.author_id GROUP BY shop_author.id",
    );
    check(
        "return Author.objects.annotate(n=Count('books')).count()",
        "SELECT COUNT(*) FROM (SELECT shop_author.id FROM shop_author LEFT JOIN shop_book ON shop_author.id = shop_book.author_id GROUP BY shop_author.id) AS subquery",
    );
}

#[test]
fn tables_between_have_models() {
    check(
        "return Book.tags.through.objects.filter(tag__name='x', book=pk)",
        "SELECT shop_book_tags.* FROM shop_book_tags JOIN shop_tag ON shop_book_tags.tag_id = shop_tag.id WHERE shop_tag.name = 'x' AND shop_book_tags.book_id = $1",
    );
    check(
        "return Tag.objects.get(pk=pk).book_set.through.objects.filter(tag_id=pk).exists()",
        "SELECT shop_tag.* FROM shop_tag WHERE shop_tag.id = $1 LIMIT 21\nSELECT 1 FROM shop_book_tags WHERE shop_book_tags.tag_id = $1 LIMIT 1",
    );
}

#[test]
fn moments_are_local() {
    check(
        "return Book.objects.annotate(month=functions.TruncMonth('created')).values('month').annotate(n=Count('id')).order_by('month')",
        "SELECT DATE_TRUNC('month', (shop_book.created AT TIME ZONE 'America/Chicago')), COUNT(shop_book.id) AS n FROM shop_book GROUP BY DATE_TRUNC('month', (shop_book.created AT TIME ZONE 'America/Chicago')) ORDER BY DATE_TRUNC('month', (shop_book.created AT TIME ZONE 'America/Chicago'))",
    );
}

#[test]
fn a_slice_within_a_query_is_part_of_it() {
    check(
        "return Book.objects.filter(title__in=Author.objects.order_by('name').values('name')[:3])",
        "SELECT shop_book.* FROM shop_book WHERE shop_book.title IN (SELECT u0.name FROM shop_author AS u0 ORDER BY u0.name LIMIT 3)",
    );
}

#[test]
fn querysets_with_joins_are_merged() {
    check(
        "return Author.objects.filter(books__title='x') | Author.objects.filter(name='y')",
        "SELECT shop_author.* FROM shop_author LEFT JOIN shop_book ON shop_author.id = shop_book.author_id WHERE (shop_book.title = 'x' OR shop_author.name = 'y')",
    );
    check(
        "return (Author.objects.filter(country__name='x').order_by('name') & Author.objects.exclude(email='y'))[:3]",
        "SELECT shop_author.* FROM shop_author JOIN shop_country ON shop_author.country_id = shop_country.id WHERE shop_country.name = 'x' AND NOT (shop_author.email = 'y' AND shop_author.email IS NOT NULL) ORDER BY shop_author.name LIMIT 3",
    );
}
