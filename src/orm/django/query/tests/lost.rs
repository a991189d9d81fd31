//! Queries whose model nothing tells: each is counted, and nothing else is.

use super::{check, check_file};

#[test]
fn a_model_that_nothing_tells_is_counted() {
    check("return pk.objects.filter(a=1).count()", "? unknown-model: `objects` of `pk`");
    check(
        "for row in request.model._default_manager.all():\n    print(row)",
        "? unknown-model: `_default_manager` of `model`",
    );
    check("return items.get(pk).objects.order_by('a')[:3]", "? unknown-model: `objects` of `a model`");
    check_file(
        "from guardian.models import Permit\n\ndef view(pk):\n    return Permit.objects.get(pk=pk)\n",
        "? unknown-model: `objects` of `guardian.models.Permit`",
    );
    check_file(
        "def view(queryset):\n    return queryset.filter(a=1).exists()\n",
        "? dynamic-queryset: a queryset that is handed in",
    );
}

#[test]
fn what_sends_nothing_is_not() {
    check("return pk.objects.none()", "");
    check("return pk.objects.create(a=1)", "");
    check("return pk.objects.published()", "");
    check("pk.objects.append(1)", "");
    check_file("def view(queryset):\n    return queryset.filter(a=1)\n", "");
    // What a row does is no queryset's.
    check(
        "book = Book.objects.get(pk=pk)\nbook.delete()",
        "SELECT shop_book.* FROM shop_book WHERE shop_book.id = $1 LIMIT 21",
    );
    check_file(
        "import boto3\n\ndef view(name):\n    return [one for one in boto3.resource('s3').Bucket(name).objects.filter(Prefix='x')]\n",
        "",
    );
}

#[test]
fn a_made_up_name_tells_the_table() {
    check(
        "return pk.thing.review_set.filter(stars=3).count()",
        "SELECT COUNT(*) FROM shop_review WHERE $1 AND shop_review.stars = 3\n? dynamic-filter: the key behind `review_set`",
    );
}

#[test]
fn lookups_of_the_code_are_no_columns() {
    super::check_file(
        r#"
class Near(Lookup):
    lookup_name = "near"

ForeignKey.register_lookup(Near)

def view(pk):
    return Book.objects.filter(author__near=pk, price=1)

def mixed(pk):
    return Book.objects.filter(Q(price=1) ^ Q(status="x"), title="y")
"#,
        r#"
SELECT shop_book.* FROM shop_book WHERE $1 AND shop_book.price = 1
SELECT shop_book.* FROM shop_book WHERE $1 AND shop_book.title = 'y'
? unknown-column: `near` of `Author`
? dynamic-filter: a condition that is handed in
"#,
    );
}
