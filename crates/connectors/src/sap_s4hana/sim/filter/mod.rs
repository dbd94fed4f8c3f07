//! `$filter` and the literals of OData v2: words, grammar, types and evaluation.

mod eval;
mod lex;
mod parse;

pub(super) use eval::{Expr, Operator, Term};
pub(super) use lex::{Token, tokens};
pub(super) use parse::{coerce, normal, parse};
