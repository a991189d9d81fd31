//! What views of the REST framework ask beside their lists: the orders that a visitor may choose, and the one object that
//! a URL names.

use std::rc::Rc;

use super::set::{Order, OrderItem, Set};
use super::{DJANGO, Reader};
use crate::host::value::{ClassId, Kind, Node, Value};
use crate::orm::site::Draft;
use crate::query::{SiteOrigin, VariantKind};
use crate::source::HostSpan;

/// Classes that send a list.
pub(super) const LISTS: &[&str] =
    &["ListAPIView", "ListCreateAPIView", "ModelViewSet", "ReadOnlyModelViewSet", "ListModelMixin"];

/// Classes that read one object.
const DETAILS: &[&str] = &[
    "RetrieveAPIView",
    "UpdateAPIView",
    "DestroyAPIView",
    "RetrieveUpdateAPIView",
    "RetrieveDestroyAPIView",
    "RetrieveUpdateDestroyAPIView",
    "ModelViewSet",
    "ReadOnlyModelViewSet",
    "RetrieveModelMixin",
    "UpdateModelMixin",
    "DestroyModelMixin",
];

/// What sorts lists.
const SORTER: &str = "OrderingFilter";

impl Reader<'_, '_, '_> {
    /// Sorts a view's list as the view does by itself; gives what a visitor may sort it by instead.
    pub(super) fn orders_of_view(&mut self, class: ClassId, set: &mut Set) -> Vec<(String, HostSpan)> {
        let is_rest = self.derives(class, LISTS);
        if is_rest && !self.is_sorted(class) {
            return Vec::new();
        }
        if let Some(ordering) = self.said(class, "ordering") {
            let mut items = Vec::new();
            self.order_item(set, &ordering, &mut items);
            set.order = Order { said: Some(items), is_reversed: false };
        }
        let Some(fields) = self.said(class, "ordering_fields").filter(|_| is_rest) else { return Vec::new() };
        let items = fields.items().into_iter().flatten();
        // A name may stand with what visitors read.
        let name = |item: &Value| match &item.kind {
            Kind::List(pair) => Some((pair.first()?.text()?, item.place)),
            _ => Some((item.text()?, item.place)),
        };
        items.filter_map(name).collect()
    }

    /// Whether a view has what sorts lists among its filters, by its own word or by that of the settings.
    fn is_sorted(&mut self, class: ClassId) -> bool {
        match self.class_attribute(class, "filter_backends") {
            Some(backends) => backends.items().into_iter().flatten().any(|backend| match &backend.kind {
                Kind::External(path) => path.rsplit('.').next() == Some(SORTER),
                Kind::Class(class) => self.derives(*class, &[SORTER]),
                _ => false,
            }),
            None => self.models.filters().is_none_or(|paths| paths.iter().any(|path| path.ends_with(SORTER))),
        }
    }

    /// A list in the other orders that a visitor may choose, each once.
    pub(super) fn sorted(&mut self, set: &Set, orders: &[(String, HostSpan)], most: u16) -> Vec<Set> {
        let mut sets = Vec::new();
        for (path, place) in orders {
            if sets.len() >= usize::from(most) {
                break;
            }
            let is_said = |item: &OrderItem| matches!(item, OrderItem::Path(said, _) if said == path);
            if set.order.said.as_ref().is_some_and(|items| items.first().is_some_and(is_said)) {
                continue;
            }
            let items = vec![OrderItem::Path(path.clone(), *place)];
            let other = Set { order: Order { said: Some(items), is_reversed: false }, ..set.clone() };
            // What could not be told is left out rather than asked for in part.
            let mut tried = other.clone();
            self.order(&mut tried);
            if tried.unknown.len() == other.unknown.len() {
                sets.push(other);
            }
        }
        sets
    }

    /// The object that a URL names by something else than its key.
    pub(super) fn detail(&mut self, class: ClassId) -> Option<Draft> {
        if !self.derives(class, DETAILS) || self.defines(class, &["get_object"]) {
            return None;
        }
        let value = self.said(class, "lookup_field")?;
        let (path, place) = (value.text().filter(|path| path != "pk")?, value.place);
        let (mut set, _) = self.rows_of_view(class)?;
        let anything: Value = Rc::new(Node { kind: Kind::Unknown, place });
        self.and(&mut set, &path, place, &anything);
        let sent = self.one(set, place)?;
        Some(Draft {
            place,
            source: DJANGO,
            origin: SiteOrigin::Call { framework: DJANGO },
            takes: sent.takes,
            forms: vec![(VariantKind::Required, sent.sql)],
            unknown: sent.unknown,
            function: None,
            in_loop: None,
            rows: None,
        })
    }
}
