//! As much of HTTP/1.1 as a client of the API sees.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// Names as sent, in order.
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Reads one head; `None` where the connection ended before one.
    pub(crate) fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            // Byte by byte: nothing of the body may be taken away here.
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            bytes.push(byte[0]);
            if bytes.len() > 64 * 1024 {
                return Err(io::Error::other("a head without an end"));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Ok(Some(Self {
            method,
            target,
            headers,
        }))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path; also of a whole URL, as a proxy is asked for.
    pub(crate) fn path(&self) -> &str {
        let target = match self.target.strip_prefix("http://") {
            Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => &self.target,
        };
        target.split('?').next().unwrap_or_default()
    }

    /// The decoded query, in the order sent.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (decode(key), decode(value)))
            .collect()
    }

    pub(crate) fn content_length(&self) -> usize {
        self.header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0)
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// What became of a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Sent in chunks: read for the record, but the application sees nothing of
    /// it, as behind the shipped application servers.
    pub(crate) chunked: bool,
}

impl Body {
    pub(crate) fn read(stream: &mut TcpStream, head: &Head) -> io::Result<Self> {
        let expects = head.header("expect");
        if expects.is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue")) {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if head.is_chunked() {
            return Ok(Self {
                bytes: read_chunks(stream)?,
                chunked: true,
            });
        }
        let mut bytes = vec![0; head.content_length()];
        stream.read_exact(&mut bytes)?;
        Ok(Self {
            bytes,
            chunked: false,
        })
    }

    /// Reads all but the last byte for good: what is left unread makes the system
    /// answer the closing with a reset.
    pub(crate) fn read_to_reset(stream: &mut TcpStream, head: &Head) -> io::Result<Self> {
        let length = head.content_length();
        if length == 0 || head.is_chunked() {
            return Self::read(stream, head);
        }
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes[..length - 1])?;
        if stream.peek(&mut bytes[length - 1..])? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self {
            bytes,
            chunked: false,
        })
    }
}

fn read_chunks(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16)
            .map_err(io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk)?;
        chunk.truncate(size);
        bytes.append(&mut chunk);
        if size == 0 {
            return Ok(bytes);
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "\n\n<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n\
             <body><h1>{title}</h1></body>\n</html>\n"
        );
        Self {
            status,
            headers: vec![("Content-Type".into(), "text/html; charset=utf-8".into())],
            body: body.into_bytes(),
        }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self {
            status,
            headers: vec![
                ("Content-Type".into(), "text/html; charset=utf-8".into()),
                ("Location".into(), location.into()),
            ],
            body: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Head and body, as they go over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line = |text: String| bytes.extend((text + "\r\n").into_bytes());
        line(format!("HTTP/1.1 {} {}", self.status, reason(self.status)));
        for (name, value) in &self.headers {
            line(format!("{name}: {value}"));
        }
        line(format!("Content-Length: {}\r\n", self.body.len()));
        bytes.extend(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
