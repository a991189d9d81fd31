//! Queries of a small book shop, as the lines that they are shown as.

mod calls;
mod computed;
mod declared;
mod lost;
mod order;
mod sent;

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts::{HostFacts, facts};
use crate::orm::{Found, Linked};
use crate::query::{DatabaseId, PathClass, QuerySite, SiteOrigin, VariantKind};
use crate::source::{FileId, TreePath};

const MODELS: &str = r#"
from django.db import models

class Country(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]

class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField(null=True)
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="authors")

class Tag(models.Model):
    name = models.CharField(max_length=50)

class BookQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status="published")

    def by(self, author):
        return self.published().filter(author=author)

class LiveManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted_at__isnull=True)

class Book(models.Model):
    title = models.CharField(max_length=100)
    status = models.CharField(max_length=10)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="+")
    tags = models.ManyToManyField(Tag)
    price = models.IntegerField()
    is_new = models.BooleanField()
    created = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    data = models.JSONField()
    objects = BookQuerySet.as_manager()
    live = LiveManager()

class Plain(models.Func):
    function = "C"
    template = '(%(expressions)s) COLLATE "%(function)s"'

class Shelf(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, null=True, related_name="shelves")
    label = models.CharField(max_length=20, null=True)

    class Meta:
        ordering = [models.F("book").asc(nulls_first=True), Plain("label"), "pk"]

class Spot(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE)

class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE)
    stars = models.IntegerField(null=True)
    writer = models.ForeignKey("auth.User", models.SET_NULL, null=True)

    class Meta:
        ordering = ["-stars", "book"]
        get_latest_by = "stars"
"#;

const IMPORTS: &str = r#"
import operator
from functools import reduce
from django.db.models import *
from django.db.models.functions import *
from django.shortcuts import get_object_or_404
from django.contrib.postgres.search import SearchVector
from shop.models import Author, Book, Country, Review, Shelf, Spot, Tag
"#;

/// The queries of a file next to the models.
fn shown(text: &str, dialect: Dialect) -> String {
    let words = crate::orm::words();
    let texts = [("shop/models.py", MODELS.to_owned()), ("shop/views.py", format!("{IMPORTS}{text}"))];
    let one = |(number, (path, text)): (usize, &(&str, String))| {
        facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &words)
    };
    let files: Vec<HostFacts> = texts.iter().enumerate().map(one).collect();
    let linked = Linked::new(Code::new(&files));
    let Found { sites, skips, .. } = linked.sites(1, DatabaseId(0), dialect, PathClass::App);
    let mut lines: Vec<String> = sites.iter().filter(|site| site.source == "django").flat_map(lines).collect();
    lines.extend(skips.iter().map(|skip| format!("? {}: {}", skip.reason, skip.detail)));
    lines.join("\n")
}

fn lines(site: &QuerySite) -> Vec<String> {
    let mut marks = String::new();
    if let SiteOrigin::Implied { kind, .. } = &site.origin {
        marks.push_str(&format!("{kind:?}: "));
    }
    if site.in_loop.is_some() {
        marks.push_str("in a loop: ");
    }
    let form = |kind: VariantKind| match kind {
        VariantKind::Required => String::new(),
        VariantKind::All => "all: ".to_owned(),
        VariantKind::Branch(number) => format!("way {number}: "),
    };
    site.variants.iter().map(|variant| format!("{marks}{}{}", form(variant.kind), variant.sql)).collect()
}

/// Checks the queries of a function's body.
#[track_caller]
fn check(body: &str, expected: &str) {
    check_in(Dialect::Postgres, body, expected);
}

#[track_caller]
fn check_in(dialect: Dialect, body: &str, expected: &str) {
    let body: String = body.trim_matches('\n').lines().map(|line| format!("    {line}\n")).collect();
    let found = shown(&format!("def view(request, pk, items):\n{body}"), dialect);
    assert_eq!(found, expected.trim_matches('\n'), "\n{found}\n");
}

/// Checks the queries of a file.
#[track_caller]
fn check_file(text: &str, expected: &str) {
    let found = shown(text, Dialect::Postgres);
    assert_eq!(found, expected.trim_matches('\n'), "\n{found}\n");
}
