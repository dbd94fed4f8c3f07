//! SuiteQL from tokens to a query, by recursive descent.

use rust_decimal::Decimal;

use super::ast::{Expr, Join, Operator, Order, Query, Source};
use super::lexer::{Token, tokens};

const MAX_NESTING: usize = 64;
/// Oracle's limit for a list after IN.
const MAX_LIST: usize = 1_000;
const CLAUSES: [&str; 17] = [
    "FROM", "WHERE", "ORDER", "GROUP", "HAVING", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN", "ON", "FETCH",
    "UNION", "AND", "OR", "OFFSET",
];

pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, parameters: 0 };
    let query = parser.query()?;
    match parser.tokens.get(parser.at) {
        None => Ok(query),
        Some(token) => Err(format!("unexpected {}", shown(token))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    parameters: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Query, String> {
        self.need("SELECT")?;
        if self.word("DISTINCT") {
            return Err("DISTINCT is not simulated".to_owned());
        }
        let mut select = vec![self.selected()?];
        while self.symbol(",") {
            select.push(self.selected()?);
        }
        self.need("FROM")?;
        let from = self.source()?;
        let mut joins = Vec::new();
        loop {
            let left = if self.word("LEFT") {
                self.word("OUTER");
                true
            } else if self.word("INNER") || self.is_word("JOIN") {
                false
            } else {
                break;
            };
            self.need("JOIN")?;
            let source = self.source()?;
            self.need("ON")?;
            joins.push(Join { left, source, on: self.any(0)? });
        }
        let filter = if self.word("WHERE") { Some(self.any(0)?) } else { None };
        let mut order = Vec::new();
        if self.word("ORDER") {
            self.need("BY")?;
            order.push(self.order()?);
            while self.symbol(",") {
                order.push(self.order()?);
            }
        }
        let fetch = if self.word("FETCH") { Some(self.fetch()?) } else { None };
        Ok(Query { select, from, joins, filter, order, fetch, parameters: self.parameters })
    }

    fn selected(&mut self) -> Result<(Expr, Option<String>), String> {
        let expr = self.any(0)?;
        let named = self.word("AS");
        let alias = match self.tokens.get(self.at) {
            Some(Token::Quoted(name)) => Some(name.to_lowercase()),
            Some(Token::Word(name)) if !is_clause(name) => Some(name.to_lowercase()),
            _ if named => return Err("a name is missing after AS".to_owned()),
            _ => None,
        };
        self.at += usize::from(alias.is_some());
        Ok((expr, alias))
    }

    fn source(&mut self) -> Result<Source, String> {
        let table = self.name()?.to_lowercase();
        self.word("AS");
        let alias = match self.tokens.get(self.at) {
            Some(Token::Word(name)) if !is_clause(name) => {
                self.at += 1;
                self.word_before().to_lowercase()
            }
            _ => table.clone(),
        };
        Ok(Source { table, alias })
    }

    fn word_before(&self) -> &str {
        match self.tokens.get(self.at - 1) {
            Some(Token::Word(word)) => word,
            _ => "",
        }
    }

    fn order(&mut self) -> Result<Order, String> {
        let by = self.primary(0)?;
        let descending = if self.word("DESC") {
            true
        } else {
            self.word("ASC");
            false
        };
        let mut nulls_first = descending;
        if self.word("NULLS") {
            nulls_first = self.word("FIRST");
            if !nulls_first {
                self.need("LAST")?;
            }
        }
        Ok(Order { by, descending, nulls_first })
    }

    fn fetch(&mut self) -> Result<usize, String> {
        if !self.word("FIRST") {
            self.need("NEXT")?;
        }
        let count = match self.tokens.get(self.at) {
            Some(Token::Number(text)) => text.parse().map_err(|_| format!("'{text}' is no number of rows"))?,
            _ => return Err("a number of rows is missing".to_owned()),
        };
        self.at += 1;
        if !self.word("ROWS") {
            self.need("ROW")?;
        }
        self.need("ONLY")?;
        Ok(count)
    }

    fn any(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > MAX_NESTING {
            return Err("the query is nested too deeply".to_owned());
        }
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.word("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(only(parts, Expr::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.negation(depth)?];
        while self.word("AND") {
            parts.push(self.negation(depth)?);
        }
        Ok(only(parts, Expr::And))
    }

    fn negation(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > MAX_NESTING {
            return Err("the query is nested too deeply".to_owned());
        }
        if self.word("NOT") { Ok(Expr::Not(Box::new(self.negation(depth + 1)?))) } else { self.predicate(depth) }
    }

    fn predicate(&mut self, depth: usize) -> Result<Expr, String> {
        let value = self.primary(depth)?;
        for (symbol, operator) in [
            ("=", Operator::Equal),
            ("<>", Operator::NotEqual),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
            (">=", Operator::GreaterOrEqual),
            (">", Operator::Greater),
        ] {
            if self.symbol(symbol) {
                return Ok(Expr::Compare(operator, Box::new(value), Box::new(self.primary(depth)?)));
            }
        }
        if self.word("IS") {
            let negated = self.word("NOT");
            self.need("NULL")?;
            return Ok(negate(negated, Expr::IsNull(Box::new(value))));
        }
        let negated = self.word("NOT");
        if self.word("IN") {
            return Ok(negate(negated, Expr::In(Box::new(value), self.list(depth)?)));
        }
        if self.word("LIKE") {
            return Ok(negate(negated, Expr::Like(Box::new(value), Box::new(self.primary(depth)?))));
        }
        if self.word("BETWEEN") {
            let low = self.primary(depth)?;
            self.need("AND")?;
            let high = self.primary(depth)?;
            let from = Expr::Compare(Operator::GreaterOrEqual, Box::new(value.clone()), Box::new(low));
            let to = Expr::Compare(Operator::LessOrEqual, Box::new(value), Box::new(high));
            return Ok(negate(negated, Expr::And(vec![from, to])));
        }
        if negated { Err("IN, LIKE or BETWEEN is missing after NOT".to_owned()) } else { Ok(value) }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Expr>, String> {
        self.need_symbol("(")?;
        let mut list = vec![self.primary(depth)?];
        while self.symbol(",") {
            list.push(self.primary(depth)?);
        }
        self.need_symbol(")")?;
        if list.len() > MAX_LIST {
            return Err(format!("the maximum number of expressions in a list is {MAX_LIST}"));
        }
        Ok(list)
    }

    fn primary(&mut self, depth: usize) -> Result<Expr, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("the query ends too early")?;
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Number(text) => number(&text).map(Expr::Number),
            Token::Symbol("-") => match self.primary(depth)? {
                Expr::Number(number) => Ok(Expr::Number(-number)),
                _ => Err("only numbers can be negated".to_owned()),
            },
            Token::Symbol("?") => {
                self.parameters += 1;
                Ok(Expr::Parameter(self.parameters - 1))
            }
            Token::Symbol("(") => {
                let inner = self.any(depth + 1)?;
                self.need_symbol(")")?;
                Ok(inner)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => Ok(Expr::Null),
            Token::Word(word) if is_clause(&word) => Err(format!("unexpected {}", word.to_uppercase())),
            Token::Word(first) | Token::Quoted(first) => self.named(&first, depth),
            other => Err(format!("unexpected {}", shown(&other))),
        }
    }

    /// A column (`name`, `alias.name`) or a call (`NAME(…)`, `BUILTIN.DF(…)`).
    fn named(&mut self, first: &str, depth: usize) -> Result<Expr, String> {
        let second = if self.symbol(".") { Some(self.name()?) } else { None };
        if !self.symbol("(") {
            return Ok(match second {
                Some(name) => Expr::Column { table: Some(first.to_lowercase()), name: name.to_lowercase() },
                None => Expr::Column { table: None, name: first.to_lowercase() },
            });
        }
        let name = match second {
            Some(second) => format!("{first}.{second}").to_uppercase(),
            None => first.to_uppercase(),
        };
        if name == "COUNT" && self.symbol("*") {
            self.need_symbol(")")?;
            return Ok(Expr::CountAll);
        }
        if depth >= MAX_NESTING {
            return Err("the query is nested too deeply".to_owned());
        }
        let mut arguments = vec![self.primary(depth + 1)?];
        while self.symbol(",") {
            arguments.push(self.primary(depth + 1)?);
        }
        self.need_symbol(")")?;
        Ok(Expr::Call(name, arguments))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(name) | Token::Quoted(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            Some(token) => Err(format!("a name is missing before {}", shown(token))),
            None => Err("a name is missing at the end".to_owned()),
        }
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, wanted: &str) -> Result<(), String> {
        if self.word(wanted) { Ok(()) } else { Err(format!("{wanted} is missing{}", self.place())) }
    }

    fn symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Symbol(symbol)) if *symbol == wanted);
        self.at += usize::from(found);
        found
    }

    fn need_symbol(&mut self, wanted: &str) -> Result<(), String> {
        if self.symbol(wanted) { Ok(()) } else { Err(format!("'{wanted}' is missing{}", self.place())) }
    }

    fn place(&self) -> String {
        self.tokens.get(self.at).map_or_else(|| " at the end".to_owned(), |token| format!(" before {}", shown(token)))
    }
}

fn number(text: &str) -> Result<Decimal, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}

fn is_clause(word: &str) -> bool {
    CLAUSES.iter().any(|clause| clause.eq_ignore_ascii_case(word))
}

fn only(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

fn negate(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Quoted(name) => format!("\"{name}\""),
        Token::Text(text) => format!("'{text}'"),
        Token::Number(number) => number.clone(),
        Token::Symbol(symbol) => format!("'{symbol}'"),
    }
}
