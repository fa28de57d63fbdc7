//! A client of bare sockets: what it sends is what is written here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A request to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The whole value of `Authorization`.
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
    /// In place of the address.
    pub(crate) host: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// What came after `Content-Length` bytes.
    pub(crate) surplus: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

const BOUNDARY: &str = "----boundary-7f3a";

impl Request {
    pub(crate) fn get(target: &str, token: &str) -> Self {
        Self {
            method: "GET".into(),
            target: target.into(),
            authorization: Some(format!("Token {token}")),
            ..Self::default()
        }
    }

    /// A form with one file: its field, its name and its bytes.
    pub(crate) fn form(
        target: &str,
        token: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &str, &[u8])>,
    ) -> Self {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend(part.into_bytes());
        }
        if let Some((field, name, bytes)) = file {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; \
                 filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            body.extend(head.into_bytes());
            body.extend(bytes);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        Self {
            method: "POST".into(),
            target: target.into(),
            authorization: Some(format!("Token {token}")),
            content_type: Some(format!("multipart/form-data; boundary={BOUNDARY}")),
            body,
            chunked: false,
            host: None,
        }
    }

    /// Sends it over a connection of its own.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let host = self.host.clone().unwrap_or_else(|| to.to_string());
        let mut head = Vec::new();
        write!(head, "{} {} HTTP/1.1\r\n", self.method, self.target)?;
        write!(head, "Host: {host}\r\nConnection: close\r\n")?;
        if let Some(authorization) = &self.authorization {
            write!(head, "Authorization: {authorization}\r\n")?;
        }
        if let Some(content_type) = &self.content_type {
            write!(head, "Content-Type: {content_type}\r\n")?;
        }
        if self.chunked {
            head.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            stream.write_all(&head)?;
            for chunk in self.body.chunks(1000) {
                write!(stream, "{:x}\r\n", chunk.len())?;
                stream.write_all(chunk)?;
                stream.write_all(b"\r\n")?;
            }
            stream.write_all(b"0\r\n\r\n")?;
        } else {
            write!(head, "Content-Length: {}\r\n\r\n", self.body.len())?;
            stream.write_all(&head)?;
            stream.write_all(&self.body)?;
        }
        receive(&mut stream)
    }
}

fn receive(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut answer = Answer {
        status: status.unwrap_or(0),
        head,
        body: bytes.split_off(end + 4),
        surplus: Vec::new(),
    };
    let length = answer
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let length = length.unwrap_or(0);
    if answer.body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    answer.surplus = answer.body.split_off(length);
    Ok(answer)
}
