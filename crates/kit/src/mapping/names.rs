//! What a service calls by another name than the declaration: rows are given the declared names when they come, bodies the
//! service's own when they go. All else of a connector sees the declared ones only.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::convert::Form;
use super::dates;
use crate::error::Error;
use crate::json::{Node, Object};

/// The members of one object that are called otherwise, written otherwise, or looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    members: Vec<Member>,
    /// There are no nulls for texts: one is emptied by an empty text.
    empty_texts: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    ours: String,
    theirs: String,
    /// As the declaration writes the value.
    form: Option<Form>,
    inner: Names,
}

/// A part of a list that is to be read by a link of its own.
const MORE: &str = "@odata.nextLink";

impl Names {
    pub fn new(empty_texts: bool) -> Self {
        Self { members: Vec::new(), empty_texts }
    }

    /// What the declaration has at that path is called so by the service.
    pub fn call(&mut self, path: &str, theirs: &str) {
        if let Some(member) = self.at(path) {
            theirs.clone_into(&mut member.theirs);
        }
    }

    /// There are rows at that path.
    pub fn look_into(&mut self, path: &str) {
        self.at(path);
    }

    /// The declaration writes the value at that path in this form.
    pub fn write(&mut self, path: &str, form: Form) {
        if let Some(member) = self.at(path) {
            member.form = Some(form);
        }
    }

    fn at(&mut self, path: &str) -> Option<&mut Member> {
        let (first, rest) = path.split_once('/').map_or((path, ""), |(first, rest)| (first, rest));
        let place = self.members.iter().position(|member| member.ours == first).unwrap_or_else(|| {
            let name = first.to_owned();
            self.members.push(Member {
                theirs: name.clone(),
                ours: name,
                form: None,
                inner: Self::new(self.empty_texts),
            });
            self.members.len() - 1
        });
        let member = self.members.get_mut(place)?;
        if rest.is_empty() { Some(member) } else { member.inner.at(rest) }
    }

    /// A path of the declaration in the service's names; places in lists stay.
    pub fn path(&self, ours: &str) -> String {
        let (mut here, mut out) = (Some(self), Vec::new());
        for step in ours.split('/') {
            if step.parse::<usize>().is_ok() {
                out.push(step);
                continue;
            }
            let member = here.and_then(|names| names.members.iter().find(|member| member.ours == step));
            out.push(member.map_or(step, |member| &member.theirs));
            here = member.map(|member| &member.inner);
        }
        out.join("/")
    }

    /// The service's row in the declaration's names.
    pub fn inward(&self, node: &mut Node<'_>) -> Result<(), Error> {
        match node {
            Node::Array(items) => items.iter_mut().try_for_each(|item| self.inward(item)),
            Node::Object(object) => self.inward_object(object),
            _ => Ok(()),
        }
    }

    fn inward_object(&self, object: &mut Object<'_>) -> Result<(), Error> {
        for (name, node) in object.rename() {
            // A row without some of its lines would be a wrong one.
            if name.ends_with(MORE) {
                return Err(Error::Unexpected(format!("the rows below a record come in parts (`{name}`)")));
            }
            let Some(member) = self.members.iter().find(|member| member.theirs == *name) else { continue };
            if member.ours != member.theirs {
                *name = Cow::Owned(member.ours.clone());
            }
            if !member.inner.members.is_empty() {
                member.inner.inward(node)?;
            }
        }
        Ok(())
    }

    /// Those of the rows at that path.
    pub fn below(&self, path: &str) -> Option<&Self> {
        path.split('/').filter(|step| !step.is_empty()).try_fold(self, |names, step| {
            names.members.iter().find(|member| member.ours == step).map(|member| &member.inner)
        })
    }

    /// A body of ours as the service wants it.
    pub fn outward(&self, node: Node<'static>) -> Node<'static> {
        match node {
            Node::Array(items) => Node::Array(items.into_iter().map(|item| self.outward(item)).collect()),
            Node::Object(object) => {
                let members = object.into_members().into_iter().map(|(name, node)| self.outward_member(name, node));
                Node::Object(members.collect())
            }
            node => node,
        }
    }

    fn outward_member(&self, name: Cow<'static, str>, node: Node<'static>) -> (Cow<'static, str>, Node<'static>) {
        let Some(member) = self.members.iter().find(|member| member.ours == *name) else { return (name, node) };
        let node = match (member.form, node) {
            (Some(form), Node::Null) if self.empty_texts && is_textual(form) => Node::text(""),
            (Some(Form::ODataDate), Node::Text(text)) => {
                Node::text(dates::odata_date(&text).map_or(text.into_owned(), |date| date.to_string()))
            }
            (Some(Form::ODataInstant), Node::Text(text)) => {
                let at = dates::odata_instant(&text).map(|at| TimeZone::UTC.to_datetime(at));
                Node::text(at.map_or(text.into_owned(), |at| format!("{}Z", at.strftime("%Y-%m-%dT%H:%M:%S.%3f"))))
            }
            (_, node) => member.inner.outward(node),
        };
        (Cow::Owned(member.theirs.clone()), node)
    }
}

fn is_textual(form: Form) -> bool {
    matches!(form, Form::Text | Form::Reference | Form::Words | Form::Units | Form::Currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn names() -> Names {
        let mut names = Names::new(true);
        names.call("Code", "DeletionCode");
        names.call("to_Line", "_Line");
        names.call("to_Line/to_Part", "_Part");
        names.write("to_Line/to_Part/Day", Form::ODataDate);
        names.write("At", Form::ODataInstant);
        names.write("Terms", Form::Text);
        names
    }

    #[test]
    fn a_row_has_the_declared_names_and_its_raw_form_is_what_was_sent() {
        let text = r#"{"DeletionCode":"","_Line":[{"DeletionCode":"L","_Part":[{"Day":"2026-03-01"}]}]}"#;
        let mut row = parse(text).unwrap();
        names().inward(&mut row).unwrap();
        assert_eq!(
            row.to_json(),
            r#"{"Code":"","to_Line":[{"DeletionCode":"L","to_Part":[{"Day":"2026-03-01"}]}]}"#,
            "a name is another one at its own place only"
        );
        assert_eq!(row.as_object().unwrap().raw(), text);
    }

    #[test]
    fn a_body_has_the_services_names_dates_and_empty_texts() {
        let text = r#"{"Code":null,"Terms":null,"At":"/Date(1736496000123+0000)/","to_Line":[{"to_Part":[{"Day":"/Date(1736467200000)/"}]}]}"#;
        let body = Node::Object(parse(text).unwrap().as_object().unwrap().members().iter().map(owned).collect());
        assert_eq!(
            names().outward(body).to_json(),
            r#"{"DeletionCode":null,"Terms":"","At":"2025-01-10T08:00:00.123Z","_Line":[{"_Part":[{"Day":"2025-01-10"}]}]}"#
        );
        assert_eq!(names().path("to_Line/0/to_Part/Day"), "_Line/0/_Part/Day");
    }

    fn owned((name, node): &(Cow<'_, str>, Node<'_>)) -> (Cow<'static, str>, Node<'static>) {
        (Cow::Owned(name.clone().into_owned()), crate::protocol::json_rpc::owned(node))
    }

    #[test]
    fn lines_that_come_in_parts_are_refused() {
        let mut row = parse(r#"{"_Line":[],"_Line@odata.nextLink":"x"}"#).unwrap();
        assert!(names().inward(&mut row).is_err());
    }
}
