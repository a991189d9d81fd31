//! What only code keeps unique: the index that is advised for it, beside what queries and the schema ask for.

use planlint::run::Goal;

use crate::run;
use crate::tree::Memory;

/// The DDL that is advised and what rules say, for a column that is declared in some way and code that looks for it.
fn said(column: &str, looks: &str) -> (Vec<String>, Vec<String>) {
    let models = format!(
        "from sqlalchemy import Column, Integer, String\nfrom sqlalchemy.orm import declarative_base\n\
         Base = declarative_base()\n\nclass User(Base):\n    __tablename__ = 'users'\n    \
         id = Column(Integer, primary_key=True)\n    email = Column({column})\n    name = Column(String)\n"
    );
    let code = format!(
        "from models import User\n\ndef add(db, email, name):\n    {looks}\n    if old:\n        return old\n    \
         db.add(User(email=email, name=name))\n"
    );
    let report = run(&Memory::default().with("models.py", &models).with("app.py", &code), Goal::Check);
    let ddl = report.advice.iter().map(|advice| advice.ddl.clone()).collect();
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    (ddl, open.map(|finding| finding.rule.clone()).collect())
}

#[test]
fn one_index_does_all_that_is_asked() {
    let check = |column: &str, looks: &str, ddl: &[&str], rules: &[&str]| {
        let (advised, spoken) = said(column, looks);
        assert_eq!(advised, ddl, "{column} {looks}");
        assert_eq!(spoken, rules, "{column} {looks}");
    };
    let by_email = "old = db.query(User).filter(User.email == email).first()";
    let unique = "validated-unique-without-index";
    let create = "CREATE UNIQUE INDEX idx_users_email ON users (email);";
    check("String", by_email, &[create], &[unique, "missing-index"]);
    check("String, index=True", by_email, &[&format!("{create}\nDROP INDEX ix_users_email;")], &[unique]);
    check("String, unique=True", by_email, &[], &[]);
    // Who lets them repeat has the index without what refuses them.
    let silenced = format!("{by_email}  # planlint: ignore[{unique}] -- they may repeat");
    check("String", &silenced, &["CREATE INDEX idx_users_email ON users (email);"], &["missing-index"]);
}
