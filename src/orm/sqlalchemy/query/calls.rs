//! Calls within expressions: functions of the database, operators that are methods, and SQL that is written out.

use super::expr::function_name;
use super::lower::Lower;
use crate::dialect::Dialect;
use crate::host::value::{Call, Kind, Node, Value};
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::names::{called, word};
use crate::orm::sqlalchemy::types;
use crate::source::HostSpan;

impl Lower<'_, '_, '_> {
    pub(super) fn call(&mut self, value: &Node, call: &Call) -> Option<Sql> {
        let place = value.place;
        if let Some(name) = function_name(&call.callee) {
            // A mistake that older versions let pass.
            if matches!(name.as_str(), "case" | "cast") || name == "extract" && call.positional.len() == 2 {
                return self.construct(value, call);
            }
            return Some(self.function(&name, call, place));
        }
        if let Some((name, _, of, call)) = value.method() {
            if let Some(sql) = self.relationship_test(name, of, call, place) {
                return Some(sql);
            }
            if let Some(sql) = self.of_query(value, name, of) {
                return Some(sql);
            }
            if let Some(sql) = self.method(name, of, call, place) {
                return Some(sql);
            }
        }
        self.construct(value, call)
    }

    fn function(&mut self, name: &str, call: &Call, place: HostSpan) -> Sql {
        let mut arguments: Vec<Sql> = Vec::new();
        let column = match (name, call.positional.first()) {
            ("coalesce", Some(first)) => self.mapped(first),
            _ => None,
        };
        for argument in &call.positional {
            if let Kind::Spread(_) | Kind::Optional(_) = argument.kind {
                continue;
            }
            // An entity stands for its rows: `func.count(User)`.
            let sql = match self.entity(argument) {
                Some(entity) => {
                    self.uses(&entity.source);
                    Sql::text("*", argument.place)
                }
                None => self.operand_of(column, argument),
            };
            arguments.push(sql);
        }
        if arguments.is_empty() && name.eq_ignore_ascii_case("count") {
            arguments.push(Sql::text("*", place));
        }
        const PLAIN: &[&str] = &["current_timestamp", "current_date", "current_time", "localtimestamp", "current_user"];
        if arguments.is_empty() && PLAIN.contains(&name.to_ascii_lowercase().as_str()) {
            return Sql::text(name.to_ascii_uppercase(), place);
        }
        Sql::join(arguments, ", ", place).within(&format!("{name}("), ")", place)
    }

    /// Operators of columns that are spelled as methods.
    fn method(&mut self, name: &str, of: &Value, call: &Call, place: HostSpan) -> Option<Sql> {
        let own = self.expr(of)?;
        let first = call.positional.first();
        let column = self.mapped(of);
        let with = |lower: &mut Self, symbol: &str| {
            let right = lower.operand_of(column, first?);
            Some(Sql::join([own.clone(), right], symbol, place))
        };
        match name {
            "in_" => Some(own.clone().then(" IN ").and(self.members(column, first?))),
            "not_in" | "notin_" => Some(own.clone().then(" NOT IN ").and(self.members(column, first?))),
            "is_" | "is_not" | "isnot" => {
                let word = if name == "is_" { " IS " } else { " IS NOT " };
                let right = match called(first?) {
                    Some(("null", _)) => Sql::text("NULL", place),
                    _ => self.constant(first?),
                };
                match right.is_param() {
                    // `IS` takes no value that is known at run time only; who writes it means an equality.
                    true => with(self, if name == "is_" { " = " } else { " <> " }),
                    false => Some(own.clone().then(word).and(right)),
                }
            }
            "like" | "ilike" | "notlike" | "not_like" | "notilike" | "not_ilike" => {
                let symbol = match (name.contains("ilike"), name.starts_with("not")) {
                    (true, true) => " NOT ILIKE ",
                    (true, false) => " ILIKE ",
                    (false, true) => " NOT LIKE ",
                    (false, false) => " LIKE ",
                };
                with(self, symbol)
            }
            "startswith" | "istartswith" | "endswith" | "iendswith" | "contains" | "icontains" => {
                self.pattern(name, own.clone(), of, first?, place)
            }
            "between" => {
                let (low, high) = (self.operand_of(column, first?), self.operand_of(column, call.positional.get(1)?));
                Some(own.clone().then(" BETWEEN ").and(Sql::join([low, high], " AND ", place)))
            }
            "desc" | "asc" | "nullsfirst" | "nulls_first" | "nullslast" | "nulls_last" => {
                Some(own.clone().then(direction(name)))
            }
            "label" | "self_group" | "compile" | "correlate" | "bindparams" => Some(own.clone()),
            "collate" => {
                let collation = self.cx.dialect.quote(&Ident::new(first?.text()?)).into_owned();
                Some(own.clone().within("(", &format!(" COLLATE {collation})"), place))
            }
            "cast" => {
                let named = self.type_name(first?)?;
                Some(own.clone().within("CAST(", &format!(" AS {named})"), place))
            }
            "as_string" | "as_integer" | "as_float" | "as_boolean" => {
                let named = match name {
                    "as_string" => "VARCHAR",
                    "as_integer" => "INTEGER",
                    "as_float" => "FLOAT",
                    _ => "BOOLEAN",
                };
                let item = self.item_as_text(of)?;
                Some(item.within("CAST(", &format!(" AS {named})"), place))
            }
            "distinct" => Some(own.clone().within("DISTINCT ", "", place)),
            "any" | "any_" => Some(self.operand_of(column, first?).then(" = ANY(").and(own.clone()).then(")")),
            "is_distinct_from" => with(self, " IS DISTINCT FROM "),
            "is_not_distinct_from" | "isnot_distinct_from" => with(self, " IS NOT DISTINCT FROM "),
            "concat" => with(self, " || "),
            "match" | "regexp_match" | "op" | "bool_op" => self.written_operator(name, own.clone(), call, place),
            "overlap" | "overlaps" => with(self, " && "),
            "contained_by" => with(self, " <@ "),
            "has_key" => with(self, " ? "),
            "over" => Some(self.over(own.clone(), call, place)),
            "filter" => {
                let conditions = self.conditions(&call.positional);
                let list = Sql::join(conditions, " AND ", place);
                Some(own.clone().then(" FILTER (WHERE ").and(list).then(")"))
            }
            "within_group" => {
                let keys: Vec<Sql> = call.positional.iter().map(|key| self.operand(key)).collect();
                Some(own.clone().then(" WITHIN GROUP (ORDER BY ").and(Sql::join(keys, ", ", place)).then(")"))
            }
            "isoformat" | "replace" | "strip" | "lower" | "upper" => None,
            _ => {
                self.cannot("dynamic-expression", name);
                None
            }
        }
    }

    /// `A.b.op("->>")("key")` comes as a call of a call; a plain `op` has its operand missing.
    fn written_operator(&mut self, name: &str, own: Sql, call: &Call, place: HostSpan) -> Option<Sql> {
        match name {
            "match" => {
                let query = self.operand(call.positional.first()?);
                Some(own.then(" @@ plainto_tsquery(").and(query).then(")"))
            }
            "regexp_match" => {
                let right = self.operand(call.positional.first()?);
                Some(Sql::join([own, right], " ~ ", place))
            }
            _ => None,
        }
    }

    fn pattern(&mut self, name: &str, own: Sql, of: &Value, argument: &Value, place: HostSpan) -> Option<Sql> {
        if matches!(name, "contains" | "contained_by") && self.is_container(of) {
            let right = self.operand(argument);
            return Some(Sql::join([own, right], " @> ", place));
        }
        let (before, after) = match name.trim_start_matches('i') {
            "startswith" => ("", "%"),
            "endswith" => ("%", ""),
            _ => ("%", "%"),
        };
        let symbol = if name.starts_with('i') { " ILIKE " } else { " LIKE " };
        let argument = self.pick(argument);
        let pattern = match argument.text() {
            Some(text) => {
                let text = format!("'{before}{}{after}'", text.replace('\'', "''"));
                Sql::text(text, argument.place)
            }
            None => {
                let mut parts = Vec::new();
                if !before.is_empty() {
                    parts.push(Sql::text("'%'", argument.place));
                }
                parts.push(self.operand(&argument));
                if !after.is_empty() {
                    parts.push(Sql::text("'%'", argument.place));
                }
                Sql::join(parts, " || ", argument.place)
            }
        };
        Some(Sql::join([own, pattern], symbol, place))
    }

    /// Whether a column holds arrays or JSON, of which one may contain another.
    fn is_container(&mut self, of: &Value) -> bool {
        let of = self.pick(of);
        let Kind::Attribute { of: owner, name, .. } = &of.kind else { return false };
        let Some(entity) = self.entity(owner) else { return false };
        let mapped = entity.model.and_then(|model| model.column(name));
        mapped.is_some_and(|mapped| {
            let ty = mapped.type_name.to_ascii_lowercase();
            ty.contains("json") || ty.contains("[]") || ty.contains("array") || ty.contains("hstore")
        })
    }

    fn over(&mut self, own: Sql, call: &Call, place: HostSpan) -> Sql {
        let mut keys = |name: &str| -> Vec<Sql> {
            let Some(value) = call.named(name) else { return Vec::new() };
            let items: Vec<Value> = match value.items() {
                Some(items) => items.into_iter().cloned().collect(),
                None => vec![value.clone()],
            };
            items.iter().filter_map(|item| self.expr(item)).collect()
        };
        let (partition, order) = (keys("partition_by"), keys("order_by"));
        let mut sql = own.then(" OVER (");
        if !partition.is_empty() {
            sql = sql.then("PARTITION BY ").and(Sql::join(partition, ", ", place));
        }
        if !order.is_empty() {
            sql = sql.then(" ORDER BY ").and(Sql::join(order, ", ", place));
        }
        sql.then(")")
    }

    /// Functions of the library that make SQL.
    fn construct(&mut self, value: &Node, call: &Call) -> Option<Sql> {
        let place = value.place;
        // `column.op("->>")("key")`
        if let Some((name, _, of, inner)) = call.callee.method()
            && matches!(&**name, "op" | "bool_op")
        {
            let symbol = inner.positional.first()?.text()?;
            let own = self.expr(of)?;
            let right = self.operand(call.positional.first()?);
            return Some(Sql::join([own, right], &format!(" {symbol} "), place).within("(", ")", place));
        }
        let word = word(&call.callee)?;
        let first = call.positional.first();
        match word {
            "and_" | "or_" => {
                let parts = self.conditions(&call.positional);
                match parts.is_empty() {
                    true => None,
                    false => {
                        let between = if word == "and_" { " AND " } else { " OR " };
                        Some(Sql::join(parts, between, place).within("(", ")", place))
                    }
                }
            }
            "not_" => Some(self.expr(first?)?.within("NOT (", ")", place)),
            "desc" | "asc" | "nullsfirst" | "nulls_first" | "nullslast" | "nulls_last" => {
                let own = match self.expr(first?) {
                    Some(sql) => sql,
                    None => self.named_key(first?)?,
                };
                Some(own.then(direction(word)))
            }
            "text" | "literal_column" => match &self.pick(first?).kind {
                Kind::Text(pieces) => self.raw(pieces),
                _ => None,
            },
            "literal" | "bindparam" => Some(if word == "literal" { self.constant(first?) } else { Sql::param(place) }),
            "null" => Some(Sql::text("NULL", place)),
            "true" => Some(Sql::text("true", place)),
            "false" => Some(Sql::text("false", place)),
            "distinct" => Some(self.expr(first?)?.within("DISTINCT ", "", place)),
            "cast" | "type_coerce" | "try_cast" => {
                let own = self.operand(first?);
                match (word, call.positional.get(1).and_then(|named| self.type_name(named))) {
                    ("type_coerce", _) => Some(own),
                    (_, Some(named)) => Some(own.within("CAST(", &format!(" AS {named})"), place)),
                    (_, None) => None,
                }
            }
            "extract" => {
                let field = first?.text()?;
                let own = self.operand(call.positional.get(1)?);
                Some(own.within(&format!("EXTRACT({field} FROM "), ")", place))
            }
            "between" => {
                let own = self.expr(first?)?;
                let (low, high) = (self.operand(call.positional.get(1)?), self.operand(call.positional.get(2)?));
                Some(own.then(" BETWEEN ").and(Sql::join([low, high], " AND ", place)))
            }
            "case" => self.case(call, place),
            "exists" => self.exists(call, place),
            "any_" | "all_" => {
                let own = self.operand(first?);
                Some(own.within(if word == "any_" { "ANY(" } else { "ALL(" }, ")", place))
            }
            "tuple_" => {
                let parts: Vec<Sql> = call.positional.iter().map(|part| self.operand(part)).collect();
                Some(Sql::join(parts, ", ", place).within("(", ")", place))
            }
            "coalesce" => Some(self.function(word, call, place)),
            "array" => {
                let items: Vec<Sql> = first?.items()?.into_iter().map(|item| self.operand(item)).collect();
                Some(Sql::join(items, ", ", place).within("ARRAY[", "]", place))
            }
            "over" => {
                let own = self.expr(first?)?;
                Some(self.over(own, call, place))
            }
            "column" | "literal_execute" => {
                let name = first?.text()?;
                Some(Sql::text(self.cx.dialect.quote(&Ident::new(name)).into_owned(), place))
            }
            "with_parent" => self.with_parent(call, place),
            // What a join is written of.
            "foreign" | "remote" => self.expr(first?),
            "Column" | "mapped_column" => self.own_column(value),
            _ => None,
        }
    }

    fn case(&mut self, call: &Call, place: HostSpan) -> Option<Sql> {
        let mut sql = Sql::text("CASE", place);
        let arms: Vec<Value> = match call.positional.first().and_then(|first| first.items()) {
            // Before 1.4 the arms were one list of pairs.
            Some(items) if items.iter().all(|item| matches!(item.kind, Kind::List(_))) && !items.is_empty() => {
                items.into_iter().cloned().collect()
            }
            _ => call.positional.clone(),
        };
        for arm in &arms {
            let pair = arm.items()?;
            let [when, then] = pair.as_slice() else { return None };
            let when = self.expr(when)?;
            let then = self.operand(then);
            sql = sql.then(" WHEN ").and(when).then(" THEN ").and(then);
        }
        if let Some(otherwise) = call.named("else_") {
            let otherwise = self.operand(otherwise);
            sql = sql.then(" ELSE ").and(otherwise);
        }
        (!arms.is_empty()).then(|| sql.then(" END"))
    }

    /// A key that is named by a text: a label, or a column.
    pub(super) fn named_key(&mut self, value: &Value) -> Option<Sql> {
        let value = self.pick(value);
        let text = value.text()?;
        let (name, way) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
        let is_way = matches!(way.trim().to_ascii_lowercase().as_str(), "" | "asc" | "desc");
        let way = if way.is_empty() { String::new() } else { format!(" {}", way.trim().to_ascii_uppercase()) };
        (is_name && is_way).then(|| Sql::text(format!("{name}{way}"), value.place))
    }

    /// The name of a type that a cast names.
    fn type_name(&mut self, value: &Value) -> Option<String> {
        let value = self.pick(value);
        let named = types::read(&mut self.cx.evaluator, &value)?.sql(self.cx.dialect);
        // What MySQL casts to has names of its own.
        Some(match (self.cx.dialect, named.as_str()) {
            (Dialect::Mysql, "TEXT") => "CHAR".to_owned(),
            (Dialect::Mysql, "INTEGER" | "BIGINT" | "SMALLINT") => "SIGNED".to_owned(),
            (Dialect::Mysql, name) if name.starts_with("VARCHAR") => name.replacen("VARCHAR", "CHAR", 1),
            _ => named,
        })
    }
}

fn direction(name: &str) -> &'static str {
    match name {
        "desc" => " DESC",
        "asc" => " ASC",
        "nullsfirst" | "nulls_first" => " NULLS FIRST",
        _ => " NULLS LAST",
    }
}
