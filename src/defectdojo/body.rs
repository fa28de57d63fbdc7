//! The body of an upload: a `multipart/form-data` of known length, in which one
//! file is streamed.
//!
//! DefectDojo sees no fields in a body that is sent in chunks, so the length is
//! computed beforehand, and the file has to keep it. The file goes first and the
//! fields after it: whatever cuts the body short, what arrived lacks fields that
//! DefectDojo asks for, and cannot be taken for a whole upload.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fs_err::File;
use sha2::{Digest, Sha256};

/// A file to send, as it was when it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called there. DefectDojo goes by its extension.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// Why a file cannot be sent, or was not sent to the end.
#[derive(Debug, thiserror::Error)]
pub(super) enum PayloadError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("`{}` has changed: it had {planned} bytes and has {found}", .path.display())]
    Size {
        path: PathBuf,
        planned: u64,
        found: u64,
    },
    #[error("`{}` has changed: its SHA-256 is no longer {planned}", .path.display())]
    Digest { path: PathBuf, planned: String },
}

/// The body, read from beginning to end once.
pub(super) struct Body<'a> {
    payload: &'a Payload,
    head: io::Cursor<Vec<u8>>,
    file: File,
    /// Bytes of the file that are still to be sent.
    left: u64,
    /// The digest of those that were; gone when it was compared.
    digest: Option<Sha256>,
    tail: io::Cursor<Vec<u8>>,
    boundary: String,
    sent: u64,
    progress: &'a mut dyn FnMut(u64),
    error: Option<PayloadError>,
}

impl<'a> Body<'a> {
    /// Opens the file, which must have the size that was planned. `fields` follow
    /// it in their order. `progress` is told how many bytes have been sent.
    pub(super) fn open<'f>(
        payload: &'a Payload,
        fields: impl Iterator<Item = (&'f str, &'f str)> + Clone,
        progress: &'a mut dyn FnMut(u64),
    ) -> Result<Self, PayloadError> {
        // Opening a pipe would wait for its writer.
        if !fs_err::metadata(&payload.path)?.is_file() {
            return Err(PayloadError::NotAFile(payload.path.clone()));
        }
        let file = File::open(&payload.path)?;
        let found = file.metadata()?.len();
        if found != payload.bytes {
            return Err(payload.size_error(found));
        }
        let boundary = boundary(payload, fields.clone());
        let name = escape(&payload.name);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let part = |(name, value)| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let parts: Vec<String> = fields.map(part).collect();
        let tail = format!("\r\n{}--{boundary}--\r\n", parts.concat());
        Ok(Self {
            payload,
            head: io::Cursor::new(head.into_bytes()),
            file,
            left: payload.bytes,
            digest: Some(Sha256::new()),
            tail: io::Cursor::new(tail.into_bytes()),
            boundary,
            sent: 0,
            progress,
            error: None,
        })
    }

    /// Bytes from beginning to end.
    pub(super) fn len(&self) -> u64 {
        let around = self.head.get_ref().len() + self.tail.get_ref().len();
        self.payload.bytes + around as u64
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Whether any of it was handed on.
    pub(super) fn has_left(&self) -> bool {
        self.sent > 0
    }

    /// Why it was not handed on to its end, when that is the file's fault.
    pub(super) fn take_error(&mut self) -> Option<PayloadError> {
        self.error.take()
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, PayloadError> {
        let read = self.head.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        if let Some(digest) = &mut self.digest {
            if self.left > 0 {
                let read = (&mut self.file).take(self.left).read(buffer)?;
                if read == 0 {
                    return Err(self.payload.size_error(self.payload.bytes - self.left));
                }
                self.left -= read as u64;
                digest.update(buffer.get(..read).unwrap_or_default());
                return Ok(read);
            }
            // The file must be over, and the one that was planned, before the
            // fields make an upload of it.
            if self.file.read(&mut [0])? > 0 {
                let found = self.file.metadata()?.len();
                return Err(self.payload.size_error(found));
            }
            let found = digest.clone().finalize();
            if base16ct::lower::encode_string(&found) != self.payload.sha256 {
                return Err(PayloadError::Digest {
                    path: self.payload.path.clone(),
                    planned: self.payload.sha256.clone(),
                });
            }
            self.digest = None;
        }
        Ok(self.tail.read(buffer)?)
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.next(buffer) {
            Ok(read) => {
                self.sent += read as u64;
                (self.progress)(self.sent);
                Ok(read)
            }
            Err(error) => {
                let text = error.to_string();
                self.error = Some(error);
                Err(io::Error::other(text))
            }
        }
    }
}

impl Payload {
    fn size_error(&self, found: u64) -> PayloadError {
        PayloadError::Size {
            path: self.path.clone(),
            planned: self.bytes,
            found,
        }
    }
}

/// A line that occurs in no part: nobody can write a file that holds 128 bits of a
/// digest that its own digest is part of.
fn boundary<'f>(payload: &Payload, fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    let mut digest = Sha256::new();
    digest.update(&payload.sha256);
    for (name, value) in fields {
        for text in [name, value] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
    }
    let digest = base16ct::lower::encode_string(&digest.finalize());
    format!("security-gate-{}", digest.get(..32).unwrap_or(&digest))
}

/// A file name between quotes, as RFC 7578 (section 4.2) and browsers write it.
fn escape(name: &str) -> String {
    let name = Path::new(name).file_name().unwrap_or_default();
    let mut escaped = String::new();
    for character in name.to_string_lossy().chars() {
        match character {
            '"' => escaped.push_str("%22"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(text: &[u8]) -> (tempfile::TempDir, Payload) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs_err::write(&path, text).unwrap();
        let payload = Payload {
            path,
            name: "a/b \"c\"\r\nü.json".to_owned(),
            bytes: text.len() as u64,
            sha256: base16ct::lower::encode_string(&Sha256::digest(text)),
        };
        (folder, payload)
    }

    const FIELDS: [(&str, &str); 2] = [("product_name", "p\r\n--x"), ("scan_type", "Trivy Scan")];

    #[test]
    fn a_body_has_the_file_then_the_fields_and_its_length_is_known() {
        let (_folder, payload) = planned(b"{\"results\": []}");
        let mut told = 0;
        let mut progress = |sent| told = sent;
        let mut body = Body::open(&payload, FIELDS.into_iter(), &mut progress).unwrap();
        let (len, boundary) = (body.len(), body.boundary.clone());
        assert!(!body.has_left());
        let mut text = String::new();
        body.read_to_string(&mut text).unwrap();
        assert!(body.has_left());
        assert_eq!((len, len), (text.len() as u64, told));
        assert_eq!(
            text,
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b %22c%22%0D%0Aü.json\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n{{\"results\": []}}\r\n\
                 --{boundary}\r\nContent-Disposition: form-data; name=\"product_name\"\r\n\r\np\r\n--x\r\n\
                 --{boundary}\r\nContent-Disposition: form-data; name=\"scan_type\"\r\n\r\nTrivy Scan\r\n\
                 --{boundary}--\r\n"
            )
        );
    }

    #[test]
    fn the_boundary_depends_on_every_part() {
        let (_folder, payload) = planned(b"{}");
        let of = |fields: [(&'static str, &'static str); 2]| boundary(&payload, fields.into_iter());
        let plain = of(FIELDS);
        assert_eq!(plain, of(FIELDS));
        assert_ne!(plain, of([("product_namep", "\r\n--x"), FIELDS[1]]));
        let (_folder, other) = planned(b"[]");
        assert_ne!(plain, boundary(&other, FIELDS.into_iter()));
    }

    #[test]
    fn a_file_that_is_not_the_planned_one_is_not_begun() {
        let (folder, mut payload) = planned(b"{}");
        payload.bytes = 3;
        let error = |payload: &Payload| {
            let mut progress = |_| ();
            let body = Body::open(payload, FIELDS.into_iter(), &mut progress);
            body.map(|_| ()).unwrap_err()
        };
        assert!(matches!(
            error(&payload),
            PayloadError::Size { found: 2, .. }
        ));
        payload.path = folder.path().to_owned();
        assert!(matches!(error(&payload), PayloadError::NotAFile(_)));
        payload.path = folder.path().join("none");
        assert!(matches!(error(&payload), PayloadError::Io(_)));
    }

    #[test]
    fn a_file_that_changes_while_it_is_sent_never_becomes_a_whole_body() {
        let (_folder, payload) = planned(&[b'x'; 1000]);
        let changes: [(&[u8], &str); 4] = [
            (&[b'x'; 999], "it had 1000 bytes and has 999"),
            (&[b'x'; 1001], "it had 1000 bytes and has 1001"),
            (&[b'y'; 1000], "its SHA-256 is no longer"),
            (b"", "it had 1000 bytes and has"),
        ];
        for (text, expected) in changes {
            fs_err::write(&payload.path, [b'x'; 1000]).unwrap();
            let mut progress = |_| ();
            let mut body = Body::open(&payload, FIELDS.into_iter(), &mut progress).unwrap();
            let mut begun = [0; 300];
            body.read_exact(&mut begun).unwrap();
            fs_err::write(&payload.path, text).unwrap();
            let mut rest = Vec::new();
            body.read_to_end(&mut rest).unwrap_err();
            let error = body.take_error().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            let sent = [&begun[..], &rest].concat();
            assert!(!String::from_utf8_lossy(&sent).contains("scan_type"));
        }
    }
}
