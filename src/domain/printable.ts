// A graph or a server may have written a text that a person reads in a terminal, a log or a web page.

/**
 * The text without what a terminal would obey, and with what an eye would not see: control characters, characters that turn
 * the direction of writing or have no width, and separators that only some programs take for the end of a line. Lines
 * stay lines.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t\p{Cn}\p{Co}]|[\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}

export function onOneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '))
}

/** Indents all lines but the first one, so that none of them can be taken for a line of ours. */
export function movedIn(text: string, by: string): string {
  return printable(text).replaceAll('\n', `\n${by}`)
}

/** One word of a shell's command, in quotes if a shell would not take it as it is. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${onOneLine(word).replaceAll("'", `'\\''`)}'`
}

/** Code within a line of markdown: nothing in it is markup or a link. */
export function codeSpan(text: string): string {
  const line = onOneLine(text)
  const fence = '`'.repeat(longestRun(line) + 1)
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** Code in lines of its own. */
export function codeBlock(text: string, language: string): string {
  const fence = '`'.repeat(Math.max(longestRun(text) + 1, 3))
  return `${fence}${language}\n${printable(text)}\n${fence}`
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
}
