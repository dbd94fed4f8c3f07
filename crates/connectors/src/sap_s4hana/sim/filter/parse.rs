//! The grammar of `$filter`: `or` < `and` < `not` < comparison, functions, parentheses; with the types checked.

use super::eval::{Expr, Function, Operator, Term};
use super::lex::{Token, tokens};
use crate::sap_s4hana::sim::schema::{Entity, Kind, Property};
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::{Number, Value};

/// Nested deeper than this, a filter is refused.
const MAX_DEPTH: usize = 60;

/// Parses and checks a filter over the rows of one entity type; the error is a sentence.
pub(in super::super) fn parse(text: &str, entity: &'static Entity) -> Result<Expr, String> {
    let tokens = tokens(text).map_err(|at| format!("Invalid token detected at position {at}"))?;
    let mut parser = Parser { tokens, at: 0, depth: 0, entity };
    let expr = parser.either()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some((at, _)) => Err(format!("Invalid token detected at position {at}")),
    }
}

/// The value of a literal, or nothing if it is none.
pub(in super::super) fn literal(token: &Token) -> Option<Value> {
    match token {
        Token::Word(word) => match word.as_str() {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Token::Digits(digits) => {
            Number::parse(digits.trim_end_matches(['M', 'm', 'L', 'l', 'd', 'D', 'f', 'F'])).map(Value::Number)
        }
        Token::Quoted { prefix, text } => match prefix.as_str() {
            "" | "guid" => Some(Value::text(text.clone())),
            "datetime" => stamp::parse_local(text).map(Value::Ticks),
            "datetimeoffset" => stamp::parse_zoned(text).map(Value::Ticks),
            "time" => stamp::parse_time(text).map(Value::Time),
            _ => None,
        },
        _ => None,
    }
}

/// A literal as the database compares it with a property, if the types fit: `'10'` is `00010` for a numeric text.
pub(in super::super) fn coerce(token: &Token, property: &Property) -> Option<Value> {
    let value = literal(token)?;
    let prefix = match token {
        Token::Quoted { prefix, .. } => prefix.as_str(),
        _ => "",
    };
    let fits = match (&value, property.kind) {
        (Value::Null, _) => true,
        (Value::Text(_), Kind::Text { .. }) => prefix.is_empty(),
        (Value::Text(_), Kind::Guid) => prefix == "guid",
        (Value::Bool(_), Kind::Bool) | (Value::Number(_), Kind::Number { .. }) | (Value::Time(_), Kind::Time) => true,
        (Value::Ticks(_), Kind::Date) => prefix == "datetime",
        (Value::Ticks(_), Kind::Instant { .. }) => prefix == "datetimeoffset",
        _ => false,
    };
    fits.then(|| normal(value, property))
}

/// What the conversion exits do to a text on its way in.
pub(in super::super) fn normal(value: Value, property: &Property) -> Value {
    let Value::Text(text) = &value else { return value };
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match property.kind {
        Kind::Text { max: Some(max) } if property.numc && (all_digits || text.is_empty()) => {
            Value::text(format!("{text:0>max$}"))
        }
        Kind::Text { .. } if property.alpha && all_digits => {
            let short = text.trim_start_matches('0');
            if short.len() == text.len() { value } else { Value::text(short.to_owned()) }
        }
        Kind::Text { .. } if property.upper && text.chars().any(char::is_lowercase) => Value::text(text.to_uppercase()),
        Kind::Guid => Value::text(text.to_lowercase()),
        _ => value,
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    entity: &'static Entity,
}

impl Parser {
    fn either(&mut self) -> Result<Expr, String> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, String> {
        let mut left = self.unary()?;
        while self.takes_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("The filter is nested too deeply".to_owned());
        }
        let expr = if self.takes_word("not") {
            Expr::Not(Box::new(self.unary()?))
        } else if self.takes(&Token::Open) {
            let inner = self.either()?;
            self.needs(&Token::Close)?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn comparison(&mut self) -> Result<Expr, String> {
        let start = self.at;
        let left = self.term(None)?;
        let operator = match self.tokens.get(self.at) {
            Some((_, Token::Word(word))) => Operator::parse(word),
            _ => None,
        };
        let Some(operator) = operator else {
            return match self.is_truth(&left) {
                true => Ok(Expr::Truth(left)),
                false => Err(format!("Invalid token detected at position {}", self.place(self.at))),
            };
        };
        self.at += 1;
        let right_start = self.at;
        let right = self.term(self.property(&left))?;
        // A literal on the left learns its type only from the right.
        let left = match (&left, self.property(&right)) {
            (Term::Literal(_), Some(property)) => Term::Literal(self.typed(start, property)?),
            _ => left,
        };
        if let (Some(one), Some(other)) = (self.property(&left), self.property(&right))
            && std::mem::discriminant(&one.kind) != std::mem::discriminant(&other.kind)
        {
            return Err(format!("Properties of different types are compared at position {}", self.place(right_start)));
        }
        Ok(Expr::Compare(left, operator, right))
    }

    /// A property, a function or a literal; the literal takes the type of `beside` if there is one.
    fn term(&mut self, beside: Option<&'static Property>) -> Result<Term, String> {
        let here = self.at;
        let Some((place, token)) = self.tokens.get(here).cloned() else {
            return Err("The filter ends where an expression was expected".to_owned());
        };
        self.at += 1;
        if let Token::Word(word) = &token {
            if self.tokens.get(self.at).is_some_and(|(_, next)| *next == Token::Open) {
                return self.call(word, place);
            }
            if literal(&token).is_none() {
                return self.column(word);
            }
        }
        match beside {
            Some(property) => Ok(Term::Literal(self.typed(here, property)?)),
            None => {
                literal(&token).map(Term::Literal).ok_or_else(|| format!("Invalid token detected at position {place}"))
            }
        }
    }

    fn column(&self, name: &str) -> Result<Term, String> {
        let Some(column) = self.entity.column(name) else {
            return Err(format!("Property {name} not found in type {}", self.entity.type_name()));
        };
        match self.entity.properties[column].nofilter {
            true => Err(format!("Property {name} is not filterable")),
            false => Ok(Term::Column(column)),
        }
    }

    fn call(&mut self, name: &str, place: usize) -> Result<Term, String> {
        let Some((function, count)) = Function::parse(name) else {
            return Err(format!("Invalid function {name} detected at position {place}"));
        };
        self.needs(&Token::Open)?;
        let mut arguments = vec![self.term(None)?];
        while self.takes(&Token::Comma) {
            arguments.push(self.term(None)?);
        }
        self.needs(&Token::Close)?;
        let all_texts = arguments.iter().all(|argument| match argument {
            Term::Column(column) => matches!(self.entity.properties[*column].kind, Kind::Text { .. }),
            Term::Literal(value) => matches!(value, Value::Text(_)),
            Term::Call(function, _) => !function.is_truth(),
        });
        if arguments.len() != count || !all_texts {
            return Err(format!("Function {name} takes {count} texts, at position {place}"));
        }
        let upper = arguments.iter().filter_map(|argument| self.property(argument)).any(|property| property.upper);
        if upper {
            for argument in &mut arguments {
                if let Term::Literal(Value::Text(text)) = argument {
                    *text = text.to_uppercase().into();
                }
            }
        }
        Ok(Term::Call(function, arguments))
    }

    fn typed(&self, at: usize, property: &'static Property) -> Result<Value, String> {
        let (place, token) = &self.tokens[at];
        coerce(token, property).ok_or_else(|| {
            format!("The literal at position {place} does not fit the type of property {}", property.name)
        })
    }

    fn is_truth(&self, term: &Term) -> bool {
        match term {
            Term::Column(column) => self.entity.properties[*column].kind == Kind::Bool,
            Term::Literal(value) => matches!(value, Value::Bool(_)),
            Term::Call(function, _) => function.is_truth(),
        }
    }

    fn property(&self, term: &Term) -> Option<&'static Property> {
        match term {
            Term::Column(column) => Some(&self.entity.properties[*column]),
            _ => None,
        }
    }

    fn takes(&mut self, token: &Token) -> bool {
        let there = self.tokens.get(self.at).is_some_and(|(_, next)| next == token);
        self.at += usize::from(there);
        there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some((_, Token::Word(next))) if next == word);
        self.at += usize::from(there);
        there
    }

    fn needs(&mut self, token: &Token) -> Result<(), String> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(format!("Invalid token detected at position {}", self.place(self.at))),
        }
    }

    fn place(&self, at: usize) -> usize {
        self.tokens.get(at).or(self.tokens.last()).map_or(0, |(place, _)| *place)
    }
}
