//! Calls on managers and querysets, one after the other.

use super::{check, check_file, check_in};
use crate::dialect::Dialect;

#[test]
fn filters_follow_relations() {
    check(
        "return Book.objects.filter(title='x', author_id=pk, author__id=pk, author=pk)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.title = 'x' AND shop_book.author_id = $1 AND shop_book.author_id = $2 AND shop_book.author_id = $3
"#,
    );
    check(
        "return Book.objects.filter(author__country__name__iexact='fr', price__gte=3)",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id JOIN shop_country ON shop_author.country_id = shop_country.id WHERE UPPER(shop_country.name) = UPPER('fr') AND shop_book.price >= 3
"#,
    );
    check(
        "return Author.objects.filter(books__title='x', books__price=1).filter(books__status='a')",
        r#"
SELECT shop_author.* FROM shop_author JOIN shop_book ON shop_author.id = shop_book.author_id JOIN shop_book AS "T3" ON shop_author.id = "T3".author_id WHERE shop_book.title = 'x' AND shop_book.price = 1 AND "T3".status = 'a'
"#,
    );
    check(
        "return Book.objects.filter(tags__name='x')",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_book_tags ON shop_book.id = shop_book_tags.book_id JOIN shop_tag ON shop_book_tags.tag_id = shop_tag.id WHERE shop_tag.name = 'x'
"#,
    );
    check(
        "return Book.objects.filter(tags=pk, tags__in=items)",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_book_tags ON shop_book.id = shop_book_tags.book_id WHERE shop_book_tags.tag_id = $1 AND shop_book_tags.tag_id IN ($2)
"#,
    );
    check(
        "return Author.objects.filter(country__isnull=True, books__isnull=True)",
        r#"
SELECT shop_author.* FROM shop_author LEFT JOIN shop_book ON shop_author.id = shop_book.author_id WHERE shop_author.country_id IS NULL AND shop_book.id IS NULL
"#,
    );
    check(
        "return Review.objects.filter(book__author__books__title='x').order_by()",
        r#"
SELECT shop_review.* FROM shop_review JOIN shop_book ON shop_review.book_id = shop_book.id JOIN shop_author ON shop_book.author_id = shop_author.id JOIN shop_book AS "T4" ON shop_author.id = "T4".author_id WHERE "T4".title = 'x'
"#,
    );
}

#[test]
fn excludes_know_about_null() {
    check(
        "return Author.objects.exclude(email='x').exclude(name='y')",
        r#"
SELECT shop_author.* FROM shop_author WHERE NOT (shop_author.email = 'x' AND shop_author.email IS NOT NULL) AND NOT (shop_author.name = 'y')
"#,
    );
    check(
        "return Author.objects.exclude(country__name='x')",
        r#"
SELECT shop_author.* FROM shop_author LEFT JOIN shop_country ON shop_author.country_id = shop_country.id WHERE NOT (shop_country.name = 'x' AND shop_country.name IS NOT NULL)
"#,
    );
    check(
        "return Author.objects.exclude(books__title='x')",
        r#"
SELECT shop_author.* FROM shop_author WHERE NOT (EXISTS (SELECT 1 FROM shop_book AS u0 WHERE u0.title = 'x' AND u0.author_id = shop_author.id LIMIT 1))
"#,
    );
    check(
        "return Book.objects.exclude(tags__name='x')",
        r#"
SELECT shop_book.* FROM shop_book WHERE NOT (EXISTS (SELECT 1 FROM shop_book_tags AS u0 JOIN shop_tag AS u1 ON u0.tag_id = u1.id WHERE u1.name = 'x' AND u0.book_id = shop_book.id LIMIT 1))
"#,
    );
    check(
        "return Author.objects.exclude(email=None)",
        r#"
SELECT shop_author.* FROM shop_author WHERE NOT (shop_author.email IS NULL)
"#,
    );
}

#[test]
fn conditions_are_put_together() {
    check(
        "return Book.objects.filter(Q(title='a') | Q(author__country__name='b'), price=1)",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id LEFT JOIN shop_country ON shop_author.country_id = shop_country.id WHERE (shop_book.title = 'a' OR shop_country.name = 'b') AND shop_book.price = 1
"#,
    );
    check(
        "return Book.objects.filter(~Q(title='a') & (Q(price=1) | Q(price=2)))",
        r#"
SELECT shop_book.* FROM shop_book WHERE NOT (shop_book.title = 'a') AND (shop_book.price = 1 OR shop_book.price = 2)
"#,
    );
    check(
        "return Book.objects.filter(price=F('author__id') + 1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = (shop_book.author_id + 1)
"#,
    );
    check(
        "q = Q()\nif pk:\n    q &= Q(title='a')\nreturn Book.objects.filter(q, price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
all: SELECT shop_book.* FROM shop_book WHERE shop_book.title = 'a' AND shop_book.price = 1
"#,
    );
    check(
        "filters = {'price': 1}\nif pk:\n    filters['title'] = pk\nreturn Book.objects.filter(**filters)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
all: SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 AND shop_book.title = $1
"#,
    );
    check(
        "return Book.objects.filter(reduce(operator.or_, [Q(title=i) for i in items]))",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.title = $1
"#,
    );
    check(
        "return Book.objects.filter(items[0], price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE $1 AND shop_book.price = 1
? dynamic-filter: a condition that is handed in
"#,
    );
}

#[test]
fn lookups_are_written_by_dialect() {
    let body = "return Book.objects.filter(title__icontains=pk, title__startswith='a_b', created__date=pk, \
                created__year=2020, is_new=False, data__a__b=1, title__in=['a', 'b'], price__range=(1, 2), \
                title__iexact='x', created__month=2)";
    check(
        body,
        r#"
SELECT shop_book.* FROM shop_book WHERE UPPER(shop_book.title) LIKE UPPER('%' || $1 || '%') AND shop_book.title LIKE 'a\_b%' AND (shop_book.created AT TIME ZONE 'America/Chicago')::date = $2 AND shop_book.created BETWEEN '2020-01-01' AND '2020-12-31 23:59:59.999999' AND NOT shop_book.is_new AND (shop_book.data #> ARRAY['a', 'b']) = $3 AND shop_book.title IN ('a', 'b') AND shop_book.price BETWEEN 1 AND 2 AND UPPER(shop_book.title) = UPPER('x') AND EXTRACT(MONTH FROM (shop_book.created AT TIME ZONE 'America/Chicago')) = 2
"#,
    );
    check_in(
        Dialect::Sqlite,
        body,
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.title LIKE '%' || $1 || '%' ESCAPE '\' AND shop_book.title LIKE 'a\_b%' ESCAPE '\' AND django_datetime_cast_date(shop_book.created, 'America/Chicago', 'UTC') = $2 AND shop_book.created BETWEEN '2020-01-01' AND '2020-12-31 23:59:59.999999' AND NOT shop_book.is_new AND (CASE WHEN JSON_TYPE(shop_book.data, '$."a"."b"') IN ('false','true','null') THEN JSON_TYPE(shop_book.data, '$."a"."b"') ELSE JSON_EXTRACT(shop_book.data, '$."a"."b"') END) = JSON_EXTRACT($3, '$') AND shop_book.title IN ('a', 'b') AND shop_book.price BETWEEN 1 AND 2 AND shop_book.title LIKE 'x' ESCAPE '\' AND django_datetime_extract('month', shop_book.created, 'America/Chicago', 'UTC') = 2
"#,
    );
}

#[test]
fn methods_end_chains() {
    check(
        "Book.objects.first()",
        r#"
SELECT shop_book.* FROM shop_book ORDER BY shop_book.id LIMIT 1
"#,
    );
    check(
        "Review.objects.last()",
        r#"
SELECT shop_review.* FROM shop_review ORDER BY shop_review.stars, shop_review.book_id DESC LIMIT 1
"#,
    );
    check(
        "Review.objects.latest()",
        r#"
SELECT shop_review.* FROM shop_review ORDER BY shop_review.stars DESC LIMIT 1
"#,
    );
    check(
        "Book.objects.order_by('-created').last()",
        r#"
SELECT shop_book.* FROM shop_book ORDER BY shop_book.created LIMIT 1
"#,
    );
    check(
        "Book.objects.filter(price=1).exists()",
        r#"
SELECT 1 FROM shop_book WHERE shop_book.price = 1 LIMIT 1
"#,
    );
    check(
        "Book.objects.filter(tags=1).distinct().count()",
        r#"
SELECT COUNT(*) FROM (SELECT DISTINCT shop_book.* FROM shop_book JOIN shop_book_tags ON shop_book.id = shop_book_tags.book_id WHERE shop_book_tags.tag_id = 1) AS subquery
"#,
    );
    check(
        "Review.objects.count()",
        r#"
SELECT COUNT(*) FROM shop_review
"#,
    );
    check(
        "Book.objects.aggregate(Sum('price'), n=Count('author__books', distinct=True))",
        r#"
SELECT SUM(shop_book.price), COUNT(DISTINCT "T3".id) FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id LEFT JOIN shop_book AS "T3" ON shop_author.id = "T3".author_id
"#,
    );
    check(
        "Book.objects.get(pk=pk)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.id = $1 LIMIT 21
"#,
    );
    check(
        "Book.objects.get_or_create(title='x', defaults={'price': 1})",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.title = 'x' LIMIT 21
"#,
    );
    check(
        "Book.objects.filter(author__name='x').update(price=F('price') + 1, author=pk)",
        r#"
UPDATE shop_book SET price = (shop_book.price + 1), author_id = $1 WHERE shop_book.id IN (SELECT shop_book.id FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_author.name = 'x')
"#,
    );
    check(
        "Book.objects.filter(price=1).delete()",
        r#"
DELETE FROM shop_book WHERE shop_book.price = 1
"#,
    );
    check(
        "Book.objects.in_bulk(items)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.id IN ($1)
"#,
    );
    check(
        "get_object_or_404(Book, pk=pk, price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.id = $1 AND shop_book.price = 1 LIMIT 21
"#,
    );
    check("return Book.objects.create(title='x'), Book.objects.none()", "");
    check(
        "x = Book.objects.filter(price=1)[0]",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 LIMIT 1
"#,
    );
}

#[test]
fn orders_and_slices() {
    check(
        "return Review.objects.all()",
        r#"
SELECT shop_review.* FROM shop_review ORDER BY shop_review.stars DESC, shop_review.book_id
"#,
    );
    check(
        "return Book.objects.order_by('author__country', '-price', 'author_id')[10:20]",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id LEFT JOIN shop_country ON shop_author.country_id = shop_country.id ORDER BY shop_country.name, shop_book.price DESC, shop_book.author_id LIMIT 10 OFFSET 10
"#,
    );
    check(
        "return Author.objects.order_by('country', '?').reverse()[:pk]",
        r#"
SELECT shop_author.* FROM shop_author LEFT JOIN shop_country ON shop_author.country_id = shop_country.id ORDER BY shop_country.name DESC, RANDOM() LIMIT $1
"#,
    );
    check(
        "return Book.objects.order_by(F('deleted_at').desc(nulls_last=True), Lower('title'))",
        r#"
SELECT shop_book.* FROM shop_book ORDER BY shop_book.deleted_at DESC NULLS LAST, LOWER(shop_book.title)
"#,
    );
}

#[test]
fn relations_come_along() {
    check(
        "return Book.objects.select_related('author__country', 'editor')",
        r#"
SELECT shop_book.*, shop_author.*, shop_country.*, "T4".* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id LEFT JOIN shop_country ON shop_author.country_id = shop_country.id LEFT JOIN shop_author AS "T4" ON shop_book.editor_id = "T4".id
"#,
    );
    check(
        "return Book.objects.select_related().only('title')",
        r#"
SELECT shop_book.id, shop_book.title, shop_author.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id
"#,
    );
    check(
        "return Author.objects.prefetch_related('books__tags'), Author.objects.prefetch_related(Prefetch('books', queryset=Book.live.all()))",
        r#"
SELECT shop_author.* FROM shop_author
PrefetchIn: SELECT shop_book.* FROM shop_book WHERE shop_book.author_id IN ($1)
PrefetchIn: SELECT shop_tag.* FROM shop_tag JOIN shop_book_tags ON shop_tag.id = shop_book_tags.tag_id WHERE shop_book_tags.book_id IN ($1)
SELECT shop_author.* FROM shop_author
PrefetchIn: SELECT shop_book.* FROM shop_book WHERE shop_book.deleted_at IS NULL AND shop_book.author_id IN ($1)
"#,
    );
}

#[test]
fn values_and_groups() {
    check(
        "return Book.objects.values_list('author__name', flat=True).distinct()",
        r#"
SELECT DISTINCT shop_author.name FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id
"#,
    );
    check(
        "return Author.objects.annotate(n=Count('books')).filter(n__gt=3, name='x').order_by('-n')",
        r#"
SELECT shop_author.*, COUNT(shop_book.id) AS n FROM shop_author LEFT JOIN shop_book ON shop_author.id = shop_book.author_id WHERE shop_author.name = 'x' GROUP BY shop_author.id HAVING COUNT(shop_book.id) > 3 ORDER BY COUNT(shop_book.id) DESC
"#,
    );
    check(
        "return Book.objects.values('author').annotate(total=Sum('price')).order_by('total')",
        r#"
SELECT shop_book.author_id, SUM(shop_book.price) AS total FROM shop_book GROUP BY shop_book.author_id ORDER BY SUM(shop_book.price)
"#,
    );
    check(
        "return Book.objects.filter(author__in=Author.objects.filter(name='x'))",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.author_id IN (SELECT u0.id FROM shop_author AS u0 WHERE u0.name = 'x')
"#,
    );
    check(
        "return Book.objects.filter(pk__in=Review.objects.values('book'))",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.id IN (SELECT u0.book_id FROM shop_review AS u0)
"#,
    );
    check(
        "return Author.objects.annotate(has=Exists(Book.objects.filter(author=OuterRef('pk'), price=1))).filter(has=True)",
        r#"
SELECT shop_author.*, EXISTS (SELECT 1 FROM shop_book AS u0 WHERE u0.author_id = shop_author.id AND u0.price = 1 LIMIT 1) AS has FROM shop_author WHERE EXISTS (SELECT 1 FROM shop_book AS u0 WHERE u0.author_id = shop_author.id AND u0.price = 1 LIMIT 1)
"#,
    );
    check(
        "return Book.objects.filter(price=1).union(Book.objects.filter(price=2)).order_by('title')",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 UNION SELECT shop_book.* FROM shop_book WHERE shop_book.price = 2 ORDER BY title
"#,
    );
    check(
        "return Book.objects.filter(price=1) | Book.objects.filter(price=2, title='x')",
        r#"
SELECT shop_book.* FROM shop_book WHERE (shop_book.price = 1 OR shop_book.price = 2 AND shop_book.title = 'x')
"#,
    );
}

#[test]
fn managers_have_methods_and_conditions() {
    check(
        "return Book.objects.published().filter(price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.status = 'published' AND shop_book.price = 1
"#,
    );
    check(
        "return Book.objects.by(pk).order_by('title')",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.status = 'published' AND shop_book.author_id = $1 ORDER BY shop_book.title
"#,
    );
    check(
        "return Book.live.filter(price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.deleted_at IS NULL AND shop_book.price = 1
"#,
    );
    check(
        "author = Author.objects.get(pk=pk)\nreturn author.books.filter(price=1)",
        r#"
SELECT shop_author.* FROM shop_author WHERE shop_author.id = $1 LIMIT 21
SELECT shop_book.* FROM shop_book WHERE shop_book.author_id = $1 AND shop_book.price = 1
"#,
    );
    check(
        "author = Author.objects.get(pk=pk)\nreturn list(author.books.published())",
        r#"
SELECT shop_author.* FROM shop_author WHERE shop_author.id = $1 LIMIT 21
SELECT shop_book.* FROM shop_book WHERE shop_book.author_id = $1 AND shop_book.status = 'published'
"#,
    );
    check(
        "book = get_object_or_404(Book, pk=pk)\nreturn book.tags.filter(name='x')",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.id = $1 LIMIT 21
SELECT shop_tag.* FROM shop_tag JOIN shop_book_tags ON shop_tag.id = shop_book_tags.tag_id WHERE shop_book_tags.book_id = $1 AND shop_tag.name = 'x'
"#,
    );
}

#[test]
fn each_query_is_one() {
    check(
        "books = Book.objects.filter(price=1)\nif pk:\n    books = books.filter(title=pk)\nreturn books.order_by('title')",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 ORDER BY shop_book.title
all: SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 AND shop_book.title = $1 ORDER BY shop_book.title
"#,
    );
    check(
        "books = Book.objects.filter(price=1)\nn = books.count()\nfor book in books:\n    print(book)",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
SELECT COUNT(*) FROM shop_book WHERE shop_book.price = 1
"#,
    );
    check(
        "books = Book.objects.filter(price=1)\nif pk:\n    books = books.filter(title=pk)\nreturn render(request, {'books': books})",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
all: SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1 AND shop_book.title = $1
"#,
    );
}

#[test]
fn loops_are_seen() {
    check(
        "for book in Book.objects.filter(price=1):\n    print(book.author.name)\n    Review.objects.filter(book=book).count()",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
RelationLoad: in a loop: SELECT shop_author.* FROM shop_author WHERE shop_author.id = $1 LIMIT 21
in a loop: SELECT COUNT(*) FROM shop_review WHERE shop_review.book_id = $1
"#,
    );
    check(
        "for book in Book.objects.select_related('author'):\n    print(book.author.name, book.author.country.name)",
        r#"
SELECT shop_book.*, shop_author.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id
RelationLoad: in a loop: SELECT shop_country.* FROM shop_country WHERE shop_country.id = $1 LIMIT 21
"#,
    );
    check(
        "for author in Author.objects.prefetch_related('books'):\n    print(author.books.all(), author.books.filter(price=1))",
        r#"
SELECT shop_author.* FROM shop_author
PrefetchIn: SELECT shop_book.* FROM shop_book WHERE shop_book.author_id IN ($1)
in a loop: SELECT shop_book.* FROM shop_book WHERE shop_book.author_id = $1 AND shop_book.price = 1
"#,
    );
    check(
        "return [book.author.name for book in Book.objects.all()]",
        r#"
RelationLoad: in a loop: SELECT shop_author.* FROM shop_author WHERE shop_author.id = $1 LIMIT 21
SELECT shop_book.* FROM shop_book
"#,
    );
}

#[test]
fn what_is_not_known_is_said() {
    check(
        "return Book.objects.filter(colour='red', author__age=3)",
        r#"
SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_book.colour = $1 AND shop_author.age = $2
"#,
    );
    check(
        "return Book.objects.filter(**{pk: 1})",
        r#"
SELECT shop_book.* FROM shop_book WHERE $1
? dynamic-filter: names that the run puts together
"#,
    );
    check(
        "return Book.objects.frobnicate().filter(price=1)",
        r#"
SELECT shop_book.* FROM shop_book WHERE $1 AND shop_book.price = 1
? unknown-method: `frobnicate`
"#,
    );
    check_file(
        "class BookView:\n    model = Book\n\n    def get_queryset(self):\n        return super().get_queryset().filter(price=1)\n",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
"#,
    );
    check_file(
        "def f(books: QuerySet[Book]):\n    return books.filter(price=1)\n",
        r#"
SELECT shop_book.* FROM shop_book WHERE $1 AND shop_book.price = 1
? dynamic-queryset: a queryset that is handed in
"#,
    );
}

#[test]
fn classes_declare_lists() {
    check_file(
        "from django.views.generic import ListView\n\nclass BookList(ListView):\n    model = Book\n    ordering = '-created'\n    paginate_by = 20\n",
        r#"
SELECT shop_book.* FROM shop_book ORDER BY shop_book.created DESC LIMIT 20
Count: SELECT COUNT(*) FROM shop_book
"#,
    );
    check_file(
        "from rest_framework.viewsets import ModelViewSet\n\nclass BookViewSet(ModelViewSet):\n    queryset = Book.objects.select_related('author').order_by('id')\n    filterset_fields = ['status', 'author__name']\n    search_fields = ['^title', 'author__name__startswith']\n",
        r#"
SELECT shop_book.*, shop_author.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id ORDER BY shop_book.id
all: SELECT shop_book.*, shop_author.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_book.status = $1 AND shop_author.name = $2 AND (UPPER(shop_book.title) LIKE UPPER($3 || '%') OR shop_author.name LIKE $4 || '%') ORDER BY shop_book.id
"#,
    );
    check_file(
        "from django.contrib import admin\n\n@admin.register(Review)\nclass ReviewAdmin(admin.ModelAdmin):\n    list_filter = ['stars']\n    search_fields = ['book__title']\n    list_per_page = 50\n\nclass TagAdmin(admin.ModelAdmin):\n    search_fields = ['name']\n\nadmin.site.register(Tag, TagAdmin)\n",
        r#"
SELECT shop_review.* FROM shop_review ORDER BY shop_review.stars DESC, shop_review.book_id LIMIT 50
all: SELECT shop_review.* FROM shop_review JOIN shop_book ON shop_review.book_id = shop_book.id WHERE shop_review.stars = $1 AND UPPER(shop_book.title) LIKE UPPER('%' || $2 || '%') ORDER BY shop_review.stars DESC, shop_review.book_id LIMIT 50
Count: SELECT COUNT(*) FROM shop_review
SELECT shop_tag.* FROM shop_tag ORDER BY shop_tag.id DESC LIMIT 100
all: SELECT shop_tag.* FROM shop_tag WHERE UPPER(shop_tag.name) LIKE UPPER('%' || $1 || '%') ORDER BY shop_tag.id DESC LIMIT 100
Count: SELECT COUNT(*) FROM shop_tag
"#,
    );
    check_file(
        "from django.views.generic import ListView\n\nclass BookList(ListView):\n    def get_queryset(self):\n        return Book.objects.filter(price=1)\n",
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.price = 1
"#,
    );
}

#[test]
fn users_are_those_of_the_project() {
    check_file(
        "from django.contrib.auth import get_user_model\n\ndef f(name):\n    User = get_user_model()\n    return User.objects.get(username=name)\n",
        r#"
SELECT auth_user.* FROM auth_user WHERE auth_user.username = $1 LIMIT 21
"#,
    );
    check_file(
        "def f(request):\n    Book.objects.filter(author__name=request.user.username)._raw_delete('default')\n",
        r#"
DELETE FROM shop_book WHERE shop_book.id IN (SELECT shop_book.id FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_author.name = $1)
"#,
    );
}

#[test]
fn inner_functions_end_before_what_follows_them() {
    check(
        "def inner():\n    return Tag.objects.get(pk=pk)\nfor tag in Tag.objects.filter(name='x'):\n    inner()",
        r#"
SELECT shop_tag.* FROM shop_tag WHERE shop_tag.id = $1 LIMIT 21
SELECT shop_tag.* FROM shop_tag WHERE shop_tag.name = 'x'
"#,
    );
}

#[test]
fn what_is_no_queryset_is_found_out_once() {
    let chain = ".next_of(pk)".repeat(50);
    check(&format!("return anything{chain}.filter(title='x').count()"), "");
    check(
        &format!("item = anything{chain}\n        return Book.objects.filter(title=item).count()"),
        "\nSELECT COUNT(*) FROM shop_book WHERE shop_book.title = $1\n",
    );
}
