//! Reading XML reports element by element.
//!
//! [`Xml`] walks a document from outside to inside, like [`super::json::Json`].
//! It makes up for what an event reader leaves to its user: a document that
//! ends early is an error, so is a second root, and a text arrives whole. No
//! entity is ever expanded but the five of XML itself and character references,
//! and nothing outside the document is opened.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::ParseError;
use crate::artifact::{Place, Window};

/// A reader at some element of an XML document.
pub(crate) struct Xml {
    reader: Reader<Window>,
    buffer: Vec<u8>,
    /// The start tag that was read last, between its brackets.
    tag: String,
    /// Bytes of the tag's name, prefix included.
    name_length: usize,
    /// The names of the open elements, each after a slash.
    path: String,
    /// How long the path was before each of them.
    open: Vec<usize>,
}

/// An element with all that is in it, for those who copy documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// Without its namespace prefix.
    pub(crate) name: String,
    /// By their full names.
    pub(crate) attributes: Vec<(String, String)>,
    /// Its own text, as a whole.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// What a step through the document can meet.
enum Step {
    Start,
    End,
    Text,
    Eof,
}

impl Xml {
    /// How deep elements may be nested.
    const MAX_DEPTH: usize = 256;
    /// The largest single element that is taken into memory, in bytes of text.
    const MAX_TREE: usize = 64 << 20;

    pub(crate) fn new(window: Window) -> Self {
        let mut reader = Reader::from_reader(window);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            tag: String::new(),
            name_length: 0,
            path: String::new(),
            open: Vec::new(),
        }
    }

    /// Gives the file back, wherever the reader stands.
    pub(crate) fn into_window(self) -> Window {
        self.reader.into_inner()
    }

    /// Goes to the root element. Its name and attributes can then be asked for.
    pub(crate) fn root(&mut self) -> Result<(), ParseError> {
        match self.step(None)? {
            Step::Start => Ok(()),
            Step::Text | Step::End => {
                Err(self.error("text before the root element: this is not an XML report"))
            }
            Step::Eof => Err(self.error("there is no root element")),
        }
    }

    /// The name of the current element, without its namespace prefix.
    pub(crate) fn name(&self) -> &str {
        let name = self.tag.get(..self.name_length).unwrap_or_default();
        name.rsplit_once(':').map_or(name, |(_, name)| name)
    }

    /// The attributes of the current element, by their full names.
    pub(crate) fn attributes(&self) -> Result<Vec<(String, String)>, ParseError> {
        BytesStart::from_content(self.tag.as_str(), self.name_length)
            .attributes()
            .map(|attribute| {
                let attribute = attribute.map_err(|error| self.error(error.to_string()))?;
                let value = quick_xml::escape::unescape(&attribute.value)
                    .map_err(|error| self.error(error.to_string()))?;
                Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
            })
            .collect()
    }

    /// An attribute of the current element, by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>, ParseError> {
        let local = |full: &str| {
            full.rsplit_once(':')
                .map_or(full == name, |(_, local)| local == name)
        };
        Ok(self
            .attributes()?
            .into_iter()
            .find(|(full, _)| local(full))
            .map(|(_, value)| value))
    }

    /// Walks the elements inside the current one: `child` is called at each, and
    /// may take it (with this function or [`Xml::text`]) or leave it.
    pub(crate) fn children(
        &mut self,
        mut child: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        let depth = self.depth();
        loop {
            match self.step(None)? {
                Step::Start => {
                    child(self)?;
                    self.close(depth)?;
                }
                Step::Text => {}
                Step::End => return Ok(()),
                Step::Eof => return Err(self.cut_off()),
            }
        }
    }

    /// Takes the text of the current element, and of those inside it.
    pub(crate) fn text(&mut self) -> Result<String, ParseError> {
        let mut text = String::new();
        self.text_into(&mut text)?;
        Ok(text)
    }

    /// Takes the text in place of what is in `text`, whose memory it gets.
    pub(crate) fn text_into(&mut self, text: &mut String) -> Result<(), ParseError> {
        text.clear();
        let depth = self.depth();
        loop {
            match self.step(Some(text))? {
                Step::End if self.depth() < depth => return Ok(()),
                Step::Start | Step::Text | Step::End => {}
                Step::Eof => return Err(self.cut_off()),
            }
        }
    }

    /// Takes the current element with all that is in it.
    pub(crate) fn tree(&mut self) -> Result<Element, ParseError> {
        let mut room = Self::MAX_TREE;
        self.tree_within(&mut room)
    }

    fn tree_within(&mut self, room: &mut usize) -> Result<Element, ParseError> {
        let depth = self.depth();
        let mut element = Element {
            name: self.name().to_owned(),
            attributes: self.attributes()?,
            ..Element::default()
        };
        loop {
            let before = self.position();
            let step = self.step(Some(&mut element.text))?;
            let read = self.position().saturating_sub(before);
            let read = usize::try_from(read).unwrap_or(usize::MAX);
            *room = room.checked_sub(read).ok_or_else(|| {
                self.error(format!(
                    "a single element of more than {} bytes",
                    Self::MAX_TREE
                ))
            })?;
            match step {
                Step::Start => element.children.push(self.tree_within(room)?),
                Step::End if self.depth() < depth => return Ok(element),
                Step::Text | Step::End => {}
                Step::Eof => return Err(self.cut_off()),
            }
        }
    }

    /// Makes sure that the root is closed and that nothing follows it.
    pub(crate) fn finish(&mut self) -> Result<(), ParseError> {
        self.close(0)?;
        match self.step(None)? {
            Step::Eof => Ok(()),
            Step::Start => Err(self.error("a second document follows the report")),
            Step::Text | Step::End => Err(self.error("more text follows the report")),
        }
    }

    /// How far the text has been read.
    pub(crate) fn place(&self) -> Place {
        self.reader.get_ref().place()
    }

    /// How many elements are open.
    fn depth(&self) -> usize {
        self.open.len()
    }

    fn position(&self) -> u64 {
        self.reader.get_ref().position()
    }

    /// An error at this place.
    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::at(self.path.clone(), Some(self.place()), message)
    }

    fn cut_off(&self) -> ParseError {
        self.error("the text ends in the middle: it is cut off")
    }

    /// Passes over what is left until only `depth` elements are open.
    fn close(&mut self, depth: usize) -> Result<(), ParseError> {
        while self.depth() > depth {
            if matches!(self.step(None)?, Step::Eof) {
                return Err(self.cut_off());
            }
        }
        Ok(())
    }

    /// Reads up to the next tag, or text outside the root. Text is appended to
    /// `text`, if asked for; white space outside the root is no text.
    fn step(&mut self, text: Option<&mut String>) -> Result<Step, ParseError> {
        // Taken out, because an event borrows the buffer while we speak of it.
        let mut buffer = std::mem::take(&mut self.buffer);
        let step = self.step_into(&mut buffer, text);
        self.buffer = buffer;
        step
    }

    fn step_into(
        &mut self,
        buffer: &mut Vec<u8>,
        mut text: Option<&mut String>,
    ) -> Result<Step, ParseError> {
        let mut utf8 = [0; 4];
        loop {
            buffer.clear();
            let event = match self.reader.read_event_into(buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    return Err(super::io_error(
                        self.path.clone(),
                        Some(self.place()),
                        &error,
                    ));
                }
                Err(error) => return Err(self.error(error.to_string())),
            };
            let piece = match event {
                Event::Start(tag) => {
                    self.open.push(self.path.len());
                    if self.depth() > Self::MAX_DEPTH {
                        return Err(
                            self.error(format!("nested more than {} levels deep", Self::MAX_DEPTH))
                        );
                    }
                    self.tag.clear();
                    self.tag.push_str(&tag);
                    self.name_length = tag.name().as_ref().len();
                    self.path.push('/');
                    self.path.push_str(tag.local_name().as_ref());
                    return Ok(Step::Start);
                }
                Event::End(_) => {
                    self.path.truncate(self.open.pop().unwrap_or_default());
                    return Ok(Step::End);
                }
                Event::Text(_) | Event::CData(_) if text.is_none() && self.depth() > 0 => continue,
                Event::Text(piece) => piece.xml10_content(),
                Event::CData(piece) => piece.xml10_content(),
                Event::GeneralRef(reference) => {
                    Cow::Borrowed(&*self.resolve(&reference)?.encode_utf8(&mut utf8))
                }
                Event::Decl(declaration) => {
                    self.check_declaration(&declaration)?;
                    continue;
                }
                Event::DocType(definition) => {
                    self.check_definition(&definition)?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) | Event::Empty(_) => continue,
                Event::Eof => return Ok(Step::Eof),
            };
            if self.depth() == 0 && piece.trim_ascii().is_empty() {
                continue;
            }
            if let Some(text) = &mut text {
                text.push_str(&piece);
            }
            if self.depth() == 0 {
                return Ok(Step::Text);
            }
        }
    }

    /// Only what XML itself defines: the five entities, and characters by number.
    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, ParseError> {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(character)) => Some(character),
            Ok(None) => quick_xml::escape::resolve_predefined_entity(reference)
                .and_then(|text| text.chars().next()),
            Err(_) => None,
        };
        resolved.ok_or_else(|| {
            self.error(format!(
                "`&{};` is no entity of XML: it is never expanded",
                &**reference
            ))
        })
    }

    fn check_declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), ParseError> {
        // By its place: whether blanks before it are an event of their own depends on
        // where reading stops.
        let length = "<?".len() + declaration.len() + "?>".len();
        if self.position() != length as u64 {
            return Err(self.error("the XML declaration is not at the beginning of the text"));
        }
        match declaration.encoding() {
            None => Ok(()),
            // UTF-16 has been decoded by now, or there would be no tag to read.
            Some(Ok(name))
                if [
                    "utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be",
                ]
                .contains(&name.to_ascii_lowercase().as_str()) =>
            {
                Ok(())
            }
            Some(Ok(name)) => Err(self.error(format!(
                "the encoding `{name}` is not read, only UTF-8 and UTF-16"
            ))),
            Some(Err(error)) => Err(self.error(error.to_string())),
        }
    }

    /// A document type is passed over; one that defines or fetches something
    /// has no business in a report, and where one that is more than a name ends is
    /// not the same for every reader.
    fn check_definition(&self, definition: &str) -> Result<(), ParseError> {
        let defines = ["<!ENTITY", "SYSTEM", "PUBLIC", "%"];
        if defines.iter().any(|word| definition.contains(word)) {
            return Err(self.error(
                "the document type defines entities or refers to another file: nothing is expanded or fetched",
            ));
        }
        let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        match definition.trim().chars().all(is_of_name) {
            true => Ok(()),
            false => Err(self.error("the document type is more than a name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of all elements `t` inside the root.
    fn texts(document: &[u8]) -> Result<Vec<String>, String> {
        let mut xml = Xml::new(Window::over(document).unwrap());
        let mut texts = Vec::new();
        let mut read = || {
            xml.root()?;
            if xml.name() != "r" {
                return Err(xml.error("not a report"));
            }
            xml.children(|xml| {
                if xml.name() == "t" {
                    texts.push(xml.text()?);
                }
                Ok(())
            })?;
            xml.finish()
        };
        read().map_err(|error| error.to_string())?;
        Ok(texts)
    }

    #[test]
    fn a_text_arrives_whole() {
        for (document, text) in [
            (
                "<r><t>a &lt;p&gt; &amp; &#39;b&#x27; c</t></r>",
                "a <p> & 'b' c",
            ),
            ("<r><t> a <b>c</b> d </t></r>", " a c d "),
            ("<r><t>a<!-- no -->b<?no no?></t></r>", "ab"),
            (
                "<r><t>a <![CDATA[<b> & ]]]]><![CDATA[>]]></t></r>",
                "a <b> & ]]>",
            ),
            ("<r><t/></r>", ""),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!DOCTYPE r>\r\n<r><t>a\r\nb</t></r>\n",
                "a\nb",
            ),
            ("\u{feff}<?xml version=\"1.0\"?><r><t>é</t></r>", "é"),
            ("<x:r xmlns:x='y'><x:t>a</x:t></x:r>", "a"),
        ] {
            assert_eq!(texts(document.as_bytes()).unwrap(), [text], "{document}");
        }
    }

    #[test]
    fn what_is_not_taken_is_passed_over() {
        let document = b"<r><u><t>no</t></u><t>yes</t><u/><t/></r>";
        assert_eq!(texts(document).unwrap(), ["yes", ""]);
    }

    #[test]
    fn attributes_are_unescaped() {
        let mut xml = Xml::new(Window::over(*b"<r x:a='1 &lt; 2' b=\"\">").unwrap());
        xml.root().unwrap();
        assert_eq!(xml.attribute("a").unwrap().as_deref(), Some("1 < 2"));
        assert_eq!(xml.attribute("b").unwrap().as_deref(), Some(""));
        assert_eq!(xml.attribute("c").unwrap(), None);
    }

    #[test]
    fn what_is_not_whole_or_not_xml_is_an_error() {
        for (document, message) in [
            ("", "there is no root element"),
            (" ", "there is no root element"),
            ("<r><t>a</t>", "cut off"),
            ("<r><t>a", "cut off"),
            ("<r><u><t></t>", "cut off"),
            ("<r><t>a</r>", "</t>"),
            ("<r></r><r></r>", "a second document follows"),
            ("<r></r>x", "more text follows"),
            ("x<r></r>", "text before the root element"),
            ("<html></html>", "not a report"),
            ("<r><t>&nope;</t></r>", "`&nope;` is no entity of XML"),
            ("<r><t>&#0;</t></r>", "is no entity of XML"),
            ("<r><t>&#xD800;</t></r>", "is no entity of XML"),
            (
                "<!DOCTYPE r [<!ENTITY a 'b'>]><r><t>&a;</t></r>",
                "the document type defines entities",
            ),
            (
                "<!DOCTYPE r [<!ELEMENT r ANY>]><r/>",
                "document type is more than a name",
            ),
            (
                "<!DOCTYPE r \"<t>\"><r><t>a</t></r>",
                "document type is more than a name",
            ),
            (
                "<!DOCTYPE r SYSTEM 'http://example.invalid/r.dtd'><r/>",
                "refers to another file",
            ),
            (" <?xml version='1.0'?><r/>", "not at the beginning"),
            (
                "<!-- licence --><?xml version='1.0'?><r/>",
                "not at the beginning",
            ),
            (
                "<?xml version='1.0' encoding='ISO-8859-1'?><r/>",
                "the encoding `ISO-8859-1` is not read",
            ),
            ("<r><t><![CDATA[a</t></r>", "CData"),
        ] {
            let error = texts(document.as_bytes()).unwrap_err();
            assert!(
                error.to_lowercase().contains(&message.to_lowercase()),
                "{document}: {error}"
            );
        }
        assert!(texts(b"<r><t>\xe9</t></r>").is_err());
        assert!(
            texts("<r>".repeat(100_000).as_bytes())
                .unwrap_err()
                .contains("levels deep")
        );
    }

    #[test]
    fn an_error_says_where() {
        let error = texts(b"<r>\n <t>&nope;</t></r>").unwrap_err();
        assert!(error.starts_with("at `/r/t`, line 2, column "), "{error}");
    }
}
