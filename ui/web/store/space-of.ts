// Which space an address is about. Pure: it looks at no page.

/** The space that the address comes to, whether it was typed as one or stands in the path. */
export const spaceOf = (url: string): string => /^[a-z]+:\/\/[^/]*(?:\/[^?#]*)?\/spaces\/([a-z0-9-]{1,32})\/*(?:[?#]|$)/i.exec(url)?.[1] ?? "main";
