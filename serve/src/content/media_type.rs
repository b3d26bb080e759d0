//! What a name's extension says about what is in a file.

/// Content type, and whether it is text that gets smaller.
const TYPES: [(&str, &str, bool); 46] = [
    ("js", "text/javascript; charset=utf-8", true),
    ("mjs", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("map", "application/json", true),
    ("webmanifest", "application/manifest+json", true),
    // As text: a browser would not show any other type.
    ("ts", "text/plain; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("html", "text/html; charset=utf-8", true),
    ("htm", "text/html; charset=utf-8", true),
    ("txt", "text/plain; charset=utf-8", true),
    // The two halves of a shader, as sketches load them.
    ("frag", "text/plain; charset=utf-8", true),
    ("vert", "text/plain; charset=utf-8", true),
    ("md", "text/markdown; charset=utf-8", true),
    ("csv", "text/csv; charset=utf-8", true),
    ("tsv", "text/tab-separated-values; charset=utf-8", true),
    ("vtt", "text/vtt; charset=utf-8", true),
    ("xml", "application/xml", true),
    ("svg", "image/svg+xml", true),
    ("wasm", "application/wasm", true),
    ("bin", "application/octet-stream", false),
    ("png", "image/png", false),
    ("jpg", "image/jpeg", false),
    ("jpeg", "image/jpeg", false),
    ("gif", "image/gif", false),
    ("webp", "image/webp", false),
    ("avif", "image/avif", false),
    ("ico", "image/vnd.microsoft.icon", false),
    ("woff", "font/woff", false),
    ("woff2", "font/woff2", false),
    ("ttf", "font/ttf", true),
    ("otf", "font/otf", true),
    ("mp3", "audio/mpeg", false),
    ("m4a", "audio/mp4", false),
    ("aac", "audio/aac", false),
    ("flac", "audio/flac", false),
    ("wav", "audio/wav", false),
    ("ogg", "audio/ogg", false),
    ("opus", "audio/ogg", false),
    ("mp4", "video/mp4", false),
    ("m4v", "video/mp4", false),
    ("mov", "video/quicktime", false),
    ("webm", "video/webm", false),
    ("obj", "model/obj", true),
    ("glb", "model/gltf-binary", false),
    ("pdf", "application/pdf", false),
    ("zip", "application/zip", false),
];

/// What is known of a file by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType {
    /// For the header `Content-Type`.
    pub content_type: &'static str,
    /// Whether it is worth making smaller.
    pub compressible: bool,
}

impl MediaType {
    /// That of a file with this name, by what stands behind the last dot; bytes that nobody knows when that says nothing.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        let known = TYPES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(extension));
        known.map_or(Self { content_type: "application/octet-stream", compressible: false }, |known| Self {
            content_type: known.1,
            compressible: known.2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_extension() {
        let text = MediaType { content_type: "text/javascript; charset=utf-8", compressible: true };
        assert_eq!(MediaType::of("a.b.JS"), text);
        assert_eq!(MediaType::of("a.json").content_type, "application/json");
        assert_eq!(MediaType::of("a.d.ts").content_type, "text/plain; charset=utf-8");
        for unknown in ["a.bin", "noextension", "js", "a.", "", "a.exe"] {
            let bytes = MediaType { content_type: "application/octet-stream", compressible: false };
            assert_eq!(MediaType::of(unknown), bytes, "{unknown}");
        }
    }
}
