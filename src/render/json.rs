//! JSON that people can look through: what stands at the top is spread out, and each
//! entry of a list there, such as a finding, has a line of its own.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes a value, and the end of its last line.
///
/// # Errors
///
/// When the output does not take it.
pub fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    /// It comes in pieces of a few bytes.
    const CAPACITY: usize = 64 << 10;
    let mut out = BufWriter::with_capacity(CAPACITY, out);
    let mut serializer = Serializer::with_formatter(&mut out, Lines::default());
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Spreads out the outermost object and what stands in it, and nothing further in.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Whether the current list or object has an entry.
    has_entry: bool,
}

impl Lines {
    #[inline]
    fn is_spread(&self) -> bool {
        const SPREAD: usize = 2;
        self.depth <= SPREAD
    }

    fn break_line(&self, out: &mut (impl ?Sized + Write)) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }

    fn open(&mut self, out: &mut (impl ?Sized + Write), mark: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_entry = false;
        out.write_all(mark)
    }

    #[inline]
    fn next(&mut self, out: &mut (impl ?Sized + Write), first: bool) -> io::Result<()> {
        self.has_entry = true;
        if !first {
            out.write_all(b",")?;
        }
        match self.is_spread() {
            true => self.break_line(out),
            false => Ok(()),
        }
    }

    fn close(&mut self, out: &mut (impl ?Sized + Write), mark: &[u8]) -> io::Result<()> {
        let is_spread = self.is_spread() && self.has_entry;
        self.depth -= 1;
        // What is closed is an entry itself.
        self.has_entry = true;
        if is_spread {
            self.break_line(out)?;
        }
        out.write_all(mark)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    #[inline]
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    #[inline]
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    #[inline]
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(match self.is_spread() {
            true => b": ",
            false => b":",
        })
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &serde_json::Value) -> String {
        let mut out = Vec::new();
        write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_entry_of_a_list_has_a_line() {
        let value = json!({
            "a": {"b": {"c": [1, {}]}, "d": []},
            "e": [{"f": 1, "g": [2, 3]}, {}, "\n"],
            "h": [],
            "i": {},
        });
        let expected = r#"{
  "a": {
    "b": {"c":[1,{}]},
    "d": []
  },
  "e": [
    {"f":1,"g":[2,3]},
    {},
    "\n"
  ],
  "h": [],
  "i": {}
}
"#;
        assert_eq!(written(&value), expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [json!(null), json!([]), json!({}), json!([[[[[1], []]]]])] {
            let text = written(&value);
            assert!(text.ends_with('\n'), "{text}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&text).unwrap(),
                value
            );
        }
    }

    #[test]
    fn an_output_that_takes_nothing_is_an_error() {
        struct Full;

        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let error = write(&json!({"a": 1}), &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
