//! What rows are sorted by.

use super::check;

#[test]
fn models_are_sorted_by_expressions() {
    check(
        "return Shelf.objects.filter(pk=pk)",
        "SELECT shop_shelf.* FROM shop_shelf WHERE shop_shelf.id = $1 ORDER BY shop_shelf.book_id NULLS FIRST, (shop_shelf.label) COLLATE \"C\", shop_shelf.id",
    );
    check(
        "return Shelf.objects.reverse()[:9]",
        "SELECT shop_shelf.* FROM shop_shelf ORDER BY shop_shelf.book_id DESC NULLS LAST, (shop_shelf.label) COLLATE \"C\" DESC, shop_shelf.id DESC LIMIT 9",
    );
    check(
        "return Spot.objects.order_by('-shelf')",
        "SELECT shop_spot.* FROM shop_spot JOIN shop_shelf ON shop_spot.shelf_id = shop_shelf.id ORDER BY shop_shelf.book_id NULLS FIRST, (shop_shelf.label) COLLATE \"C\", shop_shelf.id DESC",
    );
}

#[test]
fn expressions_keep_where_nulls_stand() {
    check(
        "return Book.objects.order_by(OrderBy(F('deleted_at'), descending=True, nulls_last=True)).reverse()",
        "SELECT shop_book.* FROM shop_book ORDER BY shop_book.deleted_at NULLS FIRST",
    );
    check(
        "return Book.objects.order_by(Coalesce('deleted_at', 'created').desc(), Lower('author__name').asc())",
        "SELECT shop_book.* FROM shop_book JOIN shop_author ON shop_book.author_id = shop_author.id ORDER BY COALESCE(shop_book.deleted_at, shop_book.created) DESC, LOWER(shop_author.name)",
    );
}
