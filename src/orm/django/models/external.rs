//! Models that stand outside of the code base: Django's own and those of well-known packages, as far as they are used.
//!
//! Written down from their documented fields; knows one recent version of each.

use super::FieldKind;
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::orm::django::fields::{IntegerSize, RelationSpec, Spec, Target};
use crate::source::HostSpan;

/// The first class that is not of the code.
const FIRST: u32 = 1 << 31;

/// A model outside of the code base.
pub(super) struct External {
    /// Where it is imported from; more ways lead there.
    pub path: &'static str,
    /// Its app; empty for one that is abstract.
    pub app: &'static str,
    /// The models that it extends, by path.
    pub bases: &'static [&'static str],
    /// Its fields.
    rows: &'static [Row],
    /// Sets of fields that are unique together.
    pub unique_together: &'static [&'static [&'static str]],
    /// The order of its rows.
    pub ordering: &'static [&'static str],
    /// Its table.
    pub table: &'static str,
}

/// A field: its name, what it is, and what else holds: `n` null, `u` unique, `i` index, `p` primary key.
struct Row(&'static str, K, &'static str);

enum K {
    Auto,
    Int,
    Positive,
    PositiveSmall,
    Bool,
    Char(u32),
    Text,
    DateTime,
    /// A foreign key to a label.
    Key(&'static str),
    One(&'static str),
    /// Many to many with a label; the other end's attribute and its name in lookups.
    Many(&'static str, &'static str, &'static str),
}

use K::{Auto, Bool, Char, DateTime, Int, Key, Many, One, Positive, PositiveSmall, Text};

const fn model(path: &'static str, app: &'static str, table: &'static str, rows: &'static [Row]) -> External {
    External { path, app, bases: &[], rows, unique_together: &[], ordering: &[], table }
}

const fn base(path: &'static str, rows: &'static [Row]) -> External {
    model(path, "", "", rows)
}

const EXTERNALS: &[External] = &[
    base(
        "django.contrib.auth.base_user.AbstractBaseUser",
        &[Row("password", Char(128), ""), Row("last_login", DateTime, "n")],
    ),
    base(
        "django.contrib.auth.models.PermissionsMixin",
        &[
            Row("is_superuser", Bool, ""),
            Row("groups", Many("auth.Group", "user_set", "user"), ""),
            Row("user_permissions", Many("auth.Permission", "user_set", "user"), ""),
        ],
    ),
    External {
        bases: &["django.contrib.auth.base_user.AbstractBaseUser", "django.contrib.auth.models.PermissionsMixin"],
        ..base(
            "django.contrib.auth.models.AbstractUser",
            &[
                Row("username", Char(150), "u"),
                Row("first_name", Char(150), ""),
                Row("last_name", Char(150), ""),
                Row("email", Char(254), ""),
                Row("is_staff", Bool, ""),
                Row("is_active", Bool, ""),
                Row("date_joined", DateTime, ""),
            ],
        )
    },
    External {
        bases: &["django.contrib.auth.models.AbstractUser"],
        ..model("django.contrib.auth.models.User", "auth", "auth_user", &[Row("id", Auto, "p")])
    },
    model(
        "django.contrib.auth.models.Group",
        "auth",
        "auth_group",
        &[Row("id", Auto, "p"), Row("name", Char(150), "u"), Row("permissions", Many("auth.Permission", "", ""), "")],
    ),
    External {
        unique_together: &[&["content_type", "codename"]],
        ordering: &["content_type__app_label", "content_type__model", "codename"],
        ..model(
            "django.contrib.auth.models.Permission",
            "auth",
            "auth_permission",
            &[
                Row("id", Auto, "p"),
                Row("name", Char(255), ""),
                Row("content_type", Key("contenttypes.ContentType"), ""),
                Row("codename", Char(100), ""),
            ],
        )
    },
    External {
        unique_together: &[&["app_label", "model"]],
        ..model(
            "django.contrib.contenttypes.models.ContentType",
            "contenttypes",
            "django_content_type",
            &[Row("id", Auto, "p"), Row("app_label", Char(100), ""), Row("model", Char(100), "")],
        )
    },
    base(
        "django.contrib.sessions.base_session.AbstractBaseSession",
        &[Row("session_key", Char(40), "p"), Row("session_data", Text, ""), Row("expire_date", DateTime, "i")],
    ),
    External {
        bases: &["django.contrib.sessions.base_session.AbstractBaseSession"],
        ..model("django.contrib.sessions.models.Session", "sessions", "django_session", &[])
    },
    External {
        ordering: &["domain"],
        ..model(
            "django.contrib.sites.models.Site",
            "sites",
            "django_site",
            &[Row("id", Auto, "p"), Row("domain", Char(100), "u"), Row("name", Char(50), "")],
        )
    },
    External {
        ordering: &["-action_time"],
        ..model(
            "django.contrib.admin.models.LogEntry",
            "admin",
            "django_admin_log",
            &[
                Row("id", Auto, "p"),
                Row("action_time", DateTime, ""),
                Row("user", Key("user"), ""),
                Row("content_type", Key("contenttypes.ContentType"), "n"),
                Row("object_id", Text, "n"),
                Row("object_repr", Char(200), ""),
                Row("action_flag", PositiveSmall, ""),
                Row("change_message", Text, ""),
            ],
        )
    },
    base(
        "mptt.models.MPTTModel",
        &[
            Row("lft", Positive, ""),
            Row("rght", Positive, ""),
            Row("tree_id", Positive, "i"),
            Row("level", Positive, ""),
        ],
    ),
    base(
        "treebeard.mp_tree.MP_Node",
        &[Row("path", Char(255), "u"), Row("depth", Positive, ""), Row("numchild", Positive, "")],
    ),
    base("model_utils.models.TimeStampedModel", &[Row("created", DateTime, ""), Row("modified", DateTime, "")]),
    base("model_utils.models.SoftDeletableModel", &[Row("is_removed", Bool, "")]),
    base(
        "django_extensions.db.models.TimeStampedModel",
        &[Row("created", DateTime, ""), Row("modified", DateTime, "")],
    ),
    base("polymorphic.models.PolymorphicModel", &[Row("polymorphic_ctype", Key("contenttypes.ContentType"), "n")]),
    base("modelcluster.models.ClusterableModel", &[]),
    base("solo.models.SingletonModel", &[]),
    base("psqlextra.models.PostgresModel", &[]),
    base("ordered_model.models.OrderedModel", &[Row("order", Positive, "i")]),
    base("safedelete.models.SafeDeleteModel", &[Row("deleted", DateTime, "ni"), Row("deleted_by_cascade", Bool, "")]),
    base("taggit.models.TagBase", &[Row("name", Char(100), "u"), Row("slug", Char(100), "u")]),
    base("taggit.models.ItemBase", &[]),
    base(
        "taggit.models.GenericTaggedItemBase",
        &[Row("content_type", Key("contenttypes.ContentType"), ""), Row("object_id", Int, "i")],
    ),
    External {
        bases: &["taggit.models.TagBase"],
        ..model("taggit.models.Tag", "taggit", "taggit_tag", &[Row("id", Auto, "p")])
    },
    External {
        bases: &["taggit.models.GenericTaggedItemBase"],
        ..model(
            "taggit.models.TaggedItem",
            "taggit",
            "taggit_taggeditem",
            &[Row("id", Auto, "p"), Row("tag", Key("taggit.Tag"), "")],
        )
    },
    External {
        unique_together: &[&["provider", "uid"]],
        ..model(
            "social_django.models.UserSocialAuth",
            "social_django",
            "social_auth_usersocialauth",
            &[
                Row("id", Auto, "p"),
                Row("user", Key("user"), ""),
                Row("provider", Char(32), ""),
                Row("uid", Char(255), "i"),
                Row("created", DateTime, ""),
                Row("modified", DateTime, ""),
            ],
        )
    },
    model(
        "rest_framework.authtoken.models.Token",
        "authtoken",
        "authtoken_token",
        &[Row("key", Char(40), "p"), Row("user", One("user"), ""), Row("created", DateTime, "")],
    ),
];

/// The model that a path names, however it is imported.
pub(super) fn by_path(path: &str) -> Option<ClassId> {
    let exact = EXTERNALS.iter().position(|known| known.path == path);
    let (module, name) = path.rsplit_once('.')?;
    // Packages bring their models together in `models`: `django.contrib.auth.models.AbstractBaseUser`.
    let package = module.strip_suffix(".models").unwrap_or(module);
    let same = |known: &External| {
        let rest = known.path.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
        known.name() == name && rest.is_some_and(|rest| rest.split('.').count() == 2)
    };
    let found = exact.or_else(|| EXTERNALS.iter().position(same))?;
    Some(ClassId(FIRST + u32::try_from(found).ok()?))
}

/// The model of a label (`auth.User`).
pub(super) fn by_label(app: &str, name: &str) -> Option<ClassId> {
    let is_it = |known: &External| known.app.eq_ignore_ascii_case(app) && known.name().eq_ignore_ascii_case(name);
    let found = EXTERNALS.iter().position(|known| !known.app.is_empty() && is_it(known))?;
    Some(ClassId(FIRST + u32::try_from(found).ok()?))
}

/// The models of an app of Django, as the settings install it.
pub(super) fn of_app(installed: &str) -> impl Iterator<Item = ClassId> + use<'_> {
    let is_of = move |known: &External| {
        let rest = known.path.strip_prefix(installed);
        !known.is_abstract() && rest.is_some_and(|rest| rest.starts_with(".models."))
    };
    let numbers = EXTERNALS.iter().enumerate().filter(move |(_, known)| is_of(known)).map(|(at, _)| at);
    numbers.filter_map(|at| Some(ClassId(FIRST + u32::try_from(at).ok()?)))
}

/// The model of a class that is not of the code.
pub(super) fn of_class(class: ClassId) -> Option<&'static External> {
    EXTERNALS.get(usize::try_from(class.0.checked_sub(FIRST)?).ok()?)
}

impl External {
    /// The name of its class.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Whether it has no table.
    pub(super) fn is_abstract(&self) -> bool {
        self.app.is_empty()
    }

    /// Its fields, which stand where the model is named first.
    pub(super) fn fields(&self, auto: IntegerSize, place: HostSpan) -> impl Iterator<Item = (Name, Spec)> {
        self.rows.iter().map(move |row| (Name::from(row.0), row.spec(auto, place)))
    }
}

impl Row {
    fn spec(&self, auto: IntegerSize, place: HostSpan) -> Spec {
        let kind = match self.1 {
            Auto => FieldKind::Auto(auto),
            Int => FieldKind::Integer(IntegerSize::Normal),
            Positive => FieldKind::PositiveInteger(IntegerSize::Normal),
            PositiveSmall => FieldKind::PositiveInteger(IntegerSize::Small),
            Bool => FieldKind::Boolean,
            Char(length) => FieldKind::Char(Some(length)),
            Text => FieldKind::Text,
            DateTime => FieldKind::DateTime,
            Key(_) => FieldKind::ForeignKey,
            One(_) => FieldKind::OneToOne,
            Many(..) => FieldKind::ManyToMany,
        };
        let relation = match self.1 {
            Key("user") | One("user") => Some(RelationSpec::to(Target::User)),
            Key(label) | One(label) => Some(RelationSpec::to(Target::Label(Name::from(label)))),
            Many(label, related, query) => {
                let said = |name: &'static str| (!name.is_empty()).then(|| Name::from(name));
                let to = RelationSpec::to(Target::Label(Name::from(label)));
                Some(RelationSpec { related_name: said(related), related_query_name: said(query), ..to })
            }
            _ => None,
        };
        let says = |flag: char| self.2.contains(flag);
        Spec {
            null: says('n'),
            unique: says('u') || says('p') || kind == FieldKind::OneToOne,
            index: says('i') || kind == FieldKind::ForeignKey,
            primary: says('p'),
            relation,
            ..Spec::of(kind, place)
        }
    }
}
