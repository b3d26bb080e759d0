"""What the site needs beside Markdown and theme: pages from other folders, links that leave docs/, our own copies, and no script in a page."""

import hashlib
import os
import pathlib
import re

from mkdocs.structure.files import File

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
# In the build of the image only what the documentation is made of is there.
IS_WHOLE = (ROOT / "README.md").exists()

# Pages that are kept elsewhere in the repository, by their place on the site.
ELSEWHERE = {"changelog.md": "CHANGELOG.md", "results.md": "bench/RESULTS.md"}
# Files that the site brings along, by their place on it.
COPIES = {
    "look/icon.svg": ROOT / "ui/web/design/icon.svg",
    "look/site.css": HERE / "look/site.css",
    "look/tables.js": HERE / "look/tables.js",
    "look/back.js": HERE / "look/back.js",
    "look/mermaid.js": HERE / "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
}
# What the theme has and this site has no use for: maps for who mends the theme, words of other languages, its own icon.
UNUSED = re.compile(r"\.map$|^assets/javascripts/lunr/|^assets/images/favicon\.png$")

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#:]*)(#[^)\s]*)?\)")
FENCED = re.compile(r"(^```.*?^```[ \t]*$)", re.MULTILINE | re.DOTALL)
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def on_config(config):
    config.nav = [entry for entry in map(there, config.nav) if entry]
    return config


def there(entry):
    """The entry without pages that nobody has written."""
    if isinstance(entry, str):
        return entry
    [(title, value)] = entry.items()
    if isinstance(value, list):
        value = [one for one in map(there, value) if one]
        return {title: value} if value else None
    if value.endswith("/"):
        # What a folder says of itself is before what is in it.
        pages = sorted((path.name for path in (ROOT / "docs" / value).glob("*.md")), key=lambda name: (name != "README.md", name))
        return {title: [f"{value}{page}" for page in pages]}
    return entry if value in ELSEWHERE or (ROOT / "docs" / value).is_file() else None


def on_files(files, config):
    for place, path in ELSEWHERE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for place, path in COPIES.items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_env(env, config, files):
    for file in list(files):
        if UNUSED.search(file.src_uri):
            files.remove(file)
    return env


def on_page_markdown(markdown, page, config, files):
    """Links are right where the file is; on the site some of their ends have moved, and some are not there."""
    source = ELSEWHERE.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = os.path.dirname(source)
    moved = {path: place for place, path in ELSEWHERE.items()}

    def link(match):
        mark, text, target, anchor = match.groups()
        if not target:
            return match.group(0)
        path = os.path.normpath(os.path.join(folder, target))
        if path in moved:
            place = moved[path]
        elif path == "README.md":
            place = "index.md"
        elif path.startswith("docs/"):
            place = path.removeprefix("docs/")
        elif not IS_WHOLE or (ROOT / path).exists():
            return text
        else:
            return match.group(0)
        if place == "decisions":
            place = "decisions/README.md"
        target = os.path.relpath(place, os.path.dirname(page.file.src_uri) or ".")
        return f"{mark}[{text}]({target}{anchor or ''})"

    parts = FENCED.split(markdown)
    return "".join(part if index % 2 else LINK.sub(link, part) for index, part in enumerate(parts))


def on_post_page(output, page, config):
    return without_inline_scripts(output, page.url, config)


def on_post_build(config):
    # It would have a date in it, and is for sites with one address.
    for name in ("sitemap.xml", "sitemap.xml.gz"):
        pathlib.Path(config.site_dir, name).unlink(missing_ok=True)


def on_post_template(output_content, template_name, config):
    if not template_name.endswith(".html"):
        return output_content
    # It is shown at any path.
    return without_inline_scripts(output_content, None, config)


def without_inline_scripts(html, url, config):
    """A policy that lets no text of a page run is worth more than the few requests that this costs, once."""
    base = "/" if url is None else "../" * url.count("/")

    def move(match):
        script = match.group(1)
        name = f"assets/page/{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
        file = pathlib.Path(config.site_dir, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        return f'<script src="{base}{name}"></script>'

    return INLINE_SCRIPT.sub(move, html)
