//! Reading TOML tables so that every finding has a line, and a key that nobody asked for is a finding too.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One problem of a declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

/// The file under the eyes, and what was found in it.
pub(super) struct Document<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
    pub(super) findings: RefCell<Vec<Finding>>,
}

impl Document<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    pub(super) fn find(&self, line: usize, problem: impl Into<String>) {
        self.findings.borrow_mut().push(Finding { file: self.file.to_owned(), line, problem: problem.into() });
    }
}

/// One table; remembers which keys were asked for, and reports the others when dropped.
pub(super) struct Table<'d, 't> {
    document: &'d Document<'t>,
    table: Option<&'d DeTable<'t>>,
    /// As in the file: `entity.vendor.fields`.
    name: String,
    line: usize,
    asked: RefCell<BTreeSet<String>>,
}

/// An entry of a table that lists things by name.
pub(super) struct Entry<'d, 't> {
    pub(super) name: &'d str,
    pub(super) value: &'d Spanned<DeValue<'t>>,
    pub(super) line: usize,
}

impl Drop for Table<'_, '_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter().flat_map(|table| table.iter()) {
            if !asked.contains(key.get_ref().as_ref()) {
                let known = asked.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let line = self.document.line(key.span().start);
                self.document.find(line, format!("unknown key `{}` in [{}]; known: {known}", key.get_ref(), self.name));
            }
        }
    }
}

impl<'d, 't> Table<'d, 't> {
    pub(super) fn root(document: &'d Document<'t>, table: &'d DeTable<'t>) -> Self {
        Self { document, table: Some(table), name: "file".to_owned(), line: 1, asked: RefCell::default() }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// A table inside; one without keys if it is not there.
    pub(super) fn table(&self, key: &str) -> Self {
        match self.take(key) {
            Some(value) => self.inner(key, value),
            None => Self {
                document: self.document,
                table: None,
                name: self.path(key),
                line: self.line,
                asked: RefCell::default(),
            },
        }
    }

    /// The table that `entry` is.
    pub(super) fn inner(&self, key: &str, value: &'d Spanned<DeValue<'t>>) -> Self {
        let line = self.document.line(value.span().start);
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.document.find(line, format!("`{key}` in [{}] must be a table", self.name));
        }
        Self { document: self.document, table, name: self.path(key), line, asked: RefCell::default() }
    }

    /// All entries in the order of the file: for tables whose keys are names.
    pub(super) fn entries(&self) -> Vec<Entry<'d, 't>> {
        let mut entries: Vec<_> = self.table.iter().flat_map(|table| table.iter()).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                let name = key.get_ref().as_ref();
                self.asked.borrow_mut().insert(name.to_owned());
                Entry { name, value, line: self.document.line(key.span().start) }
            })
            .collect()
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        let value = self.take(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(value, key, "a text");
        }
        text
    }

    /// A text that must be there.
    pub(super) fn needed(&self, key: &str) -> String {
        self.text(key).unwrap_or_else(|| {
            if self.table.is_none_or(|table| !table.contains_key(key)) {
                self.document.find(self.line, format!("[{}] needs `{key}`", self.name));
            }
            String::new()
        })
    }

    pub(super) fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong(value, key, "true or false");
        }
        boolean
    }

    pub(super) fn number(&self, key: &str) -> Option<usize> {
        let value = self.take(key)?;
        let number = value.get_ref().as_integer().and_then(|digits| digits.as_str().parse().ok());
        if number.is_none() {
            self.wrong(value, key, "a whole number");
        }
        number
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.take(key).map(|value| self.texts_of(key, value)).unwrap_or_default()
    }

    pub(super) fn texts_of(&self, key: &str, value: &'d Spanned<DeValue<'t>>) -> Vec<String> {
        match value.get_ref() {
            DeValue::String(text) => vec![text.to_string()],
            DeValue::Array(items) if items.iter().all(|item| item.get_ref().is_str()) => {
                items.iter().filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
            }
            _ => {
                self.wrong(value, key, "a text or a list of texts");
                Vec::new()
            }
        }
    }

    /// A table of texts, in the order of the file.
    pub(super) fn pairs(&self, key: &str) -> Vec<(String, String)> {
        self.table(key).own_pairs()
    }

    /// All of this table's entries, which are texts.
    pub(super) fn own_pairs(&self) -> Vec<(String, String)> {
        let entries = self.entries().into_iter();
        entries.map(|entry| (entry.name.to_owned(), self.text(entry.name).unwrap_or_default())).collect()
    }

    fn take(&self, key: &str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table?.get(key)
    }

    fn wrong(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) {
        let line = self.document.line(value.span().start);
        self.document.find(line, format!("`{key}` in [{}] must be {wanted}", self.name));
    }

    fn path(&self, key: &str) -> String {
        if self.name == "file" { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}
