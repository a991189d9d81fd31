//! Operations of migrations, by name: what they do to the state, and what the editor is told.

use super::graph::Migration;
use crate::dialect::Dialect;
use crate::host::flow::Evaluator;
use crate::host::value::{Call, Kind, Piece, Value};
use crate::ir::Name;
use crate::orm::declared::Declaration;
use crate::orm::django::apps::Apps;
use crate::orm::django::editor::Editor;
use crate::orm::django::fields::Spec;
use crate::orm::django::state::{Label, ModelState, State, Storage, label};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// How deep operations hold operations.
const MAX_DEPTH: u8 = 8;

/// What of an operation reaches the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    /// Everything.
    All,
    /// The project's own statements alone.
    Raw,
    /// Nothing: the state changes.
    Nothing,
}

/// A project on its way through its migrations.
pub(super) struct Replay<'e, 'c, 'a> {
    pub evaluator: Evaluator<'c, 'a>,
    pub apps: &'e Apps,
    pub state: State,
    pub editor: Editor,
    pub app: Name,
    pub writes: Writes,
    /// Models outside of the code whose tables wait for those that they name.
    waiting: Vec<Label>,
    depth: u8,
}

/// An operation with its arguments.
pub(super) struct Operation<'v> {
    pub call: &'v Call,
    pub place: HostSpan,
}

impl Operation<'_> {
    /// The text of an argument.
    pub(super) fn text(&self, position: usize, name: &str) -> Option<String> {
        self.call.argument(position, name)?.text()
    }
}

impl<'e, 'c, 'a> Replay<'e, 'c, 'a> {
    pub(super) fn new(
        evaluator: Evaluator<'c, 'a>,
        apps: &'e Apps,
        state: State,
        editor: Editor,
        writes: Writes,
    ) -> Self {
        let waiting = state.models.keys().cloned().collect();
        let mut replay = Self { evaluator, apps, state, editor, app: Name::from(""), writes, waiting, depth: 0 };
        replay.make_waiting();
        replay
    }

    /// Makes the tables of models outside of the code, as far as all that they name is there.
    pub(super) fn make_waiting(&mut self) {
        if !self.writes() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for label in waiting {
            let Some(model) = self.state.get(&label) else { continue };
            let leads = |spec: &Spec| {
                spec.relation.as_ref().is_none_or(|relation| self.state.target(&label, &relation.to).is_some())
            };
            if model.fields.iter().all(|(_, spec)| leads(spec)) {
                self.editor.create_model(&self.state, model);
            } else {
                self.waiting.push(label);
            }
        }
    }

    /// The state and the statements at the end.
    pub(super) fn done(self) -> (State, Editor) {
        (self.state, self.editor)
    }

    /// Runs a migration.
    pub(super) fn migration(&mut self, migration: &Migration) {
        self.app = migration.app.clone();
        let found = self.evaluator.inherited(migration.class, &Name::from("operations"));
        if let Some((_, value)) = found {
            self.operations(&value);
        }
        if self.writes() {
            self.editor.flush();
        }
    }

    pub(super) fn writes(&self) -> bool {
        self.writes == Writes::All
    }

    fn operations(&mut self, value: &Value) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match &value.kind {
            Kind::List(items) => items.iter().for_each(|item| self.operations(item)),
            Kind::Spread(inner) | Kind::Optional(inner) => self.operations(inner),
            Kind::Binary { left, right, .. } => {
                self.operations(left);
                self.operations(right);
            }
            // Which of several, only a run tells: the first that is one.
            Kind::Either(ways) => {
                if let Some(way) = ways.iter().find(|way| matches!(way.kind, Kind::List(_) | Kind::Call(_))) {
                    self.operations(way);
                }
            }
            Kind::Call(call) => self.operation(call, value.place),
            Kind::Null => {}
            _ => self.editor.skip("unreadable-operation", "operations that are put together", value.place),
        }
        self.depth -= 1;
    }

    fn operation(&mut self, call: &Call, place: HostSpan) {
        let Some(name) = self.name_of(call) else {
            return self.editor.skip("unreadable-operation", "an operation that is put together", place);
        };
        let operation = Operation { call, place };
        match name.as_str() {
            "SeparateDatabaseAndState" => self.separately(&operation),
            "RunSQL" => self.run_sql(&operation),
            "RunPython" => {}
            name if name.ends_with("Extension") => self.extension(name, &operation),
            _ => {
                let is_known = self.model_operation(&name, &operation) || leaves_tables_alone(&name);
                if !is_known {
                    self.editor.skip("unknown-operation", format!("operation {name} is not known"), place);
                }
            }
        }
    }

    /// The operation's class: that of Django which a class of the code derives from.
    fn name_of(&mut self, call: &Call) -> Option<String> {
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        match &call.callee.kind {
            Kind::External(path) => Some(last(path)),
            Kind::Class(id) => {
                let lineage = self.evaluator.lineage(*id);
                // What it does in the database is its own affair where it says so.
                let is_own = lineage.iter().any(|class| {
                    let scope = &self.evaluator.code.class(*class).scope;
                    !scope.get("database_forwards").is_empty()
                });
                if is_own {
                    return Some(self.evaluator.code.class(*id).class.name.to_string());
                }
                let bases: Vec<Value> = lineage.into_iter().flat_map(|class| self.evaluator.bases(class)).collect();
                bases.iter().filter_map(|base| base.external()).map(last).next()
            }
            _ => None,
        }
    }

    /// `SeparateDatabaseAndState(database_operations=[…], state_operations=[…])`
    fn separately(&mut self, operation: &Operation<'_>) {
        // Where the tables are made as they end, the state's part says it all.
        if let Some(list) = operation.call.argument(0, "database_operations").filter(|_| self.writes()) {
            let before = self.state.clone();
            self.operations(list);
            self.state = before;
        }
        if let Some(list) = operation.call.argument(1, "state_operations") {
            self.state_alone(list);
        }
    }

    fn state_alone(&mut self, list: &Value) {
        let writes = std::mem::replace(&mut self.writes, Writes::Nothing);
        self.operations(list);
        self.writes = writes;
    }

    /// `RunSQL("…", state_operations=[…])`, with one statement or several, which may have parameters.
    fn run_sql(&mut self, operation: &Operation<'_>) {
        let in_state = operation.call.argument(2, "state_operations").filter(|list| !list.is_null());
        let is_sent = self.writes() || self.writes == Writes::Raw && in_state.is_none();
        if let Some(sql) = operation.call.argument(0, "sql").filter(|_| is_sent) {
            self.raw(sql, operation.place);
        }
        if let Some(list) = in_state {
            self.state_alone(list);
        }
    }

    fn raw(&mut self, sql: &Value, place: HostSpan) {
        match &sql.kind {
            Kind::Text(pieces) => {
                let text = text_of(pieces, 0).finish();
                self.editor.statements.append(&mut Declaration::each_of(&text, place));
            }
            Kind::List(items) => {
                for item in items {
                    match &item.kind {
                        // `("UPDATE … %s", [1])`
                        Kind::List(pair) => match filled(pair) {
                            Some(sql) => {
                                let text = Sql::text(sql, item.place).finish();
                                self.editor.statements.append(&mut Declaration::each_of(&text, place));
                            }
                            None => pair.first().into_iter().for_each(|sql| self.raw(sql, place)),
                        },
                        _ => self.raw(item, place),
                    }
                }
            }
            // `migrations.RunSQL.noop`
            Kind::External(path) if path.ends_with(".noop") => {}
            Kind::Null => {}
            _ => self.editor.skip("dynamic-sql", "SQL that is not written out", place),
        }
    }

    /// `TrigramExtension()`, `CreateExtension("postgis")`
    fn extension(&mut self, name: &str, operation: &Operation<'_>) {
        let extension = match name {
            "TrigramExtension" => Some("pg_trgm".to_owned()),
            "BtreeGinExtension" => Some("btree_gin".to_owned()),
            "BtreeGistExtension" => Some("btree_gist".to_owned()),
            "CITextExtension" => Some("citext".to_owned()),
            "HStoreExtension" => Some("hstore".to_owned()),
            "UnaccentExtension" => Some("unaccent".to_owned()),
            "CryptoExtension" => Some("pgcrypto".to_owned()),
            "BloomExtension" => Some("bloom".to_owned()),
            _ => operation.text(0, "name"),
        };
        let is_sent = self.writes() && self.editor.dialect == Dialect::Postgres;
        if let Some(extension) = extension.filter(|_| is_sent) {
            let sql = format!("CREATE EXTENSION IF NOT EXISTS \"{}\"", extension.replace('"', "\"\""));
            self.editor.write(Sql::text(sql, operation.place), operation.place);
        }
    }

    /// The label of a model of the app.
    pub(super) fn label(&self, model: &str) -> Label {
        label(&self.app, model)
    }

    /// Changes a model of the state; nothing where there is none of the name, which is told.
    pub(super) fn model(&mut self, name: &str, place: HostSpan) -> Option<&mut ModelState> {
        let label = self.label(name);
        if !self.state.models.contains_key(&label) {
            self.editor.skip("unknown-model", format!("no migration before makes model {}.{name}", self.app), place);
        }
        self.state.models.get_mut(&label)
    }

    /// Whether what is done to a model is done to a table.
    pub(super) fn has_table(&self, label: &Label) -> bool {
        self.writes() && self.state.get(label).is_some_and(|model| model.storage == Storage::Own)
    }
}

/// A statement with its parameters put in; nothing where they are not written out.
fn filled(pair: &[Value]) -> Option<String> {
    let [sql, parameters] = pair else { return None };
    let sql = sql.text()?;
    let mut parts = sql.split("%s");
    let mut filled = parts.next()?.to_owned();
    let mut parameters = parameters.items()?.into_iter();
    for part in parts {
        let parameter = parameters.next()?;
        filled.push_str(&match (&parameter.kind, parameter.text()) {
            (_, Some(text)) => format!("'{}'", text.replace('\'', "''")),
            (Kind::Number(number), _) => number.to_string(),
            (Kind::Bool(value), _) => value.to_string(),
            (Kind::Null, _) => "NULL".to_owned(),
            _ => return None,
        });
        filled.push_str(part);
    }
    Some(filled)
}

/// A text with the values that are put in left out.
fn text_of(pieces: &[Piece], depth: u8) -> Sql {
    let mut sql = Sql::default();
    for piece in pieces {
        sql = sql.and(match piece {
            Piece::Text { text, place } => Sql::verbatim(text.clone(), *place),
            Piece::Hole(value) => match &value.kind {
                Kind::Text(inner) if depth < MAX_DEPTH => text_of(inner, depth + 1),
                _ => Sql::param(value.place),
            },
            Piece::Optional(inner) if depth < MAX_DEPTH => text_of(inner, depth + 1),
            Piece::Optional(_) => Sql::default(),
        });
    }
    sql
}

/// Says whether an operation changes nothing that a table has.
fn leaves_tables_alone(name: &str) -> bool {
    matches!(
        name,
        "AlterModelOptions"
            | "AlterModelManagers"
            | "AlterModelTableComment"
            | "AlterConstraint"
            | "ValidateConstraint"
            | "CreateCollation"
            | "RemoveCollation"
    )
}
