//! Calls on managers and querysets, one after the other.

use super::{check, check_file, check_in};
use crate::dialect::Dialect;

#[test]
fn filters_follow_relations() {
    check("return Book.objects.filter(title='x', author_id=pk, author__id=pk, author=pk)", "");
    check("return Book.objects.filter(author__country__name__iexact='fr', price__gte=3)", "");
    check("return Author.objects.filter(books__title='x', books__price=1).filter(books__status='a')", "");
    check("return Book.objects.filter(tags__name='x')", "");
    check("return Book.objects.filter(tags=pk, tags__in=items)", "");
    check("return Author.objects.filter(country__isnull=True, books__isnull=True)", "");
    check("return Review.objects.filter(book__author__books__title='x').order_by()", "");
}

#[test]
fn excludes_know_about_null() {
    check("return Author.objects.exclude(email='x').exclude(name='y')", "");
    check("return Author.objects.exclude(country__name='x')", "");
    check("return Author.objects.exclude(books__title='x')", "");
    check("return Book.objects.exclude(tags__name='x')", "");
    check("return Author.objects.exclude(email=None)", "");
}

#[test]
fn conditions_are_put_together() {
    check("return Book.objects.filter(Q(title='a') | Q(author__country__name='b'), price=1)", "");
    check("return Book.objects.filter(~Q(title='a') & (Q(price=1) | Q(price=2)))", "");
    check("return Book.objects.filter(price=F('author__id') + 1)", "");
    check("q = Q()\nif pk:\n    q &= Q(title='a')\nreturn Book.objects.filter(q, price=1)", "");
    check("filters = {'price': 1}\nif pk:\n    filters['title'] = pk\nreturn Book.objects.filter(**filters)", "");
    check("return Book.objects.filter(reduce(operator.or_, [Q(title=i) for i in items]))", "");
    check("return Book.objects.filter(items[0], price=1)", "");
}

#[test]
fn lookups_are_written_by_dialect() {
    let body = "return Book.objects.filter(title__icontains=pk, title__startswith='a_b', created__date=pk, \
                created__year=2020, is_new=False, data__a__b=1, title__in=['a', 'b'], price__range=(1, 2), \
                title__iexact='x', created__month=2)";
    check(body, "");
    check_in(Dialect::Sqlite, body, "");
}

#[test]
fn methods_end_chains() {
    check("Book.objects.first()", "");
    check("Review.objects.last()", "");
    check("Review.objects.latest()", "");
    check("Book.objects.order_by('-created').last()", "");
    check("Book.objects.filter(price=1).exists()", "");
    check("Book.objects.filter(tags=1).distinct().count()", "");
    check("Review.objects.count()", "");
    check("Book.objects.aggregate(Sum('price'), n=Count('author__books', distinct=True))", "");
    check("Book.objects.get(pk=pk)", "");
    check("Book.objects.get_or_create(title='x', defaults={'price': 1})", "");
    check("Book.objects.filter(author__name='x').update(price=F('price') + 1, author=pk)", "");
    check("Book.objects.filter(price=1).delete()", "");
    check("Book.objects.in_bulk(items)", "");
    check("get_object_or_404(Book, pk=pk, price=1)", "");
    check("return Book.objects.create(title='x'), Book.objects.none()", "");
    check("x = Book.objects.filter(price=1)[0]", "");
}

#[test]
fn orders_and_slices() {
    check("return Review.objects.all()", "");
    check("return Book.objects.order_by('author__country', '-price', 'author_id')[10:20]", "");
    check("return Author.objects.order_by('country', '?').reverse()[:pk]", "");
    check("return Book.objects.order_by(F('deleted_at').desc(nulls_last=True), Lower('title'))", "");
}

#[test]
fn relations_come_along() {
    check("return Book.objects.select_related('author__country', 'editor')", "");
    check("return Book.objects.select_related().only('title')", "");
    check(
        "return Author.objects.prefetch_related('books__tags'), Author.objects.prefetch_related(Prefetch('books', queryset=Book.live.all()))",
        "",
    );
}

#[test]
fn values_and_groups() {
    check("return Book.objects.values_list('author__name', flat=True).distinct()", "");
    check("return Author.objects.annotate(n=Count('books')).filter(n__gt=3, name='x').order_by('-n')", "");
    check("return Book.objects.values('author').annotate(total=Sum('price')).order_by('total')", "");
    check("return Book.objects.filter(author__in=Author.objects.filter(name='x'))", "");
    check("return Book.objects.filter(pk__in=Review.objects.values('book'))", "");
    check(
        "return Author.objects.annotate(has=Exists(Book.objects.filter(author=OuterRef('pk'), price=1))).filter(has=True)",
        "",
    );
    check("return Book.objects.filter(price=1).union(Book.objects.filter(price=2)).order_by('title')", "");
    check("return Book.objects.filter(price=1) | Book.objects.filter(price=2, title='x')", "");
}

#[test]
fn managers_have_methods_and_conditions() {
    check("return Book.objects.published().filter(price=1)", "");
    check("return Book.objects.by(pk).order_by('title')", "");
    check("return Book.live.filter(price=1)", "");
    check("author = Author.objects.get(pk=pk)\nreturn author.books.filter(price=1)", "");
    check("author = Author.objects.get(pk=pk)\nreturn list(author.books.published())", "");
    check("book = get_object_or_404(Book, pk=pk)\nreturn book.tags.filter(name='x')", "");
}

#[test]
fn each_query_is_one() {
    check(
        "books = Book.objects.filter(price=1)\nif pk:\n    books = books.filter(title=pk)\nreturn books.order_by('title')",
        "",
    );
    check("books = Book.objects.filter(price=1)\nn = books.count()\nfor book in books:\n    print(book)", "");
    check(
        "books = Book.objects.filter(price=1)\nif pk:\n    books = books.filter(title=pk)\nreturn render(request, {'books': books})",
        "",
    );
}

#[test]
fn loops_are_seen() {
    check(
        "for book in Book.objects.filter(price=1):\n    print(book.author.name)\n    Review.objects.filter(book=book).count()",
        "",
    );
    check(
        "for book in Book.objects.select_related('author'):\n    print(book.author.name, book.author.country.name)",
        "",
    );
    check(
        "for author in Author.objects.prefetch_related('books'):\n    print(author.books.all(), author.books.filter(price=1))",
        "",
    );
    check("return [book.author.name for book in Book.objects.all()]", "");
}

#[test]
fn what_is_not_known_is_said() {
    check("return Book.objects.filter(colour='red', author__age=3)", "");
    check("return Book.objects.filter(**{pk: 1})", "");
    check("return Book.objects.frobnicate().filter(price=1)", "");
    check_file(
        "class BookView:\n    model = Book\n\n    def get_queryset(self):\n        return super().get_queryset().filter(price=1)\n",
        "",
    );
    check_file("def f(books: QuerySet[Book]):\n    return books.filter(price=1)\n", "");
}
