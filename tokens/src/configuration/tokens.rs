//! The tokens that the sections make up.

use std::path::Path;
use std::sync::Arc;

use super::ini;
use super::section::{Content, Read, read};
use crate::error::Error;
use crate::sections::Section;
use crate::token::Token;

/// A token, before all of its sections are known.
struct Begun<'a> {
    section: Read<'a>,
    further: Vec<Section>,
}

/// Returns the tokens, in the order of their sections.
///
/// # Errors
/// A section is wrong, or names a token that does not exist.
pub(super) fn of(
    path: &Path,
    sections: &[ini::Section],
    prefix: Option<&str>,
) -> Result<Vec<Arc<Token>>, Error> {
    let (mut begun, mut further) = (Vec::new(), Vec::new());
    for section in sections {
        let read = read(path, section, prefix)?;
        match read.content {
            Content::Key(key, Some(token)) => further.push((section, *key, token)),
            _ => begun.push(Begun { section: read, further: Vec::new() }),
        }
    }
    for (section, key, name) in further {
        let line =
            section.lines.iter().find(|line| line.name == "token").map_or(section.number, |line| line.number);
        let wrong = |problem| Error::Configuration {
            path: path.to_owned(),
            line,
            problem,
            hint: "write the name of a section that has a line `private key` and no line `token`".into(),
        };
        let token = begun.iter_mut().find(|begun| begun.section.name == name);
        match token {
            None => return Err(wrong(format!("there is no section [{name}] of a token"))),
            Some(Begun { section: Read { content: Content::Folder(_), .. }, .. }) => {
                return Err(wrong(format!(
                    "the token [{name}] is a folder, and its keys are the files in it"
                )));
            }
            Some(token) => token.further.push(key),
        }
    }
    Ok(begun.into_iter().map(|begun| Arc::new(begun.token(prefix))).collect())
}

impl Begun<'_> {
    fn token(self, prefix: Option<&str>) -> Token {
        let Read { name, content, serial, always_authenticate } = self.section;
        let token = match content {
            Content::Folder(path) => Token::of_folder(name.to_owned(), path, prefix.map(str::to_owned)),
            Content::Key(key, _) => {
                let sections = std::iter::once(*key).chain(self.further).collect();
                Token::of_sections(name.to_owned(), sections)
            }
        };
        token.with(serial, always_authenticate)
    }
}
