//! Many rows in one argument: a JSON array, which either database turns into a table. So one constant statement writes or
//! asks for any number of rows.

/// `from` a JSON array of objects: a table `j` with these columns. Names the argument, then for each member its name and type
/// (`id`, `int`, `text`); a member that is absent is null.
macro_rules! set {
    (@sqlite id $name:literal) => { concat!("unhex(v.value->>'", $name, "') as ", $name) };
    (@sqlite int $name:literal) => { concat!("v.value->>'", $name, "' as ", $name) };
    (@sqlite text $name:literal) => { concat!("v.value->>'", $name, "' as ", $name) };
    (@postgres id $name:literal) => { concat!($name, " uuid") };
    (@postgres int $name:literal) => { concat!($name, " bigint") };
    (@postgres text $name:literal) => { concat!($name, " text") };
    (sqlite $arg:literal, $kind:ident $name:literal $(, $kinds:ident $names:literal)*) => {
        concat!(
            "(select ", $crate::db::set!(@sqlite $kind $name) $(, ", ", $crate::db::set!(@sqlite $kinds $names))*,
            " from json_each(", $arg, ") v) j"
        )
    };
    (postgres $arg:literal, $kind:ident $name:literal $(, $kinds:ident $names:literal)*) => {
        concat!(
            "json_to_recordset(", $arg, "::json) as j(",
            $crate::db::set!(@postgres $kind $name) $(, ", ", $crate::db::set!(@postgres $kinds $names))*, ")"
        )
    };
}

pub(crate) use set;

/// The statement `$before`, the table of [`set!`], `$after`, for either database.
macro_rules! over_set {
    ($dialect:expr, $before:literal, ($($set:tt)*), $after:literal) => {
        $dialect.pick(
            concat!($before, $crate::db::set!(sqlite $($set)*), $after),
            concat!($before, $crate::db::set!(postgres $($set)*), $after),
        )
    };
}

pub(crate) use over_set;

/// An id as a member of such an array.
pub(crate) fn hex(id: uuid::Uuid) -> String {
    id.simple().to_string()
}

/// Ids as such an array, each the member `id`.
pub(crate) fn id_set(ids: impl IntoIterator<Item = uuid::Uuid>) -> String {
    serde_json::Value::from_iter(ids.into_iter().map(|id| serde_json::json!({ "id": hex(id) }))).to_string()
}
