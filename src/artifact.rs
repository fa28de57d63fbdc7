//! The artifact: the bytes that a scanner left, before anyone knows their format.
//!
//! [`open`] gives a [`Window`] over a file's decoded text: compression and
//! UTF-16 are undone on the way, while the bytes as stored are counted and
//! hashed. Nothing is held in memory but the window.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use base16ct::lower;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// The largest report that is read unless told otherwise, in bytes, both as
/// stored and unpacked.
pub const DEFAULT_MAX_SIZE: u64 = 8 << 30;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is none.
    #[error("there is no such file; did the scanner's job keep its report?")]
    Missing,
    /// The operating system says so.
    #[error("{0}")]
    Io(io::Error),
    /// A directory, a pipe or a device: it may never end, or change its mind.
    #[error("not a regular file; to read from a pipe, name the report `-`")]
    NotAFile,
    /// More bytes than are read.
    #[error(
        "larger than the limit of {0} bytes; raise it with `--max-report-size` if this is right"
    )]
    TooLarge(u64),
    /// The size at the end is not that of the beginning.
    #[error("changed while it was read: {before} bytes at first, {after} at the end")]
    Changed {
        /// Bytes when it was opened.
        before: u64,
        /// Bytes that were read.
        after: u64,
    },
}

impl From<io::Error> for ArtifactError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// More would have to be kept of a pinned window than it may.
#[derive(Debug, thiserror::Error)]
#[error("nothing at the beginning of the text says what it is")]
struct TooFar;

/// Whether reading on failed only because a pinned window keeps no more.
pub fn is_too_far(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooFar>)
}

/// What a file turned out to be: its size and digest, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digested {
    /// Bytes as stored.
    pub bytes: u64,
    /// SHA-256 of those bytes, in hexadecimal.
    pub sha256: String,
}

/// Opens `path`, or standard input for [`STDIN`], for reading up to `max_size`
/// bytes.
///
/// # Errors
///
/// When the file is missing, not regular, unreadable, or larger than that.
pub fn open(path: &Path, max_size: u64) -> Result<Window, ArtifactError> {
    if path.as_os_str() == STDIN {
        return Ok(Window::new(Box::new(io::stdin()), None, max_size)?);
    }
    // Asked before opening: opening a pipe that nobody writes to never returns.
    // The caller names the path, so plain errors will do.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(ArtifactError::NotAFile);
    }
    if metadata.len() > max_size {
        return Err(ArtifactError::TooLarge(max_size));
    }
    let file = std::fs::OpenOptions::new().read(true).open(path)?;
    Ok(Window::new(Box::new(file), Some(metadata.len()), max_size)?)
}

/// A moving view of an artifact's text, in UTF-8 unless the scanner wrote
/// something else.
///
/// The bytes from the current place on are in [`Window::available`]; more come
/// with [`Window::fill`], and [`Window::consume`] lets go of the first.
pub struct Window {
    text: Box<dyn Read>,
    stored: Rc<RefCell<Stored>>,
    size_at_open: Option<u64>,
    max_size: u64,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The place of the first byte in the buffer.
    begin: Place,
    /// How many bytes may be kept for going back; absent when none are.
    pinned: Option<usize>,
    at_end: bool,
}

/// A place in the decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub byte: u64,
    /// 1-based.
    pub line: u64,
    /// Bytes before the line.
    line_start: u64,
}

impl Place {
    const START: Self = Self {
        byte: 0,
        line: 1,
        line_start: 0,
    };

    /// 1-based, in bytes.
    pub fn column(self) -> u64 {
        self.byte - self.line_start + 1
    }

    /// The place after `bytes`, which stand at this one.
    #[must_use]
    pub fn after(self, bytes: &[u8]) -> Self {
        let byte = self.byte + bytes.len() as u64;
        match memchr::memrchr(b'\n', bytes) {
            None => Self { byte, ..self },
            Some(last) => Self {
                byte,
                line: self.line + memchr::memchr_iter(b'\n', bytes).count() as u64,
                line_start: self.byte + last as u64 + 1,
            },
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {}, column {} (byte {})",
            self.line,
            self.column(),
            self.byte
        )
    }
}

impl Window {
    const CHUNK: usize = 64 << 10;

    /// A window over bytes in memory, as over a file with them.
    pub fn over(bytes: impl Into<Vec<u8>>) -> io::Result<Self> {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self::new(Box::new(Cursor::new(bytes)), Some(size), DEFAULT_MAX_SIZE)
    }

    fn new(raw: Box<dyn Read>, size_at_open: Option<u64>, max_size: u64) -> io::Result<Self> {
        let stored = Rc::new(RefCell::new(Stored {
            raw,
            bytes: 0,
            hash: Sha256::new(),
        }));
        Ok(Self {
            text: text_of(Box::new(Shared(Rc::clone(&stored))))?,
            stored,
            size_at_open,
            max_size,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            begin: Place::START,
            pinned: None,
            at_end: false,
        })
    }

    /// The bytes at hand, from the current place on.
    #[inline]
    pub fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The current place. Lines are counted here, and not as they are consumed: to
    /// be asked for an error, and not for every value.
    pub fn place(&self) -> Place {
        self.place_before(0)
    }

    /// The place of the last `count` bytes that were consumed, as in
    /// [`Window::consumed`].
    pub fn place_before(&self, count: usize) -> Place {
        let passed = self.buffer.get(..self.start.saturating_sub(count));
        self.begin.after(passed.unwrap_or_default())
    }

    /// How many bytes of the text are consumed.
    pub fn position(&self) -> u64 {
        self.begin.byte + self.start as u64
    }

    /// Reads on, so that more is available. False at the end of the text.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or unpacked, or grows over its limit.
    pub fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        if self.pinned.is_some_and(|limit| self.end >= limit) {
            return Err(io::Error::other(TooFar));
        }
        if self.pinned.is_none() && self.start > 0 {
            self.begin = self.place();
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < Self::CHUNK {
            let grown = (self.buffer.len() * 2).max(Self::CHUNK);
            self.buffer.resize(grown.max(self.end + Self::CHUNK), 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.text.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        self.at_end = read == 0;
        if self.begin.byte + self.end as u64 > self.max_size {
            self.at_end = true;
            return Err(io::Error::other(ArtifactError::TooLarge(self.max_size)));
        }
        Ok(read > 0)
    }

    /// Lets go of the first `count` of the available bytes.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }

    /// The last `count` bytes that were consumed; to be asked before the
    /// window is filled again.
    pub fn consumed(&self, count: usize) -> &[u8] {
        self.buffer
            .get(self.start.saturating_sub(count)..self.start)
            .unwrap_or_default()
    }

    /// Keeps what is consumed from now on, for [`Window::rewind`]. To be called
    /// before anything is consumed. Reading on for more than about `limit` bytes
    /// is then an error, [`is_too_far`].
    pub fn pin(&mut self, limit: usize) {
        self.pinned = Some(limit);
    }

    /// Goes back to the beginning of the text, and keeps no more.
    pub fn rewind(&mut self) {
        debug_assert!(self.pinned.is_some(), "only a pinned window can go back");
        self.start = 0;
        self.pinned = None;
    }

    /// Reads what is left of the file as stored, for its size and digest.
    ///
    /// # Errors
    ///
    /// When the file cannot be read to its end, or is not as large as it was.
    pub fn finish(self) -> Result<Digested, ArtifactError> {
        let mut stored = self.stored.borrow_mut();
        io::copy(&mut *stored, &mut io::sink())?;
        match self.size_at_open {
            Some(before) if before != stored.bytes => Err(ArtifactError::Changed {
                before,
                after: stored.bytes,
            }),
            _ => Ok(Digested {
                bytes: stored.bytes,
                sha256: lower::encode_string(&std::mem::take(&mut stored.hash).finalize()),
            }),
        }
    }
}

impl Read for Window {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        BufRead::consume(self, read);
        Ok(read)
    }
}

impl BufRead for Window {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.available().is_empty() {
            self.fill()?;
        }
        Ok(self.available())
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        Window::consume(self, count);
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

/// The bytes as stored, counted and hashed as they are read.
struct Stored {
    raw: Box<dyn Read>,
    bytes: u64,
    hash: Sha256,
}

impl Read for Stored {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(out)?;
        self.bytes += read as u64;
        self.hash.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// The decoders own one handle to the stored bytes, [`Window::finish`] the other.
struct Shared(Rc<RefCell<Stored>>);

impl Read for Shared {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(out)
    }
}

/// What gzip packed, with words for an end that is too early.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the packed file is cut off")
            }
            _ => error,
        })
    }
}

/// Undoes gzip and UTF-16, and drops a byte order mark.
fn text_of(raw: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let (magic, raw) = sniff::<2>(raw)?;
    let unpacked: Box<dyn Read> = match magic.as_slice() {
        [0x1f, 0x8b] => Box::new(Unpacked(MultiGzDecoder::new(raw))),
        _ => raw,
    };
    let (mark, text) = sniff::<3>(unpacked)?;
    Ok(match mark.as_slice() {
        [0xef, 0xbb, 0xbf] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Box::new(
            DecodeReaderBytesBuilder::new()
                .utf8_passthru(true)
                .strip_bom(true)
                .build(text),
        ),
        _ => text,
    })
}

/// The first bytes of a stream, and the stream with them still in front.
fn sniff<const N: usize>(mut stream: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut first = Vec::with_capacity(N);
    stream.by_ref().take(N as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Box::new(Cursor::new(first).chain(stream))))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn text(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Window::over(bytes)?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff)
            .chain(text.encode_utf16())
            .flat_map(bytes_of)
            .collect()
    }

    #[test]
    fn the_encodings_of_reports_are_read_as_utf8() {
        for bytes in [
            "[é]".as_bytes().to_vec(),
            "\u{feff}[é]".as_bytes().to_vec(),
            utf16("[é]", u16::to_le_bytes),
            utf16("[é]", u16::to_be_bytes),
            gzip("[é]".as_bytes()),
            gzip(&utf16("[é]", u16::to_le_bytes)),
            [gzip(b"["), gzip("é]".as_bytes())].concat(),
        ] {
            assert_eq!(text(&bytes).unwrap(), "[é]", "{bytes:02x?}");
        }
        assert_eq!(text(b"").unwrap(), "");
    }

    #[test]
    fn the_digest_is_that_of_the_stored_bytes_however_little_was_read() {
        let bytes = gzip(&vec![b' '; 1 << 20]);
        let mut window = Window::over(bytes.clone()).unwrap();
        assert!(window.fill().unwrap());
        let digested = window.finish().unwrap();
        assert_eq!(digested.bytes, bytes.len() as u64);
        assert_eq!(
            digested.sha256,
            lower::encode_string(&Sha256::digest(&bytes))
        );
    }

    #[test]
    fn a_cut_gzip_stream_is_an_error() {
        let bytes = gzip(b"[1, 2, 3]");
        for end in 2..bytes.len() {
            let error = text(&bytes[..end]).unwrap_err().to_string();
            assert_eq!(error, "the packed file is cut off", "{end} bytes");
        }
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 8 << 20]);
        let mut window = Window::new(Box::new(Cursor::new(bomb)), None, 1 << 20).unwrap();
        let error = io::copy(&mut window, &mut io::sink()).unwrap_err();
        assert!(
            error.to_string().contains("limit of 1048576 bytes"),
            "{error}"
        );
    }

    #[test]
    fn places_count_lines_and_bytes() {
        let place = Place::START.after(b"ab\ncd").after(b"e");
        assert_eq!(place.to_string(), "line 2, column 4 (byte 6)");
    }

    #[test]
    fn places_are_the_same_however_much_is_in_the_window() {
        let text = "é\nab\n\nc".repeat(2 * Window::CHUNK / 8);
        let mut window = Window::over(text.as_bytes()).unwrap();
        let mut place = Place::START;
        for length in [1, 7, 3000, Window::CHUNK - 5, 11, 2 * Window::CHUNK].repeat(2) {
            while window.available().len() < length && window.fill().unwrap() {}
            let at = usize::try_from(window.position()).unwrap();
            let length = length.min(text.len() - at);
            Window::consume(&mut window, length);
            assert_eq!(window.place_before(length), place);
            place = place.after(&text.as_bytes()[at..at + length]);
            assert_eq!(window.place(), place);
            assert_eq!(window.position(), place.byte);
        }
        assert_eq!(window.position(), text.len() as u64);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let whole = vec![b' '; 3 * Window::CHUNK];
        for (changed, after) in [
            // Shorter, longer, and shorter than what was read.
            (2 * Window::CHUNK, Some(2 * Window::CHUNK)),
            (4 * Window::CHUNK, Some(4 * Window::CHUNK)),
            (9, None),
        ] {
            fs_err::write(&path, &whole).unwrap();
            let mut window = open(&path, DEFAULT_MAX_SIZE).unwrap();
            while window.available().len() < Window::CHUNK {
                assert!(window.fill().unwrap());
            }
            fs_err::write(&path, vec![b' '; changed]).unwrap();
            match window.finish() {
                Err(ArtifactError::Changed { before, after: end }) => {
                    assert_eq!(before, whole.len() as u64);
                    assert!(after.is_none_or(|after| end == after as u64), "{end}");
                }
                other => panic!("{changed}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_replaced_is_read_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs_err::write(&path, "[1]").unwrap();
        let mut window = open(&path, DEFAULT_MAX_SIZE).unwrap();
        fs_err::write(folder.path().join("new"), "[2, 3]").unwrap();
        fs_err::rename(folder.path().join("new"), &path).unwrap();
        let mut text = String::new();
        window.read_to_string(&mut text).unwrap();
        assert_eq!(text, "[1]");
        assert_eq!(window.finish().unwrap().bytes, 3);
    }

    #[test]
    fn what_is_pinned_can_be_read_again() {
        let mut window = Window::over(*b"abc").unwrap();
        window.pin(2);
        assert!(window.fill().unwrap());
        Window::consume(&mut window, 2);
        assert_eq!(window.available(), b"c");
        assert!(is_too_far(&window.fill().unwrap_err()));
        window.rewind();
        assert!(!window.fill().unwrap());
        assert_eq!(
            (window.available(), window.place()),
            (&b"abc"[..], Place::START)
        );
    }

    #[test]
    fn what_is_not_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            open(folder.path(), 9),
            Err(ArtifactError::NotAFile)
        ));
        assert!(matches!(
            open(&folder.path().join("none"), 9),
            Err(ArtifactError::Missing)
        ));
        let path = folder.path().join("report.json");
        fs_err::write(&path, "0123456789").unwrap();
        assert!(matches!(open(&path, 9), Err(ArtifactError::TooLarge(9))));
        let window = open(&path, 10).unwrap();
        fs_err::write(&path, "012").unwrap();
        assert!(matches!(
            window.finish(),
            Err(ArtifactError::Changed {
                before: 10,
                after: 3
            })
        ));
    }
}
