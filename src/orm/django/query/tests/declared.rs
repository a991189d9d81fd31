//! Lists that classes declare, and what visitors may filter them by.

use super::check_file;

#[test]
fn filters_of_a_filterset() {
    check_file(
        r#"
import django_filters
from rest_framework.viewsets import ReadOnlyModelViewSet

class TitleFilter(django_filters.CharFilter):
    def filter(self, queryset, value):
        return queryset

class BookFilter(django_filters.FilterSet):
    cheap = django_filters.NumberFilter(field_name="price", lookup_expr="lte")
    author = django_filters.CharFilter(field_name="author__name", lookup_expr="iexact")
    tags = django_filters.ModelMultipleChoiceFilter(queryset=Tag.objects.none())
    free = django_filters.BooleanFilter(method="is_free")
    title = TitleFilter()

    class Meta:
        model = Book
        fields = ["author", "title", "status"]

class BookViewSet(ReadOnlyModelViewSet):
    queryset = Book.objects.order_by("id")
    filterset_class = BookFilter
    pagination_class = None
"#,
        r#"
SELECT shop_book.* FROM shop_book ORDER BY shop_book.id
all: SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id JOIN shop_book_tags ON shop_book.id = shop_book_tags.book_id WHERE shop_book.price <= $1 AND UPPER(shop_author.name) = UPPER($2) AND shop_book_tags.tag_id IN ($3) AND shop_book.status = $4 ORDER BY shop_book.id
"#,
    );
    check_file(
        r#"
from rest_framework.generics import ListAPIView

class Books(ListAPIView):
    filterset_fields = {"price": ["gte", "lte"], "author__name": ["exact"]}
    pagination_class = Pages

    def get_queryset(self):
        return Book.objects.filter(is_new=True)
"#,
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.is_new LIMIT $1
all: SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_book.is_new AND shop_book.price >= $1 AND shop_author.name = $2 LIMIT $3
Count: SELECT COUNT(*) FROM shop_book WHERE shop_book.is_new
SELECT shop_book.* FROM shop_book WHERE shop_book.is_new
"#,
    );
}

#[test]
fn lists_of_the_admin() {
    check_file(
        r#"
from django.contrib import admin

@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "author"]
    date_hierarchy = "created"
    ordering = ["title"]
"#,
        r#"
SELECT shop_book.*, shop_author.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id ORDER BY shop_book.title LIMIT 100
Count: SELECT COUNT(*) FROM shop_book
SELECT MIN(shop_book.created), MAX(shop_book.created) FROM shop_book
"#,
    );
}

#[test]
fn orders_that_a_visitor_may_choose() {
    check_file(
        r#"
from rest_framework.filters import OrderingFilter
from rest_framework.viewsets import ReadOnlyModelViewSet

class ByTitle(OrderingFilter):
    ordering_param = "o"

class BookViewSet(ReadOnlyModelViewSet):
    queryset = Book.objects.filter(is_new=True)
    filter_backends = [ByTitle]
    ordering = ("-created",)
    ordering_fields = ("created", ("price", "Price"), "author__name", "-created")
    lookup_field = "title__iexact"
"#,
        r#"
SELECT shop_book.* FROM shop_book WHERE shop_book.is_new ORDER BY shop_book.created DESC
way 1: SELECT shop_book.* FROM shop_book WHERE shop_book.is_new ORDER BY shop_book.created
way 2: SELECT shop_book.* FROM shop_book WHERE shop_book.is_new ORDER BY shop_book.price
way 3: SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id WHERE shop_book.is_new ORDER BY shop_author.name
SELECT shop_book.* FROM shop_book WHERE shop_book.is_new AND UPPER(shop_book.title) = UPPER($1) LIMIT 21
"#,
    );
    check_file(
        r#"
from rest_framework.filters import SearchFilter
from rest_framework.viewsets import ReadOnlyModelViewSet

class BookViewSet(ReadOnlyModelViewSet):
    queryset = Book.objects.all()
    filter_backends = [SearchFilter]
    ordering = ("-created",)
    ordering_fields = ("created",)
    lookup_field = "pk"
"#,
        "SELECT shop_book.* FROM shop_book",
    );
}
