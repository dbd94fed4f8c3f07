//! SuiteQL: `POST /services/rest/query/v1/suiteql`, with a parser and an evaluator for the part that integrations use.
//!
//! Supported: SELECT of columns, functions (`BUILTIN.DF`, `TO_CHAR`, `TO_TIMESTAMP`, `TO_DATE`, `NVL`, `ABS`, `COUNT(*)`)
//! with aliases; FROM with INNER and LEFT JOIN; WHERE with AND, OR, NOT, comparisons, IN, BETWEEN, LIKE, IS NULL and `?`;
//! ORDER BY; FETCH FIRST. Anything else is refused by name instead of being guessed at.

mod ast;
mod bind;
mod bounds;
mod columns;
mod endpoint;
mod eval;
mod format;
mod lexer;
mod parser;
mod rows;
mod run;

pub(super) use endpoint::handle;
pub(super) use format::account_date;
