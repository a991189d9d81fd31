//! Which queries look for a row before one like it is added: a function, and the columns of each check in it.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts::{HostFacts, facts};
use crate::name::Ident;
use crate::orm::{Linked, words};
use crate::query::{DatabaseId, PathClass};
use crate::source::{FileId, TreePath};

fn checks(models: &str, code: &str) -> Vec<String> {
    let read = |(number, (path, text)): (usize, (&str, &str))| {
        facts(FileId(number as u32), &TreePath::new(path), PathClass::App, text, &words())
    };
    let texts = [("shop/models.py", models), ("shop/views.py", code)];
    let files: Vec<HostFacts> = texts.into_iter().enumerate().map(read).collect();
    let found = Linked::new(Code::new(&files)).sites(1, DatabaseId(0), Dialect::Postgres, PathClass::App).checks;
    let shown = |columns: Vec<Ident>| columns.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ");
    found.into_iter().map(|check| check.columns.map_or("all".to_owned(), shown)).collect()
}

const MAPPED: &str = "
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, relationship
Base = declarative_base()

class Team(Base):
    __tablename__ = 'teams'
    id = Column(Integer, primary_key=True)

class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
    email = Column(String)
    role = Column(String)
    team_id = Column(ForeignKey('teams.id'))
    team = relationship(Team)
";

fn sqlalchemy(body: &str, expect: &[&str]) {
    let code = format!(
        "from sqlalchemy import and_, func, select\nfrom shop.models import Team, User\n\n\
         def known(db, email):\n    return db.query(User).filter_by(email=email).first()\n\n\
         def f(db, email, data, team, other):\n{body}\n"
    );
    assert_eq!(checks(MAPPED, &code), expect, "{body}");
}

#[test]
fn a_row_is_added_where_none_was_found() {
    let check = sqlalchemy;
    let asks = "    old = db.query(User).filter(User.email == email).first()\n";
    let adds = "db.add(User(email=email))";
    check(&format!("{asks}    if old:\n        raise X()\n    {adds}"), &["email"]);
    check(&format!("{asks}    if old is not None:\n        return old\n    {adds}"), &["email"]);
    check(&format!("{asks}    if not old:\n        {adds}"), &["email"]);
    check(&format!("{asks}    if old is None and team:\n        {adds}"), &["email"]);
    check(&format!("{asks}    if old:\n        old.x = 1\n    else:\n        {adds}"), &["email"]);
    check(&format!("{asks}    if not old:\n        old = User(email=email)\n        db.add(old)"), &["email"]);
    check(&format!("{asks}    if not old:\n        old = User(email=email)\n    old.save()"), &["email"]);
    // The other way round, or either way.
    check(&format!("{asks}    if not old:\n        raise X()\n    {adds}"), &[]);
    check(&format!("{asks}    if old:\n        {adds}"), &[]);
    check(&format!("{asks}    {adds}"), &[]);
    check(&format!("{asks}    if old and team:\n        raise X()\n    {adds}"), &[]);
    check(&format!("{asks}    if not old or team:\n        {adds}"), &[]);
    check(&format!("{asks}    if not old:\n        log()\n    {adds}"), &[]);
    // More than one of them is added.
    check(&format!("{asks}    while not old:\n        {adds}"), &[]);
    check(&format!("{asks}    if not old:\n        for one in data:\n            {adds}"), &[]);
    check(&format!("{asks}    if not old:\n        db.add_all(User(email=email, role=one) for one in data)"), &[]);
    check(&format!("{asks}    if not old:\n        db.add_all([User(email=email), User(email=email, role='a')])"), &[]);
    check(&format!("{asks}    if not old:\n        {adds}\n    db.add(User(email=email, role='b'))"), &[]);
    check(&format!("{asks}    if old:\n        {adds}\n    else:\n        db.add(User(email=email, role='b'))"), &[]);
    check(&format!("{asks}    if not old:\n        {adds}\n\ndef g(db, email):\n    {adds}"), &[]);
    check(
        &format!(
            "{asks}    if not old:\n        {adds}\n\ndef g(db, email):\n    if not known(db, email):\n        {adds}"
        ),
        &["email", "email"],
    );
    // It is made, and nobody keeps it.
    check(&format!("{asks}    if not old:\n        return User(email=email)"), &[]);
}

#[test]
fn every_way_to_ask_is_known() {
    let check = |asked: &str, expect: &[&str]| {
        sqlalchemy(&format!("    if not {asked}:\n        db.add(User(email=email, team_id=team.id))"), expect);
    };
    check("db.query(User).filter_by(email=email).first()", &["email"]);
    check("db.query(User.id).filter(email == User.email).one_or_none()", &["email"]);
    check("db.query(func.count(User.id)).filter(User.email == email).scalar()", &["email"]);
    check("db.query(User).filter(User.email == email).count()", &["email"]);
    check("db.query(db.query(User).filter(User.email == email).exists()).scalar()", &["email"]);
    check("len(db.query(User).filter(User.email == email).all())", &["email"]);
    check("User.query.filter_by(email=email).first()", &["email"]);
    check("db.execute(select(User).where(User.email == email)).scalar_one_or_none()", &["email"]);
    check("db.scalar(select(User.id).where(User.email == email).limit(1))", &["email"]);
    check("known(db, email)", &["email"]);
    check("db.query(User).filter(User.email == email, User.team_id == team.id).first()", &["email, team_id"]);
    check("db.query(User).filter(and_(User.email == email, User.team == team)).first()", &["email, team_id"]);
    check("db.query(User).filter((User.email == email) & (User.role == 'x')).first()", &["email"]);
    // Other values, other tables, more than equalities.
    check("db.query(User).filter_by(email=other).first()", &[]);
    check("db.query(User).filter_by(email=email, role=other).first()", &[]);
    check("db.query(User).filter_by(role='x').first()", &[]);
    check("db.query(Team).filter_by(id=team.id).first()", &[]);
    check("db.query(User).join(Team).filter(User.email == email).first()", &[]);
    check("db.query(User).filter_by(email=email).order_by(User.id).first()", &[]);
}

#[test]
fn values_are_the_same_however_often_they_are_written() {
    let check = |value: &str, expect: &[&str]| {
        let asks = format!("    if not db.query(User).filter_by(email={value}).first():\n");
        sqlalchemy(&format!("{asks}        db.add(User(email={value}))"), expect);
    };
    check("data.email", &["email"]);
    check("data['email']", &["email"]);
    check("data.get('email')", &["email"]);
    check("email.strip().lower()", &["email"]);
    check("make(email)", &[]);
    check("'root'", &[]);
    check("data.next()", &[]);
}

const DJANGO: &str = "
from django.db import models

class Shop(models.Model):
    name = models.CharField(max_length=10)

class Brand(models.Model):
    name = models.CharField(max_length=10)
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)

    def clean(self):
        if Brand.objects.filter(name=self.name, shop=self.shop).exclude(pk=self.pk).exists():
            raise ValidationError('there is one')
";

fn django(body: &str, expect: &[&str]) {
    let code = format!(
        "from django import forms\nfrom django.core.exceptions import ValidationError\n\
         from django.db.models import Q\nfrom shop.models import Brand, Shop\n\n{body}\n"
    );
    assert_eq!(checks(DJANGO, &code), expect, "{body}");
}

#[test]
fn django_adds_and_looks() {
    let check = |asked: &str, expect: &[&str]| {
        let body = format!(
            "def f(name, shop, other):\n    if {asked}:\n        return\n    Brand.objects.create(name=name, shop=shop)"
        );
        django(&body, expect);
    };
    check("Brand.objects.filter(name=name).exists()", &["name"]);
    check("Brand.objects.filter(name__exact=name, shop_id=shop.pk).count() > 0", &["name, shop_id"]);
    check("Brand.objects.filter(Q(name=name) & Q(shop=shop)).first()", &["name, shop_id"]);
    check("Brand.objects.filter(kind='x', name=name).exists()", &["name"]);
    check("Brand.objects.filter(name__iexact=name).exists()", &[]);
    check("Brand.objects.filter(Q(name=name) | Q(shop=shop)).exists()", &[]);
    check("Brand.objects.filter(shop__name=name).exists()", &[]);
    check("Brand.objects.filter(name=other).exists()", &[]);
    check("not Brand.objects.filter(name=name).exists()", &[]);
    check("Shop.objects.filter(name=name).exists()", &[]);
    django("def f(name):\n    return Brand.objects.get_or_create(name=name)", &["all"]);
    let again = "def f(name, shop):\n    if shop:\n        Brand.objects.create(name=name, shop=shop)\n    else:\n        Brand";
    django(&format!("{again}.objects.get_or_create(name=name)"), &[]);
    django(&format!("{again}.objects.get_or_create(kind=name)"), &["all"]);
    django("def f(name, shop):\n    b = Brand(name=name)\n    b.save()", &[]);
    let many =
        "def f(name, shops):\n    if not Brand.objects.filter(name=name).exists():\n        Brand.objects.bulk_create";
    django(&format!("{many}([Brand(name=name, shop=shop) for shop in shops])"), &[]);
    let made =
        "def f(name):\n    if not Brand.objects.filter(name=name):\n        b = Brand(name=name)\n        b.save()";
    django(made, &["name"]);
}

#[test]
fn forms_and_models_refuse_what_is_there() {
    let form = |method: &str, body: &str, expect: &[&str]| {
        let meta = "    class Meta:\n        model = Brand\n\n";
        django(&format!("class F(forms.ModelForm):\n{meta}    def {method}:\n{body}\n        return 1"), expect);
    };
    let refuses = "            raise forms.ValidationError('there is one')";
    let name = "        name = self.cleaned_data.get('name')\n";
    form(
        "clean_name(self)",
        &format!("{name}        if Brand.objects.filter(name=name).exists():\n{refuses}"),
        &["name"],
    );
    let guarded = "        if self.exclusive:\n            if Brand.objects.filter(name=self.cleaned_data['name']).exists():\n    ";
    form("clean(self)", &format!("{guarded}{refuses}"), &[]);
    form("validate_name(self, value)", &format!("        if Brand.objects.filter(name=value):\n{refuses}"), &["name"]);
    let both = "        if Brand.objects.filter(name=data['name'], shop=data['shop']).exists():\n";
    form("validate(self, data)", &format!("{both}{refuses}"), &["name, shop_id"]);
    // What is refused because it is missing, or because something else is there.
    form("clean_name(self)", &format!("{name}        if not Brand.objects.filter(name=name):\n{refuses}"), &[]);
    form("clean_name(self)", &format!("{name}        if Brand.objects.filter(kind=name):\n{refuses}"), &[]);
    form("clean_name(self)", &format!("{name}        if Shop.objects.filter(name=name):\n{refuses}"), &[]);
    form("save_name(self)", &format!("{name}        if Brand.objects.filter(name=name):\n{refuses}"), &[]);
}
