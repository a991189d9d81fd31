//! Models of small code bases, as lines.

use super::{Models, OrderKey};
use crate::host::code::Code;
use crate::host::facts::{HostFacts, facts};
use crate::ir::Name;
use crate::orm::django::terms::Term;
use crate::query::PathClass;
use crate::source::{FileId, TreePath};

fn files(texts: &[(&str, &str)]) -> Vec<HostFacts> {
    let words = crate::orm::words();
    let one = |(number, (path, text)): (usize, &(&str, &str))| {
        facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &words)
    };
    texts.iter().enumerate().map(one).collect()
}

/// What is known of the models of the code, a line a model and a field.
fn shown(texts: &[(&str, &str)]) -> String {
    let files = files(texts);
    let models = Models::read(&Code::new(&files));
    let mut lines = Vec::new();
    for model in models.iter() {
        let parts = [
            model.proxy_of.map(|_| " proxy".to_owned()),
            model.parent.and_then(|parent| models.of_class(parent)).map(|parent| format!(" of {}", parent.name)),
            (!model.complete).then(|| " incomplete".to_owned()),
        ];
        let parts: String = parts.into_iter().flatten().collect();
        lines.push(format!("{}.{} {} key {}{parts}", model.app, model.name, model.table, model.primary_key));
        lines.extend(model.fields.iter().map(|field| format!("  {}", line(&models, field))));
        for end in &model.reverse {
            let from = models.of_class(end.from).unwrap();
            lines.push(format!("  < {}.{}", from.name, end.field));
        }
    }
    lines.join("\n")
}

fn line(models: &Models, field: &super::Field) -> String {
    let mut line = format!("{} {} {:?}", field.name, field.column, field.kind);
    for (flag, holds) in [("null", field.null), ("unique", field.unique), ("index", field.index)] {
        if holds {
            line.push(' ');
            line.push_str(flag);
        }
    }
    if let Some(relation) = &field.relation {
        let to = models.of_class(relation.to).unwrap();
        line.push_str(&format!(" to {}.{} by {}", to.app, to.name, relation.query_name));
        line.push_str(&format!(" as {}", relation.accessor.as_deref().unwrap_or("-")));
        if let Some(many) = &relation.many {
            line.push_str(&format!(" through {}({}, {})", many.table, many.own, many.other));
        }
    }
    line
}

#[track_caller]
fn check(texts: &[(&str, &str)], expected: &str) {
    assert_eq!(shown(texts), expected.trim_matches('\n'));
}

const IMPORT: &str = "from django.db import models\n";

#[track_caller]
fn check_one(text: &str, expected: &str) {
    check(&[("shop/models.py", &format!("{IMPORT}{text}"))], expected);
}

#[test]
fn tables_and_columns_are_named_as_django_names_them() {
    check_one(
        r#"
class Author(models.Model):
    name = models.CharField(max_length=50, db_index=True)
    slug = models.SlugField(unique=True)
    born = models.DateField(null=True, db_column="birth")

class Entry(models.Model):
    key = models.UUIDField(primary_key=True)
    author = models.ForeignKey(Author, models.CASCADE)
    editor = models.ForeignKey("Author", models.CASCADE, related_name="edited", related_query_name="edit")
    class Meta:
        db_table = "blog"
"#,
        "
shop.Author shop_author key id
  id id Auto(Normal) unique
  name name Char(Some(50)) index
  slug slug Char(Some(50)) unique
  born birth Date null
  < Entry.author
  < Entry.editor
shop.Entry blog key key
  key key Uuid unique
  author author_id ForeignKey index to shop.Author by entry as entry_set
  editor editor_id ForeignKey index to shop.Author by edit as edited
",
    );
}

#[test]
fn abstract_bases_lend_fields_and_meta_over_files() {
    check(
        &[
            (
                "core/models.py",
                "from django.db import models\n\
                 class Stamped(models.Model):\n    \
                     created = models.DateTimeField(auto_now_add=True)\n    \
                     owner = models.ForeignKey('auth.User', models.CASCADE, related_name='%(app_label)s_%(class)ss')\n    \
                     hidden = models.TextField()\n    \
                     class Meta:\n        abstract = True\n        ordering = ['-created']\n",
            ),
            (
                "shop/models/item.py",
                "from django.db import models\nfrom core.models import Stamped\n\
                 class Item(Stamped):\n    name = models.CharField(max_length=9)\n    hidden = None\n",
            ),
        ],
        "
auth.Group auth_group key id
  id id Auto(Normal) unique
  name name Char(Some(150)) unique
  permissions permissions ManyToMany to auth.Permission by group as group_set through auth_group_permissions(group_id, permission_id)
  < User.groups
auth.Permission auth_permission key id
  id id Auto(Normal) unique
  name name Char(Some(255))
  content_type content_type_id ForeignKey index to contenttypes.ContentType by permission as permission_set
  codename codename Char(Some(100))
  < Group.permissions
  < User.user_permissions
auth.User auth_user key id
  id id Auto(Normal) unique
  password password Char(Some(128))
  last_login last_login DateTime null
  is_superuser is_superuser Boolean
  groups groups ManyToMany to auth.Group by user as user_set through auth_user_groups(user_id, group_id)
  user_permissions user_permissions ManyToMany to auth.Permission by user as user_set through auth_user_user_permissions(user_id, permission_id)
  username username Char(Some(150)) unique
  first_name first_name Char(Some(150))
  last_name last_name Char(Some(150))
  email email Char(Some(254))
  is_staff is_staff Boolean
  is_active is_active Boolean
  date_joined date_joined DateTime
  < Item.owner
contenttypes.ContentType django_content_type key id
  id id Auto(Normal) unique
  app_label app_label Char(Some(100))
  model model Char(Some(100))
  < Permission.content_type
shop.Item shop_item key id
  id id Auto(Normal) unique
  created created DateTime
  owner owner_id ForeignKey index to auth.User by shop_items as shop_items
  name name Char(Some(9))
",
    );
}

#[test]
fn a_model_may_extend_another_or_share_its_table() {
    check_one(
        r#"
class Place(models.Model):
    name = models.TextField()
class Bar(Place):
    beer = models.BooleanField()
class Pub(Place):
    class Meta:
        proxy = True
class Visit(models.Model):
    to = models.ForeignKey(Pub, models.CASCADE)
"#,
        "
shop.Bar shop_bar key place_ptr of Place
  place_ptr place_ptr_id OneToOne unique to shop.Place by bar as bar
  beer beer Boolean
shop.Place shop_place key id
  id id Auto(Normal) unique
  name name Text
  < Bar.place_ptr
  < Visit.to
shop.Visit shop_visit key id
  id id Auto(Normal) unique
  to to_id ForeignKey index to shop.Pub by visit as visit_set
shop.Pub shop_place key id proxy
  id id Auto(Normal) unique
  name name Text
  < Bar.place_ptr
  < Visit.to
",
    );
}

#[test]
fn many_to_many_goes_by_a_table_between() {
    check_one(
        r#"
class Tag(models.Model):
    friends = models.ManyToManyField("self")
class Post(models.Model):
    tags = models.ManyToManyField(Tag, related_name="+")
    links = models.ManyToManyField(Tag, through="Link")
class Link(models.Model):
    tag = models.ForeignKey(Tag, models.CASCADE, db_column="t")
    post = models.ForeignKey(Post, models.CASCADE, db_index=False)
"#,
        "
shop.Link shop_link key id
  id id Auto(Normal) unique
  tag t ForeignKey index to shop.Tag by link as link_set
  post post_id ForeignKey to shop.Post by link as link_set
shop.Post shop_post key id
  id id Auto(Normal) unique
  tags tags ManyToMany to shop.Tag by + as - through shop_post_tags(post_id, tag_id)
  links links ManyToMany to shop.Tag by post as post_set through shop_link(post_id, t)
  < Link.post
shop.Tag shop_tag key id
  id id Auto(Normal) unique
  friends friends ManyToMany to shop.Tag by tag as - through shop_tag_friends(from_tag_id, to_tag_id)
  < Link.tag
  < Post.tags
  < Post.links
  < Tag.friends
",
    );
}

#[test]
fn users_are_whom_the_settings_name() {
    check(
        &[
            (
                "site/settings.py",
                "AUTH_USER_MODEL = 'people.User'\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\nINSTALLED_APPS = []\n",
            ),
            (
                "people/apps.py",
                "from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'people'\n    label = 'people'\n    default_auto_field = 'django.db.models.AutoField'\n",
            ),
            (
                "people/models.py",
                "from django.contrib.auth.models import AbstractBaseUser\nfrom django.db import models\n\
                 class User(AbstractBaseUser):\n    email = models.EmailField(unique=True)\n",
            ),
            (
                "shop/models.py",
                "from django.conf import settings\nfrom django.contrib.auth import get_user_model\nfrom django.db import models\n\
                 class Order(models.Model):\n    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)\n    \
                 to = models.OneToOneField(get_user_model(), models.CASCADE)\n",
            ),
        ],
        "
people.User people_user key id
  id id Auto(Normal) unique
  password password Char(Some(128))
  last_login last_login DateTime null
  email email Char(Some(254)) unique
  < Order.by
  < Order.to
shop.Order shop_order key id
  id id Auto(Big) unique
  by by_id ForeignKey index to people.User by order as order_set
  to to_id OneToOne unique to people.User by order as order
",
    );
}

#[test]
fn field_classes_of_the_code_are_what_they_derive_from() {
    check_one(
        r#"
class Color(models.CharField):
    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 6
        super().__init__(*args, **kwargs)
class Mac(models.Field):
    def db_type(self, connection):
        return "macaddr"
class Owner(models.ForeignKey):
    def __init__(self, **kwargs):
        kwargs.setdefault("to", "shop.Item")
        super().__init__(**kwargs)
class Item(models.Model):
    color = Color()
    mac = Mac(null=True)
    own = Owner(on_delete=models.CASCADE, null=True)
    what = models.WhateverField()
"#,
        r#"
shop.Item shop_item key id incomplete
  id id Auto(Normal) unique
  color color Char(Some(6))
  mac mac Custom("macaddr") null
  own own_id ForeignKey null index to shop.Item by item as item_set
  what what Unknown
  < Item.own
"#,
    );
}

#[test]
fn managers_and_orders_are_kept() {
    let text = format!(
        "{IMPORT}
class Q(models.QuerySet):
    pass
class M(models.Manager):
    pass
class Base(models.Model):
    objects = M()
    class Meta:
        abstract = True
class A(Base):
    rows = Q.as_manager()
    both = M.from_queryset(Q)()
    class Meta:
        ordering = ['-a', models.F('b').desc(nulls_last=True)]
class B(models.Model):
    pass
"
    );
    let files = files(&[("shop/models.py", &text)]);
    let code = Code::new(&files);
    let models = Models::read(&code);
    let of = |name: &str| models.named(name, "shop").unwrap();
    let managers = |name: &str| of(name).managers.iter().map(|manager| manager.name.to_string()).collect::<Vec<_>>();
    assert_eq!(managers("A"), ["rows", "both", "objects"]);
    assert_eq!(managers("B"), ["objects"]);
    assert_eq!(&*of("A").default_manager, "rows");
    let order: Vec<&OrderKey> = of("A").ordering.iter().map(|(key, _)| key).collect();
    let last = Term::Ordered(Box::new(Term::Field(Name::from("b"))), true, Some(false));
    assert_eq!(order, [&OrderKey::Path("-a".to_owned()), &OrderKey::Term(last)]);
}
