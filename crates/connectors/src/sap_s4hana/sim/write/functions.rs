//! Function imports: their parameters from the query, and who carries them out.

use super::{Now, assets, goods, invoices, maintenance, notifications};
use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::filter::{coerce, tokens};
use crate::sap_s4hana::sim::node::Steps;
use crate::sap_s4hana::sim::read::decode;
use crate::sap_s4hana::sim::schema::{Family, Function};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// What a call gives back.
pub(in super::super) enum Called {
    /// The complex type that says nothing.
    Done,
    Row {
        place: u64,
        steps: Steps,
    },
    /// The values of a complex type, in its order.
    Values(Vec<Value>),
}

/// The parameters of one call, by name.
pub(super) struct Parameters(Vec<(&'static str, Value)>);

impl Parameters {
    pub(super) fn value(&self, name: &str) -> Value {
        self.0.iter().find(|(known, _)| *known == name).map_or(Value::Initial, |(_, value)| value.clone())
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.value(name).as_text().to_owned()
    }
}

pub(in super::super) fn call(
    world: &mut World,
    now: Now<'_>,
    family: Family,
    name: &str,
    query: &str,
    if_match: Option<&str>,
) -> Result<Called, Refusal> {
    let function = family.service().function(name).ok_or_else(|| Refusal::not_found(name))?;
    let given = parameters(function, query)?;
    match family {
        Family::GoodsMovements => {
            let document = (given.text("MaterialDocumentYear"), given.text("MaterialDocument"));
            let item = given.text("MaterialDocumentItem");
            let (item, steps) = if name == "CancelItem" { (Some(item.as_str()), vec![(0, 0)]) } else { (None, vec![]) };
            let date = given.value("PostingDate");
            goods::cancel(world, now, (&document.0, &document.1), item, date).map(|place| Called::Row { place, steps })
        }
        Family::Maintenance => maintenance::call(world, now, function.name, &given, if_match).map(|()| Called::Done),
        Family::Equipment => assets::call(world, now, function.name, &given, if_match).map(|()| Called::Done),
        Family::Notifications => {
            notifications::call(world, now, function.name, &given).map(|place| Called::Row { place, steps: Vec::new() })
        }
        Family::Invoices => invoices::call(world, now, function.name, &given).map(Called::Values),
        _ => Err(Refusal::not_implemented("EXECUTE_ACTION", name)),
    }
}

fn parameters(function: &'static Function, query: &str) -> Result<Parameters, Refusal> {
    let mut given = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(['$', 's'])) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = function.parameters.iter().find(|(parameter, _)| parameter.name == decode(name));
        let Some((parameter, _)) = known else {
            return Err(Refusal::syntax(format!("Parameter {name} is not known to function {}", function.name)));
        };
        let words = tokens(&decode(value)).unwrap_or_default();
        let value = match words.as_slice() {
            [(_, token)] => coerce(token, parameter),
            _ => None,
        };
        let wrong = || Refusal::syntax(format!("Parameter {name} of function {} has an invalid value", function.name));
        given.push((parameter.name, value.ok_or_else(wrong)?));
    }
    for (parameter, optional) in &function.parameters {
        if !optional && !given.iter().any(|(name, _)| *name == parameter.name) {
            let text = format!("Parameter {} of function {} is missing", parameter.name, function.name);
            return Err(Refusal::syntax(text));
        }
    }
    Ok(Parameters(given))
}
