//! Rows as either database gives them, read in one way: tuples by place, structs by the names of their columns.

use rusqlite::types::FromSql;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use crate::{Error, Result};

/// What a statement's rows are read as.
pub(crate) trait Row: Sized + Send + 'static {
    fn read(columns: &impl Columns) -> Result<Self>;
}

/// A value that both databases can give.
pub(crate) trait Column: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl<T> Column for T where T: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

/// The columns of one row.
pub(crate) trait Columns {
    fn at<T: Column>(&self, place: usize) -> Result<T>;
    /// Found at once if it is the one at `likely`.
    fn named<T: Column>(&self, name: &str, likely: usize) -> Result<T>;
    fn has(&self, name: &str) -> bool;
}

impl Columns for PgRow {
    fn at<T: Column>(&self, place: usize) -> Result<T> {
        Ok(self.try_get(place)?)
    }

    fn named<T: Column>(&self, name: &str, _likely: usize) -> Result<T> {
        Ok(self.try_get(name)?)
    }

    fn has(&self, name: &str) -> bool {
        self.try_column(name).is_ok()
    }
}

impl Columns for rusqlite::Row<'_> {
    fn at<T: Column>(&self, place: usize) -> Result<T> {
        self.get(place).map_err(Error::from)
    }

    fn named<T: Column>(&self, name: &str, likely: usize) -> Result<T> {
        // SQLite finds a name by comparing it with all of them.
        match self.as_ref().column_name(likely) {
            Ok(found) if found == name => self.at(likely),
            _ => self.get(name).map_err(Error::from),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.as_ref().column_index(name).is_ok()
    }
}

/// A struct whose fields are columns of the same name. `field: T as "name"` is another column, `field: T = flat` a struct of
/// more columns, `field: T = if_there` the type's default where the statement does not select it.
macro_rules! columns {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty $(as $column:literal)? $(= $how:ident)?),* $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $kind),* }

        impl $crate::db::Row for $name {
            fn read(columns: &impl $crate::db::Columns) -> $crate::Result<Self> {
                let mut places = 0_usize..;
                Ok(Self { $($field: $crate::db::columns!(@ columns places, $field $(as $column)? $(= $how)?)),* })
            }
        }
    };
    (@ $columns:ident $places:ident, $field:ident) => {
        $columns.named(stringify!($field), $places.next().unwrap_or_default())?
    };
    (@ $columns:ident $places:ident, $field:ident as $column:literal) => {
        $columns.named($column, $places.next().unwrap_or_default())?
    };
    (@ $columns:ident $places:ident, $field:ident = flat) => { $crate::db::Row::read($columns)? };
    (@ $columns:ident $places:ident, $field:ident = if_there) => {
        if $columns.has(stringify!($field)) {
            $columns.named(stringify!($field), $places.next().unwrap_or_default())?
        } else {
            Default::default()
        }
    };
}

pub(crate) use columns;

macro_rules! tuples {
    ($($($kind:ident $place:literal),+;)*) => {$(
        impl<$($kind: Column + Send + 'static),+> Row for ($($kind,)+) {
            fn read(columns: &impl Columns) -> Result<Self> {
                Ok(($(columns.at::<$kind>($place)?,)+))
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
}
