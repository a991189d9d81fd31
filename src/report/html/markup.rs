//! Markup that no foreign text can add to: what is written as it is stands in our own source, the rest is escaped.

use crate::report::neutral;

/// A page while it is written.
#[derive(Default)]
pub(super) struct Markup {
    page: String,
}

impl Markup {
    /// Adds markup of our own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.page.push_str(markup);
        self
    }

    /// Adds text, or the value of an attribute in double quotes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for letter in neutral::block(text).chars() {
            match letter {
                '&' => self.page.push_str("&amp;"),
                '<' => self.page.push_str("&lt;"),
                '>' => self.page.push_str("&gt;"),
                '"' => self.page.push_str("&quot;"),
                '\'' => self.page.push_str("&#39;"),
                letter => self.page.push(letter),
            }
        }
        self
    }

    /// Adds a number of our own making.
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        let rounded = format!("{number:.1}");
        self.page.push_str(rounded.strip_suffix(".0").unwrap_or(&rounded));
        self
    }

    /// Returns the page.
    pub(super) fn finish(self) -> String {
        self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut markup = Markup::default();
        markup.raw("<p title=\"").text("a\"b'c").raw("\">").text("<script>&\u{1b}\u{202e}\n").number(1.25).number(3.0);
        assert_eq!(
            markup.finish(),
            "<p title=\"a&quot;b&#39;c\">&lt;script&gt;&amp;\\u{1b}\\u{202e}\n1.23".replace("1.23", "1.2") + "3"
        );
    }
}
