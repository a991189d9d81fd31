//! What a project's settings say that changes its tables.

use crate::host::code::Code;
use crate::host::flow::Evaluator;
use crate::host::value::{Kind, Value};
use crate::ir::Name;
use crate::source::HostSpan;

use super::models::IntegerSize;

/// The settings that matter.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The model that stands for users: `app.Model`.
    pub user: Option<Name>,
    /// Which file says so of which model.
    pub users: Vec<(String, Name)>,
    /// The size of keys that no model declares; of the versions before the setting where it is missing.
    pub auto_field: IntegerSize,
    /// The time zone that moments are taken apart in; nothing where the project keeps local times.
    pub zone: Option<Name>,
    /// Whether the REST framework takes lists apart by pages, and how many rows a page has where that is said.
    pub page: Option<Option<i64>>,
    /// The classes that views of the REST framework filter lists by where they say nothing.
    pub filters: Option<Vec<Name>>,
    /// The apps, as they are written: `shop.orders`, `shop.apps.OrdersConfig`.
    pub installed: Vec<(String, HostSpan)>,
}

impl Settings {
    pub(super) fn read(code: &Code<'_>, evaluator: &mut Evaluator<'_, '_>) -> Self {
        let mut settings = Self::default();
        let (mut auto_field, mut uses_zones, mut zone) = (None, None, None);
        for file in files(code) {
            let user = text(evaluator, file, "AUTH_USER_MODEL");
            settings.users.extend(user.clone().map(|user| (code.files[file].path.as_str().to_owned(), user)));
            settings.user = settings.user.take().or(user);
            auto_field = auto_field.or_else(|| text(evaluator, file, "DEFAULT_AUTO_FIELD"));
            uses_zones = uses_zones.or_else(|| evaluator.global(file, &Name::from("USE_TZ"))?.bool());
            zone = zone.or_else(|| Some(zone_of(&evaluator.global(file, &Name::from("TIME_ZONE"))?)));
            let rest = evaluator.global(file, &Name::from("REST_FRAMEWORK"));
            if let Some(rest) = rest {
                settings.page = settings.page.or_else(|| page_of(&rest));
                settings.filters = settings.filters.take().or_else(|| filters_of(&rest));
            }
            if let Some(value) = evaluator.global(file, &Name::from("INSTALLED_APPS")) {
                texts(&value, &mut settings.installed);
            }
        }
        // Both as Django has them by default since 5.0.
        settings.zone = uses_zones.unwrap_or(true).then(|| zone.unwrap_or_else(|| Name::from("America/Chicago")));
        settings.auto_field = auto_field.and_then(|path| size_of(&path)).unwrap_or_default();
        settings
    }
}

/// The zone that a setting names; one that the environment gives is the default there, or else what servers have.
fn zone_of(value: &Value) -> Name {
    let first = match &value.kind {
        Kind::Either(ways) => ways.first(),
        _ => Some(value),
    };
    let is_zone = |text: &String| text.contains('/') || matches!(&**text, "UTC" | "GMT");
    let default = |value: &Value| value.call().and_then(|call| call.argument(1, "default")?.text()).filter(is_zone);
    let zone = first.and_then(|value| value.text().or_else(|| default(value)));
    Name::from(zone.unwrap_or_else(|| "UTC".to_owned()))
}

/// `REST_FRAMEWORK = {"DEFAULT_PAGINATION_CLASS": …, "PAGE_SIZE": 50}`
fn page_of(value: &Value) -> Option<Option<i64>> {
    value_of(value, "DEFAULT_PAGINATION_CLASS").filter(|class| !class.is_null())?;
    Some(value_of(value, "PAGE_SIZE").and_then(|rows| rows.integer()))
}

/// `REST_FRAMEWORK = {"DEFAULT_FILTER_BACKENDS": […]}`, which are none by default.
fn filters_of(value: &Value) -> Option<Vec<Name>> {
    if !matches!(value.kind, Kind::Dict(_)) {
        return None;
    }
    let mut found = Vec::new();
    if let Some(paths) = value_of(value, "DEFAULT_FILTER_BACKENDS") {
        texts(paths, &mut found);
    }
    Some(found.into_iter().map(|(path, _)| Name::from(path)).collect())
}

/// What a dictionary has under a name.
fn value_of<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let Kind::Dict(pairs) = &value.kind else { return None };
    let is_it = |key: &Option<Value>| key.as_ref().and_then(|key| key.text()).as_deref() == Some(name);
    pairs.iter().rev().find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

/// The size that a class of key fields counts in.
pub(super) fn size_of(path: &str) -> Option<IntegerSize> {
    match path.rsplit('.').next()? {
        "AutoField" => Some(IntegerSize::Normal),
        "BigAutoField" => Some(IntegerSize::Big),
        "SmallAutoField" => Some(IntegerSize::Small),
        _ => None,
    }
}

/// The modules of settings, those of tests last.
pub(super) fn files(code: &Code<'_>) -> Vec<usize> {
    const NAMES: &[&str] = &["INSTALLED_APPS", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD", "DATABASES"];
    let says = |file: &usize| NAMES.iter().any(|name| !code.scope(*file).get(name).is_empty());
    let mut files: Vec<usize> = (0..code.files.len()).filter(says).collect();
    files.sort_by_key(|file| {
        let path = code.files[*file].path.as_str();
        (path.contains("test"), !path.contains("settings"), path.len())
    });
    files
}

fn text(evaluator: &mut Evaluator<'_, '_>, file: usize, name: &str) -> Option<Name> {
    let value = evaluator.global(file, &Name::from(name))?;
    match &value.kind {
        Kind::Either(ways) => ways.iter().find_map(|way| way.text()),
        _ => value.text(),
    }
    .map(Name::from)
}

/// Every text among a value's items.
fn texts(value: &Value, found: &mut Vec<(String, HostSpan)>) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| texts(item, found)),
        Kind::Optional(inner) | Kind::Spread(inner) => texts(inner, found),
        Kind::Either(ways) => ways.iter().for_each(|way| texts(way, found)),
        Kind::Binary { left, right, .. } => {
            texts(left, found);
            texts(right, found);
        }
        _ => found.extend(value.text().map(|text| (text, value.place))),
    }
}
