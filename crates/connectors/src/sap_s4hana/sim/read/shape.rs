//! Which properties and navigations an answer shows, from `$select` and `$expand`.

use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::schema::{Entity, Nav};

/// A longer path in `$expand` is refused.
const MAX_DEPTH: usize = 6;

#[derive(Debug)]
pub(in super::super) struct Shape {
    pub(super) type_name: String,
    /// `None` is all of them.
    pub(super) columns: Option<Vec<usize>>,
    /// In the order of the type; `None` is a link only.
    pub(super) navs: Vec<(&'static Nav, Option<Self>)>,
}

type Paths<'a> = Vec<Vec<&'a str>>;

impl Shape {
    /// Everything of one row, nothing below it.
    pub(in super::super) fn plain(entity: &'static Entity) -> Self {
        let navs = entity.navs.iter().map(|nav| (nav, None)).collect();
        Self { type_name: entity.type_name(), columns: None, navs }
    }

    pub(in super::super) fn new(
        entity: &'static Entity,
        select: Option<&str>,
        expand: Option<&str>,
    ) -> Result<Self, Refusal> {
        let select = select.map(paths).filter(|paths| !paths.is_empty());
        Self::build(entity, select, &expand.map(paths).unwrap_or_default(), 0)
    }

    /// Whether anything below the row is shown.
    pub(super) fn expands(&self) -> bool {
        self.navs.iter().any(|(_, inner)| inner.is_some())
    }

    fn build(
        entity: &'static Entity,
        select: Option<Paths<'_>>,
        expand: &Paths<'_>,
        depth: usize,
    ) -> Result<Self, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::syntax("The path in $expand is too long"));
        }
        for path in expand {
            known_nav(entity, path[0])?;
        }
        let all = select.as_ref().is_none_or(|paths| paths.iter().any(|path| path.as_slice() == ["*"]));
        let select = select.unwrap_or_default();
        let mut columns = Vec::new();
        for path in select.iter().filter(|path| path.as_slice() != ["*"]) {
            match entity.column(path[0]) {
                Some(column) if path.len() == 1 => columns.push(column),
                _ => known_nav(entity, path[0])?,
            }
        }
        columns.sort_unstable();
        columns.dedup();
        let mut navs = Vec::new();
        for nav in &entity.navs {
            let below = |paths: &Paths<'_>| -> Vec<Vec<String>> {
                let inside = paths.iter().filter(|path| path[0] == nav.name);
                inside.map(|path| path[1..].iter().map(|&part| part.to_owned()).collect()).collect()
            };
            let (selected, expanded) = (below(&select), below(expand));
            if !all && selected.is_empty() {
                continue;
            }
            if expanded.is_empty() {
                if selected.iter().any(|path| !path.is_empty()) {
                    let text = format!("Navigation property {} is selected from, but not expanded", nav.name);
                    return Err(Refusal::syntax(text));
                }
                navs.push((nav, None));
                continue;
            }
            let whole = selected.iter().any(Vec::is_empty) || selected.is_empty();
            let inner_select = (!whole).then(|| borrowed(&selected));
            let inner_expand: Paths<'_> = borrowed(&expanded).into_iter().filter(|path| !path.is_empty()).collect();
            navs.push((nav, Some(Self::build(entity.target(nav), inner_select, &inner_expand, depth + 1)?)));
        }
        Ok(Self { type_name: entity.type_name(), columns: (!all).then_some(columns), navs })
    }
}

fn paths(text: &str) -> Paths<'_> {
    let names = text.split(',').map(str::trim).filter(|path| !path.is_empty());
    names.map(|path| path.split('/').collect()).collect()
}

fn borrowed(paths: &[Vec<String>]) -> Paths<'_> {
    paths.iter().map(|path| path.iter().map(String::as_str).collect()).collect()
}

fn known_nav(entity: &Entity, name: &str) -> Result<(), Refusal> {
    match entity.nav(name) {
        Some(_) => Ok(()),
        None => Err(Refusal::syntax(format!("Property {name} not found in type {}", entity.type_name()))),
    }
}
