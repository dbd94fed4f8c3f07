//! What was signed: literal text around `{id}`, `{time}`, `{url}` and `{body}`.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Id,
    Time,
    Url,
    Body,
}

/// What the pieces stand for in one request.
pub(super) struct Values<'v> {
    pub(super) id: &'v str,
    pub(super) time: &'v str,
    pub(super) url: &'v str,
    pub(super) body: &'v [u8],
}

impl Template {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (name, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has no `}}` after a `{{`"))?;
            pieces.push(match name {
                "id" => Piece::Id,
                "time" => Piece::Time,
                "url" => Piece::Url,
                "body" => Piece::Body,
                other => return Err(format!("`{{{other}}}` is none of {{id}}, {{time}}, {{url}}, {{body}}")),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let template = Self(pieces);
        // Whoever signs no body lets everybody change it.
        if template.has(&Piece::Body) { Ok(template) } else { Err(format!("`{text}` does not hold {{body}}")) }
    }

    pub(super) fn body() -> Self {
        Self(vec![Piece::Body])
    }

    pub(super) fn with_time() -> Self {
        Self(vec![Piece::Time, Piece::Text(".".to_owned()), Piece::Body])
    }

    pub(super) fn with_id_and_time() -> Self {
        let dot = || Piece::Text(".".to_owned());
        Self(vec![Piece::Id, dot(), Piece::Time, dot(), Piece::Body])
    }

    pub(super) fn signs_id(&self) -> bool {
        self.has(&Piece::Id)
    }

    pub(super) fn signs_time(&self) -> bool {
        self.has(&Piece::Time)
    }

    fn has(&self, piece: &Piece) -> bool {
        self.0.contains(piece)
    }

    /// The signed bytes, piece after piece.
    pub(super) fn bytes(&self, values: &Values<'_>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(values.body.len() + 128);
        for piece in &self.0 {
            bytes.extend_from_slice(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Id => values.id.as_bytes(),
                Piece::Time => values.time.as_bytes(),
                Piece::Url => values.url.as_bytes(),
                Piece::Body => values.body,
            });
        }
        bytes
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Id => "{id}".to_owned(),
            Piece::Time => "{time}".to_owned(),
            Piece::Url => "{url}".to_owned(),
            Piece::Body => "{body}".to_owned(),
        };
        template.0.iter().map(piece).collect()
    }
}
