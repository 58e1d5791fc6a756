const twoColumns =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6]/u
const noColumn = /[\p{Mn}\p{Me}]/u

/** How many columns of a terminal a text takes. */
export function width(text: string): number {
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

/** Cuts a text to so many columns, and marks the cut. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let [kept, taken] = ['', 1]
  for (const character of text) {
    taken += widthOf(character)
    if (taken > columns) break
    kept += character
  }
  return `${kept}…`
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

function widthOf(character: string): number {
  if (noColumn.test(character)) return 0
  return twoColumns.test(character) ? 2 : 1
}
