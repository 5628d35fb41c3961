//! `permissions.md`: the table of `src/access/table.rs`.

use std::fmt::Write as _;

use minicrm::access::{
    Grant, Permissions, Who,
    table::{Row, TABLE},
};

use super::assert_page;

const INTRODUCTION: &str = "\
# Permissions

Who may call which method: the table that the service decides by. A user has a role in an organization, a key has an access.

- *own* is what belongs to the caller: a lead they own, a contact of an operator they are linked with (`Operator.user_id`), a deal
  they own, with its tasks, a task they are the assignee of (to complete, reopen and comment), their own membership.
- *user* is any user, in an organization or in none, for themselves; a key is none.
- *everybody* needs neither token nor key.
- `force`, of methods that have it, takes a manager.
- Keys with the access of a role (`API_KEY_ACCESS_ADMIN`, `API_KEY_ACCESS_MANAGER`) may call what that role may.

A call that is refused here is answered `PERMISSION_DENIED`, with a reason of [these](errors.md#permission_denied).
";

const HEAD: &str = "\
| method | owner | admin | manager | member | key INTAKE | key READ |
|---|---|---|---|---|---|---|
";

fn line(row: &Row) -> String {
    let cell = |grant| match grant {
        Grant::No => "",
        Grant::Own => "own",
        Grant::All => "yes",
    };
    let cells = match row.who {
        Who::Anyone => ["everybody"; 6],
        Who::User => ["user", "user", "user", "user", "", ""],
        Who::Permitted(Permissions {
            owner,
            admin,
            manager,
            member,
            intake,
            read,
        }) => [owner, admin, manager, member, intake, read].map(cell),
    };
    let Row {
        service, method, ..
    } = row;
    let anchor = format!("{service}{method}").to_lowercase();
    format!("| [{method}](api.md#{anchor}) | {} |\n", cells.join(" | "))
}

#[test]
fn permissions_are_those_of_the_table() {
    let mut text = INTRODUCTION.to_owned();
    for rows in TABLE.chunk_by(|a, b| a.service == b.service) {
        let lines: String = rows.iter().map(line).collect();
        write!(text, "\n## {}\n\n{HEAD}{lines}", rows[0].service).unwrap();
    }
    assert_page("permissions.md", &text);
}
