//! Queries that classes declare: the lists of generic views and viewsets, and the change lists of the admin.
//!
//! Only what Django and the REST framework surely ask: the rows themselves, in their order, and with everything that a
//! visitor may filter and search by.

use std::rc::Rc;

use super::super::models::FieldKind;
use super::condition::{Condition, Group};
use super::lookup::is_final;
use super::path::follow;
use super::rest;
use super::set::{Columns, Order, Set, Shown};
use super::site::{Finder, MAX_FORMS};
use super::{DJANGO, Reader};
use crate::host::code::Bound;
use crate::host::flow::Event;
use crate::host::value::{ClassId, Kind, Node, Value};
use crate::host::ways::Ways;
use crate::ir::Name;
use crate::orm::site::Draft;
use crate::orm::sql::Sql;
use crate::query::{Implied, SiteOrigin, Takes, VariantKind};
use crate::source::HostSpan;

/// How many rows a page of the admin shows, and one to see whether there are more.
const ADMIN_PAGE: &str = "100";

/// Django's own classes that send a list of what their `queryset` or `model` says.
const LISTS: &[&str] = &["ListView", "MultipleObjectMixin", "BaseListView", "ArchiveIndexView"];

/// Classes that show a list of the model that they are registered for.
const ADMINS: &[&str] = &["ModelAdmin", "UserAdmin", "GroupAdmin"];

/// What a class shows, and what a visitor may ask of it.
struct Listed {
    set: Set,
    place: HostSpan,
    /// Names that rows may be filtered by, and where they are said.
    filters: Vec<(String, HostSpan)>,
    /// Names that are searched in.
    searched: Vec<(String, HostSpan)>,
    /// The time that the list is taken apart by, and where it is said.
    dated: Option<(String, HostSpan)>,
    /// What it may be sorted by instead.
    orders: Vec<(String, HostSpan)>,
    /// How many rows a page has.
    page: Option<Sql>,
}

impl Listed {
    fn new(set: Set, place: HostSpan) -> Self {
        let (filters, searched, orders) = (Vec::new(), Vec::new(), Vec::new());
        Self { set, place, filters, searched, dated: None, orders, page: None }
    }
}

impl Finder<'_, '_, '_> {
    /// The queries that the classes of the file declare.
    pub(super) fn views(&mut self, events: &[Event]) {
        let (code, file) = (self.cx.evaluator.code, self.cx.file);
        for class in code.class_ids().filter(|class| code.class(*class).file == file) {
            let ways = Ways::new(VariantKind::Required);
            let mut reader = Reader::new(self.cx, &ways, &self.memory);
            let mut drafts: Vec<Draft> = reader.detail(class).into_iter().collect();
            if let Some(listed) = reader.listed(class, events) {
                drafts.extend(reader.shown(listed));
            }
            self.drafts.extend(drafts);
        }
    }
}

impl Reader<'_, '_, '_> {
    fn listed(&mut self, class: ClassId, events: &[Event]) -> Option<Listed> {
        if self.derives(class, ADMINS) {
            return self.admin(class, events);
        }
        let is_list = self.derives(class, LISTS) || self.derives(class, rest::LISTS);
        if !is_list || self.defines(class, &["list", "get", "filter_queryset"]) {
            return None;
        }
        let (set, place) = self.rows_of_view(class)?;
        let mut listed = Listed::new(set, place);
        listed.orders = self.orders_of_view(class, &mut listed.set);
        listed.filters = self.filters_of_view(class);
        listed.searched = self.texts(class, "search_fields");
        listed.page = self.page_of_view(class, place);
        // What `get_queryset` returns is a query already.
        let is_asked = !listed.filters.is_empty() || !listed.searched.is_empty() || !listed.orders.is_empty();
        let adds = listed.page.is_some() || is_asked;
        (adds || !self.defines(class, &["get_queryset"])).then_some(listed)
    }

    /// The rows of a view: what its `get_queryset` gives, its `queryset`, or those of its `model`.
    pub(super) fn rows_of_view(&mut self, class: ClassId) -> Option<(Set, HostSpan)> {
        if self.defines(class, &["get_queryset"]) {
            let span = self.cx.evaluator.code.class(class).class.name_span;
            let place = self.cx.evaluator.code.place(self.cx.file, span);
            let set = self.given(class, "get_queryset", place)?;
            return set.unknown.is_empty().then_some((set, place));
        }
        let value = self.said(class, "queryset").or_else(|| self.said(class, "model"))?;
        Some((self.target(&value)?, value.place))
    }

    /// How many rows a page has: as the view says it, or as the settings do for views of the REST framework.
    fn page_of_view(&mut self, class: ClassId, place: HostSpan) -> Option<Sql> {
        if let Some(page) = self.said(class, "paginate_by").and_then(|page| page.integer()) {
            return Some(Sql::text(page.to_string(), place));
        }
        if !self.derives(class, rest::LISTS) {
            return None;
        }
        match self.class_attribute(class, "pagination_class") {
            Some(paginator) => (!paginator.is_null()).then(|| Sql::param(place)),
            None => match self.models.page()? {
                Some(rows) => Some(Sql::text(rows.to_string(), place)),
                None => Some(Sql::param(place)),
            },
        }
    }

    fn admin(&mut self, class: ClassId, events: &[Event]) -> Option<Listed> {
        let model = self.registered(class, events)?;
        if self.defines(class, &["get_queryset", "changelist_view", "get_search_results"]) {
            return None;
        }
        let span = self.cx.evaluator.code.class(class).class.name_span;
        let place = self.cx.evaluator.code.place(self.cx.file, span);
        let set = self.all(model, place)?;
        let mut listed = Listed::new(set, place);
        if let Some(ordering) = self.said(class, "ordering") {
            let mut items = Vec::new();
            self.order_item(&mut listed.set, &ordering, &mut items);
            listed.set.order = Order { said: Some(items), is_reversed: false };
        }
        if !self.is_ordered(&listed.set) {
            self.by_key(&mut listed.set, "-", place);
        }
        match self.said(class, "list_select_related").filter(|said| said.bool() != Some(false)) {
            Some(related) => {
                listed.set.related = self.names_of(&related);
                listed.set.related_all = related.bool() == Some(true);
            }
            // What is shown of other models comes along.
            None => {
                let shown = self.texts(class, "list_display");
                let model = self.models.of_class(model)?;
                let is_key = |(name, _): &(String, HostSpan)| {
                    model.field(name).is_some_and(|field| *field.name == **name && field.kind.is_key())
                };
                listed.set.related_all = shown.iter().any(is_key);
            }
        }
        listed.dated = self.texts(class, "date_hierarchy").into_iter().next();
        listed.filters = self.texts(class, "list_filter");
        listed.searched = self.texts(class, "search_fields");
        let page = self.said(class, "list_per_page").and_then(|page| page.integer());
        let page = page.map_or_else(|| ADMIN_PAGE.to_owned(), |page| page.to_string());
        listed.page = Some(Sql::text(page, place));
        Some(listed)
    }

    /// The model that an admin class is registered for, by a decorator or by a call of the module.
    fn registered(&mut self, class: ClassId, events: &[Event]) -> Option<ClassId> {
        let code = self.cx.evaluator.code;
        let entry = code.class(class);
        let is_register = |value: &Value| match &value.kind {
            Kind::External(path) => path.ends_with(".register") && path.contains("admin"),
            Kind::Attribute { name, .. } => **name == *"register",
            _ => false,
        };
        let (file, class_expr) = (entry.file, entry.class);
        for decorator in &class_expr.decorators {
            let value = self.cx.evaluator.of_module(file, decorator);
            if let Some(call) = value.call().filter(|call| is_register(&call.callee)) {
                return Some(self.models.of_value(call.positional.first()?)?.class);
            }
        }
        for event in events {
            let Some(call) = event.value.call().filter(|call| is_register(&call.callee)) else { continue };
            let is_it =
                call.positional.get(1).is_some_and(|admin| matches!(admin.kind, Kind::Class(id) if id == class));
            if is_it {
                return Some(self.models.of_value(call.positional.first()?)?.class);
            }
        }
        None
    }

    /// Says whether a class derives from one outside of the code base that has one of some names.
    pub(super) fn derives(&mut self, class: ClassId, names: &[&str]) -> bool {
        self.cx.evaluator.lineage(class).into_iter().any(|class| {
            let bases = self.cx.evaluator.bases(class);
            bases.iter().any(|base| {
                base.external().and_then(|path| path.rsplit('.').next()).is_some_and(|name| names.contains(&name))
            })
        })
    }

    /// Says whether the code says itself what one of some methods does.
    pub(super) fn defines(&mut self, class: ClassId, methods: &[&str]) -> bool {
        let lineage = self.cx.evaluator.lineage(class);
        lineage.into_iter().any(|class| {
            let scope = &self.cx.evaluator.code.class(class).scope;
            methods.iter().any(|method| !scope.get(method).is_empty())
        })
    }

    /// What a class says of itself, in this file.
    pub(super) fn said(&mut self, class: ClassId, name: &str) -> Option<Value> {
        let code = self.cx.evaluator.code;
        let (class, value) = self.cx.evaluator.inherited(class, &Name::from(name))?;
        let entry = code.class(class);
        let place = entry.scope.get(name).iter().find_map(|bound| match bound {
            Bound::Value { place, .. } => Some(*place),
            _ => None,
        })?;
        if entry.file != self.cx.file || value.is_null() {
            return None;
        }
        // What is declared elsewhere is named here.
        let is_here = value.place.file == place.file;
        Some(if is_here { value } else { Rc::new(Node { kind: value.kind.clone(), place }) })
    }

    fn texts(&mut self, class: ClassId, name: &str) -> Vec<(String, HostSpan)> {
        self.said(class, name).map(|value| self.names_of(&value)).unwrap_or_default()
    }

    /// The lookup that filters by a name: times are asked from when on.
    fn filtered_by(&self, model: ClassId, name: &str) -> String {
        let parts: Vec<&str> = name.split("__").collect();
        let read = follow(self.models, model, &parts);
        let is_time = read.is_ok_and(|read| {
            read.rest.is_empty() && matches!(read.target.kind, FieldKind::Date | FieldKind::DateTime)
        });
        if is_time { format!("{name}__gte") } else { name.to_owned() }
    }

    /// The query of a list: as it is, and with everything that may be asked.
    fn shown(&mut self, listed: Listed) -> Vec<Draft> {
        let Listed { set, place, filters, searched, dated, orders, page } = listed;
        if set.is_none || set.is_sliced() {
            return Vec::new();
        }
        let anything: Value = Rc::new(Node { kind: Kind::Unknown, place });
        let mut asked = set.clone();
        for (name, place) in &filters {
            let path = self.filtered_by(asked.model, name);
            self.and(&mut asked, &path, *place, &anything);
        }
        if !searched.is_empty() {
            let children = searched.iter().map(|(name, place)| searched_by(name, *place, &anything)).collect();
            self.filter(&mut asked, Condition::Group(Group { is_any: true, is_negated: false, children }));
        }
        let range = dated.and_then(|(name, place)| self.range(set.clone(), &name, place));
        let count = page.is_some().then(|| self.count(set.clone(), place));
        let mut unknown = set.unknown.clone();
        let is_asked = asked.conditions.len() > set.conditions.len() && asked.unknown.len() == set.unknown.len();
        let sorted = self.sorted(&set, &orders, MAX_FORMS);
        let mut wanted = vec![(VariantKind::Required, set)];
        wanted.extend(is_asked.then_some((VariantKind::All, asked)));
        wanted.extend((1..).map(VariantKind::Branch).zip(sorted));
        let mut forms: Vec<(VariantKind, Sql)> = Vec::new();
        for (kind, mut set) in wanted {
            set.slice.1 = page.clone();
            let (sql, more) = self.select_sql(set, place);
            for item in more {
                if !unknown.contains(&item) {
                    unknown.push(item);
                }
            }
            if forms.iter().all(|(_, known)| known.shown() != sql.shown()) {
                forms.push((kind, sql));
            }
        }
        let draft = Draft {
            place,
            source: DJANGO,
            origin: SiteOrigin::Call { framework: DJANGO },
            takes: Takes::All,
            forms,
            unknown,
            function: None,
            in_loop: None,
            rows: None,
        };
        let origin = SiteOrigin::Implied { kind: Implied::Count, cause: place };
        let counted = count.map(|count| Draft {
            origin,
            takes: Takes::One,
            forms: vec![(VariantKind::Required, count.sql)],
            unknown: Vec::new(),
            ..draft.clone()
        });
        let ranged = range.map(|(sql, place)| Draft {
            place,
            takes: Takes::One,
            forms: vec![(VariantKind::Required, sql)],
            unknown: Vec::new(),
            ..draft.clone()
        });
        std::iter::once(draft).chain(counted).chain(ranged).collect()
    }

    /// The first and the last moment of a list, which the admin shows years or days between.
    fn range(&mut self, mut set: Set, name: &str, place: HostSpan) -> Option<(Sql, HostSpan)> {
        set.order = Order { said: Some(Vec::new()), is_reversed: false };
        (set.related, set.related_all) = (Vec::new(), false);
        let column = self.named(&mut set, name, place)?.sql;
        let ends = ["MIN(", "MAX("].map(|function| Shown::plain(column.clone().within(function, ")", place)));
        set.columns = Columns::Values(ends.into());
        Some((self.select_sql(set, place).0, place))
    }
}

/// How a name is searched in: by the sign before it (`^name`, `=name`, `@name`), or the lookup that it ends with.
fn searched_by(name: &str, place: HostSpan, value: &Value) -> Condition {
    let (name, lookup) = match name.split_at_checked(1) {
        Some(("^", name)) => (name, "istartswith"),
        Some(("=", name)) => (name, "iexact"),
        Some(("@", name)) => (name, "search"),
        Some(("$", name)) => (name, "iregex"),
        _ if name.rsplit_once("__").is_some_and(|(_, last)| is_final(last)) => {
            return Condition::lookup(name.to_owned(), place, value);
        }
        _ => (name, "icontains"),
    };
    Condition::lookup(format!("{name}__{lookup}"), place, value)
}
