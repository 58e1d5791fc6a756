/** The text with no line longer than this, broken between words if it can be, and indented as its line was. */
export function wrapped(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => linesOf(line, columns))
    .join('\n')
}

function linesOf(line: string, columns: number): string[] {
  const [indent = ''] = /^ *(?:- )?/.exec(line) ?? []
  const below = ' '.repeat(Math.min(indent.length, columns >> 1))
  const lines: string[] = []
  let rest = line
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns)
    const end = space > below.length ? space : wholeBefore(rest, columns)
    lines.push(rest.slice(0, end))
    rest = below + rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

/** Not within a character of two units. */
function wholeBefore(text: string, columns: number): number {
  const code = text.charCodeAt(columns - 1)
  return code >= 0xd8_00 && code < 0xdc_00 ? columns - 1 : columns
}
