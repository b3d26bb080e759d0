//! A README for a card: its title, its first paragraph, and all of it as HTML that does nothing. What is HTML in it is shown as text, links
//! lead to the web or into the app, and pictures are the app's own.

use super::AppName;
use pulldown_cmark::{Alignment, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};
use reqwest::Url;

/// Letters of a title, and of a description.
const MAX_TITLE: usize = 100;
const MAX_DESCRIPTION: usize = 400;
/// Where relative links are resolved. No such host can be.
const BASE: &str = "http://app.invalid";

/// What a README says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Readme {
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) html: String,
}

impl Readme {
    pub(super) fn parse(text: &str, app: &AppName) -> Self {
        let events: Vec<Event<'_>> =
            Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect();
        let title = first(&events, |tag| matches!(tag, Tag::Heading { .. }));
        let description = first(&events, |tag| matches!(tag, Tag::Paragraph)).unwrap_or_default();
        let mut html = String::new();
        html::push_html(&mut html, harmless(events, app).into_iter());
        Self { title: title.map(|title| cut(title, MAX_TITLE)), description: cut(description, MAX_DESCRIPTION), html }
    }
}

/// The text of the first block of a kind that has any.
fn first(events: &[Event<'_>], is_kind: impl Fn(&Tag<'_>) -> bool) -> Option<String> {
    let mut starts = events.iter().enumerate().filter(|(_, event)| matches!(event, Event::Start(tag) if is_kind(tag)));
    starts.find_map(|(at, event)| {
        let Event::Start(tag) = event else { return None };
        let end = tag.to_end();
        let mut text = String::new();
        for event in events.iter().skip(at + 1) {
            match event {
                Event::End(tag) if *tag == end => break,
                Event::Text(piece) | Event::Code(piece) => text.push_str(piece),
                Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

fn cut(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// The same without what could do anything.
fn harmless<'a>(events: Vec<Event<'a>>, app: &AppName) -> Vec<Event<'a>> {
    // Whether the links and pictures that are open are kept.
    let mut open = Vec::new();
    let mut kept = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => kept.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => kept.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => kept.push(Event::End(TagEnd::Paragraph)),
            // Alignment would be written as a style, which no page of ours allows.
            Event::Start(Tag::Table(columns)) => {
                kept.push(Event::Start(Tag::Table(vec![Alignment::None; columns.len()])));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = target(&dest_url, link_type, app);
                open.push(target.is_some());
                if let Some((dest_url, _)) = target {
                    // As a plain link: an address in angle brackets would be written out by the renderer once more.
                    let link_type = LinkType::Inline;
                    kept.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            // One from elsewhere would tell somebody who looks at our dashboard: what it shows stays, as text.
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let target = target(&dest_url, link_type, app).filter(|(_, place)| *place == Place::App);
                open.push(target.is_some());
                if let Some((dest_url, _)) = target {
                    kept.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if open.pop().unwrap_or_default() {
                    kept.push(event);
                }
            }
            event => kept.push(event),
        }
    }
    kept
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A file on this host.
    App,
    Web,
}

/// Where a link leads, read as a browser would read it; `None` when it must lead nowhere.
fn target(link: &str, link_type: LinkType, app: &AppName) -> Option<(CowStr<'static>, Place)> {
    if link_type == LinkType::Email {
        return None;
    }
    let base = Url::parse(&format!("{BASE}/apps/{app}/")).ok()?;
    let url = base.join(link).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let text = url.as_str();
    Some(match text.strip_prefix(BASE).filter(|path| path.starts_with('/')) {
        Some(path) => (path.to_owned().into(), Place::App),
        None => (text.to_owned().into(), Place::Web),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readme(text: &str) -> Readme {
        Readme::parse(text, &AppName::parse("my-app").unwrap())
    }

    #[test]
    fn the_first_heading_and_the_first_paragraph_are_for_the_card() {
        let found = readme("![logo](a.png)\n\nBefore *it*\nall.\n\n# The `Title`\n\nMore.\n");
        assert_eq!(found.title.as_deref(), Some("The Title"));
        assert_eq!(found.description, "logo");
        assert_eq!(readme("# T\n\nTwo\nlines with [a link](x) & more.").description, "Two lines with a link & more.");
        let empty = readme("");
        assert_eq!((empty.title, empty.description, empty.html), (None, String::new(), String::new()));
        let long = readme(&format!("# {0}\n\n{0}", "ä ".repeat(1000)));
        assert_eq!(long.title.unwrap().chars().count(), MAX_TITLE);
        assert_eq!(long.description.chars().count(), MAX_DESCRIPTION);
    }

    #[test]
    fn html_in_it_is_text() {
        let html =
            readme("<script>alert(1)</script>\n\nA <b onclick=x>bold</b> word <!-- and -->.\n\n<svg/onload=x>").html;
        assert!(
            !html.contains("<script") && !html.contains("<b ") && !html.contains("<svg") && !html.contains("<!--"),
            "{html}"
        );
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&lt;b onclick=x&gt;bold"),
            "{html}"
        );
        let quoted = readme("[a](x \"t\\\" onmouseover=\\\"y\") `<i>` ![\"><script>](x.png)").html;
        assert!(
            !quoted.contains("<i>") && !quoted.contains("<script") && !quoted.contains("\" onmouseover"),
            "{quoted}"
        );
    }

    #[test]
    fn links_lead_into_the_app_or_to_the_web() {
        for (link, href) in [
            ("manual.html", "/apps/my-app/manual.html"),
            ("docs/a b.md", "/apps/my-app/docs/a%20b.md"),
            ("#part", "/apps/my-app/#part"),
            ("/js/p5.min.js", "/js/p5.min.js"),
            ("../other/", "/apps/other/"),
            ("../../../../x", "/x"),
            ("https://p5js.org/", "https://p5js.org/"),
            ("HTTP://a.example", "http://a.example/"),
            ("//a.example/x", "http://a.example/x"),
            ("/\\a.example/x", "http://a.example/x"),
        ] {
            let html = readme(&format!("[a](<{link}>)")).html;
            assert_eq!(html, format!("<p><a href=\"{href}\">a</a></p>\n"), "{link}");
        }
        assert_eq!(
            readme("<https://a.example/>").html,
            "<p><a href=\"https://a.example/\">https://a.example/</a></p>\n"
        );
    }

    #[test]
    fn what_else_a_link_could_be_is_its_text() {
        for link in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java&#x09;script:alert(1)",
            "java&Tab;script:alert(1)",
            "&#1;javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:http://a/b",
            "mailto:a@b.example",
            "tel:1",
        ] {
            assert_eq!(readme(&format!("[a](<{link}>)")).html, "<p>a</p>\n", "{link}");
        }
        assert_eq!(readme("<javascript:alert(1)>").html, "<p>javascript:alert(1)</p>\n");
        assert_eq!(readme("<me@a.example>").html, "<p>me@a.example</p>\n");
        assert_eq!(readme("[a]\n\n[a]: javascript:x").html, "<p>a</p>\n");
    }

    #[test]
    fn tables_have_no_style() {
        let html = readme("| a | b |\n| :- | -: |\n| 1 | 2 |\n").html;
        assert!(html.contains("<td>1</td><td>2</td>") && !html.contains("style"), "{html}");
    }

    #[test]
    fn pictures_are_the_apps_own() {
        assert_eq!(readme("![it](shot.png)").html, "<p><img src=\"/apps/my-app/shot.png\" alt=\"it\" /></p>\n");
        for elsewhere in ["https://a.example/x.png", "//a.example/x.png", "data:image/png;base64,AA", "javascript:x"] {
            assert_eq!(readme(&format!("![it]({elsewhere})")).html, "<p>it</p>\n", "{elsewhere}");
        }
        let both = readme("[![it](https://a.example/x.png)](https://a.example/)").html;
        assert_eq!(both, "<p><a href=\"https://a.example/\">it</a></p>\n");
    }
}
