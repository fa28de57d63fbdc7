//! ZAP's texts: paragraphs of HTML, or lines.

/// `html` as lines of plain text. ZAP puts paragraphs around lines and escapes
/// nothing, so a tag that formats no text is text: `use the <iframe> element`.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (replacement, after) = tag(after).unwrap_or(("<", after));
        text.push_str(replacement);
        rest = after;
    }
    text.push_str(rest);
    let lines: Vec<_> = text
        .lines()
        .map(|line| decode(line.trim()))
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// What a tag stands for in plain text, and what follows it.
fn tag(text: &str) -> Option<(&'static str, &str)> {
    let (tag, after) = split_near(text, b'>')?;
    let name = tag.trim_matches('/').split_ascii_whitespace().next()?;
    match name.to_ascii_lowercase().as_str() {
        "p" | "br" | "div" | "li" | "ul" | "ol" | "pre" | "hr" => Some(("\n", after)),
        "a" | "b" | "i" | "u" | "em" | "strong" | "code" | "tt" | "span" => Some(("", after)),
        _ => None,
    }
}

/// Splits at `end` if it is close, so that a text full of beginnings is read in
/// one pass.
fn split_near(text: &str, end: u8) -> Option<(&str, &str)> {
    const CLOSE: usize = 300;
    let bytes = text.as_bytes();
    let at = memchr::memchr(end, bytes.get(..CLOSE).unwrap_or(bytes))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Decodes entities once; what is none stays.
fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let (character, after) = split_near(after, b';')
            .and_then(|(name, after)| Some((entity(name)?, after)))
            .unwrap_or(('&', after));
        decoded.push(character);
        rest = after;
    }
    decoded + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|character| !character.is_control())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_lines() {
        for (html, text) in [
            ("<p>one</p><p>two</p>", "one\ntwo"),
            ("<p></p>", ""),
            ("one\r\n two \n\nthree", "one\ntwo\nthree"),
            ("a<br/>b<BR>c<b>d</b> <a href='x'>e</a>", "a\nb\ncd e"),
            (
                "use <iframe> or <script src=x>",
                "use <iframe> or <script src=x>",
            ),
            ("1 < 2 > 0, <", "1 < 2 > 0, <"),
            ("&lt;p&gt; &amp;lt; &#39;&#x41;&quot;", "<p> &lt; 'A\""),
            (
                "a & b &nope; &#0; &#xD800; &",
                "a & b &nope; &#0; &#xD800; &",
            ),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }

    #[test]
    fn a_text_of_nothing_but_beginnings_takes_no_longer() {
        for beginning in ["<", "&", "<p"] {
            let html = beginning.repeat(1_000_000);
            assert_eq!(plain(&html), html);
        }
    }
}
