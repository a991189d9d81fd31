//! What annotations compute, and what is asked of them.

use super::{check, check_in};
use crate::dialect::Dialect;

#[test]
fn years_are_ranges() {
    check(
        "return Book.objects.annotate(y=ExtractYear('created')).filter(y__gte=2020)",
        "SELECT shop_book.*, EXTRACT(YEAR FROM (shop_book.created AT TIME ZONE 'America/Chicago')) AS y FROM shop_book WHERE shop_book.created >= '2020-01-01'",
    );
    check(
        "return Book.objects.alias(y=F('created__year')).filter(y=pk, author__books__created__year__lt=pk)",
        "SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id JOIN shop_book AS \"T3\" ON shop_author.id = \"T3\".author_id WHERE shop_book.created BETWEEN $1 AND $2 AND \"T3\".created < $3",
    );
    check(
        "return Book.objects.alias(y=ExtractYear('created')).filter(y__in=[2020, 2021])",
        "SELECT shop_book.* FROM shop_book WHERE EXTRACT(YEAR FROM (shop_book.created AT TIME ZONE 'America/Chicago')) IN (2020, 2021)",
    );
}

#[test]
fn moments_of_sqlite_are_taken_apart_by_django() {
    check_in(
        Dialect::Sqlite,
        "return Book.objects.annotate(m=TruncMonth('created')).values('m').filter(created__week_day=1)",
        "SELECT django_datetime_trunc('month', shop_book.created, 'America/Chicago', 'UTC') FROM shop_book WHERE django_datetime_extract('week_day', shop_book.created, 'America/Chicago', 'UTC') = 1",
    );
}

#[test]
fn windows_are_columns_that_nothing_can_be_asked_of() {
    check(
        "return Book.objects.annotate(n=Window(RowNumber(), partition_by=[F('author')], order_by=[F('price').desc(), 'title']))",
        "SELECT shop_book.*, ROW_NUMBER() OVER (PARTITION BY shop_book.author_id ORDER BY shop_book.price DESC, shop_book.title) AS n FROM shop_book",
    );
    check(
        "return Book.objects.annotate(n=Window(Sum('price'), partition_by='author')).filter(n=1, price=2)",
        r#"
SELECT shop_book.*, SUM(shop_book.price) OVER (PARTITION BY shop_book.author_id) AS n FROM shop_book WHERE $1 AND shop_book.price = 2
? dynamic-filter: a lookup of `n`
"#,
    );
}

#[test]
fn dates_of_sqlite_are_taken_apart_by_django() {
    check_in(
        Dialect::Sqlite,
        "return Book.objects.dates('created', 'month')",
        "SELECT DISTINCT django_date_trunc('month', shop_book.created, 'America/Chicago', 'UTC') FROM shop_book WHERE shop_book.created IS NOT NULL ORDER BY django_date_trunc('month', shop_book.created, 'America/Chicago', 'UTC')",
    );
}
